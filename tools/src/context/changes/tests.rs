//! Small incidents of many kinds, written for these tests: a guilty change among innocent ones, or none.

use super::super::{Situation, verdict};
use super::effect::effects;
use super::{diff, effect};
use crate::model::{
    Alarm, AlarmState, Change, ChangeKind, Claim, Commit, LogLevel, LogLine, Measure, Metric, Reason, Series, Service,
    ServiceId, Topology, Verdict,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + minute * 60).unwrap()
}

/// A deploy so many minutes before the trouble, which begins at minute 100.
fn deploy(id: &str, service: &str, before: i64, file: &str, message: &str, diff: &str) -> Change {
    Change {
        at: at(100 - before),
        service: ServiceId::new(service),
        kind: ChangeKind::Deploy,
        summary: message.to_owned(),
        by: None,
        commit: Some(Commit {
            id: id.to_owned(),
            message: message.to_owned(),
            files: vec![file.to_owned()],
            diff: Some(diff.to_owned()),
        }),
        link: None,
        error_code: None,
    }
}

/// `orders` alarms at minute 104 with this metric and these lines in its log since minute 100.
fn incident(metric: &str, lines: &[&str], changes: Vec<Change>) -> Situation {
    let service = || ServiceId::new("orders");
    let mut logs: Vec<LogLine> = (0..100)
        .map(|minute| LogLine {
            at: at(minute),
            service: service(),
            level: Some(LogLevel::Info),
            text: format!("took order {minute}"),
        })
        .collect();
    for (number, line) in lines.iter().cycle().take(12).enumerate() {
        let offset = SignedDuration::from_secs(20 * i64::try_from(number).unwrap());
        logs.push(LogLine {
            at: at(100) + offset,
            service: service(),
            level: Some(LogLevel::Error),
            text: (*line).to_owned(),
        });
    }
    let value = |minute: i64| if minute < 100 { 10.0 + (minute % 3) as f64 } else { 90.0 };
    Situation {
        conflicts: Vec::new(),
        now: at(108),
        alarms: vec![Alarm {
            metric: Some(Metric {
                namespace: "Shop".to_owned(),
                name: metric.to_owned(),
                stat: None,
                dimensions: BTreeMap::from([("ServiceName".to_owned(), "orders".to_owned())]),
            }),
            ..Alarm::named(format!("orders-{metric}"), AlarmState::Alarm, at(104))
        }],
        topology: Some(Topology { services: vec![Service::named("orders"), Service::named("web")], edges: Vec::new() }),
        series: Some(vec![Series {
            service: service(),
            measure: Measure::Other(metric.to_owned()),
            start: at(0),
            step_s: 60,
            values: (0..108).map(|minute| Some(value(minute))).collect(),
        }]),
        logs: Some(logs),
        changes,
        gaps: Vec::new(),
    }
}

/// Innocent changes around every incident: a tidied handler on the same service at the last moment, a patch, a style.
fn innocent() -> Vec<Change> {
    vec![
        deploy(
            "tidy",
            "orders",
            1,
            "src/orders/handler.go",
            "tidy order handler",
            "@@ src/orders/handler.go @@\n-\tid := mux.Vars(r)[\"id\"]\n-\torder, err := h.store.Load(r.Context(), id)\n-\tif err != nil { http.Error(w, err.Error(), 500); return }\n-\tjson.NewEncoder(w).Encode(order)\n+\torder, err := h.store.Load(r.Context(), idFrom(r))\n+\tif err != nil {\n+\t\tfail(w, err)\n+\t\treturn\n+\t}\n+\twriteJSON(w, order)\n",
        ),
        deploy(
            "patch",
            "orders",
            9,
            "go.mod",
            "bump dependencies",
            "@@ go.mod @@\n-\tgithub.com/some/mux v1.4.2\n+\tgithub.com/some/mux v1.4.3\n",
        ),
        deploy(
            "style",
            "web",
            2,
            "web/src/cart.css",
            "cart colours",
            "@@ web/src/cart.css @@\n-.cart { color: #333; }\n+.cart { color: #444; }\n",
        ),
    ]
}

