//! What a call changed, in words: the parameters it set, with what they were before where CloudTrail tells both.

use super::resource;
use crate::alarms::{items, prefix, text};
use serde_json::Value;
use std::fmt::Write as _;

/// So many parameters are told; the rest is counted.
const TOLD: usize = 6;
/// A longer value is named and not repeated.
const SHORT: usize = 60;
/// More parameters are not looked at.
const LEAVES: usize = 200;

/// Words in the name of a parameter whose value nobody should read. CloudTrail keeps such values back; this does it again.
const SECRET: [&str; 7] = ["password", "secret", "token", "credential", "privatekey", "apikey", "authorization"];

/// A parameter that a call set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    /// Its name, `memorySize`.
    pub(super) key: String,
    /// What it was before, where the answer still shows that.
    before: Option<String>,
    /// What it was set to; none where it is long, secret or kept back.
    after: Option<String>,
}

/// A value somewhere within the parameters or the answer.
struct Leaf<'a> {
    path: Vec<&'a str>,
    value: &'a Value,
}

/// The parameters that a call set, by name.
pub(super) fn changed(detail: &Value) -> Vec<Changed> {
    let (request, response) = (&detail["requestParameters"], &detail["responseElements"]);
    let mut answered = Vec::new();
    if still_shows_the_past(response) {
        leaves(response, &mut Vec::new(), &mut answered);
        answered.retain(|leaf| !leaf.path.iter().any(|key| key.to_ascii_lowercase().starts_with("pending")));
        answered.sort_by_key(|leaf| leaf.path.len());
    }
    let mut set = Vec::new();
    leaves(request, &mut Vec::new(), &mut set);
    let mut changed: Vec<Changed> = set
        .iter()
        .filter(|leaf| leaf.path.first().is_some_and(|key| !resource::is_identity(key) && !is_bookkeeping(key)))
        .map(|leaf| {
            let key = leaf.path.last().map(|key| (*key).to_owned()).unwrap_or_default();
            let after = if is_secret(&leaf.path) { None } else { short(leaf.value) };
            let before = after.as_ref().and_then(|after| before(leaf, after, &answered));
            Changed { key, before, after }
        })
        .collect();
    changed.extend(patches(request));
    changed.sort_by(|a, b| (&a.key, &a.after).cmp(&(&b.key, &b.after)));
    changed.dedup();
    changed
}

/// One sentence on what a call did.
pub(super) fn summary(action: &str, detail: &Value, changed: &[Changed]) -> String {
    let (request, response) = (&detail["requestParameters"], &detail["responseElements"]);
    match action {
        "UpdateFunctionCode" => match text(&response["version"]) {
            "" | "$LATEST" => "new code".to_owned(),
            version => format!("new code, version {version}"),
        },
        "UpdateAlias" => alias(request),
        _ => {
            let what: Vec<String> = words(action).collect();
            let mut parts: Vec<String> = changed.iter().take(TOLD).map(Changed::told).collect();
            if changed.len() > TOLD {
                parts.push(format!("and {} more", changed.len() - TOLD));
            }
            if parts.is_empty() { what.join(" ") } else { format!("{}: {}", what.join(" "), parts.join(", ")) }
        }
    }
}

/// Which version an alias leads to, and which share of the calls goes elsewhere.
fn alias(request: &Value) -> String {
    let name = prefix(text(&request["name"]), SHORT);
    let version = match short(&request["functionVersion"]) {
        Some(version) => format!(" → version {version}"),
        None => ": its settings".to_owned(),
    };
    let weights = request["routingConfig"]["additionalVersionWeights"].as_object();
    let mut shares: Vec<(&String, f64)> =
        weights.into_iter().flatten().filter_map(|(version, share)| Some((version, share.as_f64()?))).collect();
    shares.sort_by(|a, b| a.0.cmp(b.0));
    let mut told = format!("alias {name}{version}");
    for (version, share) in shares.into_iter().take(TOLD) {
        // Writing to a string cannot fail.
        let _ = write!(told, ", {:.0} % of the calls to version {}", share * 100.0, prefix(version, SHORT));
    }
    told
}

impl Changed {
    fn told(&self) -> String {
        let name: Vec<String> = words(&self.key).collect();
        let name = name.join(" ");
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => format!("{name} {before} → {after}"),
            (None, Some(after)) => format!("{name} {after}"),
            (_, None) => format!("{name} (not told)"),
        }
    }
}

