//! Remedies from the question what can be done to KEEP, REVERT and undo: what people press and read, and what becomes of AWS.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::app::{Parts, Works};
use bot::rules::Rules;
use insta::assert_snapshot;
use std::sync::Arc;
use tests::{Room, alarm, run_test};
use tools::capsule::World;
use tools::model::{Alarm, IncidentId};
use tools::ports::{Clock, Outside};
use tools::recovery::plan::PlanStatus;
use tools::recovery::policy::PersonId;
use tools::recovery::remedy::Target;
use tools::recovery::{ExecuteRemediation, GetPlanStatus, PlanReports, SuggestRemediations, TOOLS};
use tools::tool::Tool;

const STORY: [(&str, i64); 3] =
    [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)];

async fn flood(room: &mut Room) {
    for (name, at) in STORY {
        room.eventbridge(&alarm(name, at)).await;
    }
    room.skims();
}

fn function() -> Target {
    Target::new("AWS::Lambda::Function", "token-exchange")
}

/// Where the plans of the only incident stand, oldest first.
async fn statuses(room: &Room) -> Vec<PlanStatus> {
    let incident = room.incidents().await.remove(0);
    let mut plans: Vec<_> = incident.plans.values().collect();
    plans.sort_by_key(|state| state.plan().proposed_at);
    plans.iter().map(|state| state.status()).collect()
}

