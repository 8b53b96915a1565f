//! Writes the capsule `auth-cascade`: somebody types 12 for 120, Cognito throttles, and everything behind it follows.
//!
//! `cargo run -q -p tools --example auth_cascade > /tmp/it.json && mv /tmp/it.json tools/capsules/auth-cascade.json`
//!
//! The tables tell the story. No number of a series or in an alarm's reason is written by hand: each minute is worked out by
//! letting requests flow down the calls, and failures and waiting flow back up. No clock, no chance.
#![allow(clippy::type_complexity, reason = "tables are easier to read as rows than as types")]
use Limit::{Connections, Executions, Free, Quota};
use jiff::{SignedDuration, Timestamp};
use std::io::Write;
use tools::capsule::{Capsule, Delivery, TargetSettings, Truth, VERSION, parse, to_json};
use tools::model::AlarmState::{self, Alarm as Fires, InsufficientData as Silent, Ok as Calms};
use tools::model::ChangeKind::{self, Configuration, Deploy, Scaling};
use tools::model::Via::{self, AmazonQ, EventBridge};
use tools::model::{
    Alarm, Change, Edge, LogLevel, LogLine, Measure, Metric, Series, Service, ServiceId, Signal, Topology, Window,
};
use tools::recovery::remedy::Target;

const ABOUT: &str = "At 03:08 the Cognito request rate of the user pool was set to 12 a second where 120 was meant, and from \
03:12 it throttles. token-exchange retries without backing off, so logins fail at the API; user-service loses its service \
tokens and reloads its credentials from user-db until the connections are gone; order-service follows, and checkout is \
next. A deploy forty minutes earlier and a scaling of the catalog are innocent.";
const ACCOUNT: &str = "123456789012";
const BILLING_ACCOUNT: &str = "999988887777";
const REGION: &str = "us-east-1";
/// The minutes we have measured, counted from the onset.
const SPAN: std::ops::Range<i32> = -90..12;

// ---- Who is there ---------------------------------------------------------------------------------------------------
/// What a service does when more comes than it can take: nothing; refuse what is above its rate, which is a part of the
/// story; refuse what does not fit into so many executions at once; answer slowly as so many requests a minute come near.
enum Limit {
    Free,
    Quota,
    Executions(f64),
    Connections(f64),
}

/// Callers stand before callees. Name, type, own latency in seconds, own share of faults, limit, aliases (values of metric
/// dimensions, words of alarm names).
#[rustfmt::skip]
const SERVICES: &[(&str, &str, f64, f64, Limit, &[&str])] = &[
    ("web-app", "AWS::CloudFront::Distribution", 0.018, 0.0004, Free, &["E2QWRUHAPOMQZL", "cloudfront", "login-canary", "user-login"]),
    ("checkout", "AWS::ECS::Service", 0.042, 0.0006, Free, &["checkout-svc"]),
    ("order-service", "AWS::ECS::Service", 0.031, 0.0008, Free, &["orders", "targetgroup/order-service/73e2d6bc24d8a067"]),
    ("user-service", "AWS::ECS::Service", 0.014, 0.0010, Free, &["targetgroup/user-service/6d0ecf831eec9f09"]),
    ("auth-api", "AWS::ApiGateway::Stage", 0.009, 0.0008, Free, &["apigw", "auth-api/prod"]),
    ("authorizer", "AWS::Lambda::Function", 0.006, 0.0004, Free, &["auth-authorizer"]),
    ("token-exchange", "AWS::Lambda::Function", 0.038, 0.0006, Executions(90.0), &["token-exchange:live"]),
    ("user-pool", "AWS::Cognito::UserPool", 0.064, 0.0003, Quota, &["cognito", "us-east-1_AbCdEf123"]),
    ("sessions", "AWS::DynamoDB::Table", 0.0046, 0.0001, Free, &["auth-sessions"]),
    ("user-db", "AWS::RDS::DBInstance", 0.0028, 0.0001, Connections(DB_LIMIT), &["user-db-prod"]),
    ("orders-db", "AWS::RDS::DBInstance", 0.0044, 0.0001, Free, &["orders-db-prod"]),
    ("catalog", "AWS::ECS::Service", 0.027, 0.0005, Free, &["catalog-svc"]),
    ("billing-export", "AWS::Lambda::Function", 2.4, 0.002, Free, &["nightly-export"]),
];
const DB_LIMIT: f64 = 7_300.0;

/// The calls of one caller are made in this order; one that fails for good ends the request. Caller, callee, calls for each
/// request, how often again at once, because who fails, minutes the caller lives off tokens and answers it still has.
#[rustfmt::skip]
const CALLS: &[(&str, &str, f64, i32, &str, usize)] = &[
    ("web-app", "catalog", 0.55, 0, "catalog", 0),
    ("web-app", "auth-api", 0.30, 1, "auth-api", 0),              // people press "log in" once more
    ("web-app", "order-service", 0.10, 0, "order-service", 0),
    ("web-app", "checkout", 0.06, 0, "checkout", 0),
    ("checkout", "order-service", 0.80, 0, "order-service", 5),   // keeps quotes for five minutes
    ("order-service", "user-service", 0.90, 0, "user-service", 1),
    ("order-service", "orders-db", 1.60, 0, "orders-db", 0),
    ("user-service", "user-db", 1.50, 6, "auth-api", 1),          // no token: reload the credentials, try again
    ("user-service", "auth-api", 0.70, 1, "auth-api", 1),
    ("auth-api", "authorizer", 0.90, 0, "authorizer", 0),
    ("auth-api", "token-exchange", 0.60, 0, "token-exchange", 0),
    ("authorizer", "user-pool", 0.15, 0, "user-pool", 0),         // mostly knows the signing keys
    ("token-exchange", "user-pool", 1.00, 3, "user-pool", 0),     // without backing off: the storm
    ("token-exchange", "sessions", 0.90, 0, "sessions", 0),
];

