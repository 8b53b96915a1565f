//! Opsgenie, and the same API of Jira Service Management: `GET /v2/schedules/{id}/on-calls`.

use super::http::Asker;
use super::{MOST, OnDuty, Rota, RotaError};
use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;

/// Schedules of Opsgenie.
#[derive(Clone, Debug)]
pub struct Opsgenie(Asker);

impl Opsgenie {
    /// The account to which `key` belongs, at `base`: accounts in the EU have an address of their own.
    ///
    /// # Errors
    /// The certificates of this machine cannot be read.
    pub fn new(base: &str, key: SecretString) -> std::io::Result<Self> {
        Ok(Self(Asker::new("Opsgenie", base, key)?))
    }
}

#[async_trait]
impl Rota for Opsgenie {
    async fn on_duty(&self, schedule: &str) -> Result<Vec<OnDuty>, RotaError> {
        let path = format!("/v2/schedules/{schedule}/on-calls?flat=true");
        let answer = self.0.get(&path, "GenieKey ", "application/json").await?;
        read(&answer).ok_or_else(|| self.0.silent("its answer has no `onCallRecipients`"))
    }
}

/// The names of accounts are e-mail addresses there.
fn read(answer: &Value) -> Option<Vec<OnDuty>> {
    let all = answer["data"]["onCallRecipients"].as_array()?;
    let names = all.iter().filter_map(|name| name.as_str().map(str::trim).filter(|name| !name.is_empty()));
    let duty = |name: &str| {
        let (email, name) = if name.contains('@') { (Some(name), None) } else { (None, Some(name)) };
        OnDuty { email: email.map(str::to_owned), name: name.map(str::to_owned) }
    };
    Some(names.map(duty).take(MOST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn accounts_are_called_by_their_addresses() {
        let answer = json!({
            "data": {"_parent": {"id": "d875", "name": "ops", "enabled": true}, "onCallRecipients": ["mina@example.com", "", "robot"]},
            "took": 0.1, "requestId": "9ae63dd7",
        });
        let told = read(&answer).unwrap();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0].email.as_deref(), Some("mina@example.com"));
        assert_eq!(told[1].name.as_deref(), Some("robot"));
        assert_eq!(read(&json!({"message": "no"})), None);
    }
}
