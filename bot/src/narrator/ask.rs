//! A question about an incident: a loop over the tools that read, within bounds.

use super::{Narration, Narrator, brief, fence, parts};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tools::context::{CorrelateAuthEvents, GetContextDelta};
use tools::language::{Failure, Prompt, Said, Side, Stop, ToolForm, Toolset, Turn};
use tools::model::{Alarm, Evidence, Incident, ServiceId, Spent};
use tools::ports::Outside;
use tools::tool::{Effect, Entry, Subject, Tool};

/// A question may take so many calls of tools.
const MOST_CALLS: usize = 6;

/// And so many turns: the last one has to answer.
const MOST_TURNS: usize = 5;

/// One turn may have so many tokens.
const MOST_TOKENS: u32 = 1_200;

/// A question may take this long in all.
const PATIENCE: Duration = Duration::from_secs(45);

/// An answer of a tool is no longer than this in a prompt, in bytes.
const LONGEST: usize = 16_000;

/// A question, and what is needed to answer it.
#[derive(Debug)]
pub(crate) struct Enquiry<'a> {
    /// What it is about.
    pub(crate) incident: &'a Incident,
    /// Its alarms as they fired.
    pub(crate) alarms: Vec<Alarm>,
    /// In the words of whoever asks.
    pub(crate) question: &'a str,
    /// The world as the tools see it.
    pub(crate) outside: &'a Outside,
    /// The present moment.
    pub(crate) now: Timestamp,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answered {
    /// What the model says, unchecked.
    pub(crate) narration: Narration,
    /// What the tools claimed besides the incident's own evidence, their ids following on from it.
    pub(crate) evidence: Vec<Evidence>,
    /// The tools that were called, in their order.
    pub(crate) read: Vec<&'static str>,
}

/// A conversation that is under way.
struct Talk<'a> {
    enquiry: &'a Enquiry<'a>,
    tools: BTreeMap<&'static str, &'static Entry>,
    /// Calls that were made, to refuse a second one.
    made: BTreeSet<String>,
    read: Vec<&'static str>,
    evidence: Vec<Evidence>,
    /// The next evidence id that is free.
    next_id: u32,
    spent: Spent,
}

impl Narrator {
    /// Has a question answered. The spending is told whatever comes of it.
    pub(crate) async fn ask(&self, enquiry: &Enquiry<'_>) -> (Spent, Result<Answered, Failure>) {
        let mut talk = Talk::about(enquiry);
        let answered = tokio::time::timeout(PATIENCE, self.talk(&mut talk)).await;
        let Talk { spent, read, evidence, .. } = talk;
        let answered = answered.unwrap_or(Err(Failure::TooSlow));
        let answered = answered.map(|narration| Answered { narration, evidence, read });
        (spent, answered)
    }

    async fn talk(&self, talk: &mut Talk<'_>) -> Result<Narration, Failure> {
        let enquiry = talk.enquiry;
        let mut turns = brief::question(enquiry.incident, enquiry.question, enquiry.now);
        for turn in 1..=MOST_TURNS {
            let must_tell = turn == MOST_TURNS || talk.read.len() >= MOST_CALLS || self.is_spent(talk);
            let prompt = Prompt {
                toolset: Toolset::Context,
                incident: Some(enquiry.incident.id),
                system: brief::ANSWER.to_owned(),
                turns: turns.clone(),
                tools: talk.forms(),
                must_call: must_tell.then(|| parts::TELL.to_owned()),
                most_tokens: MOST_TOKENS,
                patience: PATIENCE,
                now: enquiry.now,
            };
            let reply = self.converse(&prompt).await?;
            talk.spent = std::mem::take(&mut talk.spent).and(reply.spent.clone());
            let (drafts, unread) = parts::drafts(&reply.said);
            let is_over = match reply.stop {
                Stop::Withheld => return Ok(Narration { sentences: Vec::new(), unread: 0, spent: talk.spent.clone() }),
                Stop::Ended | Stop::Cut | Stop::Malformed => must_tell,
                Stop::Calls => !drafts.is_empty() || must_tell,
            };
            if is_over || !drafts.is_empty() {
                return Ok(Narration { sentences: drafts, unread, spent: talk.spent.clone() });
            }
            let answers = talk.answer(&reply.said).await;
            turns.push(Turn { by: Side::Model, said: spoken(reply.said) });
            turns.push(Turn { by: Side::Us, said: answers });
        }
        Ok(Narration { sentences: Vec::new(), unread: 0, spent: talk.spent.clone() })
    }

    /// Whether the incident has nothing left for more than an answer.
    fn is_spent(&self, talk: &Talk<'_>) -> bool {
        let before = &talk.enquiry.incident.spent;
        before.tokens() + talk.spent.tokens() >= self.limits.tokens_per_incident
            || before.micro_usd.unwrap_or(0) + talk.spent.micro_usd.unwrap_or(0) >= self.limits.micro_usd_per_incident
    }
}

/// What a model said, as it goes back to it: a turn is never empty.
fn spoken(said: Vec<Said>) -> Vec<Said> {
    if said.is_empty() { vec![Said::Text("…".to_owned())] } else { said }
}

