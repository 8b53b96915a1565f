//! How much one remedy can spoil there: the catalogue's word, raised by circumstances and never lowered.

use super::remedy::Remedy;
use super::sight::Sight;
use super::terms::Terms;
use crate::model::{Cost, Risk, RiskReason, ServiceId};
use crate::ports::Lever;

/// More healthy services than these that depend on the target raise the risk of whatever changes what runs.
const REACH: usize = 5;

/// The risk of a remedy on `service`, where `lever` was read, and why. The first reason is the catalogue's; each of the others
/// raised it by one, but what cannot be taken back is high at once.
pub(super) fn assess(
    remedy: &Remedy,
    service: &ServiceId,
    lever: &Lever,
    sight: &Sight<'_>,
    terms: &Terms,
) -> (Risk, Vec<RiskReason>) {
    let entry = remedy.entry();
    let (base, because) = entry.risk(&lever.reading, terms.now);
    // An entry that promises more than its row would be a mistake; the higher of both holds.
    let mut risk = base.max(entry.spec().risk);
    let mut reasons = vec![RiskReason::Remedy(because.to_owned())];
    let mut raise = |reason: RiskReason, to: fn(Risk) -> Risk| {
        risk = risk.max(to(risk));
        reasons.push(reason);
    };
    let services = if changes_what_runs(remedy) { sight.healthy_above(service) } else { 0 };
    if services > REACH {
        raise(RiskReason::Reach { services }, next);
    }
    if !entry.is_reversible(&lever.reading) {
        raise(RiskReason::Irreversible, |_| Risk::High);
    }
    if is_over(entry.cost(&lever.reading, &terms.prices), terms.cost_limit_cents) {
        raise(RiskReason::Cost, next);
    }
    let failed = terms.past_of(entry.spec().name, service).failed;
    if failed > 0 {
        raise(RiskReason::FailedBefore { times: usize::try_from(failed).unwrap_or(usize::MAX) }, next);
    }
    if !lever.unread.is_empty() {
        raise(RiskReason::Unread, next);
    }
    (risk, reasons)
}

fn next(risk: Risk) -> Risk {
    match risk {
        Risk::Low => Risk::Medium,
        Risk::Medium | Risk::High => Risk::High,
    }
}

fn is_over(cost: Cost, limit: Option<i64>) -> bool {
    match cost {
        Cost::CentsPerMonth(cents) => limit.is_some_and(|limit| cents > limit),
        // What is not known is said, and policies may ask; it is not held to be dear.
        Cost::Nothing | Cost::Unknown => false,
    }
}

/// Whether it changes what runs, rather than what is seen or who is told.
pub(super) fn changes_what_runs(remedy: &Remedy) -> bool {
    match remedy {
        Remedy::LogLevel(_) | Remedy::TraceSampling(_) | Remedy::MuteAlarms(_) | Remedy::CapsuleCapture(_) => false,
        Remedy::ProvisionedConcurrency(_)
        | Remedy::ReservedConcurrency(_)
        | Remedy::EventSource(_)
        | Remedy::Rule(_)
        | Remedy::AliasRollback(_)
        | Remedy::ArchiveReplay(_)
        | Remedy::TableCapacity(_)
        | Remedy::EcsRollback(_)
        | Remedy::EcsCount(_)
        | Remedy::Runbook(_) => true,
    }
}