fn guilty(verdict: &Verdict) -> Option<String> {
    let Claim::Changed { change } = &verdict.claim(verdict.guilty?)?.claim else { panic!("only a change is guilty") };
    change.commit.as_ref().map(|commit| commit.id.clone())
}

/// The change in `diff` of `file` is guilty of `lines`.
#[track_caller]
fn check(metric: &str, lines: &[&str], file: &str, diff: &str) {
    let mut changes = innocent();
    changes.push(deploy("guilty", "orders", 6, file, "some improvements", diff));
    let verdict = verdict(&incident(metric, lines, changes));
    assert_eq!(guilty(&verdict).as_deref(), Some("guilty"), "{}", told(&verdict));
}

/// Nobody is guilty of `lines`, though `diff` came just before.
#[track_caller]
fn check_none(metric: &str, lines: &[&str], file: &str, diff: &str) {
    let mut changes = innocent();
    changes.push(deploy("near", "orders", 6, file, "some improvements", diff));
    let verdict = verdict(&incident(metric, lines, changes));
    assert_eq!(guilty(&verdict), None, "{}", told(&verdict));
}

fn told(verdict: &Verdict) -> String {
    let line = |suspect: &crate::model::Suspect| {
        let Claim::Changed { change } = &verdict.claim(suspect.evidence).unwrap().claim else { panic!("no change") };
        format!("\n{:.2} {} {:?}", suspect.likelihood, change.summary, suspect.reasons)
    };
    verdict.changes.iter().map(line).collect()
}

#[test]
fn a_smaller_pool_runs_out() {
    check(
        "pool_checkout_wait",
        &[
            "sqlalchemy.exc.TimeoutError: QueuePool limit of size 2 overflow 0 reached, connection timed out, timeout 30",
        ],
        "orders/db.py",
        "--- a/orders/db.py\n+++ b/orders/db.py\n@@ -3,3 +3,3 @@\n engine = create_engine(\n     url,\n-    pool_size=20, max_overflow=10,\n+    pool_size=2, max_overflow=0,\n )\n",
    );
}

#[test]
fn a_cache_without_an_end_fills_the_memory() {
    check(
        "jvm_heap_used_pct",
        &["java.lang.OutOfMemoryError: Java heap space", "GC overhead limit exceeded"],
        "src/main/java/shop/PriceCache.java",
        "@@ src/main/java/shop/PriceCache.java @@\n   this.prices = Caffeine.newBuilder()\n-      .maximumSize(10_000)\n-      .expireAfterWrite(Duration.ofMinutes(10))\n       .build(this::load);\n",
    );
}

#[test]
fn an_optional_value_is_used_as_if_it_were_there() {
    check(
        "errors_5xx",
        &["TypeError: Cannot read properties of undefined (reading 'city')"],
        "src/shipping.ts",
        "@@ src/shipping.ts @@\n export function label(order: Order) {\n-  return order.address?.city ?? \"unknown\";\n+  return order.address.city;\n }\n",
    );
}

#[test]
fn a_permission_is_taken_away() {
    check(
        "errors_5xx",
        &[
            "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/orders is not authorized to perform: sqs:SendMessage",
        ],
        "infra/orders/iam.tf",
        "--- a/infra/orders/iam.tf\n+++ b/infra/orders/iam.tf\n@@ -8,7 +8,6 @@\n     actions = [\n       \"sqs:ReceiveMessage\",\n-      \"sqs:SendMessage\",\n       \"sqs:GetQueueUrl\",\n     ]\n",
    );
}

#[test]
fn a_setting_gets_another_name() {
    check(
        "errors_5xx",
        &["panic: required environment variable LEDGER_URL is not set"],
        "deploy/orders/values.yaml",
        "@@ deploy/orders/values.yaml @@\n env:\n-  LEDGER_URL: http://ledger:8080\n+  LEDGER_ENDPOINT: http://ledger:8080\n",
    );
}

