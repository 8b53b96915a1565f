//! Whether there are enough people.

use super::*;
use crate::recovery::policy::PolicyError;
use insta::assert_snapshot;

/// What stands in the way of these plans whoever asks for them, under the shipped policy and these.
#[track_caller]
fn whoever_asks(policies: &str, directory: &Directory) -> String {
    let plans = Risk::ALL.map(plan);
    match Policy::load(&format!("{DEFAULT}\n{policies}"), directory, &plans) {
        Ok(_) => "fine".to_owned(),
        Err(err @ PolicyError::DeadEnds(_)) => err.to_string(),
        Err(err) => panic!("{err}"),
    }
}

/// A directory that knows these members, and a guest.
fn members(ids: &[&str], groups: Directory) -> Directory {
    let known = ids.iter().map(|id| (PersonId((*id).to_owned()), Standing::Member));
    let people = known.chain([(PersonId("U9".to_owned()), Standing::Guest)]).collect();
    Directory { people: Some(people), ..groups }
}

const LEADS: &str = r#"
    @id("leads")
    @because("leads approve what is of high risk")
    forbid (principal, action == Action::"approve", resource)
    when { resource.risk == Risk::"high" }
    unless { principal in Group::"leads" };
"#;

#[test]
fn members_are_counted() {
    let nobody = Directory::default;
    assert_snapshot!(whoever_asks("", &members(&[], nobody())), @"nobody may propose a low-risk plan for production (remedy `roll_alias_back`); nobody may propose a medium-risk plan for production (remedy `roll_alias_back`); nobody may propose a high-risk plan for production (remedy `roll_alias_back`)");
    assert_snapshot!(whoever_asks("", &members(&["U1"], nobody())), @"a medium-risk plan for production (remedy `roll_alias_back`) needs one approval, and nobody besides the requester may approve; a high-risk plan for production (remedy `roll_alias_back`) needs two approvals, and nobody besides the requester may approve");
    assert_snapshot!(whoever_asks("", &members(&["U1", "U2"], nobody())), @"a high-risk plan for production (remedy `roll_alias_back`) needs two approvals, and only one person besides the requester may approve");
    assert_snapshot!(whoever_asks("", &members(&["U1", "U2", "U3"], nobody())), @"fine");
    // Nobody asked who is there: there may be enough.
    assert_snapshot!(whoever_asks("", &nobody()), @"fine");
    let nine = "@approvals(\"9\") permit(principal, action == Action::\"execute\", resource);";
    assert_snapshot!(whoever_asks(nine, &nobody()), @"fine");
    assert_snapshot!(whoever_asks(nine, &members(&["U1", "U2", "U3", "U4"], nobody())), @"a low-risk plan for production (remedy `roll_alias_back`) needs nine approvals, and only three people besides the requester may approve; a medium-risk plan for production (remedy `roll_alias_back`) needs nine approvals, and only three people besides the requester may approve; a high-risk plan for production (remedy `roll_alias_back`) needs nine approvals, and only three people besides the requester may approve");
}

#[test]
fn groups_are_counted() {
    assert_snapshot!(whoever_asks(LEADS, &groups(&[("leads", &["U1"])])), @"a high-risk plan for production (remedy `roll_alias_back`) needs two approvals, and only one person besides the requester may approve");
    // With two leads somebody else has to ask, and there may be somebody.
    let two = || groups(&[("leads", &["U1", "U2"])]);
    assert_snapshot!(whoever_asks(LEADS, &two()), @"fine");
    assert_snapshot!(whoever_asks(LEADS, &members(&["U1", "U2", "U3"], two())), @"fine");
    // A guest is no lead, whatever the group says.
    let guest = groups(&[("leads", &["U1", "U9"])]);
    assert_snapshot!(whoever_asks(LEADS, &members(&["U1", "U2", "U3"], guest)), @"a high-risk plan for production (remedy `roll_alias_back`) needs two approvals, and only one person besides the requester may approve");
    let only_leads = format!(
        "{LEADS}forbid(principal, action == Action::\"propose\", resource) unless {{ principal in Group::\"leads\" }};"
    );
    assert_snapshot!(whoever_asks(&only_leads, &two()), @"a high-risk plan for production (remedy `roll_alias_back`) needs two approvals, and only one person besides the requester may approve");
    assert_snapshot!(whoever_asks(&only_leads, &groups(&[("leads", &["U1", "U2", "U3"])])), @"fine");
    // Whose members are not known may have enough.
    let unresolved = Directory { unresolved: ["leads".to_owned()].into(), ..Directory::default() };
    assert_snapshot!(whoever_asks(LEADS, &unresolved), @"fine");
}

