//! The messages about the auth cascade, as people read them.

use insta::assert_snapshot;
use std::fmt::Write;
use tools::capsule::{self, AUTH_CASCADE};
use tools::context::{Situation, auth_health, bottlenecks};
use tools::eval::situation_at_end;

fn cascade() -> Situation {
    situation_at_end(&capsule::parse(AUTH_CASCADE.as_bytes()).expect("our own capsule"))
}

/// Every text of a message, block by block.
fn shown(message: &blocks::Message) -> String {
    fn texts(json: &serde_json::Value, found: &mut String) {
        if let Some(text) = json["text"].as_str() {
            let _ = writeln!(found, "{text}");
        }
        let inner = json.as_array().into_iter().flatten();
        for inner in inner.chain(json.as_object().into_iter().flat_map(|fields| fields.values())) {
            texts(inner, found);
        }
    }
    let mut found = String::new();
    for block in &message.blocks {
        texts(block, &mut found);
    }
    found
}

#[test]
fn the_auth_journey_is_a_funnel_with_a_line_a_hop() {
    let message = blocks::auth::answer("INC-1", &auth_health(&cascade()));
    assert_snapshot!(shown(&message), @"
    INC-1 · auth journey
    5 of 6 hops in trouble. Followed from the entrance, `user-pool` is the first whose trouble nothing behind it explains.
    *Hop by hop*
    🔴 *losing requests* edge `web-app`: loses 11.8 % of its requests (usually 0.1 %), answers in 367 ms (usually 78.2 ms), 18 ms of the wait are its own _(E1, E2, E3)_
    🔴 *losing requests* API gateway `auth-api`: loses 57.2 % of its requests (usually 0.16 %), answers in 536 ms (usually 86.6 ms) _(E4, E5, E6)_
    🔴 *losing requests* authorizer `authorizer`: loses 13.2 % of its requests (usually 0.05 %), answers in 40.4 ms (usually 15.6 ms) _(E7, E8, E9)_
    🔴 *losing requests* token function `token-exchange`: loses 86.7 % of its requests (usually 0.06 %), answers in 949 ms (usually 106 ms), 124 ms of the wait are its own _(E10, E11, E12)_
    🔴 *losing requests* user pool `user-pool`: loses 96.4 % of its requests (usually 0.03 %), answers in 249 ms (usually 64.1 ms), 185 ms of the wait are its own _(E13, E14, E15)_
    🟢 *healthy* store `sessions`: loses 0 % of its requests (usually 0.01 %), answers in 4.62 ms (usually 4.6 ms) _(E16, E17)_
    *What we could not see*
    Nothing was missing.
    *E1* `web-app`: lost requests 11.8 %, usually 0.1 % · `GetMetricData web-app requests, faults Sum`
    *E2* `web-app`: latency 367 ms, usually 78.2 ms · `GetMetricData web-app latency Average`
    *E3* `auth-prod-user-login-degraded` went to ALARM at <!date^1795144458^{time_secs}|03:14:18 UTC> · <https://us-east-1.console.aws.amazon.com/cloudwatch/deeplink.js?region=us-east-1#alarmsV2:alarm/auth-prod-user-login-degraded|source>
    *E4* `auth-api`: lost requests 57.2 %, usually 0.16 % · `GetMetricData auth-api requests, faults Sum`
    *E5* `auth-api`: latency 536 ms, usually 86.6 ms · `GetMetricData auth-api latency Average`
    *E6* `auth-prod-apigw-4xx` went to ALARM at <!date^1795144394^{time_secs}|03:13:14 UTC> · <https://us-east-1.console.aws.amazon.com/cloudwatch/deeplink.js?region=us-east-1#alarmsV2:alarm/auth-prod-apigw-4xx|source>
    *E7* `authorizer`: lost requests 13.2 %, usually 0.05 % · `GetMetricData authorizer requests, faults Sum`
    *E8* `authorizer`: latency 40.4 ms, usually 15.6 ms · `GetMetricData authorizer latency Average`
    and 9 more claims
    as of <!date^1795145040^{time_secs}|03:24:00 UTC>
    ");
}

#[test]
fn an_estate_without_an_auth_journey_is_told_so() {
    let nothing = Situation { topology: None, series: None, ..cascade() };
    let message = blocks::auth::answer("INC-1", &auth_health(&nothing));
    assert_snapshot!(shown(&message), @"
    INC-1 · auth journey
    I know of no auth journey here, so I can say nothing about it.
    *What we could not see*
    • the auth journey: no service here is known to be a user pool, to call one, or to be an authorizer (services with their AWS types, and the calls between them)
    as of <!date^1795145040^{time_secs}|03:24:00 UTC>
    ");
}

#[test]
fn bottlenecks_are_calm_lines() {
    let found = bottlenecks(&cascade());
    let lines: Vec<String> = found.bottlenecks.iter().map(blocks::phrase::bottleneck).collect();
    assert_snapshot!(lines.join("\n"), @"
    `user-pool`: refuses 20,845 requests a minute, 96 % of all _(E1)_
    `token-exchange`: retries: `user-pool` gets 3.07 times the calls that its callers' requests explain _(E2, E3, E4)_
    `user-db`: 400 connections in use, usually 148, none is left, say 55 log lines _(E5, E6, E7)_
    `user-service`: retries: `user-db` gets 2.18 times the calls that its callers' requests explain _(E8, E9)_
    `web-app`: retries: `auth-api` gets 1.55 times the calls that its callers' requests explain _(E10, E11)_
    `token-exchange`: 16 % of invocations start cold, each adds 797 ms _(E12, E13)_
    `token-exchange`: refuses 238 requests a minute, 4 % of all _(E14)_
    `token-exchange`: stands at 90 executions at once, usually 10, and more are refused _(E15, E16)_
    ");
}