#[test]
fn an_index_is_dropped() {
    check(
        "db_query_p99_ms",
        &["slow query: SELECT id FROM orders WHERE customer_id = 17 took 8123 ms (Seq Scan)"],
        "migrations/0042_cleanup.sql",
        "--- /dev/null\n+++ b/migrations/0042_cleanup.sql\n@@ -0,0 +1,2 @@\n+-- nobody seems to use it\n+DROP INDEX orders_customer_id_idx;\n",
    );
}

#[test]
fn a_retry_without_pause_is_a_storm() {
    check(
        "upstream_429_count",
        &["inventory: 429 Too Many Requests, giving up after 10 attempts"],
        "src/inventory/client.go",
        "@@ src/inventory/client.go: func (c *Client) Reserve(ctx context.Context, sku string) error {\n-\treturn c.post(ctx, \"/reserve\", sku)\n+\tvar err error\n+\tfor attempt := 0; attempt < 10; attempt++ {\n+\t\tif err = c.post(ctx, \"/reserve\", sku); err == nil {\n+\t\t\treturn nil\n+\t\t}\n+\t}\n+\treturn err\n",
    );
}

#[test]
fn a_container_gets_less_memory_than_it_needs() {
    check(
        "container_restarts",
        &["container orders terminated: OOMKilled, exit code 137"],
        "charts/orders/values.yaml",
        "@@ charts/orders/values.yaml @@\n   resources:\n     limits:\n-      memory: 1Gi\n+      memory: 256Mi\n",
    );
}

#[test]
fn a_cache_forgets_too_soon() {
    check(
        "db_cpu_pct",
        &["cache miss ratio 0.97, falling through to the database", "query timed out after 5000 ms"],
        "orders/cache.py",
        "@@ orders/cache.py @@\n-CATALOG_TTL_SECONDS = 3600\n+CATALOG_TTL_SECONDS = 5\n",
    );
}

#[test]
fn a_field_of_a_message_gets_another_name() {
    check(
        "errors_5xx",
        &["json: unknown field \"unit_price\" in line item"],
        "src/api/types.go",
        "@@ src/api/types.go @@\n type LineItem struct {\n \tSKU   string `json:\"sku\"`\n-\tPrice int64  `json:\"unit_price\"`\n+\tPrice int64  `json:\"price_cents\"`\n }\n",
    );
}

#[test]
fn a_pattern_takes_forever() {
    check(
        "cpu_utilization",
        &["event loop blocked for 9213 ms while validating a coupon"],
        "src/coupon.js",
        "@@ src/coupon.js @@\n-const ok = code.length <= 20 && isAlphanumeric(code);\n+const ok = /^([A-Z0-9]+)+$/.test(code);\n",
    );
}

#[test]
fn a_body_that_is_never_closed_leaks() {
    check(
        "open_file_descriptors",
        &["dial tcp 10.0.0.7:443: socket: too many open files"],
        "src/rates/client.go",
        "@@ src/rates/client.go @@\n \tresp, err := c.http.Get(c.url)\n \tif err != nil {\n \t\treturn nil, err\n \t}\n-\tdefer resp.Body.Close()\n \treturn decode(resp.Body)\n",
    );
}

#[test]
fn an_audience_that_nobody_issues_is_refused() {
    check(
        "http_401_ratio",
        &["token rejected: invalid audience, expected shop-api-v2 got shop-api"],
        "src/main/resources/application.properties",
        "@@ src/main/resources/application.properties @@\n-auth.jwt.audience=shop-api\n+auth.jwt.audience=shop-api-v2\n",
    );
}

#[test]
fn items_are_asked_for_one_by_one() {
    check(
        "latency_p99_ms",
        &["slow request: list orders took 6210 ms, 214 queries"],
        "orders/views.py",
        "@@ orders/views.py @@\n def list_orders(session, customer):\n-    orders = session.query(Order).options(joinedload(Order.items)).filter_by(customer=customer).all()\n-    return [dump(order) for order in orders]\n+    orders = session.query(Order).filter_by(customer=customer).all()\n+    result = []\n+    for order in orders:\n+        items = session.query(Item).filter_by(order_id=order.id).all()\n+        result.append(dump(order, items))\n+    return result\n",
    );
}

