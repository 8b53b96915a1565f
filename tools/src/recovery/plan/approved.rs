//! The only thing that an actuator takes.

use super::{Plan, PlanFact, PlanState, PlanStatus};
use crate::recovery::policy::PersonId;
use std::collections::BTreeSet;

/// Something that people agreed to, as its facts say. There is no other way to one than folding those facts: the fields are
/// private, it cannot be deserialised, copied or defaulted, and nothing but [`PlanState::approved`] makes it.
///
/// What can be done with one:
///
/// ```
/// fn who(approved: &tools::recovery::plan::Approved<u8>) -> (&u8, usize) {
///     (approved.value(), approved.by().len())
/// }
/// ```
///
/// Its fields are private:
///
/// ```compile_fail,E0451
/// let approved: tools::recovery::plan::Approved<u8> = tools::recovery::plan::Approved { value: 7, by: Vec::new() };
/// ```
///
/// so there is no making another of one, either:
///
/// ```compile_fail,E0451
/// fn swap(old: tools::recovery::plan::Approved<u8>) -> tools::recovery::plan::Approved<u8> {
///     tools::recovery::plan::Approved { value: 8, ..old }
/// }
/// ```
///
/// nor changing what was agreed to:
///
/// ```compile_fail,E0594
/// fn change(mut approved: tools::recovery::plan::Approved<u8>) {
///     *approved.value() = 8;
/// }
/// ```
///
/// It has no constructor:
///
/// ```compile_fail,E0599
/// let approved = tools::recovery::plan::Approved::<u8>::new(7, Vec::new());
/// ```
///
/// no default:
///
/// ```compile_fail,E0277
/// let approved: tools::recovery::plan::Approved<u8> = Default::default();
/// ```
///
/// no conversion:
///
/// ```compile_fail,E0277
/// let approved: tools::recovery::plan::Approved<u8> = 7_u8.into();
/// ```
///
/// it cannot be read from anywhere:
///
/// ```compile_fail,E0277
/// let approved: tools::recovery::plan::Approved<u8> = serde_json::from_str("{}")?;
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// and there is one of each:
///
/// ```compile_fail,E0308
/// fn twice(approved: &tools::recovery::plan::Approved<u8>) -> tools::recovery::plan::Approved<u8> {
///     approved.clone()
/// }
/// ```
#[derive(Debug, PartialEq)]
pub struct Approved<T> {
    value: T,
    by: Vec<PersonId>,
}

impl<T> Approved<T> {
    /// What they agreed to.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Who did: whoever had it carried out first, then those whose approval it needed.
    pub fn by(&self) -> &[PersonId] {
        &self.by
    }
}

/// Why nothing may be carried out. Its `Display` is a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// It is not its time: that begins with the fact that says so.
    #[error("a plan that is {} is not carried out now", .0.word())]
    Status(PlanStatus),
    /// Its facts do not say that enough people agreed.
    #[error("the facts of this plan do not say that enough people agreed")]
    Approvals,
}

impl PlanState {
    /// The plan, for an actuator. Only while it is being carried out or taken back: the facts `Started` and `UndoStarted`
    /// come before the effect, the timed inverse included. A plan that merely stands is nobody's to act on.
    ///
    /// The approvals are counted here once more, from the facts alone: whoever `Started` names approved before it, and had not
    /// withdrawn by then; they are distinct, the requester is not among them, and they are as many as the plan, its risk and
    /// the policies of that moment asked for.
    pub fn approved(&self) -> Result<Approved<Plan>, NotApproved> {
        if !matches!(self.status(), PlanStatus::Running | PlanStatus::Undoing) {
            return Err(NotApproved::Status(self.status()));
        }
        let mut stand: BTreeSet<&PersonId> = BTreeSet::new();
        for told in self.history() {
            // Not a `match`: of all that can happen, three things matter here.
            if let PlanFact::Approved { by, .. } = &told.fact {
                stand.insert(by);
            } else if let PlanFact::Withdrawn { by } = &told.fact {
                stand.remove(by);
            } else if let PlanFact::Started { by, approved_by, needed } = &told.fact {
                let counted: BTreeSet<&PersonId> = approved_by.iter().collect();
                let needed = usize::from((*needed).max(self.plan().least_approvals()));
                let is_enough = counted.len() == approved_by.len() && counted.len() >= needed;
                if !is_enough || counted.contains(&self.plan().requester) || !counted.is_subset(&stand) {
                    return Err(NotApproved::Approvals);
                }
                let by = std::iter::once(by).chain(approved_by).cloned().collect();
                return Ok(Approved { value: self.plan().clone(), by });
            }
        }
        Err(NotApproved::Approvals)
    }
}
