//! Plans that may be proposed and can never come to their end, because there are not enough people for it.

use super::{Act, Denial, Directory, Person, PersonId, PlanFacts, Policy, Question, Ruling, Standing};
use crate::model::Risk;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Where nobody knows who is in the workspace, this many members without a group are thought to be there: enough for
/// every number that `@approvals` can ask for, the requester, and nothing else.
const THOUGHT_MEMBERS: usize = 11;

/// As many kinds of requesters are tried for a plan. With more of them, and none that works, nothing is claimed.
const MOST_REQUESTERS: usize = 64;

/// A plan that cannot come to its end. Its `Display` is a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadEnd {
    /// The remedy's name in the catalogue; may be empty where the plan stands for all that are not named.
    pub remedy: String,
    /// The plan's risk.
    pub risk: Risk,
    /// Where it would act.
    pub environment: String,
    /// Where it gets stuck.
    pub stuck: Stuck,
}

/// Where a plan gets stuck, from the first step to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// Nobody may propose it, though no policy forbids it to everybody.
    NobodyProposes,
    /// It can be proposed, and nobody may execute it.
    NobodyExecutes,
    /// Not enough people besides the requester may approve it.
    TooFewApprove {
        /// The fewest approvals with which anybody may execute it.
        needed: u8,
        /// How many may approve.
        may: usize,
    },
    /// It can be executed and taken back, and nobody may take it back.
    NobodyUndoes,
}

impl Stuck {
    /// How far the plan gets: of several ways, the one that gets furthest is told.
    fn progress(self) -> (u8, usize) {
        match self {
            Self::NobodyProposes => (0, 0),
            Self::NobodyExecutes => (1, 0),
            Self::TooFewApprove { may, .. } => (2, may),
            Self::NobodyUndoes => (3, 0),
        }
    }
}

impl fmt::Display for DeadEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { remedy, risk, environment, stuck } = self;
        let named = if remedy.is_empty() { String::new() } else { format!(" (remedy `{remedy}`)") };
        let plan = format!("a {risk}-risk plan for {environment}{named}");
        match *stuck {
            Stuck::NobodyProposes => write!(f, "nobody may propose {plan}"),
            Stuck::NobodyExecutes => write!(f, "{plan} may be proposed, and nobody may execute it"),
            Stuck::TooFewApprove { needed, may } => {
                let approvals = if needed == 1 { "approval" } else { "approvals" };
                let who = match may {
                    0 => "nobody besides the requester".to_owned(),
                    1 => "only one person besides the requester".to_owned(),
                    may => format!("only {} people besides the requester", spelled(may)),
                };
                write!(f, "{plan} needs {} {approvals}, and {who} may approve", spelled(usize::from(needed)))
            }
            Stuck::NobodyUndoes => write!(f, "{plan} may be executed, and nobody may undo it"),
        }
    }
}

