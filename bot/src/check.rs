//! `clarity check`: whether everything that a deployment names is there and lets us in. It changes nothing and says of
//! whatever is missing the smallest step that mends it.

use crate::config::{ConfigError, File, OnCall, Secrets, Storage};
use crate::embedded::ReadOnly;
use crate::ports::{Lookback, StoreError};
use crate::rules::Rules;
use crate::serve;
use crate::slack::chat::{Chat, ChatError};
use crate::slack::look::Grants;
use crate::slack::manifest::SCOPES;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use tools::language::Failure;
use tools::model::Window;

/// How much of the past is read to see whether it can be.
const LOOK: SignedDuration = SignedDuration::from_mins(5);

/// One line of the outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub about: String,
    /// What was found.
    pub found: Found,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is as it should be; a phrase.
    Good(String),
    /// It is not.
    Missing {
        /// What is wrong; a phrase.
        problem: String,
        /// The smallest step that mends it; a phrase.
        step: String,
    },
    /// It could not be looked at; why, as a phrase.
    Unseen(String),
}

impl Finding {
    /// Whether something has to be done about it.
    pub fn is_missing(&self) -> bool {
        match &self.found {
            Found::Missing { .. } => true,
            Found::Good(_) | Found::Unseen(_) => false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match &self.found {
            Found::Good(word) => format!("ok       {}: {word}", self.about),
            Found::Missing { problem, step } => format!("MISSING  {}: {problem}; {step}", self.about),
            Found::Unseen(why) => format!("unseen   {}: {why}", self.about),
        };
        // One line each, whatever names Slack and the file bring.
        let line: String = line.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        f.write_str(&line)
    }
}

/// The findings so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, about: impl Into<String>, found: Found) {
        self.0.push(Finding { about: about.into(), found });
    }

    fn good(&mut self, about: impl Into<String>, word: impl Into<String>) {
        self.add(about, Found::Good(word.into()));
    }

    fn missing(&mut self, about: impl Into<String>, problem: impl Into<String>, step: impl Into<String>) {
        self.add(about, Found::Missing { problem: problem.into(), step: step.into() });
    }
}

/// Looks at everything that `file` names; `url` is where Slack reaches the front door, if that is to be tried as well.
///
/// # Errors
/// The certificates of this machine cannot be read.
pub async fn check(
    file: &File,
    secrets: Result<Secrets, ConfigError>,
    url: Option<&str>,
    now: Timestamp,
) -> std::io::Result<Vec<Finding>> {
    let mut findings = Findings::default();
    match Rules::of(file) {
        Ok(_) => findings.good("configuration", "it and its policy can be used"),
        Err(err) => findings.missing("configuration", err.to_string(), "mend the policy"),
    }
    let config = secrets.and_then(|secrets| file.config(secrets));
    match config {
        Err(err) => findings.missing("secrets", err.to_string(), "set it"),
        Ok(config) => {
            let chat = Chat::new(&config.slack_api, &config.bot_token)?;
            token(&mut findings, file, &chat).await;
            let secret = config.signing_secret.expose_secret();
            if secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                findings.good("signing secret", "it has the shape of one");
            } else {
                let step = "copy it from *Basic Information* of the Slack app";
                findings.missing("signing secret", "it is not 32 hexadecimal digits, as Slack's are", step);
            }
            if let Some(app_token) = &config.app_token {
                match Chat::new(&config.slack_api, app_token)?.opens_sockets().await {
                    Ok(()) => findings.good("app-level token", "Slack opens sockets for it"),
                    Err(err) => {
                        let step = "turn Socket Mode on, and give the token the scope `connections:write`";
                        findings.missing("app-level token", err.to_string(), step);
                    }
                }
            }
            if let Some(url) = url {
                match chat.is_our_door(url, &config.signing_secret, now).await {
                    Ok(()) => findings.good("front door", format!("{url} answers as Slack wants it")),
                    Err(why) => findings.missing(
                        "front door",
                        format!("{url}: {why}"),
                        "let `clarity serve` answer there, with the same signing secret",
                    ),
                }
            }
        }
    }
    storage(&mut findings, file, now).await;
    reads(&mut findings, file, now).await;
    models(&mut findings, file, now).await;
    Ok(findings.0)
}

