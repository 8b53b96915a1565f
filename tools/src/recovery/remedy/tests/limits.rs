//! Which parameters are within their bounds, and where each remedy can be applied.

use super::{altered, elsewhere, example, reading};
use crate::recovery::remedy::{Entry, InputSchema, Runbook, RunbookError, RunbookSpec};

/// Applies the example of `name` with other parameters to what was read for it with changes; says why it cannot be.
#[track_caller]
fn check(name: &str, parameters: &str, changes: &[&str], expected: &str) {
    let remedy = altered(name, parameters);
    let found =
        remedy.entry().check(&elsewhere(name, changes)).map_or_else(|impossible| impossible.0, |()| "fine".to_owned());
    assert_eq!(found, expected);
}

#[test]
fn names_are_as_aws_has_them() {
    let long = "x".repeat(65);
    let function = |name: &str| format!(r#""function": "{name}""#);
    let refused = |shown: &str| format!("a function's name has 1 to 64 letters, digits and `-` `_`, unlike {shown}");
    check("log-level", &function("a-b_C9"), &[], "fine");
    check("log-level", &function(&long[1..]), &[], "fine");
    check("log-level", &function(&long), &[], &refused(&format!("`{}…`", &long[..40])));
    check("log-level", &function(""), &[], &refused("``"));
    check("reserved-concurrency", &function("a:live"), &[], &refused("`a:live`"));
    check("reserved-concurrency", &function("a\\nb"), &[], &refused("`a\\nb`"));
    check("provisioned-concurrency", &function("é"), &[], &refused("`é`"));
    check("alias-rollback", &function("a b"), &[], &refused("`a b`"));

    let uuid = |name: &str| format!(r#""mapping": "{name}""#);
    check("event-source", &uuid("14e0db71"), &[], "`14e0db71` is no UUID in lower case");
    check(
        "event-source",
        &uuid("14E0DB71-5d35-4eb5-b481-8945cf9d10c2"),
        &[],
        "`14E0DB71-5d35-4eb5-b481-8945cf9d10c2` is no UUID in lower case",
    );
    check("rule", r#""rule": "a/b""#, &[], "a rule's name has 1 to 64 letters, digits and `.` `-` `_`, unlike `a/b`");
    check("rule", r#""bus": "aws.partner/x.com/1""#, &[], "fine");
    check("rule", r#""bus": "a:b""#, &[], "a bus' name has 1 to 256 letters, digits and `/` `.` `-` `_`, unlike `a:b`");
    let archive = "an archive's name has 1 to 48 letters, digits and `.` `-` `_`, unlike `a/b`";
    check("archive-replay", r#""archive": "a/b""#, &[], archive);
    let table = "a table's name has 3 to 255 letters, digits and `_` `.` `-`, unlike `ab`";
    check("table-capacity", r#""table": "ab""#, &[], table);
    let cluster = "a cluster's name has 1 to 255 letters, digits and `-` `_`, unlike `a.b`";
    check("ecs-count", r#""cluster": "a.b""#, &[], cluster);
    check("ecs-rollback", r#""cluster": "a.b""#, &[], cluster);
    let service = "a service's name has 1 to 255 letters, digits and `-` `_`, unlike ``";
    check("ecs-count", r#""service": """#, &[], service);
    let rule = "a sampling rule's name has 1 to 32 characters that can be printed, unlike `a\\tb`";
    check("trace-sampling", r#""rule": "a\tb""#, &[], rule);
    let runbook = "a runbook's name has 1 to 64 letters, digits and `-` `_`, unlike `a b`";
    check("runbook", r#""name": "a b""#, &[], runbook);
    check("mute-alarms", r#""alarms": ["Überlast 5xx"]"#, &[], "fine");
    let alarm = "an alarm's name has 1 to 255 characters that can be printed, unlike `a\\0`";
    check("mute-alarms", r#""alarms": ["a\u0000"]"#, &[], alarm);
}

#[test]
fn numbers_have_bounds() {
    for name in ["log-level", "trace-sampling"] {
        check(name, r#""minutes": 5"#, &[], "fine");
        check(name, r#""minutes": 4"#, &[], "minutes has to be 5 to 120, not 4");
        check(name, r#""minutes": 120"#, &[], "fine");
        check(name, r#""minutes": 121"#, &[], "minutes has to be 5 to 120, not 121");
    }
    check("trace-sampling", r#""percent": 100"#, &[], "fine");
    check("trace-sampling", r#""percent": 101"#, &[], "percent has to be 1 to 100, not 101");
    check("trace-sampling", r#""percent": 0"#, &[], "percent has to be 1 to 100, not 0");
    check("mute-alarms", r#""minutes": 240"#, &[], "fine");
    check("mute-alarms", r#""minutes": 241"#, &[], "minutes has to be 5 to 240, not 241");
    check("mute-alarms", r#""alarms": []"#, &[], "the number of alarms has to be 1 to 100, not 0");
    check("mute-alarms", r#""alarms": ["a", "b", "a"]"#, &[], "the alarm `a` is named twice");
    let many: Vec<String> = (0..101).map(|at| format!("\"alarm {at}\"")).collect();
    let alarms = |count: usize| format!("\"alarms\": [{}]", many[..count].join(","));
    check("mute-alarms", &alarms(100), &[], "fine");
    check("mute-alarms", &alarms(101), &[], "the number of alarms has to be 1 to 100, not 101");
    check("capsule-capture", r#""minutes": 1500"#, &[], "fine");
    check("capsule-capture", r#""minutes": 1501"#, &[], "minutes has to be 30 to 1500, not 1501");
    check("capsule-capture", r#""minutes": 29"#, &[], "minutes has to be 30 to 1500, not 29");
    let environments = |found| format!("the number of environments has to be 1 to 1000, not {found}");
    check("provisioned-concurrency", r#""instances": 0"#, &[], &environments(0));
    check("provisioned-concurrency", r#""instances": 1001"#, &[], &environments(1001));
    check("reserved-concurrency", r#""executions": 1001"#, &[], "executions at once has to be 0 to 1000, not 1001");
    check("ecs-count", r#""count": 500"#, &[], "fine");
    check("ecs-count", r#""count": 501"#, &[], "the count of tasks has to be 0 to 500, not 501");
    check("table-capacity", r#""read": 40000"#, &[], "fine");
    check("table-capacity", r#""read": 40001"#, &[], "ReadCapacityUnits has to be 1 to 40000, not 40001");
}

#[test]
fn what_a_function_is_decides() {
    check("log-level", "", &["LogFormat=Text"], "`auth` logs as Text, and only JSON has levels");
    let missing = "`LogFormat` of AWS::Lambda::Function auth could not be read, and it is needed";
    check("log-level", "", &["-LogFormat"], missing);
    check("log-level", "", &["invoked=$LATEST"], "fine");
    let published = "callers of `auth` reach version 118, and a published version keeps its log level";
    check("log-level", "", &["invoked=118"], published);
    check("log-level", "", &["ApplicationLogLevel=DEBUG"], "fine");
    check("log-level", "", &["ApplicationLogLevel=TRACE"], "`auth` logs more than that already: TRACE");
    let unknown = "`ApplicationLogLevel` of AWS::Lambda::Function auth is no level: `LOUD`";
    check("log-level", "", &["ApplicationLogLevel=LOUD"], unknown);
    check("log-level", r#""level": "WARN""#, &[], "a level to raise to is INFO, DEBUG or TRACE");
    check("log-level", r#""level": "debug""#, &[], "a level to raise to is INFO, DEBUG or TRACE");

    let left = |left: u32| format!("unreserved_concurrent_executions={left}");
    let few =
        |left: u32| format!("the account has {left} executions left, and 100 of them must stay for other functions");
    check("reserved-concurrency", "", &[&left(120)], "fine");
    check("reserved-concurrency", "", &[&left(119)], &few(119));
    check("reserved-concurrency", "", &[&left(110), "ReservedConcurrentExecutions=10"], "fine");
    check("reserved-concurrency", "", &[&left(109), "ReservedConcurrentExecutions=10"], &few(109));
    // Taking less than before is always possible.
    check("reserved-concurrency", r#""executions": 0"#, &[&left(100)], "fine");
    check("reserved-concurrency", "", &[&left(40), "ReservedConcurrentExecutions=30"], "fine");
    let missing =
        "`unreserved_concurrent_executions` of AWS::Lambda::Function token could not be read, and it is needed";
    check("reserved-concurrency", "", &["-unreserved_concurrent_executions"], missing);
    let no_number = "`unreserved_concurrent_executions` of AWS::Lambda::Function token is no number: `many`";
    check("reserved-concurrency", "", &["unreserved_concurrent_executions=many"], no_number);
    let warm = "40 environments of `token` are kept warm, and they have to fit into the limit";
    check("reserved-concurrency", "", &["provisioned_concurrent_executions=40"], warm);
}

#[test]
fn what_an_alias_is_decides() {
    let (warm, back) = ("provisioned-concurrency", "alias-rollback");
    let alias = |name: &str| format!(r#""alias": "{name}""#);
    for name in [warm, back] {
        check(name, &alias("$LATEST"), &[], "`$LATEST` is a version, and an alias is needed");
        check(name, &alias("118"), &[], "`118` is a version, and an alias is needed");
        check(name, &alias(""), &[], "an alias has 1 to 128 letters, digits and `-` `_`, unlike ``");
        check(name, &alias("1a"), &[], "fine");
        let revision = "the revision of AWS::Lambda::Alias token:live could not be read, and it is needed";
        check(name, "", &["-revision"], revision);
        let version = "`FunctionVersion` of AWS::Lambda::Alias token:live could not be read, and it is needed";
        check(name, "", &["-FunctionVersion"], version);
    }
    let latest = "`token:live` leads to `$LATEST`, which cannot be kept warm";
    check(warm, "", &["FunctionVersion=$LATEST"], latest);
    let split = "the traffic of `token:live` is split between two versions";
    check(warm, "", &[r#"RoutingConfig={"117":0.1}"#], split);
    check(warm, "", &["unreserved_concurrent_executions=140"], "fine");
    let few = "the account has 139 executions left, and 100 of them must stay for other functions";
    check(warm, "", &["unreserved_concurrent_executions=139"], few);
    check(warm, "", &["unreserved_concurrent_executions=139", "ProvisionedConcurrentExecutions=1"], "fine");
    check(warm, "", &["reserved_concurrent_executions=40", "-unreserved_concurrent_executions"], "fine");
    check(warm, "", &["reserved_concurrent_executions=39"], "`token` has only 39 executions reserved");

    let version = |version: &str| format!(r#""version": "{version}""#);
    check(back, &version("$LATEST"), &[], "`$LATEST` is no published version, which is a number");
    check(back, &version("0117"), &[], "`0117` is no published version, which is a number");
    check(back, &version(""), &[], "`` is no published version, which is a number");
    check(back, &version("116"), &[], "`token` has no published version 116");
    check(back, &version("118"), &[], "`token:live` leads to version 118 already");
    check(back, &version("119"), &[], "version 119 is newer than 118, to which `token:live` leads");
    check(back, "", &["FunctionVersion=$LATEST"], "fine");
    check(back, "", &["published_at:117=yesterday"], "when version 117 was published is no time: `yesterday`");
    // Ending a split is something to do, even where the version stays.
    let split = [r#"RoutingConfig={"119":0.1}"#, "published_at:118=2026-11-19T10:00:00Z"];
    check(back, &version("118"), &split, "fine");
}

#[test]
fn what_feeds_and_fires_decides() {
    let changing = "AWS::Lambda::EventSourceMapping 14e0db71-5d35-4eb5-b481-8945cf9d10c2 is being changed right now: it is \
                    `Disabling`";
    check("event-source", "", &["State=Disabling"], changing);
    check("event-source", r#""enabled": true"#, &["State=Disabled"], "fine");
    check("rule", "", &["ManagedBy=states.amazonaws.com"], "the rule `nightly` belongs to states.amazonaws.com");
    let all = "State=ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
    check("rule", "", &[all], "the rule `nightly` matches management events too, which cannot be restored");
    check("rule", r#""enabled": true"#, &[all], "fine");
    check("rule", "", &["State=MAYBE"], "`State` of AWS::Events::Rule default:nightly is unknown: `MAYBE`");
    check("trace-sampling", "", &["FixedRate=0.20"], "fine");
    check("trace-sampling", "", &["FixedRate=0.21"], "`Default` traces more than that already: 0.21");
    let share = "`FixedRate` of AWS::XRay::SamplingRule Default is no share: `20`";
    check("trace-sampling", "", &["FixedRate=20"], share);
    check("capsule-capture", "", &["Captures=99"], "fine");
    check("capsule-capture", "", &["Captures=100"], "there are 100 capsules of this incident already");
}

#[test]
fn a_replay_has_a_span_and_a_bus() {
    let span = |from: &str, to: &str| format!(r#""from": "2026-11-{from}Z", "to": "2026-11-{to}Z""#);
    check("archive-replay", &span("19T03:00:00", "20T03:00:00"), &[], "fine");
    let long = "the span to replay is longer than 24 hours";
    check("archive-replay", &span("19T03:00:00", "20T03:00:01"), &[], long);
    let backwards = "the span to replay ends before it begins";
    check("archive-replay", &span("20T03:00:00", "20T03:00:00"), &[], backwards);
    let other =
        "the archive `orders` holds the events of another bus: arn:aws:events:us-east-1:123456789012:event-bus/shop";
    check("archive-replay", r#""bus": "default""#, &[], other);
    let updating = "the archive `orders` cannot be replayed: it is `UPDATING`";
    check("archive-replay", "", &["State=UPDATING"], updating);
}

#[test]
fn capacity_is_only_raised() {
    let on_demand = ["BillingMode=PAY_PER_REQUEST", "MaxReadRequestUnits=100"];
    check("table-capacity", r#""read": 100"#, &[], "fine");
    check("table-capacity", r#""read": 99"#, &[], "`ReadCapacityUnits` of `sessions` is 100, and is only ever raised");
    let fewer_writes = "`WriteCapacityUnits` of `sessions` is 50, and is only ever raised";
    check("table-capacity", r#""write": 49"#, &[], fewer_writes);
    check("table-capacity", r#""read": null"#, &[], "neither reads nor writes are to be raised");
    check(
        "table-capacity",
        "",
        &["table_status=UPDATING"],
        "the table `sessions` cannot be changed now: it is `UPDATING`",
    );
    check("table-capacity", "", &on_demand, "fine");
    let none = "the table `sessions` has no `MaxReadRequestUnits` to raise";
    check("table-capacity", "", &on_demand[..1], none);
    check("table-capacity", "", &[on_demand[0], "MaxReadRequestUnits=-1"], none);
    check(
        "table-capacity",
        "",
        &["BillingMode=FREE"],
        "`BillingMode` of AWS::DynamoDB::Table sessions is unknown: `FREE`",
    );
    let missing = "`WriteCapacityUnits` of AWS::DynamoDB::Table sessions could not be read, and it is needed";
    check("table-capacity", r#""write": 60"#, &["-WriteCapacityUnits"], missing);
}

#[test]
fn a_service_runs_an_earlier_definition_or_another_count() {
    let definition = |name: &str| format!(r#""task_definition": "{name}""#);
    check("ecs-rollback", &definition("orders:42"), &[], "`shop:orders` runs orders:42 already");
    let later = "`orders:43` is no earlier revision of `orders:42`, which runs now";
    check("ecs-rollback", &definition("orders:43"), &[], later);
    let other = "`carts:41` is no earlier revision of `orders:42`, which runs now";
    check("ecs-rollback", &definition("carts:41"), &[], other);
    for wrong in ["orders", "orders:", "orders:041", "orders:x"] {
        check("ecs-rollback", &definition(wrong), &[], "a task definition is `family:revision`");
    }
    let gone = "`orders:41` cannot be run any more: it is `INACTIVE`";
    check("ecs-rollback", "", &["task_definition_status:orders:41=INACTIVE"], gone);
    let missing =
        "`task_definition_status:orders:40` of AWS::ECS::Service shop:orders could not be read, and it is needed";
    check("ecs-rollback", &definition("orders:40"), &[], missing);
    let scaled = ["autoscaling_min=2", "autoscaling_max=6"];
    check("ecs-count", "", &scaled, "fine");
    check("ecs-count", r#""count": 7"#, &scaled, "autoscaling keeps `shop:orders` between 2 and 6 tasks");
    check("ecs-count", r#""count": 1"#, &scaled, "autoscaling keeps `shop:orders` between 2 and 6 tasks");
}

#[test]
fn a_runbook_takes_what_its_declaration_says() {
    let input = |input: &str| format!(r#""input": {{{input}}}"#);
    check("runbook", &input(r#""pool": "green""#), &[], "fine");
    check("runbook", &input(""), &[], "the input `pool` is missing");
    check("runbook", &input(r#""pool": "red""#), &[], "the input `pool` has to be one of `blue`, `green`");
    let too_many = "there is an input too many; the runbook takes `pool`, `share`";
    check("runbook", &input(r#""pool": "blue", "force": "true""#), &[], too_many);
    let share = |share: &str| input(&format!(r#""pool": "blue", "share": "{share}""#));
    check("runbook", &share("100"), &[], "fine");
    check("runbook", &share("101"), &[], "the input `share` has to be at most 100");
    check("runbook", &share("0"), &[], "the input `share` has to be at least 1");
    for wrong in ["", " 5", "+5", "5.5", "1e2", "five", "99999999999999999999"] {
        check("runbook", &share(wrong), &[], "the input `share` has to be a whole number");
    }
    check("runbook", "", &["-Automation"], "no runbook `drain` is declared");
    check("runbook", "", &["Risk=none"], "`Risk` of Clarity::Runbook drain is unknown: `none`");
    let long = input(&format!(r#""pool": "{}""#, "x".repeat(2_049)));
    check("runbook", &long, &[], "the input `pool` has more than 2048 characters, or some that cannot be printed");
}

#[track_caller]
fn declared(json: &str, expected: &str) {
    let found = match serde_json::from_str::<Vec<RunbookSpec>>(json) {
        Err(err) => err.to_string().split(" at line").next().unwrap_or_default().to_owned(),
        Ok(specs) => {
            RunbookSpec::check_all(&specs).map_or_else(|err: RunbookError| err.to_string(), |()| "fine".to_owned())
        }
    };
    assert_eq!(found, expected);
}

/// One declaration: its name, then its schema, then more fields.
fn spec(name: &str, schema: &str, more: &str) -> String {
    format!(
        r#"{{"name": "{name}", "about": "Drains a pool", "kind": {{"automation": "Drain-Pool"}}, "risk": "medium", "input": {schema}{more}}}"#
    )
}

#[test]
fn declarations_are_checked_together() {
    let any = r#"{"type": "object"}"#;
    let property = |property: &str| format!(r#"{{"type": "object", "properties": {{"pool": {property}}}}}"#);
    let one = |schema: &str| format!("[{}]", spec("drain", schema, ""));
    declared(&one(any), "fine");
    let both = |inverse: &str| {
        format!(
            "[{}, {}]",
            spec("drain", any, r#", "inverse": "fill""#),
            spec("fill", inverse, r#", "inverse": "drain""#)
        )
    };
    declared(&both(any), "fine");
    let pool = property(r#"{"type": "string"}"#);
    declared(&both(&pool), "the runbook `drain` and its inverse `fill` take different inputs");
    let alone = format!("[{}]", spec("drain", any, r#", "inverse": "fill""#));
    declared(&alone, "the runbook `drain` names `fill` as its inverse, which is not declared");
    let twice = format!("[{0}, {0}]", spec("drain", any, ""));
    declared(&twice, "the runbook `drain` is declared twice");
    let needs = r#"{"type": "object", "required": ["pool"]}"#;
    declared(&one(needs), "the runbook `drain` needs `pool`, which is no property of its input");
    let array = "unknown variant `array`, expected `object`";
    declared(&one(r#"{"type": "array"}"#), array);
    let pattern = property(r#"{"type": "string", "pattern": "a+"}"#);
    declared(
        &one(&pattern),
        "unknown field `pattern`, expected one of `type`, `description`, `enum`, `minimum`, `maximum`",
    );
    let bounds = property(r#"{"type": "number", "minimum": 2.5, "maximum": 2}"#);
    declared(&one(&bounds), "the runbook `drain` has an input `pool` that has a minimum above its maximum");
    let text = property(r#"{"type": "string", "minimum": 2}"#);
    declared(&one(&text), "the runbook `drain` has an input `pool` that has bounds and is no number");
    let listed = property(r#"{"type": "integer", "enum": ["1"]}"#);
    declared(&one(&listed), "the runbook `drain` has an input `pool` that lists values and is no text");
    let empty = property(r#"{"type": "string", "enum": []}"#);
    declared(&one(&empty), "the runbook `drain` has an input `pool` that can have no value");
}

#[test]
fn a_declaration_reads_as_the_runbook_needs_it() {
    let schema = r#"{"type": "object", "properties": {"share": {"type": "number", "minimum": 0.5}}}"#;
    let spec: RunbookSpec = serde_json::from_str(&spec("drain", schema, r#", "inverse": "drain""#)).unwrap();
    let run =
        |share: &str| Runbook { name: "drain".to_owned(), input: [("share".to_owned(), share.to_owned())].into() };
    let first = spec.reading(0, None);
    assert_eq!(run("0.5").check(&first), Ok(()));
    assert_eq!(run("0.4").check(&first).unwrap_err().0, "the input `share` has to be at least 0.5");
    assert_eq!(run("NaN").check(&first).unwrap_err().0, "the input `share` has to be a number");
    assert!(run("0.5").is_reversible(&first));
    assert_eq!(run("0.5").wants(&first), spec.reading(1, Some(&run("0.5").input)).settings);
    let read: InputSchema = serde_json::from_str(&first.settings["InputSchema"]).unwrap();
    assert_eq!(read, spec.input);
}

#[test]
fn nothing_read_is_told_by_name() {
    for name in
        ["log-level", "event-source", "rule", "archive-replay", "table-capacity", "ecs-count", "capsule-capture"]
    {
        let (remedy, _) = example(name);
        let sentence = remedy.entry().check(&reading(&[])).unwrap_err().0;
        assert!(sentence.contains('`') && sentence.ends_with("could not be read, and it is needed"), "{sentence}");
    }
}
