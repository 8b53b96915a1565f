//! Who may do what, as far as the configuration says it: where the policy is, who is in its groups, and which hours are
//! business hours.

use super::is_slack_id;
use crate::hours::Hours;
use jiff::Timestamp;
use jiff::civil::Weekday;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;
use tools::recovery::policy::{Directory, PersonId};

/// The section `[policy]`. Without it, the policy that comes with the program applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// The file with the policies, in Cedar; a relative path begins at the configuration file's folder.
    pub file: Option<PathBuf>,
    /// The policies themselves, where there is no file, as on Lambda. Not together with `file`.
    pub text: Option<String>,
    /// The groups that policies name, `Group::"oncall"`.
    #[serde(default)]
    pub groups: BTreeMap<String, Group>,
    /// Which hours are business hours, such as `"09:00-17:00 Europe/Berlin"`, Monday to Friday. Needed if a policy asks.
    pub business_hours: Option<BusinessHours>,
}

/// Who is in a group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "a group is a list of Slack user ids, or `{ slack = \"S0123\" }`, a Slack user group's id"
)]
pub enum Group {
    /// These, by their Slack user ids.
    People(BTreeSet<PersonId>),
    /// Whoever is in a Slack user group when it counts.
    Slack(UserGroup),
}

/// A Slack user group.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserGroup {
    /// Its id, such as `S0123ABCD`.
    pub slack: String,
}

/// The hours of working days, Monday to Friday, in one time zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BusinessHours(Hours);

impl BusinessHours {
    /// Whether `now` is within them. The end is not.
    pub fn contains(&self, now: Timestamp) -> bool {
        let is_weekend = matches!(self.0.there(now).weekday(), Weekday::Saturday | Weekday::Sunday);
        !is_weekend && self.0.contains(now)
    }
}

impl FromStr for BusinessHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hours = Hours::read(text).map_err(|odd| odd.sentence("business hours", text))?;
        if hours.is_overnight() {
            let hours = text.split(' ').next().unwrap_or_default();
            return Err(format!("business hours end after they begin, and `{hours}` do not"));
        }
        Ok(Self(hours))
    }
}