impl<'a> Talk<'a> {
    fn about(enquiry: &'a Enquiry<'a>) -> Self {
        let all = tools::context::TOOLS.iter().chain(tools::dependency::TOOLS);
        // Whatever else the toolsets offer, a model reads.
        let tools =
            all.filter(|entry| entry.spec.effect == Effect::Read).map(|entry| (entry.spec.name, entry)).collect();
        let verdict = enquiry.incident.verdict.iter().flat_map(|verdict| &verdict.evidence);
        let outlook = enquiry.incident.outlook.iter().flat_map(|outlook| &outlook.evidence);
        let next_id = verdict.chain(outlook).map(|evidence| evidence.id.0).max().map_or(1, |last| last + 1);
        Self {
            enquiry,
            tools,
            made: BTreeSet::new(),
            read: Vec::new(),
            evidence: Vec::new(),
            next_id,
            spent: Spent::default(),
        }
    }

    /// The tools as the model is told of them.
    fn forms(&self) -> Vec<ToolForm> {
        let read = self.tools.values().map(|entry| ToolForm {
            name: entry.spec.name.to_owned(),
            about: entry.spec.about.to_owned(),
            schema: schema(entry),
        });
        read.chain([parts::form()]).collect()
    }

    /// Calls what the model wants to be called; every call has its answer.
    async fn answer(&mut self, said: &[Said]) -> Vec<Said> {
        let mut answers = Vec::new();
        for call in said {
            let Said::Call { id, tool, arguments } = call else { continue };
            let told = self.call(tool, arguments).await;
            let failed = told.is_err();
            let answer = told.unwrap_or_else(Value::String);
            answers.push(Said::Answer { id: id.clone(), answer, failed });
        }
        if answers.is_empty() {
            answers.push(Said::Text("Call `tell` with the sentences that answer the question.".to_owned()));
        }
        answers
    }

    async fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value, String> {
        if tool == parts::TELL {
            return Err("none of the sentences could be read: each needs a text and the ids it cites".to_owned());
        }
        let Some(entry) = self.tools.get(tool).copied() else {
            let known: Vec<&str> = self.tools.keys().copied().collect();
            return Err(format!("there is no such tool; there is: {}, {}", known.join(", "), parts::TELL));
        };
        if self.read.len() >= MOST_CALLS {
            return Err(format!("{MOST_CALLS} calls were made, and no more can be; call `{}` now", parts::TELL));
        }
        if !self.made.insert(format!("{tool} {arguments}")) {
            return Err(format!(
                "you called this already, and its answer has not changed; use it, or call `{}`",
                parts::TELL
            ));
        }
        let arguments = self.arguments(entry, arguments)?;
        let answer = entry.call(self.enquiry.outside, arguments).await.map_err(|err| fence::clean(&err.to_string()))?;
        self.read.push(entry.spec.name);
        let answer = self.renumbered(answer);
        Ok(fence::clean_json(&answer, LONGEST))
    }

    /// What the tool takes: the incident, its alarms and the moment are ours, the rest is read from what the model says.
    fn arguments(&self, entry: &Entry, said: &Value) -> Result<Value, String> {
        let now = self.enquiry.now;
        let mut arguments = match entry.spec.subject {
            Subject::Alarms => json!({"alarms": self.enquiry.alarms, "now": now}),
            Subject::Incident => json!({"incident": self.enquiry.incident.id, "now": now}),
        };
        if entry.spec.name == GetContextDelta::SPEC.name {
            let minutes = said["minutes"].as_i64().filter(|minutes| (1..=1440).contains(minutes));
            let minutes = minutes.ok_or("`minutes` has to be a whole number from 1 to 1440")?;
            arguments["since"] = json!(now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(now));
        }
        if entry.spec.name == CorrelateAuthEvents::SPEC.name
            && let Some(service) = said["service"].as_str()
        {
            arguments["entry"] = json!(ServiceId::new(service));
        }
        Ok(arguments)
    }

    /// An answer whose evidence ids follow on from what was claimed before, so that each id means one thing.
    fn renumbered(&mut self, mut answer: Value) -> Value {
        let base = self.next_id;
        renumber(&mut answer, base);
        let evidence: Vec<Evidence> = answer["evidence"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|evidence| serde_json::from_value(evidence.clone()).ok())
            .collect();
        self.next_id = evidence.iter().map(|evidence| evidence.id.0 + 1).max().unwrap_or(base).max(base);
        self.evidence.extend(evidence);
        answer
    }
}

/// What a model may say to a tool.
fn schema(entry: &Entry) -> Value {
    let mut properties = json!({});
    let mut required: Vec<&str> = Vec::new();
    if entry.spec.name == GetContextDelta::SPEC.name {
        properties["minutes"] = json!({
            "type": "integer", "minimum": 1, "maximum": 1440, "description": "What is new since so many minutes ago."
        });
        required.push("minutes");
    }
    if entry.spec.name == CorrelateAuthEvents::SPEC.name {
        properties["service"] =
            json!({"type": "string", "description": "Only what this service calls. Left out: all of it."});
    }
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Adds `base` to every evidence id; the first of an answer is `E1`, and `base` is to be its own.
fn renumber(value: &mut Value, base: u32) {
    match value {
        Value::String(text) => {
            let number = text.strip_prefix('E').filter(|digits| !digits.starts_with('0'));
            if let Some(number) = number.and_then(|digits| digits.parse::<u32>().ok()) {
                *text = format!("E{}", number.saturating_add(base).saturating_sub(1));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|item| renumber(item, base)),
        Value::Object(fields) => fields.values_mut().for_each(|field| renumber(field, base)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
