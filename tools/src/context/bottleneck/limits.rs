//! Limits that a metric or a line tells directly: throttles, concurrency, provisioned spillover, connections, queue age,
//! hot partitions.

use super::{Claimed, LEAST_SHARE, Limit, Met, Sight, is_more, share};
use crate::context::gauge::{Gauge, Name};
use crate::context::logs::Complaint;
use crate::model::{Unit, Window};

/// Statistics that count.
const COUNTS: &[&str] = &["Sum", "SampleCount"];

/// Connections must rise by this factor over all but the highest twentieth of the past.
const RISEN: f64 = 1.5;

/// The oldest message is old from this age on, in seconds, and when it is so many times as old as usual.
const OLD_S: f64 = 60.0;
const OLDER: f64 = 3.0;

/// A table that uses less than this share of its capacity could take more as a whole.
const ROOM: f64 = 0.8;

/// Lowest readable share of the executions there can be at which a function counts as full.
const FULL: f64 = 0.95;

pub(super) fn find(sight: &Sight<'_>, node: usize, found: &mut Vec<Met>) {
    let throttled = throttled(sight, node);
    let hot = hot_partition(sight, node, throttled.as_ref());
    let refused = throttled.as_ref().and_then(|(query, gauge)| throttles(sight, node, query, gauge));
    found.extend(refused.as_ref().and_then(|refused| concurrency(sight, node, refused)));
    // A hot partition is the better word for the same refusals.
    found.extend(hot.or(refused));
    found.extend(spillover(sight, node));
    found.extend(connections(sight, node));
    found.extend(queue_age(sight, node));
}

fn minutes(window: Window) -> f64 {
    (window.to.duration_since(window.from).as_secs_f64() / 60.0).max(1.0)
}

/// Everything a node refused because it was too much, and where that stands.
fn throttled(sight: &Sight<'_>, node: usize) -> Option<(String, Gauge)> {
    let is_throttle = |name: &Name<'_>| {
        let metric = name.metric.to_ascii_lowercase();
        COUNTS.contains(&name.stat) && (metric.contains("throttle") || metric.ends_with("throughputexceeded"))
    };
    let mut all: Vec<(Name<'_>, &Gauge)> = sight.gauges.such(node, is_throttle).collect();
    // DynamoDB tells the same refusals as a whole, by direction, and by reason: the first of these that is there counts.
    let levels: [&[&str]; 2] = [&["ThrottledRequests"], &["ReadThrottleEvents", "WriteThrottleEvents"]];
    for level in levels {
        if all.iter().any(|(name, gauge)| level.contains(&name.metric) && !gauge.now.values.is_empty()) {
            all.retain(|(name, _)| level.contains(&name.metric));
            break;
        }
    }
    let names: Vec<String> =
        all.iter().map(|(name, _)| format!("{}/{} {}", name.namespace, name.metric, name.stat)).collect();
    let sum = all.into_iter().map(|(_, gauge)| gauge.clone()).reduce(|sum, gauge| sum.plus(&gauge))?;
    Some((names.join(", "), sum))
}

fn throttles(sight: &Sight<'_>, node: usize, query: &str, gauge: &Gauge) -> Option<Met> {
    let per_min = gauge.now.per_min()?;
    let usual = gauge.before.per_min();
    let high = gauge.before.high().zip(gauge.before.values.first()).map(|(high, row)| 60.0 * high / row.1);
    let share = share(per_min, sight.gauges.flowing(node).now.per_min);
    let matters = share.is_none_or(|share| share >= LEAST_SHARE);
    if !matters || !is_more(per_min, high, minutes(sight.gauges.spans.trouble)) {
        return None;
    }
    let claims = vec![sight.figure(node, "throttled requests", (per_min, Unit::PerMinute), usual, query)];
    // Without a share, how many times as many as usual is all there is to go by.
    let severity = share.unwrap_or_else(|| 0.5 * (1.0 - usual.unwrap_or(0.0) / per_min));
    Some(Met { node, limit: Limit::Throttles { per_min, share, usual }, severity, claims })
}

/// Executions at once stand at their highest while requests are refused.
fn concurrency(sight: &Sight<'_>, node: usize, refused: &Met) -> Option<Met> {
    let (name, gauge) = sight.gauges.named(node, "ConcurrentExecutions", &["Maximum", "Average", ""])?;
    let (peak, usual) = (gauge.now.peak()?, gauge.before.middle());
    let highest = gauge.before.peak().map_or(peak, |before| before.max(peak));
    if peak < 1.0 || peak < FULL * highest || usual.is_some_and(|usual| peak < usual * RISEN) {
        return None;
    }
    let query = format!("{}/{} {}", name.namespace, name.metric, name.stat);
    let mut claims = vec![sight.figure(node, "executions at once", (peak, Unit::Count), usual, &query)];
    claims.extend(refused.claims.iter().cloned());
    // Just below the refusals it explains.
    Some(Met { node, limit: Limit::Concurrency { peak, usual }, severity: 0.999 * refused.severity, claims })
}

