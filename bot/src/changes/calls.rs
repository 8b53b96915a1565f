//! Calls of the AWS API, as CloudTrail records them.

use super::{Parsed, Told, Unreadable, detail, link, moment, other, region, required, resource};
use crate::alarms::text;
use serde_json::Value;
use tools::model::ChangeKind;

/// Verbs of calls that only look. CloudTrail marks those calls, but not every service fills the mark in.
const LOOKS: [&str; 15] = [
    "Check", "Describe", "Detect", "Discover", "Estimate", "Get", "Head", "List", "Lookup", "Preview", "Query", "Scan",
    "Search", "Simulate", "Validate",
];

/// Verbs of calls that use a resource, or hand out access to it, and leave it as it is.
const USES: [&str; 20] = [
    "Admin", "Assume", "Confirm", "Console", "Decrypt", "Encrypt", "Forgot", "Generate", "Initiate", "Invoke", "Login",
    "Poll", "Receive", "Resend", "Respond", "Retrieve", "Send", "Sign", "Submit", "Verify",
];

/// Calls that are marked as writing and change nothing that serves requests: data, records, labels, copies, runs.
const ASIDE: [&str; 26] = [
    "AddTags",
    "AddTagsToResource",
    "CreateBackup",
    "CreateDBClusterSnapshot",
    "CreateDBSnapshot",
    "CreateGrant",
    "CreateLogGroup",
    "CreateLogStream",
    "CreateNetworkInterface",
    "CreateSnapshot",
    "CreateTags",
    "DeleteLogStream",
    "DeleteNetworkInterface",
    "PutEvents",
    "PutItem",
    "PutLogEvents",
    "PutMetricData",
    "PutObject",
    "PutRecord",
    "PutRecords",
    "RemoveTagsFromResource",
    "RunTask",
    "StartExecution",
    "StartQuery",
    "TagResource",
    "UntagResource",
];

/// New code, or which of it serves.
const DEPLOYS: [&str; 12] = [
    "CreateDeployment",
    "CreateFunction",
    "CreateTaskSet",
    "DeployStage",
    "PublishLayerVersion",
    "PublishVersion",
    "RegisterTaskDefinition",
    "UpdateAlias",
    "UpdateFunctionCode",
    "UpdateServicePrimaryTaskSet",
    "StartDeployment",
    "UpdateApplicationVersion",
];

/// Calls that make more or less of the same, whatever their parameters are called.
const SCALES: [&str; 9] = [
    "Concurrency",
    "ScalableTarget",
    "ScalingPolicy",
    "ReplicaCount",
    "ShardCount",
    "DesiredCapacity",
    "AutoScalingGroup",
    "Capacity",
    "Scale",
];

/// Parameters that make more or less of the same; written without capitals.
const AMOUNTS: [&str; 17] = [
    "desiredcount",
    "desiredcapacity",
    "mincapacity",
    "maxcapacity",
    "minsize",
    "maxsize",
    "readcapacityunits",
    "writecapacityunits",
    "billingmode",
    "dbinstanceclass",
    "allocatedstorage",
    "cachenodetype",
    "numcachenodes",
    "nodegroupcount",
    "replicacount",
    "instancetype",
    "shardcount",
];

/// Reads a call. Only one that changes what a resource is counts; a refused one counts too, with its error.
pub(super) fn parse(event: &Value) -> Result<Parsed, Unreadable> {
    let detail = &event["detail"];
    let action = without_version(required(event, "eventName", "detail.eventName")?);
    if !changes_something(detail, action) {
        return Ok(other(event, &format!("{action} changes nothing")));
    }
    let changed = detail::changed(detail);
    let kind = kind(action, &changed);
    let summary = detail::summary(action, detail, &changed);
    let resources = vec![resource::of_call(detail)];
    let mut told = Told::of(moment(event, &detail["eventTime"])?, kind, summary, resources);
    told.by = by(&detail["userIdentity"]);
    told.error_code = Some(text(&detail["errorCode"])).filter(|code| !code.is_empty()).map(str::to_owned);
    let id = text(&detail["eventID"]);
    if !id.is_empty() {
        // Two rules, or two buses, may hand over the same record under ids of their own.
        told.key = Some(format!("cloudtrail/{id}"));
        told.link = region(event).and_then(|region| link::cloudtrail(&region, id));
    }
    Ok(told.within(event))
}

fn changes_something(detail: &Value, action: &str) -> bool {
    let is = |field: &str, wanted: bool| {
        let value = &detail[field];
        value.as_bool().or_else(|| text(value).parse().ok()) == Some(wanted)
    };
    // The verb is the first word: `Checkout` is no `Check`.
    let single = action.strip_prefix("Batch").unwrap_or(action);
    let verb = detail::words(single).next().unwrap_or_default();
    let begins = |verbs: &[&str]| verbs.iter().any(|known| known.eq_ignore_ascii_case(&verb));
    let is_tried_out = detail["requestParameters"]["dryRun"] == Value::Bool(true);
    !is("readOnly", true)
        && !is("managementEvent", false)
        && !is_tried_out
        && !begins(&LOOKS)
        && !begins(&USES)
        && !ASIDE.contains(&action)
}

