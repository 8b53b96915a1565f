//! Postmortems as people read them: of an incident that is over, of one that is not, and of a lone alarm.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

mod story;

use blocks::postmortem::page;
use insta::assert_snapshot;
use story::*;
use tools::model::{AlarmState, Answer, Fact};
use tools::recovery::plan::PlanFact;

#[test]
fn an_incident_that_is_over() {
    let document = told(&recovered(), 60);
    assert_snapshot!(document.split_once("## Timeline").unwrap().0, @r#"
    # Postmortem of INC-7: `pool`, requests fail

    ## Summary

    From 2026-11-20 03:00:00 UTC on 3 alarms fired; 2 services suffered. The cause was `pool` (97 % sure): requests fail. 2 plans were made, 2 started: 1 kept and 1 undone or without effect. All is OK again since 2026-11-20 03:24:00 UTC, after 24 min.

    ## How long it took

    Time to context: **3 min**. Time to recovery: **24 min**.

    | step | at | after the first alarm | after the step before |
    | --- | --- | --- | --- |
    | the first alarm fired | 2026-11-20 03:00:00 |  |  |
    | it was a flood and got its card | 2026-11-20 03:02:00 | 2 min | 2 min |
    | the cause was found | 2026-11-20 03:03:00 | 3 min | 60 s |
    | the card said enough to act on | 2026-11-20 03:03:00 | 3 min | 0 s |
    | the first plan was made | 2026-11-20 03:05:00 | 5 min | 2 min |
    | the first plan was started | 2026-11-20 03:07:00 | 7 min | 2 min |
    | the last alarm was OK again | 2026-11-20 03:24:00 | 24 min | 17 min |

    ## Impact

    | service | suffered from | until | how |
    | --- | --- | --- | --- |
    | `pool` | 2026-11-20 03:00:00 | 2026-11-20 03:24:00 | 421 failed requests a minute where 1.07 failed requests a minute is usual *(E1)* |
    | `orders` | 2026-11-20 03:01:00 | 2026-11-20 03:24:00 | 421 failed requests a minute where 1.07 failed requests a minute is usual *(E2)* |

    - at risk when last looked at: `web`, 399 requests a minute

    ## Cause

    `pool` (confidence 97 %): 421 failed requests a minute where 1.07 is usual, and nothing it calls explains that *(E1)*.

    It spread `pool` → `orders`.

    The evidence, each claim with the query or page that it comes from:

    - **E1** `pool`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData orders | 1`
    - **E2** `orders`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData orders | 2`
    - **E3** deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) · [source](<https://git.example/1>)

    Ranked by excess flow, as of 2026-11-20 03:03:00.

    ## What changed

    The deploy on `pool` is probably guilty *(E3)*.

    - **guilty**, 80 % likely: deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) *(E3)* · it came 4 min before the onset; it touches the cause

    ## What was done, and what it did

    ### 1. Set reserved concurrency of orders to 50 (none now): undone

    - `plan-25390040808ae584`, `reserved-concurrency` on `AWS::Lambda::Function orders`, risk medium
    - asked for by @Mina at 2026-11-20 03:05:00 *(E2)*
    - approved by @U0JUN, 1 needed (@U0JUN: “it **storms** \| \<now\>”)
    - carried out by @Mina at 2026-11-20 03:07:00
    - expected: the number of failed requests of `orders` falls within 5 min
    - measured: 420 failed requests a minute before, 415 failed requests a minute after: **REVERT**
    - **it was undone** by @U0JUN at 2026-11-20 03:13:00

    | service | said to be back after | was back after |
    | --- | --- | --- |
    | `orders` | 10 min (80 %) | 17 min |

    ### 2. Set reserved concurrency of orders to 20 (none now): kept

    - `plan-69ac2b4d504feffb`, `reserved-concurrency` on `AWS::Lambda::Function orders`, risk medium
    - asked for by @Mina at 2026-11-20 03:14:00 *(E2)*
    - approved by @U0JUN, 1 needed (@U0JUN: “it **storms** \| \<now\>”)
    - carried out by @Mina at 2026-11-20 03:16:00
    - expected: the number of failed requests of `orders` falls within 5 min
    - measured: 420 failed requests a minute before, 3 failed requests a minute after: **KEEP**
    - **it helped, and is in force**

    | service | said to be back after | was back after |
    | --- | --- | --- |
    | `orders` | 10 min (80 %) | 8 min |

    ## What was foretold

    | service | first said at | highest probability | what happened |
    | --- | --- | --- | --- |
    | `web` | 2026-11-20 03:03:00 | 72 % | was not hit |

    Nobody was hit later. Brier score 0.174, no better than the 0.000 of always stating the mean.

    Forecasts of recovery: 1 of 2 services were back in time, 4.5 min off on average over the 2 services that came back. Brier score 0.340, no better than the 0.250 of always stating the mean.

    ## What could not be seen

    **logs**: AccessDenied
    This statement in my role's policy would supply it:

    ```
    {"Effect": "Allow", "Action": "logs:StartQuery", "Resource": "*"}
    ```
    "#);
}

