//! What of the web a call reaches: patterns that need, grant and rules have in common, each with its addresses.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;

use super::address::AddressPolicy;
use super::allowance::EgressAllowance;
use crate::capability::BoundSecret;
use crate::origin::Origin;
use crate::permission::{HttpPattern, HttpTarget};
use crate::secret::Leaks;

/// Requests that a line grants, or what is left of them for a call.
#[derive(Clone, Debug)]
pub struct AllowedHttp {
    /// Which.
    pub pattern: HttpPattern,
    /// Where they may go.
    pub addresses: AddressPolicy,
    /// The address that the line names in place of a host. What a tool, a rule or an argument names is none.
    pub named: Option<IpAddr>,
    /// The line that grants them.
    pub origin: Origin,
}

/// All requests that a call may send. The default is none.
#[derive(Clone, Debug, Default)]
pub struct HttpReach {
    allowed: Vec<AllowedHttp>,
    /// What was granted and rules took away, to tell one from the other.
    cut: Vec<HttpPattern>,
    /// What the host adds to requests.
    secrets: Vec<BoundSecret>,
    /// What is taken out of answers.
    leaks: Leaks,
    /// What the run may still send.
    allowance: Arc<EgressAllowance>,
}

/// Requests and the secrets that go with them, as a resume compares them: names and places, never a value.
pub fn meaning<'a>(
    allowed: impl IntoIterator<Item = &'a AllowedHttp>,
    secrets: impl IntoIterator<Item = &'a BoundSecret>,
) -> String {
    let requests: Vec<_> =
        allowed.into_iter().map(|given| (given.pattern.to_string(), &given.addresses, given.named)).collect();
    let secrets: Vec<_> = secrets
        .into_iter()
        .map(|given| (&given.name, given.to.to_string(), given.header.as_str(), &given.form))
        .collect();
    format!("{requests:?} {secrets:?}")
}

/// Why a request is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nothing that is granted is about it.
    NotGranted,
    /// It is granted, and a rule or a hook leaves this call less.
    Cut,
    /// A method that is no request to a server but one to whatever stands before it.
    Method,
}

impl HttpReach {
    /// Adds requests.
    pub fn push(&mut self, allowed: AllowedHttp) {
        self.allowed.push(allowed);
    }

    /// Notes what was granted and is not left.
    pub fn note_cut(&mut self, pattern: HttpPattern) {
        self.cut.push(pattern);
    }

    /// Adds a secret.
    pub fn push_secret(&mut self, secret: BoundSecret) {
        self.secrets.push(secret);
    }

    /// Takes these out of every answer.
    pub fn keep_out(&mut self, leaks: Leaks) {
        self.leaks = leaks;
    }

    /// What is taken out of answers.
    pub fn leaks(&self) -> &Leaks {
        &self.leaks
    }

    /// Takes what it sends off this.
    pub fn draw_from(&mut self, allowance: Arc<EgressAllowance>) {
        self.allowance = allowance;
    }

    /// What the run may still send.
    pub fn allowance(&self) -> &Arc<EgressAllowance> {
        &self.allowance
    }

    /// The names of the secrets.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.secrets.iter().map(|secret| secret.name.as_str())
    }

    /// What it comes to, as [`meaning`] says it.
    pub fn meaning(&self) -> String {
        meaning(&self.allowed, &self.secrets)
    }

    /// Takes away the secrets that are not wanted.
    pub fn keep_secrets(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.secrets.retain(|secret| is_kept(&secret.name));
    }

    /// Takes away the secrets whose origin no request goes to.
    pub fn drop_idle_secrets(&mut self) {
        let reaches = |secret: &BoundSecret| {
            let there = secret.to.pattern();
            self.allowed.iter().any(|allowed| allowed.pattern.intersect(&there).is_some())
        };
        self.secrets.retain(reaches);
    }

    /// Puts the secrets of its origin on a request; whether there were any.
    pub fn put_secrets(&self, target: &HttpTarget, headers: &mut HeaderMap) -> bool {
        self.secrets.iter().fold(false, |any, secret| secret.put_on(target, headers) | any)
    }

    /// The parts.
    pub fn iter(&self) -> impl Iterator<Item = &AllowedHttp> {
        self.allowed.iter()
    }

    /// Where some request to an address may go, whatever its method; none where none may.
    pub fn addresses_of(&self, target: &HttpTarget) -> Option<AddressPolicy> {
        self.addresses_where(|pattern| pattern.is_about(target))
    }

    /// By which methods an address may be asked; none where by all of them.
    pub fn methods_to(&self, target: &HttpTarget) -> Option<BTreeSet<&str>> {
        let about = self.allowed.iter().filter(|allowed| allowed.pattern.is_about(target));
        let methods: Option<Vec<&[String]>> = about.map(|allowed| allowed.pattern.methods()).collect();
        Some(methods?.into_iter().flatten().map(String::as_str).collect())
    }

    fn addresses_where(&self, is_about: impl Fn(&HttpPattern) -> bool) -> Option<AddressPolicy> {
        let about = self.allowed.iter().filter(|allowed| is_about(&allowed.pattern));
        about.map(AllowedHttp::all_addresses).reduce(|all, other| all.or(&other))
    }

    /// Where a request may go: to the addresses of all that is about it.
    pub fn permit(&self, target: &HttpTarget) -> Result<AddressPolicy, Refused> {
        if matches!(target.method(), "CONNECT" | "TRACE") {
            return Err(Refused::Method);
        }
        self.addresses_where(|pattern| pattern.matches(target)).ok_or_else(|| {
            let is_cut = self.cut.iter().any(|pattern| pattern.matches(target));
            if is_cut { Refused::Cut } else { Refused::NotGranted }
        })
    }
}

