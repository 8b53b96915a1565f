//! Candidates that treat a service: more room where a limit was met, and the code that ran before.

use super::{Candidate, Ground, Known, Why, Worse, ails, load_on, number, whole, wrong_cause};
use crate::model::{Bottleneck, ChangeKind, Limit, ServiceId, Topology};
use crate::ports::Lever;
use crate::recovery::remedy::{
    AliasRollback, EcsCount, EcsRollback, ProvisionedConcurrency, Remedy, TableCapacity, Target,
};
use crate::recovery::sight::Sight;
use crate::recovery::terms::Terms;

/// Environments are kept warm for so much more than was needed at most, as AWS recommends.
const BUFFER: f64 = 1.1;

/// A table is given so much more than it was asked for.
const ROOM: f64 = 1.2;

/// Where nothing says how much was refused, it is given twice as much.
const DOUBLE: f64 = 2.0;

/// Tasks are full from this share in use on; with more of them they shall be in use to the other.
const FULL: f64 = 0.85;
const COMFORTABLE: f64 = 0.6;

/// How much of a hot partition's trouble more capacity takes away: only what adaptive capacity moves there.
const HOT: f64 = 0.25;

/// All of them, in the order of the verdict.
pub(super) fn candidates(sight: &Sight<'_>, levers: &Known<'_>, _terms: &Terms) -> Vec<Candidate> {
    let mut found = Vec::new();
    for bottleneck in &sight.verdict.bottlenecks {
        match &bottleneck.limit {
            Limit::ColdStarts { .. } | Limit::Spillover { .. } => found.extend(warm(sight, levers, bottleneck)),
            Limit::Throttles { .. } | Limit::HotPartition { .. } => found.extend(room(sight, levers, bottleneck)),
            // A storm is for a cut; more room for connections, queues and the rest only moves the trouble.
            Limit::Concurrency { .. }
            | Limit::RetryStorm { .. }
            | Limit::Connections { .. }
            | Limit::QueueAge { .. } => {}
        }
    }
    found.extend(tasks(sight, levers));
    found.extend(earlier(sight, levers));
    found
}

fn at_limit(bottleneck: &Bottleneck) -> Why {
    Why { ground: Ground::AtLimit(bottleneck.limit.clone()), evidence: bottleneck.evidence.clone() }
}

/// Warm environments for what starts cold.
fn warm(sight: &Sight<'_>, levers: &Known<'_>, bottleneck: &Bottleneck) -> Option<Candidate> {
    let service = &bottleneck.service;
    let aliases = levers.of_kind(service, "AWS::Lambda::Alias");
    let lever = named_or_only(&aliases, service, sight.situation.topology.as_ref())?;
    let (function, alias) = lever.target.name.split_once(':')?;
    let needed = whole(BUFFER * sight.in_use(service)?, 1_000)?;
    // Never more than fits: what is left of the account, or of the function's own reservation.
    let before = number(lever, "ProvisionedConcurrentExecutions").unwrap_or(0);
    let fits = match number(lever, "reserved_concurrent_executions") {
        Some(reserved) => reserved,
        None => number(lever, "unreserved_concurrent_executions")?.saturating_add(before).saturating_sub(100),
    };
    let instances = needed.min(fits);
    if instances <= before {
        return None;
    }
    let remedy = ProvisionedConcurrency { function: function.to_owned(), alias: alias.to_owned(), instances };
    Some(Candidate {
        service: service.clone(),
        remedy: Remedy::ProvisionedConcurrency(remedy),
        lever: lever.clone(),
        why: vec![at_limit(bottleneck)],
        worse: load_on(sight, service).into_iter().collect(),
        benefit: sight.share_above(service) * bottleneck.severity,
        ails: ails(sight, service),
        measured: service.clone(),
    })
}

/// The lever that one of the service's other names speaks of, else the only one.
fn named_or_only<'a>(levers: &[&'a Lever], service: &ServiceId, topology: Option<&Topology>) -> Option<&'a Lever> {
    let aliases = topology.and_then(|topology| topology.service(service)).map(|service| &service.aliases);
    let mut named = levers.iter().filter(|lever| aliases.is_some_and(|names| names.contains(&lever.target.name)));
    match (named.next(), named.next(), levers) {
        (Some(only), None, _) | (None, _, [only]) => Some(only),
        _ => None,
    }
}

