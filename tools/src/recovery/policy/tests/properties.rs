//! What no policy can do.

use super::*;
use crate::recovery::policy::PolicyError;
use proptest::prelude::*;

/// The scope of a policy: any, or narrower.
fn scope() -> impl Strategy<Value = String> {
    let principal = prop_oneof![
        Just("principal"),
        Just("principal == Person::\"U1\""),
        Just("principal == Person::\"U2\""),
        Just("principal in Group::\"oncall\""),
    ];
    let action = prop_oneof![
        Just("action"),
        Just("action == Action::\"approve\""),
        Just("action == Action::\"execute\""),
        Just("action in [Action::\"propose\", Action::\"undo\"]"),
    ];
    (principal, action).prop_map(|(principal, action)| format!("({principal}, {action}, resource)"))
}

fn condition() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        Just("resource.risk == Risk::\"high\"".to_owned()),
        Just("resource.risk == Risk::\"low\"".to_owned()),
        Just("principal == resource.requester".to_owned()),
        Just("principal in Group::\"oncall\"".to_owned()),
        Just("resource.requester in Group::\"oncall\"".to_owned()),
        Just("context.business_hours".to_owned()),
        Just("resource.irreversible".to_owned()),
        Just("resource has cost_per_month_cents && resource.cost_per_month_cents * 2 > 100".to_owned()),
        Just("[\"orders\", \"users\"].contains(resource.target)".to_owned()),
    ];
    atom.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("!({one})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) || ({b})")),
        ]
    })
}

/// A permit or forbid. The first permits of a text are unconditional, so that every act is permitted on paper.
fn policy(effect: &'static str) -> impl Strategy<Value = String> {
    let when = prop_oneof![
        1 => Just(String::new()),
        3 => (prop_oneof![Just("when"), Just("unless")], condition()).prop_map(|(word, one)| format!(" {word} {{ {one} }}")),
    ];
    (scope(), when).prop_map(move |(scope, when)| format!("{effect} {scope}{when};\n"))
}

fn policies() -> impl Strategy<Value = String> {
    let permits = proptest::collection::vec(policy("permit"), 0..4);
    let forbids = proptest::collection::vec(policy("forbid"), 0..3);
    (any::<bool>(), permits, forbids).prop_map(|(all, permits, forbids)| {
        let first = if all { "permit(principal, action, resource);\n" } else { DEFAULT };
        format!("{first}\n{}{}", permits.concat(), forbids.concat())
    })
}

fn person() -> impl Strategy<Value = Person> {
    (prop_oneof![Just("U1"), Just("U2"), Just("U3")], any::<bool>())
        .prop_map(|(id, oncall)| member(id, if oncall { &["oncall"] } else { &[] }))
}

fn plans() -> impl Strategy<Value = PlanFacts> {
    let cost = prop_oneof![Just(None), Just(Some(10)), Just(Some(i64::MAX))];
    let risk = prop_oneof![Just(Risk::Low), Just(Risk::Medium), Just(Risk::High)];
    (risk, person(), cost, any::<bool>(), any::<bool>()).prop_map(
        |(risk, requester, cost_per_month_cents, business_hours, irreversible)| PlanFacts {
            requester,
            cost_per_month_cents,
            business_hours,
            irreversible,
            ..plan(risk)
        },
    )
}

/// A text may be refused, which allows nothing either; the validator refuses what can never apply.
fn read(text: &str) -> Option<Policy> {
    match Policy::parse(text, &groups(&[("oncall", &["U1"])])) {
        Ok(policy) => Some(policy),
        Err(PolicyError::Schema { .. }) => None,
        Err(err) => panic!("{text}\n{err}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_policy_lets_a_guest_act_or_a_requester_approve(
        text in policies(), plan in plans(), person in person(),
        standing in prop_oneof![Just(Standing::Guest), Just(Standing::Deactivated), Just(Standing::Stranger)],
    ) {
        let Some(policy) = read(&text) else { return Ok(()) };
        for act in Act::ALL {
            let outsider = Person { standing, ..person.clone() };
            let ruling = policy.rule(&Question { act, person: &outsider, plan: &plan });
            prop_assert_eq!(ruling, Ruling::Denied { why: Denial::NotAMember { standing } });
        }
        // Also with groups that the requester was not in when asking.
        let requester = Person { id: plan.requester.id.clone(), ..person };
        let ruling = policy.rule(&Question { act: Act::Approve, person: &requester, plan: &plan });
        prop_assert_eq!(ruling, Ruling::Denied { why: Denial::OwnPlan });
    }

    #[test]
    fn a_forbid_more_never_allows_more(
        text in policies(), more in policy("forbid"), plan in plans(), person in person(),
    ) {
        let (Some(before), Some(after)) = (read(&text), read(&format!("{text}{more}"))) else { return Ok(()) };
        for act in Act::ALL {
            let question = Question { act, person: &person, plan: &plan };
            if let Ruling::Allowed { .. } = after.rule(&question) {
                prop_assert_eq!(before.rule(&question), after.rule(&question));
            }
        }
    }

    #[test]
    fn a_permit_more_never_asks_for_fewer_approvals(
        text in policies(), more in policy("permit"), plan in plans(), person in person(),
    ) {
        let (Some(before), Some(after)) = (read(&text), read(&format!("{text}{more}"))) else { return Ok(()) };
        let question = Question { act: Act::Execute, person: &person, plan: &plan };
        if let (Ruling::Allowed { approvals: before, .. }, Ruling::Allowed { approvals: after, .. }) =
            (before.rule(&question), after.rule(&question))
        {
            prop_assert!(after >= before && before >= floor(plan.risk));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Policy::parse(&text, &Directory::default());
    }
}
