//! What is no policy for us, and how that is told.

use super::*;
use crate::recovery::policy::MAX_POLICY_BYTES;
use insta::assert_snapshot;

#[track_caller]
fn refused(text: &str) -> String {
    Policy::parse(text, &groups(&[("dba", &["U3"])])).unwrap_err().to_string()
}

const ALL: &str = "permit(principal, action, resource);\n";

#[test]
fn what_cedar_refuses_is_told_with_its_line() {
    assert_snapshot!(refused("\n\npermit(principal, action resource);"), @"line 3 of the policy is not Cedar: unexpected token `resource`");
    assert_snapshot!(refused(&format!("{ALL}forbid(principal, action, resource) when {{ resource.rsk == Risk::\"low\" }};")), @"line 2 of the policy does not fit what policies can speak about: for policy `number 2 on line 2`, attribute `rsk` on entity type `Plan` not found");
    assert_snapshot!(refused(&format!("{ALL}\nforbid(principal, action, resource)\nwhen {{ resource.risk == Risk::\"severe\" }};")), @r#"line 4 of the policy does not fit what policies can speak about: for policy `number 2 on line 3`: entity `Risk::"severe"` is of an enumerated entity type, but `"severe"` is not declared as a valid eid (valid entity eids: "low", "medium", "high")"#);
    assert_snapshot!(refused("permit(principal, action == Action::\"exekute\", resource);"), @r#"line 1 of the policy does not fit what policies can speak about: for policy `number 1 on line 1`, unrecognized action `Action::"exekute"`"#);
    assert_snapshot!(refused("permit(principal, action, resource) when { resource.risk > 1 };"), @"line 1 of the policy does not fit what policies can speak about: for policy `number 1 on line 1`, unexpected type: expected Long but saw Risk");
    assert_snapshot!(refused("permit(principal, action, resource) when { resource.cost_per_month_cents < 10 };"), @"line 1 of the policy does not fit what policies can speak about: for policy `number 1 on line 1`, unable to guarantee safety of access to optional attribute `cost_per_month_cents` on entity type `Plan` (try testing for the attribute's presence with `e has cost_per_month_cents && ..`)");
    assert_snapshot!(refused("permit(principal == User::\"U1\", action, resource);"), @"line 1 of the policy does not fit what policies can speak about: for policy `number 1 on line 1`, unrecognized entity type `User`");
    assert_snapshot!(refused(&format!("{ALL}@id(\"never\") permit(principal, action, resource) when {{ false }};")), @"line 2 of the policy does not fit what policies can speak about: for policy `never`, policy is impossible: the policy expression evaluates to false for all valid requests");
}

#[test]
fn what_could_not_work_is_told() {
    assert_snapshot!(refused(""), @"the policy is empty, and would permit nothing");
    assert_snapshot!(refused("// permit(principal, action, resource);"), @"the policy is empty, and would permit nothing");
    assert_snapshot!(refused("permit(principal == ?principal, action, resource);"), @"the policy has a template (`?principal` or `?resource`), which nothing would link; name who is meant");
    assert_snapshot!(refused(&" ".repeat(MAX_POLICY_BYTES + 1)), @"the policy has 65537 bytes, and 65536 is the most");
    assert_snapshot!(refused(&format!("{ALL}\n\nforbid(principal in Group::\"dbas\", action, resource);")), @"line 4 of the policy names the group `dbas`, which is not configured");
    let no_undo = DEFAULT.split("@id(\"members-undo\")").next().unwrap();
    assert_snapshot!(refused(no_undo), @"no policy permits anybody to undo a plan");
    assert_snapshot!(refused("forbid(principal, action, resource);"), @"no policy permits anybody to propose a plan");
}

#[test]
fn annotations_are_read_or_refused() {
    let one = |annotations: &str| refused(&format!("{ALL}\n{annotations}\n{ALL}"));
    assert_snapshot!(one("@approvals(\"ten\")"), @"line 3 of the policy: @approvals is a number from 0 to 9, and not `ten`");
    assert_snapshot!(one("@approvals(\"10\")"), @"line 3 of the policy: @approvals is a number from 0 to 9, and not `10`");
    assert_snapshot!(one("@approvals(\"-1\")"), @"line 3 of the policy: @approvals is a number from 0 to 9, and not `-1`");
    assert_snapshot!(one("@approvals"), @"line 3 of the policy: @approvals is a number from 0 to 9, and not ``");
    assert_snapshot!(one("@aprovals(\"2\")"), @"line 3 of the policy: the annotation @aprovals is unknown; there are @id, @because and @approvals");
    assert_snapshot!(one("@id(\"\")"), @"line 3 of the policy: @id needs one line of 1 to 60 characters, without space around it");
    assert_snapshot!(one("@because(\"two\nlines\")"), @"line 3 of the policy: @because needs one line of 1 to 200 characters, without space around it");
    assert_snapshot!(refused(&format!("{ALL}@approvals(\"2\") forbid(principal, action, resource);")), @"line 2 of the policy: @approvals says something only where `execute` is permitted");
    assert_snapshot!(refused("@approvals(\"2\") permit(principal, action == Action::\"approve\", resource);"), @"line 1 of the policy: @approvals says something only where `execute` is permitted");
    assert_snapshot!(refused(&format!("@id(\"a\") {ALL}@id(\"a\") {ALL}")), @"line 2 of the policy: there is another policy with the @id `a`");
}

#[test]
fn a_person_who_is_no_member_is_not_named() {
    let people = [("U1", Standing::Member), ("U2", Standing::Guest)];
    let people = people.map(|(id, standing)| (PersonId(id.to_owned()), standing)).into_iter().collect();
    let known = Directory { people: Some(people), ..Directory::default() };
    let named = |id: &str| format!("{ALL}forbid(principal == Person::\"{id}\", action, resource);");
    assert!(Policy::parse(&named("U1"), &known).is_ok());
    assert_snapshot!(Policy::parse(&named("U2"), &known).unwrap_err(), @"line 2 of the policy names the person `U2`, who is no member of the workspace");
    assert_snapshot!(Policy::parse(&named("U9"), &known).unwrap_err(), @"line 2 of the policy names the person `U9`, who is no member of the workspace");
    // Where nobody was asked who is there, nobody is refused.
    assert!(Policy::parse(&named("U9"), &Directory::default()).is_ok());
}

#[test]
fn business_hours_are_found_wherever_they_are_asked_for() {
    #[track_caller]
    fn check(condition: &str, expected: bool) {
        let text = format!("{ALL}forbid(principal, action, resource) when {{ {condition} }};");
        assert_eq!(Policy::parse(&text, &Directory::default()).unwrap().asks_for_business_hours(), expected);
    }
    check("context.business_hours", true);
    check("context[\"business_hours\"]", true);
    check("resource.irreversible || !(if resource.irreversible then false else context.business_hours)", true);
    check("resource.target == \"context.business_hours\"", false);
    check("resource.irreversible // context.business_hours\n", false);
}

#[test]
fn no_depth_ends_the_program() {
    let deep = |levels: usize| {
        let terms = vec!["true"; levels];
        [
            terms.join(" && "),
            terms.join("||"),
            format!("{}true{}", "(".repeat(levels), ")".repeat(levels)),
            format!("{}true", "if resource.irreversible then false else ".repeat(levels)),
            format!("{}true{}", "!(".repeat(levels), ")".repeat(levels)),
            format!("resource{} == resource", ".requester".repeat(levels)),
            format!("{}1{}.contains(1)", "[".repeat(levels), "]".repeat(levels)),
            format!("resource.cost_per_month_cents{} == 1", " + 1".repeat(levels)),
        ]
    };
    let text = |condition: &str| format!("{ALL}forbid(principal, action, resource) when {{ {condition} }};");
    for condition in deep(1001) {
        let refused = refused(&text(&condition));
        assert_eq!(
            refused,
            "the policy that begins before line 2 has more than 1000 brackets, dots and operators; split it"
        );
    }
    // What is read can be asked, with the stack that a test has; what fails then is a no.
    for condition in deep(330) {
        if let Ok(policy) = Policy::parse(&text(&condition), &Directory::default()) {
            let ruling = told(&policy, Act::Undo, &member("U2", &[]), &plan(Risk::Low));
            assert!(ruling.starts_with("no: "), "{ruling}");
        }
    }
}
