//! Who may speak MCP to the front door.

use super::{ConfigError, is_slack_id};
use jiff::SignedDuration;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tools::recovery::policy::PersonId;

/// How a token is told without telling it.
const DIGEST: &str = "sha256:";

/// A shorter token can be guessed.
const SHORTEST: usize = 24;

/// How long a call may take at most.
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// The section `[mcp]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mcp {
    /// The names by which clients reach us besides `localhost`, such as `clarity.example.com`; none unless told.
    pub hosts: Vec<String>,
    /// The pages that may call us from a browser besides those of this machine, such as `https://tools.example.com`; none
    /// unless told.
    pub origins: Vec<String>,
    /// How many requests a minute one person may make, `600` unless told.
    pub calls_per_min: u32,
    /// How long a call may take, `30s` unless told; `5m` at most.
    pub deadline: SignedDuration,
    /// Who a token speaks for: the name of an environment variable that holds it, or `sha256:` and its SHA-256 in hex, and the
    /// id of a Slack user. Without any, only this machine may call, in nobody's name.
    pub tokens: BTreeMap<String, String>,
}

impl Default for Mcp {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            origins: Vec::new(),
            calls_per_min: 600,
            deadline: SignedDuration::from_secs(30),
            tokens: BTreeMap::new(),
        }
    }
}

/// A token that is known, and who it speaks for. The token itself is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// SHA-256 of the token.
    pub digest: [u8; 32],
    /// Whom it speaks for.
    pub person: PersonId,
}

impl Mcp {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.calls_per_min == 0 {
            return Err("`mcp.calls_per_min` is 0; one is the least".to_owned());
        }
        if self.deadline <= SignedDuration::ZERO || self.deadline > LONGEST {
            return Err(format!(
                "`mcp.deadline` is {:#}; a call takes more than nothing, and 5m at most",
                self.deadline
            ));
        }
        let is_name = |host: &&String| host.is_empty() || host.contains('/') || host.contains(char::is_whitespace);
        if let Some(odd) = self.hosts.iter().find(is_name) {
            return Err(format!("`{odd}` of `mcp.hosts` is no name of a host; one is `clarity.example.com`"));
        }
        let is_page = |origin: &&String| !(origin.starts_with("https://") || origin.starts_with("http://"));
        if let Some(odd) = self.origins.iter().find(is_page) {
            return Err(format!("`{odd}` of `mcp.origins` is no origin; one is `https://tools.example.com:443`"));
        }
        for (token, person) in &self.tokens {
            if let Some(digest) = token.strip_prefix(DIGEST) {
                read(digest)?;
            } else if !token.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_') {
                return Err(format!(
                    "a key of `mcp.tokens` is neither the name of an environment variable, such as `CLARITY_MCP_MINA`, nor \
                     `{DIGEST}` and 64 hexadecimal digits. If it is a token: replace it, it stood in a file"
                ));
            }
            if !is_slack_id(person, b"UW") {
                return Err(format!("`{person}` of `mcp.tokens` is no id of a Slack user; one is `U0123ABCD`"));
            }
        }
        Ok(())
    }

    /// A function has an environment of its own: tokens are told by their hashes.
    pub(super) fn check_for_functions(&self) -> Result<(), String> {
        match self.tokens.keys().find(|token| !token.starts_with(DIGEST)) {
            None => Ok(()),
            Some(name) => Err(format!(
                "`mcp.tokens` names the environment variable {name}, and functions have none of yours; write `{DIGEST}` and \
                 what `printf %s \"${name}\" | sha256sum` prints instead"
            )),
        }
    }

    /// The tokens that are known, those of variables from wherever `lookup` looks.
    pub fn bearers(&self, lookup: impl Fn(&str) -> Option<String>) -> Result<Vec<Bearer>, ConfigError> {
        let mut bearers: Vec<Bearer> = Vec::new();
        for (token, person) in &self.tokens {
            let digest = match token.strip_prefix(DIGEST) {
                Some(digest) => read(digest).map_err(ConfigError::Sense)?,
                None => hashed(token, lookup(token)).map_err(ConfigError::Sense)?,
            };
            if bearers.iter().any(|known| known.digest == digest) {
                return Err(ConfigError::Sense("two entries of `mcp.tokens` are the same token".to_owned()));
            }
            bearers.push(Bearer { digest, person: PersonId(person.clone()) });
        }
        Ok(bearers)
    }
}

