//! EventBridge: bus → rule → target. A rule that is off moves nothing and is left out, and so is one that AWS keeps for a service
//! of its own. A rule that only has a schedule is called by no bus.

use super::resource::Resource;
use super::{Handover, Lane, cut_off};
use crate::aws::gap;
use crate::model::Gap;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleError;
use aws_sdk_eventbridge::types::{EcsParameters, Rule, RuleState, Target};
use tokio::task::JoinSet;

/// What EventBridge answers in one call at most.
const PAGE: i32 = 100;

/// More rules of a bus are not read: each costs a call. A bus has at most 300 unless AWS raised it.
const MAX_RULES: usize = 300;

/// More pages of rules are not read: rules that are off fill pages, too.
const MAX_PAGES: usize = 20;

/// Calls that are under way at a time, so that other users of the API find room.
const AT_ONCE: usize = 8;

/// What is missing where the rules of `bus` cannot be read.
pub(super) fn wanted(bus: &str) -> String {
    format!("topology from the rules of the event bus {bus}")
}

/// The rules of `bus` that are on, with their targets.
pub(super) async fn read(client: &Client, bus: &str) -> Lane<Vec<Handover>> {
    let wanted = wanted(bus);
    let mut lane: Lane<Vec<Handover>> = Lane::default();
    let mut rules = list(client, bus, &wanted, &mut lane.gaps).await;
    // The order of the pages makes no difference to which are left.
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    if rules.len() > MAX_RULES {
        rules.truncate(MAX_RULES);
        lane.gaps.push(cut_off(&wanted, &format!("{MAX_RULES} rules")));
    }
    lane.found.extend(rules.iter().filter_map(|rule| from_bus(bus, rule)));
    let mut rules = rules.into_iter();
    let mut asked = JoinSet::new();
    let mut refused = None;
    loop {
        // One refusal is enough; the others would be refused as well.
        while refused.is_none()
            && asked.len() < AT_ONCE
            && let Some(rule) = rules.next()
        {
            asked.spawn(targets(client.clone(), bus.to_owned(), rule, wanted.clone()));
        }
        match asked.join_next().await {
            None => break,
            Some(Ok(Ok(mut found))) => lane.found.append(&mut found),
            Some(Ok(Err(gap))) => refused = refused.or(Some(gap)),
            Some(Err(err)) => {
                let because = format!("reading the targets of a rule ended too early: {err}");
                refused = refused.or(Some(Gap { wanted: wanted.clone(), because, remedy: None }));
            }
        }
    }
    lane.gaps.extend(refused);
    lane
}

/// The rules of `bus` that are on.
async fn list(client: &Client, bus: &str, wanted: &str, gaps: &mut Vec<Gap>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut next = None;
    for page in 1.. {
        let asked = client.list_rules().event_bus_name(bus).limit(PAGE).set_next_token(next);
        match asked.send().await {
            Ok(page) => {
                let is_on = |rule: &Rule| rule.state != Some(RuleState::Disabled) && rule.managed_by.is_none();
                rules.extend(page.rules.unwrap_or_default().into_iter().filter(is_on));
                next = page.next_token;
            }
            Err(err) => {
                gaps.push(gap(wanted, "events:ListRules", &err));
                break;
            }
        }
        if next.is_none() {
            break;
        }
        // Whoever has one rule more than there is room for is known to go on.
        if rules.len() > MAX_RULES || page == MAX_PAGES {
            gaps.extend((rules.len() <= MAX_RULES).then(|| cut_off(wanted, &format!("{MAX_PAGES} pages of rules"))));
            break;
        }
    }
    rules
}

fn from_bus(bus: &str, rule: &Rule) -> Option<Handover> {
    let to = Resource::parse(rule.arn()?)?;
    rule.event_pattern()?;
    let from = Resource {
        arn: rule.arn()?.split_once(":rule/").map(|(place, _)| format!("{place}:event-bus/{bus}"))?,
        name: bus.to_owned(),
        kind: Some("AWS::Events::EventBus"),
        ..to.clone()
    };
    Some(Handover { from, to })
}

async fn targets(client: Client, bus: String, rule: Rule, wanted: String) -> Result<Vec<Handover>, Gap> {
    let (Some(name), Some(from)) = (rule.name(), rule.arn().and_then(Resource::parse)) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let asked = client.list_targets_by_rule().event_bus_name(&bus).rule(name).limit(PAGE).set_next_token(next);
        let page = match asked.send().await {
            Ok(page) => page,
            // It was deleted since it was listed.
            Err(err) if err.as_service_error().is_some_and(ListTargetsByRuleError::is_resource_not_found_exception) => {
                break;
            }
            Err(err) => return Err(gap(&wanted, "events:ListTargetsByRule", &err)),
        };
        let to = page.targets.unwrap_or_default();
        found.extend(to.iter().filter_map(target).map(|to| Handover { from: from.clone(), to }));
        next = page.next_token;
        if next.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Who is called. On ECS that is a task, not the cluster it runs in.
fn target(target: &Target) -> Option<Resource> {
    let task = target.ecs_parameters().map(EcsParameters::task_definition_arn);
    Resource::parse(task.unwrap_or(target.arn()))
}
