//! Who may do what with a plan, told by policies in Cedar.
//!
//! Cedar answers *may this person*; the annotation `@approvals` says with how many approvals, and code counts distinct
//! people. What code says stands above every policy: only members of the workspace do anything, nobody approves a plan of
//! their own, and a risk has a least number of approvals ([`floor`]). Policies add to that and take nothing away.
//! `README.md` beside this file is for people who write policies.

mod dead_end;
mod directory;
mod parse;
mod ruling;
#[cfg(test)]
mod tests;

pub use dead_end::{DeadEnd, Stuck};
pub use directory::{Directory, Person, PersonId, Standing};
pub use parse::{MAX_POLICY_BYTES, PolicyError};
pub use ruling::{Decider, Denial, Ruling};

use crate::model::{Risk, ServiceId};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicyId, PolicySet, Request,
    RestrictedExpression, Schema,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

/// The policy of a deployment that configures none.
pub const DEFAULT: &str = include_str!("default.cedar");

/// What policies may speak about, in Cedar's schema language.
pub const SCHEMA: &str = include_str!("schema.cedarschema");

/// What people do with a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Ask for it.
    Propose,
    /// Agree to it.
    Approve,
    /// Have it carried out, once it has the approvals it needs.
    Execute,
    /// Have it taken back.
    Undo,
}

impl Act {
    /// All of them, in the order of a plan's life.
    pub const ALL: [Self; 4] = [Self::Propose, Self::Approve, Self::Execute, Self::Undo];

    /// Its word, which is also its name in policies: `Action::"approve"`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Propose => "propose",
            Self::Approve => "approve",
            Self::Execute => "execute",
            Self::Undo => "undo",
        }
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a policy is told about a plan, and about the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFacts {
    /// The plan's id, `Plan::"…"` in policies.
    pub id: String,
    /// The remedy's name in the catalogue.
    pub remedy: String,
    /// The service it acts on.
    pub target: ServiceId,
    /// Where that service runs, such as `production`.
    pub environment: String,
    /// Its risk, after everything that raises it.
    pub risk: Risk,
    /// Who asked for it, with the groups and the standing of this moment.
    pub requester: Person,
    /// What it adds to the bill in a month, in US cents; negative where it saves, `None` where that is unknown.
    pub cost_per_month_cents: Option<i64>,
    /// Whether it is business hours now.
    pub business_hours: bool,
    /// Whether it cannot be taken back.
    pub irreversible: bool,
}

/// May this person do this with this plan?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// What they want to do.
    pub act: Act,
    /// Who, with the groups and the standing of this moment.
    pub person: &'a Person,
    /// With which plan.
    pub plan: &'a PlanFacts,
}

/// Who may approve a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvers {
    /// Whether every member may who is not the requester, unless a group or a name forbids it.
    pub anyone: bool,
    /// The groups that policies name whose members may.
    pub groups: Vec<String>,
    /// The people whom policies name who may.
    pub people: Vec<PersonId>,
}

/// A policy's name: what its `@id` says, or its place in the text, such as `number 3 on line 12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyName(pub String);

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

/// The fewest approvals with which a plan of this risk is executed, whatever policies say.
pub fn floor(risk: Risk) -> u8 {
    match risk {
        Risk::Low => 0,
        Risk::Medium => 1,
        Risk::High => 2,
    }
}

/// Policies that were read and validated. It can only be made by [`Policy::parse`] and [`Policy::load`].
#[derive(Debug)]
pub struct Policy {
    schema: Schema,
    set: PolicySet,
    told: BTreeMap<PolicyId, Told>,
    /// The groups that policies name.
    groups: BTreeSet<String>,
    /// The people whom policies name.
    people: BTreeSet<PersonId>,
    asks_for_business_hours: bool,
}

/// What one policy says about itself.
#[derive(Clone, Debug)]
struct Told {
    /// Its place among the policies of the text.
    place: usize,
    name: PolicyName,
    because: Option<String>,
    approvals: u8,
}

impl Policy {
    /// The policy of a deployment that configures none.
    pub fn shipped() -> Self {
        Self::parse(DEFAULT, &Directory::default()).expect("the suite reads the shipped policy")
    }

    /// Whether any policy asks if it is business hours, so that somebody has to say which they are.
    pub fn asks_for_business_hours(&self) -> bool {
        self.asks_for_business_hours
    }

    /// The names of the policies, in the order of the text.
    pub fn names(&self) -> Vec<PolicyName> {
        let mut told: Vec<&Told> = self.told.values().collect();
        told.sort_by_key(|told| told.place);
        told.into_iter().map(|told| told.name.clone()).collect()
    }

    /// The sentence of a policy's `@because`.
    pub fn because(&self, name: &PolicyName) -> Option<&str> {
        self.told.values().find(|told| told.name == *name)?.because.as_deref()
    }