/// API Gateway takes its settings as `[{op, path, value}]`.
fn patches(request: &Value) -> Vec<Changed> {
    let Some(fields) = request.as_object() else { return Vec::new() };
    let lists = fields.values().chain(fields.values().filter_map(|field| field.get("patchOperations")));
    let operations = lists.flat_map(items).take(LEAVES);
    operations
        .filter_map(|operation| {
            let path = text(&operation["path"]);
            let secret = is_secret(&[path]);
            let after = if secret { None } else { short(&operation["value"]) };
            (!path.is_empty()).then(|| Changed { key: prefix(path, SHORT).to_owned(), before: None, after })
        })
        .collect()
}

/// While a change is under way, some services answer with what still is.
fn still_shows_the_past(response: &Value) -> bool {
    let mut all = Vec::new();
    leaves(response, &mut Vec::new(), &mut all);
    all.iter().any(|leaf| {
        let key = leaf.path.last().copied().unwrap_or_default().to_ascii_lowercase();
        let under_way = ["updating", "modifying"].contains(&text(leaf.value).to_ascii_lowercase().as_str());
        let pending = leaf.path.iter().any(|key| key.to_ascii_lowercase().starts_with("pendingmodified"));
        (key.ends_with("status") && under_way) || (pending && short(leaf.value).is_some())
    })
}

/// What the answer still shows of a parameter: the nearest value of the same name that is another one.
fn before(leaf: &Leaf<'_>, after: &str, answered: &[Leaf<'_>]) -> Option<String> {
    let name = |path: &[&str]| path.last().map(|key| key.to_ascii_lowercase());
    let parent = |path: &[&str]| path.len().checked_sub(2).map(|at| path[at].to_ascii_lowercase());
    let same = answered.iter().find(|shown| {
        name(&shown.path) == name(&leaf.path)
            && (leaf.path.len() < 2 || parent(&shown.path) == parent(&leaf.path))
            && !shown.value.is_object()
    })?;
    let before = short(same.value)?;
    // `web:12` and the ARN that ends in it are one value.
    (!before.eq_ignore_ascii_case(after) && !before.ends_with(after) && !after.ends_with(&before)).then_some(before)
}

/// Every value that holds no other, and every empty one, by its path. Lists are taken as they are.
fn leaves<'a>(value: &'a Value, path: &mut Vec<&'a str>, found: &mut Vec<Leaf<'a>>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_unstable();
            for key in keys {
                path.push(key);
                leaves(&fields[key], path, found);
                path.pop();
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {}
        Value::Null => {}
        _ if path.is_empty() || found.len() >= LEAVES => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            found.push(Leaf { path: path.clone(), value });
        }
    }
}

/// A value that can stand in a sentence; none for what is long, composed or kept back.
fn short(value: &Value) -> Option<String> {
    let told = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Array(list) => {
            let parts: Option<Vec<String>> = list.iter().map(short).collect();
            parts?.join(" ")
        }
        Value::Null | Value::Object(_) => return None,
    };
    let kept_back =
        told.contains("HIDDEN_DUE_TO_SECURITY") || (!told.is_empty() && told.bytes().all(|byte| byte == b'*'));
    (!told.is_empty() && told.chars().count() <= SHORT && !kept_back).then_some(told)
}

/// What a call needs and a person does not.
fn is_bookkeeping(key: &str) -> bool {
    const KEYS: [&str; 7] = [
        "clienttoken",
        "clientrequesttoken",
        "dryrun",
        "publish",
        "revisionid",
        "applyimmediately",
        "idempotencytoken",
    ];
    KEYS.contains(&key.to_ascii_lowercase().as_str())
}

fn is_secret(path: &[&str]) -> bool {
    path.iter().any(|key| {
        let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
        let key = key.to_ascii_lowercase();
        SECRET.iter().any(|word| key.contains(word))
    })
}

