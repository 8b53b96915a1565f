//! The jobs of recovery: a proposal made anew, who is who, and what the facts of a plan say is to be done.

use super::job::fired;
use super::{Sender, our_fault};
use crate::changes;
use crate::event::{Asked, Event, EventKey};
use crate::intent::{IntentId, Outcome};
use crate::ports::StoreError;
use crate::slack::chat::ChatError;
use blocks::{Message, said};
use jiff::SignedDuration;
use tools::model::{Incident, IncidentId, Window, Worked};
use tools::recovery::plan::{PlanFact, PlanId, PlanState, Request, Todo, todo};
use tools::recovery::policy::{Directory, PersonId};
use tools::recovery::verify::verify;
use tools::recovery::{ProposalKey, SuggestRemediations, Terms, saga};
use tools::tool::Tool;

/// How long before the effect the measure of a plan is read.
const BEFORE: SignedDuration = SignedDuration::from_hours(6);

/// Slack may ask for so many seconds of patience before somebody is told that it cannot be asked.
const PATIENCE_S: u64 = 10;

impl Sender {
    /// Makes a proposal anew, on the state of this moment.
    pub(super) async fn weigh(
        &mut self,
        id: IntentId,
        incident: IncidentId,
        key: ProposalKey,
        asked: Asked,
    ) -> Result<(), StoreError> {
        let Some(state) = self.store.read(incident).await? else {
            return self.reply(id, incident, asked, said::gone(&self.config.command.clone())).await;
        };
        let directory = self.who_is_who([PersonId(asked.by.clone())]).await;
        let people = match directory {
            Ok(people) => people,
            Err(err) => return self.unknown_people(id, incident, asked, &err).await,
        };
        let outside = changes::seen_from(&state.scope, &self.outside, &self.store);
        let terms = self.terms(&state).await;
        let (alarms, now) = (fired(&state), terms.now);
        let suggested = SuggestRemediations { alarms, now, terms: Some(terms) }.call(&outside).await;
        let proposals = match suggested {
            Ok(remediations) => remediations.proposals,
            Err(err) => {
                tracing::error!(job = id.0, "nothing could be proposed for {incident}: {err}");
                return self.reply(id, incident, asked, our_fault(id)).await;
            }
        };
        match proposals.into_iter().find(|proposal| proposal.key().as_ref() == Some(&key)) {
            Some(proposal) => {
                let proposal = Box::new(proposal);
                self.end(id, incident, Event::Weighed { incident, proposal, people, asked }).await
            }
            None => self.reply(id, incident, asked, said::gone(&self.config.command.clone())).await,
        }
    }

    /// Finds out who somebody is who wants something of a plan, and who the others are that it depends on.
    pub(super) async fn look_up(
        &mut self,
        id: IntentId,
        (incident, plan): (IncidentId, PlanId),
        request: Request,
        asked: Asked,
    ) -> Result<(), StoreError> {
        let state = self.plan(incident, &plan).await?;
        let Some(state) = state else {
            return self.reply(id, incident, asked, said::no_such_plan(&plan.0)).await;
        };
        let mut wanted = vec![PersonId(asked.by.clone()), state.plan().requester.clone()];
        wanted.extend(state.approvals().keys().cloned());
        match self.who_is_who(wanted).await {
            Ok(people) => self.end(id, incident, Event::Requested { incident, plan, request, people, asked }).await,
            Err(err) => self.unknown_people(id, incident, asked, &err).await,
        }
    }

