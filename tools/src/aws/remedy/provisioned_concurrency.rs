//! Provisioned concurrency on an alias of a Lambda function.
//!
//! It cannot be set on `$LATEST`, nor while the alias splits its traffic, and it comes slowly: AWS answers at once and
//! reports `IN_PROGRESS` until the instances are warm.

use crate::aws::{SdkConfig, explain};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::ProvisionedConcurrencyStatusEnum;
use serde::{Deserialize, Serialize};

/// An alias of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The function's name.
    pub function: String,
    /// The alias' name.
    pub alias: String,
}

/// What was found there. A change made meanwhile shows in the revision, the version or the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The alias' revision.
    pub revision: String,
    /// The version it leads to.
    pub version: String,
    /// Whether part of its traffic goes to a second version.
    pub is_split: bool,
    /// Instances asked for; none where there is no provisioned concurrency.
    pub requested: Option<u32>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is provisioned.
    Off,
    /// The instances are being warmed.
    Warming,
    /// They are warm.
    Ready,
    /// AWS gave up.
    Failed,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemedyError {
    /// It can never be done there.
    #[error("provisioned concurrency cannot be set on `{0}`: {1}")]
    Impossible(String, &'static str),
    /// Somebody changed it since it was read.
    #[error("`{0}` is not as it was when this was decided")]
    Drifted(String),
    /// AWS refused or could not be reached.
    #[error("{0}")]
    Aws(String),
}

impl Target {
    fn name(&self) -> String {
        format!("{}:{}", self.function, self.alias)
    }

    /// A version is no alias, and `$LATEST` least of all.
    fn check(&self) -> Result<(), RemedyError> {
        if self.alias == "$LATEST" || self.alias.is_empty() || self.alias.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RemedyError::Impossible(self.name(), "it is no alias"));
        }
        Ok(())
    }
}

/// Reads what is there.
pub async fn read(config: &SdkConfig, target: &Target) -> Result<State, RemedyError> {
    target.check()?;
    let client = Client::new(config);
    let alias = client.get_alias().function_name(&target.function).name(&target.alias).send().await;
    let alias = alias.map_err(|err| RemedyError::Aws(explain(&err)))?;
    let split = alias.routing_config.and_then(|routing| routing.additional_version_weights);
    Ok(State {
        revision: alias.revision_id.unwrap_or_default(),
        version: alias.function_version.unwrap_or_default(),
        is_split: split.is_some_and(|weights| !weights.is_empty()),
        requested: provisioned(&client, target).await?.map(|(requested, _)| requested),
    })
}

/// How far the last change is.
pub async fn progress(config: &SdkConfig, target: &Target) -> Result<Progress, RemedyError> {
    target.check()?;
    Ok(match provisioned(&Client::new(config), target).await? {
        None => Progress::Off,
        Some((_, Some(ProvisionedConcurrencyStatusEnum::Ready))) => Progress::Ready,
        Some((_, Some(ProvisionedConcurrencyStatusEnum::Failed))) => Progress::Failed,
        Some((_, _)) => Progress::Warming,
    })
}

/// Brings the target from `seen` to `wanted` instances, or to none, if it is still as it was seen. Doing it twice is doing
/// it once. The inverse is the same with `seen.requested`, from the state read after it.
pub async fn apply(
    config: &SdkConfig,
    target: &Target,
    seen: &State,
    wanted: Option<u32>,
) -> Result<State, RemedyError> {
    let now = read(config, target).await?;
    if now.is_split {
        return Err(RemedyError::Impossible(target.name(), "its traffic is split between two versions"));
    }
    // The revision moves with the alias; provisioned concurrency has none of its own.
    if now.version != seen.version || now.revision != seen.revision {
        return Err(RemedyError::Drifted(target.name()));
    }
    if now.requested == wanted {
        return Ok(now);
    }
    if now.requested != seen.requested {
        return Err(RemedyError::Drifted(target.name()));
    }
    let client = Client::new(config);
    if let Some(instances) = wanted {
        let instances = i32::try_from(instances).ok().filter(|instances| *instances > 0);
        let instances =
            instances.ok_or(RemedyError::Impossible(target.name(), "the number of instances is out of range"))?;
        let put = client
            .put_provisioned_concurrency_config()
            .function_name(&target.function)
            .qualifier(&target.alias)
            .provisioned_concurrent_executions(instances);
        put.send().await.map_err(|err| RemedyError::Aws(explain(&err)))?;
    } else {
        let delete =
            client.delete_provisioned_concurrency_config().function_name(&target.function).qualifier(&target.alias);
        delete.send().await.map_err(|err| RemedyError::Aws(explain(&err)))?;
    }
    read(config, target).await
}

type Provisioned = (u32, Option<ProvisionedConcurrencyStatusEnum>);

async fn provisioned(client: &Client, target: &Target) -> Result<Option<Provisioned>, RemedyError> {
    let get = client.get_provisioned_concurrency_config().function_name(&target.function).qualifier(&target.alias);
    match get.send().await {
        Ok(found) => {
            let requested = found.requested_provisioned_concurrent_executions.unwrap_or(0);
            Ok(Some((u32::try_from(requested).unwrap_or(0), found.status)))
        }
        Err(err) if err.code() == Some("ProvisionedConcurrencyConfigNotFoundException") => Ok(None),
        Err(err) => Err(RemedyError::Aws(explain(&err))),
    }
}
