//! Many at once: a thousand clicks on one plan, over several dispatchers that share a store, and one deed for two senders.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use blocks::action::{Action, Deed};
use bot::app::{Kept, Works};
use bot::embedded::Embedded;
use bot::event::{Delivered, Event};
use bot::intent::{Intent, IntentId, Job, Outcome, Pending};
use bot::ports::{Append, Taken};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use tests::remedies::{REMEDIES, delivered, everybody, proposal, remedy, settings, unheard, weighed, works, world};
use tests::{START, alarm};
use tokio::task::JoinSet;
use tools::capsule::{Levers, ModelClock};
use tools::model::{Incident, IncidentId, Via};
use tools::ports::Clock;
use tools::recovery::plan::{PlanFact, PlanId, PlanState, PlanStatus};
use tools::recovery::remedy::{Remedy, same};

/// Clicks at once.
const CLICKS: usize = 1_000;

/// Dispatchers that share the store.
const DISPATCHERS: usize = 4;

/// The requester, two who may approve, one more, a guest, and somebody of whom nobody has heard.
const PEOPLE: [&str; 6] = ["U0MINA", "U0JUN", "U0RAY", "U0KIM", "U0NOBODY", "U0DANA"];

/// Several processes of one bot, and a plan.
struct Crowd {
    kept: Kept,
    works: Vec<Arc<Works>>,
    levers: Arc<Levers>,
    now: Timestamp,
    plan: PlanId,
}

impl Crowd {
    /// INC-1 has a plan of `remedy`, and nothing waits in the outbox.
    async fn around(remedy: &Remedy, kept: Kept) -> Self {
        let capsule = Arc::new(world());
        let levers = Arc::new(Levers::of(&capsule, &[]));
        let clock: Arc<dyn Clock> = Arc::new(ModelClock::starting_at(START.parse().unwrap()));
        let now = clock.now();
        // Nobody listens there: what would be said is read from the outbox.
        let (config, _) = bot::drill::local("http://127.0.0.1:9/api", "http://127.0.0.1:9");
        let works: Vec<Arc<Works>> =
            (0..DISPATCHERS).map(|_| Arc::new(works(config.clone(), &kept, &capsule, &levers, &clock))).collect();
        let alarm = Box::new(alarm("prod-user-pool-throttles", 0));
        let opened = Event::Alarm { alarm, via: Via::EventBridge, message: None };
        let proposal = proposal(remedy, &levers, now).await;
        for (key, event) in [("opened", opened), ("weighed", weighed(proposal))] {
            works[0].dispatcher.handle_one(&delivered(key, event, now)).await.unwrap();
        }
        let crowd = Self { kept, works, levers, now, plan: PlanId(String::new()) };
        let plan = crowd.incident().await.plans.into_keys().next().unwrap();
        let crowd = Self { plan, ..crowd };
        let waiting = crowd.outbox().await;
        crowd.closes(waiting.iter().map(|pending| pending.id)).await;
        crowd
    }

    async fn incident(&self) -> Incident {
        self.kept.store.read(IncidentId(1)).await.unwrap().unwrap()
    }

    async fn state(&self) -> Arc<PlanState> {
        self.incident().await.plans.remove(&self.plan).unwrap()
    }

    async fn outbox(&self) -> Vec<Pending> {
        match self.kept.store.outbox_take(self.now, None).await.unwrap() {
            Taken::Anew { open, .. } | Taken::More(open) => open,
            Taken::Busy { ask_again } => panic!("somebody is at the outbox until {ask_again}"),
        }
    }

    async fn closes(&self, ids: impl Iterator<Item = IntentId>) {
        let closed = ids.map(|id| (id, Outcome::Done { posted: None })).collect();
        self.kept.store.outbox_done(closed, None, self.now).await.unwrap();
    }

    /// All of these events at once, one dispatcher after the other; every fifth comes twice, to different ones.
    async fn handle(&self, events: &[Delivered]) {
        let mut tasks = JoinSet::new();
        for (number, event) in events.iter().enumerate() {
            for twin in 0..if number % 5 == 0 { 2 } else { 1 } {
                let (works, event) = (Arc::clone(&self.works[(number + twin) % DISPATCHERS]), event.clone());
                tasks.spawn(async move { works.dispatcher.handle_one(&event).await });
            }
        }
        for handled in tasks.join_all().await {
            handled.unwrap();
        }
    }

