//! What people do with an incident by hand: declare it, name it, rate it, take its roles, add notes, close and reopen it.

use crate::recovery::policy::PersonId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Characters of a title.
pub const MAX_TITLE: usize = 150;

/// Characters of a note, a description or a reason.
pub const MAX_TEXT: usize = 1000;

/// Characters of a link; a longer one is left out.
const MAX_LINK: usize = 500;

/// So much people may do with one incident by hand. After that it can only be closed.
pub const MOST_DEEDS: usize = 500;

/// How bad an incident is; SEV1 is worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each organisation says itself what they mean")]
pub enum Severity {
    Sev1,
    Sev2,
    Sev3,
    Sev4,
}

impl Severity {
    /// All of them, the worst first.
    pub const ALL: [Self; 4] = [Self::Sev1, Self::Sev2, Self::Sev3, Self::Sev4];

    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            Self::Sev1 => 1,
            Self::Sev2 => 2,
            Self::Sev3 => 3,
            Self::Sev4 => 4,
        }
    }

    /// Reads `1`, `sev1`, `SEV-1` and `s1`.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let rest = text.strip_prefix("sev").or_else(|| text.strip_prefix('s')).unwrap_or(&text);
        let number: u8 = rest.trim_start_matches(['-', '–', '—', ' ']).parse().ok()?;
        Self::ALL.into_iter().find(|severity| severity.number() == number)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SEV{}", self.number())
    }
}

/// What somebody is responsible for while an incident lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Decides and coordinates.
    Lead,
    /// Writes down what happens.
    Scribe,
    /// Tells everybody else.
    Comms,
}

impl Role {
    /// All of them, in the order in which they are needed.
    pub const ALL: [Self; 3] = [Self::Lead, Self::Scribe, Self::Comms];

    /// The word people type for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Scribe => "scribe",
            Self::Comms => "comms",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What somebody did with an incident by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Did {
    /// Said that there is one; no alarm did.
    Declared {
        /// What it is called.
        title: String,
        /// What is known of it.
        about: Option<String>,
    },
    /// Gave it another title.
    Titled {
        /// What it is called now.
        title: String,
    },
    /// Said how bad it is.
    Rated {
        /// How bad; none takes back what was said before.
        severity: Option<Severity>,
    },
    /// Gave a role to somebody.
    Assigned {
        /// Which role.
        role: Role,
        /// To whom; none leaves it open.
        to: Option<PersonId>,
    },
    /// Added a note to the timeline.
    Noted {
        /// What it says.
        text: String,
        /// The message it was taken from, if it was.
        link: Option<String>,
    },
    /// Said that it is over.
    Closed {
        /// Why, if they said so.
        because: Option<String>,
    },
    /// Said that it is not over.
    Reopened,
}

impl Did {
    /// The same with texts of a length that is kept. What is longer is cut and marked.
    #[must_use]
    pub fn bounded(self) -> Self {
        let text = |text: String| cut(&text, MAX_TEXT);
        match self {
            Self::Declared { title, about } => {
                Self::Declared { title: cut(&title, MAX_TITLE), about: about.map(text).filter(|text| !text.is_empty()) }
            }
            Self::Titled { title } => Self::Titled { title: cut(&title, MAX_TITLE) },
            Self::Noted { text: said, link } => {
                Self::Noted { text: text(said), link: link.filter(|link| link.len() <= MAX_LINK) }
            }
            Self::Closed { because } => Self::Closed { because: because.map(text).filter(|text| !text.is_empty()) },
            other @ (Self::Rated { .. } | Self::Assigned { .. } | Self::Reopened) => other,
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

/// What somebody did, in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: PersonId,
    /// What.
    pub did: Did,
}

/// What people made of an incident by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// What they call it; none leaves it to its alarms and its cause.
    pub title: Option<String>,
    /// Who declared it; none if alarms began it.
    pub declared_by: Option<PersonId>,
    /// What whoever declared it knew of it.
    pub about: Option<String>,
    /// How bad it is, if somebody said so.
    pub severity: Option<Severity>,
    /// Who has which role.
    pub roles: BTreeMap<Role, PersonId>,
    /// When it was closed; none while it is open.
    pub closed_at: Option<Timestamp>,
    /// Everything they did, in order.
    pub deeds: Vec<Deed>,
}

/// Why nothing comes of what somebody wants to do by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// It is so already.
    IsSo,
    /// It is closed, and has to be reopened before.
    Closed,
    /// That message is a note already.
    Noted,
    /// People did [`MOST_DEEDS`] things with it by hand.
    Full,
}

impl People {
    /// Whether something would come of this.
    ///
    /// # Errors
    /// Why nothing would.
    pub fn takes(&self, did: &Did) -> Result<(), Idle> {
        let is_so = match did {
            Did::Declared { .. } => self.declared_by.is_some(),
            Did::Titled { title } => self.title.as_ref() == Some(title),
            Did::Rated { severity } => self.severity == *severity,
            Did::Assigned { role, to } => self.roles.get(role) == to.as_ref(),
            Did::Noted { link: Some(link), .. } if self.has_note_of(link) => return Err(Idle::Noted),
            Did::Noted { .. } => false,
            Did::Closed { .. } => self.closed_at.is_some(),
            Did::Reopened => self.closed_at.is_none(),
        };
        if is_so {
            return Err(Idle::IsSo);
        }
        // What is over can still be written about, but nobody leads it.
        if self.closed_at.is_some() && matches!(did, Did::Assigned { to: Some(_), .. }) {
            return Err(Idle::Closed);
        }
        if self.deeds.len() >= MOST_DEEDS && !matches!(did, Did::Closed { .. }) {
            return Err(Idle::Full);
        }
        Ok(())
    }