// ---- What happens when ----------------------------------------------------------------------------------------------
/// From, until (minutes after the onset), to whom; own latency, calls to others and requests a second taken, times this.
#[rustfmt::skip]
const HAPPENINGS: &[(i32, i32, &str, [f64; 3])] = &[
    (-90, 0, "user-pool", [1.0, 1.0, 120.0]),
    (-40, -38, "token-exchange", [1.25, 1.0, 1.0]),  // version 118 warms up; nothing else comes of it
    (0, 1, "user-pool", [1.0, 1.0, 36.0]),           // what was left of the burst allowance
    (1, 12, "user-pool", [1.0, 1.0, 12.0]),
    (1, 2, "authorizer", [1.0, 0.04, 1.0]),          // serves old signing keys for the minute they still live
    (1, 12, "catalog", [0.93, 1.0, 1.0]),            // two more tasks
];

/// Changes: when we are told, when they took effect, to whom, what kind, by whom, what.
#[rustfmt::skip]
const CHANGES: &[(&str, &str, &str, ChangeKind, &str, &str)] = &[
    ("02:33:12", "02:32:04", "token-exchange", Deploy, "github-deploy/gha-118", "UpdateAlias live: version 117 → 118 (log format as JSON)"),
    ("03:10:21", "03:08:02", "user-pool", Configuration, "sso/m.okafor", "provisioned request rate of category UserToken 120 → 12 per second (cost review CHG-2291); effective within 5 minutes"),
    ("03:12:51", "03:12:38", "catalog", Scaling, "application-autoscaling", "desired count 6 → 8 (target tracking: CPU 71 %)"),
];

// ---- Which alarms watch ---------------------------------------------------------------------------------------------
const COMPOSITE_CHILDREN: &[&str] = &["auth-prod-apigw-5xx", "auth-prod-lambda-token-exchange-errors"];
const BALANCER: (&str, &str) = ("LoadBalancer", "app/prod-internal/50dc6c495c0c9188");

/// Name, metric, dimensions, description; then whose value of it must be above what for how many minutes, or else the words
/// in which CloudWatch gives another reason.
#[rustfmt::skip]
const ALARMS: &[(&str, &str, &[(&str, &str)], &str, Option<(&str, f64, i32)>, &str)] = &[
    ("auth-prod-cognito-token-throttles", "AWS/Cognito/TokenRefreshThrottles:Sum",
        &[("UserPool", "us-east-1_AbCdEf123"), ("UserPoolClient", "1h57kf5cpq17m0eml12EXAMPLE")], "Cognito refuses token refreshes. Runbook: https://runbooks.example.com/auth/cognito-throttles", Some(("user-pool", 50.0, 1)), ""),
    ("auth-prod-lambda-token-exchange-errors", "AWS/Lambda/Errors:Sum", &[("FunctionName", "token-exchange"), ("Resource", "token-exchange:live")],
        "token-exchange errors. Runbook: https://runbooks.example.com/auth/token-exchange", Some(("token-exchange", 50.0, 1)), ""),
    ("auth-prod-lambda-token-exchange-throttles", "AWS/Lambda/Throttles:Sum", &[("FunctionName", "token-exchange")], "", Some(("token-exchange", 25.0, 1)), ""),
    ("auth-prod-lambda-authorizer-errors", "AWS/Lambda/Errors:Sum", &[("FunctionName", "auth-authorizer")], "", Some(("authorizer", 250.0, 1)), ""),
    ("auth-prod-apigw-4xx", "AWS/ApiGateway/4XXError:Sum", &[("ApiName", "auth-api"), ("Stage", "prod")], "", Some(("auth-api", 600.0, 1)), ""),
    ("auth-prod-apigw-5xx", "AWS/ApiGateway/5XXError:Sum", &[("ApiName", "auth-api"), ("Stage", "prod")], "Login fails. Runbook: https://runbooks.example.com/auth/login", Some(("auth-api", 100.0, 2)), ""),
    ("auth-prod-ecs-user-service-5xx", "AWS/ApplicationELB/HTTPCode_Target_5XX_Count:Sum", &[BALANCER, ("TargetGroup", "targetgroup/user-service/6d0ecf831eec9f09")],
        "user-service fails its callers. Owner: team identity", Some(("user-service", 60.0, 1)), ""),
    ("auth-prod-rds-user-db-connections", "AWS/RDS/DatabaseConnections:Average", &[("DBInstanceIdentifier", "user-db-prod")],
        "80 % of max_connections. Runbook: https://runbooks.example.com/rds/connections", Some(("user-db", 320.0, 1)), ""),
    ("shop-prod-ecs-order-service-5xx", "AWS/ApplicationELB/HTTPCode_Target_5XX_Count:Sum", &[BALANCER, ("TargetGroup", "targetgroup/order-service/73e2d6bc24d8a067")],
        "Orders fail. Owner: team shop", Some(("order-service", 60.0, 1)), ""),
    ("auth-prod-cloudfront-web-app-5xx", "AWS/CloudFront/5xxErrorRate:Average", &[("DistributionId", "E2QWRUHAPOMQZL"), ("Region", "Global")], "", Some(("web-app", 5.0, 2)), ""),
    ("auth-prod-user-login-degraded", "", &[], "Login fails. Runbook: https://runbooks.example.com/auth/login", None, "arn:aws:cloudwatch:us-east-1:123456789012:alarm:auth-prod-apigw-5xx transitioned to ALARM at Friday 20 November, 2026 03:14:02 UTC"),
    ("auth-prod-canary-login-duration", "CloudWatchSynthetics/Duration:Average", &[("CanaryName", "login-canary")], "", None, "Insufficient Data: 2 datapoints were unknown."),
    ("billing-prod-nightly-export-late", "AWS/Lambda/Invocations:Sum", &[("FunctionName", "billing-export")],
        "The export has not run for an hour. Owner: team billing", None, "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [Breaching]."),
];