    /// Does what the facts of a plan say is to be done. A crash at any point is mended by doing it again: whoever comes next
    /// reads what is there first.
    pub(super) async fn act(&mut self, id: IntentId, incident: IncidentId, plan: PlanId) -> Result<(), StoreError> {
        let Some(state) = self.plan(incident, &plan).await? else {
            let error = format!("{plan} of {incident} is not in the store");
            return self.close(vec![(id, Outcome::Refused { error })]).await;
        };
        let done = match todo(&state, self.clock.now()) {
            Some(Todo::CarryOut) => saga::carry_out(&state, self.actuator.as_ref()).await,
            Some(Todo::TakeBack) => saga::take_back(&state, self.actuator.as_ref()).await,
            Some(Todo::Verify) => Ok(PlanFact::Verified { worked: self.worked(&state).await }),
            // A twin of this job was here first.
            None => return self.close(vec![(id, Outcome::Done { posted: None })]).await,
        };
        match done {
            Ok(fact) => {
                tracing::info!(plan = %plan, fact = fact.word(), "a plan went on");
                self.end(id, incident, Event::Acted { incident, plan, fact: Box::new(fact) }).await
            }
            Err(err) => {
                tracing::error!(plan = %plan, "nothing was done: {err}");
                self.close(vec![(id, Outcome::Refused { error: err.to_string() })]).await
            }
        }
    }

    /// What the measure of a plan did. Where metrics cannot be read, nothing can be told.
    async fn worked(&self, state: &PlanState) -> Worked {
        let (Some(expectation), Some(effect_at)) = (&state.plan().expectation, state.applied_at()) else {
            return Worked::Unclear;
        };
        let now = self.clock.now();
        let window = Window { from: effect_at.saturating_sub(BEFORE).unwrap_or(effect_at), to: now };
        match self.outside.telemetry.series(window).await {
            Ok(series) => verify(expectation, &series, effect_at, now),
            Err(gap) => {
                tracing::warn!(plan = %state.id(), "whether it helped cannot be told: {}", gap.because);
                Worked::Unclear
            }
        }
    }

    /// On which terms plans are made for an incident now.
    pub(super) async fn terms(&mut self, incident: &Incident) -> Terms {
        let now = self.clock.now();
        let (lags, past) = self.lessons.of(incident, self.outside.casebook.as_ref(), now).await;
        let scope = self.config.scope(&incident.scope);
        let environment = scope.map(|scope| scope.environment.clone());
        self.rules.terms(environment, past, lags, now)
    }

    async fn plan(&self, incident: IncidentId, plan: &PlanId) -> Result<Option<std::sync::Arc<PlanState>>, StoreError> {
        Ok(self.store.read(incident).await?.and_then(|incident| incident.plans.get(plan).cloned()))
    }

    async fn who_is_who(&mut self, wanted: impl IntoIterator<Item = PersonId>) -> Result<Directory, ChatError> {
        self.people.directory(wanted, &self.rules, &self.chat, self.clock.now()).await
    }

    /// Slack could not be asked who somebody is: a little later it may, and otherwise nothing is done and they are told.
    async fn unknown_people(
        &mut self,
        id: IntentId,
        incident: IncidentId,
        asked: Asked,
        err: &ChatError,
    ) -> Result<(), StoreError> {
        if let ChatError::Limited { after_s } = err
            && *after_s <= PATIENCE_S
        {
            self.budget.job_later(id, self.clock.now(), *after_s);
            return Ok(());
        }
        tracing::error!(job = id.0, %incident, "who is who could not be asked: {err}");
        let hint = match err {
            ChatError::Refused(error) if error == "missing_scope" => {
                " (the app needs `users:read` and `usergroups:read`)"
            }
            ChatError::Refused(_) | ChatError::Limited { .. } | ChatError::Unknown(_) => "",
        };
        self.reply(id, incident, asked, said::unknown_people(&format!("{err}{hint}"))).await
    }

    /// A job ends with an answer and nothing else.
    pub(super) async fn reply(
        &mut self,
        id: IntentId,
        incident: IncidentId,
        asked: Asked,
        message: Message,
    ) -> Result<(), StoreError> {
        self.end(id, incident, Event::Replied { asked, message }).await
    }

    /// A job ends with an event. The key is the job's: one that runs twice after a crash is still one event.
    pub(super) async fn end(&mut self, id: IntentId, incident: IncidentId, event: Event) -> Result<(), StoreError> {
        self.deliver(EventKey(format!("{incident}/job/{}", id.0)), incident, event).await?;
        self.close(vec![(id, Outcome::Done { posted: None })]).await
    }
}