    /// Whether a person may do something with a plan, and with how many approvals.
    pub fn rule(&self, question: &Question<'_>) -> Ruling {
        let Question { act, person, plan } = *question;
        if person.standing != Standing::Member {
            return Ruling::Denied { why: Denial::NotAMember { standing: person.standing } };
        }
        if act == Act::Approve && person.id == plan.requester.id {
            return Ruling::Denied { why: Denial::OwnPlan };
        }
        let (request, entities) = match self.put(question) {
            Ok(put) => put,
            Err(problem) => return Ruling::Denied { why: Denial::Unanswerable { problem } },
        };
        let response = Authorizer::new().is_authorized(&request, &self.set, &entities);
        let mut deciding: Vec<&Told> = response.diagnostics().reason().filter_map(|id| self.told.get(id)).collect();
        deciding.sort_by_key(|told| told.place);
        let failed = response.diagnostics().errors().map(|err| self.broken(err)).min_by_key(|(place, _)| *place);
        match (response.decision(), failed) {
            (Decision::Deny, _) if !deciding.is_empty() => {
                let by = deciding.into_iter();
                let by = by.map(|told| Decider { name: told.name.clone(), because: told.because.clone() }).collect();
                Ruling::Denied { why: Denial::Forbidden { by } }
            }
            // Even where another policy permits it: the one that failed might have forbidden it.
            (Decision::Allow | Decision::Deny, Some((_, why))) => Ruling::Denied { why },
            (Decision::Deny, None) => Ruling::Denied { why: Denial::NobodyPermits { act } },
            (Decision::Allow, None) => {
                let asked = deciding.iter().map(|told| told.approvals).max().unwrap_or(0);
                let approvals = if act == Act::Execute { asked.max(floor(plan.risk)) } else { 0 };
                Ruling::Allowed { approvals, by: deciding.into_iter().map(|told| told.name.clone()).collect() }
            }
        }
    }

    /// Who may approve a plan, as far as policies tell people apart: by nothing, by their groups, or by themselves.
    pub fn approvers(&self, plan: &PlanFacts) -> Approvers {
        let may = |id: &PersonId, groups: BTreeSet<String>| {
            let person = Person { id: id.clone(), groups, standing: Standing::Member };
            matches!(self.rule(&Question { act: Act::Approve, person: &person, plan }), Ruling::Allowed { .. })
        };
        // No id of a person is empty, so no policy names this one.
        let nobody = PersonId(String::new());
        let in_group = |group: &&String| may(&nobody, BTreeSet::from([(*group).clone()]));
        Approvers {
            anyone: may(&nobody, BTreeSet::new()),
            groups: self.groups.iter().filter(in_group).cloned().collect(),
            people: self.people.iter().filter(|id| may(id, BTreeSet::new())).cloned().collect(),
        }
    }

    /// A policy that could not be evaluated, with its place in the text.
    fn broken(&self, err: &cedar_policy::AuthorizationError) -> (usize, Denial) {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(err) = err;
        let told = self.told.get(err.policy_id()).expect("what is evaluated was read with the others");
        (told.place, Denial::Broken { name: told.name.clone(), problem: err.inner().to_string() })
    }

    /// A question in Cedar's words.
    fn put(&self, question: &Question<'_>) -> Result<(Request, Entities), String> {
        let Question { act, person, plan } = *question;
        let mut attributes: HashMap<String, RestrictedExpression> = HashMap::from([
            ("remedy".to_owned(), RestrictedExpression::new_string(plan.remedy.clone())),
            ("target".to_owned(), RestrictedExpression::new_string(plan.target.to_string())),
            ("environment".to_owned(), RestrictedExpression::new_string(plan.environment.clone())),
            ("risk".to_owned(), RestrictedExpression::new_entity_uid(uid("Risk", plan.risk.word()))),
            ("requester".to_owned(), RestrictedExpression::new_entity_uid(uid("Person", &plan.requester.id.0))),
            ("irreversible".to_owned(), RestrictedExpression::new_bool(plan.irreversible)),
        ]);
        if let Some(cents) = plan.cost_per_month_cents {
            attributes.insert("cost_per_month_cents".to_owned(), RestrictedExpression::new_long(cents));
        }
        let resource = uid("Plan", &plan.id);
        let plan_entity = Entity::new(resource.clone(), attributes, HashSet::new()).map_err(|err| err.to_string())?;
        let mut entities = vec![plan_entity, in_groups(person)];
        // One person has one set of groups: of whoever asks, those that came with the question.
        if plan.requester.id != person.id {
            entities.push(in_groups(&plan.requester));
        }
        let entities = Entities::from_entities(entities, Some(&self.schema)).map_err(|err| err.to_string())?;
        let moment = [("business_hours".to_owned(), RestrictedExpression::new_bool(plan.business_hours))];
        let context = Context::from_pairs(moment).map_err(|err| err.to_string())?;
        let (who, action) = (uid("Person", &person.id.0), uid("Action", act.word()));
        let request =
            Request::new(who, action, resource, context, Some(&self.schema)).map_err(|err| err.to_string())?;
        Ok((request, entities))
    }
}

/// An entity's id in Cedar. Ids are taken as they are: nothing in them can become Cedar.
fn uid(kind: &str, id: &str) -> EntityUid {
    let kind: EntityTypeName = kind.parse().expect("the schema's types are plain words");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

fn in_groups(person: &Person) -> Entity {
    let groups = person.groups.iter().map(|group| uid("Group", group)).collect();
    Entity::new_no_attrs(uid("Person", &person.id.0), groups)
}
