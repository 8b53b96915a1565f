//! Who is on call is asked of Slack, or of whoever keeps the schedule, when it counts; what they said counts for a minute.

use super::Sender;
use crate::config::{OnCall, Scope};
use crate::event::{Asked, Duty, Event};
use crate::intent::IntentId;
use crate::ports::StoreError;
use crate::rota::{Known, OnDuty, RotaError};
use crate::slack::chat::{Chat, ChatError};
use blocks::page;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use tools::model::IncidentId;
use tools::recovery::policy::PersonId;

/// How long it counts what Slack said.
const AGE: SignedDuration = SignedDuration::from_secs(60);

/// Slack may ask for so many seconds of patience before somebody is told that nobody was called.
const PATIENCE_S: u64 = 10;

/// Who was on call, and when that was said.
#[derive(Debug, Default)]
pub(super) struct Watch(HashMap<OnCall, (Timestamp, Duty)>);

/// Why nobody can be called.
#[derive(Debug)]
enum Nobody {
    /// A phrase.
    Because(String),
    /// Slack asks to wait for so many seconds.
    Yet(u64),
}

impl From<ChatError> for Nobody {
    fn from(err: ChatError) -> Self {
        match err {
            ChatError::Limited { after_s } if after_s <= PATIENCE_S => Self::Yet(after_s),
            ChatError::Limited { .. } | ChatError::Refused(_) | ChatError::Unknown(_) => Self::Because(err.to_string()),
        }
    }
}

impl From<RotaError> for Nobody {
    fn from(err: RotaError) -> Self {
        match err {
            RotaError::Limited { after_s, .. } if after_s <= PATIENCE_S => Self::Yet(after_s),
            RotaError::Limited { .. } | RotaError::Silent { .. } => Self::Because(err.to_string()),
        }
    }
}

impl Watch {
    /// Who is on call. Where a schedule does not say so, the user group that plans escalate to is called instead, if there is one.
    async fn duty(
        &mut self,
        (on_call, group): (&OnCall, Option<&str>),
        (chat, rotas): (&Chat, &Known),
        now: Timestamp,
    ) -> Result<Duty, Nobody> {
        self.0.retain(|_, (at, _)| now.duration_since(*at) < AGE);
        if let Some((_, duty)) = self.0.get(on_call) {
            return Ok(duty.clone());
        }
        let duty = match on_call {
            OnCall::UserGroup(group) => members(chat, group).await?,
            OnCall::Topic(channel) => match first_mention(&chat.channel(channel).await?.topic) {
                Some(id) if id.starts_with('S') => members(chat, &id).await?,
                Some(id) => Duty { people: vec![PersonId(id)], ..Duty::default() },
                None => return Err(Nobody::Because("the channel's topic mentions nobody".to_owned())),
            },
            OnCall::Pagerduty(_) | OnCall::Opsgenie(_) => match (scheduled(on_call, chat, rotas).await, group) {
                (Err(Nobody::Because(why)), Some(group)) => {
                    tracing::error!("a schedule does not say who is on call: {why}");
                    // Whoever calls next asks the schedule again.
                    return Ok(Duty { instead: Some(why), ..members(chat, group).await? });
                }
                (told, _) => told?,
            },
        };
        self.0.insert(on_call.clone(), (now, duty.clone()));
        Ok(duty)
    }
}

/// Whoever is on call by a schedule that is kept elsewhere, as Slack knows them.
async fn scheduled(on_call: &OnCall, chat: &Chat, rotas: &Known) -> Result<Duty, Nobody> {
    let Some((rota, schedule)) = rotas.by(on_call) else {
        return Err(Nobody::Because("there is no key to the schedule".to_owned()));
    };
    let mut duty = Duty::default();
    for OnDuty { email, name } in rota.on_duty(schedule).await? {
        let known = match &email {
            Some(email) => chat.person_by_email(email).await?,
            None => None,
        };
        match known {
            Some(person) => duty.people.push(person),
            None => duty.unknown.extend(name.or(email)),
        }
    }
    if duty.people.is_empty() && duty.unknown.is_empty() {
        return Err(Nobody::Because("nobody is on call by the schedule now".to_owned()));
    }
    Ok(duty)
}

async fn members(chat: &Chat, group: &str) -> Result<Duty, Nobody> {
    let people: Vec<PersonId> = chat.members(group).await?.into_iter().collect();
    if people.is_empty() {
        return Err(Nobody::Because("nobody is in the user group".to_owned()));
    }
    Ok(Duty { people, group: Some(group.to_owned()), ..Duty::default() })
}

/// The first person or user group that a topic mentions, as Slack writes mentions: `<@U0123>`, `<@U0123|mina>`,
/// `<!subteam^S0123|@oncall>`.
fn first_mention(topic: &str) -> Option<String> {
    let mentions = topic.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    mentions.into_iter().find_map(|(inside, _)| {
        let id = inside.strip_prefix('@').or_else(|| inside.strip_prefix("!subteam^"))?.split('|').next()?;
        let is_id = id.starts_with(['U', 'W', 'S'])
            && id.len() > 1
            && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        is_id.then(|| id.to_owned())
    })
}

impl Sender {
    /// Finds out who is on call for an incident.
    pub(super) async fn page(
        &mut self,
        id: IntentId,
        incident: IncidentId,
        text: Option<String>,
        asked: Asked,
    ) -> Result<(), StoreError> {
        let Some(state) = self.store.read(incident).await? else {
            return self.reply(id, incident, asked, page::not_paged("the incident is not in the store")).await;
        };
        let scope = self.config.scope(&state.scope);
        let Some(on_call) = scope.and_then(Scope::who_is_on_call) else {
            let why = "the configuration names nobody who is on call: `on_call` of the scope is not set";
            return self.reply(id, incident, asked, page::not_paged(why)).await;
        };
        let group = scope.and_then(Scope::escalation_group);
        match self.watch.duty((&on_call, group), (&self.chat, &self.rotas), self.clock.now()).await {
            Ok(duty) => self.end(id, incident, Event::Paged { incident, duty, text, asked }).await,
            Err(Nobody::Yet(after_s)) => {
                self.budget.job_later(id, self.clock.now(), after_s);
                Ok(())
            }
            Err(Nobody::Because(why)) => {
                tracing::error!(job = id.0, %incident, "nobody was paged: {why}");
                self.reply(id, incident, asked, page::not_paged(&why)).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_the_topic_mentions_first_is_on_call() {
        #[track_caller]
        fn check(topic: &str, expected: Option<&str>) {
            assert_eq!(first_mention(topic).as_deref(), expected, "{topic}");
        }
        check("on call: <@U0MINA> then <@U0KIM>", Some("U0MINA"));
        check("on call: <@U0MINA|mina>", Some("U0MINA"));
        check("<https://wiki.example.com|rota> <!subteam^S0ONCALL|@oncall>", Some("S0ONCALL"));
        check("<!channel> <@W0JUN>", Some("W0JUN"));
        check("on call: Mina", None);
        check("<@> <@mina> <@U0 MINA>", None);
        check("<@U0MINA", None);
        check("", None);
    }
}
