//! Policies, by what they decide: tables, sentences, and what no policy can do.

mod dead_ends;
mod properties;
mod refused;

use super::*;
use insta::assert_snapshot;
use std::fmt::Write;

/// A member with these groups.
pub(super) fn member(id: &str, groups: &[&str]) -> Person {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Person { id: PersonId(id.to_owned()), groups, standing: Standing::Member }
}

/// A plan that U1 asked for: rolling `orders` back in production.
pub(super) fn plan(risk: Risk) -> PlanFacts {
    PlanFacts {
        id: "plan-1".to_owned(),
        remedy: "roll_alias_back".to_owned(),
        target: ServiceId::new("orders"),
        environment: "production".to_owned(),
        risk,
        requester: member("U1", &[]),
        cost_per_month_cents: None,
        business_hours: false,
        irreversible: false,
    }
}

/// A directory with these groups, that knows no people.
pub(super) fn groups(groups: &[(&str, &[&str])]) -> Directory {
    let set = |ids: &[&str]| ids.iter().map(|id| PersonId((*id).to_owned())).collect();
    let groups = groups.iter().map(|(name, ids)| ((*name).to_owned(), set(ids))).collect();
    Directory { groups, ..Directory::default() }
}

/// The ruling in a line: who permits it and the number of approvals, or why not.
pub(super) fn told(policy: &Policy, act: Act, person: &Person, plan: &PlanFacts) -> String {
    match policy.rule(&Question { act, person, plan }) {
        Ruling::Allowed { approvals, by } => {
            let by: Vec<String> = by.iter().map(ToString::to_string).collect();
            format!("yes, {approvals}: {}", by.join(" "))
        }
        Ruling::Denied { why } => format!("no: {why}"),
    }
}

/// The shipped policy and these.
pub(super) fn with(policies: &str, directory: &Directory) -> Policy {
    Policy::parse(&format!("{DEFAULT}\n{policies}"), directory).unwrap()
}

