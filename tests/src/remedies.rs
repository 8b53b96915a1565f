//! Plans of every remedy of the catalogue, on a world that has a target for each: for tests of what becomes of a plan, where
//! no verdict has to ask for it.

use crate::{Room, usual_world};
use bot::app::{Kept, Parts, Works};
use bot::config::Config;
use bot::drill::WAR_ROOM;
use bot::event::{Asked, Delivered, Event, EventKey};
use bot::rules::Rules;
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use tools::capsule::{Capsule, Levers, TargetSettings, World};
use tools::model::{IncidentId, Reading, Risk, RiskReason, ScopeId, ServiceId};
use tools::ports::{Actuator as _, Clock, Outside};
use tools::recovery::plan::{PlanId, PlanState};
use tools::recovery::policy::{Directory, PersonId, Standing};
use tools::recovery::propose::{Act, Action, Proposal};
use tools::recovery::remedy::{Remedy, Target};
use tools::recovery::{Recovery, Terms, Unsaid};

/// One remedy of each row of the catalogue, in its order, as each can be applied in [`world()`]. Three take themselves back,
/// one cannot be taken back, and one stops something in production.
pub const REMEDIES: [&str; 14] = [
    r#"{"log-level": {"function": "reports", "level": "DEBUG", "minutes": 30}}"#,
    r#"{"trace-sampling": {"rule": "Default", "percent": 20, "minutes": 30}}"#,
    r#"{"mute-alarms": {"alarms": ["prod-orders-api-5xx"], "minutes": 60}}"#,
    r#"{"capsule-capture": {"minutes": 90}}"#,
    r#"{"provisioned-concurrency": {"function": "token-exchange", "alias": "live", "instances": 40}}"#,
    r#"{"reserved-concurrency": {"function": "token-exchange", "executions": 0}}"#,
    r#"{"event-source": {"mapping": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "enabled": false}}"#,
    r#"{"rule": {"bus": "default", "rule": "nightly", "enabled": false}}"#,
    r#"{"alias-rollback": {"function": "token-exchange", "alias": "live", "version": "117"}}"#,
    r#"{"archive-replay": {"archive": "logins", "bus": "auth", "from": "2026-11-20T02:00:00Z", "to": "2026-11-20T03:00:00Z"}}"#,
    r#"{"table-capacity": {"table": "sessions", "read": 50}}"#,
    r#"{"ecs-rollback": {"cluster": "shop", "service": "checkout", "task_definition": "checkout:41"}}"#,
    r#"{"ecs-count": {"cluster": "shop", "service": "checkout", "count": 6}}"#,
    r#"{"runbook": {"name": "flush", "input": {}}}"#,
];

/// A remedy of [`REMEDIES`].
pub fn remedy(json: &str) -> Remedy {
    serde_json::from_str(json).expect("a remedy of the catalogue")
}