/// `UpdateFunctionCode20150331v2` and `UpdateDistribution2020_05_31` without the date of the API.
fn without_version(name: &str) -> &str {
    const DIGITS: usize = 8;
    let unnumbered = match name.rsplit_once('v') {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => before,
        _ => name,
    };
    let date = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    let start = unnumbered.bytes().rposition(|byte| !date(byte)).map_or(0, |last| last + 1);
    let digits = unnumbered[start..].bytes().filter(u8::is_ascii_digit).count();
    if start > 0 && digits == DIGITS { &unnumbered[..start] } else { name }
}

fn kind(action: &str, changed: &[detail::Changed]) -> ChangeKind {
    let deploys_a_task = action == "UpdateService"
        && changed.iter().any(|part| matches!(part.key.as_str(), "taskDefinition" | "forceNewDeployment"));
    if DEPLOYS.contains(&action) || deploys_a_task {
        return ChangeKind::Deploy;
    }
    let is_amount = |part: &detail::Changed| AMOUNTS.contains(&part.key.to_ascii_lowercase().as_str());
    // Something else beside the amount makes it a configuration change.
    let only_amounts = !changed.is_empty() && changed.iter().all(is_amount);
    if only_amounts || SCALES.iter().any(|word| action.contains(word)) {
        ChangeKind::Scaling
    } else {
        ChangeKind::Configuration
    }
}

/// Who called, as a person would name them: a user, a role with its session, `sso/` and the person, or the AWS service.
fn by(identity: &Value) -> Option<String> {
    let service = |of: &Value| Some(text(of)).filter(|name| !name.is_empty()).map(str::to_owned);
    let arn = text(&identity["arn"]);
    let session = arn.split_once(":assumed-role/").map(|(_, session)| session);
    let named = match (text(&identity["type"]), session) {
        ("Root", _) => Some("root".to_owned()),
        (_, Some(session)) => Some(match session.split_once('/') {
            Some((role, person)) if role.starts_with("AWSReservedSSO_") => format!("sso/{person}"),
            Some((role, _)) if role.starts_with("AWSServiceRoleFor") => return service(&identity["invokedBy"]),
            _ => session.to_owned(),
        }),
        _ => {
            service(&identity["userName"]).or_else(|| service(&identity["sessionContext"]["sessionIssuer"]["userName"]))
        }
    };
    named.or_else(|| service(&identity["invokedBy"])).or_else(|| service(&identity["principalId"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check_action(name: &str, expected: &str) {
        assert_eq!(without_version(name), expected);
    }

    #[test]
    fn dates_of_an_api_are_no_part_of_a_name() {
        check_action("UpdateFunctionCode20150331v2", "UpdateFunctionCode");
        check_action("UpdateAlias20150331", "UpdateAlias");
        check_action("UpdateDistribution2020_05_31", "UpdateDistribution");
        check_action("UpdateTable", "UpdateTable");
        check_action("CreateVolumev2", "CreateVolumev2");
        check_action("20150331", "20150331");
        check_action("ModifyIpv6", "ModifyIpv6");
        check_action("v2", "v2");
    }

    #[track_caller]
    fn check_by(identity: &Value, expected: Option<&str>) {
        assert_eq!(by(identity).as_deref(), expected, "{identity}");
    }

    #[test]
    fn whoever_called_is_named() {
        let assumed = |path: &str| json!({"type": "AssumedRole", "arn": format!("arn:aws:sts::123456789012:assumed-role/{path}"), "invokedBy": "ecs.amazonaws.com"});
        check_by(&assumed("github-deploy/gha-118"), Some("github-deploy/gha-118"));
        check_by(&assumed("AWSReservedSSO_Admin_0123/m.okafor"), Some("sso/m.okafor"));
        check_by(&assumed("AWSServiceRoleForECS/ecs"), Some("ecs.amazonaws.com"));
        check_by(
            &json!({"type": "IAMUser", "userName": "mina", "arn": "arn:aws:iam::123456789012:user/mina"}),
            Some("mina"),
        );
        check_by(&json!({"type": "Root", "arn": "arn:aws:iam::123456789012:root"}), Some("root"));
        check_by(&json!({"type": "AWSService", "invokedBy": "rds.amazonaws.com"}), Some("rds.amazonaws.com"));
        check_by(&json!({"type": "AWSAccount", "principalId": "AIDA:x"}), Some("AIDA:x"));
        check_by(&json!({}), None);
        check_by(&json!(7), None);
    }

    #[track_caller]
    fn check_counts(detail: &Value, action: &str, expected: bool) {
        assert_eq!(changes_something(detail, action), expected, "{action} {detail}");
    }

    #[test]
    fn only_what_changes_a_resource_counts() {
        check_counts(&json!({"readOnly": false}), "UpdateTable", true);
        check_counts(&json!({}), "ModifyReplicationGroup", true);
        check_counts(&json!({"readOnly": true}), "UpdateTable", false);
        check_counts(&json!({"readOnly": "true"}), "UpdateTable", false);
        check_counts(&json!({}), "DescribeTable", false);
        check_counts(&json!({}), "BatchGetItem", false);
        check_counts(&json!({}), "SetUserPoolMfaConfig", true);
        check_counts(&json!({"readOnly": false}), "AdminInitiateAuth", false);
        check_counts(&json!({"readOnly": false}), "TagResource", false);
        check_counts(&json!({"managementEvent": false}), "UpdateItem", false);
        check_counts(&json!({"requestParameters": {"dryRun": true}}), "UpdateFunctionCode", false);
        check_counts(&json!({}), "BatchUpdateScalingPlan", true);
        check_counts(&json!({}), "Checkout", true);
    }
}