#[test]
fn messages_are_not_acknowledged() {
    check(
        "queue_oldest_message_age",
        &["message 7f3a redelivered, visibility timeout expired, backlog grows"],
        "src/worker.ts",
        "@@ src/worker.ts @@\n   for (const message of batch) {\n     await handle(message);\n-    await queue.ack(message);\n   }\n",
    );
}

#[test]
fn rows_are_locked_for_as_long_as_a_call_takes() {
    check(
        "latency_p99_ms",
        &["ERROR: deadlock detected, process 4711 waits for ShareLock", "canceling statement due to lock timeout"],
        "src/stock.sql",
        "@@ src/stock.sql @@\n-SELECT amount FROM stock WHERE sku = $1;\n+SELECT amount FROM stock WHERE sku = $1 FOR UPDATE;\n",
    );
}

// ---- Nobody ------------------------------------------------------------------------------------------------------------

/// A change that does something, but nothing that could lead to what is seen.
const HELPER: &str = "@@ src/totals.go @@\n-\treturn net + net*rate\n+\treturn roundCents(net + net*rate)\n";

#[test]
fn an_expired_certificate_is_nobodys_change() {
    let lines = ["tls: failed to verify certificate: x509: certificate has expired or is not yet valid"];
    check_none("errors_5xx", &lines, "src/totals.go", HELPER);
    let retry = "@@ config/client.yaml @@\n-  timeout: 5s\n+  timeout: 4s\n";
    check_none("errors_5xx", &lines, "config/client.yaml", retry);
}

#[test]
fn another_companys_outage_is_nobodys_change() {
    let lines = ["payment provider returned 503 Service Unavailable, see their status page", "external api timed out"];
    check_none("errors_5xx", &lines, "src/totals.go", HELPER);
    let more = "@@ config/pool.yaml @@\n-  max_connections: 50\n+  max_connections: 60\n";
    check_none("errors_5xx", &lines, "config/pool.yaml", more);
}

#[test]
fn a_broken_machine_is_nobodys_change() {
    let lines = ["kernel: nvme0n1: I/O error, dev nvme0n1, sector 91231", "write failed: input/output error"];
    check_none("errors_5xx", &lines, "src/totals.go", HELPER);
}

#[test]
fn one_bad_record_is_nobodys_change() {
    let lines = ["cannot decode record offset=8812 partition=3: unexpected end of input; redelivering"];
    check_none("consumer_lag", &lines, "src/totals.go", HELPER);
}

#[test]
fn a_change_after_the_alarm_is_innocent() {
    let diff = "@@ orders/db.py @@\n-pool_size=20\n+pool_size=2\n";
    let mut changes = innocent();
    changes.push(deploy("late", "orders", -6, "orders/db.py", "smaller pool", diff));
    let verdict = verdict(&incident("pool_wait", &["QueuePool limit reached, connection timed out"], changes));
    assert_eq!(guilty(&verdict), None, "{}", told(&verdict));
}

#[test]
fn where_nothing_is_wrong_nobody_is_guilty() {
    let mut situation = incident("errors_5xx", &[], innocent());
    situation.changes.push(deploy(
        "pool",
        "orders",
        6,
        "orders/db.py",
        "x",
        "@@ orders/db.py @@\n-pool_size=20\n+pool_size=2\n",
    ));
    for series in situation.series.iter_mut().flatten() {
        series.values.iter_mut().for_each(|value| *value = Some(10.0));
    }
    assert_eq!(guilty(&verdict(&situation)), None);
}

// ---- Reading diffs -----------------------------------------------------------------------------------------------------

#[track_caller]
fn check_effect(file: &str, lines: &str, expected: &str) {
    let parsed = diff::parse(lines, &[file.to_owned()]);
    let found = effects(&parsed);
    let told = found.harmless.map_or_else(
        || found.effects.iter().map(|effect: &effect::Effect| effect.how.clone()).next().unwrap_or_default(),
        |what| format!("harmless: {what}"),
    );
    assert_eq!(told, expected, "{lines}");
}

