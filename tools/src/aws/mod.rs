//! The ports over AWS, and what every client of it shares.

pub mod alarms;
pub mod bedrock;
mod logs;
pub mod remedy;
pub mod telemetry;
pub mod topology;

pub use aws_config::{ConfigLoader, SdkConfig};

use crate::model::Gap;
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
pub fn explain<E, R>(err: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
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

/// What a failed read leaves: why, and the smallest statement of IAM that would allow it, if that is what lacks.
fn gap<E>(wanted: &str, action: &str, err: &SdkError<E>) -> Gap
where
    E: ProvideErrorMetadata + Error + 'static,
{
    const DENIED: [&str; 4] = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"];
    const THROTTLED: [&str; 5] =
        ["Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "LimitExceededFault"];
    let code = err.code().unwrap_or_default();
    let remedy = if DENIED.contains(&code) {
        Some(format!(r#"{{"Effect":"Allow","Action":"{action}","Resource":"*"}}"#))
    } else if THROTTLED.contains(&code) {
        Some(format!("a higher quota for {action}, or asking again in a minute"))
    } else {
        None
    };
    Gap { wanted: wanted.to_owned(), because: explain(err), remedy }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::config::http::HttpResponse;
    use aws_sdk_cloudwatch::error::ErrorMetadata;
    use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataError;

    #[track_caller]
    fn check(code: &str, remedy: Option<&str>) {
        let metadata = ErrorMetadata::builder().code(code).message("no").build();
        let response = HttpResponse::new(400.try_into().unwrap(), "".into());
        let err = SdkError::service_error(GetMetricDataError::generic(metadata), response);
        let gap = gap("metrics", "cloudwatch:GetMetricData", &err);
        assert_eq!((gap.because, gap.remedy.as_deref()), (format!("{code}: no"), remedy));
    }

    #[test]
    fn a_gap_says_what_would_close_it() {
        check("AccessDenied", Some(r#"{"Effect":"Allow","Action":"cloudwatch:GetMetricData","Resource":"*"}"#));
        check("Throttling", Some("a higher quota for cloudwatch:GetMetricData, or asking again in a minute"));
        check("InternalServiceFault", None);
    }
}
