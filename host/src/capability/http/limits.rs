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
    /// Bytes of a method or scheme; of a host; of a path, whatever a grant says: the host keeps them for each request.
    pub const WORD_BYTES: usize = 32;
    /// Bytes of a host with its port.
    pub const HOST_BYTES: usize = 512;
    /// Bytes of a URL that no grant can go beyond.
    pub const TEXT_BYTES: usize = 64 << 10;
    /// Bytes that a guest writes to a body at once: the host keeps two of them for each.
    pub const CHUNK_BYTES: usize = 16 << 10;
    /// Bytes of the headers of one request or answer.
    pub const FIELD_BYTES: usize = 32 << 10;
}