impl TryFrom<String> for BusinessHours {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Policies {
    /// Whether it says one thing in one way, and nothing by half.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.file.is_some() && self.text.is_some() {
            return Err("`policy.file` and `policy.text` are both set; one is enough".to_owned());
        }
        if self.file.is_none() && self.text.is_none() {
            let idle = if self.business_hours.is_some() { Some("business_hours") } else { None };
            if let Some(idle) = idle.or_else(|| (!self.groups.is_empty()).then_some("groups")) {
                return Err(format!(
                    "`policy.{idle}` is set, and neither `policy.file` nor `policy.text`: the policy that comes with the \
                     program does not ask for it"
                ));
            }
        }
        for (name, group) in &self.groups {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
                return Err(format!("the group `{name}` needs a name of 1 to 64 letters, digits, `-` and `_`"));
            }
            match group {
                Group::People(people) if people.is_empty() => {
                    return Err(format!("the group `{name}` has nobody in it"));
                }
                Group::People(people) => {
                    if let Some(odd) = people.iter().find(|PersonId(id)| !is_slack_id(id, b"UW")) {
                        return Err(format!("`{odd}` in the group `{name}` is no Slack user id; one is `U0123ABCD`"));
                    }
                }
                Group::Slack(UserGroup { slack }) if !is_slack_id(slack, b"S") => {
                    return Err(format!(
                        "`{slack}` of the group `{name}` is no Slack user group id; one is `S0123ABCD`"
                    ));
                }
                Group::Slack(_) => {}
            }
        }
        Ok(())
    }

    /// Who is in which group, as far as the configuration knows. Slack has not been asked: not for the members of its user
    /// groups, and not for who is a member of the workspace.
    pub fn directory(&self) -> Directory {
        let mut directory = Directory::default();
        for (name, group) in &self.groups {
            match group {
                Group::People(people) => {
                    directory.groups.insert(name.clone(), people.clone());
                }
                Group::Slack(_) => {
                    directory.unresolved.insert(name.clone());
                }
            }
        }
        directory
    }

    /// The Slack user groups whose members are to be asked for, by the names that policies use.
    pub fn user_groups(&self) -> impl Iterator<Item = (&str, &UserGroup)> {
        self.groups.iter().filter_map(|(name, group)| match group {
            Group::Slack(user_group) => Some((name.as_str(), user_group)),
            Group::People(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    #[test]
    fn business_hours_are_those_of_their_place() {
        let berlin: BusinessHours = "09:00-17:00 Europe/Berlin".parse().unwrap();
        #[track_caller]
        fn check(hours: &BusinessHours, now: &str, expected: bool) {
            assert_eq!(hours.contains(now.parse().unwrap()), expected, "{now}");
        }
        // Friday the 20th of November, one hour ahead of UTC.
        check(&berlin, "2026-11-20T07:59:59Z", false);
        check(&berlin, "2026-11-20T08:00:00Z", true);
        check(&berlin, "2026-11-20T15:59:59Z", true);
        check(&berlin, "2026-11-20T16:00:00Z", false);
        // Summer is two hours ahead.
        check(&berlin, "2026-07-10T07:00:00Z", true);
        check(&berlin, "2026-07-10T15:00:00Z", false);
        check(&berlin, "2026-11-21T10:00:00Z", false);
        check(&berlin, "2026-11-22T10:00:00Z", false);
        check(&berlin, "2026-11-23T10:00:00Z", true);
        // Monday morning in Auckland is Sunday in UTC.
        check(&"08:00-10:00 Pacific/Auckland".parse().unwrap(), "2026-11-22T20:00:00Z", true);
    }

    #[test]
    fn business_hours_that_are_none_are_refused() {
        let refused = |text: &str| text.parse::<BusinessHours>().unwrap_err();
        assert_snapshot!(refused("9-5"), @"business hours are written as `09:00-17:00 Europe/Berlin`, and not as `9-5`");
        assert_snapshot!(refused("9:00-17:00 UTC"), @"business hours are written as `09:00-17:00 Europe/Berlin`, and not as `9:00-17:00 UTC`");
        assert_snapshot!(refused("09:00-25:00 UTC"), @"business hours are written as `09:00-17:00 Europe/Berlin`, and not as `09:00-25:00 UTC`");
        assert_snapshot!(refused("22:00-06:00 UTC"), @"business hours end after they begin, and `22:00-06:00` do not");
        assert_snapshot!(refused("09:00-17:00 Berlin"), @"`Berlin` is no time zone; one is `Europe/Berlin`, another `UTC`");
    }

    #[test]
    fn what_is_half_set_is_refused() {
        let refused = |text: &str| match toml::from_str::<Policies>(text) {
            Ok(policies) => policies.check().unwrap_err(),
            Err(err) => err.message().to_owned(),
        };
        assert_snapshot!(refused("file = \"a\"\ntext = \"b\""), @"`policy.file` and `policy.text` are both set; one is enough");
        assert_snapshot!(refused("groups.oncall = [\"U1\"]"), @"`policy.groups` is set, and neither `policy.file` nor `policy.text`: the policy that comes with the program does not ask for it");
        assert_snapshot!(refused("business_hours = \"09:00-17:00 UTC\""), @"`policy.business_hours` is set, and neither `policy.file` nor `policy.text`: the policy that comes with the program does not ask for it");
        assert_snapshot!(refused("text = \"\"\ngroups.oncall = []"), @"the group `oncall` has nobody in it");
        assert_snapshot!(refused("text = \"\"\ngroups.oncall = [\"@mina\"]"), @"`@mina` in the group `oncall` is no Slack user id; one is `U0123ABCD`");
        assert_snapshot!(refused("text = \"\"\ngroups.oncall = { slack = \"oncall\" }"), @"`oncall` of the group `oncall` is no Slack user group id; one is `S0123ABCD`");
        assert_snapshot!(refused("text = \"\"\ngroups.oncall = { slak = \"S1\" }"), @r#"a group is a list of Slack user ids, or `{ slack = "S0123" }`, a Slack user group's id"#);
        assert_snapshot!(refused("text = \"\"\ngroups.\"on call\" = [\"U1\"]"), @"the group `on call` needs a name of 1 to 64 letters, digits, `-` and `_`");
        assert_snapshot!(refused("fil = \"a\""), @"unknown field `fil`, expected one of `file`, `text`, `groups`, `business_hours`");
    }

    #[test]
    fn groups_of_slack_are_asked_for_later() {
        let text = "file = \"policy.cedar\"\ngroups.dba = [\"U1\", \"U2\"]\ngroups.oncall = { slack = \"S1\" }";
        let policies: Policies = toml::from_str(text).unwrap();
        assert_eq!(policies.check(), Ok(()));
        let directory = policies.directory();
        assert_eq!(directory.groups["dba"].len(), 2);
        assert_eq!(directory.unresolved, ["oncall".to_owned()].into());
        assert_eq!(directory.people, None);
        let asked: Vec<_> = policies.user_groups().map(|(name, group)| (name, group.slack.as_str())).collect();
        assert_eq!(asked, [("oncall", "S1")]);
    }
}
