//! Set the desired count of an ECS service.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `DesiredCount` | yes | tasks wanted now |
//! | `autoscaling_min`, `autoscaling_max` | no | the bounds that autoscaling keeps it in; absent where nothing scales it |
//! | `TaskDefinition`, `launch_type`, `task_cpu:…`, `task_memory:…` | no | what the cost is worked out from, see [`task_price`] |

use super::ecs_rollback::task_price;
use super::read::{difference, maybe_number, monthly, needed_number, number, text, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SETTING: &str = "DesiredCount";

/// Set the desired count of an ECS service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EcsCount {
    /// The cluster.
    pub cluster: String,
    /// The service in it.
    pub service: String,
    /// Tasks, 0–500; 0 stops it.
    pub count: u32,
}

impl EcsCount {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "ecs-count",
        title: "Set the count of tasks",
        about: "Lets an ECS service run more tasks, or fewer.",
        risk: Risk::Medium,
        side_effects: "More tasks open more connections to whatever the service calls. Fewer share the same load. 0 stops the \
                       service. Autoscaling, where there is any, goes on from the new count.",
        inverse: "the count before",
        success: "with more tasks, latency falls within 15 min; with fewer, requests fall within 5 min",
        reads: &["ecs:DescribeServices", "application-autoscaling:DescribeScalableTargets"],
        writes: &["ecs:UpdateService"],
    };
}

impl Entry for EcsCount {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::ECS::Service", format!("{}:{}", self.cluster, self.service))
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::ecs("a cluster's name", &self.cluster)?;
        names::ecs("a service's name", &self.service)?;
        names::within("the count of tasks", self.count, 0..=500)?;
        let target = self.target();
        needed_number(saw, &target, SETTING)?;
        let least = number(saw, &target, "autoscaling_min")?.unwrap_or(0);
        let most = number(saw, &target, "autoscaling_max")?.unwrap_or(u32::MAX);
        if !(least..=most).contains(&self.count) {
            return Err(Impossible(format!("autoscaling keeps `{}` between {least} and {most} tasks", target.name)));
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        with(saw, SETTING, Some(self.count.to_string()))
    }

    fn risk(&self, saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        match maybe_number(saw, SETTING) {
            _ if self.count == 0 => (Risk::High, "it stops the service"),
            Some(before) if self.count < before => (Risk::Medium, "fewer tasks share the load"),
            Some(_) | None => (Risk::Medium, "more tasks are paid for, and load what the service calls"),
        }
    }

    /// US cents a month: (tasks after − before) × price of a task an hour × 730 × 100.
    fn cost(&self, saw: &Reading, prices: &Prices) -> Cost {
        let more = || {
            let task = task_price(saw, text(saw, "TaskDefinition").unwrap_or_default(), prices)?;
            Some(difference(self.count, maybe_number(saw, SETTING)?) * task)
        };
        monthly(more())
    }

    /// More tasks answer the service's requests faster. Fewer are meant for what the service calls: the *requests of that
    /// callee* fall.
    fn expects(&self, saw: &Reading) -> Option<(Measure, Direction, u32)> {
        match maybe_number(saw, SETTING) {
            Some(before) if self.count < before => Some((Measure::Requests, Direction::Falls, 5)),
            Some(_) | None => Some((Measure::Latency, Direction::Falls, 15)),
        }
    }

    fn sentence(&self, saw: &Reading) -> String {
        let before = text(saw, SETTING).unwrap_or("unknown");
        format!(
            "Set the count of service {} of cluster {} to {} ({before} now)",
            self.service, self.cluster, self.count
        )
    }
}
