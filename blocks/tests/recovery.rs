//! What can be done about the auth cascade, as people read it, and the plan that comes of it.

use blocks::plan::Who;
use insta::assert_snapshot;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use tools::capsule::{self, AUTH_CASCADE, World};
use tools::model::{Fact, Incident, IncidentId, ScopeId};
use tools::recovery::plan::{PlanFact, PlanState};
use tools::recovery::policy::PersonId;
use tools::recovery::propose::{LIFETIME, pin as pinned};
use tools::recovery::{Remediations, SuggestRemediations};
use tools::tool::Tool;

/// What a future answers that waits for nothing outside.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut context) {
            return answer;
        }
    }
}

/// What is proposed a minute into it.
fn suggested() -> Remediations {
    let capsule = capsule::parse(AUTH_CASCADE.as_bytes()).expect("our own capsule");
    let now = "2026-11-20T03:14:10Z".parse().expect("a time");
    let outside = World::outside(Arc::new(capsule.clone()));
    let ask = SuggestRemediations { alarms: capsule.alarms_until(now), now, terms: None };
    ready(ask.call(&outside)).expect("a capsule answers")
}

fn incident(remedies: &Remediations) -> Incident {
    let opened = Fact::Opened { id: IncidentId(1), scope: ScopeId("auth".to_owned()) };
    Incident::extend(None, remedies.at, opened).expect("the first fact").0
}

/// A message as a terminal shows it.
fn shown(message: &blocks::Message) -> String {
    blocks::text::message(&message.to_json(), &|_| None)
}

#[test]
fn a_minute_in_it_says_what_can_be_done() {
    let remedies = suggested();
    assert_snapshot!(shown(&blocks::fix::answer(&incident(&remedies), &remedies, None)), @"
    INC-1 · what can be done
    Set reserved concurrency of token-exchange to 8 (90 now)
    the cheapest cut between what fails and what must stay healthy goes over `token-exchange` → `user-pool`, with 82 % of the cut's requests (E41, E42, E43)
    🟡 medium risk · 58 % likely to help · can be undone
    Recovers: `token-exchange` back in ~2 min (58 %)
    [Propose] [All about it]
    Mute the alarm auth-prod-apigw-4xx and 3 others for 60 minutes
    4 of the 5 alarms that fire only follow from the cause (E1, E2, E3, E6, E9, E13)
    🟢 low risk · 87 % likely to help · undoes itself after 60 min
    Recovers: nobody recovers by it: it changes what is seen or who is told, not what runs
    [Propose] [All about it]
    Set reserved concurrency of auth-authorizer to 2 (none now)
    the cheapest cut between what fails and what must stay healthy goes over `authorizer` → `user-pool`, with 18 % of the cut's requests (E38, E39, E40)
    🟡 medium risk · 58 % likely to help · can be undone
    Recovers: `authorizer` back in ~1 min (58 %)
    [Propose] [All about it]
    Do nothing, and watch
    Why: everything else is weighed against it (E1, E2, E3)
    Worse, if the trouble spreads to `order-service` meanwhile (62 %); or if the trouble spreads to `checkout` meanwhile (35 %)
    Act, when
    • `user-pool` still suffers at 03:19:10 UTC: requests fail
    • `order-service` is hit (62 % likely, any moment)
    • `checkout` is hit (35 % likely, in about 1 min)
    [Other remedies… ▾ Keep 90 environments of token-exchange:live warm (none now)]
    · E1 `user-pool`: 17,662 failed requests a minute where 8.65 failed requests a minute is usual, 8,310 deviations · `GetMetricData user-pool requests,faults Sum 60s`  E2 `user-pool` left its normal range at 03:12:00 UTC · `GetMetricData user-pool requests,faults Sum 60s`  E28 `token-exchange`: calls to user-pool against what its own requests explain 2.79 times · `GetMetricData token-exchange AND user-pool requests Sum`  E29 `user-pool`: requests 19,039 a minute, usually 5,383 a minute · `GetMetricData user-pool requests Sum`  E30 `token-exchange` logged `TooManyRequestsException: Rate exceeded (InitiateAuth on user-pool), request <*> giving up after attempt <*> of <*>` 15 times, 0 before · `FilterLogEvents token-exchange`  E41 `token-exchange` calls `user-pool`, 4,394 times a minute · `GetServiceGraph`  E42 `user-pool`: failing requests 92.8 % · `GetMetricData user-pool failing requests`  E43 `token-exchange`: usual concurrency (requests a second × seconds) 8 · `GetMetricData token-exchange usual concurrency (requests a second × seconds)`
    · as of 03:14:10 UTC · nothing was changed, and to propose changes nothing either
    ");
}

#[test]
fn each_proposal_becomes_a_plan_that_can_be_read() {
    let remedies = suggested();
    let incident = incident(&remedies);
    let mut told = Vec::new();
    for proposal in &remedies.proposals {
        let requester = PersonId("U0ANN".to_owned());
        let Some(plan) = pinned(proposal, incident.id, requester, 0, remedies.at, LIFETIME) else { continue };
        let fact = PlanFact::Proposed { plan: Box::new(plan) };
        let state = PlanState::fold(None, remedies.at, &fact).expect("a plan begins");
        let card = shown(&blocks::plan::card(&incident, &state, &Who { approve: &[], escalate: None }));
        let changes = card.lines().skip_while(|line| *line != "What changes").skip(1);
        let changes: Vec<&str> = changes.take_while(|line| line.starts_with('•')).collect();
        told.push(format!("{}\n{}", card.lines().nth(1).unwrap_or_default(), changes.join("\n")));
    }
    assert_snapshot!(told.join("\n"), @r#"
    Set reserved concurrency of token-exchange to 8 (90 now)
    • `ReservedConcurrentExecutions`: `90` → `8`
    Mute the alarm auth-prod-apigw-4xx and 3 others for 60 minutes
    • `AlarmNames`: not set → `["auth-prod-apigw-4xx","auth-prod-apigw-5xx","auth-prod-lambda-authorizer-errors","auth-prod-lambda-token-exchange-erro…`
    • `Duration`: not set → `PT60M`
    Set reserved concurrency of auth-authorizer to 2 (none now)
    • `ReservedConcurrentExecutions`: not set → `2`
    Keep 90 environments of token-exchange:live warm (none now)
    • `ProvisionedConcurrentExecutions`: not set → `90`
    "#);
}
