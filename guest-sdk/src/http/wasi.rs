//! Requests by `wasi:http`.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use wasip2::io::streams::StreamError;

use super::{Answer, Request};
use crate::Failure;

/// How much is read, and written, at once.
const CHUNK: usize = 64 * 1024;

pub(super) fn send(request: &Request) -> Result<Answer, Failure> {
    let (scheme, authority, path) = request.parts()?;
    let headers = Fields::new();
    for (name, value) in &request.headers {
        headers
            .append(name, value.as_bytes())
            .map_err(|why| Failure::validation(format!("the header `{name}` cannot be sent: {why}")))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let set = outgoing
        .set_method(&method(&request.method))
        .and_then(|()| outgoing.set_scheme(Some(&self::scheme(scheme))))
        .and_then(|()| outgoing.set_authority(Some(authority)))
        .and_then(|()| outgoing.set_path_with_query(Some(&path)));
    set.map_err(|()| Failure::validation(format!("`{} {}` is no request", request.method, request.url)))?;
    let body = match &request.body {
        None => None,
        Some(bytes) => Some((outgoing.body().map_err(|()| broken())?, bytes)),
    };
    let coming = handle(outgoing, None).map_err(|code| failure(&code, request))?;
    if let Some((body, bytes)) = body {
        write(body, bytes).map_err(|code| failure(&code, request))?;
    }
    coming.subscribe().block();
    let answer = coming.get().ok_or_else(broken)?.map_err(|()| broken())?.map_err(|code| failure(&code, request))?;
    read(&answer).map_err(|why| Failure::network(format!("the answer to {} ends early: {why}", asked(request))))
}

fn method(text: &str) -> Method {
    match text {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn scheme(text: &str) -> Scheme {
    match text.to_ascii_lowercase().as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => Scheme::Other(other.to_owned()),
    }
}

fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), ErrorCode> {
    let wrong = |_| ErrorCode::ConnectionTerminated;
    let stream = body.write().map_err(wrong)?;
    for chunk in bytes.chunks(4096) {
        // What the host does not take is said by the answer, which tells why.
        if stream.blocking_write_and_flush(chunk).is_err() {
            return Ok(());
        }
    }
    drop(stream);
    OutgoingBody::finish(body, None)
}

/// Reads an answer to its end. The error is a clause in the host's words.
fn read(answer: &IncomingResponse) -> Result<Answer, String> {
    let status = answer.status();
    let headers = answer.headers().entries().into_iter();
    let headers = headers.map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned())).collect();
    let read_before = |()| "it was read before".to_owned();
    let body = answer.consume().map_err(read_before)?;
    let stream = body.stream().map_err(read_before)?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(CHUNK as u64) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
    drop(stream);
    drop(IncomingBody::finish(body));
    Ok(Answer::new(status, headers, bytes))
}

/// The request without its query.
fn asked(request: &Request) -> String {
    format!("`{} {}`", request.method, request.url.split(['?', '#']).next().unwrap_or_default())
}

fn broken() -> Failure {
    Failure::network("the other side broke off")
}

/// What went wrong, for the model: what the operator would have to write is for the operator.
fn failure(code: &ErrorCode, request: &Request) -> Failure {
    let what = asked(request);
    match code {
        ErrorCode::HttpRequestDenied => Failure::permission_denied(format!("{what} is not granted to this tool")),
        ErrorCode::DestinationIpProhibited => {
            Failure::permission_denied(format!("{what} leads to an address that this tool may not reach"))
        }
        ErrorCode::ConnectionLimitReached => {
            Failure::permission_denied("nothing more may be sent: this call, or its run, has sent as much as it may")
        }
        ErrorCode::HttpRequestUriTooLong => Failure::validation("the URL is too long"),
        ErrorCode::HttpRequestUriInvalid => Failure::validation(format!("{what} is no URL that can be asked")),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            Failure::network(format!("the host of {what} has no address"))
        }
        ErrorCode::ConnectionRefused => Failure::network(format!("nobody answers at the host of {what}")),
        ErrorCode::TlsCertificateError => {
            Failure::network(format!("the host of {what} does not prove that it is who it says")).final_answer()
        }
        ErrorCode::HttpRequestBodySize(_) => Failure::validation(format!("{what} cannot have a body")),
        ErrorCode::ConnectionTimeout | ErrorCode::HttpResponseTimeout | ErrorCode::ConnectionReadTimeout => {
            Failure::timeout(format!("{what} took too long"))
        }
        other => Failure::network(format!("{what} failed: {other}")),
    }
}