/// `dBInstanceClass` → `db instance class`; `/throttling/rateLimit` stays as it is: it is a path.
pub(super) fn words(name: &str) -> impl Iterator<Item = String> {
    let name = if name.contains('/') { name.to_owned() } else { spaced(name) };
    name.split_whitespace().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

fn spaced(name: &str) -> String {
    let name = name.strip_prefix("dB").map_or_else(|| name.to_owned(), |rest| format!("DB{rest}"));
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let after_lower = before.is_some_and(|before| !before.is_uppercase()) && letter.is_uppercase();
        // The last capital of a run begins the next word: `DBInstance` is `db instance`.
        let ends_run = before.is_some_and(char::is_uppercase)
            && letter.is_uppercase()
            && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if after_lower || ends_run {
            out.push(' ');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(action: &str, request: &Value, response: &Value, expected: &str) {
        let detail = json!({"requestParameters": request, "responseElements": response});
        assert_eq!(summary(action, &detail, &changed(&detail)), expected);
    }

    #[test]
    fn what_was_set_is_told() {
        check(
            "PutProvisionedConcurrencyConfig",
            &json!({"functionName": "f", "qualifier": "live", "provisionedConcurrentExecutions": 50}),
            &json!({"status": "IN_PROGRESS"}),
            "put provisioned concurrency config: provisioned concurrent executions 50, qualifier live",
        );
        check("DeleteFunctionConcurrency", &json!({"functionName": "f"}), &json!(null), "delete function concurrency");
        check(
            "UpdateStage",
            &json!({"restApiId": "a1", "stageName": "prod", "updateStageInput": {"patchOperations": [
                {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "12"}]}}),
            &json!({}),
            "update stage: /*/*/throttling/rateLimit 12",
        );
        check(
            "UpdateService",
            &json!({"service": "web", "cluster": "prod", "taskDefinition": "web:12", "desiredCount": 4}),
            &json!({"service": {"desiredCount": 4, "status": "ACTIVE"}}),
            "update service: desired count 4, task definition web:12",
        );
        let many = json!({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": true});
        check("ModifyX", &many, &json!({}), "modify x: a 1, b 2, c 3, d 4, e 5, f 6, and 2 more");
    }

    #[test]
    fn what_was_before_is_told_where_the_answer_still_shows_it() {
        check(
            "ModifyDBInstance",
            &json!({"dBInstanceIdentifier": "db-1", "dBInstanceClass": "db.r6g.large", "applyImmediately": true}),
            &json!({"dBInstanceClass": "db.r6g.xlarge", "dBInstanceStatus": "available",
                   "pendingModifiedValues": {"dBInstanceClass": "db.r6g.large"}}),
            "modify db instance: db instance class db.r6g.xlarge → db.r6g.large",
        );
        check(
            "UpdateTable",
            &json!({"tableName": "t", "provisionedThroughput": {"readCapacityUnits": 5, "writeCapacityUnits": 5}}),
            &json!({"tableDescription": {"tableStatus": "UPDATING",
                "globalSecondaryIndexes": [{"provisionedThroughput": {"readCapacityUnits": 9}}],
                "provisionedThroughput": {"readCapacityUnits": 500, "writeCapacityUnits": 5}}}),
            "update table: read capacity units 500 → 5, write capacity units 5",
        );
        // An answer that shows the new values says nothing of the old ones.
        check("UpdateX", &json!({"size": 5}), &json!({"size": 7, "status": "ACTIVE"}), "update x: size 5");
    }

    #[test]
    fn secrets_and_long_values_are_named_only() {
        check(
            "ModifyUser",
            &json!({"masterUserPassword": "hunter2", "environment": {}, "policy": "x".repeat(61), "note": "****"}),
            &json!({}),
            "modify user: environment (not told), master user password (not told), note (not told), policy (not told)",
        );
        check("ModifyX", &json!({"apiKey": {"value": "k"}}), &json!({}), "modify x: value (not told)");
        check(
            "UpdateStage",
            &json!({"patchOperations": [{"op": "replace", "path": "/variables/dbPassword", "value": "hunter2"}]}),
            &json!({}),
            "update stage: /variables/dbPassword (not told)",
        );
    }

    #[test]
    fn an_alias_is_told_with_its_weights() {
        let weights = json!({"name": "live", "functionVersion": "118",
            "routingConfig": {"additionalVersionWeights": {"117": 0.1}}});
        check("UpdateAlias", &weights, &json!({}), "alias live → version 118, 10 % of the calls to version 117");
        check("UpdateAlias", &json!({"name": "live"}), &json!({}), "alias live: its settings");
    }

    #[test]
    fn the_order_of_parameters_does_not_matter() {
        let read = |text: &str| changed(&json!({"requestParameters": serde_json::from_str::<Value>(text).unwrap()}));
        assert_eq!(read(r#"{"a": 1, "b": {"c": 2}}"#), read(r#"{"b": {"c": 2}, "a": 1}"#));
    }
}
