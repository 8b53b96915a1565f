//! The answer to `/incident gaps`: what could not be seen, and the smallest thing that would supply it.

use crate::limits::cut;
use crate::message::Message;
use crate::mrkdwn::escape;
use tools::model::{Gap, Incident};

/// Gaps told; each may bring a statement to copy.
const MAX_GAPS: usize = 20;

/// The answer about an incident.
pub fn answer(incident: &Incident) -> Message {
    let title = format!("{} · what we could not see", incident.id);
    let mut message = Message::new(&title).header(&title);
    let gaps = incident.verdict.as_deref().map(|verdict| verdict.gaps.as_slice());
    message = match gaps {
        None => message.section("I have not looked yet."),
        Some([]) => message.section("Nothing was missing."),
        Some(gaps) => gaps.iter().take(MAX_GAPS).fold(message, |message, gap| message.section(&told(gap))),
    };
    let more = gaps.map_or(0, |gaps| gaps.len().saturating_sub(MAX_GAPS));
    if more > 0 { message.section(&format!("and {more} more")) } else { message }
}

pub(crate) fn told(gap: &Gap) -> String {
    let what = format!("*{}*: {}", escape(&gap.wanted), escape(&cut(&gap.because, 500)));
    match &gap.remedy {
        // A statement of IAM is there to be copied.
        Some(remedy) if remedy.starts_with('{') => {
            let statement = escape(&remedy.replace('`', "'"));
            format!("{what}\nThis statement in my role's policy would supply it:\n```{statement}```")
        }
        Some(remedy) => format!("{what}\nWhat would supply it: {}", escape(remedy)),
        None => what,
    }
}