fn spillover(sight: &Sight<'_>, node: usize) -> Option<Met> {
    let (name, gauge) = sight.gauges.named(node, "ProvisionedConcurrencySpilloverInvocations", COUNTS)?;
    let (per_min, usual) = (gauge.now.per_min()?, gauge.before.per_min());
    let utilization = sight.gauges.named(node, "ProvisionedConcurrencyUtilization", &["Maximum", "Average"]);
    let utilization = utilization.and_then(|(_, gauge)| gauge.now.peak()).map(|used| used.clamp(0.0, 1.0));
    let share = share(per_min, sight.gauges.flowing(node).now.per_min);
    let matters = share.is_none_or(|share| share >= LEAST_SHARE);
    if !matters || !is_more(per_min, usual, minutes(sight.gauges.spans.trouble)) {
        return None;
    }
    let query = format!("{}/{} {}", name.namespace, name.metric, name.stat);
    let mut claims = vec![sight.figure(
        node,
        "invocations beyond the provisioned environments",
        (per_min, Unit::PerMinute),
        usual,
        &query,
    )];
    if let Some(used) = utilization {
        let query = "AWS/Lambda/ProvisionedConcurrencyUtilization Maximum";
        claims.push(sight.figure(node, "provisioned environments in use", (100.0 * used, Unit::Percent), None, query));
    }
    let severity = share.unwrap_or(0.5);
    Some(Met { node, limit: Limit::Spillover { per_min, share, utilization }, severity, claims })
}

/// Connections of a store; the lines of those that call it count as its own, since there they wait in vain.
fn connections(sight: &Sight<'_>, node: usize) -> Option<Met> {
    const NAMES: [&str; 3] = ["DatabaseConnections", "CurrConnections", "ClientConnections"];
    let measured =
        |node: usize| NAMES.iter().find_map(|metric| sight.gauges.named(node, metric, &["Maximum", "Average", "Sum"]));
    let gauge = measured(node);
    let mut witnesses = vec![node];
    if gauge.is_some() {
        witnesses.extend(&sight.estate.callers[node]);
    } else if sight.estate.callees[node].iter().any(|call| measured(call.to).is_some()) {
        // What it complains of is told of the store itself.
        return None;
    }
    let mut logged: Vec<(u64, Claimed)> = witnesses
        .into_iter()
        .filter_map(|witness| {
            let lines = sight.logs.complained(witness, Complaint::Connections)?.now;
            Some((lines, sight.logged(witness, Complaint::Connections)?))
        })
        .collect();
    logged.truncate(3);
    let lines: u64 = logged.iter().map(|(lines, _)| lines).sum();
    let in_use = gauge.as_ref().and_then(|(_, gauge)| gauge.now.peak());
    let usual = gauge.as_ref().and_then(|(_, gauge)| gauge.before.middle());
    let high = gauge.as_ref().and_then(|(_, gauge)| gauge.before.high());
    let risen = in_use.zip(high).is_some_and(|(peak, high)| peak > RISEN * high && peak > high + 10.0);
    if !risen && lines == 0 {
        return None;
    }
    let stands = gauge.as_ref().zip(in_use).is_some_and(|((_, gauge), peak)| {
        risen && gauge.now.values.iter().filter(|row| row.2 >= 0.99 * peak).count() >= 2
    });
    let at_limit = stands || lines > 0;
    let mut claims = Vec::new();
    if let (Some((name, _)), Some(peak)) = (&gauge, in_use) {
        let query = format!("{}/{} {}", name.namespace, name.metric, name.stat);
        claims.push(sight.figure(node, "connections in use", (peak, Unit::Count), usual, &query));
    }
    claims.extend(logged.into_iter().map(|(_, claimed)| claimed));
    let beyond = in_use.zip(usual).filter(|(peak, _)| *peak > 0.0).map_or(0.5, |(peak, usual)| 1.0 - usual / peak);
    let severity = if at_limit { beyond.max(0.25) } else { beyond / 2.0 };
    Some(Met { node, limit: Limit::Connections { in_use, usual, at_limit, lines }, severity, claims })
}