#[test]
fn what_a_diff_does_is_told() {
    check_effect("a.md", "-one\n+two", "harmless: only documentation");
    check_effect("a.go", "-\t// one\n+\t// two", "harmless: only comments, order, or what is logged");
    check_effect(
        "a.go",
        "-\tlog.Printf(\"a %d\", n)\n+\tlog.Printf(\"b %d\", n)",
        "harmless: only comments, order, or what is logged",
    );
    check_effect(
        "a.rs",
        "-let a = load(b);\n-use_it(a);\n+let it = load(b);\n+use_it(it);",
        "harmless: only names that nobody else sees",
    );
    check_effect(
        "a.py",
        "-    raise Problem(\"it is ful\")\n+    raise Problem(\"it is full\")",
        "harmless: only texts for people",
    );
    check_effect(
        "A.java",
        "-  if (a.low() < LIMIT) { return sum(a, b); }\n+  return sumUnderLimit(a, b);",
        "harmless: the same work in other words",
    );
    check_effect("a.yaml", "-  replicas: 6\n+  replicas: 2", "it sets `replicas` from 6 to 2");
    check_effect("a.ts", "-  await subscribeToPrices(store);\n", "it no longer calls `subscribeToPrices`");
    check_effect(
        "package.json",
        "-    \"left\": \"^1.2.3\",\n+    \"left\": \"^2.0.0\",",
        "it takes another major version of `left`",
    );
    check_effect("a.go", "-\tif a > b {\n+\tif a >= b {", "it turns a condition around");
    check_effect("a.sql", "+ALTER TABLE orders DROP COLUMN note;", "it changes a schema (`drop column`)");
}

#[test]
fn reasons_are_told_with_the_verdict() {
    let mut changes = innocent();
    let diff = "@@ src/shipping.ts @@\n-  return order.address?.city;\n+  return order.address.city;\n";
    changes.push(deploy("guilty", "orders", 6, "src/shipping.ts", "shorter", diff));
    let verdict =
        verdict(&incident("errors_5xx", &["TypeError: Cannot read properties of undefined (reading 'city')"], changes));
    let first = &verdict.changes[0];
    assert!(matches!(&first.reasons[0], Reason::Does { what } if what.contains("not there")), "{first:?}");
    assert!(
        first
            .reasons
            .iter()
            .any(|reason| matches!(reason, Reason::Words { words } if words.contains(&"city".to_owned()))),
        "{first:?}"
    );
    assert!(verdict.changes[1..].iter().all(|other| other.likelihood < first.likelihood));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_weighed_and_no_order_matters(
        diffs in prop::collection::vec("(([-+ @]|@@ |\\+\\+\\+ |--- )[a-zA-Z0-9 .,:;=(){}'\"`/*#<>ä?]{0,40}\n){0,12}", 0..5),
        wild in ".{0,200}",
        lines in prop::collection::vec("[a-z0-9 ='\"<>ü:]{0,60}", 1..6),
        befores in prop::collection::vec(-20..200_i64, 6),
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let texts = diffs.iter().chain([&wild]);
        let changes: Vec<Change> = texts
            .zip(&befores)
            .map(|(diff, before)| deploy("x", "orders", *before, "src/a.go", diff, diff))
            .collect();
        let mut situation = incident("errors", &lines, changes);
        let one = verdict(&situation);
        for suspect in &one.changes {
            prop_assert!((0.0..=1.0).contains(&suspect.likelihood), "{suspect:?}");
        }
        situation.changes.reverse();
        situation.logs.iter_mut().flatten().for_each(|line| line.level = Some(LogLevel::Error));
        let forward = verdict(&situation);
        situation.logs.iter_mut().for_each(|logs| logs.reverse());
        situation.changes.sort_by_key(|change| change.summary.len());
        prop_assert_eq!(serde_json::to_string(&forward).unwrap(), serde_json::to_string(&verdict(&situation)).unwrap());
    }
}

#[test]
fn a_diff_of_megabytes_is_read_in_part() {
    let line = "+    value = compute(value, 12) + other_value  \n".repeat(200_000);
    let parsed = diff::parse(&line, &["a.py".to_owned()]);
    assert_eq!(parsed[0].lines.len(), 4000);
    assert!(effects(&parsed).effects.len() <= 8);
}
