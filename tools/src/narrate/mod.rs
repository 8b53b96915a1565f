//! Stub.
use crate::model::{Evidence, EvidenceId, Outlook, Sentence, Verdict};
/// Claims.
#[derive(Debug)]
pub struct Claims(Vec<EvidenceId>);
impl Claims {
    /// Of.
    pub fn of(verdict: &Verdict, outlook: Option<&Outlook>, more: &[Evidence]) -> Self {
        let all = verdict.evidence.iter().chain(outlook.into_iter().flat_map(|outlook| &outlook.evidence)).chain(more);
        Self(all.map(|evidence| evidence.id).collect())
    }
}
/// Check.
pub fn check(sentence: &Sentence, claims: &Claims) -> Result<(), String> {
    sentence.evidence.iter().all(|id| claims.0.contains(id)).then_some(()).ok_or_else(|| "no".to_owned())
}