fn read(digest: &str) -> Result<[u8; 32], String> {
    let mut bytes = [0; 32];
    match hex::decode_to_slice(digest, &mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(format!("`{DIGEST}` of `mcp.tokens` is followed by 64 hexadecimal digits")),
    }
}

fn hashed(name: &str, token: Option<String>) -> Result<[u8; 32], String> {
    let token =
        token.ok_or_else(|| format!("the environment variable {name} is not set, and `mcp.tokens` names it"))?;
    if token.len() < SHORTEST || token.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(format!(
            "the environment variable {name} holds no token: at least {SHORTEST} letters, digits and signs; `openssl rand \
             -hex 32` makes a good one"
        ));
    }
    Ok(Sha256::digest(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn with(token: &str, person: &str) -> Mcp {
        Mcp { tokens: [(token.to_owned(), person.to_owned())].into(), ..Mcp::default() }
    }

    #[test]
    fn a_token_is_told_by_its_hash_or_by_a_variable() {
        let token = "0123456789abcdef0123456789abcdef";
        let digest = hex::encode(Sha256::digest(token));
        let told = with(&format!("sha256:{digest}"), "U1A").bearers(|_| None).unwrap();
        let named = with("MINA", "U1A").bearers(|name| (name == "MINA").then(|| token.to_owned())).unwrap();
        assert_eq!(told, named);
        assert!(!format!("{named:?}").contains(token));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_token_is_repeated() {
        let secret = "s3cret-token-that-somebody-pasted";
        let problem = with(secret, "U1A").check().unwrap_err();
        assert!(!problem.contains(secret));
        assert_snapshot!(problem, @"a key of `mcp.tokens` is neither the name of an environment variable, such as `CLARITY_MCP_MINA`, nor `sha256:` and 64 hexadecimal digits. If it is a token: replace it, it stood in a file");
        assert_snapshot!(with("sha256:12", "U1A").check().unwrap_err(), @"`sha256:` of `mcp.tokens` is followed by 64 hexadecimal digits");
        assert_snapshot!(with("MINA", "mina").check().unwrap_err(), @"`mina` of `mcp.tokens` is no id of a Slack user; one is `U0123ABCD`");
        assert_snapshot!(with("MINA", "U1A").bearers(|_| None).unwrap_err(), @"the configuration is wrong: the environment variable MINA is not set, and `mcp.tokens` names it");
        assert_snapshot!(with("MINA", "U1A").bearers(|_| Some("short".to_owned())).unwrap_err(), @"the configuration is wrong: the environment variable MINA holds no token: at least 24 letters, digits and signs; `openssl rand -hex 32` makes a good one");
        assert_snapshot!(with("MINA", "U1A").check_for_functions().unwrap_err(), @r#"`mcp.tokens` names the environment variable MINA, and functions have none of yours; write `sha256:` and what `printf %s "$MINA" | sha256sum` prints instead"#);
        assert!(with("sha256:12", "U1A").check_for_functions().is_ok());
        let odd = |mcp: Mcp| mcp.check().unwrap_err();
        assert_snapshot!(odd(Mcp { calls_per_min: 0, ..Mcp::default() }), @"`mcp.calls_per_min` is 0; one is the least");
        assert_snapshot!(odd(Mcp { deadline: SignedDuration::from_mins(6), ..Mcp::default() }), @"`mcp.deadline` is 6m; a call takes more than nothing, and 5m at most");
        assert_snapshot!(odd(Mcp { hosts: vec!["https://x".to_owned()], ..Mcp::default() }), @"`https://x` of `mcp.hosts` is no name of a host; one is `clarity.example.com`");
        assert_snapshot!(odd(Mcp { origins: vec!["x".to_owned()], ..Mcp::default() }), @"`x` of `mcp.origins` is no origin; one is `https://tools.example.com:443`");
    }
}
