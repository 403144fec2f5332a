//! The one client through which requests of guests leave, on the runtime of who sends them.
//!
//! A name is resolved once, every answer is checked, and a checked one is dialled. No proxy, no redirect, no
//! cookie: what goes out is what was permitted. Connections are kept apart by address policy, so that one that a
//! grant opened serves nobody without it.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Body, Client, Method, Request};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::sync::Semaphore;

use super::address::AddressPolicy;
use crate::error::{Error, Result};
use crate::permission::HttpTarget;

/// How long a connection may take, its lookup included.
const CONNECT: Duration = Duration::from_secs(10);

/// Names that are resolved at once for one thread.
const LOOKUPS: usize = 4;

thread_local! {
    /// Places of this thread: one that was given to a guest which computes is missed by nobody else.
    static PLACES: Arc<Semaphore> = Arc::new(Semaphore::new(LOOKUPS));
}

/// Idle connections that are kept for one server.
const IDLE: usize = 4;

/// Resolves names.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All addresses of a name.
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The resolver of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        // Held until the resolver comes back, which nobody can stop: a slow one costs so many threads and no more.
        let place = PLACES.with(Arc::clone).acquire_owned().await.map_err(std::io::Error::other)?;
        let name = name.to_owned();
        let found = tokio::task::spawn_blocking(move || {
            let _place = place;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect())
        });
        found.await.map_err(std::io::Error::other)?
    }
}

/// Sends requests that were permitted. Nothing is there before the first of them.
///
/// Its connections live on the runtime on which they were made: one of these for each of them.
pub struct Egress {
    common: Arc<Common>,
    clients: Mutex<Clients>,
}

type Clients = BTreeMap<(AddressPolicy, Packing), Client>;

/// What becomes of an answer that comes packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Packing {
    /// It is unpacked, once.
    Unpack,
    /// It stays as it is, and says that it is packed.
    Leave,
}

/// What those of all runtimes share.
struct Common {
    lookup: Arc<dyn Lookup>,
    /// Whom to believe, which is read from many files, and the sessions that servers take up again.
    tls: OnceLock<ClientConfig>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EgressFault {
    /// The host has an address that may not be dialled.
    Address(IpAddr),
    /// The name has no address.
    Lookup,
    /// Nobody answers there.
    Connect,
    /// The other side does not prove that it is who it was taken for.
    Certificate,
    /// It took too long.
    Timeout,
    /// The other side broke off, or does not speak HTTP.
    Broken,
}

impl Default for Egress {
    fn default() -> Self {
        Self::new(Arc::new(SystemLookup))
    }
}

impl Egress {
    /// How long a connection is kept for the next request.
    pub const KEEP: Duration = Duration::from_secs(15);

    /// With a resolver.
    pub fn new(lookup: Arc<dyn Lookup>) -> Self {
        Self::of(Arc::new(Common { lookup, tls: OnceLock::new() }))
    }

    fn of(common: Arc<Common>) -> Self {
        Self { common, clients: Mutex::default() }
    }

    /// Another one, for another runtime.
    pub fn beside(&self) -> Self {
        Self::of(Arc::clone(&self.common))
    }

    /// A request to one of these addresses, which leaves once the answer is waited for. Dropping it takes it back.
    ///
    /// # Errors
    /// No client can be had, or the request has no form.
    pub fn send(
        &self,
        addresses: &AddressPolicy,
        packing: Packing,
        target: &HttpTarget,
        headers: HeaderMap,
        body: Option<Body>,
    ) -> Result<impl Future<Output = std::result::Result<http::Response<Body>, EgressFault>> + Send + use<>> {
        let method = Method::from_bytes(target.method().as_bytes())
            .map_err(|_| Error::failed(format!("`{}` is no method", target.method())))?;
        let mut request = Request::new(method, target.url().clone());
        *request.headers_mut() = headers;
        *request.body_mut() = body;
        let client = match target.address().filter(|address| !addresses.permits(*address)) {
            Some(address) => Err(EgressFault::Address(address)),
            None => Ok(self.client(addresses, packing)?),
        };
        Ok(async move {
            let client = client?;
            // The guest may have computed for long: what a server said meanwhile, such as that it hangs up, is heard
            // before a kept connection is used.
            tokio::task::yield_now().await;
            client.execute(request).await.map(http::Response::from).map_err(|error| fault(&error))
        })
    }

    /// Whether there may be connections, which somebody has to look after.
    pub fn is_connected(&self) -> bool {
        !self.clients().is_empty()
    }

