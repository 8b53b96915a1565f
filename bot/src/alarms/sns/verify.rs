//! Whether an envelope is from SNS: it is signed with a certificate that only Amazon's own host gives out.

use crate::alarms::{region, when};
use axum::body::Bytes;
use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RsaParameters, UnparsedPublicKey,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// What is older is refused: whoever recorded it must not be able to tell it again later.
const OLDEST: SignedDuration = SignedDuration::from_hours(1);
/// Amazon's clock may be ahead of ours by this much.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// How long a certificate or a confirmation may take. SNS waits for 15 seconds in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// A certificate has about two kilobytes.
const LARGEST: usize = 64 * 1024;
/// Each region has one certificate at a time.
const MOST_KNOWN: usize = 64;
/// A certificate is asked for again after a day: one that was withdrawn is gone from its address.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// What SNS posts to an HTTPS subscription.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Envelope {
    /// What it is.
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// Its id; the same in all retries.
    pub message_id: String,
    /// By which topic it comes.
    pub topic_arn: String,
    /// What the notification is called, if it is.
    pub subject: Option<String>,
    /// What it says.
    pub message: String,
    /// When it was sent.
    pub timestamp: String,
    /// Proves a confirmation.
    #[serde(default)]
    pub token: String,
    /// Where a subscription is confirmed.
    #[serde(default, rename = "SubscribeURL", alias = "SubscribeUrl")]
    pub subscribe_url: String,
    /// Which hash is signed.
    pub signature_version: String,
    /// The signature, in Base64.
    pub signature: String,
    /// Where the certificate is.
    #[serde(rename = "SigningCertURL", alias = "SigningCertUrl")]
    pub signing_cert_url: String,
}

/// What an envelope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// It carries a message.
    Notification,
    /// Somebody subscribed us, and SNS asks whether we want that.
    SubscriptionConfirmation,
    /// Our subscription ended.
    UnsubscribeConfirmation,
}

/// Why an envelope is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It could be a recording.
    #[error("the message of SNS was not sent within the last hour: `{0}`")]
    Stale(String),
    /// The certificate is not where Amazon's are.
    #[error("the signing certificate is not at an address of SNS")]
    Certificate,
    /// A confirmation would lead elsewhere.
    #[error("the subscription is not confirmed at an address of SNS for this topic")]
    Confirmation,
    /// Nobody knows how to check it.
    #[error("the signature version is neither 1 nor 2")]
    Version,
    /// Somebody else signed it, or it was changed.
    #[error("the signature of the message of SNS is wrong")]
    Signature,
    /// SNS did not answer: it can be tried again.
    #[error("SNS did not answer: {0}")]
    Unreachable(&'static str),
}

impl Envelope {
    /// The text that is signed: fields in the order of their names.
    fn signed(&self) -> String {
        let kind = match self.kind {
            Kind::Notification => "Notification",
            Kind::SubscriptionConfirmation => "SubscriptionConfirmation",
            Kind::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        };
        let confirms = self.kind != Kind::Notification;
        let fields = [
            ("Message", Some(self.message.as_str())),
            ("MessageId", Some(self.message_id.as_str())),
            ("SubscribeURL", confirms.then_some(self.subscribe_url.as_str())),
            ("Subject", self.subject.as_deref().filter(|_| !confirms)),
            ("Timestamp", Some(self.timestamp.as_str())),
            ("Token", confirms.then_some(self.token.as_str())),
            ("TopicArn", Some(self.topic_arn.as_str())),
            ("Type", Some(kind)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some(format!("{name}\n{}\n", value?))).collect()
    }

    fn check_age(&self, now: Timestamp) -> Result<(), Refused> {
        let sent = when::parse(&self.timestamp);
        let is_fresh = sent.is_some_and(|sent| {
            let age = now.duration_since(sent);
            age <= OLDEST && age >= -AHEAD
        });
        if is_fresh { Ok(()) } else { Err(Refused::Stale(super::super::bounded(&self.timestamp, 40))) }
    }
}

/// Knows the certificates of SNS, and confirms subscriptions.
#[derive(Clone)]
pub struct Authority {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    stands_at: Option<String>,
    known: Arc<Mutex<HashMap<String, (Timestamp, Bytes)>>>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("stands_at", &self.stands_at).finish_non_exhaustive()
    }
}

