//! What happens to plans: one is asked for, somebody wants something of it, something was done about it, its time has come.
//! The plan's life itself is decided in `tools`; here its facts become messages, jobs and timers.

use crate::decision::{Decision, Draft, Scene};
use crate::event::{Asked, Timer};
use crate::intent::{Intent, Job};
use crate::rules::mention;
use blocks::said;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use tools::model::{Fact, Incident, IncidentId};
use tools::recovery::plan::{
    Plan, PlanFact, PlanId, PlanState, Request, Unproposable, decide, due, next_timer, propose, todo,
};
use tools::recovery::policy::{Act, Directory, Person, PersonId, PlanFacts, Question, Ruling, floor};
use tools::recovery::propose::{Proposal, pin};

/// A person wants a proposal to be a plan, and it was made anew.
pub(crate) fn weighed(
    scene: &Scene,
    incident: IncidentId,
    proposal: &Proposal,
    people: &Directory,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let Some(incident) = scene.incident(incident) else {
        return Decision::answer(asked, said::gone(&scene.config.command));
    };
    let Some(who) = people.person(&PersonId(asked.by.clone())) else {
        return Decision::answer(asked, said::unknown_people("Slack was not asked"));
    };
    let Some(plan) = pinned(scene, incident.id, proposal, &who, now) else {
        return Decision::answer(asked, said::gone(&scene.config.command));
    };
    // Whoever presses twice, or after somebody else, finds the plan that is there.
    let twin = incident.plans.values().find(|state| is_twin(state, &plan, now));
    if let Some(twin) = twin {
        return Decision::answer(asked, said::proposed_before(twin));
    }
    let everybody = BTreeMap::from([(who.id.clone(), who.clone())]);
    let desk = scene.rules.desk(&everybody, now);
    // Who else is a member of the workspace was not asked: whoever a group lists is taken for one.
    let directory = Directory { people: None, ..people.clone() };
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    match propose(&incident.plans, &plan, &who, &desk, &directory, now) {
        Ok(facts) => {
            for (id, fact) in facts {
                record(&mut draft, scene, &id, vec![fact], now);
            }
            draft.intend(Intent::Answer { asked: asked.clone(), message: said::proposed(&plan) });
            if scene.config.models.is_some() {
                draft.intend(Intent::Run(Job::Explain { incident: incident.id, plan: plan.id.clone() }));
            }
        }
        Err(why) => {
            if matches!(why, Unproposable::NotAllowed(_)) && draft.incident().may_record_denial() {
                let (by, remedy) = (who.id.clone(), plan.remedy.spec().name.to_owned());
                draft.record(Fact::ProposalDenied { by, remedy, because: why.to_string() });
            }
            draft.intend(Intent::Answer {
                asked: asked.clone(),
                message: said::unproposable(&scene.config.command, &why),
            });
        }
    }
    draft.done()
}

/// The plan that a proposal becomes, with as many approvals as the policies ask of its requester now.
fn pinned(scene: &Scene, incident: IncidentId, proposal: &Proposal, who: &Person, now: Timestamp) -> Option<Plan> {
    let lifetime = scene.rules.recovery.lifetime;
    let least = pin(proposal, incident, who.id.clone(), 0, now, lifetime)?;
    let facts = PlanFacts::of(&least, who.clone(), scene.rules.is_business_hours(now));
    let ruling = scene.rules.policy.rule(&Question { act: Act::Execute, person: who, plan: &facts });
    let approvals = match ruling {
        Ruling::Allowed { approvals, .. } => approvals,
        // Somebody else has to execute it; what that takes is asked then.
        Ruling::Denied { .. } => floor(least.risk),
    };
    Some(Plan { approvals, ..least }.pinned())
}

/// Whether this plan waits, and is for the same deed on the same state.
fn is_twin(state: &PlanState, plan: &Plan, now: Timestamp) -> bool {
    let other = state.plan();
    let is_same = other.remedy == plan.remedy && other.service == plan.service && other.saw == plan.saw;
    is_same && state.waits_at(now)
}

