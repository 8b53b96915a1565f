//! People: what somebody is to the workspace, and who is in a user group. It is asked each time: both change, and an
//! approval counts only from whoever may give one now.

use super::chat::{Chat, ChatError, timely};
use serde_json::Value;
use std::collections::BTreeSet;
use tools::recovery::policy::{PersonId, Standing};

/// Slack's own voice. It is no bot by Slack's account, and nobody either.
const SLACKBOT: &str = "USLACKBOT";

/// What Slack answers of somebody whom the workspace does not know, or does not show to us.
const UNKNOWN_PEOPLE: [&str; 2] = ["user_not_found", "user_not_visible"];

impl Chat {
    /// What somebody is to the workspace.
    ///
    /// # Errors
    /// Slack refuses, does not answer, or answers with nothing about them.
    pub async fn standing(&self, user: &PersonId) -> Result<Standing, ChatError> {
        let team = self.team.get_or_try_init(async || self.identity().await.map(|identity| identity.team)).await?;
        judged(self.look_up("users.info", "user", &user.0).await, team)
    }

    /// Everybody in a user group, such as `S0123ABCD`.
    ///
    /// # Errors
    /// Slack refuses, as it does of a group that is not there, does not answer, or answers with no list.
    pub async fn members(&self, user_group: &str) -> Result<BTreeSet<PersonId>, ChatError> {
        listed(&self.look_up("usergroups.users.list", "usergroup", user_group).await?)
    }

    /// Whoever has this e-mail address in the workspace; none if nobody has.
    ///
    /// # Errors
    /// Slack refuses, does not answer, or answers with nobody.
    pub async fn person_by_email(&self, email: &str) -> Result<Option<PersonId>, ChatError> {
        match self.look_up("users.lookupByEmail", "email", email).await {
            Ok(answer) => match answer["user"]["id"].as_str() {
                Some(id) => Ok(Some(PersonId(id.to_owned()))),
                None => Err(ChatError::Unknown("a question about an address was answered without `user`".to_owned())),
            },
            Err(ChatError::Refused(code)) if code == "users_not_found" => Ok(None),
            Err(err) => Err(err),
        }
    }

    /// The channels in which somebody is and we are, too; public ones also without us.
    ///
    /// # Errors
    /// Slack refuses, does not answer, or answers with no list.
    pub async fn channels_of(&self, user: &PersonId) -> Result<BTreeSet<String>, ChatError> {
        let mut found = BTreeSet::new();
        let mut cursor = String::new();
        loop {
            let fields = vec![
                ("user", Some(user.0.as_str())),
                ("types", Some("public_channel,private_channel")),
                ("exclude_archived", Some("true")),
                ("limit", Some("999")),
                ("cursor", Some(cursor.as_str()).filter(|cursor| !cursor.is_empty())),
            ];
            let session = self.client.open_session(&self.token);
            let call = session.http_session_api.http_get("users.conversations", &fields, None);
            let answer: Value = self.heard(timely(call).await)?;
            let channels = answer["channels"].as_array().ok_or_else(|| {
                ChatError::Unknown("a question about somebody's channels was answered without `channels`".to_owned())
            })?;
            found.extend(channels.iter().filter_map(|channel| channel["id"].as_str().map(str::to_owned)));
            answer["response_metadata"]["next_cursor"].as_str().unwrap_or_default().clone_into(&mut cursor);
            if cursor.is_empty() {
                return Ok(found);
            }
        }
    }

    pub(super) async fn look_up(&self, method: &str, field: &str, id: &str) -> Result<Value, ChatError> {
        let session = self.client.open_session(&self.token);
        self.heard(timely(session.http_session_api.http_get(method, &vec![(field, Some(id))], None)).await)
    }
}

/// What an answer of `users.info` says of somebody.
fn judged(answer: Result<Value, ChatError>, our_team: &str) -> Result<Standing, ChatError> {
    match answer {
        Ok(answer) if answer["user"].is_object() => Ok(standing_of(&answer["user"], our_team)),
        Ok(_) => Err(ChatError::Unknown("a question about a person was answered without `user`".to_owned())),
        Err(ChatError::Refused(code)) if UNKNOWN_PEOPLE.contains(&code.as_str()) => Ok(Standing::Stranger),
        Err(err) => Err(err),
    }
}