/// More units for a table that refuses requests.
fn room(sight: &Sight<'_>, levers: &Known<'_>, bottleneck: &Bottleneck) -> Option<Candidate> {
    let service = &bottleneck.service;
    let tables = levers.of_kind(service, "AWS::DynamoDB::Table");
    let [lever] = tables.as_slice() else { return None };
    let (share, is_hot) = match &bottleneck.limit {
        Limit::Throttles { share, .. } => (*share, false),
        Limit::HotPartition { .. } => (None, true),
        Limit::ColdStarts { .. }
        | Limit::Concurrency { .. }
        | Limit::Spillover { .. }
        | Limit::RetryStorm { .. }
        | Limit::Connections { .. }
        | Limit::QueueAge { .. } => return None,
    };
    // Of what was asked for, the share was refused: so much more was asked for than there is.
    let asked = share.filter(|share| (0.0..0.9).contains(share)).map_or(DOUBLE, |share| ROOM / (1.0 - share));
    let raised = |setting: &str| {
        let before = number(lever, setting)?;
        Some(whole(f64::from(before) * asked, 40_000)?.max(before))
    };
    let on_demand = lever.reading.settings.get("BillingMode").is_some_and(|mode| mode == "PAY_PER_REQUEST");
    let [read, write] = if on_demand {
        ["MaxReadRequestUnits", "MaxWriteRequestUnits"]
    } else {
        ["ReadCapacityUnits", "WriteCapacityUnits"]
    };
    let (reads, writes) = (refuses(sight, service, "Read"), refuses(sight, service, "Write"));
    // Where nothing tells which of both is refused, both are raised.
    let is_known = reads || writes;
    let remedy = TableCapacity {
        table: lever.target.name.clone(),
        read: if reads || !is_known { raised(read) } else { None },
        write: if writes || !is_known { raised(write) } else { None },
    };
    let mut worse: Vec<Worse> = is_hot.then_some(Worse::HotKey).into_iter().collect();
    worse.extend(load_on(sight, service));
    Some(Candidate {
        service: service.clone(),
        remedy: Remedy::TableCapacity(remedy),
        lever: (*lever).clone(),
        why: vec![at_limit(bottleneck)],
        worse,
        benefit: sight.share_above(service) * bottleneck.severity * if is_hot { HOT } else { 1.0 },
        ails: ails(sight, service),
        measured: service.clone(),
    })
}

/// Whether a table's own metrics say that it refuses reads, or writes, since the trouble began.
fn refuses(sight: &Sight<'_>, service: &ServiceId, direction: &str) -> bool {
    use crate::model::Measure;
    let began = sight.verdict.affected.iter().map(|affected| affected.onset).min().unwrap_or(sight.situation.now);
    let name = format!("/{direction}ThrottleEvents:");
    sight.situation.series.iter().flatten().any(|series| {
        let is_it = matches!(&series.measure, Measure::Other(other) if other.contains(&name));
        is_it
            && series.service == *service
            && (0..series.values.len()).any(|at| {
                series.begins(at) >= began
                    && series.values[at].is_some_and(|refused| refused.is_finite() && refused > 0.0)
            })
    })
}

