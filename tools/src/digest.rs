//! Short digests: names for content that are the same wherever it is the same.

use sha2::{Digest, Sha256};

/// The first 8 bytes of the SHA-256 of `content`, as 16 hexadecimal digits.
pub(crate) fn short(content: impl AsRef<[u8]>) -> String {
    hex::encode(&Sha256::digest(content)[..8])
}
