//! The answer to `/incident timeline`: what happened, in order.

use crate::message::Message;
use crate::mrkdwn::escape;
use crate::phrase;
use jiff::SignedDuration;
use tools::model::{AlarmState, Deed, Happened, Incident, Moment, PlanStep};
use tools::recovery::policy::PersonId;

/// Lines in one answer: the beginning and the latest ones say the most.
const MAX_LINES: usize = 40;

/// Alarms of one state this close together are one line.
const TOGETHER: SignedDuration = SignedDuration::from_secs(60);

/// People on call that one line names.
const MOST_NAMED: usize = 5;

/// Lines of one block; a section holds 3,000 characters.
const PER_SECTION: usize = 8;

/// The answer about an incident.
pub fn answer(incident: &Incident, moments: &[Moment]) -> Message {
    let title = format!("{} · timeline", incident.id);
    let mut message = Message::new(&title).header(&title);
    let mut lines: Vec<String> = groups(moments).iter().map(|group| line(group)).collect();
    if lines.is_empty() {
        return message.section("Nothing is known to have happened.");
    }
    if lines.len() > MAX_LINES {
        let left_out = lines.len() - MAX_LINES;
        lines.splice(MAX_LINES / 2..MAX_LINES / 2 + left_out, [format!("… {left_out} more …")]);
    }
    for lines in lines.chunks(PER_SECTION) {
        message = message.section(&lines.join("\n"));
    }
    message
}

/// Alarms that went to the same state at about the same time stand together.
pub(crate) fn groups(moments: &[Moment]) -> Vec<&[Moment]> {
    let state =
        |moment: &Moment| if let Happened::Alarm { state, .. } = &moment.happened { Some(*state) } else { None };
    let mut groups = Vec::new();
    let mut start = 0;
    for at in 1..=moments.len() {
        let goes_on = moments.get(at).is_some_and(|next| {
            state(next).is_some()
                && state(next) == state(&moments[start])
                && next.at.duration_since(moments[start].at) <= TOGETHER
        });
        if !goes_on {
            groups.push(&moments[start..at]);
            start = at;
        }
    }
    if moments.is_empty() { Vec::new() } else { groups }
}

fn line(group: &[Moment]) -> String {
    format!("{}  {}", phrase::time(group[0].at), what(group))
}

/// What happened, without its time, of moments that stand together.
pub(crate) fn what(group: &[Moment]) -> String {
    let first = &group[0];
    let what = match &first.happened {
        Happened::Alarm { state, .. } => alarms(*state, group),
        Happened::Changed { change, guilty } => {
            let by = change.by.as_deref().map(|by| format!(" by {}", escape(by))).unwrap_or_default();
            let guilty = if *guilty { " — *guilty*" } else { "" };
            let summary = escape(&crate::limits::cut(&change.summary, 120));
            format!("🔧 {} on {}{by}: “{summary}”{guilty}", change.kind, phrase::service(&change.service))
        }
        Happened::Onset { service, symptom } => {
            format!("📈 {} leaves its normal range: {}", phrase::service(service), phrase::symptom(*symptom))
        }
        Happened::Flood { alarms } => {
            format!("🌊 {}: this is a flood, and gets a card", phrase::count(*alarms, "alarm", "alarms"))
        }
        Happened::Left { name, by } => format!("✂️ {} taken out by {}", phrase::code(name), phrase::by(by)),
        Happened::Absorbed { from, alarms, by } => {
            let alarms = phrase::count(*alarms, "alarm", "alarms");
            format!("🔗 {from} merged into this by {}: {alarms}", phrase::by(by))
        }
        Happened::Blamed { service: Some(service) } => format!("🔎 Cause found: {}", phrase::service(service)),
        Happened::Blamed { service: None } => "🔎 Nobody is blamed any more".to_owned(),
        Happened::Plan { plan, sentence, step, by } => {
            let by = by.as_ref().map(|by| format!(" by {}", phrase::person(by))).unwrap_or_default();
            let sentence = phrase::words(crate::limits::cut(sentence, 120));
            format!("🛠️ {} {}{by}: {sentence}", phrase::plan(plan), step_of_plan(*step))
        }
        Happened::Person { by, did } => crate::people::told(&Deed { at: first.at, by: by.clone(), did: did.clone() }),
        Happened::Paged { by, whom } => called(by, whom),
        Happened::Context => "🧭 The card says enough to act on: context is reached".to_owned(),
    };
    format!("{what}{}", phrase::refs(&first.evidence))
}

/// Who called whom. A large user group is told by its first people.
fn called(by: &PersonId, whom: &[PersonId]) -> String {
    let mut names: Vec<String> = whom.iter().take(MOST_NAMED).map(phrase::person).collect();
    if whom.len() > MOST_NAMED {
        names.push(format!("{} more", whom.len() - MOST_NAMED));
    }
    format!("📟 {} called by {}", phrase::list(&names), phrase::person(by))
}

/// What happened to a plan, as a verb without its subject.
fn step_of_plan(step: PlanStep) -> &'static str {
    match step {
        PlanStep::Proposed => "proposed",
        PlanStep::Approved => "approved",
        PlanStep::Withdrawn => "loses the approval given",
        PlanStep::Rejected => "rejected",
        PlanStep::Revoked => "revoked",
        PlanStep::Escalated => "told to more people",
        PlanStep::Expired => "expired",
        PlanStep::Superseded => "superseded by a newer one",
        PlanStep::Drifted => "not carried out, since its target had changed",
        PlanStep::Started => "carried out",
        PlanStep::Succeeded => "in force",
        PlanStep::Failed => "failed",
        PlanStep::Kept => "worked: KEEP",
        PlanStep::Doubtful => "did not help: REVERT",
        PlanStep::Unclear => "in force, and nothing could be measured",
        PlanStep::UndoStarted => "being taken back",
        PlanStep::Undone => "taken back",
        PlanStep::UndoFailed => "could not be taken back",
        PlanStep::LeftAlone => "left alone, since its target had changed",
    }
}

fn alarms(state: AlarmState, group: &[Moment]) -> String {
    let mut names: Vec<String> = group
        .iter()
        .filter_map(
            |moment| if let Happened::Alarm { name, .. } = &moment.happened { Some(phrase::code(name)) } else { None },
        )
        .collect();
    let total = names.len();
    if total > 4 {
        names.truncate(3);
        names.push(format!("{} more", total - 3));
    }
    format!("{} {}", phrase::state(state), phrase::list(&names))
}
