//! The slow job: asking the toolsets about an incident. The world is read once, whatever the question.

use crate::event::{Event, Found, Question};
use blocks::action::Topic;
use tools::context::{FindSimilarIncidents, Situation, auth_health, delta, verdict};
use tools::dependency::{draw, outlook};
use tools::model::{Alarm, Incident, Verdict};
use tools::ports::Outside;
use tools::recovery::{SuggestRemediations, Terms};
use tools::tool::{Tool, ToolError};

/// Finds what `question` needs to be answered; nobody's question needs the verdict.
pub(super) async fn investigate(
    incident: &Incident,
    question: Option<Question>,
    outside: &Outside,
    terms: Terms,
) -> Result<Event, ToolError> {
    let situation = Situation::read(fired(incident), terms.now, outside).await;
    let verdict = verdict(&situation);
    let outlook = Box::new(outlook(&situation, &verdict, &terms.lags));
    let scene = Box::new(draw::scene_of(&situation, &verdict));
    let found = match &question {
        Some(question) => find(incident, question, situation, &verdict, terms, outside).await?,
        None => None,
    };
    let (incident, verdict) = (incident.id, Box::new(verdict));
    Ok(Event::Investigated { incident, verdict, outlook, scene, answer_to: question, found })
}

/// The alarms of an incident, each as it fired.
pub(super) fn fired(incident: &Incident) -> Vec<Alarm> {
    incident.alarms.iter().map(|joined| joined.as_it_fired()).collect()
}

async fn find(
    incident: &Incident,
    question: &Question,
    situation: Situation,
    verdict: &Verdict,
    terms: Terms,
    outside: &Outside,
) -> Result<Option<Found>, ToolError> {
    let now = situation.now;
    Ok(match question.topic {
        Topic::Auth => Some(Found::Auth(Box::new(auth_health(&situation)))),
        Topic::Catchup => {
            let looked = incident.seen.get(&question.asked.by).map(|look| look.at);
            let since = question.since.or(looked).unwrap_or(incident.began_at()).min(now);
            let alarms = incident.alarms.iter().flat_map(|joined| joined.every_transition()).collect();
            let every_transition = Situation { alarms, ..situation };
            Some(Found::Delta(Box::new(delta(&every_transition, verdict, since))))
        }
        Topic::Similar => {
            let answer = FindSimilarIncidents { incident: incident.id, now }.call(outside).await?;
            Some(Found::Similar(Box::new(answer)))
        }
        Topic::Fix => {
            let alarms = situation.alarms;
            let answer = SuggestRemediations { alarms, now, terms: Some(terms) }.call(outside).await?;
            Some(Found::Remedies(Box::new(answer)))
        }
        Topic::Context
        | Topic::Why
        | Topic::Timeline
        | Topic::Changes
        | Topic::Gaps
        | Topic::Graph
        | Topic::Predict
        | Topic::Isolate => None,
    })
}
