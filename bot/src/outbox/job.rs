//! The one slow job there is: asking the context toolset about an incident.

use crate::event::{Event, Found, Question};
use blocks::action::Topic;
use jiff::Timestamp;
use tools::context::{FindSimilarIncidents, GetAuthHealthStatus, GetContextDelta, GetIncidentContext};
use tools::model::{Alarm, Incident};
use tools::ports::Outside;
use tools::tool::{Tool, ToolError};

/// Asks what `question` needs to be answered; nobody's question needs the verdict.
pub(super) async fn investigate(
    incident: &Incident,
    question: Option<Question>,
    outside: &Outside,
    now: Timestamp,
) -> Result<Event, ToolError> {
    let alarms: Vec<Alarm> = incident.alarms.iter().map(|joined| joined.as_it_fired()).collect();
    let verdict = GetIncidentContext { alarms, now }.call(outside).await?;
    let found = match &question {
        Some(question) => find(incident, question, outside, now).await?,
        None => None,
    };
    Ok(Event::Investigated { incident: incident.id, verdict: Box::new(verdict), answer_to: question, found })
}

async fn find(
    incident: &Incident,
    question: &Question,
    outside: &Outside,
    now: Timestamp,
) -> Result<Option<Found>, ToolError> {
    Ok(match question.topic {
        Topic::Auth => {
            let alarms = incident.alarms.iter().map(|joined| joined.as_it_fired()).collect();
            let answer = GetAuthHealthStatus { alarms, now }.call(outside).await?;
            Some(Found::Auth(Box::new(answer)))
        }
        Topic::Catchup => {
            let looked = incident.seen.get(&question.asked.by).map(|look| look.at);
            let since = question.since.or(looked).unwrap_or(incident.began_at()).min(now);
            let alarms = incident.alarms.iter().flat_map(|joined| joined.every_transition()).collect();
            let answer = GetContextDelta { alarms, since, now }.call(outside).await?;
            Some(Found::Delta(Box::new(answer.delta)))
        }
        Topic::Similar => {
            let answer = FindSimilarIncidents { incident: incident.id, now }.call(outside).await?;
            Some(Found::Similar(Box::new(answer)))
        }
        Topic::Context | Topic::Why | Topic::Timeline | Topic::Changes | Topic::Gaps => None,
    })
}
