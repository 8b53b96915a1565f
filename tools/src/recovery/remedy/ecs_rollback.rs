//! Roll an ECS service back to an earlier task definition.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `TaskDefinition` | yes | `family:revision` it runs now |
//! | `task_definition_status:orders:41` | for the one gone to | only an `ACTIVE` one can be run; of one that does not exist nothing is read |
//! | `DesiredCount`, `launch_type`, `task_cpu:…`, `task_memory:…` | no | what the cost is worked out from, see there |

use super::read::{maybe_number, monthly, needed, text, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Roll an ECS service back to an earlier task definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EcsRollback {
    /// The cluster.
    pub cluster: String,
    /// The service in it.
    pub service: String,
    /// `family:revision`, as it was before.
    pub task_definition: String,
}

impl EcsRollback {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "ecs-rollback",
        title: "Roll an ECS service back",
        about: "Lets an ECS service run an earlier task definition again.",
        risk: Risk::Medium,
        side_effects: "All of its tasks are replaced, a few at a time, by ones with the earlier image and configuration. A \
                       deployment that is going on is cut short. What the newer tasks have written stays.",
        inverse: "the task definition before",
        success: "faults fall within 15 min",
        reads: &["ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions"],
        writes: &["ecs:UpdateService"],
    };
}

/// A task definition's family and revision.
fn parts(definition: &str) -> Option<(&str, u32)> {
    let (family, revision) = definition.split_once(':')?;
    let is_number = !revision.starts_with('0') && revision.bytes().all(|byte| byte.is_ascii_digit());
    Some((family, revision.parse().ok().filter(|_| is_number)?))
}

/// US dollars an hour for one task of this definition: vCPU × their price + GB × theirs on Fargate; nothing on EC2, where
/// machines are paid for, not tasks; none where the launch type, the size or a price is not known.
///
/// `launch_type` is that of the service, `task_cpu:…` in units of 1/1,024 vCPU, `task_memory:…` in MiB.
pub(super) fn task_price(saw: &Reading, definition: &str, prices: &Prices) -> Option<f64> {
    match text(saw, "launch_type")? {
        "EC2" | "EXTERNAL" => Some(0.0),
        "FARGATE" => {
            let cpu = f64::from(maybe_number(saw, &format!("task_cpu:{definition}"))?) / 1024.0;
            let memory = f64::from(maybe_number(saw, &format!("task_memory:{definition}"))?) / 1024.0;
            Some(cpu * prices.fargate_vcpu_hour? + memory * prices.fargate_gb_hour?)
        }
        _ => None,
    }
}

impl Entry for EcsRollback {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    fn target(&self) -> Target {
        Target::new("AWS::ECS::Service", format!("{}:{}", self.cluster, self.service))
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::ecs("a cluster's name", &self.cluster)?;
        names::ecs("a service's name", &self.service)?;
        let Some((family, revision)) = parts(&self.task_definition) else {
            return Err(Impossible("a task definition is `family:revision`".to_owned()));
        };
        names::ecs("a family", family)?;
        let (target, wanted) = (self.target(), &self.task_definition);
        let current = needed(saw, &target, "TaskDefinition")?;
        if current == wanted {
            return Err(Impossible(format!("`{}` runs {current} already", target.name)));
        }
        let earlier = parts(current).is_some_and(|(of, now)| of == family && revision < now);
        if !earlier {
            return Err(Impossible(format!("`{wanted}` is no earlier revision of `{current}`, which runs now")));
        }
        let status = needed(saw, &target, &format!("task_definition_status:{wanted}"))?;
        if status != "ACTIVE" {
            return Err(Impossible(format!("`{wanted}` cannot be run any more: it is `{status}`")));
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        with(saw, "TaskDefinition", Some(self.task_definition.clone()))
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        (Risk::Medium, "it changes the code that runs")
    }

    /// US cents a month: tasks × (price of a task of the earlier definition − of the current one, an hour) × 730 × 100.
    fn cost(&self, saw: &Reading, prices: &Prices) -> Cost {
        let more = || {
            let before = task_price(saw, text(saw, "TaskDefinition")?, prices)?;
            let after = task_price(saw, &self.task_definition, prices)?;
            Some(f64::from(maybe_number(saw, "DesiredCount")?) * (after - before))
        };
        monthly(more())
    }

    /// The faults of the service.
    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        Some((Measure::Faults, Direction::Falls, 15))
    }

    fn sentence(&self, saw: &Reading) -> String {
        let before = text(saw, "TaskDefinition").map(|before| format!(" from {before}")).unwrap_or_default();
        format!("Roll service {} of cluster {} back{before} to {}", self.service, self.cluster, self.task_definition)
    }
}
