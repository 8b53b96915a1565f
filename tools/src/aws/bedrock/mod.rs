//! Models of Amazon Bedrock behind [`LanguageModel`], by the Converse API.
//!
//! A toolset has a list of models that stand in for each other. One that is retired, denied or unknown is left alone for a
//! while, so that nobody waits for it again; one that is busy or slow is tried again with the next prompt. Which errors mean
//! what: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>.

mod document;
mod wire;

use super::{SdkConfig, explain};
use crate::language::{Failure, Heard, Prompt, Reply, Said, Side, Stop, Toolset, Turn};
use crate::model::{Spent, minutes};
use crate::ports::LanguageModel;
use async_trait::async_trait;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How long a model that cannot be used is left alone. Long enough that nobody waits for it twice in one incident, short
/// enough that access granted in the morning is used before noon.
const LEFT_ALONE: SignedDuration = minutes(30);

/// Tries of one request with one model; the SDK waits between them.
const ATTEMPTS: u32 = 2;

/// How long a probe waits. One token takes less than two seconds where all is well.
const PROBE_PATIENCE: Duration = Duration::from_secs(10);

/// A model and on which terms it is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its id, or that or the ARN of an inference profile; newer models are behind a profile only.
    pub id: String,
    /// The region it is called in, where that is another than the usual one.
    pub region: Option<String>,
    /// What it costs; unknown where nobody told.
    pub price: Option<Price>,
    /// Whether it keeps what is the same in every prompt, which makes that cheaper.
    pub caches: bool,
}

/// What a model costs, in US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// Tokens that it reads.
    pub read: f64,
    /// Tokens that it reads from its cache.
    pub cached: f64,
    /// Tokens that it writes.
    pub written: f64,
}

impl Price {
    /// What `spent` costs, in millionths of a dollar, rounded up: tokens times dollars for a million of them are just that.
    fn micro_usd(self, spent: &Spent) -> u64 {
        let fresh = spent.read_tokens.saturating_sub(spent.cached_tokens) as f64;
        let sum =
            fresh * self.read + spent.cached_tokens as f64 * self.cached + spent.written_tokens as f64 * self.written;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "prices are small and not negative"
        )]
        let rounded = sum.ceil().max(0.0) as u64;
        rounded
    }
}

/// The models of every toolset.
#[derive(Debug)]
pub struct Bedrock {
    /// One client a region; the first is the usual one, whose name is not told.
    clients: BTreeMap<Option<String>, Client>,
    routes: BTreeMap<Toolset, Vec<Choice>>,
    /// Models that cannot be used, and until when that is believed.
    out_of_use: Mutex<BTreeMap<String, Timestamp>>,
}

impl Bedrock {
    /// Calls the models of `routes`, in their order.
    pub fn new(config: &SdkConfig, routes: BTreeMap<Toolset, Vec<Choice>>) -> Self {
        let regions = routes.values().flatten().map(|choice| choice.region.clone());
        let client = |region: Option<String>| {
            let mut own = aws_sdk_bedrockruntime::config::Builder::from(config);
            if let Some(region) = &region {
                own = own.region(aws_sdk_bedrockruntime::config::Region::new(region.clone()));
            }
            (region, Client::from_conf(own.build()))
        };
        let clients = regions.map(client).collect();
        Self { clients, routes, out_of_use: Mutex::default() }
    }

    /// Asks every model for one token; returns each with what became of that. What cannot be used is left alone from now on.
    pub async fn probe(&self, now: Timestamp) -> Vec<(Toolset, String, Result<(), Failure>)> {
        let mut probed = Vec::new();
        for (toolset, choices) in &self.routes {
            for choice in choices {
                let prompt = Prompt {
                    toolset: *toolset,
                    incident: None,
                    system: "Answer with one word.".to_owned(),
                    turns: vec![Turn { by: Side::Us, said: vec![Said::Text("Say yes.".to_owned())] }],
                    tools: Vec::new(),
                    must_call: None,
                    most_tokens: 1,
                    patience: PROBE_PATIENCE,
                    now,
                };
                let told = self.ask(choice, &prompt, None).await.map(drop);
                self.note(choice, told.as_ref().err(), now);
                probed.push((*toolset, choice.id.clone(), told));
            }
        }
        probed
    }

    /// Whether `choice` may be tried.
    fn is_in_use(&self, choice: &Choice, now: Timestamp) -> bool {
        let out = self.out_of_use.lock().unwrap_or_else(PoisonError::into_inner);
        out.get(&choice.id).is_none_or(|until| *until <= now)
    }

    /// Remembers what a try says of a model.
    fn note(&self, choice: &Choice, failure: Option<&Failure>, now: Timestamp) {
        let mut out = self.out_of_use.lock().unwrap_or_else(PoisonError::into_inner);
        match failure {
            Some(Failure::Denied(_) | Failure::Gone(_)) => {
                out.insert(choice.id.clone(), now.saturating_add(LEFT_ALONE).unwrap_or(now));
            }
            None => {
                out.remove(&choice.id);
            }
            // None of these is about the model as such.
            Some(
                Failure::None | Failure::Throttled(_) | Failure::TooSlow | Failure::Invalid(_) | Failure::Failed(_),
            ) => {}
        }
    }