/// The token, what it may do, and what it shall be used for.
async fn token(findings: &mut Findings, file: &File, chat: &Chat) {
    let grants = match chat.grants().await {
        Ok(grants) => grants,
        Err(err) => {
            let step = match &err {
                ChatError::Refused(_) => "install the app again, and set CLARITY_SLACK_BOT_TOKEN to the token it gets",
                ChatError::Limited { .. } | ChatError::Unknown(_) => "see whether this machine reaches it",
            };
            return findings.missing("bot token", format!("{}: {err}", file.slack_api), step);
        }
    };
    findings.good("bot token", format!("it is {}'s in {}", grants.user, grants.team));
    scopes(findings, &grants);
    for (id, uses) in channels(file) {
        channel(findings, chat, id, &uses).await;
    }
    for (id, uses) in user_groups(file) {
        user_group(findings, chat, id, &uses).await;
    }
}

fn scopes(findings: &mut Findings, grants: &Grants) {
    let Some(granted) = &grants.scopes else {
        return findings.add("scopes", Found::Unseen("Slack does not tell which the token has".to_owned()));
    };
    let missing: Vec<_> = SCOPES.iter().filter(|scope| !granted.contains(scope.name)).collect();
    if missing.is_empty() {
        findings.good("scopes", format!("all {} are granted", SCOPES.len()));
    }
    for scope in missing {
        let step = "give the app what `clarity manifest` prints, and install it again";
        findings.missing(format!("scope {}", scope.name), format!("without it {}", scope.without), step);
    }
}

/// The channels that the configuration names, each with what it is for.
fn channels(file: &File) -> BTreeMap<&str, BTreeSet<String>> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for scope in &file.scopes {
        let war_room = format!("war room of the scope {}", scope.id.0);
        found.entry(&scope.war_room).or_default().insert(war_room);
        if let Some(OnCall::Topic(id)) = &scope.on_call {
            found.entry(id).or_default().insert(format!("its topic tells who is on call for the scope {}", scope.id.0));
        }
        for watched in &scope.watched {
            found.entry(watched).or_default().insert(format!("watched by the scope {}", scope.id.0));
        }
    }
    found
}

/// The user groups that the configuration names, each with what it is for.
fn user_groups(file: &File) -> BTreeMap<&str, BTreeSet<String>> {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, group) in file.policy.user_groups() {
        found.entry(&group.slack).or_default().insert(format!("the group {name} of policies"));
    }
    for scope in &file.scopes {
        if let Some(OnCall::UserGroup(id)) = &scope.on_call {
            found.entry(id).or_default().insert(format!("on call for the scope {}", scope.id.0));
        }
        if let Some(id) = scope.escalate_to.as_deref().filter(|id| id.starts_with('S')) {
            found.entry(id).or_default().insert(format!("the scope {} escalates to it", scope.id.0));
        }
    }
    found
}

