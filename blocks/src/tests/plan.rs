//! The life of a plan as people read it.

use super::{
    HOSTILE, after, approved, at, draft, found, id, incident, is_harmless, keeps_limits, life, marked_up, service,
    settings, shown, with_plans, with_remedy,
};
use crate::card::card as incident_card;
use crate::plan::{Who, card, details, line, summary};
use insta::assert_snapshot;
use proptest::prelude::*;
use std::collections::BTreeSet;
use tools::model::{Cost, EvidenceId, Reading, Return, Risk, RiskReason, ServiceId, Worked};
use tools::recovery::plan::{Plan, PlanFact, PlanState, PlanStatus, UndoneBy};
use tools::recovery::remedy::{EventSource, LogLevel, Remedy, ReservedConcurrency};

fn told(state: &PlanState) -> String {
    let approve = ["<!subteam^S0ONCALL>".to_owned()];
    shown(&card(&incident(), state, &Who { approve: &approve, escalate: Some("<!subteam^S0LEADS>") }))
}

/// The buttons of a plan's message: label, style, and whether it asks first.
fn buttons(state: &PlanState) -> String {
    let message = card(&incident(), state, &Who { approve: &[], escalate: None });
    let actions = message.blocks.iter().filter(|block| block["type"] == "actions");
    let elements = actions.flat_map(|block| block["elements"].as_array().unwrap());
    let told = elements.map(|button| {
        let asks = if button.get("confirm").is_some() { "?" } else { "" };
        let style = button["style"].as_str().map(|style| format!(" ({style})")).unwrap_or_default();
        let deed = button["action_id"].as_str().unwrap().trim_start_matches("clarity.");
        format!("{}{asks}={deed}{style}", button["text"]["text"].as_str().unwrap())
    });
    told.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_low_risk_waits_for_whoever_executes_it() {
    let remedy =
        Remedy::LogLevel(LogLevel { function: "token-exchange".to_owned(), level: "DEBUG".to_owned(), minutes: 30 });
    let plan = Plan {
        saw: Reading { settings: settings(&[("ApplicationLogLevel", "INFO")]), revision: None },
        wants: settings(&[("ApplicationLogLevel", "DEBUG")]),
        risk_reasons: vec![RiskReason::Remedy("it changes what is seen, not what runs".to_owned())],
        undo_after_min: Some(30),
        expectation: None,
        forecast: Vec::new(),
        cost: Cost::Nothing,
        ..draft(Risk::Low)
    };
    assert_snapshot!(told(&after(&with_remedy(plan, remedy), &[])), @"
    ⏳ WAITING · plan-ba106b61 · low risk
    Raise the log level of token-exchange from INFO to DEBUG for 30 minutes
    on `token-exchange` (AWS::Lambda::Function), in `production`
    What changes
    • `ApplicationLogLevel`: `INFO` → `DEBUG`
    Why
    • E1 `user-pool` left its normal range at 03:13:00 UTC · `GetMetricData`
    • E3 `token-exchange` left its normal range at 03:13:00 UTC · `GetMetricData`
    Risk: 🟢 low: it changes what is seen, not what runs
    Costs nothing worth stating
    Also happens: More lines are written and billed, and what is logged at these levels may hold personal data. Its warm environments are replaced, so some requests start cold.
    Blast radius: 3 services suffer now
    Undoes itself after 30 min, and can be undone before
    Success: there is nothing to measure: somebody has to look
    Asked for by @U0ANN at 03:16:00 UTC. Expires at 03:31:00 UTC.
    Approvals: it needs none; whoever may execute it can do so now.
    Nothing happens until somebody presses Execute.
    [Execute] [Reject] [Details] [Revoke]
    · INC-7 · `plan-ba106b61d48964a5` · rests on E1, E3 · nothing was changed yet
    ");
}

#[test]
fn a_medium_risk_waits_for_somebody_else() {
    assert_snapshot!(told(&after(&draft(Risk::Medium), &[])), @"
    ⏳ WAITING · plan-bd55b776 · medium risk
    Set reserved concurrency of token-exchange to 20 (90 now)
    on `token-exchange` (AWS::Lambda::Function), in `production`
    What changes
    • `ReservedConcurrentExecutions`: `90` → `20`
    Why
    • E1 `user-pool` left its normal range at 03:13:00 UTC · `GetMetricData`
    • E3 `token-exchange` left its normal range at 03:13:00 UTC · `GetMetricData`
    Risk: 🟡 medium: callers beyond the limit are refused; 7 healthy services depend on it
    Cost unknown: no price is configured
    Also happens: Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less to share.
    Blast radius: 3 services suffer now, 7 healthy ones depend on `token-exchange`, 2 are expected back
    Can be undone: the limit before, or none
    Success: faults of `user-pool` fall within 10 min
    Recovers: `user-service` back in ~4 min (80 %), `order-service` back in ~7 min (72 %)
    Asked for by @U0ANN at 03:16:00 UTC. Expires at 03:31:00 UTC.
    Approvals: 0 of 1 needed, not from who asked.
    May approve: @S0ONCALL.
    Nothing happens until enough people approve and somebody presses Execute.
    [Approve] [Reject] [Execute] [Details] [Revoke]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · nothing was changed yet
    ");
}

#[test]
fn a_high_risk_waits_for_two_and_says_who_agreed_and_why() {
    let facts = [approved("U0BOB", Some("retries drown the pool")), PlanFact::Escalated];
    assert_snapshot!(told(&after(&draft(Risk::High), &facts)), @"
    ⏳ WAITING · plan-e48063b8 · high risk
    Set reserved concurrency of token-exchange to 20 (90 now)
    on `token-exchange` (AWS::Lambda::Function), in `production`
    What changes
    • `ReservedConcurrentExecutions`: `90` → `20`
    Why
    • E1 `user-pool` left its normal range at 03:13:00 UTC · `GetMetricData`
    • E3 `token-exchange` left its normal range at 03:13:00 UTC · `GetMetricData`
    Risk: 🔴 high: callers beyond the limit are refused; 7 healthy services depend on it
    Cost unknown: no price is configured
    Also happens: Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less to share.
    Blast radius: 3 services suffer now, 7 healthy ones depend on `token-exchange`, 2 are expected back
    Can be undone: the limit before, or none
    Success: faults of `user-pool` fall within 10 min
    Recovers: `user-service` back in ~4 min (80 %), `order-service` back in ~7 min (72 %)
    Asked for by @U0ANN at 03:16:00 UTC. Expires at 03:31:00 UTC.
    Approvals: 1 of 2 needed, from different people, not from who asked.
    Approved by @U0BOB at 03:17:00 UTC (“retries drown the pool”).
    May approve: @S0ONCALL.
    Asked as well at 03:18:00 UTC, since half of its time had gone by: @S0LEADS.
    Nothing happens until enough people approve and somebody presses Execute.
    [Approve] [Reject] [Execute] [Details] [Revoke]
    · INC-7 · `plan-e48063b8d068ea0b` · rests on E1, E3 · nothing was changed yet
    ");
}

/// What is said of a plan once it does not wait any more: all but what it was about.
fn story(status: PlanStatus) -> String {
    let text = told(&life(&draft(Risk::Medium), status, "`lambda:PutFunctionConcurrency` was denied."));
    let lines: Vec<&str> = text.lines().collect();
    let is_common =
        |line: &&str| line.starts_with("Set reserved") || line.starts_with("on ") || line.starts_with("· E");
    lines.into_iter().filter(|line| !is_common(line)).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_state_says_what_happened_and_what_to_do_next() {
    let stories: Vec<String> =
        PlanStatus::ALL.into_iter().filter(|status| *status != PlanStatus::Waiting).map(story).collect();
    assert_snapshot!(stories.join("\n\n"), @"
    ▶️ RUNNING · plan-bd55b776 · medium risk
    @U0EVE had it carried out at 03:25:00 UTC, approved by @U0BOB. I am carrying it out; this message will say how it ends.
    What changes
    • `ReservedConcurrentExecutions`: `90` → `20`
    [Details]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · its target may be changing now

    👀 APPLIED · plan-bd55b776 · medium risk
    @U0EVE had it carried out at 03:18:00 UTC, approved by @U0BOB. It is in force since 03:25:00 UTC. I am watching whether faults of `user-pool` fall within 10 min, until 03:35:00 UTC, and then say KEEP or REVERT.
    What changes
    • `ReservedConcurrentExecutions`: `90` → `20`
    [Undo] [Details]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · what it changed may be in force

    ✅ KEEP · plan-bd55b776 · medium risk
    @U0EVE had it carried out at 03:18:00 UTC, approved by @U0BOB. KEEP: it worked, `user-pool` went from 412 to 3 failed requests a minute.
    What changes
    • `ReservedConcurrentExecutions`: `90` → `20`
    [Undo] [Details]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · what it changed may be in force

    ⚠️ REVERT · plan-bd55b776 · medium risk
    @U0EVE had it carried out at 03:18:00 UTC, approved by @U0BOB. REVERT: it did not help, `user-pool` went from 412 to 420 failed requests a minute, and that was meant to fall. Press Undo to take it back.
    What changes
    • `ReservedConcurrentExecutions`: `90` → `20`
    [Undo] [Details]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · what it changed may be in force

    ⏪ UNDOING · plan-bd55b776 · medium risk
    @U0BOB is having it taken back since 03:25:00 UTC. This message will say how it ends.
    What changes
    • `ReservedConcurrentExecutions`: `90` → `20`
    [Details]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · its target may be changing now

    ↩️ UNDONE · plan-bd55b776 · medium risk
    @U0BOB had it taken back; at 03:25:00 UTC everything was as before.
    [Details] [What can I do]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · what it changed is restored

    ❌ FAILED · plan-bd55b776 · medium risk
    @U0EVE had it carried out at 03:18:00 UTC, approved by @U0BOB. It did not work at 03:25:00 UTC: `lambda:PutFunctionConcurrency` was denied. Nothing was changed; ask what else can be done.
    [Details] [What can I do]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · nothing was changed by it

    🧩 PARTLY FAILED · plan-bd55b776 · medium risk
    @U0EVE had it carried out at 03:18:00 UTC, approved by @U0BOB. It did not work at 03:25:00 UTC: `lambda:PutFunctionConcurrency` was denied. Part of it may be in force: press Undo to restore what can be restored.
    What changes
    • `ReservedConcurrentExecutions`: `90` → `20`
    [Undo] [Details]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · what it changed may be in force

    🆘 UNDO FAILED · plan-bd55b776 · medium risk
    @U0BOB wanted it taken back, and that did not work at 03:25:00 UTC: `lambda:PutFunctionConcurrency` was denied. It may still be in force. Press Undo to try again, or restore `token-exchange` (AWS::Lambda::Function) by hand:
    • `ReservedConcurrentExecutions`: `20` → `90`
    [Undo] [Details]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · what it changed may be in force

    🖐️ LEFT ALONE · plan-3647bed9 · medium risk
    At 03:25:00 UTC its time was over, but somebody else had changed `token-exchange` (AWS::Lambda::Function) meanwhile, so I did nothing. As I left it → as I found it:
    • `ReservedConcurrentExecutions`: `20` → `55`
    Look whether it is as you want it.
    [Details] [What can I do]
    · INC-7 · `plan-3647bed92967519e` · rests on E1, E3 · its target is as somebody else left it

    🚫 REJECTED · plan-bd55b776 · medium risk
    @U0BOB rejected it at 03:25:00 UTC: “`lambda:PutFunctionConcurrency` was denied.”. Ask what else can be done.
    [Details] [What can I do]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · nothing was changed by it

    🗑️ REVOKED · plan-bd55b776 · medium risk
    @U0ANN, who had asked for it, revoked it at 03:25:00 UTC. It can be proposed again.
    [Details] [What can I do]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · nothing was changed by it

    ⌛ EXPIRED · plan-bd55b776 · medium risk
    Its time was over at 03:31:00 UTC before it was executed. That is no rejection: it can be proposed again.
    [Details] [What can I do]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · nothing was changed by it

    ⏭️ SUPERSEDED · plan-bd55b776 · medium risk
    At 03:25:00 UTC the newer plan `plan-00ff00ff` for the same target took its place. Decide about that one.
    [Details] [What can I do]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · nothing was changed by it

    🔀 DRIFTED · plan-bd55b776 · medium risk
    @U0EVE had it carried out at 03:18:00 UTC, approved by @U0BOB. But `token-exchange` (AWS::Lambda::Function) was not any more as the plan had seen it, so I did nothing. Seen → found:
    • `ReservedConcurrentExecutions`: `90` → `55`
    Ask again what can be done.
    [Details] [What can I do]
    · INC-7 · `plan-bd55b7766dfeeb48` · rests on E1, E3 · nothing was changed by it
    ");
}

#[test]
fn the_next_step_comes_first_and_what_hurts_asks_first() {
    let (low, medium, high) = (draft(Risk::Low), draft(Risk::Medium), draft(Risk::High));
    let stops = ReservedConcurrency { function: "token-exchange".to_owned(), executions: 0 };
    let stopping = with_remedy(high.clone(), Remedy::ReservedConcurrency(stops));
    let asked = Plan { approvals: 1, ..low.clone() }.pinned();
    let both = [approved("U0BOB", Some("yes")), approved("U0CYD", Some("yes"))];
    let waiting = [
        ("low", after(&low, &[])),
        ("low, one asked for", after(&asked, &[])),
        ("medium", after(&medium, &[])),
        ("medium, approved", after(&medium, &both[..1])),
        ("high", after(&high, &[])),
        ("high, one approved", after(&high, &both[..1])),
        ("high, approved", after(&high, &both)),
        ("high that stops something", after(&stopping, &[])),
    ];
    let lines = waiting.iter().map(|(name, state)| format!("{name}: {}", buttons(state)));
    let rest = PlanStatus::ALL.into_iter().skip(1);
    let rest = rest.map(|status| format!("{}: {}", status.word(), buttons(&life(&medium, status, "no"))));
    assert_snapshot!(lines.chain(rest).collect::<Vec<_>>().join("\n"), @"
    low: Execute=execute (primary), Reject?=reject (danger), Details=details, Revoke?=revoke
    low, one asked for: Approve=approve (primary), Reject?=reject (danger), Execute=execute, Details=details, Revoke?=revoke
    medium: Approve=approve (primary), Reject?=reject (danger), Execute?=execute, Details=details, Revoke?=revoke
    medium, approved: Execute?=execute (primary), Approve=approve, Reject?=reject (danger), Details=details, Revoke?=revoke
    high: Approve=approve-because (primary), Reject?=reject (danger), Execute?=execute, Details=details, Revoke?=revoke
    high, one approved: Approve=approve-because (primary), Reject?=reject (danger), Execute?=execute, Details=details, Revoke?=revoke
    high, approved: Execute?=execute (primary), Approve=approve-because, Reject?=reject (danger), Details=details, Revoke?=revoke
    high that stops something: Approve=approve-because (primary), Reject?=reject (danger), Execute=execute-named, Details=details, Revoke?=revoke
    being carried out: Details=details
    applied: Undo?=undo (danger), Details=details
    kept: Undo?=undo (danger), Details=details
    doubtful: Undo?=undo (danger), Details=details
    being undone: Details=details
    undone: Details=details, What can I do=fix
    failed: Details=details, What can I do=fix
    partly failed: Undo?=undo (danger), Details=details
    not undone: Undo?=undo (danger), Details=details
    left alone: Details=details, What can I do=fix
    rejected: Details=details, What can I do=fix
    revoked: Details=details, What can I do=fix
    expired: Details=details, What can I do=fix
    superseded: Details=details, What can I do=fix
    drifted: Details=details, What can I do=fix
    ");
}

#[test]
fn what_cannot_be_undone_has_no_undo() {
    let plan = Plan { reversible: false, ..draft(Risk::High) }.pinned();
    for status in [PlanStatus::Applied, PlanStatus::Kept, PlanStatus::Doubtful, PlanStatus::PartlyFailed] {
        let state = life(&plan, status, "no");
        assert!(!buttons(&state).contains("Undo"), "{status:?}");
        assert!(!told(&state).contains("ress Undo"), "{}", told(&state));
    }
    assert!(told(&after(&plan, &[])).contains("Cannot be undone"));
}

#[test]
fn a_timed_plan_says_when_it_undoes_itself() {
    let plan = Plan { undo_after_min: Some(30), ..draft(Risk::Medium) }.pinned();
    for status in [PlanStatus::Applied, PlanStatus::Kept, PlanStatus::Doubtful, PlanStatus::PartlyFailed] {
        assert!(told(&life(&plan, status, "no")).contains("Undoes itself at 03:"), "{status:?}");
    }
    assert!(!told(&life(&plan, PlanStatus::Undone, "no")).contains("Undoes itself"));
}

#[test]
fn who_is_denied_something_later_changes_nothing_of_the_story() {
    let ended = life(&draft(Risk::Medium), PlanStatus::Rejected, "no");
    let denied = PlanFact::Denied { by: id("U0EVE"), act: "undo".to_owned(), because: "juniors watch".to_owned() };
    let later = PlanState::fold(Some(ended.clone()), at(50), &denied).unwrap();
    assert_eq!(told(&later), told(&ended));
    assert_eq!(summary(&with_plans(&[later])), summary(&with_plans(&[ended])));
}

#[test]
fn nobody_is_mentioned_once_it_is_decided() {
    for status in PlanStatus::ALL {
        let text = told(&life(&draft(Risk::Medium), status, "no"));
        assert!(!text.contains("S0ONCALL"), "{status:?}: {text}");
    }
    assert!(told(&after(&draft(Risk::Medium), &[])).contains("S0ONCALL"));
}

#[test]
fn evidence_of_an_older_verdict_is_named_and_not_mixed_up() {
    let plan = draft(Risk::Medium);
    let who = Who { approve: &[], escalate: None };
    assert!(shown(&card(&incident(), &after(&plan, &[]), &who)).contains("left its normal range"));
    let earlier = Plan { proposed_at: at(14), ..plan }.pinned();
    let text = shown(&card(&incident(), &after(&earlier, &[]), &who));
    assert!(!text.contains("left its normal range") && text.contains("rests on E1, E3"), "{text}");
}

#[test]
fn each_state_has_its_own_sign_and_word() {
    let titles: Vec<_> = PlanStatus::ALL.into_iter().map(crate::plan::title).collect();
    let signs: BTreeSet<&str> = titles.iter().map(|(sign, _)| *sign).collect();
    let words: BTreeSet<&str> = titles.iter().map(|(_, word)| *word).collect();
    assert_eq!((signs.len(), words.len()), (PlanStatus::ALL.len(), PlanStatus::ALL.len()));
    for (status, (_, word)) in PlanStatus::ALL.into_iter().zip(titles) {
        assert!(told(&life(&draft(Risk::Medium), status, "no")).lines().next().unwrap().contains(word), "{status:?}");
    }
}

#[test]
fn turning_points_are_told_in_the_thread_and_bookkeeping_is_not() {
    let plan = draft(Risk::High);
    let by = || id("U0BOB");
    let facts = [
        PlanFact::Started { by: by(), approved_by: Vec::new(), needed: 0 },
        PlanFact::Succeeded { after: found() },
        PlanFact::Failed { because: "the function is gone.".to_owned(), partly: false },
        PlanFact::Failed { because: "the function is gone".to_owned(), partly: true },
        PlanFact::Drifted { found: found() },
        PlanFact::Verified { worked: Worked::Keep { before: 412.0, after: 3.0 } },
        PlanFact::Verified { worked: Worked::Revert { before: 412.0, after: 420.0 } },
        PlanFact::Verified { worked: Worked::Unclear },
        PlanFact::UndoFinished,
        PlanFact::UndoFailed { because: "access was denied".to_owned() },
        PlanFact::LeftAlone { found: found() },
        PlanFact::Expired,
        PlanFact::Escalated,
        PlanFact::Rejected { by: by(), reason: Some("too risky at night".to_owned()) },
    ];
    let told: Vec<String> = facts.iter().map(|fact| line(&plan, fact, Some("<!subteam^S0LEADS>")).unwrap()).collect();
    assert_snapshot!(told.join("\n"), @"
    ▶️ *RUNNING* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): <@U0BOB> has it carried out now.
    👀 *APPLIED* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): it is in force; I am watching whether faults of `user-pool` fall within 10 min.
    ❌ *FAILED* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): the function is gone. Nothing was changed; ask what else can be done.
    🧩 *PARTLY FAILED* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): the function is gone. Part of it may be in force: press *Undo* to restore what can be restored.
    🔀 *DRIFTED* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): `token-exchange` (AWS::Lambda::Function) was not any more as the plan had seen it, so I did nothing. Seen → found:
    • `ReservedConcurrentExecutions`: `90` → `55`
    Ask again what can be done.
    ✅ *KEEP* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): it worked, `user-pool` went from 412 to 3 failed requests a minute.
    ⚠️ *REVERT* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): it did not help, `user-pool` went from 412 to 420 failed requests a minute, and that was meant to fall. Press *Undo* to take it back.
    👀 *APPLIED* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): whether it worked could not be measured, so somebody has to look. Keep it, or press *Undo*.
    ↩️ *UNDONE* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): everything is as before.
    🆘 *UNDO FAILED* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): access was denied. It may still be in force. Press *Undo* to try again, or restore `token-exchange` (AWS::Lambda::Function) by hand:
    • `ReservedConcurrentExecutions`: `20` → `90`
    🖐️ *LEFT ALONE* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): its time was over, but somebody else had changed its target meanwhile, so I did nothing.
    ⌛ *EXPIRED* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): nobody executed it in time, so nothing was changed.
    ⏰ <!subteam^S0LEADS>: half of its time went by without enough approvals · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): it expires at <!date^1795145460^{time_secs}|03:31:00 UTC>.
    🚫 *REJECTED* · Set reserved concurrency of token-exchange to 20 (90 now) (`plan-e48063b8`): by <@U0BOB>: “too risky at night”
    ");
    let quiet = [
        PlanFact::Proposed { plan: Box::new(plan.clone()) },
        approved("U0BOB", None),
        PlanFact::Withdrawn { by: by() },
        PlanFact::Revoked { by: by() },
        PlanFact::Denied { by: by(), act: "execute".to_owned(), because: "no".to_owned() },
        PlanFact::Superseded { by: plan.id.clone() },
        PlanFact::UndoStarted { by: UndoneBy::Time },
    ];
    for fact in quiet {
        assert_eq!(line(&plan, &fact, None), None, "{fact:?}");
    }
}