impl AllowedHttp {
    /// What a line of the operator's grants: a pattern that names an address in place of a host says where it goes.
    pub fn granted(pattern: HttpPattern, addresses: AddressPolicy, origin: Origin) -> Self {
        Self { named: pattern.address(), pattern, addresses, origin }
    }

    /// The same for requests that are fewer.
    pub fn cut_to(&self, pattern: HttpPattern) -> Self {
        Self { pattern, ..self.clone() }
    }

    /// Whether its requests are to an address that may not be dialled.
    pub fn is_barred(&self) -> bool {
        self.pattern.address().is_some_and(|address| !self.all_addresses().permits(address))
    }

    fn all_addresses(&self) -> AddressPolicy {
        let policy = self.addresses.clone();
        match self.named {
            Some(address) => policy.with_address(address),
            None => policy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(parts: &[(&str, &[&str])]) -> HttpReach {
        let part = |(pattern, networks): &(&str, &[&str])| {
            let network = |all: AddressPolicy, network: &&str| all.with_network(network).expect("is a network");
            let networks = networks.iter().fold(AddressPolicy::default(), network);
            AllowedHttp::granted(HttpPattern::parse(pattern).expect("is a pattern"), networks, Origin::Program)
        };
        HttpReach { allowed: parts.iter().map(part).collect(), ..HttpReach::default() }
    }

    fn permit(reach: &HttpReach, request: &str, address: &str) -> Option<bool> {
        let (method, url) = request.split_once(' ').expect("has a method");
        let target = HttpTarget::parse(method, url).expect("is a URL");
        reach.permit(&target).ok().map(|policy| policy.permits(address.parse().expect("is an address")))
    }

    #[test]
    fn a_network_is_for_the_requests_that_it_is_granted_with() {
        let reach = reach(&[("GET https://*/**", &[]), ("POST https://db.example/q", &["10.20.0.0/16"])]);
        assert_eq!(permit(&reach, "POST https://db.example/q", "10.20.0.1"), Some(true));
        assert_eq!(permit(&reach, "GET https://db.example/q", "10.20.0.1"), Some(false));
        assert_eq!(permit(&reach, "GET https://db.example/q", "1.1.1.1"), Some(true));
        assert_eq!(permit(&reach, "POST https://db.example/x", "1.1.1.1"), None);
        assert_eq!(permit(&reach, "CONNECT https://db.example/q", "1.1.1.1"), None);
    }

    #[test]
    fn an_address_in_place_of_a_host_is_named_by_it() {
        let reach = reach(&[("GET http://127.0.0.1:8080/**", &[]), ("GET http://*:8080/**", &[])]);
        assert_eq!(permit(&reach, "GET http://127.0.0.1:8080/", "127.0.0.1"), Some(true));
        assert_eq!(permit(&reach, "GET http://127.0.0.2:8080/", "127.0.0.2"), Some(false));
        assert_eq!(permit(&reach, "GET http://localhost:8080/", "127.0.0.1"), Some(false));
    }

    #[test]
    fn an_address_that_only_a_cut_names_is_named_by_nobody() {
        let mut reach = reach(&[("GET http://*:8080/**", &[])]);
        let cut = HttpPattern::parse("GET http://127.0.0.1:8080/a").expect("is a pattern");
        let cut = reach.allowed[0].cut_to(cut);
        assert!(cut.is_barred() && !reach.allowed[0].is_barred());
        reach.allowed = vec![cut];
        assert_eq!(permit(&reach, "GET http://127.0.0.1:8080/a", "127.0.0.1"), Some(false));
        // What is granted stays granted, however much of it is left.
        let named = HttpPattern::parse("GET http://127.0.0.1:8080/**").expect("is a pattern");
        let named = AllowedHttp::granted(named, AddressPolicy::default(), Origin::Program);
        reach.allowed = vec![named.cut_to(HttpPattern::parse("GET http://127.0.0.1:8080/a").expect("is a pattern"))];
        assert_eq!(permit(&reach, "GET http://127.0.0.1:8080/a", "127.0.0.1"), Some(true));
    }
}