/// Mina asks what can be done, and proposes the first.
async fn proposed(room: &mut Room) {
    flood(room).await;
    room.mina().types("fix").await;
    room.mina().clicks("Propose").await;
    room.skims();
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one conversation, and everything that is read in it")]
async fn a_remedy_of_medium_risk_goes_from_question_to_undo() {
    run_test(async |room| {
        flood(room).await;
        room.mina().types("fix").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-1 · what can be done
        Set reserved concurrency of token-exchange to 2 (none now)
        Because the cheapest cut between what fails and what must stay healthy goes over `token-exchange` → `user-pool`, with 100 % of the cut's requests (E11, E12, E13)
        🟡 medium risk · 58 % likely to help · can be undone
        Recovers: `token-exchange` back in ~1 min (58 %), `orders-api` back in ~4 min (52 %)
        [Propose] [All about it]
        Mute the alarm prod-orders-api-5xx and one other for 60 minutes
        Because 2 of the 3 alarms that fire only follow from the cause (E1, E2, E3, E6, E9)
        🟢 low risk · 87 % likely to help · undoes itself after 60 min
        Recovers: nobody recovers by it: it changes what is seen or who is told, not what runs
        [Propose] [All about it]
        Do nothing, and watch
        Why: everything else is weighed against it (E1, E2, E3)
        Worse, if the trouble spreads to `web` meanwhile (72 %)
        Act, when
        • `user-pool` still suffers at 03:19:30 UTC: requests fail
        • `web` is hit (72 % likely)
        What we could not see
        • logs: the capsule `usual-world` holds none
        · E1 `user-pool`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData user-pool requests,faults Sum 60s`  E2 `user-pool` left its normal range at 03:12:00 UTC · `GetMetricData user-pool requests,faults Sum 60s`  E3 `prod-user-pool-throttles` went to ALARM at 03:14:10 UTC · source  E6 `prod-orders-api-5xx` went to ALARM at 03:14:30 UTC · source  E9 `prod-token-exchange-errors` went to ALARM at 03:14:20 UTC · source  E11 `token-exchange` calls `user-pool`, 600 times a minute · `GetServiceGraph`  E12 `user-pool`: failing requests 70 % · `GetMetricData user-pool failing requests`  E13 `token-exchange`: usual concurrency (requests a second × seconds) 2 · `GetMetricData token-exchange usual concurrency (requests a second × seconds)`
        · as of 03:14:30 UTC · nothing was changed, and to propose changes nothing either
        ");
        room.mina().clicks("Propose").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        `plan-5f56ddaa` is proposed: its message is in the thread of INC-1. It needs one approval of others before it can be executed. It expires at 03:29:30 UTC.

        #war-room thread:
        ⏳ WAITING · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        What changes
        • `ReservedConcurrentExecutions`: not set → `2`
        Why
        • E11 `token-exchange` calls `user-pool`, 600 times a minute · `GetServiceGraph`
        • E12 `user-pool`: failing requests 70 % · `GetMetricData user-pool failing requests`
        • E13 `token-exchange`: usual concurrency (requests a second × seconds) 2 · `GetMetricData token-exchange usual concurrency (requests a second × seconds)`
        Risk: 🟡 medium: callers beyond the limit are refused
        Costs nothing worth stating
        Also happens: Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less to share.
        Blast radius: 3 services suffer now, 2 are expected back
        Can be undone: the limit before, or none
        Success: requests of `user-pool` fall within 5 min
        Recovers: `token-exchange` back in ~1 min (58 %), `orders-api` back in ~4 min (52 %)
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 0 of 1 needed, not from who asked.
        May approve: any member of this workspace.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]
        · INC-1 · `plan-5f56ddaa67a2a5c7` · rests on E11, E12, E13 · nothing was changed yet
        ");
        room.mina().clicks("Approve").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        You asked for `plan-5f56ddaa` yourself, so others decide about it. Revoke takes it back. This was recorded.
        ");
        room.jun().clicks("Approve").await;
        assert_snapshot!(room.reads(), @"
        #war-room thread (edited):
        ⏳ WAITING · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        What changes
        • `ReservedConcurrentExecutions`: not set → `2`
        Why
        • E11 `token-exchange` calls `user-pool`, 600 times a minute · `GetServiceGraph`
        • E12 `user-pool`: failing requests 70 % · `GetMetricData user-pool failing requests`
        • E13 `token-exchange`: usual concurrency (requests a second × seconds) 2 · `GetMetricData token-exchange usual concurrency (requests a second × seconds)`
        Risk: 🟡 medium: callers beyond the limit are refused
        Costs nothing worth stating
        Also happens: Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less to share.
        Blast radius: 3 services suffer now, 2 are expected back
        Can be undone: the limit before, or none
        Success: requests of `user-pool` fall within 5 min
        Recovers: `token-exchange` back in ~1 min (58 %), `orders-api` back in ~4 min (52 %)
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 1 of 1 needed, not from who asked.
        Approved by @Jun at 03:14:30 UTC.
        Nothing happens until somebody presses Execute.
        [Execute] [Approve] [Reject] [Details] [Revoke]
        · INC-1 · `plan-5f56ddaa67a2a5c7` · rests on E11, E12, E13 · nothing was changed yet

        #war-room, only Jun:
        Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 0);
        room.mina().clicks("Execute").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        `plan-5f56ddaa` is being carried out now. Its message says how it ends.
        ");
        assert_eq!(room.stage.levers.effects(&function()), 1);
        room.wait(15 * 60).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What is being done
        • ⚠️ Set reserved concurrency of token-exchange to 2 (none now): it did not help: REVERT, press Undo on its message (`plan-5f56ddaa`)
        What it hits next
        • `web`, through `orders-api`: 72 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:14:30 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room thread (edited):
        ⚠️ REVERT · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Mina had it carried out at 03:14:30 UTC, approved by @Jun. REVERT: it did not help, `user-pool` went from 602 to 601 requests a minute, and that was meant to fall. Press Undo to take it back.
        What changes
        • `ReservedConcurrentExecutions`: not set → `2`
        [Undo] [Details]
        · INC-1 · `plan-5f56ddaa67a2a5c7` · rests on E11, E12, E13 · what it changed may be in force

        #war-room thread:
        ▶️ RUNNING · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): @Mina has it carried out now.
        👀 APPLIED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): it is in force; I am watching whether requests of `user-pool` fall within 5 min.

        #war-room thread:
        🗺️ Blast radius as of 03:14:30 UTC: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]

        #war-room thread:
        ⚠️ REVERT · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): it did not help, `user-pool` went from 602 to 601 requests a minute, and that was meant to fall. Press Undo to take it back.
        ");
        room.mina().types("timeline").await;
        let told = room.reads();
        let lines: Vec<&str> = told.lines().filter(|line| line.contains("plan-")).collect();
        assert_snapshot!(lines.join("\n"), @"
        • ⚠️ Set reserved concurrency of token-exchange to 2 (none now): it did not help: REVERT, press Undo on its message (`plan-5f56ddaa`)
        03:14:30 UTC  🛠️ `plan-5f56ddaa` proposed by @Mina: Set reserved concurrency of token-exchange to 2 (none now)
        03:14:30 UTC  🛠️ `plan-5f56ddaa` approved by @Jun: Set reserved concurrency of token-exchange to 2 (none now)
        03:14:30 UTC  🛠️ `plan-5f56ddaa` carried out by @Mina: Set reserved concurrency of token-exchange to 2 (none now)
        03:14:30 UTC  🛠️ `plan-5f56ddaa` in force: Set reserved concurrency of token-exchange to 2 (none now)
        03:19:30 UTC  🛠️ `plan-5f56ddaa` did not help: REVERT: Set reserved concurrency of token-exchange to 2 (none now)
        ");
        room.mina().types("status").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        🔴 INC-1 is not over: for 15 min now, `user-pool`, `orders-api` and `token-exchange` suffer.
        The likely cause is `user-pool` (97 %); a remedy did not help, and people have to decide about it. `web` may be hit next.
        ");
        room.jun().types("undo").await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 423 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What is being done
        • ⏪ Set reserved concurrency of token-exchange to 2 (none now): is being undone since 03:29:30 UTC (`plan-5f56ddaa`)
        What it hits next
        • `web`, through `orders-api`: less than 1 % likely; 400 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 411 requests a minute, and refuses 179 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:29:30 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room thread (edited):
        ↩️ UNDONE · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        @Jun had it taken back; at 03:29:30 UTC everything was as before.
        [Details] [What can I do]
        · INC-1 · `plan-5f56ddaa67a2a5c7` · rests on E11, E12, E13 · what it changed is restored

        #war-room, only Jun:
        `plan-5f56ddaa` is being taken back now. Its message says how it ends.
        ");
        assert_eq!(statuses(room).await, [PlanStatus::Undone]);
        assert_eq!(room.stage.levers.effects(&function()), 2);
    })
    .await;
}

#[tokio::test]
async fn what_nobody_answers_is_told_to_more_people_once_and_expires() {
    run_test(async |room| {
        proposed(room).await;
        let approve = room.offer("Approve");
        room.wait(8 * 60).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What is being done
        • ⏳ Set reserved concurrency of token-exchange to 2 (none now): waits for one approval, expires 03:29:30 UTC (`plan-5f56ddaa`)
        What it hits next
        • `web`, through `orders-api`: 72 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:14:30 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room thread (edited):
        ⏳ WAITING · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        What changes
        • `ReservedConcurrentExecutions`: not set → `2`
        Why
        • E11 `token-exchange` calls `user-pool`, 600 times a minute · `GetServiceGraph`
        • E12 `user-pool`: failing requests 70 % · `GetMetricData user-pool failing requests`
        • E13 `token-exchange`: usual concurrency (requests a second × seconds) 2 · `GetMetricData token-exchange usual concurrency (requests a second × seconds)`
        Risk: 🟡 medium: callers beyond the limit are refused
        Costs nothing worth stating
        Also happens: Callers beyond the limit are refused with 429; what arrives asynchronously waits up to six hours and is then lost or goes to its dead-letter queue. 0 stops every version. The account has that much less to share.
        Blast radius: 3 services suffer now, 2 are expected back
        Can be undone: the limit before, or none
        Success: requests of `user-pool` fall within 5 min
        Recovers: `token-exchange` back in ~1 min (58 %), `orders-api` back in ~4 min (52 %)
        Asked for by @Mina at 03:14:30 UTC. Expires at 03:29:30 UTC.
        Approvals: 0 of 1 needed, not from who asked.
        May approve: any member of this workspace.
        Asked as well at 03:22:00 UTC, since half of its time had gone by: @S0ONCALL.
        Nothing happens until enough people approve and somebody presses Execute.
        [Approve] [Reject] [Execute] [Details] [Revoke]
        · INC-1 · `plan-5f56ddaa67a2a5c7` · rests on E11, E12, E13 · nothing was changed yet

        #war-room thread:
        🗺️ Blast radius as of 03:14:30 UTC: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]

        #war-room thread:
        ⏰ @S0ONCALL: half of its time went by without enough approvals · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): it expires at 03:29:30 UTC.
        ");
        room.wait(8 * 60).await;
        assert_snapshot!(room.reads(), @"
        #war-room (edited):
        INC-1 · user-pool: requests fail
        What's going on
        3 alarms fire since 03:14:10 UTC, 3 services affected: `user-pool`, `orders-api` and `token-exchange`.
        It spread `user-pool` → `token-exchange` → `orders-api`.
        What caused it
        `user-pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that (E1, E2, E3).
        [picture: user-pool fails since 03:12 UTC and is the likely cause; from there it spread to token-exchange and orders-api. 3 services suffer; web is expected next; 1 service is unknown.]
        What is being done
        • ⌛ Set reserved concurrency of token-exchange to 2 (none now): expired at 03:29:30 UTC (`plan-5f56ddaa`)
        What it hits next
        • `web`, through `orders-api`: 72 % likely; 399 requests a minute at risk, 100 % of what users ask for needs it (E10)
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Consider: damp retries of `token-exchange` → `user-pool`: reserved concurrency 2 on `token-exchange`: saves 410 requests a minute, and refuses 180 that would have succeeded (E11, E12, E13)
        2. Look at `user-pool`, its faults first (alarm)
        3. Warn the owners of `web`
        [Context, just for me] [What can I do] [⋯ Severity… | I take the lead | Add a note… | Edit the title… | Close…]
        · Time to context 20 s · by excess flow · as of 03:14:30 UTC · map: 5 services, 3 calls: 3 from capsule · every alarm is in the thread

        #war-room thread (edited):
        ⌛ EXPIRED · plan-5f56ddaa · medium risk
        Set reserved concurrency of token-exchange to 2 (none now)
        on `token-exchange` (AWS::Lambda::Function), in `production`
        Its time was over at 03:29:30 UTC before it was executed. That is no rejection: it can be proposed again.
        [Details] [What can I do]
        · INC-1 · `plan-5f56ddaa67a2a5c7` · rests on E11, E12, E13 · nothing was changed by it

        #war-room thread:
        ⌛ EXPIRED · Set reserved concurrency of token-exchange to 2 (none now) (`plan-5f56ddaa`): nobody executed it in time, so nothing was changed.
        ");
        room.jun().presses(&approve).await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        `plan-5f56ddaa` expired at 03:29:30 UTC, which is no rejection. Ask `/incident fix` and propose it again.
        ");
        assert_eq!(statuses(room).await, [PlanStatus::Expired]);
    })
    .await;
}

/// The world as tools see it that stand beside the bot.
fn outside(room: &Room) -> Outside {
    let parts = Parts {
        config: room.stage.config().clone(),
        store: room.stage.kept.store.clone(),
        inbox: room.stage.kept.inbox.clone(),
        rules: Arc::new(Rules::shipped()),
        outside: Outside { levers: room.stage.levers.clone(), ..World::outside(room.stage.capsule.clone()) },
        actuator: room.stage.levers.clone(),
        model: None,
        clock: room.stage.clock.clone(),
    };
    Works::of(parts).unwrap().outside
}

async fn reports(room: &Room) -> PlanReports {
    let (incident, now) = (IncidentId(1), room.stage.clock.now());
    GetPlanStatus { incident, now, plan: None, proposal: None }.call(&outside(room)).await.unwrap()
}

#[tokio::test]
async fn what_a_tool_asks_for_is_decided_by_people() {
    run_test(async |room| {
        flood(room).await;
        let (outside, now) = (outside(room), room.stage.clock.now());
        let alarms: Vec<Alarm> = room.incidents().await[0].alarms.iter().map(|joined| joined.as_it_fired()).collect();
        let suggested = SuggestRemediations { alarms, now, terms: None }.call(&outside).await.unwrap();
        let best = &suggested.proposals[0];
        let (service, remedy) = (best.service.clone().unwrap(), best.remedy().unwrap().clone());
        let incident = IncidentId(1);
        let request = ExecuteRemediation { incident, now, service, remedy, requester: None };
        let refused = request.clone().call(&outside).await.unwrap_err().to_string();
        assert_snapshot!(refused, @"`execute_remediation` cannot be called like this: at `requester`: nobody stands behind this call, and a plan is asked for by a person");
        let unknown = ExecuteRemediation { incident: IncidentId(9), ..request.clone() };
        assert_snapshot!(unknown.call(&outside).await.unwrap_err().to_string(), @"`execute_remediation` cannot be called like this: at `incident`: there is no such incident");
        assert_eq!(reports(room).await.plans, []);

        let request = ExecuteRemediation { requester: Some(PersonId("U0MINA".to_owned())), ..request };
        for _ in 0..2 {
            let asked = request.clone().call(&outside).await.unwrap();
            insta::allow_duplicates!(assert_snapshot!(serde_json::to_string(&asked).unwrap(), @r#"{"status":"needs_approval","incident":"INC-1","proposal":"a1c6e49237f0b28b","place":"the thread of INC-1 in the war room, https://slack.com/app_redirect?channel=C0WARROOM"}"#));
        }
        room.wait(1).await;
        assert_eq!(room.reads_only("only").len(), 0, "nobody waits for an answer");
        let waiting = reports(room).await;
        assert_eq!(waiting.plans.len(), 1);
        assert_eq!((waiting.plans[0].status, waiting.plans[0].needed), (PlanStatus::Waiting, 1));
        assert_eq!(room.stage.levers.effects(&function()), 0);

        room.jun().clicks("Approve").await;
        room.mina().clicks("Execute").await;
        room.skims();
        let applied = reports(room).await;
        let words: Vec<&str> = applied.plans[0].history.iter().map(|(_, word)| word.as_str()).collect();
        assert_eq!(words, ["proposed", "approved", "started", "succeeded"]);
        assert_eq!(room.stage.levers.effects(&function()), 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_names_a_requester_over_the_wire() {
    run_test(async |room| {
        flood(room).await;
        let outside = outside(room);
        let entry = TOOLS.iter().find(|entry| entry.spec.name == "execute_remediation").unwrap();
        let mut arguments = serde_json::json!({
            "incident": "INC-1", "now": room.stage.clock.now(), "service": "token-exchange",
            "remedy": {"reserved-concurrency": {"function": "token-exchange", "executions": 2}},
        });
        assert_snapshot!(entry.call(&outside, arguments.clone()).await.unwrap_err().to_string(), @"`execute_remediation` cannot be called like this: at `requester`: nobody stands behind this call, and a plan is asked for by a person");
        arguments["requester"] = serde_json::json!("U0MINA");
        assert_snapshot!(entry.call(&outside, arguments).await.unwrap_err().to_string(), @"`execute_remediation` cannot be called like this: at `requester`: unknown field `requester`, expected one of `incident`, `now`, `service`, `remedy`");
        room.skims();
        assert_eq!(reports(room).await.plans, []);
    })
    .await;
}
