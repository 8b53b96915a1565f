//! The policy of a deployment: read at start, and what `clarity policy` says about it to people who write policies.

use crate::config::{ConfigError, File, Group, Policies};
use clap::{Args, Subcommand};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tools::model::{Risk, ServiceId};
use tools::recovery::policy::{
    Act, DEFAULT, Denial, Directory, Person, PersonId, PlanFacts, Policy, PolicyError, Question, Ruling, Standing,
};

/// Where plans act unless a configuration tells.
const PRODUCTION: &str = "production";

/// Why a policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The configuration that was to tell its groups cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its file cannot be read.
    #[error("the policy {} cannot be read: {problem}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        problem: std::io::Error,
    },
    /// It is no policy for us, or has dead ends.
    #[error("{origin} cannot be used: {problem}{hint}")]
    Wrong {
        /// Which policy.
        origin: String,
        /// What is wrong.
        problem: PolicyError,
        /// What may help.
        hint: &'static str,
    },
    /// It asks for business hours, and nobody says which they are.
    #[error("{0} asks for business hours, and `policy.business_hours` is not set")]
    NoHours(String),
    /// Somebody is said to be in a group that there is not.
    #[error("there is no group `{0}`; groups are configured under `[policy.groups]`")]
    NoGroup(String),
}

/// The policy that a configuration tells, checked for dead ends.
pub fn of(file: &File) -> Result<Policy, Unusable> {
    Told::of(None, Some(file))?.load()
}

/// Questions about a policy.
#[derive(Clone, Debug, Subcommand)]
pub enum Ask {
    /// Check a policy: its form, its names, and whether every plan can come to its end.
    Check(Where),
    /// Explain what a policy decides, and why.
    Explain(Explain),
}

/// Where a policy is.
#[derive(Args, Clone, Debug)]
pub struct Where {
    /// The policy, Cedar; that of the configuration unless told, or else the one that comes with the program.
    pub file: Option<PathBuf>,
    /// The configuration, TOML, with the groups and environments.
    #[arg(long)]
    pub config: Option<PathBuf>,
}

/// A question that a policy decides.
#[derive(Args, Clone, Debug)]
pub struct Explain {
    /// Where the policy is.
    #[command(flatten)]
    pub place: Where,
    /// Who wants to do it: a Slack user id.
    #[arg(long, value_name = "ID")]
    pub who: String,
    /// A group that they are in, besides those that list them; may be told again.
    #[arg(long = "in", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// What they want to do: propose, approve, execute or undo.
    #[arg(long, value_parser = act)]
    pub act: Act,
    /// The remedy's name in the catalogue.
    #[arg(long, value_name = "NAME")]
    pub remedy: String,
    /// The service it acts on.
    #[arg(long, value_name = "SERVICE")]
    pub target: String,
    /// Its risk: low, medium or high.
    #[arg(long, value_parser = risk)]
    pub risk: Risk,
    /// Where the service runs.
    #[arg(long, default_value = PRODUCTION)]
    pub environment: String,
    /// Who asked for the plan, by Slack user id; somebody else unless told.
    #[arg(long, value_name = "ID")]
    pub requester: Option<String>,
    /// What it adds to the bill in a month, in US cents; unknown unless told.
    #[arg(long, value_name = "CENTS", allow_negative_numbers = true)]
    pub cost: Option<i64>,
    /// It cannot be taken back.
    #[arg(long)]
    pub irreversible: bool,
    /// It is business hours.
    #[arg(long)]
    pub business_hours: bool,
}

fn act(text: &str) -> Result<Act, String> {
    let found = Act::ALL.into_iter().find(|act| act.word() == text);
    found.ok_or_else(|| "it is propose, approve, execute or undo".to_owned())
}

fn risk(text: &str) -> Result<Risk, String> {
    let found = Risk::ALL.into_iter().find(|risk| risk.word() == text);
    found.ok_or_else(|| "it is low, medium or high".to_owned())
}

impl Ask {
    /// The answer, in sentences.
    pub fn answer(&self) -> Result<String, Unusable> {
        let (Self::Check(place) | Self::Explain(Explain { place, .. })) = self;
        let config = place.config.as_deref().map(File::load).transpose()?;
        let told = Told::of(place.file.as_deref(), config.as_ref())?;
        match self {
            Self::Check(_) => told.check(),
            Self::Explain(question) => told.explain(question),
        }
    }
}

