//! What is said of a plan in plain words: what it states of itself, and what a model makes of that.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use insta::assert_snapshot;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::sync::Arc;
use tests::remedies::{REMEDIES, proposal, remedy, world};
use tests::speaker::{Speaker, calls, last_words, tells};
use tests::{Room, run_test_under};
use tools::capsule::Levers;
use tools::language::{Prompt, Reply, Toolset};
use tools::model::{EvidenceId, IncidentId, Return, ServiceId};
use tools::narrate::plan::{holds, statements};
use tools::narrate::{Sentence, Trial, trial_of_plan};
use tools::recovery::plan::Plan;
use tools::recovery::policy::PersonId;
use tools::recovery::propose::{LIFETIME, pin};

/// A plan of every remedy of the catalogue.
async fn plans() -> Vec<Plan> {
    let world = Arc::new(world());
    let (levers, now) = (Levers::of(&world, &[]), world.window.to);
    let mut plans = Vec::new();
    for (number, json) in (0..).zip(REMEDIES) {
        let mut proposal = proposal(&remedy(json), &levers, now).await;
        // Some are expected to help others.
        if number % 2 == 0 {
            let back = |service: &str, after_min, probability| Return {
                service: ServiceId::new(service),
                after_min,
                probability,
            };
            proposal.recovery.returns = vec![back("user-pool", 2.6, 0.82), back("orders-api", 7.2, 0.6)];
        }
        let approvals = number % 3;
        plans.push(pin(&proposal, IncidentId(1), PersonId("U1".to_owned()), approvals, now, LIFETIME).unwrap());
    }
    plans
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "the whole catalogue")]
async fn every_remedy_states_itself() {
    let mut all = String::new();
    for plan in plans().await {
        for statement in statements(&plan) {
            let _ = writeln!(all, "{} {}", statement.id, statement.text);
        }
        all.push('\n');
    }
    assert_snapshot!(all, @r#"
    E1 For `token-exchange`: raise the log level of reports from INFO to DEBUG for 30 minutes.
    E2 `ApplicationLogLevel` is not set now, and becomes `DEBUG`.
    E3 Its risk is low.
    E4 Its risk comes from this: it changes what is written down, and takes itself back.
    E5 It costs nothing worth stating.
    E6 It comes with this: more lines are written and billed, and what is logged at these levels may hold personal data.
    E7 It comes with this: its warm environments are replaced, so some requests start cold.
    E8 It undoes itself after 30 min.
    E9 Nothing measures whether it is a success, so somebody has to look.
    E10 `user-pool` is expected to recover within 3 min, 82 % likely.
    E11 `orders-api` is expected to recover within 7 min, 60 % likely.
    E12 It needs no approval.
    E13 It expires at 04:27 UTC.

    E1 For `token-exchange`: trace 20 % of the requests of sampling rule Default for 30 minutes.
    E2 `FixedRate` goes from `0.05` to `0.2`.
    E3 Its risk is low.
    E4 Its risk comes from this: it changes what is recorded, and takes itself back.
    E5 It costs nothing worth stating.
    E6 It comes with this: more traces are recorded and billed, by every service whose requests match the rule.
    E7 It comes with this: programs take it up within a minute or so.
    E8 It undoes itself after 30 min.
    E9 Nothing measures whether it is a success, so somebody has to look.
    E10 It needs 1 approval, not from who asked.
    E11 It expires at 04:27 UTC.

    E1 For `token-exchange`: mute the alarm prod-orders-api-5xx for 60 minutes.
    E2 `AlarmNames` is not set now, and becomes `["prod-orders-api-5xx"]`.
    E3 `Duration` is not set now, and becomes `PT60M`.
    E4 Its risk is low.
    E5 Its risk comes from this: it changes who is told, and takes itself back.
    E6 It costs nothing worth stating.
    E7 It comes with this: these alarms tell nobody while it lasts, not even about another trouble.
    E8 It comes with this: they still change state, and Clarity still sees it.
    E9 It undoes itself after 60 min.
    E10 Nothing measures whether it is a success, so somebody has to look.
    E11 `user-pool` is expected to recover within 3 min, 82 % likely.
    E12 `orders-api` is expected to recover within 7 min, 60 % likely.
    E13 It needs 2 approvals from different people, not from who asked.
    E14 It expires at 04:27 UTC.

    E1 For `token-exchange`: capture an evidence capsule of the last 90 minutes.
    E2 `Captures` goes from `0` to `1`.
    E3 Its risk is low.
    E4 Its risk comes from this: it only reads.
    E5 It costs nothing worth stating.
    E6 It comes with this: metrics, logs and traces are read once more, which AWS bills by the request.
    E7 It comes with this: the file holds what was logged, personal data included.
    E8 It can be undone.
    E9 Nothing measures whether it is a success, so somebody has to look.
    E10 It needs no approval.
    E11 It expires at 04:27 UTC.

    E1 For `token-exchange`: keep 40 environments of token-exchange:live warm.
    E2 `ProvisionedConcurrentExecutions` is not set now, and becomes `40`.
    E3 Its risk is medium.
    E4 Its risk comes from this: it is paid for whether it is used or not.
    E5 What it costs is not known.
    E6 It comes with this: it is paid for by the hour whether it is used or not, and it takes minutes until all are warm.
    E7 It comes with this: other functions have that much less concurrency to share.
    E8 It can be undone.
    E9 It counts as a success if latency of `user-pool` goes down within 10 min.
    E10 `user-pool` is expected to recover within 3 min, 82 % likely.
    E11 `orders-api` is expected to recover within 7 min, 60 % likely.
    E12 It needs 1 approval, not from who asked.
    E13 It expires at 04:27 UTC.

    E1 For `token-exchange`: set reserved concurrency of token-exchange to 0.
    E2 `ReservedConcurrentExecutions` is not set now, and becomes `0`.
    E3 Its risk is high.
    E4 Its risk comes from this: it stops every version.
    E5 It costs nothing worth stating.
    E6 It comes with this: callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue.
    E7 It comes with this: 0 stops every version.
    E8 It comes with this: the account has that much less to share.
    E9 It can be undone.
    E10 It counts as a success if requests of `user-pool` go down within 5 min.
    E11 It needs 2 approvals from different people, not from who asked.
    E12 It expires at 04:27 UTC.

    E1 For `token-exchange`: pause event source mapping 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9.
    E2 `State` goes from `Enabled` to `Disabled`.
    E3 Its risk is medium.
    E4 Its risk comes from this: nothing that waits is handled meanwhile.
    E5 It costs nothing worth stating.
    E6 It comes with this: while paused, messages wait where they are, and those older than the retention of the queue or stream are lost.
    E7 It comes with this: resumed, what has waited comes at once.
    E8 It can be undone.
    E9 It counts as a success if requests of `user-pool` go down within 5 min.
    E10 `user-pool` is expected to recover within 3 min, 82 % likely.
    E11 `orders-api` is expected to recover within 7 min, 60 % likely.
    E12 It needs 1 approval, not from who asked.
    E13 It expires at 04:27 UTC.

    E1 For `token-exchange`: disable rule nightly of bus default.
    E2 `State` goes from `ENABLED` to `DISABLED`.
    E3 Its risk is medium.
    E4 Its risk comes from this: events that it would have handed on are lost.
    E5 It costs nothing worth stating.
    E6 It comes with this: events that come while it is disabled are not handed on later, unless an archive keeps them; a schedule does not catch up.
    E7 It can be undone.
    E8 It counts as a success if requests of `user-pool` go down within 5 min.
    E9 It needs 1 approval, not from who asked.
    E10 It expires at 04:27 UTC.

    E1 For `token-exchange`: roll token-exchange:live back from version 118 to version 117.
    E2 `FunctionVersion` goes from `118` to `117`.
    E3 Its risk is medium.
    E4 Its risk comes from this: it changes the code that runs.
    E5 It costs nothing worth stating.
    E6 It comes with this: all of its requests run the earlier code and configuration at once, and the first of them start cold.
    E7 It comes with this: a deployment that is shifting traffic is cut short.
    E8 It comes with this: what the newer version has written stays.
    E9 It can be undone.
    E10 It counts as a success if faults of `user-pool` go down within 10 min.
    E11 `user-pool` is expected to recover within 3 min, 82 % likely.
    E12 `orders-api` is expected to recover within 7 min, 60 % likely.
    E13 It needs 2 approvals from different people, not from who asked.
    E14 It expires at 04:27 UTC.

    E1 For `token-exchange`: replay archive logins to bus auth from 2026-11-20T02:00:00Z to 2026-11-20T03:00:00Z.
    E2 `ReplayName` is not set now, and becomes `clarity-19a75123f6f01392`.
    E3 Its risk is high.
    E4 Its risk comes from this: what was handled before is handled again, and that cannot be undone.
    E5 Its risk comes from this: it cannot be taken back.
    E6 What it costs is not known.
    E7 It comes with this: whatever matches is handled again: who has handled these events before does so twice, unless they know them by their ids.
    E8 It comes with this: every rule of the bus sees them, and their order is not kept.
    E9 It comes with this: replayed events are billed.
    E10 It cannot be undone.
    E11 It counts as a success if requests of `user-pool` go up within 15 min.
    E12 It needs 2 approvals from different people, not from who asked.
    E13 It expires at 04:27 UTC.

    E1 For `token-exchange`: raise table sessions: ReadCapacityUnits to 50.
    E2 `ReadCapacityUnits` goes from `10` to `50`.
    E3 Its risk is medium.
    E4 Its risk comes from this: units are paid for whether they are used or not.
    E5 What it costs is not known.
    E6 It comes with this: provisioned units are paid for by the hour whether they are used or not.
    E7 It comes with this: lowering them again counts against the few decreases that AWS allows a day.
    E8 It comes with this: one hot key is not helped.
    E9 It can be undone.
    E10 It counts as a success if faults of `user-pool` go down within 10 min.
    E11 `user-pool` is expected to recover within 3 min, 82 % likely.
    E12 `orders-api` is expected to recover within 7 min, 60 % likely.
    E13 It needs 1 approval, not from who asked.
    E14 It expires at 04:27 UTC.

    E1 For `token-exchange`: roll service checkout of cluster shop back from checkout:42 to checkout:41.
    E2 `TaskDefinition` goes from `checkout:42` to `checkout:41`.
    E3 Its risk is medium.
    E4 Its risk comes from this: it changes the code that runs.
    E5 What it costs is not known.
    E6 It comes with this: all of its tasks are replaced, a few at a time, by ones with the earlier image and configuration.
    E7 It comes with this: a deployment that is going on is cut short.
    E8 It comes with this: what the newer tasks have written stays.
    E9 It can be undone.
    E10 It counts as a success if faults of `user-pool` go down within 15 min.
    E11 It needs 2 approvals from different people, not from who asked.
    E12 It expires at 04:27 UTC.

    E1 For `token-exchange`: set the count of service checkout of cluster shop to 6.
    E2 `DesiredCount` goes from `4` to `6`.
    E3 Its risk is medium.
    E4 Its risk comes from this: more tasks are paid for, and load what the service calls.
    E5 What it costs is not known.
    E6 It comes with this: more tasks open more connections to whatever the service calls.
    E7 It comes with this: fewer share the same load.
    E8 It comes with this: 0 stops the service.
    E9 It comes with this: autoscaling, where there is any, goes on from the new count.
    E10 It can be undone.
    E11 It counts as a success if latency of `user-pool` goes down within 15 min.
    E12 `user-pool` is expected to recover within 3 min, 82 % likely.
    E13 `orders-api` is expected to recover within 7 min, 60 % likely.
    E14 It needs 1 approval, not from who asked.
    E15 It expires at 04:27 UTC.

    E1 For `token-exchange`: run runbook flush.
    E2 `LastInput` is not set now, and becomes `{}`.
    E3 `Runs` goes from `0` to `1`.
    E4 Its risk is low.
    E5 Its risk comes from this: its declaration says so.
    E6 What it costs is not known.
    E7 It comes with this: whatever the runbook does: its declaration says what that is.
    E8 It can be undone.
    E9 Nothing measures whether it is a success, so somebody has to look.
    E10 It needs 1 approval, not from who asked.
    E11 It expires at 04:27 UTC.
    "#);
}

/// No false sentence is kept, 95 % of the true ones are.
#[tokio::test]
async fn the_bars_hold_on_every_plan() {
    let mut trial = Trial::default();
    for plan in plans().await {
        trial.join(trial_of_plan(&plan));
    }
    let total = trial.total();
    assert!(total.true_all >= 500 && total.false_all >= 2000, "{trial}");
    assert!(trial.is_good(), "{trial}\nfooled: {:#?}\nlost: {:#?}", trial.fooled, trial.lost);
}

#[tokio::test]
async fn a_sentence_says_no_more_than_the_plan() {
    let plan = plans().await.remove(9);
    let stated = statements(&plan);
    let id = |part: &str| stated.iter().find(|statement| statement.text.contains(part)).unwrap().id;
    let check = |text: &str, cited: &[EvidenceId], expected: bool| {
        let told = holds(&Sentence::new(text, cited.iter().copied()), &stated);
        assert_eq!(told.is_ok(), expected, "{text}: {told:?}");
    };
    let (risk, undo, expires) = (id("Its risk is"), id("It cannot be undone"), id("expires"));
    check("The risk of this plan is high.", &[risk], true);
    check("Its risk is high, and it cannot be undone.", &[risk, undo], true);
    check("It cannot be undone, its risk is high.", &[risk, undo], true);
    check("Its risk is high.", &[risk, undo], false);
    check("Its risk is low.", &[risk], false);
    check("It can be undone.", &[undo], false);
    check("It cannot not be undone.", &[undo], false);
    check("Its risk is not high.", &[risk], false);
    check("Its risk is high.", &[], false);
    check("Its risk is high.", &[EvidenceId(999)], false);
    check("", &[risk], false);
    check("Its risk is high. Approve now!", &[risk], false);
    check("Its risk is high <https://example.com|here>.", &[risk], false);
    check("It expires at 03:00 UTC.", &[expires], false);
    check(&"It cannot be undone. ".repeat(30), &[undo], false);
}

/// What a prompt about a plan states, by what it says.
fn stated(prompt: &Prompt) -> Vec<(String, String)> {
    let words = last_words(prompt);
    let claims = words.split_once("<claims>\n").unwrap().1.split_once("\n</claims>").unwrap().0;
    let claims: Vec<Value> = serde_json::from_str(claims).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    claims.iter().map(|claim| (text(&claim["id"]), text(&claim["says"]))).collect()
}

fn about_plans(says: impl Fn(&[(String, String)]) -> Reply + Send + Sync + 'static) -> Arc<Speaker> {
    Speaker::new(move |prompt| Ok(if prompt.toolset == Toolset::Recovery { says(&stated(prompt)) } else { tells(&[]) }))
}

fn plan_message(room: &Room) -> String {
    let posts = room.stage.workspace.posts();
    let post = posts.iter().rev().find(|post| post.thread_ts.is_some() && post.body.to_string().contains("WAITING"));
    blocks::text::message(&post.unwrap().body, &|_| None)
}

#[tokio::test]
async fn a_model_explains_a_plan_with_what_it_states() {
    let speaker = about_plans(|stated| {
        let of = |part: &str| stated.iter().find(|(_, text)| text.contains(part)).unwrap().clone();
        let (does, risk) = (of("For `"), of("Its risk"));
        let sentences = json!([
            {"text": does.1, "evidence": [does.0]},
            {"text": format!("This is a plan whose risk is nothing to speak of."), "evidence": [risk.0]},
            {"text": risk.1.replace("Its risk", "The risk of this plan"), "evidence": [risk.0]},
        ]);
        calls("tell", json!({ "sentences": sentences }))
    });
    run_test_under(speaker.house(), async |room| {
        room.floods_and_mina_proposes().await;
        room.wait(10).await;
        let told = plan_message(room);
        let plainly = told.lines().skip_while(|line| *line != "In plain words").nth(1).unwrap().to_owned();
        assert_snapshot!(plainly, @"For `token-exchange`: set reserved concurrency of token-exchange to 2. The risk of this plan is medium.");
        let incident = room.incidents().await.remove(0);
        assert_eq!(incident.dropped_sentences, 1);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn whatever_a_model_makes_of_a_plan_the_plan_stays_what_it_is() {
    let lies = |stated: &[(String, String)]| {
        let id = stated[0].0.as_str();
        let all: Vec<Value> = [
            "It is safe, approve it now.",
            "Its risk is low.",
            "It sets reserved concurrency of token-exchange to 900.",
            "For `billing-export`: set reserved concurrency of token-exchange to 12.",
            "<!channel> press Execute",
            "See https://example.com/approve for more.",
            "It needs no approval.",
        ]
        .iter()
        .map(|text| json!({"text": text, "evidence": [id]}))
        .collect();
        calls("tell", json!({ "sentences": all }))
    };
    let speaker = about_plans(lies);
    run_test_under(speaker.house(), async |room| {
        room.floods_and_mina_proposes().await;
        room.wait(10).await;
        assert!(!plan_message(room).contains("In plain words"));
        let incident = room.incidents().await.remove(0);
        assert_eq!(incident.dropped_sentences, 7);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_model_that_is_down_leaves_a_plan_as_it_is() {
    let speaker = Speaker::new(|_| Err(tools::language::Failure::TooSlow));
    run_test_under(speaker.house(), async |room| {
        room.floods_and_mina_proposes().await;
        room.wait(10).await;
        let told = plan_message(room);
        assert!(!told.contains("In plain words") && told.contains("Risk:"), "{told}");
        room.skims();
    })
    .await;
}
