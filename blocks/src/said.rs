//! Placeholder.
use crate::action::Deed;
use crate::message::Message;
use tools::recovery::plan::{Plan, PlanId, PlanState, Said, Unproposable};
/// a
pub fn answer(said: &Said, _: &Plan) -> Message {
    Message::plain("p", &format!("{said:?}"))
}
/// a
pub fn unproposable(why: &Unproposable) -> Message {
    Message::plain("p", &why.to_string())
}
/// a
pub fn gone() -> Message {
    Message::plain("gone", "gone")
}
/// a
pub fn no_such_plan(id: &PlanId) -> Message {
    Message::plain("p", &id.0)
}
/// a
pub fn which_plan(_: Deed, plans: &[&PlanState]) -> Message {
    Message::plain("p", &format!("{}", plans.len()))
}
/// a
pub fn proposed(plan: &Plan) -> Message {
    Message::plain("proposed", &plan.id.0)
}
/// a
pub fn unknown_people(problem: &str) -> Message {
    Message::plain("p", problem)
}