#[test]
fn its_timeline_and_its_lessons() {
    let document = told(&recovered(), 60);
    assert_snapshot!(document.split_once("## Timeline").unwrap().1, @r"


    | UTC | what happened |
    | --- | --- |
    | 2026-11-20 02:56:00 | 🔧 deploy on `pool` by m.okafor: “limit 120 → 12 \| \<script\>” — **guilty** *(E3)* |
    | 2026-11-20 03:00:00 | 🔴 **ALARM** `pool-throttles` and `orders-5xx` |
    | 2026-11-20 03:02:00 | 🔴 **ALARM** `odd\|name*` |
    | 2026-11-20 03:02:00 | 🌊 3 alarms: this is a flood, and gets a card |
    | 2026-11-20 03:03:00 | 🔎 Cause found: `pool` |
    | 2026-11-20 03:03:00 | 🧭 The card says enough to act on: context is reached |
    | 2026-11-20 03:05:00 | 🛠️ `plan-25390040` proposed by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:05:00 | `plan-25390040808ae584`: asked for by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:06:00 | 🛠️ `plan-25390040` approved by @U0JUN: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:06:00 | `plan-25390040808ae584`: approved by @U0JUN: “it **storms** \| \<now\>” |
    | 2026-11-20 03:07:00 | 🛠️ `plan-25390040` carried out by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:07:00 | 🛠️ `plan-25390040` in force: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:07:00 | `plan-25390040808ae584`: started by @Mina |
    | 2026-11-20 03:07:00 | `plan-25390040808ae584`: its effect is there |
    | 2026-11-20 03:12:00 | 🛠️ `plan-25390040` did not help: REVERT: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:12:00 | `plan-25390040808ae584`: measured: 420 failed requests a minute before, 415 failed requests a minute after: **REVERT** |
    | 2026-11-20 03:13:00 | 🛠️ `plan-25390040` being taken back by @U0JUN: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:13:00 | 🛠️ `plan-25390040` taken back: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:13:00 | `plan-25390040808ae584`: taken back by @U0JUN |
    | 2026-11-20 03:13:00 | `plan-25390040808ae584`: what was there before is restored |
    | 2026-11-20 03:14:00 | 🛠️ `plan-69ac2b4d` proposed by @Mina: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:14:00 | `plan-69ac2b4d504feffb`: asked for by @Mina: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:15:00 | 🛠️ `plan-69ac2b4d` approved by @U0JUN: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:15:00 | `plan-69ac2b4d504feffb`: approved by @U0JUN: “it **storms** \| \<now\>” |
    | 2026-11-20 03:16:00 | 🛠️ `plan-69ac2b4d` carried out by @Mina: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:16:00 | 🛠️ `plan-69ac2b4d` in force: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:16:00 | `plan-69ac2b4d504feffb`: started by @Mina |
    | 2026-11-20 03:16:00 | `plan-69ac2b4d504feffb`: its effect is there |
    | 2026-11-20 03:20:00 | 🟢 **OK** `odd\|name*` |
    | 2026-11-20 03:21:00 | 🔴 **ALARM** `odd\|name*` |
    | 2026-11-20 03:21:00 | 🛠️ `plan-69ac2b4d` worked: KEEP: Set reserved concurrency of orders to 20 (none now) |
    | 2026-11-20 03:21:00 | `plan-69ac2b4d504feffb`: measured: 420 failed requests a minute before, 3 failed requests a minute after: **KEEP** |
    | 2026-11-20 03:24:00 | 🟢 **OK** `odd\|name*`, `orders-5xx` and `pool-throttles` |
    | 2026-11-20 03:24:00 | All alarms are OK again |

    ## What went well

    - The card said enough to act on 3 min after the first alarm.
    - `plan-25390040808ae584` was taken back, and what was there before is restored.
    - `plan-69ac2b4d504feffb` helped: Set reserved concurrency of orders to 20 (none now).

    ## Follow-ups

    - [ ] Look at the change that is probably guilty: deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) *(E3)*
    - [ ] Learn from `plan-25390040808ae584`: it did not help, and was undone: Set reserved concurrency of orders to 50 (none now).
    - [ ] Make `plan-69ac2b4d504feffb` permanent or take it back, since it is still in force: Set reserved concurrency of orders to 20 (none now).
    - [ ] Calm `odd|name*`: it fired 2 times.
    - [ ] Say which service `odd|name*` belongs to: the topology does not know it.
    - [ ] Close the gap **logs**: AccessDenied. The statement for my role is above.

    ---

    Made from the 25 facts of INC-7 as of 2026-11-20 04:00:00 UTC; all times are in UTC. The head of their chain is `fa4125a4094a603c1214b662b83c9cd350dc168ee9c513841fc78fe9d6ca15d0`.
    ");
}