/// A person wants something of a plan, and it is known who everybody is.
pub(crate) fn requested(
    scene: &Scene,
    (incident, plan): (IncidentId, &PlanId),
    request: &Request,
    people: &Directory,
    asked: &Asked,
    now: Timestamp,
) -> Decision {
    let Some((incident, state)) = find(scene, incident, plan) else {
        return Decision::answer(asked, said::no_such_plan(&plan.0));
    };
    let Some(who) = people.person(&PersonId(asked.by.clone())) else {
        return Decision::answer(asked, said::unknown_people("Slack was not asked"));
    };
    let involved = std::iter::once(&state.plan().requester).chain(state.approvals().keys());
    let everybody = involved.filter_map(|id| Some((id.clone(), people.person(id)?))).collect();
    let decided = decide(state, request, &who, &scene.rules.desk(&everybody, now), now);
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    record(&mut draft, scene, plan, decided.facts, now);
    let message = said::answer(&scene.config.command, &decided.said, state.plan());
    draft.intend(Intent::Answer { asked: asked.clone(), message });
    draft.done()
}

/// What was done about a plan, outside. A twin of the job may have told it before.
pub(crate) fn acted(
    scene: &Scene,
    (incident, plan): (IncidentId, &PlanId),
    fact: &PlanFact,
    now: Timestamp,
) -> Decision {
    let Some((incident, state)) = find(scene, incident, plan) else { return Decision::default() };
    if !state.accepts(now, fact) {
        return Decision::default();
    }
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    record(&mut draft, scene, plan, vec![fact.clone()], now);
    draft.done()
}

/// Something about a plan may have become due.
pub(crate) fn come_due(scene: &Scene, (incident, plan): (IncidentId, &PlanId), now: Timestamp) -> Decision {
    let Some((incident, state)) = find(scene, incident, plan) else { return Decision::default() };
    let mut draft = Draft::of(&scene.scope, incident.clone(), now);
    let facts = due(state, now);
    if facts.is_empty() {
        draft.goes_on(state, now);
    }
    record(&mut draft, scene, plan, facts, now);
    draft.done()
}

/// Reads all of a plan.
pub(super) fn details(scene: &Scene, incident: IncidentId, plan: &PlanId, asked: &Asked) -> Decision {
    let message = match find(scene, incident, plan) {
        Some((_, state)) => blocks::plan::details(state),
        None => said::no_such_plan(&plan.0),
    };
    Decision::answer(asked, message)
}

fn find<'a>(scene: &'a Scene, incident: IncidentId, plan: &PlanId) -> Option<(&'a Incident, &'a Arc<PlanState>)> {
    let incident = scene.incident(incident)?;
    Some((incident, incident.plans.get(plan)?))
}

/// Makes facts of one plan true, and what follows from them: its card, the incident's, the turning points in the thread, the
/// job that does what was decided, and the timer for what comes next.
fn record(draft: &mut Draft<'_>, scene: &Scene, id: &PlanId, facts: Vec<PlanFact>, now: Timestamp) {
    // What somebody may not do is kept, and nothing that people see is another one for it.
    let is_news = facts.iter().any(|fact| !matches!(fact, PlanFact::Denied { .. }));
    let escalate_to = scene.scope.escalates_to().map(mention);
    for fact in facts {
        draft.record(Fact::Plan { id: id.clone(), fact: Box::new(fact.clone()) });
        let state = draft.plan(id);
        if let Some(line) = blocks::plan::line(state.plan(), &fact, escalate_to.as_deref()) {
            draft.tell(line);
        }
    }
    if is_news {
        let state = draft.plan(id);
        draft.show_plan(&state, &scene.rules);
        draft.show_card();
        draft.goes_on(&state, now);
    }
}

impl Draft<'_> {
    /// A plan as it is after every fact so far.
    fn plan(&self, id: &PlanId) -> Arc<PlanState> {
        Arc::clone(self.incident().plans.get(id).expect("a fact of it was just recorded"))
    }

    /// Wants what is to be done about a plan to be done, or to be woken when something is.
    fn goes_on(&mut self, state: &PlanState, now: Timestamp) {
        let (incident, plan) = (state.plan().incident, state.id().clone());
        if todo(state, now).is_some() {
            self.intend(Intent::Run(Job::Act { incident, plan }));
        } else if let Some(at) = next_timer(state).into_iter().chain(state.verify_at()).min() {
            self.intend(Intent::Later { at, timer: Timer::Plan { incident, plan } });
        }
    }
}