#[test]
fn each_step_needs_somebody() {
    let nobody = |act: &str| {
        format!(
            "forbid(principal, action == Action::\"{act}\", resource) when {{ resource.risk == Risk::\"medium\" }};"
        )
    };
    assert_snapshot!(whoever_asks(&nobody("execute"), &Directory::default()), @"a medium-risk plan for production (remedy `roll_alias_back`) may be proposed, and nobody may execute it");
    assert_snapshot!(whoever_asks(&nobody("approve"), &Directory::default()), @"a medium-risk plan for production (remedy `roll_alias_back`) needs one approval, and nobody besides the requester may approve");
    assert_snapshot!(whoever_asks(&nobody("undo"), &Directory::default()), @"a medium-risk plan for production (remedy `roll_alias_back`) may be executed, and nobody may undo it");
    let at_work = "forbid(principal, action == Action::\"execute\", resource) when { context.business_hours };";
    assert_snapshot!(whoever_asks(at_work, &Directory::default()), @"fine");
    let at_night = at_work.replace("context", "!context");
    assert_snapshot!(whoever_asks(&format!("{at_work}{at_night}"), &Directory::default()), @"a low-risk plan for production (remedy `roll_alias_back`) may be proposed, and nobody may execute it; a medium-risk plan for production (remedy `roll_alias_back`) may be proposed, and nobody may execute it; a high-risk plan for production (remedy `roll_alias_back`) may be proposed, and nobody may execute it");
    // What may not even be proposed is banned, and bans are no dead ends.
    assert_snapshot!(whoever_asks(&nobody("propose"), &Directory::default()), @"fine");
    let permitted = DEFAULT.replace(
        "action == Action::\"propose\", resource);",
        "action == Action::\"propose\", resource) when { resource.risk == Risk::\"low\" };",
    );
    let err = Policy::load(&permitted, &Directory::default(), &Risk::ALL.map(plan)).unwrap_err();
    assert_snapshot!(err, @"nobody may propose a medium-risk plan for production (remedy `roll_alias_back`); nobody may propose a high-risk plan for production (remedy `roll_alias_back`)");
}

#[test]
fn what_cannot_be_undone_needs_nobody_to_undo_it() {
    let policy = with("forbid(principal, action == Action::\"undo\", resource);", &Directory::default());
    let known = members(&["U1", "U2", "U3"], Directory::default());
    let told = |irreversible| policy.dead_ends(&known, &[PlanFacts { irreversible, ..plan(Risk::Low) }]).len();
    assert_eq!((told(false), told(true)), (1, 0));
}

#[test]
fn the_requester_matters_when_it_is_known() {
    let directory = members(&["U1", "U2", "U3"], groups(&[("leads", &["U1", "U2"])]));
    let policy = with(LEADS, &directory);
    let asked_by = |id: &str| {
        let requester = directory.person(&PersonId(id.to_owned())).unwrap();
        let dead_ends = policy.dead_ends(&directory, &[PlanFacts { requester, ..plan(Risk::High) }]);
        dead_ends.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    assert_snapshot!(asked_by("U3"), @"");
    assert_snapshot!(asked_by("U1"), @"a high-risk plan for production (remedy `roll_alias_back`) needs two approvals, and only one person besides the requester may approve");
}

/// Every way through, tried one by one: who asks, which of the others approve, who executes, who undoes.
fn comes_to_its_end(policy: &Policy, directory: &Directory, plan: &PlanFacts) -> bool {
    let people: Vec<Person> = directory.people.iter().flatten().filter_map(|(id, _)| directory.person(id)).collect();
    people.iter().any(|requester| {
        let plan = PlanFacts { requester: requester.clone(), ..plan.clone() };
        let may = |act, person: &Person| match policy.rule(&Question { act, person, plan: &plan }) {
            Ruling::Allowed { approvals, .. } => Some(usize::from(approvals)),
            Ruling::Denied { .. } => None,
        };
        let approvers = people.iter().filter(|person| may(Act::Approve, person).is_some()).count();
        may(Act::Propose, requester).is_some()
            && people.iter().any(|person| may(Act::Execute, person).is_some_and(|needed| needed <= approvers))
            && people.iter().any(|person| may(Act::Undo, person).is_some())
    })
}

#[test]
fn one_of_a_kind_speaks_for_all() {
    // Every way in which three people can be in two groups, with one of them named by a policy.
    let text = format!(
        "{LEADS}
        forbid(principal, action == Action::\"execute\", resource) unless {{ principal in Group::\"oncall\" || principal == Person::\"U3\" }};
        forbid(principal == Person::\"U2\", action == Action::\"propose\", resource);"
    );
    let ids = ["U1", "U2", "U3"];
    let policy = with(&text, &groups(&[("leads", &[]), ("oncall", &[])]));
    for ways in 0..64_u32 {
        let of = |shift: u32| -> Vec<&str> {
            ids.iter().enumerate().filter(|(at, _)| ways >> shift >> at & 1 == 1).map(|(_, id)| *id).collect()
        };
        let directory = members(&ids, groups(&[("leads", &of(0)), ("oncall", &of(3))]));
        for risk in Risk::ALL {
            let dead = policy.dead_ends_whoever_asks(&directory, &[plan(risk)]);
            assert_eq!(dead.is_empty(), comes_to_its_end(&policy, &directory, &plan(risk)), "{directory:?} {dead:?}");
        }
    }
}