impl Authority {
    /// Amazon's.
    ///
    /// # Errors
    /// The root certificates of this machine cannot be read.
    pub fn new() -> std::io::Result<Self> {
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { client, stands_at: None, known: Arc::default() })
    }

    /// One that stands at this address instead: whatever is asked of Amazon's host is asked there. The addresses that messages
    /// name are checked all the same.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn standing_at(address: impl Into<String>) -> std::io::Result<Self> {
        Ok(Self { stands_at: Some(address.into()), ..Self::new()? })
    }

    /// Whether SNS signed this envelope within the last hour.
    ///
    /// # Errors
    /// It did not, or its certificate cannot be had at the moment.
    pub async fn verify(&self, envelope: &Envelope, now: Timestamp) -> Result<(), Refused> {
        envelope.check_age(now)?;
        let hash = match envelope.signature_version.as_str() {
            "1" => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            "2" => &RSA_PKCS1_2048_8192_SHA256,
            _ => return Err(Refused::Version),
        };
        let signature = STANDARD.decode(&envelope.signature).map_err(|_| Refused::Signature)?;
        let address = address_of_certificate(&envelope.signing_cert_url).ok_or(Refused::Certificate)?;
        let pem = self.certificate(&address, now).await?;
        let der = CertificateDer::from_pem_slice(&pem).map_err(|_| Refused::Certificate)?;
        let certificate = webpki::EndEntityCert::try_from(&der).map_err(|_| Refused::Certificate)?;
        certificate
            .verify_signature(&Rsa(hash), envelope.signed().as_bytes(), &signature)
            .map_err(|_| Refused::Signature)
    }

    /// Confirms a subscription whose envelope was verified.
    ///
    /// # Errors
    /// The address is none of SNS for this topic, or SNS does not confirm.
    pub async fn confirm(&self, envelope: &Envelope) -> Result<(), Refused> {
        let address =
            address_of_confirmation(&envelope.subscribe_url, &envelope.topic_arn).ok_or(Refused::Confirmation)?;
        self.get(&address).await.map(drop)
    }

    async fn certificate(&self, address: &Uri, now: Timestamp) -> Result<Bytes, Refused> {
        let key = address.to_string();
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known().get(&key).filter(|(at, _)| now.duration_since(*at) < KEPT_FOR).map(|(_, pem)| pem.clone());
        if let Some(pem) = found {
            return Ok(pem);
        }
        let pem = self.get(address).await?;
        let mut known = known();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(key, (now, pem.clone()));
        Ok(pem)
    }

    async fn get(&self, address: &Uri) -> Result<Bytes, Refused> {
        let uri = match &self.stands_at {
            Some(base) => {
                let path = address.path_and_query().map_or("/", |path| path.as_str());
                format!("{base}{path}").parse().map_err(|_| Refused::Unreachable("its address is no URL"))?
            }
            None => address.clone(),
        };
        let exchange = async {
            let answer = self.client.get(uri).await.map_err(|_| Refused::Unreachable("the connection failed"))?;
            if !answer.status().is_success() {
                return Err(Refused::Unreachable("it answered with an error"));
            }
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            body.map(http_body_util::Collected::to_bytes)
                .map_err(|_| Refused::Unreachable("its answer was cut or too large"))
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(Refused::Unreachable("it took too long")))
    }
}

/// RSA with the padding that SNS uses, over one hash.
#[derive(Debug)]
struct Rsa(&'static RsaParameters);

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        UnparsedPublicKey::new(self.0, key).verify(message, signature).map_err(|_| InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    // Only chains of certificates ask for it, and there is none here.
    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_PKCS1_SHA256
    }
}

/// An address at a host of SNS, encrypted and without anything that could lead elsewhere.
fn address_of_sns(url: &str) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let host = uri.authority()?.as_str();
    let place = host.strip_prefix("sns.")?;
    let place = place.strip_suffix(".amazonaws.com").or_else(|| place.strip_suffix(".amazonaws.com.cn"))?;
    let is_own = uri.scheme_str() == Some("https") && region(place).as_deref() == Some(place) && !url.contains('#');
    is_own.then_some(uri)
}

