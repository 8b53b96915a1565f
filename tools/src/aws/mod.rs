//! The ports over AWS, and what every client of it shares.

pub use aws_config::{ConfigLoader, SdkConfig};

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::error::Error;
use std::time::Duration;

/// How often a call is tried in all.
const ATTEMPTS: u32 = 3;

/// How long one try of a call may take. A worker that waits longer holds others up.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The same with all its tries.
const CALL: Duration = Duration::from_secs(30);

/// What every client is made from: region and credentials as the AWS command line finds them, one connection pool, the
/// same retries. The endpoint can be set with `AWS_ENDPOINT_URL`.
pub fn defaults() -> ConfigLoader {
    // rustls with ring, as everything else here: a second crypto provider in the process would make rustls refuse to choose.
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(3))
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(CALL)
                .build(),
        )
}

/// Why a call failed, in one line: AWS's code and message, or what kept us from reaching it.
pub fn explain<E>(err: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if let (Some(code), message) = (err.code(), err.message()) {
        return format!("{code}: {}", message.unwrap_or("no message"));
    }
    let mut line = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        line = format!("{line}: {err}");
        cause = err.source();
    }
    line
}
