//! JSON Schemas of what the tools take and answer, made from their types: a doc comment is the description, and one that says
//! `0–1` is a range. What the server fills in itself is not asked for.

use super::desk::{AT, Desk, INCIDENT};
use crate::context::{
    CorrelateAuthEvents, DetectBottlenecks, FindSimilarIncidents, GetAuthHealthStatus, GetContextDelta,
    GetIncidentContext, GetTimeline, ListChanges, ListGaps,
};
use crate::dependency::draw::CreateDependencyVisualization;
use crate::dependency::{MapServiceDependencies, PredictCascade, SuggestIsolation};
use crate::recovery::{AssessRisk, ExecuteRemediation, GetPlanStatus, PredictRecovery, SuggestRemediations};
use crate::tool::{Subject, Tool, ToolSpec};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

type Schema = Map<String, Value>;

/// What a tool takes and answers.
#[derive(Clone, Debug)]
pub(super) struct Schemas {
    input: Schema,
    /// What it answers.
    pub(super) output: Arc<Schema>,
}

/// The schemas of a tool, by its name; making them takes longer than a call.
static KNOWN: LazyLock<BTreeMap<&'static str, Schemas>> = LazyLock::new(|| {
    BTreeMap::from([
        of::<GetIncidentContext>(),
        of::<CorrelateAuthEvents>(),
        of::<GetAuthHealthStatus>(),
        of::<DetectBottlenecks>(),
        of::<ListChanges>(),
        of::<GetTimeline>(),
        of::<GetContextDelta>(),
        of::<FindSimilarIncidents>(),
        of::<ListGaps>(),
        of::<MapServiceDependencies>(),
        of::<PredictCascade>(),
        of::<SuggestIsolation>(),
        of::<CreateDependencyVisualization>(),
        of::<SuggestRemediations>(),
        of::<AssessRisk>(),
        of::<PredictRecovery>(),
        of::<ExecuteRemediation>(),
        of::<GetPlanStatus>(),
    ])
});

fn of<T>() -> (&'static str, Schemas)
where
    T: Tool + JsonSchema,
    T::Answer: JsonSchema,
{
    let settings = SchemaSettings::draft2020_12();
    let input = settings.clone().for_deserialize().into_generator().into_root_schema_for::<T>();
    let output = settings.for_serialize().into_generator().into_root_schema_for::<T::Answer>();
    (T::SPEC.name, Schemas { input: tidy(input.into()), output: Arc::new(tidy(output.into())) })
}

/// The schemas of a tool; none of one that has no row here, which a test forbids.
pub(super) fn schemas(name: &str) -> Option<&'static Schemas> {
    KNOWN.get(name)
}

/// What a client may say to a tool.
pub(super) fn input(spec: &ToolSpec, desk: &Desk) -> Schema {
    let mut schema = schemas(spec.name).map(|schemas| schemas.input.clone()).unwrap_or_default();
    let mut properties = match schema.remove("properties") {
        Some(Value::Object(properties)) => properties,
        _ => Map::new(),
    };
    properties.remove("alarms");
    properties.remove("now");
    properties.insert(
        INCIDENT.to_owned(),
        json!({
            "type": "string",
            "pattern": "^INC-[0-9]+$",
            "description": "The incident, like `INC-7`. Left out: the only one that is open.",
        }),
    );
    let about = match spec.subject {
        Subject::Alarms => "The moment to speak about",
        Subject::Incident => "The moment to look back from",
    };
    if has_moment(spec) {
        let description = format!("{about}, {}", desk.moments());
        properties
            .insert(AT.to_owned(), json!({ "type": "string", "format": "date-time", "description": description }));
    }
    let required = match schema.remove("required") {
        Some(Value::Array(mut names)) => {
            names.retain(|name| !["alarms", "now", INCIDENT].iter().any(|ours| name == ours));
            names
        }
        _ => Vec::new(),
    };
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    // What the tool does stands in its description; the name of its type is ours.
    for ours in ["title", "description"] {
        schema.remove(ours);
    }
    prune(&mut schema);
    schema
}

/// Whether a tool can speak about an earlier moment. Plans are asked for and told of as they are.
pub(super) fn has_moment(spec: &ToolSpec) -> bool {
    spec.name != ExecuteRemediation::SPEC.name && spec.name != GetPlanStatus::SPEC.name
}

/// Drops the definitions that nothing refers to any more.
fn prune(schema: &mut Schema) {
    const DEFINITIONS: &str = "$defs";
    loop {
        let Some(Value::Object(definitions)) = schema.get(DEFINITIONS) else { return };
        let others = |unless: &str| {
            let rest = schema.iter().filter(|(key, _)| *key != DEFINITIONS).map(|(_, value)| value);
            rest.chain(definitions.iter().filter(|(key, _)| *key != unless).map(|(_, value)| value))
                .map(Value::to_string)
                .collect::<String>()
        };
        let is_unused = |name: &&String| !others(name).contains(&format!("\"#/$defs/{name}\""));
        let unused: Vec<String> = definitions.keys().filter(is_unused).cloned().collect();
        if unused.is_empty() {
            return;
        }
        if let Some(Value::Object(definitions)) = schema.get_mut(DEFINITIONS) {
            definitions.retain(|name, _| !unused.contains(name));
            if definitions.is_empty() {
                schema.remove(DEFINITIONS);
            }
        }
    }
}

/// A schema as a client should see it.
fn tidy(schema: Value) -> Schema {
    let mut schema = schema;
    polish(&mut schema);
    match schema {
        Value::Object(schema) => schema,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Schema::new(),
    }
}

fn polish(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(polish),
        Value::Object(fields) => {
            // Widths of integers are nothing a validator knows.
            let is_known = |format: &str| ["date-time", "date", "duration"].contains(&format);
            if fields.get("format").and_then(Value::as_str).is_some_and(|format| !is_known(format)) {
                fields.remove("format");
            }
            if let Some(Value::String(about)) = fields.get_mut("description") {
                // Links are for those who read the code.
                *about = about.replace("[`", "`").replace("`]", "`").replace('\n', " ");
                let is_share = about.contains("0–1");
                if is_share && is_number(fields) {
                    fields.insert("minimum".to_owned(), json!(0));
                    fields.insert("maximum".to_owned(), json!(1));
                }
            }
            fields.values_mut().for_each(polish);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_number(fields: &Schema) -> bool {
    match fields.get("type") {
        Some(Value::String(kind)) => kind == "number",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "number"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::Toolset;

    #[test]
    fn every_tool_has_its_schemas() {
        let tools = Toolset::ALL.into_iter().flat_map(Toolset::tools);
        let names: Vec<_> = tools.map(|entry| entry.spec.name).collect();
        assert!(names.iter().all(|name| schemas(name).is_some()), "{names:?}");
        assert_eq!(names.len(), KNOWN.len(), "a tool that no toolset has");
    }

    #[test]
    fn a_share_is_between_0_and_1_and_says_so() {
        let output = serde_json::to_value(&*schemas("get_incident_context").unwrap().output).unwrap();
        let confidence = &output["$defs"]["Cause"]["properties"]["confidence"];
        assert_eq!((&confidence["minimum"], &confidence["maximum"]), (&json!(0), &json!(1)), "{confidence}");
    }
}
