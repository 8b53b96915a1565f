//! Somebody changed something, or tried to.

use crate::changes::{Resource, Touched};
use crate::decision::{Decision, Scene};
use crate::intent::{Intent, Job};
use tools::context::Atlas;
use tools::model::{Change, Incident, ServiceId};

/// Keeps the change for every service it touched. A flood that still runs is investigated again, so that its card shows it;
/// how often that is done, the outbox decides.
pub(crate) fn decide(scene: &Scene, change: &Change, touched: &Touched) -> Decision {
    let mut services: Vec<ServiceId> = Vec::new();
    for resource in &touched.resources {
        let known = scene.atlas.as_deref().and_then(|atlas| known(atlas, touched, resource));
        let service = known.or_else(|| resource.names.first().cloned().map(ServiceId::new));
        services.extend(service.filter(|service| !services.contains(service)));
    }
    if services.is_empty() {
        services.push(change.service.clone());
    }
    let changes = services.into_iter().map(|service| Change { service, ..change.clone() }).collect();
    let again = scene.open.iter().filter(|incident| change.error_code.is_none() && concerns(change, incident));
    let intents =
        again.map(|incident| Intent::Run(Job::Investigate { incident: incident.id, answer_to: None })).collect();
    Decision { changes, intents, ..Decision::default() }
}

/// The service that a resource belongs to: by any of its names, or else by what its deployment is called.
fn known(atlas: &Atlas, touched: &Touched, resource: &Resource) -> Option<ServiceId> {
    let (account, region) = (touched.account.as_deref(), touched.region.as_deref());
    let by_name = resource.names.iter().find_map(|name| atlas.service_named(name, account, region));
    let by_words = || atlas.service_told_by(resource.deployed_as.as_deref()?, account, region);
    by_name.or_else(by_words).map(|service| service.id.clone())
}

/// Whether the card of `incident` would show `change`. What ended it may be told only after it ended.
fn concerns(change: &Change, incident: &Incident) -> bool {
    incident.has_card() && incident.ended_at().is_none_or(|at| change.at <= at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill;
    use crate::rules::Rules;
    use crate::settings::Settings;
    use jiff::{SignedDuration, Timestamp};
    use std::sync::Arc;
    use tools::model::{Alarm, AlarmState, Because, ChangeKind, Fact, IncidentId, Service, Topology, Via};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_secs(seconds)).unwrap()
    }

    /// An incident of one alarm at 100 s that is over at `over`.
    fn incident(id: u64, scene: &Scene, is_flood: bool, over: Option<i64>) -> Incident {
        let alarm = |state, seconds| Box::new(Alarm::named(format!("alarm-{id}"), state, at(seconds)));
        let (via, because) = (Via::EventBridge, Because::First);
        let mut facts = vec![
            Fact::Opened { id: IncidentId(id), scope: scene.scope.id.clone() },
            Fact::AlarmJoined { alarm: alarm(AlarmState::Alarm, 100), via, service: None, because },
        ];
        facts.extend(is_flood.then_some(Fact::FloodBegan { alarms: 1 }));
        facts.extend(over.map(|seconds| Fact::AlarmTurned { alarm: alarm(AlarmState::Ok, seconds), via }));
        let facts = facts.into_iter();
        facts.fold(None, |state, fact| Some(Incident::extend(state, at(100), fact).unwrap().0)).unwrap()
    }

    fn scene() -> Scene {
        let (config, _) = drill::local("http://localhost", "http://localhost");
        let services = ["token-exchange", "user-pool"].map(Service::named).to_vec();
        let atlas = Some(Arc::new(Atlas::new(Topology { services, edges: Vec::new() })));
        let scope = config.scopes[0].clone();
        let (config, rules) = (Arc::new(config), Arc::new(Rules::shipped()));
        let mut scene = Scene {
            config,
            rules,
            scope,
            open: Vec::new(),
            next: IncidentId(9),
            about: None,
            kinships: Arc::default(),
            settings: Settings::default(),
            atlas,
        };
        scene.open = vec![
            incident(1, &scene, true, None),
            incident(2, &scene, false, None),
            incident(3, &scene, true, Some(500)),
        ];
        scene
    }

    #[track_caller]
    fn check(resources: &[(&[&str], Option<&str>)], seconds: i64, is_refused: bool, services: &[&str], again: &[u64]) {
        let change = Change {
            at: at(seconds),
            service: ServiceId::new("own-name"),
            kind: ChangeKind::Deploy,
            summary: "new code".to_owned(),
            by: None,
            commit: None,
            link: None,
            error_code: is_refused.then(|| "AccessDenied".to_owned()),
        };
        let resource = |(names, deployed_as): &(&[&str], Option<&str>)| Resource {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            deployed_as: deployed_as.map(str::to_owned),
        };
        let touched = Touched { resources: resources.iter().map(resource).collect(), ..Touched::default() };
        let decision = decide(&scene(), &change, &touched);
        assert_eq!(decision.log, None);
        let found: Vec<&str> = decision.changes.iter().map(|change| change.service.as_str()).collect();
        assert_eq!(found, services);
        let expected: Vec<Intent> = again
            .iter()
            .map(|id| Intent::Run(Job::Investigate { incident: IncidentId(*id), answer_to: None }))
            .collect();
        assert_eq!(decision.intents, expected);
    }

    #[test]
    fn a_change_belongs_to_what_it_touched_and_floods_look_again() {
        check(&[(&["token-exchange"], None)], 90, false, &["token-exchange"], &[1, 3]);
        check(&[(&["abc", "user-pool"], None)], 501, false, &["user-pool"], &[1]);
        check(&[(&["token-exchange-prod"], Some("token-exchange-prod"))], 500, false, &["token-exchange"], &[1, 3]);
        check(&[(&["token-exchange-prod"], None)], 90, false, &["token-exchange-prod"], &[1, 3]);
        check(
            &[(&["user-pool"], None), (&["x"], None), (&["User_Pool"], None)],
            90,
            false,
            &["user-pool", "x"],
            &[1, 3],
        );
        check(&[], 90, false, &["own-name"], &[1, 3]);
        check(&[(&["token-exchange"], None)], 90, true, &["token-exchange"], &[]);
    }
}