// ---- What reaches us ------------------------------------------------------------------------------------------------
/// Alarms: when they reach us, which way, when they changed, to what, which. A line that differs from an earlier one in
/// nothing but its first column is a repeated delivery.
#[rustfmt::skip]
const DELIVERIES: &[(&str, Via, &str, AlarmState, &str)] = &[
    ("03:13:05.630", AmazonQ,     "03:13:02.417", Fires,  "auth-prod-cognito-token-throttles"),
    ("03:13:09.212", AmazonQ,     "03:13:06.981", Fires,  "auth-prod-lambda-token-exchange-errors"),
    ("03:13:10.874", EventBridge, "03:13:02.417", Fires,  "auth-prod-cognito-token-throttles"),      // told twice
    ("03:13:13.046", EventBridge, "03:13:06.981", Fires,  "auth-prod-lambda-token-exchange-errors"), // told twice
    ("03:13:18.305", EventBridge, "03:13:14.822", Fires,  "auth-prod-apigw-4xx"),
    ("03:13:24.551", EventBridge, "03:13:21.160", Fires,  "auth-prod-lambda-authorizer-errors"),
    ("03:13:40.918", EventBridge, "03:13:02.417", Fires,  "auth-prod-cognito-token-throttles"),      // repeated
    ("03:14:06.127", EventBridge, "03:14:02.733", Fires,  "auth-prod-apigw-5xx"),
    ("03:14:08.660", AmazonQ,     "03:14:02.733", Fires,  "auth-prod-apigw-5xx"),                    // told twice
    ("03:14:12.394", EventBridge, "03:14:08.205", Fires,  "auth-prod-lambda-token-exchange-throttles"),
    ("03:14:17.482", EventBridge, "03:14:13.946", Fires,  "auth-prod-ecs-user-service-5xx"),
    ("03:14:21.733", EventBridge, "03:14:18.394", Fires,  "auth-prod-user-login-degraded"),
    ("03:14:24.905", EventBridge, "03:14:21.174", Calms,  "auth-prod-lambda-authorizer-errors"),     // but not for long
    ("03:14:41.270", EventBridge, "03:14:36.508", Fires,  "billing-prod-nightly-export-late"),
    ("03:15:04.816", EventBridge, "03:15:01.377", Fires,  "auth-prod-rds-user-db-connections"),
    ("03:15:11.093", EventBridge, "03:15:07.642", Fires,  "shop-prod-ecs-order-service-5xx"),
    ("03:15:24.448", EventBridge, "03:15:21.181", Fires,  "auth-prod-lambda-authorizer-errors"),
    ("03:15:29.757", EventBridge, "03:15:01.377", Fires,  "auth-prod-rds-user-db-connections"),      // repeated
    ("03:15:38.264", EventBridge, "03:15:33.019", Fires,  "auth-prod-cloudfront-web-app-5xx"),
    ("03:15:55.102", EventBridge, "03:15:50.436", Silent, "auth-prod-canary-login-duration"),
];
const NOTE: (&str, &str, &str) = ("03:14:49.500", "dana", "is login down for anyone else?");

// ---- How a minute comes about ---------------------------------------------------------------------------------------
/// What a service lives through in a minute. `fails` is a share of its requests, `refused` the part turned away at the door.
#[derive(Clone, Copy, Default)]
struct Life {
    requests: f64,
    fails: f64,
    refused: f64,
    latency: f64,
}

/// By position in [`SERVICES`] and in [`CALLS`].
#[derive(Clone, Copy, Default)]
struct Minute {
    lives: [Life; SERVICES.len()],
    calls: [f64; CALLS.len()],
}
fn simulate() -> Vec<Minute> {
    let (mut past, mut now) = (Vec::new(), Minute::default());
    for minute in SPAN {
        // Retries make load, load makes failures, failures make retries: go round until it settles.
        for _ in 0..200 {
            now = settle(&now, &past, minute);
        }
        past.push(now);
    }
    past
}