#[test]
fn details_tell_everything_and_all_that_happened() {
    let plan = draft(Risk::Medium);
    let denied = PlanFact::Denied { by: id("U0JIM"), act: "execute".to_owned(), because: "juniors watch".to_owned() };
    let started = PlanFact::Started { by: id("U0EVE"), approved_by: vec![id("U0BOB")], needed: 1 };
    let facts = [
        approved("U0CYD", None),
        PlanFact::Withdrawn { by: id("U0CYD") },
        denied,
        approved("U0BOB", Some("do it")),
        started,
        PlanFact::Succeeded { after: found() },
        PlanFact::Verified { worked: Worked::Keep { before: 412.0, after: 3.0 } },
    ];
    assert_snapshot!(shown(&details(&after(&plan, &facts))), @"
    INC-7 · all of plan-bd55b776
    Set reserved concurrency of token-exchange to 20 (90 now)
    Exactly
    • plan: `plan-bd55b7766dfeeb48`
    • remedy: `reserved-concurrency`
    • `function`: `token-exchange`
    • `executions`: `20`
    • target: `token-exchange` (AWS::Lambda::Function)
    • service: `token-exchange` in `production`
    • Can be undone: the limit before, or none
    • success: faults of `user-pool` fall within 10 min
    What was seen
    • `ReservedConcurrentExecutions`: `90`
    • `account_unreserved`: `400`
    • its revision: `r41`
    What its target becomes
    • `ReservedConcurrentExecutions`: `20`
    • `account_unreserved`: `400`
    What it rests on
    • evidence: E1, E3
    • risk: 🟡 medium: callers beyond the limit are refused; 7 healthy services depend on it
    • Cost unknown: no price is configured
    • needs: one approval for its risk; the policies asked for 0 when it was made
    • asked for by @U0ANN at 03:16:00 UTC, expires at 03:31:00 UTC
    Forecast
        service             back after  likely
        user-service            ~4 min    80 %
        order-service           ~7 min    72 %
    What happened
    03:16:00 UTC  @U0ANN asked for it
    03:17:00 UTC  @U0CYD approved it
    03:18:00 UTC  @U0CYD withdrew their approval
    03:19:00 UTC  @U0JIM wanted to execute it and may not: juniors watch
    03:20:00 UTC  @U0BOB approved it: “do it”
    03:21:00 UTC  @U0EVE had it carried out; approved by @U0BOB (1 needed)
    03:22:00 UTC  the effect was there (`ReservedConcurrentExecutions` = `55`)
    03:23:00 UTC  it was looked at: KEEP
    · ✅ KEEP · only you see this · nothing was changed by asking
    ");
    assert!(shown(&details(&after(&plan, &facts[..1]))).contains("[Withdraw my approval]"));
}

#[test]
fn a_long_history_is_cut_in_its_middle() {
    let plan = draft(Risk::Medium);
    let denied = PlanFact::Denied { by: id("U0JIM"), act: "execute".to_owned(), because: HOSTILE.repeat(20) };
    let state = after(&plan, &vec![denied; 90]);
    let message = details(&state);
    keeps_limits(&message);
    let text = shown(&message);
    assert!(text.contains("U0ANN asked for it") && text.contains("… 51 more …"), "{text}");
}

fn second(minute: i64) -> Plan {
    let source = EventSource { mapping: "0f1e2d3c-0000-4000-8000-00000000000a".to_owned(), enabled: false };
    let plan = with_remedy(draft(Risk::High), Remedy::EventSource(source));
    Plan { proposed_at: at(minute), ..plan }.pinned()
}

#[test]
fn the_card_of_the_incident_tells_what_is_being_done() {
    assert_eq!(summary(&incident()), None);
    assert!(!shown(&incident_card(&incident())).contains("What is being done"));
    let timed = Plan { undo_after_min: Some(60), ..draft(Risk::Low) }.pinned();
    let states = [
        life(&draft(Risk::Medium), PlanStatus::Rejected, "no"),
        life(&second(15), PlanStatus::Drifted, "no"),
        life(&timed, PlanStatus::Applied, "no"),
        after(&second(16), &[]),
    ];
    let incident = with_plans(&states);
    assert_snapshot!(summary(&incident).unwrap(), @"
    • ⏳ Pause event source mapping 0f1e2d3c-0000-4000-8000-00000000000a: *waits for 2 approvals*, expires <!date^1795145460^{time_secs}|03:31:00 UTC> (`plan-49686e95`)
    • 👀 Set reserved concurrency of token-exchange to 20 (90 now): applied, I am watching until <!date^1795145700^{time_secs}|03:35:00 UTC>, undoes itself at <!date^1795148700^{time_secs}|04:25:00 UTC> (`plan-f16deb81`)
    • 🔀 Pause event source mapping 0f1e2d3c-0000-4000-8000-00000000000a: drifted at <!date^1795145100^{time_secs}|03:25:00 UTC> (`plan-63c3722e`)
    ");
    let card = shown(&incident_card(&incident));
    let place = |words: &str| card.find(words).unwrap();
    assert!(place("What caused it") < place("What is being done"));
    assert!(place("What is being done") < place("What it hits next"));
    assert!(card.contains("[What can I do]"), "{card}");
}

#[test]
fn of_many_plans_three_are_told_and_the_open_ones_counted() {
    let waiting: Vec<PlanState> = (10..15).map(|minute| after(&second(minute), &[])).collect();
    let told = summary(&with_plans(&waiting)).unwrap();
    assert!(told.lines().count() == 4 && told.ends_with("• and 2 more plans"), "{told}");
}

/// A plan in which everything that others wrote makes trouble.
fn hostile(risk: Risk, words: &str) -> Plan {
    let remedy = ReservedConcurrency { function: words.to_owned(), executions: 20 };
    let plan = Plan {
        service: ServiceId::new(words),
        environment: words.to_owned(),
        risk_reasons: vec![RiskReason::Remedy(words.to_owned()), RiskReason::FailedBefore { times: 2 }],
        saw: Reading { settings: settings(&[("Executions", words), (words, "1")]), revision: Some(words.to_owned()) },
        wants: settings(&[("Executions", "20")]),
        forecast: vec![Return { service: service(words), after_min: 0.2, probability: 1.0 }; 40],
        evidence: (0..300).map(EvidenceId).collect(),
        ..draft(risk)
    };
    with_remedy(plan, Remedy::ReservedConcurrency(remedy))
}

#[track_caller]
fn check_hostile(risk: Risk, status: PlanStatus, words: &str) {
    let plan = hostile(risk, words);
    let state = life(&plan, status, words);
    let approve = ["anybody here".to_owned()];
    let incident = with_plans(std::slice::from_ref(&state));
    let messages = [
        card(&incident, &state, &Who { approve: &approve, escalate: None }),
        details(&state),
        incident_card(&incident),
    ];
    for message in &messages {
        keeps_limits(message);
    }
    let lines = state.history().iter().filter_map(|told| line(&plan, &told.fact, None));
    for text in messages.iter().flat_map(marked_up).chain(lines) {
        is_harmless(&text);
    }
}

#[test]
fn whatever_others_wrote_every_state_keeps_the_limits_and_nothing_is_markup() {
    for status in PlanStatus::ALL {
        for risk in Risk::ALL {
            check_hostile(risk, status, HOSTILE);
        }
        check_hostile(Risk::High, status, &HOSTILE.repeat(50));
        check_hostile(Risk::Medium, status, &"🚨".repeat(2000));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_words_keep_the_limits(words in "\\PC{0,200}|[*_~`<>&|\n a]{0,80}", status in 0..PlanStatus::ALL.len()) {
        check_hostile(Risk::High, PlanStatus::ALL[status], &words);
    }
}