/// The usual world with a target for each of [`REMEDIES`].
pub fn world() -> Capsule {
    let found = json!([
        {"target": {"kind": "AWS::Lambda::Function", "name": "reports"}, "settings": {"LogFormat": "JSON"}},
        {
            "target": {"kind": "AWS::Lambda::Alias", "name": "token-exchange:live"},
            "settings": {"FunctionVersion": "118", "published_at:117": "2026-11-17T14:20:05Z"},
            "revision": "2c0f2bd4"
        },
        {
            "target": {"kind": "AWS::Lambda::EventSourceMapping", "name": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"},
            "settings": {"State": "Enabled"}
        },
        {"target": {"kind": "AWS::Events::Rule", "name": "default:nightly"}, "settings": {"State": "ENABLED"}},
        {
            "target": {"kind": "AWS::Events::Archive", "name": "logins"},
            "settings": {
                "State": "ENABLED",
                "EventSourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/auth"
            }
        },
        {
            "target": {"kind": "AWS::DynamoDB::Table", "name": "sessions"},
            "settings": {
                "BillingMode": "PROVISIONED",
                "ReadCapacityUnits": "10",
                "WriteCapacityUnits": "10",
                "table_status": "ACTIVE"
            }
        },
        {
            "target": {"kind": "AWS::ECS::Service", "name": "shop:checkout"},
            "settings": {
                "TaskDefinition": "checkout:42",
                "DesiredCount": "4",
                "task_definition_status:checkout:41": "ACTIVE"
            }
        },
        {
            "target": {"kind": "Clarity::Runbook", "name": "flush"},
            "settings": {
                "Automation": "flush",
                "Risk": "low",
                "InputSchema": "{\"type\":\"object\"}",
                "Inverse": "fill",
                "Runs": "0"
            }
        }
    ]);
    let settings: Vec<TargetSettings> = serde_json::from_value(found).expect("targets with their settings");
    Capsule { settings, ..usual_world() }
}

/// The proposal to apply `remedy` to `token-exchange`, on what is there now. Its success is seen at `user-pool`.
///
/// # Panics
/// It cannot be applied there.
pub async fn proposal(remedy: &Remedy, levers: &Levers, now: Timestamp) -> Proposal {
    let saw = settings(levers, &remedy.target()).await;
    let entry = remedy.entry();
    entry.check(&saw).expect("it can be applied");
    let (least, because) = entry.risk(&saw, now);
    let mut risk = (least.max(entry.spec().risk), vec![RiskReason::Remedy(because.to_owned())]);
    if !entry.is_reversible(&saw) {
        risk = (Risk::High, [risk.1, vec![RiskReason::Irreversible]].concat());
    }
    let measured = ServiceId::new("user-pool");
    Proposal {
        act: Act::Apply(Box::new(Action::of(remedy.clone(), saw, measured, risk, &Terms::at(now)))),
        service: Some(ServiceId::new("token-exchange")),
        why: Vec::new(),
        worse: Vec::new(),
        benefit: 0.5,
        probability: 0.5,
        score: 0.2,
        recovery: Recovery { returns: Vec::new(), because: Some(Unsaid::OnlySeen) },
    }
}

/// What a target is now.
///
/// # Panics
/// Nothing is known of it.
pub async fn settings(levers: &Levers, target: &Target) -> Reading {
    levers.read(target).await.expect("it is in the world")
}

/// Everybody in the room, as Slack would tell: Ray is a guest, and of whoever else asks nobody has heard.
pub fn everybody() -> Directory {
    let members = ["U0MINA", "U0JUN", "U0DANA", "U0KIM"].map(|id| (id, Standing::Member));
    let people = members.into_iter().chain([("U0RAY", Standing::Guest)]);
    let people = people.map(|(id, standing)| (PersonId(id.to_owned()), standing));
    Directory { people: Some(people.collect()), ..Directory::default() }
}

/// Somebody who asks in the war room and hears nothing: the address for the answer leads nowhere.
pub fn unheard(by: &str) -> Asked {
    let response_url = "http://127.0.0.1:9/nowhere".to_owned();
    Asked { by: by.to_owned(), channel: WAR_ROOM.to_owned(), response_url }
}

/// That Mina wants `proposal` to be a plan of INC-1.
pub fn weighed(proposal: Proposal) -> Event {
    Event::Weighed {
        incident: IncidentId(1),
        proposal: Box::new(proposal),
        people: everybody(),
        asked: unheard("U0MINA"),
    }
}

/// An event of the scope `prod`.
pub fn delivered(key: &str, event: Event, at: Timestamp) -> Delivered {
    Delivered { key: EventKey(key.to_owned()), scope: ScopeId("prod".to_owned()), at, event }
}

/// One more process of a bot, put together and not started.
///
/// # Panics
/// This machine has no certificates.
pub fn works(
    config: Config,
    kept: &Kept,
    capsule: &Arc<Capsule>,
    levers: &Arc<Levers>,
    clock: &Arc<dyn Clock>,
) -> Works {
    let parts = Parts {
        config,
        store: Arc::clone(&kept.store),
        inbox: Arc::clone(&kept.inbox),
        rules: Arc::new(Rules::shipped()),
        outside: Outside { levers: levers.clone(), ..World::outside(Arc::clone(capsule)) },
        actuator: levers.clone(),
        model: None,
        clock: Arc::clone(clock),
    };
    Works::of(parts).expect("the certificates of this machine can be read")
}

impl Room {
    /// Makes a plan of `remedy` for INC-1, asked for by Mina, and waits until its message is there.
    pub async fn proposes(&mut self, remedy: &Remedy) -> PlanId {
        let now = self.stage.clock.now();
        let proposal = proposal(remedy, &self.stage.levers, now).await;
        let event = delivered(&format!("weighed/{}", remedy.spec().name), weighed(proposal), now);
        self.stage.kept.inbox.put(event).await.expect("the inbox takes events");
        self.stage.tick(now);
        self.stage.settle().await;
        let plans = self.plans_by_id().await;
        let made = plans.values().find(|state| state.plan().remedy == *remedy).expect("the plan was made");
        made.id().clone()
    }

    /// The plans of INC-1.
    pub async fn plans_by_id(&self) -> BTreeMap<PlanId, Arc<PlanState>> {
        let incident = self.stage.kept.store.read(IncidentId(1)).await.expect("the store answers");
        incident.map(|incident| incident.plans).unwrap_or_default()
    }
}
