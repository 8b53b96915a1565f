//! Pages of the AWS console. Only what has passed a check becomes part of an address.

use crate::alarms::partition;
use std::fmt::Write as _;

/// The page of an event that CloudTrail recorded.
pub(super) fn cloudtrail(region: &str, event_id: &str) -> Option<String> {
    page(region, &format!("cloudtrailv2/home?region={region}#/events/"), event_id)
}

/// The page of a CodeDeploy deployment.
pub(super) fn codedeploy(region: &str, deployment: &str) -> Option<String> {
    let link = page(region, "codesuite/codedeploy/deployments/", deployment)?;
    Some(format!("{link}?region={region}"))
}

/// The deployments of an ECS service.
pub(super) fn ecs(region: &str, cluster: &str, service: &str) -> Option<String> {
    let link = page(region, "ecs/v2/clusters/", cluster)?;
    let service = Some(service).filter(|name| !name.is_empty()).map(encoded)?;
    Some(format!("{link}/services/{service}/deployments?region={region}"))
}

/// The events of a CloudFormation stack.
pub(super) fn stack(region: &str, stack_id: &str) -> Option<String> {
    page(region, &format!("cloudformation/home?region={region}#/stacks/events?stackId="), stack_id)
}

/// The page of a database instance.
pub(super) fn database(region: &str, instance: &str) -> Option<String> {
    let link = page(region, &format!("rds/home?region={region}#database:id="), instance)?;
    Some(format!("{link};is-cluster=false"))
}

/// `region` has passed the check that it is one.
fn page(region: &str, path: &str, name: &str) -> Option<String> {
    /// No name in AWS is longer, and a longer address is not clicked.
    const LONGEST: usize = 600;
    let (_, console) = partition(region);
    (!name.is_empty() && name.len() <= LONGEST).then(|| format!("https://{region}.{console}/{path}{}", encoded(name)))
}

fn encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_names_and_nothing_else_of_them() {
        assert_eq!(
            cloudtrail("us-east-1", "4672b74f-2466").as_deref(),
            Some("https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/4672b74f-2466")
        );
        assert_eq!(
            ecs("cn-north-1", "prod", "a b|<x>").as_deref(),
            Some(
                "https://cn-north-1.console.amazonaws.cn/ecs/v2/clusters/prod/services/a%20b%7C%3Cx%3E/deployments?region=cn-north-1"
            )
        );
        assert_eq!(stack("us-east-1", ""), None);
        assert_eq!(database("us-east-1", &"x".repeat(601)), None);
        assert_eq!(ecs("us-east-1", "prod", ""), None);
    }
}
