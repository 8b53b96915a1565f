//! Stub.
use crate::model::{Evidence, EvidenceId, Outlook, Sentence, Verdict};
/// Claims.
#[derive(Debug)]
pub struct Claims(Vec<EvidenceId>);
impl Claims {
    /// Of.
    pub fn of(verdict: &Verdict, outlook: Option<&Outlook>, _plans: &[crate::recovery::plan::Plan]) -> Self {
        let all = verdict.evidence.iter().chain(outlook.into_iter().flat_map(|outlook| &outlook.evidence));
        Self(all.map(|evidence| evidence.id).collect())
    }
    /// More.
    pub fn and(mut self, more: &[Evidence]) -> Self {
        self.0.extend(more.iter().map(|evidence| evidence.id));
        self
    }
}
/// Check.
pub fn check(sentence: &Sentence, claims: &Claims) -> Result<(), String> {
    sentence.evidence.iter().all(|id| claims.0.contains(id)).then_some(()).ok_or_else(|| "no".to_owned())
}