fn listed(uses: &BTreeSet<String>) -> String {
    uses.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

async fn channel(findings: &mut Findings, chat: &Chat, id: &str, uses: &BTreeSet<String>) {
    let about = format!("channel {id} ({})", listed(uses));
    match chat.channel(id).await {
        Ok(info) if info.is_archived => {
            findings.missing(about, format!("#{} is archived", info.name), "bring it back, or name another");
        }
        Ok(info) if !info.is_member => {
            findings.missing(about, format!("the app is not in #{}", info.name), "type `/invite @Clarity` there");
        }
        Ok(info) => findings.good(about, format!("the app is in #{}", info.name)),
        Err(ChatError::Refused(code)) if code == "channel_not_found" => {
            let problem = "Slack does not know it, or it is private and the app is not in it";
            findings.missing(about, problem, "correct its id, or type `/invite @Clarity` there");
        }
        Err(err) => findings.add(about, not_asked(&err)),
    }
}

async fn user_group(findings: &mut Findings, chat: &Chat, id: &str, uses: &BTreeSet<String>) {
    let about = format!("user group {id} ({})", listed(uses));
    match chat.members(id).await {
        Ok(members) if members.is_empty() => findings.missing(about, "nobody is in it", "put somebody into it"),
        Ok(members) => findings.good(about, blocks::phrase::count(members.len(), "member", "members")),
        Err(ChatError::Refused(code)) if code == "no_such_subteam" || code == "subteam_not_found" => {
            findings.missing(about, "Slack knows no such user group", "correct its id, or switch it on again");
        }
        Err(err) => findings.add(about, not_asked(&err)),
    }
}

/// What it means that Slack did not say. A scope that is missing has its own line.
fn not_asked(err: &ChatError) -> Found {
    match err {
        ChatError::Refused(code) if code == "missing_scope" => {
            Found::Unseen("the token lacks the scope for that".to_owned())
        }
        ChatError::Refused(_) => {
            Found::Missing { problem: err.to_string(), step: "see what Slack's documentation says of that".to_owned() }
        }
        ChatError::Limited { .. } | ChatError::Unknown(_) => Found::Unseen(err.to_string()),
    }
}

async fn storage(findings: &mut Findings, file: &File, now: Timestamp) {
    match &file.storage {
        Storage::Embedded { path } => findings.add(format!("storage {}", path.display()), embedded(path)),
        Storage::Aws { table, inbox } => {
            let about = format!("storage in the table {table}");
            let looked = async {
                let kept = serve::keep_on_aws(table, inbox).await.map_err(|err| err.to_string())?;
                let scope = &file.scopes[0].id;
                kept.store.index(scope, Lookback::incidents(now)).await.map_err(|err| err.to_string())
            };
            match looked.await {
                Ok(_) => findings.good(about, "it can be read"),
                Err(problem) => findings.missing(about, problem, "see whether the stack is deployed, and who this is"),
            }
            findings.add(format!("inbox {inbox}"), Found::Unseen("looking would take what waits there".to_owned()));
        }
    }
}

fn embedded(path: &Path) -> Found {
    let missing = |problem: String, step: &str| Found::Missing { problem, step: step.to_owned() };
    if path.exists() {
        if let Err(problem) = std::fs::OpenOptions::new().append(true).open(path) {
            return missing(problem.to_string(), "let this user write it");
        }
        return match ReadOnly::open(path) {
            Ok(_) => Found::Good("it can be read and written".to_owned()),
            Err(_) if ReadOnly::is_held(path) => Found::Good("a bot has it open".to_owned()),
            Err(StoreError(problem)) => missing(problem, "start the bot on it, or bring back a copy"),
        };
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match std::fs::metadata(folder) {
        Ok(found) if found.is_dir() && !found.permissions().readonly() => {
            Found::Good("it is made when the bot starts".to_owned())
        }
        Ok(found) if found.is_dir() => missing("its folder is read-only".to_owned(), "let this user write there"),
        Ok(_) | Err(_) => missing("its folder is not there".to_owned(), "make the folder"),
    }
}

/// Whether the models answer that phrase, where there are any.
async fn models(findings: &mut Findings, file: &File, now: Timestamp) {
    match serve::probe(file, now).await {
        Ok(probed) => {
            for (toolset, id, told) in probed {
                let about = format!("model {id} for {toolset}");
                match told {
                    Ok(()) => findings.good(about, "it answers"),
                    Err(failure) => findings.missing(about, failure.to_string(), step_for(&failure)),
                }
            }
        }
        Err(err) => findings.missing("models", err.to_string(), "build it so, or leave `[bedrock]` out"),
    }
}

/// What can be done about a model that does not answer.
fn step_for(failure: &Failure) -> &'static str {
    match failure {
        Failure::Denied(_) => "allow `bedrock:InvokeModel` on it, and ask for access to the model in Bedrock",
        Failure::Gone(_) => "name an inference profile or a model that is not retired",
        Failure::Throttled(_) | Failure::TooSlow => "look again in a minute, or ask for a higher quota",
        Failure::None | Failure::Invalid(_) | Failure::Failed(_) => {
            "see what Bedrock says of it; the rules phrase meanwhile"
        }
    }
}

/// What is read of the world, as far as the configuration turns it on.
async fn reads(findings: &mut Findings, file: &File, now: Timestamp) {
    let is_asked = file.metrics != crate::config::Metrics::None || file.topology.asks_aws().is_some();
    if !is_asked {
        return;
    }
    let outside = match serve::outside(file).await {
        Ok(outside) => outside,
        Err(err) => return findings.missing("AWS", err.to_string(), "build it so, or turn the setting off"),
    };
    let window = Window { from: now.saturating_sub(LOOK).unwrap_or(now), to: now };
    let mut gaps = Vec::new();
    if file.metrics != crate::config::Metrics::None {
        match outside.telemetry.series(window).await {
            Ok(series) => findings
                .good("metrics", format!("{} can be read", blocks::phrase::count(series.len(), "series", "series"))),
            Err(gap) => gaps.push(gap),
        }
        gaps.extend(outside.telemetry.logs(window).await.err());
    }
    if file.topology.asks_aws().is_some() {
        match outside.topology.topology(window).await {
            Ok(sighting) => {
                findings.good("topology", "who calls whom can be read");
                gaps.extend(sighting.gaps);
            }
            Err(gap) => gaps.push(gap),
        }
    }
    for gap in gaps {
        let step = gap.remedy.unwrap_or_else(|| "see whether this is the right account and region".to_owned());
        findings.missing(gap.wanted, gap.because, step);
    }
}