/// Numbers that `@approvals` can have, in words.
fn spelled(number: usize) -> String {
    const WORDS: [&str; 10] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// People whom no policy can tell apart: members of the same groups among those that policies name, and not named
/// themselves. One of them speaks for all.
#[derive(Debug)]
struct Kind {
    groups: BTreeSet<String>,
    /// At least one, sorted.
    members: Vec<PersonId>,
}

impl Kind {
    /// One of them who is not `but`.
    fn one(&self, but: Option<&PersonId>) -> Option<Person> {
        let id = self.members.iter().find(|id| Some(*id) != but)?;
        Some(Person { id: id.clone(), groups: self.groups.clone(), standing: Standing::Member })
    }

    /// How many of them are not `but`.
    fn others(&self, but: &PersonId) -> usize {
        self.members.len() - usize::from(self.members.binary_search(but).is_ok())
    }
}

impl Policy {
    /// Which of these plans, each asked for by its own requester, cannot come to its end with these people: nobody may
    /// execute it, fewer may approve it than it needs, or nobody could undo it. Asked when a plan is proposed; whether its
    /// requester may propose it is [`Policy::rule`]'s to say.
    ///
    /// What is not known is not held against a plan: where `directory` does not know the people, there may be any number of
    /// members without a group, and where a policy names a group whose members are not known, the answer is empty. It
    /// costs, for each plan, at most three questions for each kind of people whom the policies tell apart.
    pub fn dead_ends(&self, directory: &Directory, plans: &[PlanFacts]) -> Vec<DeadEnd> {
        let Some(kinds) = self.kinds(directory) else { return Vec::new() };
        let stuck = |plan: &PlanFacts| self.stuck(&kinds, plan);
        plans.iter().filter_map(|plan| stuck(plan).map(|stuck| DeadEnd::of(plan, stuck))).collect()
    }

    /// Which of these plans cannot come to their end whoever asks for them and whenever; their requesters and business hours
    /// are not looked at. Asked when policies are loaded. A plan that policies forbid everybody to propose is no dead end: that is
    /// how a remedy is banned. For what is not known, see [`Policy::dead_ends`].
    pub fn dead_ends_whoever_asks(&self, directory: &Directory, plans: &[PlanFacts]) -> Vec<DeadEnd> {
        let Some(kinds) = self.kinds(directory) else { return Vec::new() };
        let stuck = |plan: &PlanFacts| {
            let at = |business_hours| self.stuck_whoever_asks(&kinds, &PlanFacts { business_hours, ..plan.clone() });
            // A plan that has to wait for the evening is no dead end.
            let first = at(false)?;
            let second = if self.asks_for_business_hours { at(true)? } else { first };
            Some(if second.progress() > first.progress() { second } else { first })
        };
        plans.iter().filter_map(|plan| stuck(plan).map(|stuck| DeadEnd::of(plan, stuck))).collect()
    }

    /// Whether [`Policy::dead_ends`] can say anything with what `directory` knows: no policy names a group whose members
    /// are unknown.
    pub fn knows_enough(&self, directory: &Directory) -> bool {
        self.groups.is_disjoint(&directory.unresolved)
    }

    fn stuck_whoever_asks(&self, kinds: &[Kind], plan: &PlanFacts) -> Option<Stuck> {
        let mut is_banned = !kinds.is_empty();
        let mut furthest = Stuck::NobodyProposes;
        let mut tried = 0;
        for requester in kinds.iter().filter_map(|kind| kind.one(None)) {
            let plan = PlanFacts { requester: requester.clone(), ..plan.clone() };
            match self.rule(&Question { act: Act::Propose, person: &requester, plan: &plan }) {
                Ruling::Allowed { .. } => {
                    let stuck = self.stuck(kinds, &plan)?;
                    if stuck.progress() > furthest.progress() {
                        furthest = stuck;
                    }
                    is_banned = false;
                    tried += 1;
                    if tried == MOST_REQUESTERS {
                        return None;
                    }
                }
                Ruling::Denied { why: Denial::Forbidden { .. } } => {}
                Ruling::Denied { .. } => is_banned = false,
            }
        }
        (!is_banned).then_some(furthest)
    }

    /// Where a plan that was proposed gets stuck, if it does.
    fn stuck(&self, kinds: &[Kind], plan: &PlanFacts) -> Option<Stuck> {
        let requester = &plan.requester;
        let others: Vec<Person> = kinds.iter().filter_map(|kind| kind.one(Some(&requester.id))).collect();
        let everybody = || others.iter().chain([requester]);
        let Some(needed) = everybody().filter_map(|person| self.allows(Act::Execute, person, plan)).min() else {
            return Some(Stuck::NobodyExecutes);
        };
        let may_approve = |kind: &&Kind| {
            kind.one(Some(&requester.id)).is_some_and(|one| self.allows(Act::Approve, &one, plan).is_some())
        };
        let may = kinds.iter().filter(may_approve).map(|kind| kind.others(&requester.id)).sum();
        if usize::from(needed) > may {
            return Some(Stuck::TooFewApprove { needed, may });
        }
        let is_undone = plan.irreversible || everybody().any(|person| self.allows(Act::Undo, person, plan).is_some());
        (!is_undone).then_some(Stuck::NobodyUndoes)
    }

    /// With how many approvals, if at all.
    fn allows(&self, act: Act, person: &Person, plan: &PlanFacts) -> Option<u8> {
        match self.rule(&Question { act, person, plan }) {
            Ruling::Allowed { approvals, .. } => Some(approvals),
            Ruling::Denied { .. } => None,
        }
    }

    /// The members in kinds, the largest first; `None` if who is in a group that matters is not known.
    fn kinds(&self, directory: &Directory) -> Option<Vec<Kind>> {
        if !self.knows_enough(directory) {
            return None;
        }
        let everybody: BTreeSet<PersonId> = if let Some(people) = &directory.people {
            let members = people.iter().filter(|(_, standing)| **standing == Standing::Member);
            members.map(|(id, _)| id.clone()).collect()
        } else {
            let listed = directory.groups.values().flatten().chain(&self.people).cloned();
            // No id that a chat gives has a space in it.
            let thought = (0..THOUGHT_MEMBERS).map(|number| PersonId(format!("member {number:02}")));
            listed.chain(thought).collect()
        };
        let mut groups: BTreeMap<&PersonId, BTreeSet<String>> = BTreeMap::new();
        for name in &self.groups {
            for id in directory.groups.get(name).into_iter().flatten() {
                groups.entry(id).or_default().insert(name.clone());
            }
        }
        let mut kinds: BTreeMap<(BTreeSet<String>, Option<PersonId>), Vec<PersonId>> = BTreeMap::new();
        for id in everybody {
            let own = groups.get(&id).cloned().unwrap_or_default();
            let named = self.people.contains(&id).then(|| id.clone());
            kinds.entry((own, named)).or_default().push(id);
        }
        let mut kinds: Vec<Kind> = kinds.into_iter().map(|((groups, _), members)| Kind { groups, members }).collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.members.len()));
        Some(kinds)
    }
}

impl DeadEnd {
    fn of(plan: &PlanFacts, stuck: Stuck) -> Self {
        Self { remedy: plan.remedy.clone(), risk: plan.risk, environment: plan.environment.clone(), stuck }
    }
}
