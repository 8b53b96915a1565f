//! What is done about an error of the Web API. [`course`] is the one place that says it; the table in this crate's README tells
//! it to people, and a test holds one against the other.

use super::chat::ChatError;
use std::sync::{Mutex, PoisonError};

/// What is done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// The call is made again when Slack says.
    Wait,
    /// It may have had its effect: that is looked for, and the call is made again, with growing pauses, as long as it takes.
    Again,
    /// What should be edited cannot be any more: it is posted anew.
    Anew,
    /// The thread it was to stand in is gone: it stands in the new one, or in the channel.
    Elsewhere,
    /// It is sent plainer: without pictures, and then in words only.
    Plainer,
    /// The token is no good: nothing is lost and nothing is sent until there is a good one.
    Stop,
    /// It is given up, and the log says what to do; what else waits goes on.
    GiveUp,
}

/// The errors Slack answers with a 200 that pass by themselves.
pub(super) const PASSING: [&str; 6] =
    ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "team_added_to_org"];

/// A message that cannot be edited, and never will be.
const NOT_EDITABLE: [&str; 3] = ["message_not_found", "cant_update_message", "edit_window_closed"];

/// What it should stand under was deleted before anybody replied.
const NO_THREAD: &str = "thread_not_found";

/// What it shows is refused, and not where it goes. Whatever begins so.
const NOT_SHOWABLE: [&str; 5] =
    ["invalid_blocks", "file_", "msg_too_long", "msg_blocks_too_long", "invalid_attachments"];

/// The token is no good.
const NO_TOKEN: [&str; 6] =
    ["token_revoked", "token_expired", "account_inactive", "invalid_auth", "not_authed", "team_access_not_granted"];

/// Nobody can write there, until somebody does something about it: what.
const NO_CHANNEL: [(&str, &str); 4] = [
    ("not_in_channel", "type `/invite @Clarity` there"),
    ("is_archived", "bring the channel back, or name another one in the configuration"),
    ("channel_not_found", "correct the channel's id in the configuration, or invite the app if it is private"),
    ("restricted_action", "let the app post there, in the channel's settings"),
];

/// What is done about an error.
pub fn course(error: &ChatError) -> Course {
    let code = match error {
        ChatError::Limited { .. } => return Course::Wait,
        ChatError::Unknown(_) => return Course::Again,
        ChatError::Refused(code) => code.as_str(),
    };
    if NO_TOKEN.contains(&code) {
        Course::Stop
    } else if NOT_EDITABLE.contains(&code) {
        Course::Anew
    } else if code == NO_THREAD {
        Course::Elsewhere
    } else if NOT_SHOWABLE.iter().any(|begin| code.starts_with(begin)) {
        Course::Plainer
    } else {
        Course::GiveUp
    }
}

/// What a person can do about an error, if only a person can; to be read after a semicolon.
pub fn step(error: &ChatError) -> Option<&'static str> {
    let ChatError::Refused(code) = error else { return None };
    let of_channel = NO_CHANNEL.iter().find(|(known, _)| known == code).map(|(_, step)| *step);
    let is_scope = code == "missing_scope";
    of_channel.or_else(|| is_scope.then_some("`clarity check` says which one, and what people lose without it"))
}

/// Whether the token is good, as far as the last call told. All clones of a client share it.
#[derive(Debug, Default)]
pub(super) struct TokenState(Mutex<Option<String>>);

impl TokenState {
    /// Notes what a call told. The log has one line when the token goes bad, and one when it is good again.
    pub(super) fn note<T>(&self, told: &Result<T, ChatError>) {
        let mut trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            Ok(_) => {
                if trouble.take().is_some() {
                    tracing::warn!("Slack takes the token again: what waited is sent");
                }
            }
            Err(error) if course(error) == Course::Stop => {
                if trouble.is_none() {
                    tracing::error!(
                        "nothing is sent any more: {error}. Install the app again and start with its new token"
                    );
                }
                *trouble = Some(error.to_string());
            }
            Err(_) => {}
        }
    }

    /// Why the token is no good; nothing if it is, as far as is known.
    pub(super) fn trouble(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_tells_what_is_done_about_every_error() {
        let readme = include_str!("../../README.md");
        let channels = NO_CHANNEL.iter().map(|(code, _)| *code);
        let known = PASSING
            .into_iter()
            .chain(NOT_EDITABLE)
            .chain(NOT_SHOWABLE)
            .chain(NO_TOKEN)
            .chain([NO_THREAD])
            .chain(channels);
        for code in known {
            assert!(readme.contains(&format!("`{code}")), "the README does not tell of `{code}`");
        }
    }

    #[test]
    fn no_error_has_two_courses_and_each_means_something() {
        #[track_caller]
        fn check(code: &str, expected: Course) {
            assert_eq!(course(&ChatError::Refused(code.to_owned())), expected, "{code}");
        }
        for code in NO_TOKEN {
            check(code, Course::Stop);
        }
        for code in NOT_EDITABLE {
            check(code, Course::Anew);
        }
        for code in NOT_SHOWABLE {
            check(code, Course::Plainer);
        }
        check("invalid_blocks_format", Course::Plainer);
        check("file_not_found", Course::Plainer);
        for (code, step) in NO_CHANNEL {
            check(code, Course::GiveUp);
            assert_eq!(super::step(&ChatError::Refused(code.to_owned())), Some(step));
        }
        check(NO_THREAD, Course::Elsewhere);
        assert_eq!(step(&ChatError::Refused("thread_not_found".to_owned())), None);
        assert_eq!(course(&ChatError::Limited { after_s: 3 }), Course::Wait);
        assert_eq!(course(&ChatError::Unknown("HTTP 503".to_owned())), Course::Again);
    }

    #[test]
    fn a_token_is_no_good_until_a_call_succeeds() {
        let state = TokenState::default();
        let refused = |code: &str| Err::<(), _>(ChatError::Refused(code.to_owned()));
        state.note(&refused("channel_not_found"));
        assert_eq!(state.trouble(), None);
        state.note(&refused("token_revoked"));
        state.note(&Err::<(), _>(ChatError::Unknown("HTTP 503".to_owned())));
        assert_eq!(state.trouble().as_deref(), Some("Slack refuses: token_revoked"));
        state.note(&Ok(()));
        assert_eq!(state.trouble(), None);
    }
}