fn address_of_certificate(url: &str) -> Option<Uri> {
    let uri = address_of_sns(url)?;
    let name = uri.path().strip_prefix('/')?.strip_suffix(".pem")?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    (is_plain && !name.is_empty() && uri.query().is_none()).then_some(uri)
}

fn address_of_confirmation(url: &str, topic: &str) -> Option<Uri> {
    let uri = address_of_sns(url)?;
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(uri.query()?).ok()?;
    let is = |name: &str, value: &str| fields.iter().any(|(known, told)| known == name && told == value);
    (uri.path() == "/" && is("Action", "ConfirmSubscription") && is("TopicArn", topic)).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alarms";

    #[test]
    fn certificates_are_at_an_address_of_sns_only() {
        #[track_caller]
        fn check(url: &str, expected: bool) {
            assert_eq!(address_of_certificate(url).is_some(), expected, "{url}");
        }
        check("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0f1e.pem", true);
        check("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0f1e.pem", true);
        for lie in [
            "",
            "http://sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com.evil.example/a.pem",
            "https://evil.example/sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com@evil.example/a.pem",
            "https://a@sns.us-east-1.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com:8443/a.pem",
            "https://sns.evil.us-east-1.amazonaws.com/a.pem",
            "https://s3.us-east-1.amazonaws.com/a.pem",
            "https://sns.amazonaws.com/a.pem",
            "https://sns.us-east-1.amazonaws.com/a.txt",
            "https://sns.us-east-1.amazonaws.com/.pem",
            "https://sns.us-east-1.amazonaws.com/a/b.pem",
            "https://sns.us-east-1.amazonaws.com/a.pem?x=.pem",
            "https://sns.us-east-1.amazonaws.com/?a.pem",
        ] {
            check(lie, false);
        }
    }

    #[test]
    fn subscriptions_are_confirmed_for_their_own_topic_only() {
        #[track_caller]
        fn check(url: &str, expected: bool) {
            assert_eq!(address_of_confirmation(url, TOPIC).is_some(), expected, "{url}");
        }
        let at =
            |host: &str, action: &str, topic: &str| format!("https://{host}/?Action={action}&TopicArn={topic}&Token=1");
        let host = "sns.us-east-1.amazonaws.com";
        check(&at(host, "ConfirmSubscription", TOPIC), true);
        check(&at(host, "ConfirmSubscription", "arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Aalarms"), true);
        check(&at(host, "DeleteTopic", TOPIC), false);
        check(&at(host, "ConfirmSubscription", "arn:aws:sns:us-east-1:123456789012:other"), false);
        check(&at("169.254.169.254", "ConfirmSubscription", TOPIC), false);
        check(&format!("https://{host}/"), false);
    }

    #[test]
    fn an_envelope_is_believed_for_an_hour() {
        let envelope = |timestamp: &str| Envelope {
            kind: Kind::Notification,
            message_id: "m".to_owned(),
            topic_arn: TOPIC.to_owned(),
            subject: Some("s".to_owned()),
            message: "t".to_owned(),
            timestamp: timestamp.to_owned(),
            token: String::new(),
            subscribe_url: String::new(),
            signature_version: "1".to_owned(),
            signature: String::new(),
            signing_cert_url: String::new(),
        };
        let now: Timestamp = "2026-11-20T15:00:00Z".parse().unwrap();
        #[track_caller]
        fn check(checked: &Result<(), Refused>, expected: bool) {
            assert_eq!(checked.is_ok(), expected, "{checked:?}");
        }
        check(&envelope("2026-11-20T14:00:00.000Z").check_age(now), true);
        check(&envelope("2026-11-20T13:59:59.999Z").check_age(now), false);
        check(&envelope("2026-11-20T15:04:00.000Z").check_age(now), true);
        check(&envelope("2026-11-20T15:06:00.000Z").check_age(now), false);
        check(&envelope("soon").check_age(now), false);
        let signed = envelope("z").signed();
        assert_eq!(
            signed,
            format!("Message\nt\nMessageId\nm\nSubject\ns\nTimestamp\nz\nTopicArn\n{TOPIC}\nType\nNotification\n")
        );
    }
}