    /// Closes the connections that nobody uses.
    pub fn hang_up(&self) {
        self.clients().clear();
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn client(&self, addresses: &AddressPolicy, packing: Packing) -> Result<Client> {
        let mut clients = self.clients();
        let kind = (addresses.clone(), packing);
        if let Some(client) = clients.get(&kind) {
            return Ok(client.clone());
        }
        let unpacks = packing == Packing::Unpack;
        let fault =
            |error: &dyn Display| Error::failed(format!("the client of guests' requests cannot be made: {error}"));
        let resolver = Checked { lookup: Arc::clone(&self.common.lookup), addresses: addresses.clone() };
        let client = Client::builder()
            .tls_backend_preconfigured(self.common.tls().map_err(|error| fault(&error))?)
            .gzip(unpacks)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .dns_resolver(resolver)
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Self::KEEP)
            .pool_max_idle_per_host(IDLE)
            .retry(reqwest::retry::never())
            .user_agent(concat!("looplet-host/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| fault(&error))?;
        clients.insert(kind, client.clone());
        Ok(client)
    }
}

impl Common {
    /// As the client would make it for itself, each time.
    fn tls(&self) -> std::result::Result<ClientConfig, rustls::Error> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let mut tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}

/// Gives the addresses of a name if all of them may be dialled.
struct Checked {
    lookup: Arc<dyn Lookup>,
    addresses: AddressPolicy,
}

/// A name has this address, which may not be dialled.
#[derive(Debug, thiserror::Error)]
#[error("the address {0} may not be dialled")]
struct AddressRefused(IpAddr);

/// A name has no address.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
struct NoAddress;

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, addresses) = (Arc::clone(&self.lookup), self.addresses.clone());
        Box::pin(async move {
            let found = lookup.addresses(name.as_str()).await.map_err(|_| NoAddress)?;
            if found.is_empty() {
                return Err(NoAddress.into());
            }
            if let Some(refused) = found.iter().find(|address| !addresses.permits(**address)) {
                return Err(AddressRefused(*refused).into());
            }
            // The port is that of the request.
            Ok(Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

fn fault(error: &reqwest::Error) -> EgressFault {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(AddressRefused(address)) = cause.downcast_ref() {
            return EgressFault::Address(*address);
        }
        if cause.is::<NoAddress>() {
            return EgressFault::Lookup;
        }
        // The library below names no type for it.
        if cause.to_string().contains("certificate") {
            return EgressFault::Certificate;
        }
        source = cause.source();
    }
    match error {
        error if error.is_timeout() => EgressFault::Timeout,
        error if error.is_connect() => EgressFault::Connect,
        _ => EgressFault::Broken,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers each question with the next list, and the last one again.
    struct Fake {
        answers: Vec<Vec<&'static str>>,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl Lookup for Fake {
        async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed).min(self.answers.len() - 1);
            Ok(self.answers[asked].iter().map(|address| address.parse().expect("is an address")).collect())
        }
    }

    fn egress(answers: &[&[&'static str]]) -> (Egress, Arc<Fake>) {
        let answers = answers.iter().map(|addresses| addresses.to_vec()).collect();
        let fake = Arc::new(Fake { answers, asked: AtomicUsize::new(0) });
        (Egress::new(Arc::clone(&fake) as Arc<dyn Lookup>), fake)
    }

    /// A server that says hello, and counts.
    fn server() -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let port = listener.local_addr().expect("is bound").port();
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                counted.fetch_add(1, Ordering::Relaxed);
                std::thread::spawn(move || {
                    let mut bytes = [0; 4096];
                    while stream.read(&mut bytes).is_ok_and(|read| read > 0) {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
                    }
                });
            }
        });
        (port, connections)
    }

    async fn send(egress: &Egress, policy: &AddressPolicy, url: &str) -> std::result::Result<u16, EgressFault> {
        let target = HttpTarget::parse("GET", url).expect("is a URL");
        let sent = egress.send(policy, Packing::Unpack, &target, HeaderMap::new(), None).expect("begins");
        sent.await.map(|answer| answer.status().as_u16())
    }

    fn loopback() -> AddressPolicy {
        AddressPolicy::default().with_network("127.0.0.0/8").expect("is a network")
    }

    #[tokio::test]
    async fn a_name_is_resolved_once_and_what_was_checked_is_dialled() {
        let (port, _) = server();
        // A name that would be another machine a moment later.
        let (egress, fake) = egress(&[&["127.0.0.1"], &["169.254.169.254"]]);
        assert_eq!(send(&egress, &loopback(), &format!("http://a.test:{port}/")).await, Ok(200));
        assert_eq!(fake.asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn one_address_that_is_not_public_spoils_all() {
        let (port, connections) = server();
        for answers in [&["1.1.1.1", "127.0.0.1"][..], &["127.0.0.1"], &["2606:4700::1111", "::ffff:10.0.0.1"]] {
            let (egress, _) = egress(&[answers]);
            let refused = send(&egress, &AddressPolicy::default(), &format!("http://a.test:{port}/")).await;
            assert!(matches!(refused, Err(EgressFault::Address(_))), "{answers:?}: {refused:?}");
        }
        assert_eq!(connections.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn an_address_in_place_of_a_name_meets_no_resolver_and_is_checked_all_the_same() {
        let (port, _) = server();
        let (egress, fake) = egress(&[&["127.0.0.1"]]);
        let url = format!("http://127.0.0.1:{port}/");
        let address = EgressFault::Address("127.0.0.1".parse().expect("is an address"));
        assert_eq!(send(&egress, &AddressPolicy::default(), &url).await, Err(address));
        assert_eq!(send(&egress, &loopback(), &url).await, Ok(200));
        assert_eq!(fake.asked.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_connection_is_kept_for_the_same_policy_alone() {
        let (port, connections) = server();
        let (egress, fake) = egress(&[&["127.0.0.1"]]);
        let url = format!("http://a.test:{port}/");
        assert_eq!(send(&egress, &loopback(), &url).await, Ok(200));
        assert_eq!(send(&egress, &loopback().with_private(), &url).await, Ok(200));
        assert_eq!(connections.load(Ordering::Relaxed), 2);
        assert_eq!(fake.asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_connection_that_the_server_closed_while_a_guest_computed_is_not_used() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let url = format!("http://{}/", listener.local_addr().expect("is bound"));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                // One answer a connection, without a word that it is the last.
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            }
        });
        let egress = Egress::default();
        for _ in 0..5 {
            assert_eq!(send(&egress, &loopback(), &url).await, Ok(200));
            // As a guest does: the runtime stands still.
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[tokio::test]
    async fn a_name_without_an_address_and_a_port_without_a_server_are_told_apart() {
        let (egress, _) = egress(&[&[], &["127.0.0.1"]]);
        assert_eq!(send(&egress, &loopback(), "http://a.test:9/").await, Err(EgressFault::Lookup));
        assert_eq!(send(&egress, &loopback(), "http://a.test:9/").await, Err(EgressFault::Connect));
    }
}
