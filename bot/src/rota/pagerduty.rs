//! PagerDuty: `GET /oncalls` of its REST API, version 2.

use super::http::Asker;
use super::{MOST, OnDuty, Rota, RotaError};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeSet;

/// Schedules of PagerDuty.
#[derive(Clone, Debug)]
pub struct PagerDuty(Asker);

impl PagerDuty {
    /// The account to which `key` belongs, at `base`.
    ///
    /// # Errors
    /// The certificates of this machine cannot be read.
    pub fn new(base: &str, key: SecretString) -> std::io::Result<Self> {
        Ok(Self(Asker::new("PagerDuty", base, key)?))
    }
}

#[async_trait]
impl Rota for PagerDuty {
    async fn on_duty(&self, schedule: &str) -> Result<Vec<OnDuty>, RotaError> {
        let path = format!("/oncalls?schedule_ids%5B%5D={schedule}&include%5B%5D=users&earliest=true&limit=100");
        let accept = "application/vnd.pagerduty+json;version=2";
        let answer = self.0.get(&path, "Token token=", accept).await?;
        read(&answer).ok_or_else(|| self.0.silent("its answer has no `oncalls`"))
    }
}

/// Those of the first step: a schedule may stand in several policies, and at several steps of one.
fn read(answer: &Value) -> Option<Vec<OnDuty>> {
    let all = answer["oncalls"].as_array()?;
    let level = |one: &Value| one["escalation_level"].as_u64().unwrap_or(1);
    let first = all.iter().map(level).min();
    let text = |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut seen = BTreeSet::new();
    let people = all.iter().filter(|one| Some(level(one)) == first).filter_map(|one| {
        let user = &one["user"];
        let duty = OnDuty { email: text(&user["email"]), name: text(&user["name"]).or_else(|| text(&user["summary"])) };
        let is_known = duty.email.is_some() || duty.name.is_some();
        (is_known && seen.insert((duty.email.clone(), duty.name.clone()))).then_some(duty)
    });
    Some(people.take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn those_of_the_first_step_are_called_once() {
        #[track_caller]
        fn check(answer: &Value, expected: Option<&[(&str, &str)]>) {
            let told = read(answer);
            let told = told.as_ref().map(|people| {
                let text = |part: &Option<String>| part.clone().unwrap_or_default();
                people.iter().map(|one| (text(&one.email), text(&one.name))).collect::<Vec<_>>()
            });
            let expected = expected.map(|all| all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect());
            assert_eq!(told, expected, "{answer}");
        }
        let on = |level: u64, email: &str, name: &str| json!({"escalation_level": level, "user": {"type": "user", "email": email, "name": name}});
        let mina = on(1, "mina@example.com", "Mina");
        check(
            &json!({"oncalls": [on(2, "jun@example.com", "Jun"), mina, mina]}),
            Some(&[("mina@example.com", "Mina")]),
        );
        check(&json!({"oncalls": [{"user": {"summary": "Mina P."}}]}), Some(&[("", "Mina P.")]));
        check(&json!({"oncalls": [{"user": null}, {"user": {"email": " "}}]}), Some(&[]));
        check(&json!({"oncalls": []}), Some(&[]));
        check(&json!({"error": {}}), None);
    }
}