/// A policy before it is read, and what is known about the people and places it is for.
struct Told {
    origin: String,
    text: String,
    config: Option<Policies>,
    directory: Directory,
    environments: BTreeSet<String>,
}

impl Told {
    fn of(path: Option<&Path>, file: Option<&File>) -> Result<Self, Unusable> {
        let config = file.map(|file| file.policy.clone());
        let inline = config.as_ref().and_then(|policies| policies.text.clone());
        let path = path.or_else(|| config.as_ref()?.file.as_deref());
        let (origin, text) = match (path, inline) {
            (Some(path), _) => {
                let unreadable = |problem| Unusable::Unreadable { path: path.to_owned(), problem };
                (format!("the policy `{}`", path.display()), std::fs::read_to_string(path).map_err(unreadable)?)
            }
            (None, Some(text)) => ("the policy in the configuration".to_owned(), text),
            (None, None) => ("the policy that comes with the program".to_owned(), DEFAULT.to_owned()),
        };
        let directory = config.as_ref().map(Policies::directory).unwrap_or_default();
        let environments = match file {
            Some(file) => file.scopes.iter().map(|scope| scope.environment.clone()).collect(),
            None => [PRODUCTION.to_owned()].into(),
        };
        Ok(Self { origin, text, config, directory, environments })
    }

    fn load(&self) -> Result<Policy, Unusable> {
        let plans: Vec<PlanFacts> = self.environments.iter().flat_map(|place| any_plans(place)).collect();
        self.usable(Policy::load(&self.text, &self.directory, &plans))
    }

    /// A policy that was read fits what is configured besides it.
    fn usable(&self, read: Result<Policy, PolicyError>) -> Result<Policy, Unusable> {
        let policy = read.map_err(|problem| {
            let is_hidden = self.config.is_none() && matches!(problem, PolicyError::UnknownGroup { .. });
            let hint = if is_hidden { ". Hint: groups are in the configuration; give it with `--config`" } else { "" };
            Unusable::Wrong { origin: self.origin.clone(), problem, hint }
        })?;
        let has_no_hours = self.config.as_ref().is_some_and(|policies| policies.business_hours.is_none());
        if policy.asks_for_business_hours() && has_no_hours {
            return Err(Unusable::NoHours(self.origin.clone()));
        }
        Ok(policy)
    }

    fn check(&self) -> Result<String, Unusable> {
        let policy = self.load()?;
        let names: Vec<String> = policy.names().iter().map(ToString::to_string).collect();
        let mut lines =
            vec![format!("{} is fine. It has {} policies: {}.", upper(&self.origin), names.len(), names.join(", "))];
        for (name, group) in self.config.iter().flat_map(|policies| &policies.groups) {
            lines.push(match group {
                Group::People(people) if people.len() == 1 => format!("One person is in the group `{name}`."),
                Group::People(people) => format!("{} people are in the group `{name}`.", people.len()),
                Group::Slack(group) => {
                    format!("Slack is asked who is in the group `{name}`, user group {}.", group.slack)
                }
            });
        }
        let places: Vec<&str> = self.environments.iter().map(String::as_str).collect();
        lines.push(if policy.knows_enough(&self.directory) {
            format!(
                "No dead end was found: plans of low, medium and high risk for {} can come to their end, or are banned, if \
                 there are enough members in the workspace.",
                places.join(", ")
            )
        } else {
            "Whether there are enough people for each plan cannot be said before Slack is asked who is in those groups."
                .to_owned()
        });
        lines.push("When a plan is proposed, that is checked again with the people of that moment.".to_owned());
        Ok(lines.join("\n"))
    }

