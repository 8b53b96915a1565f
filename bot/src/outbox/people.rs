//! Who is who in the workspace, as Slack says. What it said counts for a minute: plans are decided in bursts of clicks, and
//! whoever is no member any more shall not decide for long.

use crate::rules::Rules;
use crate::slack::chat::{Chat, ChatError};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tools::recovery::policy::{Directory, PersonId, Standing};

/// How long it counts what Slack said.
const AGE: SignedDuration = SignedDuration::from_secs(60);

/// What Slack said, and when.
#[derive(Debug, Default)]
pub(super) struct People {
    standings: HashMap<PersonId, (Timestamp, Standing)>,
    /// The members of user groups, by the id of the group.
    members: HashMap<String, (Timestamp, BTreeSet<PersonId>)>,
}

impl People {
    /// Who these people are, and who is in the groups that the rules know. One call for each that was not asked about within
    /// the last minute.
    pub(super) async fn directory(
        &mut self,
        wanted: impl IntoIterator<Item = PersonId>,
        rules: &Rules,
        chat: &Chat,
        now: Timestamp,
    ) -> Result<Directory, ChatError> {
        let is_fresh = |at: Timestamp| now.duration_since(at) < AGE;
        self.standings.retain(|_, (at, _)| is_fresh(*at));
        self.members.retain(|_, (at, _)| is_fresh(*at));
        let mut directory = rules.policies.directory();
        for (name, group) in rules.policies.user_groups() {
            if !self.members.contains_key(&group.slack) {
                self.members.insert(group.slack.clone(), (now, chat.members(&group.slack).await?));
            }
            directory.unresolved.remove(name);
            directory.groups.insert(name.to_owned(), self.members[&group.slack].1.clone());
        }
        let mut people = BTreeMap::new();
        for id in wanted {
            if !self.standings.contains_key(&id) {
                self.standings.insert(id.clone(), (now, chat.standing(&id).await?));
            }
            people.insert(id.clone(), self.standings[&id].1);
        }
        Ok(Directory { people: Some(people), ..directory })
    }
}