    /// All of these clicks at once. Each of them is answered, once.
    async fn click(&self, clicks: &[(&str, Deed)]) {
        let pressed = |(number, (who, deed)): (usize, &(&str, Deed))| {
            let value = Action::Plan(*deed, IncidentId(1), self.plan.clone()).value();
            let mut asked = unheard(who);
            asked.response_url = format!("{}/{number}", asked.response_url);
            delivered(&format!("click/{deed:?}/{number}"), Event::Click { value, typed: None, asked }, self.now)
        };
        let pressed: Vec<Delivered> = clicks.iter().enumerate().map(pressed).collect();
        self.handle(&pressed).await;
        let pending = self.outbox().await;
        // What a sender makes of it once Slack has told who everybody is.
        let looked_up = |pending: &Pending| {
            let Intent::Run(Job::LookUp { incident, plan, request, asked }) = pending.intent.clone() else {
                panic!("a click makes a job and nothing else: {pending:?}")
            };
            let event = Event::Requested { incident, plan, request, people: everybody(), asked };
            delivered(&format!("INC-1/job/{}", pending.id.0), event, self.now)
        };
        let requested: Vec<Delivered> = pending.iter().map(looked_up).collect();
        assert_eq!(requested.len(), clicks.len(), "each click is one job");
        self.closes(pending.iter().map(|pending| pending.id)).await;
        self.handle(&requested).await;
        self.has_answered(clicks.len()).await;
    }

    async fn has_answered(&self, clicks: usize) {
        let mut answers: BTreeMap<String, usize> = BTreeMap::new();
        let mut heard = Vec::new();
        for pending in self.outbox().await {
            if let Intent::Answer { asked, message } = pending.intent {
                let text = serde_json::to_string(&message).unwrap();
                assert!(!text.contains("on my side failed"), "{text}");
                *answers.entry(asked.response_url).or_default() += 1;
                heard.push(pending.id);
            }
        }
        assert_eq!(answers.len(), clicks, "everybody is answered");
        assert!(answers.values().all(|times| *times == 1), "once");
        self.closes(heard.into_iter()).await;
    }

    /// So many facts of the plan are of this kind; and all of them are the life of a plan.
    async fn count(&self, word: &str) -> usize {
        let state = self.state().await;
        let mut again: Option<PlanState> = None;
        for told in state.history() {
            again = Some(PlanState::fold(again, told.at, &told.fact).unwrap());
        }
        assert_eq!(again.as_ref(), Some(&*state), "its facts say where it stands");
        state.history().iter().filter(|told| told.fact.word() == word).count()
    }

    /// How many jobs wait that act outside.
    async fn acts(&self) -> Vec<Pending> {
        let pending = self.outbox().await;
        let is_act = |pending: &Pending| matches!(pending.intent, Intent::Run(Job::Act { .. }));
        let (acts, others): (Vec<Pending>, Vec<Pending>) = pending.into_iter().partition(is_act);
        self.closes(others.iter().map(|pending| pending.id)).await;
        acts
    }

    /// The job that waits is doubled, two senders do both at once, and every dispatcher hears what came of it.
    async fn act_twice(self) -> Self {
        let acts = self.acts().await;
        assert_eq!(acts.len(), 1, "one fact began one job");
        let event = self.state().await.history().len();
        let twin = Append {
            scope: tools::model::ScopeId("prod".to_owned()),
            key: bot::event::EventKey(format!("twin/{event}")),
            log: None,
            changes: Vec::new(),
            kinship: None,
            settings: None,
            intents: vec![acts[0].intent.clone()],
            at: self.now,
        };
        self.kept.store.append(twin).await.unwrap();
        let Self { kept, works, levers, now, plan } = self;
        let mut works: Vec<Works> = works.into_iter().map(|works| Arc::try_unwrap(works).unwrap()).collect();
        let [one, other, ..] = &mut works[..] else { panic!("there are several") };
        let (one, other) = tokio::join!(one.sender.send_all(), other.sender.send_all());
        assert_eq!((one.unwrap(), other.unwrap()), (None, None), "nothing is left to be sent");
        let crowd = Self { kept, works: works.into_iter().map(Arc::new).collect(), levers, now, plan };
        let mut heard = 0;
        while let Some(event) = crowd.kept.inbox.take().await.unwrap() {
            crowd.handle(&[event.clone(), event.clone()]).await;
            crowd.kept.inbox.done(&event.key).await.unwrap();
            heard += 1;
        }
        assert_eq!(heard, 2, "each job told once what came of it");
        crowd
    }
}