#[test]
fn an_incident_that_is_not_over_and_that_nobody_can_explain() {
    let mut story = Story::begin(&[("pool-throttles", Some("pool")), ("orders-5xx", Some("orders"))]);
    story.tell(1, Fact::FloodBegan { alarms: 2 });
    story.explain(3, Answer::NoCauseFound);
    let plan = plan(50, 5);
    story.tell(5, Story::of(&plan, PlanFact::Proposed { plan: Box::new(plan.clone()) }));
    story.tell(20, Story::of(&plan, PlanFact::Expired));
    assert_snapshot!(told(&story.end(), 30), @r#"
    # Postmortem of INC-7: 2 alarms

    ## Summary

    From 2026-11-20 03:00:00 UTC on 2 alarms fired; 2 services suffered. No cause was found. One plan was made, and none was carried out. **It is not over**: 2 of 2 alarms fire as of 2026-11-20 03:30:00 UTC, after 30 min.

    ## How long it took

    Time to context: **not reached**. Time to recovery: **not reached**.

    | step | at | after the first alarm | after the step before |
    | --- | --- | --- | --- |
    | the first alarm fired | 2026-11-20 03:00:00 |  |  |
    | it was a flood and got its card | 2026-11-20 03:01:00 | 60 s | 60 s |
    | the first plan was made | 2026-11-20 03:05:00 | 5 min | 4 min |
    | the cause was found | not reached |  |  |
    | the card said enough to act on | not reached |  |  |
    | the first plan was started | not reached |  |  |
    | the last alarm was OK again | not reached |  |  |

    ## Impact

    | service | suffered from | until | how |
    | --- | --- | --- | --- |
    | `pool` | 2026-11-20 03:00:00 | its alarms are not OK yet | 421 failed requests a minute where 1.07 failed requests a minute is usual *(E1)* |
    | `orders` | 2026-11-20 03:01:00 | its alarms are not OK yet | 421 failed requests a minute where 1.07 failed requests a minute is usual *(E2)* |

    - at risk when last looked at: `web`, 399 requests a minute

    ## Cause

    No cause found: nothing stands out clearly enough. Most conspicuous: `pool`.

    What was looked at:

    - `pool` (21 % sure) *(E1)*

    The evidence, each claim with the query or page that it comes from:

    - **E1** `pool`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData orders | 1`
    - **E2** `orders`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData orders | 2`
    - **E3** deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) · [source](<https://git.example/1>)

    Ranked by excess flow, as of 2026-11-20 03:03:00.

    ## What changed

    No change is guilty, as far as I can tell. That is common: load, data and dependencies break things too.

    - 10 % likely: deploy on `pool` by m.okafor at 02:56:00 UTC: [limit 120 → 12 \| \<script\>](<https://git.example/1>) *(E3)* · it came 4 min before the onset; it touches the cause

    ## What was done, and what it did

    ### 1. Set reserved concurrency of orders to 50 (none now): expired

    - `plan-25390040808ae584`, `reserved-concurrency` on `AWS::Lambda::Function orders`, risk medium
    - asked for by @Mina at 2026-11-20 03:05:00 *(E2)*
    - approved by nobody, 1 needed
    - expected: the number of failed requests of `orders` falls within 5 min
    - **it expired unanswered** at 2026-11-20 03:20:00

    ## What was foretold

    | service | first said at | highest probability | what happened |
    | --- | --- | --- | --- |
    | `web` | 2026-11-20 03:03:00 | 72 % | not hit so far |

    Predictions are graded when the incident is over.

    ## What could not be seen

    **logs**: AccessDenied
    This statement in my role's policy would supply it:

    ```
    {"Effect": "Allow", "Action": "logs:StartQuery", "Resource": "*"}
    ```

    ## Timeline

    | UTC | what happened |
    | --- | --- |
    | 2026-11-20 02:56:00 | 🔧 deploy on `pool` by m.okafor: “limit 120 → 12 \| \<script\>” *(E3)* |
    | 2026-11-20 03:00:00 | 🔴 **ALARM** `pool-throttles` and `orders-5xx` |
    | 2026-11-20 03:01:00 | 🌊 2 alarms: this is a flood, and gets a card |
    | 2026-11-20 03:05:00 | 🛠️ `plan-25390040` proposed by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:05:00 | `plan-25390040808ae584`: asked for by @Mina: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:20:00 | 🛠️ `plan-25390040` expired: Set reserved concurrency of orders to 50 (none now) |
    | 2026-11-20 03:20:00 | `plan-25390040808ae584`: expired unanswered |

    ## What went well

    Nothing that the facts would tell.

    ## Follow-ups

    - [ ] Find the cause: none was found, and what is not known can come again.
    - [ ] Decide who answers: `plan-25390040808ae584` expired unanswered: Set reserved concurrency of orders to 50 (none now).
    - [ ] Close the gap **logs**: AccessDenied. The statement for my role is above.

    ---

    Made from the 8 facts of INC-7 as of 2026-11-20 03:30:00 UTC; all times are in UTC. The head of their chain is `21879be0a1f2ec0e0847169f3d8bdb85a7805d2a9be1e63f5ed7079f6a38367f`.
    "#);
}

#[test]
fn a_lone_alarm() {
    let mut story = Story::begin(&[("billing-`late`", None)]);
    story.turn("billing-`late`", AlarmState::Ok, 9);
    assert_snapshot!(told(&story.end(), 30), @"
    # Postmortem of INC-7: `billing-'late'`

    ## Summary

    From 2026-11-20 03:00:00 UTC on one alarm fired. Nobody looked for a cause: it became no flood, and nobody asked. All is OK again since 2026-11-20 03:09:00 UTC, after 9 min.

    ## How long it took

    Time to context: **not reached**. Time to recovery: **9 min**.

    | step | at | after the first alarm | after the step before |
    | --- | --- | --- | --- |
    | the first alarm fired | 2026-11-20 03:00:00 |  |  |
    | the last alarm was OK again | 2026-11-20 03:09:00 | 9 min | 9 min |
    | it was a flood and got its card | not reached |  |  |
    | the cause was found | not reached |  |  |
    | the card said enough to act on | not reached |  |  |
    | the first plan was made | not reached |  |  |
    | the first plan was started | not reached |  |  |

    ## Impact

    No service is known to have suffered.

    ## Cause

    I did not look into it: it became no flood, and nobody asked for context.

    ## What changed

    I did not look for changes.

    ## What was done, and what it did

    No plan was made.

    ## What was foretold

    Nobody was said to be hit next.

    ## What could not be seen

    I did not look, so nothing was missed.

    ## Timeline

    | UTC | what happened |
    | --- | --- |
    | 2026-11-20 03:00:00 | 🔴 **ALARM** `billing-'late'` |
    | 2026-11-20 03:09:00 | 🟢 **OK** `billing-'late'` |
    | 2026-11-20 03:09:00 | All alarms are OK again |

    ## What went well

    Nothing that the facts would tell.

    ## Follow-ups

    - [ ] Look for the cause: nobody has. Asking for `context` begins with it.
    - [ ] Say which service `billing-'late'` belongs to: the topology does not know it.

    ---

    Made from the 3 facts of INC-7 as of 2026-11-20 03:30:00 UTC; all times are in UTC. The head of their chain is `1d76aaaf5f13c627eeab8ff3dc5a049b3e5337464013f0f8b029daed2a153034`.
    ");
}

#[test]
fn the_cards_are_one_page_that_loads_and_runs_nothing() {
    let shown = page(&recovered(), at(60), &names);
    for part in ["<!doctype html>", "<h2>The card</h2>", "<h2>Plan 1</h2>", "<h2>Plan 2</h2>", "@Mina", "</html>\n"] {
        assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
    }
    for never in ["<script", "<img", "<link", "url(", "@import"] {
        assert!(!shown.contains(never), "`{never}` is in:\n{shown}");
    }
    let count = |part: &str| shown.matches(part).count();
    for tag in ["section", "fieldset", "div", "button", "main", "h2", "h3", "span", "code"] {
        let opened = count(&format!("<{tag}>")) + count(&format!("<{tag} "));
        assert_eq!(opened, count(&format!("</{tag}>")), "{tag}");
    }
}
