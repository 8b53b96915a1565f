//! Slack's request signature, checked on the raw bytes before anything is parsed.
//!
//! `v0=` + hex(HMAC-SHA256(signing secret, `v0:{timestamp}:{body}`)); a timestamp more than five minutes away is refused.
//! (Slack, "Verifying requests from Slack".)

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tools::model::minutes;

/// How far a request's timestamp may be from now: Slack's own replay window.
const WINDOW: SignedDuration = minutes(5);

/// The header that carries the signature.
pub const SIGNATURE: &str = "x-slack-signature";
/// The header that carries the time it was made.
pub const TIMESTAMP: &str = "x-slack-request-timestamp";

/// Why a request is not from Slack. Nothing here repeats what a right signature would have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A header is missing or no number.
    #[error("the request carries no readable `{TIMESTAMP}` and `{SIGNATURE}`")]
    Malformed,
    /// The timestamp is too far from now.
    #[error("the request was signed more than five minutes away from now; check the clock of this machine")]
    Stale,
    /// The signature is of another body or another secret.
    #[error("the signature does not fit the request; check the signing secret")]
    Signature,
}

/// A request body that Slack signed. Only [`verify`] makes one.
#[derive(Debug)]
pub struct Verified<'a>(&'a [u8]);

impl<'a> Verified<'a> {
    /// The bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// Checks that Slack signed `body` not long ago.
pub fn verify<'a>(
    secret: &SecretString,
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: &'a [u8],
    now: Timestamp,
) -> Result<Verified<'a>, Refused> {
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else { return Err(Refused::Malformed) };
    let signed_at: i64 = timestamp.parse().map_err(|_| Refused::Malformed)?;
    let signed_at = Timestamp::from_second(signed_at).map_err(|_| Refused::Stale)?;
    // Whole seconds, as Slack counts them.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    if now.duration_since(signed_at).abs() > WINDOW {
        return Err(Refused::Stale);
    }
    let expected =
        signature.strip_prefix("v0=").and_then(|digits| hex::decode(digits).ok()).ok_or(Refused::Signature)?;
    mac(secret, timestamp, body).verify_slice(&expected).map_err(|_| Refused::Signature)?;
    Ok(Verified(body))
}

/// Signs a body as Slack does; the local workspace needs it.
pub fn sign(secret: &SecretString, at: Timestamp, body: &[u8]) -> String {
    let digest = mac(secret, &at.as_second().to_string(), body).finalize();
    format!("v0={}", hex::encode(digest.into_bytes()))
}

fn mac(secret: &SecretString, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes keys of any length");
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Slack's published example and eleven more, accepted and refused.
    const VECTORS: &str = include_str!("../../../tests/samples/slack/signing_vectors.json");

    #[test]
    fn every_vector_is_judged_as_expected() {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        assert_eq!(vectors.len(), 12);
        for vector in vectors {
            let text = |key: &str| vector[key].as_str().unwrap();
            let judged = verify(
                &SecretString::from(text("secret")),
                Some(text("timestamp")),
                Some(text("signature")),
                text("raw_body").as_bytes(),
                Timestamp::from_second(vector["now"].as_i64().unwrap()).unwrap(),
            );
            let judged = match judged {
                Ok(_) => "accept",
                Err(Refused::Stale) => "reject_stale",
                Err(Refused::Signature) => "reject_signature",
                Err(Refused::Malformed) => "reject_malformed",
            };
            assert_eq!(judged, text("expect"), "{}", text("name"));
        }
    }

    #[test]
    fn headers_may_be_missing() {
        let secret = SecretString::from("s");
        assert_eq!(verify(&secret, None, Some("v0="), b"", Timestamp::UNIX_EPOCH).err(), Some(Refused::Malformed));
        assert_eq!(verify(&secret, Some("0"), None, b"", Timestamp::UNIX_EPOCH).err(), Some(Refused::Malformed));
    }
}
