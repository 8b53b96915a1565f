//! Who is who: people, the groups they are in, and whether they are members of the workspace at all.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Somebody, by the id that the chat knows, such as `U0123ABCD`. Policies write `Person::"U0123ABCD"`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct PersonId(pub String);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody is to the workspace. The chat is asked; nothing here is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A full member: the only standing with which anything is ever allowed.
    Member,
    /// A guest of one or more channels.
    Guest,
    /// Somebody whose account is closed.
    Deactivated,
    /// Somebody of another organisation, a bot, or nobody that the workspace knows.
    Stranger,
}

/// Somebody with everything that decides what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// The groups they are in, by the names of the configuration.
    pub groups: BTreeSet<String>,
    /// What they are to the workspace.
    pub standing: Standing,
}

/// Who is in which group, and who is a member at all, as far as that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// The groups whose members are known, by name.
    pub groups: BTreeMap<String, BTreeSet<PersonId>>,
    /// The names of groups that exist and whose members are not known here, since the chat has not been asked. It shares
    /// no name with `groups`.
    pub unresolved: BTreeSet<String>,
    /// Everybody that the workspace knows. `None`: the chat has not been asked.
    pub people: Option<BTreeMap<PersonId, Standing>>,
}

impl Directory {
    /// The groups that list somebody.
    pub fn groups_of(&self, id: &PersonId) -> BTreeSet<String> {
        let listing = self.groups.iter().filter(|(_, members)| members.contains(id));
        listing.map(|(name, _)| name.clone()).collect()
    }

    /// Somebody, as this directory knows them; `None` if it does not know who is a member. Whoever a directory that does
    /// know has not heard of is a stranger.
    pub fn person(&self, id: &PersonId) -> Option<Person> {
        let people = self.people.as_ref()?;
        let standing = people.get(id).copied().unwrap_or(Standing::Stranger);
        Some(Person { id: id.clone(), groups: self.groups_of(id), standing })
    }

    /// Whether there is a group of this name.
    pub fn has_group(&self, name: &str) -> bool {
        self.groups.contains_key(name) || self.unresolved.contains(name)
    }
}
