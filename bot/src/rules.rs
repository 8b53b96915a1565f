//! The rules under which plans are made and decided: the policy, who is in its groups, which hours are business hours, and on
//! which terms plans are made.

use crate::config::{File, Group, Policies, Recovery};
use crate::policy::{self, Unusable};
use jiff::Timestamp;
use std::collections::BTreeMap;
use tools::dependency::Lags;
use tools::recovery::plan::{Desk, Plan};
use tools::recovery::policy::{Directory, Person, PersonId, PlanFacts, Policy, Standing};
use tools::recovery::{Past, Terms};

/// People of a group who are named on a plan; the rest is counted.
const MOST_NAMED: usize = 5;

/// The rules of a deployment.
#[derive(Debug)]
pub struct Rules {
    /// Who may do what.
    pub policy: Policy,
    /// Who is in which group, and which hours are business hours.
    pub policies: Policies,
    /// On which terms plans are made.
    pub recovery: Recovery,
}

impl Rules {
    /// The rules that a configuration tells.
    pub fn of(file: &File) -> Result<Self, Unusable> {
        Ok(Self { policy: policy::of(file)?, policies: file.policy.clone(), recovery: file.recovery.clone() })
    }

    /// The rules of a deployment that configures none.
    pub fn shipped() -> Self {
        Self { policy: Policy::shipped(), policies: Policies::default(), recovery: Recovery::default() }
    }

    /// What is known when a plan is decided at `now`.
    pub fn desk<'a>(&'a self, people: &'a BTreeMap<PersonId, Person>, now: Timestamp) -> Desk<'a> {
        Desk { policy: &self.policy, people, business_hours: self.is_business_hours(now) }
    }

    /// Whether it is business hours at `now`.
    pub(crate) fn is_business_hours(&self, now: Timestamp) -> bool {
        self.policies.business_hours.as_ref().is_some_and(|hours| hours.contains(now))
    }

    /// On which terms plans are made at `now`, for services that run in `environment`.
    pub fn terms(&self, environment: Option<String>, past: Vec<Past>, lags: Lags, now: Timestamp) -> Terms {
        let usual = Terms::at(now);
        Terms {
            environment: environment.unwrap_or(usual.environment),
            prices: self.recovery.prices,
            cost_limit_cents: self.recovery.cost_limit_cents(),
            past,
            lags,
            ..usual
        }
    }

    /// Who may approve a plan, as phrases in mrkdwn. A user group is mentioned; who is listed by name is named.
    pub fn approvers(&self, plan: &Plan, now: Timestamp) -> Vec<String> {
        let requester = Person {
            id: plan.requester.clone(),
            groups: Directory::default().groups_of(&plan.requester),
            standing: Standing::Member,
        };
        let may = self.policy.approvers(&PlanFacts::of(plan, requester, self.is_business_hours(now)));
        if may.anyone {
            return vec!["any member of this workspace".to_owned()];
        }
        let groups = may.groups.iter().map(|name| match self.policies.groups.get(name) {
            Some(Group::Slack(group)) => mention(&group.slack),
            Some(Group::People(people)) => {
                let named: Vec<String> = people.iter().take(MOST_NAMED).map(|PersonId(id)| mention(id)).collect();
                let rest = people.len().saturating_sub(MOST_NAMED);
                let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
                format!("{}{more}", named.join(", "))
            }
            None => format!("whoever is in {}", blocks::phrase::code(name)),
        });
        groups.chain(may.people.iter().map(|PersonId(id)| mention(id))).collect()
    }
}

/// How somebody is called in a message, a person or a user group, by their id.
pub(crate) fn mention(id: &str) -> String {
    if id.starts_with('S') { format!("<!subteam^{id}>") } else { format!("<@{id}>") }
}