fn settle(now: &Minute, past: &[Minute], minute: i32) -> Minute {
    let over = |load: f64, limit: f64| 1.0 - limit / load.max(limit);
    let mut next = Minute::default();
    for (at, (id, _, latency, faults, limit, _)) in SERVICES.iter().enumerate() {
        let (before, [slower, calls, rate]) = (now.lives[at], happening(minute, id));
        let requests = next.lives[at].requests + demand(minute, id);
        let (refused, waiting) = match limit {
            Free => (0.0, 1.0),
            Quota => (over(requests, 60.0 * rate), 1.0 + 3.0 * before.refused),
            Executions(most) => (over(requests / 60.0 * before.latency / (1.0 - before.refused), *most), 1.0),
            Connections(most) => (over(requests, *most), 1.0 / (1.0 - (requests / most).min(0.96))),
        };
        let refused = f64::midpoint(before.refused, refused);
        let (mut alive, mut latency) = ((1.0 - faults) * (1.0 - refused), latency * slower * waiting);
        for (nth, (_, callee, often, again, because, cushion)) in
            CALLS.iter().enumerate().filter(|(_, call)| call.0 == *id)
        {
            let seen = past.len().checked_sub(*cushion).and_then(|then| past.get(then)).unwrap_or(now);
            let (to, often) = (position(callee), often * calls);
            let tries: f64 = (0..=*again).map(|nth| seen.lives[position(because)].fails.powi(nth)).sum();
            next.calls[nth] = requests * alive * often * tries;
            next.lives[to].requests += next.calls[nth];
            latency += alive * often * tries * seen.lives[to].latency;
            alive *= 1.0 - often.min(1.0) * seen.lives[to].fails.powi(if because == callee { again + 1 } else { 1 });
        }
        next.lives[at] = Life { requests, fails: 1.0 - alive, refused, latency };
    }
    next
}

