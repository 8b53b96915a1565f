//! The jobs of the narrator: errands, since a model takes seconds.

use super::Sender;
use super::job::fired;
use crate::changes;
use crate::event::{Asked, Event, EventKey, Said};
use crate::intent::{IntentId, Outcome};
use crate::narrator::{Ear, Enquiry, Narration, Narrator};
use crate::ports::StoreError;
use jiff::Timestamp;
use tools::model::{Incident, IncidentId, Spent};
use tools::recovery::plan::PlanId;

impl Sender {
    /// Has a model phrase what is known of an incident. If it does not, the card says nothing about it.
    pub(super) async fn narrate(
        &mut self,
        id: IntentId,
        incident: IncidentId,
        story: String,
    ) -> Result<(), StoreError> {
        let Some(state) = self.store.read(incident).await? else {
            let error = format!("{incident} is not in the store");
            return self.close(vec![(id, Outcome::Refused { error })]).await;
        };
        let now = self.clock.now();
        let Some(narrator) = self.narrator_for(&state, now) else {
            let error = "no model may be asked".to_owned();
            return self.close(vec![(id, Outcome::Refused { error })]).await;
        };
        let desk = self.desk();
        self.backlog.under_way(id);
        self.errands.send(id, async move {
            let narration = match narrator.narrate(&state, now).await {
                Ok(narration) => narration,
                Err(failure) => {
                    tracing::warn!(job = id.0, %incident, "no narrative: {failure}");
                    return (Spent::default(), Ok(()));
                }
            };
            let spent = narration.spent.clone();
            let event = Event::Narrated {
                incident,
                story,
                sentences: narration.sentences,
                unread: narration.unread,
                spent: narration.spent,
            };
            // The key is the job's: one that runs twice after a crash is still one event.
            (spent, desk.deliver(EventKey(format!("{incident}/job/{}", id.0)), incident, event).await)
        });
        Ok(())
    }

    /// Has a model explain a plan. If it does not, the plan's message says nothing about it.
    pub(super) async fn explain(&mut self, id: IntentId, incident: IncidentId, plan: PlanId) -> Result<(), StoreError> {
        let state = self.store.read(incident).await?;
        let known = state.as_ref().and_then(|state| Some(state.plans.get(&plan)?.plan().clone()));
        let now = self.clock.now();
        let narrator = state.as_ref().and_then(|state| self.narrator_for(state, now));
        let (Some(known), Some(narrator)) = (known, narrator) else {
            let error = "there is no such plan, or no model may be asked".to_owned();
            return self.close(vec![(id, Outcome::Refused { error })]).await;
        };
        let desk = self.desk();
        self.backlog.under_way(id);
        self.errands.send(id, async move {
            let narration = match narrator.explain(&known, now).await {
                Ok(narration) => narration,
                Err(failure) => {
                    tracing::warn!(job = id.0, %incident, "a plan is not explained: {failure}");
                    return (Spent::default(), Ok(()));
                }
            };
            let Narration { sentences, unread, spent } = narration;
            let event = Event::Explained { incident, plan, sentences, unread, spent: spent.clone() };
            (spent, desk.deliver(EventKey(format!("{incident}/job/{}", id.0)), incident, event).await)
        });
        Ok(())
    }

    /// Has a question answered: by a model if one may be asked, and else by the rules.
    pub(super) async fn ask(
        &mut self,
        (id, stored_at): (IntentId, Timestamp),
        incident: IncidentId,
        question: String,
        talk: Option<u64>,
        asked: Asked,
    ) -> Result<(), StoreError> {
        let Some(state) = self.store.read(incident).await? else {
            return self.reply(id, incident, asked, super::our_fault(id)).await;
        };
        let now = self.clock.now();
        let outside = changes::seen_from(&state.scope, &self.outside, &self.store);
        let narrator = self.narrator_for(&state, now);
        if narrator.is_some() && self.begin_answer((id, stored_at), incident, &question, &asked).await? {
            return Ok(());
        }
        let stop = self.talks.begin(id, talk.unwrap_or(id.0), &asked);
        let ear = Ear { told: self.errands.ear(), id, stop };
        let desk = self.desk();
        self.backlog.under_way(id);
        self.errands.send(id, async move {
            let alarms = fired(&state);
            let enquiry = Enquiry { incident: &state, alarms, question: &question, outside: &outside, now, ear };
            let (spent, answered) = match narrator {
                Some(narrator) => narrator.ask(&enquiry).await,
                None => (Spent::default(), Err(tools::language::Failure::None)),
            };
            let answered =
                answered.inspect_err(|failure| tracing::warn!(job = id.0, %incident, "no model answers: {failure}"));
            let said = answered.map_or_else(
                |_| Said { spent: spent.clone(), ..Said::default() },
                |answered| Said {
                    sentences: answered.narration.sentences,
                    unread: answered.narration.unread,
                    evidence: answered.evidence,
                    read: answered.read.into_iter().map(str::to_owned).collect(),
                    spent: spent.clone(),
                    stopped: answered.stopped,
                },
            );
            let said = Box::new(said);
            let event = Event::Answered { incident, question, said, asked };
            (spent, desk.deliver(EventKey(format!("{incident}/job/{}", id.0)), incident, event).await)
        });
        Ok(())
    }

    /// Whoever may phrase something of an incident now.
    fn narrator_for(&self, incident: &Incident, now: Timestamp) -> Option<Narrator> {
        let narrator = self.narrator.as_ref()?;
        let (tokens, micro_usd) = self.budget.models_took(now);
        let limits = narrator.limits();
        if tokens >= limits.tokens_per_hour || micro_usd >= limits.micro_usd_per_hour {
            tracing::warn!("what models may take in an hour is used up");
            return None;
        }
        if !narrator.may_spend_on(incident) {
            tracing::warn!(incident = %incident.id, "what models may take for one incident is used up");
            return None;
        }
        Some(narrator.clone())
    }
}
