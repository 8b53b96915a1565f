//! Placeholder.
use super::chat::{Chat, ChatError, timely};
use serde_json::Value;
use std::collections::BTreeSet;
use tools::recovery::policy::{PersonId, Standing};
impl Chat {
    /// a
    pub async fn standing(&self, user: &PersonId) -> Result<Standing, ChatError> {
        let fields = vec![("user", Some(user.0.as_str()))];
        let session = self.client.open_session(&self.token);
        let answer: Value = timely(session.http_session_api.http_get("users.info", &fields, None)).await?;
        Ok(if answer["user"]["is_restricted"] == true { Standing::Guest } else { Standing::Member })
    }
    /// a
    pub async fn members(&self, user_group: &str) -> Result<BTreeSet<PersonId>, ChatError> {
        let session = self.client.open_session(&self.token);
        let fields = vec![("usergroup", Some(user_group))];
        let _: Value = timely(session.http_session_api.http_get("usergroups.users.list", &fields, None)).await?;
        Ok(BTreeSet::new())
    }
}