/// So many clicks, each person pressing each of these buttons.
fn clicks(deeds: &[Deed], many: usize) -> Vec<(&'static str, Deed)> {
    let click = |number: usize| (PEOPLE[number % PEOPLE.len()], deeds[number / PEOPLE.len() % deeds.len()]);
    (0..many).map(click).collect()
}

/// A remedy of medium risk: it needs one approval.
fn rule() -> Remedy {
    remedy(REMEDIES[7])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_clicks_one_starts_it_and_it_has_one_effect() {
    let crowd = Crowd::around(&rule(), Embedded::in_memory().into()).await;
    crowd.click(&clicks(&[Deed::Execute, Deed::Approve], CLICKS)).await;
    assert_eq!((crowd.state().await.status(), crowd.count("started").await), (PlanStatus::Running, 1));
    let target = rule().target();
    assert_eq!(crowd.levers.effects(&target), 0);
    let crowd = crowd.act_twice().await;
    let state = crowd.state().await;
    assert_eq!((state.status(), crowd.count("succeeded").await), (PlanStatus::Applied, 1));
    assert_eq!(crowd.levers.effects(&target), 1);
    // A crowd takes it back as well.
    assert!(crowd.acts().await.is_empty());
    crowd.click(&clicks(&[Deed::Undo], 200)).await;
    assert_eq!((crowd.state().await.status(), crowd.count("undo_started").await), (PlanStatus::Undoing, 1));
    let crowd = crowd.act_twice().await;
    assert_eq!((crowd.state().await.status(), crowd.count("undo_finished").await), (PlanStatus::Undone, 1));
    assert_eq!(crowd.levers.effects(&target), 2);
    assert!(same(&settings(&crowd.levers, &target).await.settings, &state.plan().saw.settings));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_clicks_one_ends_it() {
    let crowd = Crowd::around(&rule(), Embedded::in_memory().into()).await;
    crowd.click(&clicks(&[Deed::Approve, Deed::Reject, Deed::Execute], CLICKS)).await;
    let state = crowd.state().await;
    let started = crowd.count("started").await;
    let expected = if started == 1 { PlanStatus::Running } else { PlanStatus::Rejected };
    assert_eq!((state.status(), started + crowd.count("rejected").await), (expected, 1), "one end");
    assert_eq!(crowd.acts().await.len(), started, "what is not started begins no job");
    assert_eq!(crowd.levers.effects(&rule().target()), 0);
    let ended = state.settled().unwrap();
    let by = ended.by.unwrap();
    assert!(["U0JUN", "U0KIM", "U0DANA", "U0MINA"].contains(&&*by.0), "{by} may not");
    let allowed = |told: &PlanFact| match told {
        PlanFact::Approved { by, .. } | PlanFact::Rejected { by, .. } => by.0 != "U0MINA",
        PlanFact::Proposed { .. } | PlanFact::Denied { .. } | PlanFact::Started { .. } => true,
        PlanFact::Withdrawn { .. }
        | PlanFact::Revoked { .. }
        | PlanFact::Escalated
        | PlanFact::Expired
        | PlanFact::Superseded { .. }
        | PlanFact::Drifted { .. }
        | PlanFact::Succeeded { .. }
        | PlanFact::Failed { .. }
        | PlanFact::Verified { .. }
        | PlanFact::UndoStarted { .. }
        | PlanFact::UndoFinished
        | PlanFact::UndoFailed { .. }
        | PlanFact::LeftAlone { .. } => false,
    };
    assert!(state.history().iter().all(|told| allowed(&told.fact)), "{:?}", state.history());
}

/// Most of them may do nothing: each try is recorded until there are enough of them, and each of them is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_that_may_do_nothing_is_answered_and_changes_nothing() {
    let crowd = Crowd::around(&rule(), Embedded::in_memory().into()).await;
    let deeds = [Deed::Approve, Deed::Reject, Deed::Execute];
    let nobody = ["U0RAY", "U0NOBODY"];
    let clicks: Vec<_> = (0..CLICKS).map(|number| (nobody[number % 2], deeds[number % 3])).collect();
    crowd.click(&clicks).await;
    assert_eq!(crowd.state().await.status(), PlanStatus::Waiting);
    assert_eq!(crowd.count("denied").await, tools::recovery::plan::MOST_DENIALS);
    assert!(crowd.acts().await.is_empty());
}
