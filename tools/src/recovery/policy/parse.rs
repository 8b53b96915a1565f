//! From the text of policies to a [`Policy`], or to one error that says what is wrong and where.

use super::{Act, DeadEnd, Directory, PersonId, PlanFacts, Policy, PolicyName, SCHEMA, Told};
use cedar_policy::ffi::DetailedError;
use cedar_policy::{
    ActionConstraint, Effect, Policy as CedarPolicy, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A text of policies may be this long: what is asked on every click is short.
pub const MAX_POLICY_BYTES: usize = 64 * 1024;

/// One policy may have this many brackets, dots and operators: Cedar's parser goes one level deeper for each, and would end
/// the program where it runs out of stack.
const MOST_LEVELS: usize = 1000;

/// Enough stack for as many levels, some 40 KB each in a build without optimisation. It is reserved, not used.
const STACK: usize = 64 << 20;

/// Names and sentences may be this long, in characters: they are shown to people.
const MAX_NAME: usize = 60;
const MAX_SENTENCE: usize = 200;

/// Why a text is no policy for us. `line` counts from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It is longer than [`MAX_POLICY_BYTES`].
    #[error("the policy has {bytes} bytes, and {MAX_POLICY_BYTES} is the most")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// One policy in it has more than [`MOST_LEVELS`] brackets, dots and operators.
    #[error(
        "the policy that begins before line {line} has more than {MOST_LEVELS} brackets, dots and operators; split it"
    )]
    TooDeep {
        /// Where there are too many.
        line: usize,
    },
    /// The machine has no thread left to read it on.
    #[error("the policy cannot be read now: {0}")]
    NoThread(String),
    /// It is no Cedar.
    #[error("line {line} of the policy is not Cedar: {problem}")]
    Syntax {
        /// Where.
        line: usize,
        /// What the parser says.
        problem: String,
    },
    /// There is no policy in it.
    #[error("the policy is empty, and would permit nothing")]
    Empty,
    /// It has a template, which nothing here could link.
    #[error("the policy has a template (`?principal` or `?resource`), which nothing would link; name who is meant")]
    Template,
    /// It speaks about something that the schema does not have, or in a way that makes no sense there.
    #[error("line {line} of the policy does not fit what policies can speak about: {problem}")]
    Schema {
        /// Where.
        line: usize,
        /// What the validator says.
        problem: String,
    },
    /// An annotation is unknown, twice given, or not of the form that is read.
    #[error("line {line} of the policy: {problem}")]
    Annotation {
        /// Where the policy begins that has it.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// It names a group that the configuration does not have.
    #[error("line {line} of the policy names the group `{group}`, which is not configured")]
    UnknownGroup {
        /// Where the policy begins that names it.
        line: usize,
        /// Which group.
        group: String,
    },
    /// It names somebody who can never be allowed anything.
    #[error("line {line} of the policy names the person `{person}`, who is no member of the workspace")]
    UnknownPerson {
        /// Where the policy begins that names them.
        line: usize,
        /// Who.
        person: PersonId,
    },
    /// Nobody can ever do something, so that every plan ends there.
    #[error("no policy permits anybody to {act} a plan")]
    NoWay {
        /// What nobody can do.
        act: Act,
    },
    /// There are plans that can be proposed and never come to their end.
    #[error("{}", sentences(.0))]
    DeadEnds(
        /// At least one.
        Vec<DeadEnd>,
    ),
}

/// A sentence once, however many plans it is true of.
fn sentences(dead_ends: &[DeadEnd]) -> String {
    let mut told: Vec<String> = Vec::new();
    for dead_end in dead_ends.iter().map(ToString::to_string) {
        if !told.contains(&dead_end) {
            told.push(dead_end);
        }
    }
    told.join("; ")
}

