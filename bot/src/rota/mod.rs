//! Schedules that are kept elsewhere: who is on call by PagerDuty or Opsgenie.

mod http;
mod opsgenie;
mod pagerduty;

pub use opsgenie::Opsgenie;
pub use pagerduty::PagerDuty;

use crate::config::{OnCall, Rotas};
use async_trait::async_trait;
use std::fmt::Debug;
use std::sync::Arc;

/// Somebody who is on call, as a schedule knows them. At least one of both is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDuty {
    /// Their e-mail address, by which Slack knows them.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
}

/// Why a schedule does not say who is on call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotaError {
    /// Too many calls: not before so many seconds.
    #[error("{who} asks to wait {after_s} s")]
    Limited {
        /// Whose it is.
        who: &'static str,
        /// From `Retry-After`.
        after_s: u64,
    },
    /// It does not answer, or not what it should.
    #[error("{who} does not say who is on call: {why}")]
    Silent {
        /// Whose it is.
        who: &'static str,
        /// A phrase.
        why: String,
    },
}

/// Says who is on call.
#[async_trait]
pub trait Rota: Debug + Send + Sync {
    /// Everybody who is on call now by this schedule, at the first step where there are several; nobody is no error.
    ///
    /// # Errors
    /// It cannot be asked.
    async fn on_duty(&self, schedule: &str) -> Result<Vec<OnDuty>, RotaError>;
}

/// People of one schedule who are called; of more somebody else should be.
const MOST: usize = 20;

/// The schedules that can be asked.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pagerduty: Option<Arc<dyn Rota>>,
    opsgenie: Option<Arc<dyn Rota>>,
}

impl Known {
    /// Those for which there is a key.
    ///
    /// # Errors
    /// The certificates of this machine cannot be read.
    pub fn of(rotas: &Rotas) -> std::io::Result<Self> {
        let Rotas { pagerduty, opsgenie } = rotas;
        let mut known = Self::default();
        if let Some((api, key)) = pagerduty {
            known.pagerduty = Some(Arc::new(PagerDuty::new(api, key.clone())?));
        }
        if let Some((api, key)) = opsgenie {
            known.opsgenie = Some(Arc::new(Opsgenie::new(api, key.clone())?));
        }
        Ok(known)
    }

    /// What can be asked who is on call, and by which schedule; none where Slack itself says so.
    pub(crate) fn by<'a>(&self, on_call: &'a OnCall) -> Option<(&Arc<dyn Rota>, &'a str)> {
        match on_call {
            OnCall::Pagerduty(schedule) => Some((self.pagerduty.as_ref()?, schedule)),
            OnCall::Opsgenie(schedule) => Some((self.opsgenie.as_ref()?, schedule)),
            OnCall::UserGroup(_) | OnCall::Topic(_) => None,
        }
    }
}