fn queue_age(sight: &Sight<'_>, node: usize) -> Option<Met> {
    // Queues measure seconds, streams and asynchronous invocations milliseconds.
    const AGES: [(&str, f64); 4] = [
        ("ApproximateAgeOfOldestMessage", 1.0),
        ("IteratorAge", 0.001),
        ("GetRecords.IteratorAgeMilliseconds", 0.001),
        ("AsyncEventAge", 0.001),
    ];
    let (name, gauge, scale) = AGES.iter().find_map(|(metric, scale)| {
        sight.gauges.named(node, metric, &["Maximum", "Average"]).map(|(name, gauge)| (name, gauge, *scale))
    })?;
    let (age_s, high) = (scale * gauge.now.peak()?, gauge.before.high().map(|high| scale * high));
    let usual_s = gauge.before.middle().map(|usual| scale * usual);
    if age_s < OLD_S || high.is_some_and(|high| age_s < OLDER * high) {
        return None;
    }
    let query = format!("{}/{} {}", name.namespace, name.metric, name.stat);
    let claims = vec![sight.figure(node, "age of the oldest message", (age_s, Unit::Seconds), usual_s, &query)];
    let severity = usual_s.map_or(0.5, |usual| 1.0 - usual / age_s);
    Some(Met { node, limit: Limit::QueueAge { age_s, usual_s }, severity, claims })
}

/// A table refuses requests while it uses less than it has: what it has is spread over partitions, and one of them is out.
/// DynamoDB's own metrics and exceptions by reason say so directly (`KeyRangeThroughput`).
fn hot_partition(sight: &Sight<'_>, node: usize, throttled: Option<&(String, Gauge)>) -> Option<Met> {
    let by_reason: Vec<(Name<'_>, &Gauge)> = sight
        .gauges
        .such(node, |name| name.metric.contains("KeyRangeThroughput"))
        .filter(|(_, gauge)| gauge.now.peak().is_some_and(|peak| peak > 0.0))
        .collect();
    let is_table = sight.gauges.names(node).any(|name| name.namespace == "AWS/DynamoDB");
    let callers = std::iter::once(node).chain(sight.estate.callers[node].iter().copied());
    let lines: Vec<Claimed> = callers
        .filter(|_| is_table)
        .filter_map(|witness| sight.logged(witness, Complaint::Partition))
        .take(2)
        .collect();
    let (query, gauge) = throttled.filter(|_| is_table)?;
    let (per_min, usual) = (gauge.now.per_min()?, gauge.before.per_min());
    if !is_more(per_min, usual, minutes(sight.gauges.spans.trouble)) {
        return None;
    }
    let uses: Vec<f64> = [("Read", "ReadThrottleEvents"), ("Write", "WriteThrottleEvents")]
        .iter()
        .filter(|(_, events)| {
            // A direction that refuses nothing says nothing.
            sight
                .gauges
                .named(node, events, COUNTS)
                .is_none_or(|(_, gauge)| gauge.now.peak().is_some_and(|peak| peak > 0.0))
        })
        .filter_map(|(direction, _)| {
            let consumed =
                sight.gauges.named(node, &format!("Consumed{direction}CapacityUnits"), &["Sum"])?.1.now.per_min()?
                    / 60.0;
            let has = sight
                .gauges
                .named(node, &format!("Provisioned{direction}CapacityUnits"), &["Average", "Maximum"])?
                .1
                .now
                .mean()?;
            (has > 0.0).then(|| consumed / has)
        })
        .collect();
    let table_use = uses.into_iter().max_by(f64::total_cmp).map(|used| used.clamp(0.0, 1.0));
    let has_room = table_use.is_some_and(|used| used < ROOM);
    if by_reason.is_empty() && lines.is_empty() && !has_room {
        return None;
    }
    let mut claims = vec![sight.figure(node, "throttled requests", (per_min, Unit::PerMinute), usual, query)];
    if let Some((name, gauge)) = by_reason.first() {
        let query = format!("{}/{} {}", name.namespace, name.metric, name.stat);
        let refused = gauge.now.per_min().unwrap_or_default();
        claims.push(sight.figure(
            node,
            "requests refused by one range of keys",
            (refused, Unit::PerMinute),
            gauge.before.per_min(),
            &query,
        ));
    }
    if let Some(used) = table_use {
        let query = "AWS/DynamoDB/ConsumedReadCapacityUnits, ConsumedWriteCapacityUnits Sum";
        claims.push(sight.figure(node, "capacity of the table in use", (100.0 * used, Unit::Percent), None, query));
    }
    claims.extend(lines);
    let share = share(per_min, sight.gauges.flowing(node).now.per_min);
    let severity = share.unwrap_or(0.5);
    Some(Met { node, limit: Limit::HotPartition { per_min, table_use }, severity, claims })
}