fn standing_of(user: &Value, our_team: &str) -> Standing {
    let is = |field: &str| user[field] == true;
    let is_elsewhere = user["team_id"].as_str().is_some_and(|team| !team.is_empty() && team != our_team);
    // Where our own team is not told, nobody can be told to be of another.
    let is_elsewhere = is_elsewhere && !our_team.is_empty();
    if is("deleted") {
        Standing::Deactivated
    } else if is("is_bot") || is("is_stranger") || is_elsewhere || user["id"] == SLACKBOT {
        Standing::Stranger
    } else if is("is_restricted") || is("is_ultra_restricted") {
        Standing::Guest
    } else {
        Standing::Member
    }
}

/// The people that an answer of `usergroups.users.list` lists.
fn listed(answer: &Value) -> Result<BTreeSet<PersonId>, ChatError> {
    let ids = answer["users"].as_array().map(|ids| ids.iter().map(|id| id.as_str().map(str::to_owned)));
    let people = ids.and_then(|ids| ids.map(|id| id.map(PersonId)).collect());
    people.ok_or_else(|| ChatError::Unknown("a question about a user group was answered without `users`".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_plain_member_of_ours_is_a_member() {
        #[track_caller]
        fn check(more: &Value, expected: Standing) {
            let mut user = json!({"id": "U1", "team_id": "T1", "name": "mina", "profile": {}});
            for (field, value) in more.as_object().unwrap() {
                user[field] = value.clone();
            }
            assert_eq!(judged(Ok(json!({"ok": true, "user": user})), "T1"), Ok(expected), "{more}");
        }
        check(&json!({}), Standing::Member);
        check(&json!({"is_admin": true, "is_owner": true, "has_2fa": true}), Standing::Member);
        check(&json!({"deleted": false, "is_bot": false, "is_restricted": false}), Standing::Member);
        check(&json!({"is_restricted": null, "is_stranger": "true"}), Standing::Member);
        check(&json!({"team_id": null}), Standing::Member);
        check(&json!({"is_restricted": true}), Standing::Guest);
        check(&json!({"is_restricted": true, "is_ultra_restricted": true}), Standing::Guest);
        check(&json!({"is_ultra_restricted": true}), Standing::Guest);
        check(&json!({"deleted": true}), Standing::Deactivated);
        check(&json!({"deleted": true, "is_restricted": true, "team_id": "T2"}), Standing::Deactivated);
        check(&json!({"is_bot": true}), Standing::Stranger);
        check(&json!({"is_stranger": true}), Standing::Stranger);
        check(&json!({"is_stranger": true, "is_restricted": true}), Standing::Stranger);
        check(&json!({"team_id": "T2"}), Standing::Stranger);
        check(&json!({"id": "USLACKBOT", "is_bot": false}), Standing::Stranger);
    }

    #[test]
    fn where_no_team_is_told_none_is_compared() {
        let user = json!({"user": {"id": "U1", "team_id": "T2"}});
        assert_eq!(judged(Ok(user), ""), Ok(Standing::Member));
    }

    #[test]
    fn whom_slack_does_not_know_is_a_stranger_and_any_other_trouble_is_told() {
        #[track_caller]
        fn check(answer: Result<Value, ChatError>, expected: &Result<Standing, ChatError>) {
            assert_eq!(judged(answer, "T1"), *expected);
        }
        let refused = |code: &str| Err(ChatError::Refused(code.to_owned()));
        check(refused("user_not_found"), &Ok(Standing::Stranger));
        check(refused("user_not_visible"), &Ok(Standing::Stranger));
        check(refused("missing_scope"), &Err(ChatError::Refused("missing_scope".to_owned())));
        check(Err(ChatError::Limited { after_s: 3 }), &Err(ChatError::Limited { after_s: 3 }));
        for answer in [json!({"ok": true}), json!({"user": null}), json!({"user": "U1"}), json!([])] {
            let told = judged(Ok(answer.clone()), "T1");
            assert!(matches!(told, Err(ChatError::Unknown(_))), "{answer}: {told:?}");
        }
    }

    #[test]
    fn a_user_group_is_all_of_its_list_or_nothing() {
        #[track_caller]
        fn check(answer: &Value, expected: Option<&[&str]>) {
            let people = listed(answer).ok();
            let expected = expected.map(|ids| ids.iter().map(|id| PersonId((*id).to_owned())).collect());
            assert_eq!(people, expected, "{answer}");
        }
        check(&json!({"ok": true, "users": ["U2", "U1", "U2"]}), Some(&["U1", "U2"]));
        check(&json!({"users": []}), Some(&[]));
        check(&json!({"users": ["U1", 7]}), None);
        check(&json!({"users": null}), None);
        check(&json!({"ok": true}), None);
    }
}