impl Policy {
    /// Reads policies: they must be Cedar, fit the schema in strict mode and without a warning, carry annotations that can
    /// be read, name only groups (and, where `directory` knows the people, only members) that there are, and permit every
    /// act to somebody at least on paper. Whether there are *enough* people is asked by [`Policy::load`] and
    /// [`Policy::dead_ends`].
    pub fn parse(text: &str, directory: &Directory) -> Result<Self, PolicyError> {
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyError::TooLong { bytes: text.len() });
        }
        bounded(text)?;
        let reader = std::thread::Builder::new().name("policy".to_owned()).stack_size(STACK);
        std::thread::scope(|scope| {
            let reading = reader.spawn_scoped(scope, || Self::read(text, directory));
            let reading = reading.map_err(|err| PolicyError::NoThread(err.to_string()))?;
            reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn read(text: &str, directory: &Directory) -> Result<Self, PolicyError> {
        let parsed: PolicySet = text.parse().map_err(|err| {
            let (line, problem) = told_by_cedar(text, &DetailedError::from(&err));
            PolicyError::Syntax { line, problem }
        })?;
        if parsed.num_of_templates() > 0 {
            return Err(PolicyError::Template);
        }
        if parsed.is_empty() {
            return Err(PolicyError::Empty);
        }
        let placed = placed(text, &parsed);
        let mut told = BTreeMap::new();
        let mut named = Vec::new();
        for (place, (line, policy)) in placed.iter().enumerate() {
            let (line, policy) = (*line, *policy);
            let problem = |problem| PolicyError::Annotation { line, problem };
            let one = read_annotations(place, line, policy).map_err(problem)?;
            let id = PolicyId::new(&one.name.0);
            named.push((line, policy.new_id(id.clone())));
            if told.contains_key(&id) {
                return Err(problem(format!("there is another policy with the @id {}", one.name)));
            }
            told.insert(id, one);
        }
        let schema = schema();
        let set = PolicySet::from_policies(named.iter().map(|(_, policy)| policy.clone()))
            .expect("their ids differ, and none is a template");
        validate(text, &schema, &set)?;
        let (groups, people) = literals(&named, directory)?;
        for act in Act::ALL {
            let permits = |policy: &CedarPolicy| policy.effect() == Effect::Permit && covers(policy, act);
            if !set.policies().any(permits) {
                return Err(PolicyError::NoWay { act });
            }
        }
        let asks_for_business_hours = set.policies().any(asks_for_business_hours);
        Ok(Self { schema, set, told, groups, people, asks_for_business_hours })
    }

    /// Reads policies as [`Policy::parse`] does, and refuses those under which one of `plans` is a dead end whoever asks for
    /// it ([`Policy::dead_ends_whoever_asks`]). `plans` stand for the plans that there will be: the catalogue's remedies in
    /// the environments that are configured.
    pub fn load(text: &str, directory: &Directory, plans: &[PlanFacts]) -> Result<Self, PolicyError> {
        let policy = Self::parse(text, directory)?;
        let dead_ends = policy.dead_ends_whoever_asks(directory, plans);
        if dead_ends.is_empty() { Ok(policy) } else { Err(PolicyError::DeadEnds(dead_ends)) }
    }
}

/// Refuses policies that are deeper than Cedar's parser should go.
fn bounded(text: &str) -> Result<(), PolicyError> {
    let (mut levels, mut line) = (0, 1);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\n' => line += 1,
            b';' => levels = 0,
            b'/' if bytes.peek() == Some(&b'/') => while bytes.next_if(|next| *next != b'\n').is_some() {},
            b'"' => {
                while let Some(inside) = bytes.next() {
                    match inside {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        b'\n' => line += 1,
                        _ => {}
                    }
                }
            }
            b'(' | b'[' | b'{' | b'.' | b'!' | b'-' | b'+' | b'*' | b'&' | b'|' => levels += 1,
            // `if` nests without a sign of its own.
            b'i' if bytes.peek() == Some(&b'f') => levels += 1,
            _ => {}
        }
        if levels > MOST_LEVELS {
            return Err(PolicyError::TooDeep { line });
        }
    }
    Ok(())
}

fn schema() -> Schema {
    let (schema, _warnings) = Schema::from_cedarschema_str(SCHEMA).expect("the suite reads the shipped schema");
    schema
}

