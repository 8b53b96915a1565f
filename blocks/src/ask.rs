//! The answer to a question in somebody's own words: sentences that were checked, and what supports each.

use crate::action::Action;
use crate::message::Message;
use crate::phrase;
use std::collections::BTreeSet;
use tools::model::{Evidence, EvidenceId, Incident, IncidentId, Sentence, Spent};

/// Claims told beside an answer.
const MOST_CLAIMS: usize = 6;

/// Of a question so much is repeated, in characters.
const QUESTION: usize = 200;

/// The answer. `more` is evidence that is not the incident's own; `read` are the tools that were read.
pub fn answer(
    incident: &Incident,
    question: &str,
    sentences: &[Sentence],
    more: &[Evidence],
    (read, dropped): (&[String], usize),
    spent: &Spent,
) -> Message {
    let told: Vec<String> = sentences.iter().map(sentence).collect();
    let message = Message::new(&format!("{}: an answer", incident.id))
        .titled(&format!("{} · you asked", incident.id), &asked(question))
        .section(&told.join("\n"));
    let cited: BTreeSet<EvidenceId> = sentences.iter().flat_map(|sentence| sentence.evidence.iter().copied()).collect();
    let own = incident.verdict.iter().flat_map(|verdict| &verdict.evidence);
    let ahead = incident.outlook.iter().flat_map(|outlook| &outlook.evidence);
    let known: Vec<&Evidence> = own.chain(ahead).chain(more).collect();
    let claims: Vec<String> = cited
        .iter()
        .filter_map(|id| known.iter().find(|evidence| evidence.id == *id))
        .map(|evidence| format!("• {}", phrase::evidence(evidence)))
        .collect();
    let mut shown: Vec<String> = claims.iter().take(MOST_CLAIMS).cloned().collect();
    if claims.len() > MOST_CLAIMS {
        shown.push(format!("• and {} more claims", claims.len() - MOST_CLAIMS));
    }
    let message = if shown.is_empty() { message } else { message.titled("What supports it", &shown.join("\n")) };
    message.context(&[footer(read, dropped, spent)])
}

/// An answer that was stopped: what was said by then, if anything.
pub fn stopped(incident: &Incident, question: &str, sentences: &[Sentence], spent: &Spent) -> Message {
    let told: Vec<String> = sentences.iter().map(sentence).collect();
    let took = if *spent == Spent::default() { String::new() } else { format!(" · {}", cost(spent)) };
    Message::new(&format!("{}: stopped", incident.id))
        .titled(&format!("{} · you asked", incident.id), &asked(question))
        .section(&told.join("\n"))
        .context(&[format!("Stopped, as you wanted{took}")])
}

/// What stands where an answer will be, with the way to stop it.
pub fn looking(incident: IncidentId, question: &str, talk: u64) -> Message {
    Message::new(&format!("{incident}: looking into it"))
        .titled(&format!("{incident} · you asked"), &asked(question))
        .section("Looking into it…")
        .actions(&[(Action::Stop(incident, talk), "Stop")])
}

/// The same as the beginning of an answer that comes sentence by sentence, in Markdown.
pub fn opening(incident: IncidentId) -> String {
    format!("*Looking into {incident}… write `stop` to stop me.*\n\n")
}

/// What is being read meanwhile, in Markdown.
pub fn reading(title: &str) -> String {
    format!("*Read: {}.*\n\n", markdown(&phrase::words(title)))
}

/// One more sentence of it, in Markdown.
pub fn spoken(told: &Sentence) -> String {
    format!("{}\n\n", markdown(&sentence(told)))
}

fn markdown(mrkdwn: &str) -> String {
    crate::mrkdwn::markdown::to_markdown(mrkdwn, &|_| None)
}

/// Nothing of theirs is under way that could be stopped.
pub fn nothing_to_stop() -> Message {
    Message::plain(
        "Nothing to stop",
        "No answer of yours is under way here. One takes less than a minute, and then it is over.",
    )
}

/// Somebody else asked.
pub fn not_yours(by: &str) -> Message {
    Message::plain("Not yours to stop", &format!("{} asked that; whoever asks can stop the answer.", phrase::by(by)))
}

fn asked(question: &str) -> String {
    format!("“{}”", phrase::words(crate::limits::cut(question, QUESTION)))
}

/// A sentence of a model, in which nothing is markup, and what it cites.
pub(crate) fn sentence(sentence: &Sentence) -> String {
    format!("{}{}", phrase::words(&sentence.text), phrase::refs(&sentence.evidence))
}

/// What models took: `$0.012`, or tokens where nobody told a price.
pub(crate) fn cost(spent: &Spent) -> String {
    match spent.micro_usd {
        // A tenth of a cent is as fine as anybody cares for; nothing that cost something looks free.
        Some(micro_usd) if micro_usd < 1_000 => "less than $0.001".to_owned(),
        Some(micro_usd) => format!("${:.3}", micro_usd as f64 / 1e6),
        None => format!("{} tokens", phrase::number(spent.tokens() as f64)),
    }
}

fn footer(read: &[String], dropped: usize, spent: &Spent) -> String {
    let mut parts = vec!["Phrased by a model, each sentence checked".to_owned()];
    if !read.is_empty() {
        let names: Vec<String> = read.iter().map(phrase::code).collect();
        parts.push(format!("read {}", phrase::list(&names)));
    }
    if dropped > 0 {
        parts.push(format!("{} dropped", phrase::count(dropped, "sentence", "sentences")));
    }
    parts.push(cost(spent));
    parts.join(" · ")
}
