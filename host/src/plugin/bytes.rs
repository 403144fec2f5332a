//! The bytes of a component, with their digest: hashed once, never copied.

use bytes::Bytes;

use crate::digest::Digest;

/// The bytes of a component and their digest. Cheap to clone; equal when the digests are.
///
/// ```
/// use looplet_host::digest::Digest;
/// use looplet_host::plugin::ComponentBytes;
///
/// let component = ComponentBytes::from(vec![0, b'a', b's', b'm']);
/// assert_eq!(component.digest(), Digest::of(b"\0asm"));
/// ```
#[derive(Clone, Debug)]
pub struct ComponentBytes {
    bytes: Bytes,
    digest: Digest,
}

impl ComponentBytes {
    /// Bytes whose digest was taken when they were built in.
    pub(crate) fn known(bytes: &'static [u8], digest: Digest) -> Self {
        Self { bytes: Bytes::from_static(bytes), digest }
    }

    /// The component.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Its digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

impl PartialEq for ComponentBytes {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for ComponentBytes {}

impl From<Bytes> for ComponentBytes {
    fn from(bytes: Bytes) -> Self {
        let digest = Digest::of(&bytes);
        Self { bytes, digest }
    }
}

impl From<Vec<u8>> for ComponentBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&'static [u8]> for ComponentBytes {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}