    fn explain(&self, question: &Explain) -> Result<String, Unusable> {
        // Of a policy with dead ends people may well ask what it decides.
        let policy = self.usable(Policy::parse(&self.text, &self.directory))?;
        let mut person = self.taken_for_member(&question.who);
        for group in &question.groups {
            if !self.directory.has_group(group) {
                return Err(Unusable::NoGroup(group.clone()));
            }
            person.groups.insert(group.clone());
        }
        let requester = match (&question.requester, question.act) {
            (Some(id), _) => self.taken_for_member(id),
            (None, Act::Propose) => person.clone(),
            (None, Act::Approve | Act::Execute | Act::Undo) => self.taken_for_member("somebody else"),
        };
        let asked_by = requester.id.clone();
        let plan = PlanFacts {
            remedy: question.remedy.clone(),
            target: ServiceId::new(&question.target),
            requester,
            cost_per_month_cents: question.cost,
            business_hours: question.business_hours,
            irreversible: question.irreversible,
            ..any_plan(question.risk, &question.environment)
        };
        let ruling = policy.rule(&Question { act: question.act, person: &person, plan: &plan });
        let PlanFacts { remedy, target, environment, risk, .. } = &plan;
        let what = format!("the {risk}-risk plan `{remedy}` on `{target}` in {environment}, asked for by {asked_by}");
        let mut lines = told(&policy, &ruling, question, &what);
        let groups: Vec<String> = person.groups.iter().map(|group| format!("`{group}`")).collect();
        lines.push(if groups.is_empty() {
            format!("{} is in no group that is known here.", person.id)
        } else {
            format!("{} is taken to be in {}.", person.id, groups.join(", "))
        });
        lines.push(format!(
            "{} is taken for a member of the workspace; Slack is asked when it counts, and nobody else is ever allowed.",
            person.id
        ));
        Ok(lines.join("\n"))
    }

    /// Somebody of whom only the groups are known.
    fn taken_for_member(&self, id: &str) -> Person {
        let id = PersonId(id.to_owned());
        Person { groups: self.directory.groups_of(&id), id, standing: Standing::Member }
    }
}

/// What was decided, by which policies, why, and with how many approvals.
fn told(policy: &Policy, ruling: &Ruling, question: &Explain, what: &str) -> Vec<String> {
    let Explain { who, act, .. } = question;
    match ruling {
        Ruling::Allowed { approvals, by } => {
            let mut lines = vec![format!("Yes, {who} may {act} {what}.")];
            for name in by {
                let because = policy.because(name).map(|because| format!(": {because}")).unwrap_or_default();
                lines.push(format!("The policy {name} permits it{because}."));
            }
            match (act, approvals) {
                (Act::Execute, 0) => lines.push("It needs no approval.".to_owned()),
                (Act::Execute, 1) => lines.push("It needs the approval of 1 person besides the requester.".to_owned()),
                (Act::Execute, _) => {
                    lines.push(format!("It needs the approvals of {approvals} people besides the requester."));
                }
                (Act::Propose | Act::Approve | Act::Undo, _) => {}
            }
            lines
        }
        Ruling::Denied { why: Denial::Forbidden { by } } => {
            let mut lines = vec![format!("No, {who} may not {act} {what}.")];
            for decider in by {
                let because = decider.because.as_ref().map(|because| format!(": {because}")).unwrap_or_default();
                lines.push(format!("The policy {} forbids it{because}.", decider.name));
            }
            lines
        }
        Ruling::Denied { why } => {
            vec![format!("No, {who} may not {act} {what}."), format!("{}.", upper(&why.to_string()))]
        }
    }
}

/// Plans of each risk that stand for all, of a remedy and a target that no policy names.
fn any_plans(environment: &str) -> [PlanFacts; 3] {
    Risk::ALL.map(|risk| any_plan(risk, environment))
}

fn any_plan(risk: Risk, environment: &str) -> PlanFacts {
    PlanFacts {
        id: String::new(),
        remedy: String::new(),
        target: ServiceId::new(""),
        environment: environment.to_owned(),
        risk,
        requester: Person { id: PersonId(String::new()), groups: BTreeSet::new(), standing: Standing::Stranger },
        cost_per_month_cents: None,
        business_hours: false,
        irreversible: false,
    }
}

