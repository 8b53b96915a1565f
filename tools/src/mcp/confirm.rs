//! Asking whoever sits at the client whether it is meant, before people are asked to decide. A confirmation is no approval: it
//! only lets the question through. Nothing is kept meanwhile: the client brings a state back, sealed for this caller, this
//! request and a short while.

use crate::recovery::ExecuteRemediation;
use crate::recovery::policy::PersonId;
use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequests, InputRequiredResult, RequestStateCodec, RequestStateError,
    SealOptions,
};
use std::time::Duration;

/// The one question, by its key.
const QUESTION: &str = "confirm";

/// A confirmation that comes later is asked for anew.
const PATIENCE: Duration = Duration::from_mins(5);

/// What became of the question.
#[derive(Debug)]
pub(super) enum Confirmed {
    /// It goes on.
    Yes,
    /// It ends here, with this sentence for the client.
    No(String),
    /// It has to be asked first.
    Ask(InputRequiredResult),
}

/// What seals the states. Each process has its own key, so that what another one asked is asked anew.
#[derive(Clone)]
pub(super) struct Confirmation {
    codec: RequestStateCodec,
}

impl std::fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Confirmation").finish_non_exhaustive()
    }
}

impl Confirmation {
    /// With a key that nobody knows.
    pub(super) fn new() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system has randomness, or no secret here is one");
        Self { codec: RequestStateCodec::try_new(key).expect("so long a key is taken") }
    }

    /// Whether a client can ask whoever sits there.
    pub(super) fn is_possible(client: Option<&ClientCapabilities>) -> bool {
        client.is_some_and(|client| client.elicitation.is_some())
    }

    /// Where a request stands that `caller` makes.
    pub(super) fn of(
        &self,
        asked: &ExecuteRemediation,
        request: &CallToolRequestParams,
        caller: &PersonId,
    ) -> Result<Confirmed, ErrorData> {
        let of_this = binding(request, caller)?;
        let Some(state) = &request.request_state else { return Ok(Confirmed::Ask(self.ask(asked, &of_this)?)) };
        match self.codec.open_with(state, &of_this) {
            Ok(_) => {}
            Err(RequestStateError::Expired) => return Ok(Confirmed::Ask(self.ask(asked, &of_this)?)),
            Err(_) => {
                let problem =
                    "the `requestState` was not made for this caller and this request by this server; ask without one";
                return Err(ErrorData::invalid_params(problem, None));
            }
        }
        let told = request.input_responses.as_ref().and_then(|told| told.get(QUESTION));
        let told = told.and_then(|told| serde_json::from_value::<ElicitResult>(told.clone()).ok());
        Ok(match told.map(|told| told.action) {
            Some(ElicitationAction::Accept) => Confirmed::Yes,
            _ => Confirmed::No("it was not confirmed, so nobody was asked and nothing was changed".to_owned()),
        })
    }

    fn ask(&self, asked: &ExecuteRemediation, of_this: &[u8]) -> Result<InputRequiredResult, ErrorData> {
        let ExecuteRemediation { incident, service, remedy, .. } = asked;
        let message = format!(
            "Ask the people of {incident} to have “{}” carried out for `{service}`? Nothing is changed by your answer: they \
             decide in the war room.",
            remedy.spec().title
        );
        let form = ElicitationSchema::builder().build().map_err(|problem| ErrorData::internal_error(problem, None))?;
        let question = ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema: form };
        let questions =
            InputRequests::from([(QUESTION.to_owned(), InputRequest::Elicitation(ElicitRequest::new(question)))]);
        let state = self.codec.seal_with(&[], &SealOptions::new().associated_data(of_this).ttl(PATIENCE));
        Ok(InputRequiredResult::new(Some(questions), Some(state)))
    }
}

/// What a state belongs to: who calls what, and how.
fn binding(request: &CallToolRequestParams, caller: &PersonId) -> Result<Vec<u8>, ErrorData> {
    serde_json::to_vec(&(caller, &request.name, &request.arguments))
        .map_err(|err| ErrorData::internal_error(err.to_string(), None))
}
