//! Replay an EventBridge archive. It cannot be undone.
//!
//! A replay has a name, a digest of its parameters: the same span of the same archive is replayed once, and never by accident
//! twice. EventBridge replays an archive only to the bus whose events it holds.
//!
//! | read | needed | meaning |
//! |---|---|---|
//! | `State` | yes | of the archive; only `ENABLED` can be replayed |
//! | `EventSourceArn` | yes | the bus whose events it holds |
//! | `ReplayName` | no | present once the replay was started |

use super::read::{needed, with};
use super::{Entry, Impossible, RemedySpec, Target, names};
use crate::digest;
use crate::model::{Cost, Direction, Measure, Reading, Risk};
use crate::recovery::prices::Prices;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest span.
const MOST: SignedDuration = SignedDuration::from_hours(24);

/// Replay an EventBridge archive. It cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ArchiveReplay {
    /// The archive's name.
    pub archive: String,
    /// The bus it is replayed to.
    pub bus: String,
    /// The first moment replayed.
    pub from: Timestamp,
    /// The moment it ends before; at most 24 hours later.
    pub to: Timestamp,
}

impl ArchiveReplay {
    /// Its row of the catalogue.
    pub const SPEC: RemedySpec = RemedySpec {
        name: "archive-replay",
        title: "Replay an archive",
        about: "Sends the events of a span of time to their bus again.",
        risk: Risk::High,
        side_effects: "Whatever matches is handled again: who has handled these events before does so twice, unless they know \
                       them by their ids. Every rule of the bus sees them, and their order is not kept. Replayed events are \
                       billed.",
        inverse: "none: it cannot be undone",
        success: "requests rise within 15 min",
        reads: &["events:DescribeArchive", "events:DescribeReplay"],
        writes: &["events:StartReplay"],
    };

    /// The name of the replay, 24 characters of those that EventBridge allows.
    pub fn replay_name(&self) -> String {
        let content = format!("{}\n{}\n{}\n{}", self.archive, self.bus, self.from, self.to);
        format!("clarity-{}", digest::short(content))
    }
}

impl Entry for ArchiveReplay {
    fn spec(&self) -> &'static RemedySpec {
        &Self::SPEC
    }

    /// The archive and the replay, `orders:clarity-…`: another span is another target.
    fn target(&self) -> Target {
        Target::new("AWS::Events::Archive", format!("{}:{}", self.archive, self.replay_name()))
    }

    fn check(&self, saw: &Reading) -> Result<(), Impossible> {
        names::archive(&self.archive)?;
        names::bus(&self.bus)?;
        if self.from >= self.to {
            return Err(Impossible("the span to replay ends before it begins".to_owned()));
        }
        if self.to.duration_since(self.from) > MOST {
            return Err(Impossible("the span to replay is longer than 24 hours".to_owned()));
        }
        let target = self.target();
        let state = needed(saw, &target, "State")?;
        if state != "ENABLED" {
            return Err(Impossible(format!("the archive `{}` cannot be replayed: it is `{state}`", self.archive)));
        }
        let source = needed(saw, &target, "EventSourceArn")?;
        if source.split_once(":event-bus/").is_none_or(|(_, bus)| bus != self.bus) {
            return Err(Impossible(format!(
                "the archive `{}` holds the events of another bus: {source}",
                self.archive
            )));
        }
        Ok(())
    }

    fn wants(&self, saw: &Reading) -> BTreeMap<String, String> {
        with(saw, "ReplayName", Some(self.replay_name()))
    }

    fn risk(&self, _saw: &Reading, _now: Timestamp) -> (Risk, &'static str) {
        (Risk::High, "what was handled before is handled again, and that cannot be undone")
    }

    /// Unknown: it depends on how many events there are.
    fn cost(&self, _saw: &Reading, _prices: &Prices) -> Cost {
        Cost::Unknown
    }

    fn is_reversible(&self, _saw: &Reading) -> bool {
        false
    }

    /// The requests of whoever handles these events.
    fn expects(&self, _saw: &Reading) -> Option<(Measure, Direction, u32)> {
        Some((Measure::Requests, Direction::Rises, 15))
    }

    fn sentence(&self, _saw: &Reading) -> String {
        format!("Replay archive {} to bus {} from {} to {}", self.archive, self.bus, self.from, self.to)
    }
}