/// A sentence begins with a capital letter.
fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use insta::assert_snapshot;

    #[derive(Parser)]
    struct Cli {
        #[command(subcommand)]
        ask: Ask,
    }

    const CONFIG: &str = r#"
        [[scopes]]
        id = "prod"
        war_room = "C1"
        [[scopes]]
        id = "test"
        war_room = "C2"
        environment = "staging"
        [policy]
        business_hours = "09:00-17:00 Europe/Berlin"
        [policy.groups]
        dba = ["U3", "U4"]
        oncall = { slack = "S0123" }
    "#;

    const TABLES: &str = r#"
        @id("tables")
        @because("only the database team changes tables, and not during business hours")
        forbid (principal, action == Action::"execute", resource)
        when { resource.remedy == "raise_table_capacity" }
        unless { principal in Group::"dba" && !context.business_hours };
    "#;

    /// What the command line says, in a folder with `policy.cedar` (the shipped policy and `policies`) and `clarity.toml`.
    #[track_caller]
    fn says(policies: &str, config: &str, line: &str) -> String {
        let test = std::thread::current().name().unwrap().replace(':', "-");
        let folder = std::env::temp_dir().join(format!("clarity-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("policy.cedar"), format!("{DEFAULT}{policies}")).unwrap();
        std::fs::write(folder.join("clarity.toml"), config).unwrap();
        let place = |word: &str| match word {
            "policy.cedar" | "clarity.toml" => folder.join(word).display().to_string(),
            word => word.to_owned(),
        };
        let words = ["clarity".to_owned()].into_iter().chain(line.split_whitespace().map(place));
        let said = match Cli::try_parse_from(words) {
            Ok(cli) => cli.ask.answer().unwrap_or_else(|err| format!("refused: {err}")),
            Err(err) => err.to_string().lines().next().unwrap().to_owned(),
        };
        std::fs::remove_dir_all(&folder).unwrap();
        said.replace(&folder.display().to_string(), "[folder]")
    }

    fn with_file() -> String {
        CONFIG.replace("[policy]", "[policy]\nfile = \"policy.cedar\"")
    }

    #[test]
    fn a_policy_is_checked() {
        assert_snapshot!(says("", "", "check"), @"
        The policy that comes with the program is fine. It has 6 policies: `members-propose`, `others-approve`, `low-risk`, `medium-risk`, `high-risk`, `members-undo`.
        No dead end was found: plans of low, medium and high risk for production can come to their end, or are banned, if there are enough members in the workspace.
        When a plan is proposed, that is checked again with the people of that moment.
        ");
        assert_snapshot!(says(TABLES, &with_file(), "check --config clarity.toml"), @"
        The policy `[folder]/policy.cedar` is fine. It has 7 policies: `members-propose`, `others-approve`, `low-risk`, `medium-risk`, `high-risk`, `members-undo`, `tables`.
        2 people are in the group `dba`.
        Slack is asked who is in the group `oncall`, user group S0123.
        No dead end was found: plans of low, medium and high risk for production, staging can come to their end, or are banned, if there are enough members in the workspace.
        When a plan is proposed, that is checked again with the people of that moment.
        ");
        let oncall = "@id(\"oncall\") forbid (principal, action == Action::\"approve\", resource) unless { principal in Group::\"oncall\" };";
        assert_snapshot!(says(oncall, &with_file(), "check --config clarity.toml"), @"
        The policy `[folder]/policy.cedar` is fine. It has 7 policies: `members-propose`, `others-approve`, `low-risk`, `medium-risk`, `high-risk`, `members-undo`, `oncall`.
        2 people are in the group `dba`.
        Slack is asked who is in the group `oncall`, user group S0123.
        Whether there are enough people for each plan cannot be said before Slack is asked who is in those groups.
        When a plan is proposed, that is checked again with the people of that moment.
        ");
    }

    #[test]
    fn what_is_wrong_with_a_policy_is_told() {
        assert_snapshot!(says("permit;", "", "check policy.cedar"), @"refused: the policy `[folder]/policy.cedar` cannot be used: line 33 of the policy is not Cedar: unexpected token `;`");
        assert_snapshot!(says("", "", "check nowhere.cedar"), @"refused: the policy nowhere.cedar cannot be read: No such file or directory (os error 2)");
        assert_snapshot!(says(TABLES, "", "check policy.cedar"), @"refused: the policy `[folder]/policy.cedar` cannot be used: line 34 of the policy names the group `dba`, which is not configured. Hint: groups are in the configuration; give it with `--config`");
        let no_hours = with_file().replace("business_hours", "# business_hours");
        assert_snapshot!(says(TABLES, &no_hours, "check --config clarity.toml"), @"refused: the policy `[folder]/policy.cedar` asks for business hours, and `policy.business_hours` is not set");
        let dba = "forbid (principal, action == Action::\"approve\", resource) when { resource.risk == Risk::\"high\" && resource.environment == \"staging\" } unless { principal == Person::\"U3\" };";
        assert_snapshot!(says(dba, &with_file(), "check --config clarity.toml"), @"refused: the policy `[folder]/policy.cedar` cannot be used: a high-risk plan for staging needs two approvals, and only one person besides the requester may approve");
        assert_snapshot!(says("", CONFIG, "check --config clarity.toml"), @"refused: the configuration is wrong: `policy.business_hours` is set, and neither `policy.file` nor `policy.text`: the policy that comes with the program does not ask for it");
    }

    #[test]
    fn a_decision_is_explained() {
        let explain = |rest: &str| says(TABLES, &with_file(), &format!("explain --config clarity.toml {rest}"));
        let rollback = "--remedy roll_alias_back --target orders";
        assert_snapshot!(explain(&format!("--who U3 --act execute --risk high {rollback}")), @"
        Yes, U3 may execute the high-risk plan `roll_alias_back` on `orders` in production, asked for by somebody else.
        The policy `high-risk` permits it: a high-risk plan needs the approvals of two others.
        It needs the approvals of 2 people besides the requester.
        U3 is taken to be in `dba`.
        U3 is taken for a member of the workspace; Slack is asked when it counts, and nobody else is ever allowed.
        ");
        assert_snapshot!(explain(&format!("--who U3 --act execute --risk low {rollback} --in oncall")), @"
        Yes, U3 may execute the low-risk plan `roll_alias_back` on `orders` in production, asked for by somebody else.
        The policy `low-risk` permits it: a low-risk plan needs no approval.
        It needs no approval.
        U3 is taken to be in `dba`, `oncall`.
        U3 is taken for a member of the workspace; Slack is asked when it counts, and nobody else is ever allowed.
        ");
        assert_snapshot!(explain(&format!("--who U3 --act approve --risk medium {rollback} --requester U3")), @"
        No, U3 may not approve the medium-risk plan `roll_alias_back` on `orders` in production, asked for by U3.
        Whoever asked for a plan cannot approve it.
        U3 is taken to be in `dba`.
        U3 is taken for a member of the workspace; Slack is asked when it counts, and nobody else is ever allowed.
        ");
        assert_snapshot!(explain(&format!("--who U3 --act propose --risk medium {rollback} --environment staging")), @"
        Yes, U3 may propose the medium-risk plan `roll_alias_back` on `orders` in staging, asked for by U3.
        The policy `members-propose` permits it: every member may propose a plan.
        U3 is taken to be in `dba`.
        U3 is taken for a member of the workspace; Slack is asked when it counts, and nobody else is ever allowed.
        ");
        let tables = "--risk medium --remedy raise_table_capacity --target carts --cost 1200";
        assert_snapshot!(explain(&format!("--who U5 --act execute {tables}")), @"
        No, U5 may not execute the medium-risk plan `raise_table_capacity` on `carts` in production, asked for by somebody else.
        The policy `tables` forbids it: only the database team changes tables, and not during business hours.
        U5 is in no group that is known here.
        U5 is taken for a member of the workspace; Slack is asked when it counts, and nobody else is ever allowed.
        ");
        assert_snapshot!(explain(&format!("--who U3 --act execute {tables}")), @"
        Yes, U3 may execute the medium-risk plan `raise_table_capacity` on `carts` in production, asked for by somebody else.
        The policy `medium-risk` permits it: a medium-risk plan needs the approval of somebody else.
        It needs the approval of 1 person besides the requester.
        U3 is taken to be in `dba`.
        U3 is taken for a member of the workspace; Slack is asked when it counts, and nobody else is ever allowed.
        ");
        assert_snapshot!(explain(&format!("--who U3 --act execute {tables} --business-hours")), @"
        No, U3 may not execute the medium-risk plan `raise_table_capacity` on `carts` in production, asked for by somebody else.
        The policy `tables` forbids it: only the database team changes tables, and not during business hours.
        U3 is taken to be in `dba`.
        U3 is taken for a member of the workspace; Slack is asked when it counts, and nobody else is ever allowed.
        ");
        assert_snapshot!(explain(&format!("--who U3 --act execute {tables} --in leads")), @"refused: there is no group `leads`; groups are configured under `[policy.groups]`");
        assert_snapshot!(explain(&format!("--who U3 --act destroy {tables}")), @"error: invalid value 'destroy' for '--act <ACT>': it is propose, approve, execute or undo");
    }

    #[test]
    fn what_is_configured_is_read_at_start() {
        let file =
            |policy: &str| File::parse(&format!("[[scopes]]\nid = \"prod\"\nwar_room = \"C1\"\n{policy}")).unwrap();
        assert_eq!(of(&file("")).unwrap().names(), Policy::shipped().names());
        let inline = file("[policy]\ntext = '@id(\"all\") permit(principal, action, resource);'");
        assert_eq!(of(&inline).unwrap().names().len(), 1);
        assert_snapshot!(of(&file("[policy]\ntext = 'permit'")).unwrap_err(), @"the policy in the configuration cannot be used: line 1 of the policy is not Cedar: unexpected end of input");
    }
}