/// The line, from 1, that the byte `at` of `text` is in.
fn line_of(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// Where, and what, in one line.
fn told_by_cedar(text: &str, err: &DetailedError) -> (usize, String) {
    let at = err.source_locations.iter().map(|label| label.loc.start).min().unwrap_or(0);
    // Of several words that are equally near Cedar suggests any: left out, so that the same text is told the same.
    let help = err.help.as_ref().filter(|help| !help.starts_with("did you mean"));
    let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
    let told = format!("{}{help}", err.message);
    (line_of(text, at), told.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The policies in the order of the text, each with the line it begins on.
fn placed<'a>(text: &str, set: &'a PolicySet) -> Vec<(usize, &'a CedarPolicy)> {
    // Cedar numbers them as it reads: `policy0`, `policy1`, …
    let number = |policy: &&CedarPolicy| {
        let id: &str = policy.id().as_ref();
        id.trim_start_matches(|letter: char| !letter.is_ascii_digit()).parse::<usize>().unwrap_or(usize::MAX)
    };
    let mut policies: Vec<&CedarPolicy> = set.policies().collect();
    policies.sort_by_key(number);
    let mut from = 0;
    let mut line = 1;
    let mut placed = Vec::with_capacity(policies.len());
    for policy in policies {
        // Cedar keeps the text of each policy as it was.
        let own = policy.to_cedar().unwrap_or_default();
        if let Some(at) = text.get(from..).and_then(|rest| rest.find(&own)) {
            line += text[from..from + at].matches('\n').count();
            placed.push((line, policy));
            line += own.matches('\n').count();
            from += at + own.len();
        } else {
            placed.push((line, policy));
        }
    }
    placed
}

fn read_annotations(place: usize, line: usize, policy: &CedarPolicy) -> Result<Told, String> {
    let mut told =
        Told { place, name: PolicyName(format!("number {} on line {line}", place + 1)), because: None, approvals: 0 };
    for (key, value) in policy.annotations() {
        match key {
            "id" => told.name = PolicyName(sentence("id", value, MAX_NAME)?),
            "because" => told.because = Some(sentence("because", value, MAX_SENTENCE)?),
            "approvals" => {
                if policy.effect() != Effect::Permit || !covers(policy, Act::Execute) {
                    return Err("@approvals says something only where `execute` is permitted".to_owned());
                }
                told.approvals = match value.as_bytes() {
                    [digit] if digit.is_ascii_digit() => digit - b'0',
                    _ => return Err(format!("@approvals is a number from 0 to 9, and not `{}`", clipped(value))),
                };
            }
            other => {
                let known = "there are @id, @because and @approvals";
                return Err(format!("the annotation @{} is unknown; {known}", clipped(other)));
            }
        }
    }
    Ok(told)
}

/// A text that is shown to people: one line, not empty, not endless.
fn sentence(key: &str, value: &str, most: usize) -> Result<String, String> {
    let has_room = value.chars().count() <= most;
    if value.trim().is_empty() || value.trim() != value || value.chars().any(char::is_control) || !has_room {
        return Err(format!("@{key} needs one line of 1 to {most} characters, without space around it"));
    }
    Ok(value.to_owned())
}

fn clipped(text: &str) -> String {
    text.chars().take(MAX_NAME).collect()
}

/// Whether the scope of a policy takes in an act. Conditions may still rule it out.
fn covers(policy: &CedarPolicy, act: Act) -> bool {
    let wanted = super::uid("Action", act.word());
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::In(actions) => actions.contains(&wanted),
        ActionConstraint::Eq(action) => action == wanted,
    }
}

/// Strict, and warnings count: a policy that can never apply, or that hides letters which look like others, is a mistake.
fn validate(text: &str, schema: &Schema, set: &PolicySet) -> Result<(), PolicyError> {
    let result = Validator::new(schema.clone()).validate(set, ValidationMode::Strict);
    let errors = result.validation_errors().map(|err| told_by_cedar(text, &DetailedError::from(err)));
    let warnings = result.validation_warnings().map(|err| told_by_cedar(text, &DetailedError::from(err)));
    match errors.min().or_else(|| warnings.min()) {
        Some((line, problem)) => Err(PolicyError::Schema { line, problem }),
        None => Ok(()),
    }
}

/// The groups and people that policies name, all of which must exist as far as that is known.
fn literals(
    policies: &[(usize, CedarPolicy)],
    directory: &Directory,
) -> Result<(BTreeSet<String>, BTreeSet<PersonId>), PolicyError> {
    let (mut groups, mut people) = (BTreeSet::new(), BTreeSet::new());
    for (line, policy) in policies {
        let line = *line;
        for literal in policy.entity_literals() {
            let id: &str = literal.id().as_ref();
            match literal.type_name().basename() {
                "Group" if !directory.has_group(id) => {
                    return Err(PolicyError::UnknownGroup { line, group: clipped(id) });
                }
                "Group" => {
                    groups.insert(id.to_owned());
                }
                "Person" => {
                    let person = PersonId(id.to_owned());
                    if directory.person(&person).is_some_and(|known| known.standing != super::Standing::Member) {
                        return Err(PolicyError::UnknownPerson { line, person: PersonId(clipped(id)) });
                    }
                    people.insert(person);
                }
                _ => {}
            }
        }
    }
    Ok((groups, people))
}

/// Whether a policy reads `context.business_hours`, by its form in JSON: `{".": {"left": …, "attr": "business_hours"}}`.
fn asks_for_business_hours(policy: &CedarPolicy) -> bool {
    // A policy that has no JSON is taken to ask, so that nobody forgets to say which hours they are.
    let Ok(json) = policy.to_json() else { return true };
    let mut open = vec![&json];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if fields.get("attr").and_then(Value::as_str) == Some("business_hours") {
                    return true;
                }
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    false
}
