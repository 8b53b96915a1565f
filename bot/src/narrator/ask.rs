//! A question about an incident: a loop over the tools that read, within bounds.

use super::live::{Progress, Reading};
use super::{Narration, Narrator, brief, fence, parts};
use crate::intent::IntentId;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, UnboundedSender};
use tools::context::{CorrelateAuthEvents, GetContextDelta};
use tools::language::{Failure, Prompt, Reply, Said, Side, Stop, ToolForm, Toolset, Turn};
use tools::model::{Alarm, Evidence, Incident, Sentence, ServiceId, Spent};
use tools::narrate::{Claims, check};
use tools::ports::Outside;
use tools::recovery::plan::Plan;
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
    /// Who hears the answer while it is made.
    pub(crate) ear: Ear,
}

/// Who hears how an answer gets on, and may have it stopped.
#[derive(Debug)]
pub(crate) struct Ear {
    /// Hears it.
    pub(crate) told: UnboundedSender<(IntentId, Progress)>,
    /// The job that it is told for.
    pub(crate) id: IntentId,
    /// Stops it.
    pub(crate) stop: Arc<Notify>,
}

impl Ear {
    fn tell(&self, progress: Progress) {
        // Whoever does not listen any more misses nothing: the answer comes whole in the end.
        let _ = self.told.send((self.id, progress));
    }
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
    /// Whether somebody stopped it: then it is what was heard by then.
    pub(crate) stopped: bool,
}

/// A conversation that is under way.
struct Talk<'a> {
    enquiry: &'a Enquiry<'a>,
    tools: BTreeMap<&'static str, &'static Entry>,
    /// Calls that were made, to refuse a second one.
    made: BTreeSet<String>,
    read: Vec<&'static str>,
    evidence: Vec<Evidence>,
    /// What was told while the model spoke.
    heard: Vec<Sentence>,
    /// The next evidence id that is free.
    next_id: u32,
    spent: Spent,
}

impl Narrator {
    /// Has a question answered. The spending is told whatever comes of it.
    pub(crate) async fn ask(&self, enquiry: &Enquiry<'_>) -> (Spent, Result<Answered, Failure>) {
        let mut talk = Talk::about(enquiry);
        let answered = tokio::select! {
            answered = tokio::time::timeout(PATIENCE, self.talk(&mut talk)) => Some(answered),
            () = enquiry.ear.stop.notified() => None,
        };
        // A turn that was stopped does not say what it took; the turns before it did.
        let Talk { spent, read, evidence, heard, .. } = talk;
        let (stopped, narration) = match answered {
            Some(answered) => (false, answered.unwrap_or(Err(Failure::TooSlow))),
            None => (true, Ok(Narration { sentences: heard, unread: 0, spent: spent.clone() })),
        };
        (spent, narration.map(|narration| Answered { narration, evidence, read, stopped }))
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
            let reply = self.listen(&prompt, talk).await?;
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

    /// One request; what is told well is told on while the rest is still to come.
    async fn listen(&self, prompt: &Prompt, talk: &mut Talk<'_>) -> Result<Reply, Failure> {
        let (heard, mut hears) = mpsc::unbounded_channel();
        let mut reading = Reading::default();
        let call = self.converse(prompt, Some(&heard));
        tokio::pin!(call);
        loop {
            tokio::select! {
                biased;
                Some(piece) = hears.recv() => {
                    for sentence in reading.take(&piece) {
                        talk.tell(sentence);
                    }
                }
                reply = &mut call => return reply,
            }
        }
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
            heard: Vec::new(),
            next_id,
            spent: Spent::default(),
        }
    }

    /// Tells a sentence on if its evidence supports it.
    fn tell(&mut self, sentence: Sentence) {
        let incident = self.enquiry.incident;
        let Some(verdict) = incident.verdict.as_deref() else { return };
        let plans: Vec<Plan> = incident.plans.values().map(|state| state.plan().clone()).collect();
        let claims = Claims::of(verdict, incident.outlook.as_deref(), &plans).and(&self.evidence);
        let is_new = self.heard.iter().all(|other| other.text != sentence.text);
        if is_new && check(&sentence, &claims).is_ok() {
            self.enquiry.ear.tell(Progress::Said(sentence.clone()));
            self.heard.push(sentence);
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
        self.enquiry.ear.tell(Progress::Read(entry.spec.title));
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
