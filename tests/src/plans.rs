//! Plans in a conversation: what people are told about them, and remedies that somebody asks for by hand.

use crate::{Actor, Room, alarm};
use bot::drill::WAR_ROOM;
use bot::event::{Asked, Delivered, Event, EventKey};
use jiff::Timestamp;
use tools::model::{IncidentId, Reading, RiskReason, ScopeId, ServiceId};
use tools::ports::{Actuator as _, Clock as _};
use tools::recovery::plan::PlanState;
use tools::recovery::policy::{Directory, PersonId, Standing};
use tools::recovery::propose::{Act, Action, Ground, Proposal, Why};
use tools::recovery::remedy::Remedy;
use tools::recovery::{Recovery, Terms, Unsaid};

/// The alarms of the usual story, and the seconds into it at which they fire.
const STORY: [(&str, i64); 3] =
    [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)];

impl Room {
    /// The usual story begins: three alarms, and one card.
    pub async fn floods(&mut self) {
        for (name, at) in STORY {
            self.eventbridge(&alarm(name, at)).await;
        }
        self.skims();
    }

    /// The same, and Mina proposes the first of what can be done: of medium risk, so that one of the others has to agree.
    pub async fn floods_and_mina_proposes(&mut self) {
        self.floods().await;
        self.mina().types("fix").await;
        self.mina().clicks("Propose").await;
        self.skims();
    }

    /// The same, and it is carried out with Jun's approval.
    pub async fn floods_and_mina_executes(&mut self) {
        self.floods_and_mina_proposes().await;
        self.jun().clicks("Approve").await;
        self.mina().clicks("Execute").await;
        self.skims();
    }

    /// Reads everything, and keeps what people are told about plans: without the incident's card, pictures, small print, and
    /// what a plan that waits says again of its proposal.
    pub fn reads_of_plans(&mut self) -> String {
        let all = self.reads();
        let messages = all.split("\n\n#").map(|message| format!("#{}", message.trim_start_matches('#')));
        let is_other = |message: &String| {
            let top = message.strip_prefix("#war-room").unwrap_or(message);
            top.starts_with(':') || top.starts_with(" (edited):") || message.contains("Blast radius as of")
        };
        let briefly = |message: String| {
            let lines: Vec<&str> = message.lines().filter(|line| !line.starts_with("· ")).collect();
            // Of one that waits: where it stands, what it does, to what, and who decides.
            match lines.iter().position(|line| line.starts_with("Asked for by ")) {
                Some(votes) => [&lines[..votes.min(4)], &lines[votes..]].concat().join("\n"),
                None => lines.join("\n"),
            }
        };
        messages.filter(|message| message != "#" && !is_other(message)).map(briefly).collect::<Vec<_>>().join("\n\n")
    }

    /// Every plan of every incident, oldest first.
    pub async fn plans(&self) -> Vec<PlanState> {
        let incidents = self.incidents().await;
        let all = incidents.iter().flat_map(|incident| incident.plans.values());
        let mut plans: Vec<PlanState> = all.map(|state| PlanState::clone(state)).collect();
        plans.sort_by_key(|state| state.plan().proposed_at);
        plans
    }
}

impl Actor<'_> {
    /// Asks for a remedy that nobody proposed, as if it had been weighed, in the first incident. Nobody waits for the answer.
    pub async fn asks_for(self, service: &str, remedy: Remedy) {
        let (room, id) = (self.room, self.id);
        let now = room.stage.clock.now();
        let saw = room.stage.levers.read(&remedy.target()).await.expect("the world knows the target");
        let (by, response_url) = (id.to_owned(), format!("{}/respond/nobody", room.stage.workspace.url()));
        room.events += 1;
        let delivered = Delivered {
            key: EventKey(format!("asked-for-{}", room.events)),
            scope: ScopeId("prod".to_owned()),
            at: now,
            event: Event::Weighed {
                incident: IncidentId(1),
                proposal: Box::new(by_hand(ServiceId::new(service), &remedy, saw, now)),
                people: Directory {
                    people: Some([(PersonId(by.clone()), Standing::Member)].into()),
                    ..Directory::default()
                },
                asked: Asked { by, channel: WAR_ROOM.to_owned(), response_url },
            },
        };
        room.stage.kept.inbox.put(delivered).await.expect("the inbox takes it");
        room.stage.tick(now);
        room.stage.settle().await;
    }
}

/// A proposal as it would be if somebody had thought of this remedy.
fn by_hand(service: ServiceId, remedy: &Remedy, saw: Reading, now: Timestamp) -> Proposal {
    let entry = remedy.entry();
    entry.check(&saw).expect("the remedy fits its target");
    let (risk, because) = entry.risk(&saw, now);
    let risk = (risk.max(entry.spec().risk), vec![RiskReason::Remedy(because.to_owned())]);
    let action = Action::of(remedy.clone(), saw, service.clone(), risk, &Terms::at(now));
    Proposal {
        act: Act::Apply(Box::new(action)),
        service: Some(service),
        why: vec![Why { ground: Ground::Declared, evidence: Vec::new() }],
        worse: Vec::new(),
        benefit: 0.5,
        probability: 0.5,
        score: 0.0,
        recovery: Recovery { returns: Vec::new(), because: Some(Unsaid::UpToRunbook) },
    }
}
