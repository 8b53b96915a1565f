//! The postmortem: an incident as a Markdown document, its cards as a web page, and what is answered to whoever asked for
//! both.
//!
//! In reading order: [`document`], its parts · [`story`], what happened and what was known · [`plans`], what was done · [`lessons`],
//! what follows from it · [`page()`], the cards. Everything is told in the words of the messages, rewritten as Markdown
//! ([`to_markdown`]), so that one claim reads the same everywhere. Nothing is said that no fact says.

#![expect(
    clippy::format_collect,
    clippy::format_push_string,
    reason = "a document reads best as templates, and is made rarely"
)]

mod lessons;
mod page;
mod plans;
mod story;

pub use page::page;

use crate::message::Message;
use crate::mrkdwn::{Names, escape, to_markdown};
use crate::phrase;
use jiff::Timestamp;
use tools::model::{Incident, IncidentId, Moment};

/// What a postmortem is made from.
#[derive(Clone, Copy)]
struct Told<'a> {
    incident: &'a Incident,
    moments: &'a [Moment],
    /// The moment it speaks of.
    now: Timestamp,
    names: Names<'a>,
}

/// The document about an incident as it was known at `now`; `moments` is its timeline, `names` whoever knows what people are
/// called.
pub fn document(incident: &Incident, moments: &[Moment], now: Timestamp, names: Names<'_>) -> String {
    let told = Told { incident, moments, now, names };
    let parts = [
        ("Summary", story::summary(&told)),
        ("How long it took", story::phases(&told)),
        ("Impact", story::impact(&told)),
        ("Cause", story::cause(&told)),
        ("What changed", story::changes(&told)),
        ("What was done, and what it did", plans::plans(&told)),
        ("What was foretold", story::predictions(&told)),
        ("What could not be seen", story::gaps(&told)),
        ("Timeline", story::timeline(&told)),
        ("What went well", lessons::went_well(&told)),
        ("Follow-ups", lessons::follow_ups(&told)),
    ];
    let mut out = format!("# {}\n", told.md(&title(incident)));
    for (title, part) in parts {
        out.extend(["\n## ", title, "\n\n", part.trim_end(), "\n"]);
    }
    out.push_str(&format!(
        "\n---\n\nMade from the {} facts of {} as of {} UTC; all times are in UTC. The head of their chain is `{}`.\n",
        incident.version,
        incident.id,
        utc(now),
        incident.head
    ));
    out
}

/// What the incident is called, in mrkdwn.
fn title(incident: &Incident) -> String {
    let cause = incident.verdict.as_deref().and_then(tools::model::Verdict::cause);
    if let Some(title) = &incident.people.title {
        return format!("Postmortem of {}: {}", incident.id, phrase::words(title));
    }
    let what = match (cause, incident.alarms.as_slice()) {
        (Some(cause), _) => format!("{}, {}", phrase::service(&cause.service), phrase::symptom(cause.symptom)),
        (None, [only]) => phrase::code(&only.alarm.name),
        (None, alarms) => phrase::count(alarms.len(), "alarm", "alarms"),
    };
    format!("Postmortem of {}: {what}", incident.id)
}

/// A moment in a document: it may be read on another day and in another place.
fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

impl Told<'_> {
    fn md(&self, mrkdwn: &str) -> String {
        to_markdown(mrkdwn, self.names)
    }

    /// A list of things told in mrkdwn.
    fn list(&self, items: impl IntoIterator<Item = String>) -> String {
        items.into_iter().map(|item| format!("- {}\n", self.line(&item))).collect()
    }

    /// The same in one line, whatever it holds.
    fn line(&self, mrkdwn: &str) -> String {
        self.md(mrkdwn).lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// A table of cells told in mrkdwn; nothing without a row.
    fn table(&self, head: &[&str], rows: &[Vec<String>]) -> String {
        if rows.is_empty() {
            return String::new();
        }
        let ruler = vec!["---"; head.len()].join(" | ");
        let mut out = format!("| {} |\n| {ruler} |\n", head.join(" | "));
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| bars(&self.line(cell))).collect();
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        out
    }
}

/// A bar ends a cell, in code as well; in text it is escaped already.
fn bars(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    let mut is_escaped = false;
    for c in cell.chars() {
        if c == '|' && !is_escaped {
            out.push('\\');
        }
        is_escaped = c == '\\' && !is_escaped;
        out.push(c);
    }
    out
}

/// The names of the two files: the document and the page.
pub fn file_names(incident: IncidentId) -> [String; 2] {
    [format!("{incident}-postmortem.md"), format!("{incident}-cards.html")]
}

/// It was shared: the answer to whoever asked.
pub fn shared(incident: IncidentId) -> Message {
    let [document, page] = file_names(incident).map(phrase::code);
    let text = format!("{document} and {page} are in the thread of {incident}.");
    Message::plain(&format!("The postmortem of {incident} is there"), &text)
}

/// It could not be shared, and why; `why` is plain text, the end of a sentence.
pub fn not_shared(incident: IncidentId, why: &str) -> Message {
    let text = format!("I could not share the postmortem of {incident}: {}.", escape(&crate::limits::cut(why, 500)));
    Message::plain(&format!("The postmortem of {incident} could not be shared"), &text)
}

/// There is no such incident in this scope, open or over.
pub fn unknown(root: &str, incident: IncidentId) -> Message {
    let stats = phrase::code(format!("{root} stats"));
    let text = format!("I know no {incident} here, so there is nothing to tell. {stats} counts those I know.");
    Message::plain("That incident is not known", &text)
}