    /// One request to one model.
    async fn ask(
        &self,
        choice: &Choice,
        prompt: &Prompt,
        heard: Option<&UnboundedSender<Heard>>,
    ) -> Result<Reply, Failure> {
        let client = self.clients.get(&choice.region).ok_or(Failure::None)?;
        let own = aws_sdk_bedrockruntime::config::Config::builder()
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .operation_attempt_timeout(prompt.patience)
                    .operation_timeout(prompt.patience)
                    .read_timeout(prompt.patience)
                    .build(),
            );
        let mut reply = match heard {
            None => {
                let request = wire::request(prompt, choice)?;
                let call = client
                    .converse()
                    .model_id(&choice.id)
                    .set_system(Some(request.system))
                    .set_messages(Some(request.messages))
                    .set_tool_config(request.tools)
                    .inference_config(request.limits)
                    .set_request_metadata(request.metadata);
                let told = call.customize().config_override(own).send().await.map_err(|err| failure(&err))?;
                wire::reply(&told)?
            }
            Some(heard) => {
                let request = wire::request(prompt, choice)?;
                let call = client
                    .converse_stream()
                    .model_id(&choice.id)
                    .set_system(Some(request.system))
                    .set_messages(Some(request.messages))
                    .set_tool_config(request.tools)
                    .inference_config(request.limits)
                    .set_request_metadata(request.metadata);
                let told = call.customize().config_override(own).send().await.map_err(|err| failure(&err))?;
                let mut stream = told.stream;
                let mut gathered = wire::Gathered::default();
                while let Some(event) = stream.recv().await.map_err(|err| failure(&err))? {
                    gathered.take(event, heard);
                }
                gathered.reply()?
            }
        };
        reply.spent.micro_usd = choice.price.map(|price| price.micro_usd(&reply.spent));
        reply.spent.model = Some(choice.id.clone());
        Ok(reply)
    }
}

#[async_trait]
impl LanguageModel for Bedrock {
    async fn converse(&self, prompt: &Prompt, heard: Option<&UnboundedSender<Heard>>) -> Result<Reply, Failure> {
        let choices = self.routes.get(&prompt.toolset).map(Vec::as_slice).unwrap_or_default();
        let in_turn = async {
            let mut passed_over: Vec<(String, Failure)> = Vec::new();
            for choice in choices.iter().filter(|choice| self.is_in_use(choice, prompt.now)) {
                let told = self.ask(choice, prompt, heard).await;
                self.note(choice, told.as_ref().err(), prompt.now);
                match told {
                    Ok(reply) => return Ok(Reply { passed_over, ..reply }),
                    // Another model would refuse the same.
                    Err(failure @ Failure::Invalid(_)) => return Err(failure),
                    Err(failure) => passed_over.push((choice.id.clone(), failure)),
                }
            }
            Err(passed_over.pop().map_or(Failure::None, |(_, failure)| failure))
        };
        tokio::time::timeout(prompt.patience, in_turn).await.unwrap_or(Err(Failure::TooSlow))
    }
}

/// What a failed call says.
fn failure<E, R>(err: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match err {
        SdkError::TimeoutError(_) => Failure::TooSlow,
        SdkError::ConstructionFailure(_)
        | SdkError::DispatchFailure(_)
        | SdkError::ResponseError(_)
        | SdkError::ServiceError(_)
        | _ => classify(err.code(), err.message().unwrap_or_default(), explain(err)),
    }
}

fn classify(code: Option<&str>, message: &str, why: String) -> Failure {
    match code {
        Some("AccessDeniedException" | "UnrecognizedClientException" | "ExpiredTokenException") => Failure::Denied(why),
        // A retired model answers `ResourceNotFoundException`.
        Some("ResourceNotFoundException") => Failure::Gone(why),
        // An id that needs a profile, or is misspelt, is invalid; and so is a prompt that the model does not take.
        Some("ValidationException") => {
            let is_about_the_id =
                ["on-demand throughput", "inference profile", "model identifier", "model id", "model ID"];
            if is_about_the_id.iter().any(|words| message.contains(words)) {
                Failure::Gone(why)
            } else {
                Failure::Invalid(why)
            }
        }
        Some(
            "ThrottlingException"
            | "ServiceQuotaExceededException"
            | "TooManyRequestsException"
            | "ModelNotReadyException",
        ) => Failure::Throttled(why),
        Some("ModelTimeoutException") => Failure::TooSlow,
        Some(_) | None => Failure::Failed(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_can_be_done() {
        #[track_caller]
        fn check(code: &str, message: &str, expected: &str) {
            assert_eq!(classify(Some(code), message, "why".to_owned()).to_string(), expected);
        }
        check("AccessDeniedException", "User: x is not authorized", "access denied (why)");
        check("ResourceNotFoundException", "reached the end of its life", "not available here (why)");
        check(
            "ValidationException",
            "Invocation of model ID a with on-demand throughput isn’t supported.",
            "not available here (why)",
        );
        check("ValidationException", "The provided model identifier is invalid.", "not available here (why)");
        check("ValidationException", "messages.3: must alternate", "it does not take the request (why)");
        check("ThrottlingException", "Too many tokens", "throttled (why)");
        check("ModelNotReadyException", "not ready", "throttled (why)");
        check("ModelTimeoutException", "timed out", "no answer in time");
        check("InternalServerException", "unexpected", "failed (why)");
        check("ModelErrorException", "unexpected", "failed (why)");
        check("ServiceUnavailableException", "unable", "failed (why)");
    }

    #[test]
    fn a_cost_counts_what_was_cached_at_its_own_price() {
        let price = Price { read: 3.0, cached: 0.3, written: 15.0 };
        let spent = |read_tokens, cached_tokens, written_tokens| Spent {
            read_tokens,
            cached_tokens,
            written_tokens,
            ..Spent::default()
        };
        assert_eq!(price.micro_usd(&spent(1_000, 0, 100)), 4_500);
        assert_eq!(price.micro_usd(&spent(1_000, 900, 100)), 2_070);
        assert_eq!(price.micro_usd(&spent(0, 5, 0)), 2, "rounded up; what cannot be does no harm");
        assert_eq!(price.micro_usd(&Spent::default()), 0);
    }
}
