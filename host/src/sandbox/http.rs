//! `wasi:http` as a call sees it: each request is held against what the call reaches, then sent by the host.
//!
//! The implementation below the bindings is ours: the one of the library has no say in what leaves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::{
    Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks,
};

use super::http_body::{Arriving, Count, leaving, note_secrets};
use crate::capability::http::{
    Egress, EgressFault, HttpLimits, HttpReach, HttpTarget, HttpUsage, Packing, Refused, is_own, is_telling, take_out,
};
use crate::refusal::{Refusal, RefusalLog, RefusalReason};
use crate::secret::Leaks;

/// The part behind `wasi:http`.
pub(super) struct HttpDesk {
    ctx: WasiHttpCtx,
    gateway: Gateway,
}

impl HttpDesk {
    /// What one call may send.
    pub(super) fn new(reach: HttpReach, limits: HttpLimits, egress: Arc<Egress>, refusals: Arc<RefusalLog>) -> Self {
        let mut ctx = WasiHttpCtx::new();
        ctx.set_field_size_limit(HttpLimits::FIELD_BYTES);
        Self { ctx, gateway: Gateway { reach, limits, egress, refusals, usage: Arc::default() } }
    }

    pub(super) fn usage(&self) -> &HttpUsage {
        &self.gateway.usage
    }

    pub(super) fn view<'a>(&'a mut self, table: &'a mut ResourceTable) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView { hooks: &mut self.gateway, table, ctx: &mut self.ctx }
    }
}

/// Where each request passes.
struct Gateway {
    reach: HttpReach,
    limits: HttpLimits,
    egress: Arc<Egress>,
    refusals: Arc<RefusalLog>,
    usage: Arc<HttpUsage>,
}

/// Before the bodies of the call are dropped: the desk stands before them in the state of a call.
impl Drop for Gateway {
    fn drop(&mut self) {
        self.usage.end();
    }
}

type Sending<T> = Box<dyn Future<Output = Result<T, Error>> + Send>;

impl WasiHttpHooks for Gateway {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        let is_own = is_own(name);
        if is_own && is_telling(name) {
            self.refuse("header", name.as_str(), RefusalReason::NotGranted, None);
        }
        is_own
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(is_own)
    }

    fn is_supported_scheme(&mut self, scheme: &Scheme) -> bool {
        let is_http = *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS;
        if !is_http {
            self.refuse("scheme", scheme.as_str(), RefusalReason::NotGranted, None);
        }
        is_http
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        HttpLimits::CHUNK_BYTES
    }

    fn set_host_header(&mut self) -> bool {
        // The client writes the one that it dials.
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Sending<()>,
    ) -> Sending<(Response<WasiBody>, Sending<()>)> {
        let sending = self.send(request, options.unwrap_or_default());
        Box::new(async move {
            let answer = match sending {
                Ok(sending) => sending.await?,
                Err(error) => return Err(error),
            };
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Sending<()>))
        })
    }
}

impl Gateway {
    fn refuse(&self, operation: &str, target: impl Into<String>, reason: RefusalReason, would_allow: Option<String>) {
        self.refusals.note(Refusal { would_allow, ..Refusal::new("http", operation, target, reason) });
    }

    fn count(&self) -> Count {
        Count {
            usage: Arc::clone(&self.usage),
            allowance: Arc::clone(self.reach.allowance()),
            refusals: Arc::clone(&self.refusals),
            most: self.limits.body_bytes,
        }
    }