/// Requests from outside: an evening that slowly ends, and a job that should come every five minutes until it stops.
fn demand(minute: i32, id: &str) -> f64 {
    match id {
        "web-app" => (18_000.0 - 14.0 * f64::from(minute)) * (1.0 + 0.012 * noise("demand", minute)),
        "billing-export" if minute < -62 && minute % 5 == 0 => 12.0,
        _ => 0.0,
    }
}
fn happening(minute: i32, id: &str) -> [f64; 3] {
    let here = HAPPENINGS.iter().filter(|it| (it.0..it.1).contains(&minute) && it.2 == id);
    here.fold([1.0; 3], |all, it| std::array::from_fn(|nth| all[nth] * it.3[nth]))
}
fn position(id: &str) -> usize {
    SERVICES.iter().position(|service| service.0 == id).expect("the tables only name services that exist")
}
/// Noise about normal, between −3 and 3, always the same for a name and a minute.
fn noise(name: &str, minute: i32) -> f64 {
    let bits = hash(name, i64::from(minute).cast_unsigned());
    let uniform =
        |shift: u32| f64::from(u32::try_from((bits >> shift) & 0xf_ffff).expect("20 bits")) / f64::from(0xf_ffff);
    2.0 * (uniform(4) + uniform(24) + uniform(44) - 1.5)
}
fn hash(text: &str, seed: u64) -> u64 {
    text.bytes().fold(seed, |state, byte| {
        let mixed = (state ^ u64::from(byte)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^ (mixed >> 29)
    })
}

// ---- What is measured -----------------------------------------------------------------------------------------------
/// The minutes, seen through the meters of CloudWatch. Where there is no traffic, there is no point: missing is not zero.
struct Meters(Vec<Minute>);
impl Meters {
    fn of(&self, id: &str, minute: i32) -> Life {
        self.0[usize::try_from(minute - SPAN.start).expect("nobody asks for earlier minutes")].lives[position(id)]
    }
    fn requests(&self, id: &str, minute: i32) -> Option<f64> {
        let requests = self.of(id, minute).requests * (1.0 + 0.006 * noise(id, minute));
        Some(requests.round()).filter(|requests| *requests > 0.0)
    }
    /// The requests that `share` says.
    fn count(&self, id: &str, minute: i32, share: f64) -> Option<f64> {
        let requests = self.requests(id, minute)?;
        let counted = requests * share + (requests * share).sqrt() * noise(&format!("{id} {share}"), minute);
        Some(counted.clamp(0.0, requests).round())
    }
    fn faults(&self, id: &str, minute: i32) -> Option<f64> {
        self.count(id, minute, self.of(id, minute).fails)
    }
    fn latency(&self, id: &str, minute: i32) -> Option<f64> {
        let noisy = 1.0 + 0.03 * noise(&format!("{id} latency"), minute);
        self.requests(id, minute).map(|_| self.of(id, minute).latency * noisy)
    }
    /// Executions of token-exchange at once (Little's law).
    fn at_once(&self, minute: i32) -> f64 {
        self.of("token-exchange", minute).requests / 60.0 * self.of("token-exchange", minute).latency
    }
    /// Executions of token-exchange that began cold: growth over the last quarter of an hour, a few replaced, and two in
    /// five of the environments that ran into the timeout, which do not come back.
    fn cold(&self, minute: i32) -> Option<f64> {
        let warm = (SPAN.start.max(minute - 15)..minute.max(SPAN.start + 1))
            .map(|before| self.at_once(before))
            .fold(0.0, f64::max);
        let replaced = if minute == -40 { warm } else { 0.6 + 0.4 * noise("cold", minute) };
        let lost = 0.4 * self.timeouts(minute) * self.of("token-exchange", minute).requests;
        Some(((self.at_once(minute) - warm).max(0.0) + replaced + lost).round()).filter(|cold| *cold >= 1.0)
    }
    /// Share of token-exchange's requests that end in its timeout instead of handing on Cognito's 429.
    fn timeouts(&self, minute: i32) -> f64 {
        let exchange = self.of("token-exchange", minute);
        (exchange.fails - exchange.refused) * (exchange.latency / 2.0).clamp(0.3, 0.85)
    }
    /// Share of the API's requests that end as 5XX: a function behind it timed out, broke or was refused.
    fn server_errors(&self, minute: i32) -> f64 {
        0.6 * (self.timeouts(minute) + self.of("token-exchange", minute).refused)
            + 0.9 * self.of("authorizer", minute).fails
    }
}

/// What CloudWatch has besides the flow: whose, its name, its value in a minute.
#[rustfmt::skip]
const RAW: &[(&str, &str, fn(&Meters, i32) -> Option<f64>)] = &[
    ("web-app", "AWS/CloudFront/5xxErrorRate:Average", |m, at| Some(100.0 * m.faults("web-app", at)? / m.requests("web-app", at)?)),
    ("web-app", "CloudWatchSynthetics/Duration:Average", |m, at| Some(4_180.0 + 160.0 * noise("canary", at)).filter(|_| m.of("web-app", at).fails < 0.02)), // ms; silent when it does not get through
    ("user-pool", "AWS/Cognito/TokenRefreshThrottles:Sum", |m, at| m.count("user-pool", at, 0.82 * m.of("user-pool", at).refused)),
    ("user-pool", "AWS/Cognito/SignInThrottles:Sum", |m, at| m.count("user-pool", at, 0.18 * m.of("user-pool", at).refused)),
    ("user-pool", "AWS/Cognito/TokenRefreshSuccesses:Sum", |m, at| m.count("user-pool", at, 0.82 * (1.0 - m.of("user-pool", at).fails))),
    ("user-pool", "AWS/Cognito/SignInSuccesses:Sum", |m, at| m.count("user-pool", at, 0.18 * (1.0 - m.of("user-pool", at).fails))),
    ("token-exchange", "AWS/Lambda/Errors:Sum", |m, at| m.count("token-exchange", at, m.timeouts(at))),
    ("token-exchange", "AWS/Lambda/Throttles:Sum", |m, at| m.count("token-exchange", at, m.of("token-exchange", at).refused)),
    ("token-exchange", "AWS/Lambda/ConcurrentExecutions:Maximum", |m, at| Some((1.15 * m.at_once(at) + noise("most", at)).min(90.0).ceil())),
    ("token-exchange", "LambdaInsights/init_duration:SampleCount", Meters::cold),
    ("token-exchange", "LambdaInsights/init_duration:Average", |m, at| m.cold(at).map(|_| 805.0 + 28.0 * noise("init", at))), // ms
    ("authorizer", "AWS/Lambda/Errors:Sum", |m, at| m.faults("authorizer", at)),
    ("auth-api", "AWS/ApiGateway/4XXError:Sum", |m, at| // wrong passwords are 4XX too, and nobody's fault
        m.count("auth-api", at, (m.of("auth-api", at).fails - m.server_errors(at)).max(0.0) + 0.014)),
    ("auth-api", "AWS/ApiGateway/5XXError:Sum", |m, at| m.count("auth-api", at, m.server_errors(at))),
    ("user-service", "AWS/ApplicationELB/HTTPCode_Target_5XX_Count:Sum", |m, at| m.faults("user-service", at).filter(|count| *count > 0.0)),
    ("order-service", "AWS/ApplicationELB/HTTPCode_Target_5XX_Count:Sum", |m, at| m.faults("order-service", at).filter(|count| *count > 0.0)),
    ("user-db", "AWS/RDS/DatabaseConnections:Average", |m, at| Some((60.0 + 340.0 * (m.requests("user-db", at)? / DB_LIMIT).powi(2) + 2.0 * noise("connections", at)).min(400.0).round())),
];

fn series(meters: &Meters) -> Vec<Series> {
    let one = |id: &str, measure: Measure, value: &dyn Fn(i32) -> Option<f64>| {
        let values = SPAN.map(|minute| value(minute).map(short)).collect();
        Series { service: ServiceId::new(id), measure, start: begins(SPAN.start), step_s: 60, values }
    };
    let mut all = Vec::new();
    for (id, ..) in SERVICES {
        all.push(one(id, Measure::Requests, &|minute| meters.requests(id, minute)));
        all.push(one(id, Measure::Faults, &|minute| meters.faults(id, minute)));
        all.push(one(id, Measure::Latency, &|minute| meters.latency(id, minute)));
    }
    all.extend(
        RAW.iter()
            .map(|(id, name, value)| one(id, Measure::Other((*name).to_owned()), &|minute| value(meters, minute))),
    );
    all
}

/// The map as it was known before the trouble: the figures of its edges are means over the ninety minutes of calm.
fn topology(meters: &Meters) -> Topology {
    let services = SERVICES.iter().map(|(id, kind, .., aliases)| Service {
        id: ServiceId::new(*id),
        kind: Some((*kind).to_owned()),
        account: Some(if id.starts_with("billing-") { BILLING_ACCOUNT } else { ACCOUNT }.to_owned()),
        region: Some(REGION.to_owned()),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
    });
    let edges = CALLS.iter().enumerate().map(|(nth, (caller, callee, ..))| {
        let to = position(callee);
        let mean = |of: &dyn Fn(&Minute) -> f64| Some(short(meters.0[..90].iter().map(of).sum::<f64>() / 90.0));
        Edge {
            requests_per_min: mean(&|minute| minute.calls[nth]),
            fault_share: mean(&|minute| minute.lives[to].fails),
            latency_s: mean(&|minute| minute.lives[to].latency),
            ..Edge::between(caller, callee)
        }
    });
    Topology { services: services.collect(), edges: edges.collect() }
}
/// Four significant digits; whole numbers stay as they are.
fn short(value: f64) -> f64 {
    if value.fract() == 0.0 { value.abs() } else { format!("{value:.3e}").parse().expect("a number just written") }
}

// ---- What is told ---------------------------------------------------------------------------------------------------
fn at(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().expect("the tables hold times of day")
}
fn begins(minute: i32) -> Timestamp {
    at("03:12:00") + SignedDuration::from_mins(i64::from(minute))
}

fn told(name: &str, state: AlarmState, changed_at: Timestamp, meters: &Meters) -> Alarm {
    let &(_, metric, dimensions, description, watched, words) =
        ALARMS.iter().find(|alarm| alarm.0 == name).expect("an alarm that is told of is in the table");
    let reason = watched.map_or(words.to_owned(), |(service, threshold, points)| {
        let value = RAW.iter().find(|raw| (raw.0, raw.1) == (service, metric)).expect("alarms watch what we measure").2;
        let reason = reason(|minute| value(meters, minute), (threshold, points), state, changed_at);
        reason.unwrap_or_else(|| panic!("the numbers do not bear out {name} {state}"))
    });
    let metric = metric.rsplit_once(':').zip(metric.rsplit_once('/')).map(|((full, stat), (namespace, _))| Metric {
        namespace: namespace.to_owned(),
        name: full[namespace.len() + 1..].to_owned(),
        stat: Some(stat.to_owned()),
        dimensions: dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    });
    Alarm {
        account: Some(if name.starts_with("billing-") { BILLING_ACCOUNT } else { ACCOUNT }.to_owned()),
        region: Some(REGION.to_owned()),
        description: Some(description.to_owned()).filter(|text| !text.is_empty()),
        link: Some(format!(
            "https://{REGION}.console.aws.amazon.com/cloudwatch/deeplink.js?region={REGION}#alarmsV2:alarm/{name}"
        )),
        children: COMPOSITE_CHILDREN.iter().filter(|_| metric.is_none()).map(|child| (*child).to_owned()).collect(),
        metric,
        reason,
        ..Alarm::named(name, state, changed_at)
    }
}

/// CloudWatch's words for a transition, from the minutes that had ended by then, newest first. None if the metric says
/// otherwise: an alarm that fires is above its threshold, and was not in the calm.
fn reason(value: impl Fn(i32) -> Option<f64>, above: (f64, i32), state: AlarmState, at: Timestamp) -> Option<String> {
    let (threshold, points) = above;
    let (points, not, way) = if state == Fires { (points, "", "OK -> ALARM") } else { (1, "not ", "ALARM -> OK") };
    let (plural, were) = if points == 1 { ("", "was") } else { ("s", "were") };
    let over = |minute| value(minute).is_some_and(|value| value > threshold);
    let last = SPAN.rev().find(|minute| begins(minute + 1) <= at)?;
    let seen = last - points + 1..=last;
    if (SPAN.start..0).any(over) || seen.clone().any(|minute| over(minute) != (state == Fires)) {
        return None;
    }
    let tell = |minute| Some(format!("{:?} ({})", short(value(minute)?), begins(minute).strftime("%d/%m/%y %H:%M:%S")));
    let told = seen.rev().map(tell).collect::<Option<Vec<_>>>()?.join(", ");
    Some(format!(
        "Threshold Crossed: {points} out of the last {points} datapoints [{told}] {were} {not}greater than the \
         threshold ({threshold:?}) (minimum {points} datapoint{plural} for {way} transition)."
    ))
}

/// A delivery whose id is the same for the same words told the same way, as that of a repeated one is.
fn delivery(received: &str, via: Via, words: &str, signal: Signal) -> Delivery {
    let id = format!("{:016x}{:016x}", hash(words, 1), hash(words, 2));
    let event_id = if via == AmazonQ {
        format!("Ev0{}", id[..8].to_uppercase())
    } else {
        [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
    };
    Delivery { received: at(received), event_id: Some(event_id), signal }
}
fn signals(meters: &Meters) -> Vec<Delivery> {
    let mut signals =
        vec![delivery(NOTE.0, AmazonQ, NOTE.2, Signal::Note { by: NOTE.1.to_owned(), text: NOTE.2.to_owned() })];
    for &(received, done, service, kind, by, words) in CHANGES {
        let (service, summary, by) = (ServiceId::new(service), words.to_owned(), Some(by.to_owned()));
        let change = Change { at: at(done), service, kind, summary, by, commit: None, link: None, error_code: None };
        signals.push(delivery(received, EventBridge, words, Signal::Change(change)));
    }
    for &(received, via, changed_at, state, name) in DELIVERIES {
        let mut alarm = Box::new(told(name, state, at(changed_at), meters));
        if via == AmazonQ {
            alarm.metric = None; // its messages do not name it, and tell whole seconds
            alarm.changed_at =
                Timestamp::from_second(alarm.changed_at.as_second()).expect("a time without its fraction");
        }
        signals.push(delivery(received, via, &format!("{name} {changed_at}"), Signal::Alarm { via, alarm }));
    }
    signals.sort_by_key(|delivery| delivery.received);
    signals
}

// ---- What is logged -------------------------------------------------------------------------------------------------
/// The minutes whose lines we have.
const LOGGED: std::ops::Range<i32> = -45..12;

/// The share of requests that fail for reasons of their own, and are logged in other words.
const USUAL: f64 = 0.005;

/// Lines of applications: whose, one for how many of the requests that `share` says, how bad, what. `{}` is a number that
/// differs from line to line.
#[rustfmt::skip]
const LINES: &[(&str, f64, fn(&Meters, i32) -> f64, LogLevel, &str)] = &[
    ("web-app", 24_000.0, |_, _| 1.0, LogLevel::Info, "GET /login 200 in {} ms"),
    ("catalog", 10_000.0, |_, _| 1.0, LogLevel::Info, "listed {} items from the cache"),
    ("order-service", 2_600.0, |_, _| 1.0, LogLevel::Info, "order {} accepted"),
    ("user-service", 2_400.0, |_, _| 1.0, LogLevel::Info, "profile {} loaded"),
    ("token-exchange", 900.0, |m, at| m.of("token-exchange", at).fails - m.timeouts(at) - USUAL, LogLevel::Error, "TooManyRequestsException: Rate exceeded (InitiateAuth on user-pool), request {}: giving up after attempt 4 of 4"),
    ("token-exchange", 1_400.0, |m, at| m.of("user-pool", at).refused, LogLevel::Warn, "TooManyRequestsException: Rate exceeded (InitiateAuth on user-pool), request {}: retrying at once, attempt 2 of 4"),
    ("authorizer", 250.0, |m, at| m.of("authorizer", at).fails - USUAL, LogLevel::Error, "signing keys of user-pool are stale and GetSigningCertificate failed with 429, request {}"),
    ("user-service", 160.0, |m, at| m.of("user-service", at).fails - USUAL, LogLevel::Error, "HikariPool-1 - Connection is not available, request timed out after 3000ms (total=40, active=40, idle=0, waiting={})"),
    ("user-service", 400.0, |m, at| m.of("auth-api", at).fails - USUAL, LogLevel::Warn, "no service token from auth-api (429), request {}: reloading credentials from user-db"),
    ("user-db", 120.0, |m, at| m.of("user-db", at).refused, LogLevel::Error, "FATAL: remaining connection slots are reserved for non-replication superuser connections [pid {}]"),
    ("order-service", 200.0, |m, at| m.of("order-service", at).fails - USUAL, LogLevel::Error, "user-service answered 503, order {} not placed"),
];

/// Functions whose reports we have: whose, one for how many invocations, memory in MB.
const REPORTED: &[(&str, f64, u32)] = &[("token-exchange", 500.0, 512), ("authorizer", 6_000.0, 256)];

/// The usual init of token-exchange in milliseconds; single ones scatter about it log-normally.
const INIT_MS: f64 = 800.0;

/// Draws between 0 and 1, always the same for a name, a minute and a number.
fn draw(name: &str, minute: i32, nth: u32) -> f64 {
    let seed = i64::from(minute).cast_unsigned() ^ (u64::from(nth) << 32);
    f64::from(u32::try_from(hash(name, hash("draw", seed)) >> 32).expect("32 bits")) / f64::from(u32::MAX)
}
/// About normal, from twelve uniform draws.
fn normal(name: &str, minute: i32, nth: u32) -> f64 {
    (0..12).map(|part| draw(name, minute, 1_000 * (part + 1) + nth)).sum::<f64>() - 6.0
}
/// How many of `expected` lines there are: the whole ones, and one more as often as the rest says.
fn lines_of(name: &str, minute: i32, expected: f64) -> u32 {
    (0..60).take_while(|&nth| f64::from(nth) + draw(name, minute, 900_000) < expected).count().try_into().expect("60")
}
#[expect(clippy::cast_possible_truncation, reason = "less than a minute of milliseconds")]
fn moment(name: &str, minute: i32, nth: u32) -> Timestamp {
    begins(minute) + SignedDuration::from_millis(i64::from((draw(name, minute, nth) * 59_999.0).round() as i32))
}

/// One invocation's report, as Lambda writes it: token-exchange logs JSON since version 118, the authorizer text.
fn report(meters: &Meters, id: &str, minute: i32, nth: u32, memory: u32) -> LogLine {
    let life = meters.of(id, minute);
    let invoked = life.requests * (1.0 - life.refused);
    let (mut duration, mut status) = (1000.0 * life.latency * (0.25 * normal(id, minute, nth)).exp(), "success");
    let mut init = None;
    if id == "token-exchange" {
        if draw("timeout", minute, nth) < meters.timeouts(minute) {
            (duration, status) = (3000.0, "timeout");
        }
        let cold = meters.cold(minute).unwrap_or_default() / invoked;
        init = (draw("cold", minute, nth) < cold).then(|| INIT_MS * (0.07 * normal("init", minute, nth)).exp());
    }
    let request = format!("{:016x}{:016x}", hash(id, u64::from(nth)), hash(id, i64::from(minute).cast_unsigned()));
    let request = [&request[..8], &request[8..12], &request[12..16], &request[16..20], &request[20..]].join("-");
    let used = (f64::from(memory) * (0.3 + 0.05 * draw("memory", minute, nth))).round();
    let billed = duration.ceil();
    let at = moment(id, minute, nth);
    let text = if id == "token-exchange" {
        let init = init.map(|init| format!(",\"initDurationMs\":{init:.2}")).unwrap_or_default();
        format!(
            "{{\"time\":\"{at}\",\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{request}\",\"metrics\":{{\
             \"durationMs\":{duration:.2},\"billedDurationMs\":{billed},\"memorySizeMB\":{memory},\
             \"maxMemoryUsedMB\":{used}{init}}},\"status\":\"{status}\"}}}}"
        )
    } else {
        format!(
            "REPORT RequestId: {request}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\tMemory Size: \
             {memory} MB\tMax Memory Used: {used} MB\t"
        )
    };
    LogLine { at, service: ServiceId::new(id), level: None, text }
}

fn logs(meters: &Meters) -> Vec<LogLine> {
    let mut lines = Vec::new();
    for minute in LOGGED {
        for &(id, one_in, memory) in REPORTED {
            let invoked = meters.of(id, minute).requests * (1.0 - meters.of(id, minute).refused);
            let count = lines_of(&format!("{id} reports"), minute, invoked / one_in);
            lines.extend((0..count).map(|nth| report(meters, id, minute, nth, memory)));
        }
        for &(id, one_in, share, level, words) in LINES {
            let expected = meters.of(id, minute).requests * share(meters, minute).max(0.0) / one_in;
            for nth in 0..lines_of(words, minute, expected) {
                let number = 10_000.0 + 80_000.0 * draw(words, minute, 500 + nth);
                let text = words.replace("{}", &format!("{number:.0}"));
                let (at, service) = (moment(words, minute, nth), ServiceId::new(id));
                lines.push(LogLine { at, service, level: Some(level), text });
            }
        }
    }
    lines.sort();
    lines
}

// ---- What can be changed --------------------------------------------------------------------------------------------
/// Targets as the story finds them: type, name, revision, settings. The reservation of token-exchange is its limit of
/// executions; version 118 is the deploy that is innocent.
#[rustfmt::skip]
const TARGETS: &[(&str, &str, &str, &[(&str, &str)])] = &[
    ("AWS::Lambda::Function", "token-exchange", "7c1d4a52-0f5e-4f0b-9a55-0f1c2b7a9e10", &[
        ("LogFormat", "JSON"), ("MemorySize", "512"), ("ReservedConcurrentExecutions", "90"), ("invoked", "118")]),
    ("AWS::Lambda::Alias", "token-exchange:live", "2c0f2bd4-1b1a-4a53-8d0a-3f2a1b0c9d8e", &[
        ("FunctionVersion", "118"), ("published_at:116", "2026-11-03T09:41:30Z"),
        ("published_at:117", "2026-11-17T14:20:05Z"), ("published_at:118", "2026-11-20T02:31:40Z")]),
    ("AWS::Lambda::Function", "auth-authorizer", "f3b0c1de-52a7-4c6b-8f2e-6a4d9b8c7e21", &[
        ("LogFormat", "Text"), ("MemorySize", "256")]),
    ("AWS::Lambda::Function", "nightly-export", "0a9e8d7c-6b5f-4e3d-9c2b-1a0f9e8d7c6b", &[
        ("LogFormat", "Text"), ("MemorySize", "1024")]),
];

fn settings() -> Vec<TargetSettings> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let found = TARGETS.iter().map(|(kind, name, revision, settings)| TargetSettings {
        target: Target::new(kind, *name),
        settings: settings.iter().map(owned).collect(),
        revision: Some((*revision).to_owned()),
    });
    found.collect()
}

fn main() {
    let meters = Meters(simulate());
    let capsule = Capsule {
        clarity_capsule: VERSION,
        name: "auth-cascade".to_owned(),
        about: ABOUT.to_owned(),
        window: Window { from: begins(0), to: begins(SPAN.end) },
        topology: topology(&meters),
        series: series(&meters),
        logs: logs(&meters),
        signals: signals(&meters),
        settings: settings(),
        truth: Some(Truth::Cause(vec![ServiceId::new("user-pool")])),
    };
    let json = to_json(&capsule);
    assert!(
        parse(json.as_bytes()).expect("what was written can be read") == capsule,
        "what is read is what was written"
    );
    std::io::stdout().write_all(json.as_bytes()).expect("standard output takes the capsule");
}
