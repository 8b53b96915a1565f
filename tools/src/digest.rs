//! Short digests: names for content that are the same wherever it is the same.

use sha2::{Digest, Sha256};

/// The first 8 bytes of the SHA-256 of `content`, as 16 hexadecimal digits.
pub(crate) fn short(content: impl AsRef<[u8]>) -> String {
    hex::encode(&Sha256::digest(content)[..8])
}

/// Reads a short digest; none if `text` has not the form of one.
pub(crate) fn read(text: &str) -> Option<String> {
    let is_digest = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| text.to_owned())
}