    /// Checks a request, and begins to send it.
    fn send(
        &mut self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<impl Future<Output = Result<Response<WasiBody>, Error>> + Send + use<>, Error> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        if url.len() > HttpLimits::TEXT_BYTES {
            let what = format!("a URL of {} bytes", url.len());
            self.refuse(parts.method.as_str(), what, RefusalReason::Limit, None);
            return Err(Error::HttpRequestUriTooLong);
        }
        let target = HttpTarget::parse(parts.method.as_str(), &url).map_err(|why| {
            self.refuse("send", why, RefusalReason::NotGranted, None);
            Error::HttpRequestUriInvalid
        })?;
        let length = target.url().as_str().len();
        if length > self.limits.url_bytes {
            self.refuse(target.method(), format!("a URL of {length} bytes"), RefusalReason::Limit, None);
            return Err(Error::HttpRequestUriTooLong);
        }
        let addresses = self.reach.permit(&target).map_err(|refused| {
            let line = (refused == Refused::NotGranted).then(|| format!("http = [\"{}\"]", target.pattern()));
            let reason = if refused == Refused::Cut { RefusalReason::OutsideReach } else { RefusalReason::NotGranted };
            self.refuse(target.method(), target.place(), reason, line);
            Error::HttpRequestDenied
        })?;
        if !self.usage.take_request(HttpLimits::REQUESTS) {
            self.refuse(target.method(), target.place(), RefusalReason::Limit, None);
            return Err(Error::ConnectionLimitReached);
        }
        let body = Some(body).filter(|body| !body.is_end_stream());
        // Who may only look has nothing to send. Whether what was opened stays empty shows once the guest closes it.
        let (opened, body) = if target.only_looks() { (body, None) } else { (None, body) };
        let body = body.map(|body| leaving(body, self.count()));
        let mut headers = without_own(&parts.headers);
        if !self.count().carry((target.method().len() + length + size(&headers)) as u64) {
            return Err(Error::ConnectionLimitReached);
        }
        let is_secret = self.reach.put_secrets(&target, &mut headers);
        if is_secret {
            // What is packed or cut could not be looked through.
            for name in ["accept-encoding", "range", "if-range"] {
                take_out(&mut headers, name);
            }
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        let packing = if is_secret { Packing::Leave } else { Packing::Unpack };
        let sent = self.egress.send(&addresses, packing, &target, headers, body);
        let sent = sent.map_err(|error| Error::InternalError(Some(error.message().to_owned())))?;
        let (count, pause) = (self.count(), options.between_bytes_timeout);
        let (leaks, refusals) = (self.reach.leaks().clone(), Arc::clone(&self.refusals));
        let patience = options.first_byte_timeout.unwrap_or(Duration::MAX);
        Ok(async move {
            let coming = tokio::time::timeout(patience, async {
                if let Some(opened) = opened
                    && !is_empty(opened).await
                {
                    return Err(None);
                }
                sent.await.map_err(Some)
            });
            let came = tokio::select! {
                biased;
                // A hook that does not wait for its answer has sent nothing.
                () = count.usage.until_over() => return Err(Error::ConnectionTerminated),
                came = coming => came,
            };
            let mut answer = match came {
                Err(_) => return Err(Error::HttpResponseTimeout),
                Ok(Err(None)) => {
                    refusals.note(Refusal::new("http", target.method(), "a body", RefusalReason::NotGranted));
                    return Err(Error::HttpRequestBodySize(Some(0)));
                }
                Ok(Err(Some(fault))) => return Err(to_error(&fault, &target, &refusals)),
                Ok(Ok(answer)) => answer,
            };
            if is_secret && (is_packed(answer.headers()) || answer.status() == StatusCode::PARTIAL_CONTENT) {
                refusals.note(Refusal::new("secret", "receive", target.place(), RefusalReason::Packed));
                return Err(Error::HttpResponseContentCoding(None));
            }
            // What only a guest would name is no word of a server.
            *answer.headers_mut() = without_own(answer.headers());
            let fields = size(answer.headers());
            if fields > HttpLimits::FIELD_BYTES {
                let target = format!("headers of {fields} bytes");
                refusals.note(Refusal::new("http", "receive", target, RefusalReason::Limit));
                return Err(Error::HttpResponseHeaderSectionSize(None));
            }
            let place = target.place();
            note_secrets(&refusals, &place, mask_headers(answer.headers_mut(), &leaks));
            Ok(answer.map(|body| Arriving::new(body, count, pause, leaks.watch(), place).boxed_unsync()))
        })
    }
}

/// Whether nothing comes, and nothing goes wrong.
async fn is_empty(mut body: WasiBody) -> bool {
    while let Some(frame) = body.frame().await {
        if !frame.is_ok_and(|frame| frame.data_ref().is_some_and(bytes::Bytes::is_empty)) {
            return false;
        }
    }
    true
}

/// Bytes of names and values.
fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// A second look, behind the bindings.
fn without_own(headers: &HeaderMap) -> HeaderMap {
    let mut left = HeaderMap::new();
    for (name, value) in headers {
        if !is_own(name) {
            left.append(name.clone(), value.clone());
        }
    }
    left
}

/// Puts `*` in the place of secrets, and gives their names. Where one is the name of a header, none of them is left.
pub(super) fn mask_headers(headers: &mut HeaderMap, leaks: &Leaks) -> BTreeSet<String> {
    if leaks.is_empty() {
        return BTreeSet::new();
    }
    let names = headers.keys().flat_map(|name| leaks.names_in(name.as_str().as_bytes()));
    let mut found: BTreeSet<String> = names.map(str::to_owned).collect();
    if !found.is_empty() {
        headers.clear();
    }
    for value in headers.values_mut().filter(|value| leaks.hits(value.as_bytes())) {
        let mut bytes = value.as_bytes().to_vec();
        found.extend(leaks.mask(&mut bytes).into_iter().map(str::to_owned));
        *value = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static("*"));
    }
    found
}

/// Whether an answer is still packed.
fn is_packed(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    let mut transfers = headers.get_all(header::TRANSFER_ENCODING).iter().map(HeaderValue::as_bytes);
    let is_plain = |coding: &[u8], plain: &[u8]| coding.eq_ignore_ascii_case(plain);
    codings.into_iter().any(|coding| !is_plain(coding, b"identity"))
        || transfers.any(|coding| !is_plain(coding, b"chunked"))
}

fn to_error(fault: &EgressFault, target: &HttpTarget, refusals: &RefusalLog) -> Error {
    match fault {
        EgressFault::Address(address) => {
            let place = format!("{} at {address}", target.place());
            refusals.note(Refusal {
                would_allow: Some(format!("addresses = [\"{address}\"]")),
                ..Refusal::new("http", target.method(), place, RefusalReason::PrivateAddress)
            });
            Error::DestinationIpProhibited
        }
        EgressFault::Lookup => Error::DnsError { rcode: None, info_code: None },
        EgressFault::Connect => Error::ConnectionRefused,
        EgressFault::Certificate => Error::TlsCertificateError,
        EgressFault::Timeout => Error::ConnectionTimeout,
        EgressFault::Broken => Error::ConnectionTerminated,
    }
}