    fn has_note_of(&self, message: &str) -> bool {
        self.notes().any(|(_, _, link)| link == Some(message))
    }

    /// The notes: who wrote each, what it says, and the message it was taken from.
    pub fn notes(&self) -> impl Iterator<Item = (&Deed, &str, Option<&str>)> {
        self.deeds.iter().filter_map(|deed| match &deed.did {
            Did::Noted { text, link } => Some((deed, text.as_str(), link.as_deref())),
            Did::Declared { .. }
            | Did::Titled { .. }
            | Did::Rated { .. }
            | Did::Assigned { .. }
            | Did::Closed { .. }
            | Did::Reopened => None,
        })
    }

    pub(super) fn apply(&mut self, at: Timestamp, by: &PersonId, did: &Did) {
        match did {
            Did::Declared { title, about } => {
                self.title = Some(title.clone());
                self.about.clone_from(about);
                self.declared_by = Some(by.clone());
            }
            Did::Titled { title } => self.title = Some(title.clone()),
            Did::Rated { severity } => self.severity = *severity,
            Did::Assigned { role, to: Some(to) } => {
                self.roles.insert(*role, to.clone());
            }
            Did::Assigned { role, to: None } => {
                self.roles.remove(role);
            }
            Did::Noted { .. } => {}
            Did::Closed { .. } => self.closed_at = Some(at),
            Did::Reopened => self.closed_at = None,
        }
        self.deeds.push(Deed { at, by: by.clone(), did: did.clone() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_severity_is_read_as_people_type_it() {
        #[track_caller]
        fn check(text: &str, expected: Option<Severity>) {
            assert_eq!(Severity::read(text), expected, "{text}");
        }
        for text in ["2", "sev2", "SEV2", "Sev-2", "sev–2", "s2", " sev 2 "] {
            check(text, Some(Severity::Sev2));
        }
        for text in ["", "0", "5", "sev", "two", "22", "-", "sev2x"] {
            check(text, None);
        }
        for severity in Severity::ALL {
            check(&severity.to_string(), Some(severity));
        }
    }

    fn mina() -> PersonId {
        PersonId("U0MINA".to_owned())
    }

    fn after(deeds: &[Did]) -> People {
        let mut people = People::default();
        for did in deeds {
            people.apply(Timestamp::UNIX_EPOCH, &mina(), did);
        }
        people
    }

    #[test]
    fn what_is_so_already_changes_nothing() {
        #[track_caller]
        fn check(before: &[Did], did: &Did, expected: Result<(), Idle>) {
            assert_eq!(after(before).takes(did), expected, "{before:?} then {did:?}");
        }
        let note = |link: Option<&str>| Did::Noted { text: "x".to_owned(), link: link.map(str::to_owned) };
        let lead = |to: Option<PersonId>| Did::Assigned { role: Role::Lead, to };
        let closed = Did::Closed { because: None };
        check(&[], &Did::Rated { severity: None }, Err(Idle::IsSo));
        check(&[Did::Rated { severity: Some(Severity::Sev1) }], &Did::Rated { severity: None }, Ok(()));
        check(&[], &Did::Reopened, Err(Idle::IsSo));
        check(std::slice::from_ref(&closed), &Did::Reopened, Ok(()));
        check(std::slice::from_ref(&closed), &closed, Err(Idle::IsSo));
        check(std::slice::from_ref(&closed), &note(None), Ok(()));
        check(std::slice::from_ref(&closed), &lead(Some(mina())), Err(Idle::Closed));
        check(&[lead(Some(mina()))], &lead(Some(mina())), Err(Idle::IsSo));
        check(&[lead(Some(mina()))], &lead(None), Ok(()));
        check(&[note(Some("a"))], &note(Some("a")), Err(Idle::Noted));
        check(&[note(Some("a"))], &note(Some("b")), Ok(()));
        check(&[note(None)], &note(None), Ok(()));
        let many = vec![note(None); MOST_DEEDS];
        check(&many, &note(None), Err(Idle::Full));
        check(&many, &closed, Ok(()));
    }

    proptest! {
        #[test]
        fn texts_are_bounded_and_stay_so(title in "\\PC{0,300}", text in "\\PC{0,1500}") {
            let closed = Did::Closed { because: Some(text.clone()) }.bounded();
            let declared = Did::Declared { title, about: Some(text) }.bounded();
            for did in [closed, declared] {
                if let Did::Declared { title, .. } = &did {
                    prop_assert!(title.chars().count() <= MAX_TITLE);
                }
                if let Did::Declared { about: Some(text), .. } | Did::Closed { because: Some(text) } = &did {
                    prop_assert!((1..=MAX_TEXT).contains(&text.chars().count()));
                }
                prop_assert_eq!(did.clone().bounded(), did);
            }
        }
    }
}
