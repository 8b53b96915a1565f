//! Placeholder.
use crate::message::Message;
use tools::model::Incident;
use tools::recovery::plan::{Plan, PlanFact, PlanState};
/// Who.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// a
    pub approve: &'a [String],
}
/// Card.
pub fn card(_: &Incident, state: &PlanState, _: &Who<'_>) -> Message {
    Message::plain("p", state.status().word())
}
/// Line.
pub fn line(_: &Plan, fact: &PlanFact, _: Option<&str>) -> Option<String> {
    Some(fact.word().to_owned())
}
/// Details.
pub fn details(_: &PlanState) -> Message {
    Message::new("d")
}
