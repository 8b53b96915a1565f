//! Which incident somebody may mean.

use super::{Command, parse};

/// Whether what was typed is about an incident and leaves open about which.
pub fn may_mean_any(text: &str) -> bool {
    parse(text).is_ok_and(|command| {
        let is_about_one = match &command {
            Command::Approve { .. }
            | Command::Undo { .. }
            | Command::Stats { .. }
            | Command::Open { .. }
            | Command::Merge { .. }
            | Command::Settings { .. }
            | Command::Stop
            | Command::Overview
            | Command::Help => false,
            Command::Ask { .. }
            | Command::Split { .. }
            | Command::Status { .. }
            | Command::Page { .. }
            | Command::Postmortem { .. }
            | Command::Close { .. }
            | Command::Reopen { .. }
            | Command::Severity { .. }
            | Command::Roles { .. }
            | Command::Question { .. }
            | Command::Note { .. } => true,
        };
        is_about_one && command.incidents().is_empty()
    })
}
