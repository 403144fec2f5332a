//! How much of the web one call may use.

/// The network limits of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// Bytes of a URL.
    pub url_bytes: usize,
    /// Bytes of bodies that come in, decoded, all requests of the call together; and of those that go out.
    pub body_bytes: u64,
}

impl HttpLimits {
    /// The shipped limits.
    pub const SHIPPED: Self = Self { url_bytes: 8 << 10, body_bytes: 4 << 20 };
    /// Requests.
    pub const REQUESTS: u64 = 8;
    /// Bytes of the headers of one request or answer.
    pub const FIELD_BYTES: usize = 32 << 10;
}
