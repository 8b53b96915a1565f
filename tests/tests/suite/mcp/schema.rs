//! As much of JSON Schema as our schemas use. What it does not know it refuses, so that nothing passes unseen.

use serde_json::{Map, Value};

/// Checks `value` against `schema`; the first thing that does not fit, as a path and a reason.
pub(super) fn validate(schema: &Value, value: &Value) -> Result<(), String> {
    check(schema, schema, value, "$")
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Value::Object(rules) = schema else {
        return if *schema == Value::Bool(true) { Ok(()) } else { Err(format!("{at}: nothing is allowed here")) };
    };
    for (rule, told) in rules {
        let fits = match rule.as_str() {
            "$ref" => {
                let pointer = told.as_str().unwrap().strip_prefix('#').unwrap();
                let other = root.pointer(pointer).ok_or(format!("{at}: {told} leads nowhere"))?;
                check(root, other, value, at)?;
                true
            }
            "type" if told.is_array() => list(told).iter().any(|kind| is_a(kind, value)),
            "type" => is_a(told, value),
            "enum" => told.as_array().unwrap().contains(value),
            "const" => told == value,
            "minimum" => value.as_f64().is_none_or(|number| number >= told.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= told.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= told.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= told.as_u64().unwrap()),
            "anyOf" => told.as_array().unwrap().iter().any(|one| check(root, one, value, at).is_ok()),
            "oneOf" => told.as_array().unwrap().iter().filter(|one| check(root, one, value, at).is_ok()).count() == 1,
            "allOf" => told.as_array().unwrap().iter().all(|one| check(root, one, value, at).is_ok()),
            "required" => value.as_object().is_none_or(|fields| {
                told.as_array().unwrap().iter().all(|name| fields.contains_key(name.as_str().unwrap()))
            }),
            "properties" => each(root, told.as_object().unwrap(), value, at).map(|()| true)?,
            "additionalProperties" => rest(root, rules, told, value, at).map(|()| true)?,
            "items" => items(root, rules, told, value, at).map(|()| true)?,
            "prefixItems" => {
                for (place, (one, item)) in told.as_array().unwrap().iter().zip(list(value)).enumerate() {
                    check(root, one, item, &format!("{at}[{place}]"))?;
                }
                true
            }
            "uniqueItems" => list(value).iter().enumerate().all(|(place, item)| !list(value)[..place].contains(item)),
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "examples" => true,
            unknown => return Err(format!("{at}: the rule `{unknown}` is not known")),
        };
        if !fits {
            let shown: String = value.to_string().chars().take(120).collect();
            return Err(format!("{at}: {shown} does not fit `{rule}`: {told}"));
        }
    }
    Ok(())
}

fn is_a(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("`{other}` is no type"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn each(root: &Value, properties: &Map<String, Value>, value: &Value, at: &str) -> Result<(), String> {
    let Some(fields) = value.as_object() else { return Ok(()) };
    for (name, one) in properties {
        if let Some(field) = fields.get(name) {
            check(root, one, field, &format!("{at}.{name}"))?;
        }
    }
    Ok(())
}

fn rest(root: &Value, rules: &Map<String, Value>, one: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(fields) = value.as_object() else { return Ok(()) };
    let known = rules.get("properties").and_then(Value::as_object);
    for (name, field) in fields.iter().filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name))) {
        check(root, one, field, &format!("{at}.{name}"))?;
    }
    Ok(())
}

fn items(root: &Value, rules: &Map<String, Value>, one: &Value, value: &Value, at: &str) -> Result<(), String> {
    let before = rules.get("prefixItems").map_or(0, |prefix| list(prefix).len());
    for (place, item) in list(value).iter().enumerate().skip(before) {
        check(root, one, item, &format!("{at}[{place}]"))?;
    }
    Ok(())
}