/// More tasks for a cause whose tasks are full: tasks × in use / what is comfortable, as target tracking counts them.
fn tasks(sight: &Sight<'_>, levers: &Known<'_>) -> Option<Candidate> {
    let cause = sight.cause()?;
    let service = &cause.service;
    let in_use = sight.pulse(service).in_use.filter(|in_use| *in_use >= FULL)?;
    let services = levers.of_kind(service, "AWS::ECS::Service");
    let [lever] = services.as_slice() else { return None };
    let (cluster, name) = lever.target.name.split_once(':')?;
    let before = number(lever, "DesiredCount")?;
    let most = number(lever, "autoscaling_max").unwrap_or(500).min(500);
    let count = whole(f64::from(before) * in_use / COMFORTABLE, most.max(1))?;
    if count <= before {
        return None;
    }
    let mut worse: Vec<Worse> = wrong_cause(sight).into_iter().collect();
    worse.extend(load_on(sight, service));
    Some(Candidate {
        service: service.clone(),
        remedy: Remedy::EcsCount(EcsCount { cluster: cluster.to_owned(), service: name.to_owned(), count }),
        lever: (*lever).clone(),
        why: vec![Why { ground: Ground::TasksFull { in_use }, evidence: cause.evidence.clone() }],
        worse,
        benefit: sight.share_above(service),
        ails: cause.confidence,
        measured: service.clone(),
    })
}

/// The code that ran before a deployment that is guilty.
fn earlier(sight: &Sight<'_>, levers: &Known<'_>) -> Vec<Candidate> {
    let Some(guilty) = sight.verdict.guilty else { return Vec::new() };
    let Some(change) = sight.verdict.change(guilty).filter(|change| change.kind == ChangeKind::Deploy) else {
        return Vec::new();
    };
    let suspects = sight.verdict.changes.iter().filter(|suspect| suspect.evidence == guilty);
    let likelihood = suspects.map(|suspect| suspect.likelihood).fold(0.0, f64::max);
    let service = &change.service;
    let aliases = levers.of_kind(service, "AWS::Lambda::Alias");
    let by_alias = named_or_only(&aliases, service, sight.situation.topology.as_ref())
        .and_then(|lever| Some((lever, Remedy::AliasRollback(earlier_version(lever)?))));
    let by_task = match levers.of_kind(service, "AWS::ECS::Service").as_slice() {
        [lever] => earlier_definition(lever).map(|remedy| (*lever, Remedy::EcsRollback(remedy))),
        _ => None,
    };
    by_alias
        .into_iter()
        .chain(by_task)
        .map(|(lever, remedy)| Candidate {
            service: service.clone(),
            remedy,
            lever: lever.clone(),
            why: vec![Why { ground: Ground::GuiltyDeploy { likelihood }, evidence: vec![guilty] }],
            worse: wrong_cause(sight).into_iter().chain([Worse::WrittenSince]).collect(),
            benefit: if sight.cause().is_some() { 1.0 } else { sight.share_above(service) },
            ails: likelihood.clamp(0.0, 1.0),
            measured: service.clone(),
        })
        .collect()
}

/// The latest published version before the one an alias leads to; while its traffic is split, that one itself.
fn earlier_version(lever: &Lever) -> Option<AliasRollback> {
    let (function, alias) = lever.target.name.split_once(':')?;
    let settings = &lever.reading.settings;
    let current: u64 = settings.get("FunctionVersion")?.parse().ok()?;
    let is_split = settings.contains_key("RoutingConfig");
    let published = settings.keys().filter_map(|name| name.strip_prefix("published_at:")?.parse::<u64>().ok());
    let version = published.filter(|version| *version < current || (is_split && *version == current)).max()?;
    Some(AliasRollback { function: function.to_owned(), alias: alias.to_owned(), version: version.to_string() })
}

/// The latest task definition before the one that runs and that can still be run.
fn earlier_definition(lever: &Lever) -> Option<EcsRollback> {
    let Target { name, .. } = &lever.target;
    let (cluster, service) = name.split_once(':')?;
    let settings = &lever.reading.settings;
    let (family, current) = settings.get("TaskDefinition")?.split_once(':')?;
    let current: u32 = current.parse().ok()?;
    let revision = settings
        .iter()
        .filter(|(_, status)| *status == "ACTIVE")
        .filter_map(|(name, _)| {
            let (of, revision) = name.strip_prefix("task_definition_status:")?.split_once(':')?;
            revision.parse::<u32>().ok().filter(|revision| of == family && *revision < current)
        })
        .max()?;
    Some(EcsRollback {
        cluster: cluster.to_owned(),
        service: service.to_owned(),
        task_definition: format!("{family}:{revision}"),
    })
}
