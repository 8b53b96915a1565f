//! Why an alarm stands where it stands.

use crate::model::{IncidentId, ServiceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why an alarm stands in this incident and in no other. Every variant can be told in one sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Because {
    /// No incident was open.
    First,
    /// It belongs to a service that is already part of it.
    SameService {
        /// The service.
        service: ServiceId,
        /// Seconds since that service's last alarm here.
        after_s: i64,
    },
    /// The topology connects its service with one that is already part of it.
    Connected {
        /// The calls from one to the other, caller first.
        path: Vec<ServiceId>,
        /// Seconds since the alarm at the other end.
        after_s: i64,
    },
    /// Its service and one that is already part of it call the same service.
    SharedCallee {
        /// The service both call.
        callee: ServiceId,
        /// The service that is already part of it.
        with: ServiceId,
        /// Seconds since the alarm there.
        after_s: i64,
    },
    /// A composite alarm of which a child is part of it.
    Composite {
        /// The child.
        child: String,
    },
    /// The topology does not know its service, but name, account and time agree.
    Alike {
        /// The alarm it resembles.
        alarm: String,
        /// Seconds since that alarm.
        after_s: i64,
    },
    /// A person said once that it belongs with what is part of it.
    Told {
        /// Who.
        by: String,
        /// Of which incident.
        of: IncidentId,
    },
    /// A person merged the incident that it stood in.
    Merged {
        /// That incident.
        from: IncidentId,
        /// Who.
        by: String,
        /// When it came over.
        at: Timestamp,
    },
    /// A person took it out of the incident that it stood in.
    Split {
        /// That incident.
        from: IncidentId,
        /// Who.
        by: String,
    },
    /// Nothing connects it with the incidents that are open.
    Apart {
        /// The nearest open incident.
        from: IncidentId,
        /// What speaks against joining it.
        reason: Apartness,
    },
}

/// What speaks against an alarm joining the nearest open incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(tag = "apart", rename_all = "snake_case")]
pub enum Apartness {
    /// It comes from another account, and no call leads there.
    OtherAccount {
        /// The alarm's account.
        account: String,
        /// The service it belongs to, if known.
        service: Option<ServiceId>,
    },
    /// No call connects its service with the incident.
    NoPath {
        /// Its service.
        service: ServiceId,
    },
    /// The topology does not know its service, and its name says nothing either.
    Unknown,
    /// A person said once that it does not belong there.
    Told {
        /// Who.
        by: String,
        /// Of which incident.
        of: IncidentId,
    },
    /// The incident has been silent for too long.
    TooLate {
        /// Minutes since its last alarm.
        silent_min: i64,
    },
}
