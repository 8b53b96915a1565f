//! The models behind the narrator: whether one can be used at all is asked before anybody waits for it.

use super::{SdkConfig, explain};
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, InferenceConfiguration, Message};
use std::fmt;
use std::time::Duration;

/// How long a probe waits. One token takes less than two seconds where all is well.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// The model answers.
    Ready,
    /// This account may not call it: no permission, or no access to the model.
    Denied(String),
    /// There is no such model here: never was, retired, or only behind an inference profile.
    Gone(String),
    /// It is there, and busy.
    Throttled(String),
    /// It did not answer in time.
    TooSlow,
    /// Something else is wrong.
    Failed(String),
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Denied(why) => write!(f, "access denied ({why})"),
            Self::Gone(why) => write!(f, "not available here ({why})"),
            Self::Throttled(why) => write!(f, "throttled ({why})"),
            Self::TooSlow => write!(f, "no answer within {} s", PATIENCE.as_secs()),
            Self::Failed(why) => write!(f, "failed ({why})"),
        }
    }
}

/// Asks `model` for one token.
pub async fn probe(config: &SdkConfig, model: &str) -> Probe {
    let question =
        Message::builder().role(ConversationRole::User).content(ContentBlock::Text("Say yes.".to_owned())).build();
    let question = match question {
        Ok(question) => question,
        Err(err) => return Probe::Failed(err.to_string()),
    };
    let in_time = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
    let call = Client::new(config)
        .converse()
        .model_id(model)
        .messages(question)
        .inference_config(InferenceConfiguration::builder().max_tokens(1).build())
        .customize()
        .config_override(aws_sdk_bedrockruntime::config::Config::builder().timeout_config(in_time));
    match call.send().await {
        Ok(_) => Probe::Ready,
        Err(SdkError::TimeoutError(_)) => Probe::TooSlow,
        Err(err) => classify(err.code(), explain(&err)),
    }
}

fn classify(code: Option<&str>, why: String) -> Probe {
    match code {
        Some("AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException") => Probe::Denied(why),
        // A retired model answers `ResourceNotFoundException`; an id that needs a profile, or is misspelt, is invalid.
        Some("ResourceNotFoundException" | "ValidationException") => Probe::Gone(why),
        Some("ThrottlingException" | "ServiceQuotaExceededException" | "TooManyRequestsException") => {
            Probe::Throttled(why)
        }
        Some("ModelTimeoutException") => Probe::TooSlow,
        Some(_) | None => Probe::Failed(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_can_be_done() {
        let probe = |code| classify(Some(code), "why".to_owned()).to_string();
        assert_eq!(probe("AccessDeniedException"), "access denied (why)");
        assert_eq!(probe("ResourceNotFoundException"), "not available here (why)");
        assert_eq!(probe("ValidationException"), "not available here (why)");
        assert_eq!(probe("ThrottlingException"), "throttled (why)");
        assert_eq!(probe("ModelTimeoutException"), "no answer within 10 s");
        assert_eq!(probe("InternalServerException"), "failed (why)");
    }
}