#[test]
fn the_shipped_policy_suits_a_small_team() {
    let policy = Policy::shipped();
    let mut table = String::new();
    for act in Act::ALL {
        for risk in Risk::ALL {
            for (who, person) in [("requester", member("U1", &[])), ("other", member("U2", &["oncall"]))] {
                let told = told(&policy, act, &person, &plan(risk));
                writeln!(table, "{act} {risk} {who}: {told}").unwrap();
            }
        }
    }
    assert_snapshot!(table, @"
    propose low requester: yes, 0: `members-propose`
    propose low other: yes, 0: `members-propose`
    propose medium requester: yes, 0: `members-propose`
    propose medium other: yes, 0: `members-propose`
    propose high requester: yes, 0: `members-propose`
    propose high other: yes, 0: `members-propose`
    approve low requester: no: whoever asked for a plan cannot approve it
    approve low other: yes, 0: `others-approve`
    approve medium requester: no: whoever asked for a plan cannot approve it
    approve medium other: yes, 0: `others-approve`
    approve high requester: no: whoever asked for a plan cannot approve it
    approve high other: yes, 0: `others-approve`
    execute low requester: yes, 0: `low-risk`
    execute low other: yes, 0: `low-risk`
    execute medium requester: yes, 1: `medium-risk`
    execute medium other: yes, 1: `medium-risk`
    execute high requester: yes, 2: `high-risk`
    execute high other: yes, 2: `high-risk`
    undo low requester: yes, 0: `members-undo`
    undo low other: yes, 0: `members-undo`
    undo medium requester: yes, 0: `members-undo`
    undo medium other: yes, 0: `members-undo`
    undo high requester: yes, 0: `members-undo`
    undo high other: yes, 0: `members-undo`
    ");
}

#[test]
fn only_members_do_anything() {
    let all = Policy::parse("permit(principal, action, resource);", &Directory::default()).unwrap();
    for policy in [all, Policy::shipped()] {
        for standing in [Standing::Guest, Standing::Deactivated, Standing::Stranger] {
            for act in Act::ALL {
                let person = Person { standing, ..member("U2", &["oncall"]) };
                let ruling = policy.rule(&Question { act, person: &person, plan: &plan(Risk::Low) });
                assert_eq!(ruling, Ruling::Denied { why: Denial::NotAMember { standing } });
            }
        }
    }
    let said = |standing| Denial::NotAMember { standing }.to_string();
    assert_snapshot!(said(Standing::Guest), @"a guest decides nothing about plans, only members of this workspace do");
    assert_snapshot!(said(Standing::Deactivated), @"this account is deactivated, and only members of this workspace decide about plans");
    assert_snapshot!(said(Standing::Stranger), @"somebody from outside this workspace decides nothing about its plans, only its members do");
}

#[test]
fn what_is_forbidden_stays_so() {
    let freeze = r#"
        @id("freeze")
        @because("nothing of medium or high risk is executed during business hours")
        forbid (principal, action == Action::"execute", resource)
        when { context.business_hours && resource.risk != Risk::"low" };

        forbid (principal, action, resource) when { resource.target == "ledger" };
    "#;
    let policy = with(freeze, &Directory::default());
    assert!(policy.asks_for_business_hours());
    let other = member("U2", &[]);
    let busy = PlanFacts { business_hours: true, ..plan(Risk::Medium) };
    assert_snapshot!(told(&policy, Act::Execute, &other, &busy), @"no: it is forbidden: nothing of medium or high risk is executed during business hours (policy `freeze`)");
    assert_snapshot!(told(&policy, Act::Execute, &other, &PlanFacts { business_hours: false, ..busy.clone() }), @"yes, 1: `medium-risk`");
    assert_snapshot!(told(&policy, Act::Execute, &other, &PlanFacts { risk: Risk::Low, ..busy.clone() }), @"yes, 0: `low-risk`");
    assert_snapshot!(told(&policy, Act::Approve, &other, &busy), @"yes, 0: `others-approve`");
    let both = PlanFacts { target: ServiceId::new("ledger"), ..busy };
    assert_snapshot!(told(&policy, Act::Execute, &other, &both), @"no: it is forbidden: nothing of medium or high risk is executed during business hours (policy `freeze`); policy `number 8 on line 40`");
}

#[test]
fn groups_and_people_count() {
    let directory = groups(&[("dba", &["U3"])]);
    let tables = r#"
        @id("tables")
        @because("only the database team changes tables")
        forbid (principal, action in [Action::"approve", Action::"execute"], resource)
        when { resource.remedy == "raise_table_capacity" }
        unless { principal in Group::"dba" };

        @id("not-for-contractors")
        @because("what contractors ask for is executed by U3")
        forbid (principal, action == Action::"execute", resource)
        when { resource.requester in Group::"dba" && principal != Person::"U3" };
    "#;
    let policy = with(tables, &directory);
    let tables = PlanFacts { remedy: "raise_table_capacity".to_owned(), ..plan(Risk::Medium) };
    let (dba, other) = (member("U3", &["dba"]), member("U2", &[]));
    assert_snapshot!(told(&policy, Act::Execute, &dba, &tables), @"yes, 1: `medium-risk`");
    assert_snapshot!(told(&policy, Act::Execute, &other, &tables), @"no: it is forbidden: only the database team changes tables (policy `tables`)");
    assert_snapshot!(told(&policy, Act::Execute, &other, &plan(Risk::Medium)), @"yes, 1: `medium-risk`");
    // The requester's groups are asked for as well.
    let asked = PlanFacts { requester: dba.clone(), ..plan(Risk::Medium) };
    assert_snapshot!(told(&policy, Act::Execute, &other, &asked), @"no: it is forbidden: what contractors ask for is executed by U3 (policy `not-for-contractors`)");
    assert_snapshot!(told(&policy, Act::Execute, &dba, &asked), @"yes, 1: `medium-risk`");
}

#[test]
fn the_most_approvals_count_and_never_fewer_than_the_risk_needs() {
    let all = |approvals: &str| format!("{approvals} permit(principal, action, resource);");
    #[track_caller]
    fn check(text: &str, risk: Risk, expected: u8) {
        let policy = Policy::parse(text, &Directory::default()).unwrap();
        let plan = PlanFacts { cost_per_month_cents: Some(90_000), ..plan(risk) };
        let ruling = policy.rule(&Question { act: Act::Execute, person: &member("U2", &[]), plan: &plan });
        assert!(
            matches!(ruling, Ruling::Allowed { approvals, .. } if approvals == expected),
            "{text} {risk}: {ruling:?}"
        );
    }
    for (risk, least) in [(Risk::Low, 0), (Risk::Medium, 1), (Risk::High, 2)] {
        check(&all(""), risk, least);
        check(&all("@approvals(\"0\")"), risk, least);
        check(&all("@approvals(\"3\")"), risk, 3);
        check(&format!("{}{}", all("@approvals(\"1\")"), all("@approvals(\"4\")")), risk, 4);
        // A permit that does not apply asks for nothing.
        let dear = "when { resource has cost_per_month_cents && resource.cost_per_month_cents >= 100000 };";
        check(&format!("{}@approvals(\"9\")permit(principal, action, resource){dear}", all("")), risk, least);
        let dear = dear.replace("100000", "90000");
        check(&format!("{}@approvals(\"9\")permit(principal, action, resource){dear}", all("")), risk, 9);
    }
}

#[test]
fn a_policy_that_fails_allows_nothing() {
    let yearly = r#"
        @id("dear")
        forbid (principal, action == Action::"execute", resource)
        when { resource has cost_per_month_cents && resource.cost_per_month_cents * 12 > 1000000 };
    "#;
    let policy = with(yearly, &Directory::default());
    let cost = |cents| PlanFacts { cost_per_month_cents: cents, ..plan(Risk::Low) };
    let other = member("U2", &[]);
    assert_snapshot!(told(&policy, Act::Execute, &other, &cost(None)), @"yes, 0: `low-risk`");
    assert_snapshot!(told(&policy, Act::Execute, &other, &cost(Some(100_000))), @"no: it is forbidden: policy `dear`");
    assert_snapshot!(told(&policy, Act::Execute, &other, &cost(Some(i64::MAX))), @"no: the policy `dear` fails on this plan, which counts as a no: integer overflow while attempting to multiply the values `9223372036854775807` and `12`");
}

#[test]
fn ids_are_never_read_as_cedar() {
    let policy = Policy::shipped();
    let odd = r#"U1" , action, resource); permit(principal, action, resource); //"#;
    let plan =
        PlanFacts { id: odd.to_owned(), remedy: odd.to_owned(), environment: odd.to_owned(), ..plan(Risk::High) };
    let person = member(odd, &[odd]);
    assert_eq!(told(&policy, Act::Execute, &person, &plan), "yes, 2: `high-risk`");
}

#[test]
fn policies_are_told_in_the_order_of_their_text() {
    let text: String = (0..12).map(|_| "permit(principal, action, resource);\n").collect();
    let policy = Policy::parse(&text, &Directory::default()).unwrap();
    let names: Vec<String> = policy.names().into_iter().map(|PolicyName(name)| name).collect();
    assert_eq!(names, (1..=12).map(|line| format!("number {line} on line {line}")).collect::<Vec<_>>());
    let ruling = policy.rule(&Question { act: Act::Undo, person: &member("U2", &[]), plan: &plan(Risk::Low) });
    assert!(matches!(ruling, Ruling::Allowed { by, .. } if by == policy.names()));
}

#[test]
fn the_examples_of_the_readme_do_what_they_say() {
    let directory = groups(&[("dba", &["U3"]), ("oncall", &["U4"]), ("leads", &["U5", "U6"])]);
    let blocks = include_str!("README.md").split("```cedar\n").skip(1);
    let examples: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    for example in &examples {
        with(example, &directory);
    }
    let policy = with(&examples.concat(), &directory);
    let mut table = String::new();
    let remedy = |name: &str, risk| PlanFacts { remedy: name.to_owned(), cost_per_month_cents: Some(0), ..plan(risk) };
    let (oncall, lead, other) = (member("U4", &["oncall"]), member("U5", &["leads"]), member("U7", &[]));
    for (act, person, plan) in [
        (Act::Execute, &other, PlanFacts { business_hours: true, ..remedy("roll_alias_back", Risk::Medium) }),
        (Act::Approve, &other, remedy("raise_table_capacity", Risk::Medium)),
        (Act::Execute, &oncall, remedy("raise_log_level", Risk::Low)),
        (Act::Execute, &other, remedy("raise_log_level", Risk::Low)),
        (Act::Approve, &other, remedy("stop_function", Risk::High)),
        (Act::Approve, &lead, remedy("stop_function", Risk::High)),
        (Act::Execute, &other, PlanFacts { cost_per_month_cents: Some(50_000), ..remedy("scale_out", Risk::Medium) }),
        (Act::Execute, &other, PlanFacts { cost_per_month_cents: Some(50_001), ..remedy("scale_out", Risk::Medium) }),
        (Act::Execute, &other, PlanFacts { cost_per_month_cents: None, ..remedy("scale_out", Risk::Medium) }),
        (Act::Propose, &other, remedy("replay_archive", Risk::High)),
    ] {
        let told = told(&policy, act, person, &plan);
        writeln!(table, "{act} {} {}: {told}", plan.remedy, person.id).unwrap();
    }
    assert_snapshot!(table, @"
    execute roll_alias_back U7: no: it is forbidden: nothing of medium or high risk is executed during business hours (policy `freeze`)
    approve raise_table_capacity U7: no: it is forbidden: only the database team decides about tables (policy `tables`)
    execute raise_log_level U4: yes, 0: `low-risk`
    execute raise_log_level U7: yes, 1: `low-risk` `low-risk-of-others`
    approve stop_function U7: no: it is forbidden: in production only leads approve the kill switch (policy `kill-switch`)
    approve stop_function U5: yes, 0: `others-approve`
    execute scale_out U7: yes, 1: `medium-risk`
    execute scale_out U7: yes, 3: `medium-risk` `dear`
    execute scale_out U7: yes, 3: `medium-risk` `dear`
    propose replay_archive U7: no: it is forbidden: consumers here are not ready for events twice (policy `no-replay`)
    ");
}
