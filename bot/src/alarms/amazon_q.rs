//! Purpose: the CloudWatch alarms that Amazon Q Developer (until 2025 "AWS Chatbot") posts in a channel, read into the
//! domain and written from it.
//!
//! AWS publishes no schema for these messages, so the reader is tolerant: it looks for a title wherever one may stand
//! (blocks, blocks in attachments, old attachments, the fallback) and takes the rest as it finds it.

use super::slack::is_console;
use super::{
    CHILDREN, DESCRIPTION, NAME, Parsed, REASON, account, alarm_of_arn, bounded, console_link, items, note, prefix,
    region, text, when,
};
use blocks::mrkdwn;
use jiff::Timestamp;
use serde_json::{Value, json};
use tools::model::{Alarm, AlarmState};

/// How the names begin under which the app posts and posted.
const AUTHORS: [&str; 2] = ["amazon q developer", "aws chatbot"];

/// The marks of each state, as glyphs and as Slack's shortcodes.
const MARKS: [(AlarmState, &[&str]); 3] = [
    (AlarmState::Alarm, &["🚨", ":rotating_light:", "❌", ":x:", "🔴", ":red_circle:", "🔥", ":fire:"]),
    (AlarmState::Ok, &["✅", ":white_check_mark:", "🟢", ":large_green_circle:", "\u{2714}", ":heavy_check_mark:"]),
    // Without its variation selector, which is not always sent.
    (AlarmState::InsufficientData, &["\u{26a0}", ":warning:"]),
];

/// No message has more blocks than this.
const BLOCKS: usize = 50;
/// Nor does Slack show more attachments.
const ATTACHMENTS: usize = 20;
/// No text of a block is longer.
const TEXT: usize = 3000;
/// Nor is a field of a block.
const FIELD: usize = 2000;
/// A longer link is no link to an alarm.
const LINK: usize = 2048;

/// Reads a Slack message: the `event` of a `message`, or the `message` inside a `message_changed`.
pub fn parse(message: &Value) -> Parsed {
    let author = author(message);
    if author == Author::SomeoneElse {
        return Parsed::Other;
    }
    let said = Said::of(message);
    let text = said.text();
    match (said.alarm(message), author) {
        (Some(alarm), Author::AmazonQ) => Parsed::Alarm(Box::new(alarm)),
        // Only the app's own titles are links.
        (Some(alarm), Author::UnnamedBot) if said.links().next().is_some() => Parsed::Alarm(Box::new(alarm)),
        // A name can be chosen; a title that leads to the console is the app's, or as good.
        (Some(alarm), Author::OtherBot) if said.links().any(is_console) => Parsed::Alarm(Box::new(alarm)),
        (None, Author::AmazonQ) if !text.is_empty() => Parsed::Note(text),
        _ => Parsed::Other,
    }
}

/// Writes `alarm` as the body of a message such as the app posts it. [`parse`] reads it back, once its author is named,
/// to the second and without what such messages do not tell (the metric, and whether actions are muted).
pub fn compose(alarm: &Alarm) -> Value {
    let (mark, color) = match alarm.state {
        AlarmState::Alarm => ("🚨", "d13212"),
        AlarmState::Ok => ("✅", "1d8102"),
        AlarmState::InsufficientData => ("⚠️", "ff9900"),
    };
    let place = |place: &Option<String>| place.clone().unwrap_or_else(|| "unknown".to_owned());
    let name = bounded(&alarm.name, NAME);
    let title =
        format!("{mark} CloudWatch Alarm | {name} | {} | Account: {}", place(&alarm.region), place(&alarm.account));
    let title = mrkdwn::escape(&title);
    let link = alarm.link.clone().or_else(|| alarm.region.as_deref().map(|region| console_link(region, &name)));
    let linked = link
        .map(|link| format!("*<{}|{title}>*", mrkdwn::escape(&link).replace('|', "%7C")))
        // Slack refuses the whole message for one text that is too long.
        .filter(|linked| linked.chars().count() <= TEXT)
        .unwrap_or_else(|| format!("*{title}*"));

    let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let field = |label: &str, text: &str| {
        let label = format!("*{label}*\n");
        let text = escaped(text, FIELD - label.len());
        json!({"type": "mrkdwn", "text": label + &text})
    };
    let mut fields = Vec::new();
    if let Some(description) = &alarm.description {
        fields.push(field("Alarm Description", prefix(description, DESCRIPTION)));
    }
    fields.push(field("Timestamp", &when::field(alarm.changed_at)));
    let mut blocks = vec![section(linked)];
    if !alarm.reason.trim().is_empty() {
        blocks.push(section(escaped(prefix(&alarm.reason, REASON), TEXT)));
    }
    blocks.push(json!({"type": "section", "fields": fields}));
    json!({"attachments": [{"color": color, "fallback": title, "blocks": blocks}]})
}

/// Escapes as much of `text` as fits, since what Slack counts is the escaped text.
fn escaped(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for c in text.chars() {
        let c = mrkdwn::escape(c.encode_utf8(&mut [0; 4]));
        length += c.chars().count();
        if length > limit {
            break;
        }
        out.push_str(&c);
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Author {
    AmazonQ,
    /// A bot whose name the payload leaves out, as a `message_changed` does.
    UnnamedBot,
    /// A bot of another name.
    OtherBot,
    SomeoneElse,
}

fn author(message: &Value) -> Author {
    let names: Vec<&str> =
        [&message["bot_profile"]["name"], &message["username"]].into_iter().filter_map(Value::as_str).collect();
    let is_ours = |name: &&str| {
        let name = name.trim().to_ascii_lowercase();
        AUTHORS.iter().any(|author| name.starts_with(author))
    };
    let is_bot = message["bot_id"].as_str().is_some_and(|id| !id.is_empty());
    match (names.is_empty(), is_bot) {
        (false, _) if names.iter().any(is_ours) => Author::AmazonQ,
        (true, true) => Author::UnnamedBot,
        (false, true) => Author::OtherBot,
        (_, false) => Author::SomeoneElse,
    }
}

/// A message taken apart. The best source comes first in each list.
#[derive(Default)]
struct Said<'a> {
    titles: Vec<Title>,
    /// `*Label*` and what stands below it.
    labelled: Vec<(&'a str, &'a str)>,
    /// Other texts: the reason, or an update.
    bodies: Vec<&'a str>,
    /// All of it, for a note.
    all: Vec<&'a str>,
}

impl<'a> Said<'a> {
    fn of(message: &'a Value) -> Self {
        let mut said = Self::default();
        let attachments: Vec<&Value> = items(&message["attachments"]).iter().take(ATTACHMENTS).collect();
        said.hear_blocks(&message["blocks"]);
        for attachment in &attachments {
            said.hear_blocks(&attachment["blocks"]);
        }
        for attachment in &attachments {
            said.hear(text(&attachment["title"]), attachment["title_link"].as_str());
            said.hear(text(&attachment["pretext"]), None);
            said.hear(text(&attachment["text"]), None);
            for field in items(&attachment["fields"]).iter().take(BLOCKS) {
                said.labelled.push((text(&field["title"]), prefix(text(&field["value"]), TEXT)));
            }
        }
        said.hear(text(&message["text"]), None);
        // A fallback repeats what the attachment says, and is cut, so it speaks last and only when it has to.
        let silent = said.all.is_empty();
        for attachment in &attachments {
            let fallback = prefix(text(&attachment["fallback"]).trim(), TEXT);
            said.titles.extend(Title::read(fallback, None));
            if silent && !fallback.is_empty() {
                said.all.push(fallback);
            }
        }
        said
    }

    fn hear_blocks(&mut self, blocks: &'a Value) {
        for block in items(blocks).iter().take(BLOCKS) {
            self.hear(text(&block["text"]["text"]), None);
            for field in items(&block["fields"]).iter().take(BLOCKS) {
                self.hear(text(&field["text"]), None);
            }
        }
    }

    fn hear(&mut self, told: &'a str, link: Option<&str>) {
        let told = prefix(told.trim(), TEXT);
        if told.is_empty() {
            return;
        }
        self.all.push(told);
        let (first, rest) = told.split_once('\n').unwrap_or((told, ""));
        if let Some(title) = Title::read(first, link) {
            self.titles.push(title);
            if !rest.trim().is_empty() {
                self.bodies.push(rest.trim());
            }
        } else if let Some(pair) = labelled(told) {
            self.labelled.push(pair);
        } else {
            self.bodies.push(told);
        }
    }

    fn alarm(&self, message: &Value) -> Option<Alarm> {
        let title = self.titles.iter().find(|title| title.account.is_some()).or(self.titles.first())?;
        let reason = self.reason();
        let state = self.titles.iter().find_map(|title| title.state).or_else(|| state_of_reason(&reason))?;
        let changed_at = self
            .value("timestamp")
            .and_then(|told| when::parse(&told))
            .or_else(|| time_in_reason(&reason))
            .or_else(|| when::slack(text(&message["ts"])))?;
        let told_link = self.titles.iter().find_map(|title| title.link.clone());
        let console = || title.region.as_deref().map(|region| console_link(region, &title.name));
        Some(Alarm {
            name: title.name.clone(),
            state,
            changed_at,
            account: title.account.clone(),
            region: title.region.clone(),
            metric: None,
            children: children(&reason, &title.name),
            reason,
            description: self
                .value("description")
                .map(|told| bounded(&told, DESCRIPTION))
                .filter(|told| !told.is_empty()),
            link: told_link.or_else(console),
            muted: false,
            source_id: None,
        })
    }

    /// Where its titles lead.
    fn links(&self) -> impl Iterator<Item = &str> {
        self.titles.iter().filter_map(|title| title.link.as_deref())
    }

    /// The text that reads like CloudWatch's reason, else the first that is not about something else.
    fn reason(&self) -> String {
        let told = self.value("reason").into_iter().chain(self.bodies.iter().map(|body| plain(body)));
        let told: Vec<String> = told.map(|reason| bounded(&reason, REASON)).collect();
        told.iter().find(|reason| state_of_reason(reason).is_some()).or(told.first()).cloned().unwrap_or_default()
    }

    /// The first value whose label has this word in it.
    fn value(&self, word: &str) -> Option<String> {
        let (_, value) = self.labelled.iter().find(|(label, _)| label.to_lowercase().contains(word))?;
        Some(plain(value))
    }

    fn text(&self) -> String {
        let told: Vec<String> = self.all.iter().map(|text| mrkdwn::to_plain(text, &|_| None)).collect();
        note(&told.join(" "))
    }
}

/// `🚨 CloudWatch Alarm | NAME | REGION | Account: N`, often as the label of a link.
struct Title {
    name: String,
    state: Option<AlarmState>,
    region: Option<String>,
    account: Option<String>,
    link: Option<String>,
}

impl Title {
    /// Reads one line; `link` is where an attachment's title leads.
    fn read(told: &str, link: Option<&str>) -> Option<Self> {
        let (before, link, label) = told
            .split_once('<')
            .and_then(|(before, rest)| {
                let (url, label) = rest.split_once('>')?.0.split_once('|')?;
                Some((before, Some(url), label))
            })
            .unwrap_or(("", link, told.trim_matches('*')));
        let label = mrkdwn::unescape(label);
        let (head, tail) = label.split_once('|')?;
        let mark = head.trim().strip_suffix("CloudWatch Alarm")?.trim();
        // One mark may stand before the words, but no sentence: someone would be talking about an alarm.
        if mark.contains(char::is_whitespace) {
            return None;
        }
        let link = link.map(mrkdwn::unescape).filter(|link| is_link(link));
        let (name, region, account) = parts(tail, link.is_some())?;
        let state = state_of_mark(mark).or_else(|| state_of_mark(before));
        Some(Self { name, state, region, account, link })
    }
}

/// Name, region and account. A name may itself hold a bar, so they are read from the right; a text that was cut
/// has lost its right end, and a name that may be cut is none.
fn parts(tail: &str, whole: bool) -> Option<(String, Option<String>, Option<String>)> {
    let (name, place, id) = if let Some((rest, id)) = tail.rsplit_once("| Account:") {
        let (name, place) = rest.rsplit_once('|').unwrap_or((rest, ""));
        (name, place, id)
    } else {
        let bars =
            tail.match_indices('|').map(|(at, _)| (&tail[..at], tail[at + 1..].split('|').next().unwrap_or_default()));
        let mut bars: Vec<(&str, &str)> = bars.collect();
        let known = bars.iter().rposition(|(_, place)| region(place).is_some()).unwrap_or(0);
        match (bars.is_empty(), whole) {
            (false, _) => {
                let (name, place) = bars.swap_remove(known);
                (name, place, "")
            }
            (true, true) => (tail, "", ""),
            (true, false) => return None,
        }
    };
    let name = bounded(name.trim(), NAME);
    (!name.is_empty()).then(|| (name, region(place), account(id)))
}

fn state_of_mark(mark: &str) -> Option<AlarmState> {
    MARKS.iter().find(|(_, marks)| marks.iter().any(|known| mark.contains(known))).map(|(state, _)| *state)
}

/// The state a reason speaks of, in the phrases CloudWatch uses.
pub(super) fn state_of_reason(reason: &str) -> Option<AlarmState> {
    if reason.starts_with("Insufficient Data") {
        return Some(AlarmState::InsufficientData);
    }
    if reason.contains(" time series evaluated to ALARM") {
        return Some(if reason.starts_with("0 ") { AlarmState::Ok } else { AlarmState::Alarm });
    }
    let phrases = |state| {
        [format!("-> {state} transition"), format!(" transitioned to {state}"), format!(" evaluates to {state}")]
            .iter()
            .any(|phrase| reason.contains(phrase.as_str()))
    };
    let told =
        [AlarmState::InsufficientData, AlarmState::Ok, AlarmState::Alarm].into_iter().find(|state| phrases(*state));
    told.or_else(|| {
        let crossed = reason.starts_with("Threshold");
        let calm = reason.contains(" not ");
        (crossed && (calm || reason.contains(" than "))).then_some(if calm {
            AlarmState::Ok
        } else {
            AlarmState::Alarm
        })
    })
}

/// The time in `… transitioned to ALARM at Friday 20 November, 2026 14:03:05 UTC`.
pub(super) fn time_in_reason(reason: &str) -> Option<Timestamp> {
    const ZONE: &str = " UTC";
    let told = reason.rsplit(" at ").next()?;
    let end = told.find(ZONE)? + ZONE.len();
    when::parse(&told[..end])
}

/// The alarms whose ARN a composite's reason gives, but for the composite itself.
pub(super) fn children(reason: &str, composite: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, _) in reason.match_indices("arn:aws") {
        let told = &reason[at..];
        // A name may contain spaces, so the phrase that follows ends it, where there is one.
        let end = [" transitioned to ", " was created "].iter().filter_map(|phrase| told.find(phrase)).min();
        let end = end.or_else(|| told.find(char::is_whitespace)).unwrap_or(told.len());
        let Some(name) = alarm_of_arn(&told[..end]).map(|name| bounded(name, NAME)) else {
            continue;
        };
        if name != composite && !names.contains(&name) && names.len() < CHILDREN {
            names.push(name);
        }
    }
    names
}

/// `*Label*` and, on the next line or after a colon, its value.
fn labelled(told: &str) -> Option<(&str, &str)> {
    let (label, value) = told.strip_prefix('*')?.split_once('*')?;
    let separated = label.ends_with(':') || value.starts_with([':', '\n']);
    (separated && !label.contains('\n')).then(|| (label, value.trim_start_matches(':').trim()))
}

/// Text as its author wrote it: Slack's links are their labels again, and nothing is escaped.
fn plain(told: &str) -> String {
    let mut out = String::new();
    let mut rest = told;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((inside, after)) = after.split_once('>') else {
            break;
        };
        out.push_str(before);
        out.push_str(inside.split_once('|').map_or(inside, |(_, label)| label));
        rest = after;
    }
    out.push_str(rest);
    mrkdwn::unescape(&out).trim().to_owned()
}

fn is_link(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() <= LINK && !url.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::odd;

    const SAMPLES: [&str; 9] =
        [TOP_BLOCKS, ATTACHMENT, COMPOSITE, OK, INSUFFICIENT, EDITED, LEGACY, CUSTOM_INPUT, FLOOD];
    const TOP_BLOCKS: &str = include_str!("../../../tests/samples/slack/amazon_q_alarm_top_blocks.json");
    const ATTACHMENT: &str = include_str!("../../../tests/samples/slack/amazon_q_alarm_attachment_blocks.json");
    const COMPOSITE: &str = include_str!("../../../tests/samples/slack/amazon_q_composite_shortcode.json");
    const OK: &str = include_str!("../../../tests/samples/slack/amazon_q_ok.json");
    const INSUFFICIENT: &str = include_str!("../../../tests/samples/slack/amazon_q_insufficient.json");
    const EDITED: &str = include_str!("../../../tests/samples/slack/amazon_q_edited_in_place.json");
    const LEGACY: &str = include_str!("../../../tests/samples/slack/aws_chatbot_legacy_fallback_only.json");
    const CUSTOM_INPUT: &str = include_str!("../../../tests/samples/slack/amazon_q_custom_notification_sns_input.json");
    const FLOOD: &str = include_str!("../../../tests/samples/slack/flood_auth_cascade.json");

    fn json(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// The messages in a sample: in an envelope, in an edit, in a list of envelopes, or bare.
    fn messages(sample: &Value) -> Vec<Value> {
        if let Some(all) = sample.as_array() {
            return all.iter().flat_map(messages).collect();
        }
        let inner = [&sample["event"]["message"], &sample["event"]].into_iter().find(|inner| inner.is_object());
        vec![inner.unwrap_or(sample).clone()]
    }

    fn message(sample: &str) -> Value {
        messages(&json(sample)).remove(0)
    }

    #[track_caller]
    fn check(sample: &str, expected: &str) {
        let told: Vec<String> = messages(&json(sample)).iter().map(|message| odd::told(&parse(message))).collect();
        assert_eq!(told.join("\n"), expected);
    }

    /// A message of the app with these texts in its blocks.
    fn posted(texts: &[&str]) -> Value {
        let blocks: Vec<Value> =
            texts.iter().map(|text| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})).collect();
        json!({"bot_profile": {"name": "Amazon Q Developer"}, "ts": "1795183332.000100", "blocks": blocks})
    }

    /// What the first line tells: name, state and time.
    #[track_caller]
    fn check_posted(texts: &[&str], expected: &str) {
        let told = odd::told(&parse(&posted(texts)));
        assert_eq!(told.lines().next(), Some(expected));
    }

    #[test]
    fn an_alarm_in_every_wrapping() {
        let posted_once = "auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:11Z\n\
             account 123456789012\n\
             region us-east-1\n\
             because Threshold Crossed: 3 out of the last 3 d\n\
             described token-exchange errors. Runbook: https://runbooks.example.com/auth/token-exchange\n\
             link https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/auth-prod-lambda-token-exchange-errors";
        check(TOP_BLOCKS, posted_once);
        check(ATTACHMENT, posted_once);
        check(EDITED, posted_once);
        check(
            LEGACY,
            "auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:13.0004Z\n\
             account 123456789012\n\
             region us-east-1\n\
             link console",
        );
    }

    #[test]
    fn reasons_are_whole_and_unescaped() {
        let Parsed::Alarm(alarm) = parse(&message(EDITED)) else { panic!("no alarm") };
        assert!(alarm.reason.ends_with("(5.0) (minimum 3 datapoints for OK -> ALARM transition)."), "{}", alarm.reason);
    }

    #[test]
    fn every_state_and_a_composite() {
        check(
            OK,
            "auth-prod-lambda-token-exchange-errors OK at 2026-11-20T14:21:11Z\n\
             account 123456789012\n\
             region us-east-1\n\
             because Threshold Crossed: 1 out of the last 3 d\n\
             described token-exchange errors. Runbook: https://runbooks.example.com/auth/token-exchange\n\
             link https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/auth-prod-lambda-token-exchange-errors",
        );
        check(
            INSUFFICIENT,
            "auth-prod-cognito-signin-success-low INSUFFICIENT_DATA at 2026-11-20T14:09:00Z\n\
             account 123456789012\n\
             region us-east-1\n\
             because Insufficient Data: 2 datapoints were unk\n\
             described Cognito sign-in success ratio\n\
             link https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/auth-prod-cognito-signin-success-low",
        );
        check(
            COMPOSITE,
            "auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:05Z\n\
             account 123456789012\n\
             region us-east-1\n\
             because arn:aws:cloudwatch:us-east-1:12345678901\n\
             link https://console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/auth-prod-user-login-degraded\n\
             children auth-prod-apigw-5xx",
        );
    }

    #[test]
    fn a_flood_among_other_bots_and_people() {
        let told: Vec<String> = messages(&json(FLOOD))
            .iter()
            .map(|message| {
                let told = odd::told(&parse(message));
                let account = told.lines().find_map(|line| line.strip_prefix("account ")).unwrap_or("-").to_owned();
                format!("{account} {}", told.lines().next().unwrap_or_default())
            })
            .collect();
        assert_eq!(
            told,
            [
                "123456789012 auth-prod-lambda-token-exchange-p99 ALARM at 2026-11-20T14:02:04Z",
                "123456789012 auth-prod-lambda-token-exchange-errors ALARM at 2026-11-20T14:02:12Z",
                "- other",
                "123456789012 auth-prod-apigw-latency ALARM at 2026-11-20T14:02:25Z",
                "- other",
                "123456789012 auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:31Z",
                "123456789012 auth-prod-apigw-5xx ALARM at 2026-11-20T14:02:31Z",
                "- other",
                "123456789012 auth-prod-ddb-sessions-throttle ALARM at 2026-11-20T14:02:44Z",
                "999988887777 billing-prod-nightly-export-late ALARM at 2026-11-20T14:02:50Z",
                "123456789012 auth-prod-cognito-signin-success-low ALARM at 2026-11-20T14:03:02Z",
                "123456789012 auth-prod-user-login-degraded ALARM at 2026-11-20T14:03:06Z",
                "- other",
                "- other",
                "- other",
                "123456789012 auth-prod-sqs-auth-events-age ALARM at 2026-11-20T14:03:35Z",
                "123456789012 auth-prod-ddb-sessions-throttle OK at 2026-11-20T14:03:50Z",
                "123456789012 auth-prod-ddb-sessions-throttle ALARM at 2026-11-20T14:04:20Z",
                "123456789012 auth-prod-ddb-sessions-throttle OK at 2026-11-20T14:04:50Z",
                "- other",
            ]
        );
    }

    #[test]
    fn only_the_app_is_believed_or_what_leads_to_the_console() {
        let mut someone = message(ATTACHMENT);
        someone["bot_profile"]["name"] = json!("Night watch");
        assert!(matches!(parse(&someone), Parsed::Alarm(_)));
        let elsewhere = someone.to_string().replace("console.aws.amazon.com", "console.aws.amazon.com.evil.example");
        assert_eq!(parse(&json(&elsewhere)), Parsed::Other);
        assert!(matches!(parse(&json(&elsewhere.replace("Night watch", "AWS Chatbot"))), Parsed::Alarm(_)));

        // Without a name it may still be the app, whose edits come so; but never a person, nor a bot that quotes a title.
        let mut unnamed = message(ATTACHMENT);
        unnamed.as_object_mut().unwrap().remove("bot_profile");
        assert!(matches!(parse(&unnamed), Parsed::Alarm(_)));
        unnamed.as_object_mut().unwrap().remove("bot_id");
        assert_eq!(parse(&unnamed), Parsed::Other);
        let quoting = json!({"bot_id": "B1", "ts": "1795183332.000100", "text": "🚨 CloudWatch Alarm | a | us-east-1 | Account: 123456789012"});
        assert_eq!(parse(&quoting), Parsed::Other);
    }

    #[test]
    fn what_else_the_app_says_is_a_note() {
        check(CUSTOM_INPUT, "other");
        let told = posted(&[
            ":rotating_light: *INC-421* logins failing",
            "see <https://a.example/?x=1&amp;y=2|the page>\n&lt;3",
        ]);
        assert_eq!(odd::told(&parse(&told)), "note: 🚨 INC-421 logins failing see the page <3");
        let talk = posted(&["I looked at the CloudWatch Alarm | as you asked"]);
        assert_eq!(odd::told(&parse(&talk)), "note: I looked at the CloudWatch Alarm | as you asked");
        let long = posted(&[&"wörd ".repeat(500)]);
        assert!(matches!(parse(&long), Parsed::Note(text) if text.chars().count() == 300 && text.ends_with('…')));
        assert_eq!(parse(&posted(&[])), Parsed::Other);
        // No state, no time: an alarm, but which transition of it?
        check_posted(
            &["CloudWatch Alarm | a | us-east-1 | Account: 123456789012"],
            "note: CloudWatch Alarm | a | us-east-1 | Account: 123456789012",
        );
    }

    #[test]
    fn titles_are_read_from_the_right() {
        #[track_caller]
        fn check(line: &str, expected: Option<(&str, &str, &str)>) {
            let title = Title::read(line, None);
            let read = title.as_ref().map(|title| {
                let or_empty = |text: &Option<String>| text.clone().unwrap_or_default();
                (title.name.clone(), or_empty(&title.region), or_empty(&title.account))
            });
            let expected = expected.map(|(name, region, id)| (name.to_owned(), region.to_owned(), id.to_owned()));
            assert_eq!(read, expected, "{line}");
        }
        let whole = Some(("a", "us-east-1", "123456789012"));
        check("🚨 CloudWatch Alarm | a | us-east-1 | Account: 123456789012", whole);
        check("*:x: CloudWatch Alarm | a | us-east-1 | Account: 123456789012*", whole);
        check("CloudWatch Alarm|a|us-east-1| Account: 123456789012", whole);
        check(":warning: *<https://x.example|CloudWatch Alarm | a | us-east-1 | Account: 123456789012>*", whole);
        check(
            "🚨 CloudWatch Alarm | a &amp; b | c | us-east-1 | Account: 123456789012",
            Some(("a & b | c", "us-east-1", "123456789012")),
        );
        check("🚨 CloudWatch Alarm | a | b | us-east-1 | Acc", Some(("a | b", "us-east-1", "")));
        check("🚨 CloudWatch Alarm | a | us-east-1 | Account: 1234567", Some(("a", "us-east-1", "")));
        check("🚨 CloudWatch Alarm | a | us-ea", Some(("a", "", "")));
        check("🚨 CloudWatch Alarm | a | unknown | Account: unknown", Some(("a", "", "")));
        // The name itself may be cut.
        check("🚨 CloudWatch Alarm | auth-prod-lam", None);
        check("<https://x.example|🚨 CloudWatch Alarm | auth-prod-lam>", Some(("auth-prod-lam", "", "")));
        check("🚨 CloudWatch Alarm |  | us-east-1 | Account: 123456789012", None);
        check("My CloudWatch Alarm | a | us-east-1 | Account: 123456789012", Some(("a", "us-east-1", "123456789012")));
        check("This is a CloudWatch Alarm | a | us-east-1", None);
        check("", None);
    }

    #[test]
    fn the_state_is_the_mark_else_what_the_reason_says() {
        #[track_caller]
        fn check(reason: &str, expected: &str) {
            check_posted(
                &["<https://x.example|CloudWatch Alarm | a | us-east-1 | Account: 123456789012>", reason],
                &format!("a {expected} at 2026-11-20T14:02:12.0001Z"),
            );
        }
        check("Threshold Crossed: … (minimum 1 datapoint for ALARM -&gt; OK transition).", "OK");
        check("Threshold Crossed: … (minimum 3 datapoints for OK -&gt; ALARM transition).", "ALARM");
        check("Threshold Crossed: 1 datapoint [1.0] was greater than the threshold (0.0).", "ALARM");
        check("Threshold Crossed: 1 datapoint [1.0] was not greater than the threshold (5.0).", "OK");
        check(
            "Thresholds Crossed: 2 out of the last 2 datapoints were greater than the upper thresholds [4.1].",
            "ALARM",
        );
        check("Insufficient Data: 2 datapoints were unknown.", "INSUFFICIENT_DATA");
        check("arn:aws:cloudwatch:us-east-1:123456789012:alarm:b transitioned to OK", "OK");
        check("2 out of 14 time series evaluated to ALARM", "ALARM");
        check("0 out of 14 time series evaluated to ALARM", "OK");
    }

    #[test]
    fn the_time_is_the_fields_else_the_reasons_else_the_messages() {
        let title = "🚨 CloudWatch Alarm | a | us-east-1 | Account: 123456789012";
        let reason = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:b c transitioned to ALARM at Friday 20 November, 2026 14:03:05 UTC";
        check_posted(&[title, reason, "*Timestamp*\nFri, 20 Nov 2026 14:02:11 UTC"], "a ALARM at 2026-11-20T14:02:11Z");
        check_posted(&[title, reason, "*Timestamp*\nsoon"], "a ALARM at 2026-11-20T14:03:05Z");
        check_posted(&[title, "meet at noon UTC"], "a ALARM at 2026-11-20T14:02:12.0001Z");
        let mut timeless = posted(&[title]);
        timeless["ts"] = json!("");
        assert!(matches!(parse(&timeless), Parsed::Note(_)));
    }

    #[test]
    fn old_attachments_are_read_too() {
        let told = json!({
            "username": "aws chatbot", "ts": "1795183332.000100", "subtype": "bot_message",
            "attachments": [{
                "title": ":white_check_mark: CloudWatch Alarm | a | eu-west-1 | Account: 123456789012",
                "title_link": "https://x.example/?a=1&amp;b=2",
                "text": "see <https://runbook.example> &amp; <https://b.example|the book>",
                "fields": [{"title": "Alarm Description", "value": "d &lt; e"}, {"title": "Timestamp", "value": "2026-11-20T14:02:11Z"}]
            }]
        });
        check(
            &told.to_string(),
            "a OK at 2026-11-20T14:02:11Z\naccount 123456789012\nregion eu-west-1\n\
             because see https://runbook.example & the book\ndescribed d < e\nlink https://x.example/?a=1&b=2",
        );
    }

    #[test]
    fn children_are_the_alarms_in_the_reason() {
        let arn = |name: &str| format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}");
        let reason =
            format!("{} transitioned to ALARM at noon; {} transitioned to OK {}", arn("a b"), arn("c"), arn("me"));
        assert_eq!(children(&reason, "me"), ["a b", "c"]);
        assert!(children(&format!("{} was created and its alarm rule evaluates to OK", arn("me")), "me").is_empty());
        assert!(children("arn:aws:sns:us-east-1:1:x :alarm:y", "me").is_empty());
    }

    #[test]
    fn what_is_composed_reads_back() {
        let states = [AlarmState::Alarm, AlarmState::Ok, AlarmState::InsufficientData];
        let names = ["a", "with space", r#"b <c> & "d" | é 🚨 *e* _f_"#];
        for mask in 0..64_usize {
            let name = names[mask % names.len()];
            let region = (mask & 1 != 0).then(|| "us-east-1".to_owned());
            let alarm = Alarm {
                name: name.to_owned(),
                state: states[mask / 2 % 3],
                changed_at: Timestamp::new(1_795_183_331, 0).unwrap(),
                account: (mask & 2 != 0).then(|| "123456789012".to_owned()),
                link: region.as_deref().map(|region| console_link(region, name)),
                region,
                metric: None,
                reason: if mask & 4 != 0 { format!("{name} <https://x.example|y> OK -> ALARM") } else { String::new() },
                description: (mask & 8 != 0).then(|| format!("{name}\nnext line & more")),
                children: Vec::new(),
                muted: false,
                source_id: None,
            };
            let mut body = compose(&alarm);
            body["username"] = json!("Amazon Q Developer");
            assert_eq!(parse(&body), Parsed::Alarm(Box::new(alarm)), "{body:#}");
        }
        let composite = parse(&message(COMPOSITE));
        let Parsed::Alarm(alarm) = &composite else { panic!("no alarm") };
        let mut body = compose(alarm);
        body["bot_profile"] = json!({"name": "Amazon Q Developer"});
        assert_eq!(parse(&body), composite);
        assert_eq!(body["attachments"][0]["color"], "d13212");
    }

    #[test]
    fn what_is_composed_keeps_slacks_limits() {
        let Parsed::Alarm(alarm) = parse(&message(TOP_BLOCKS)) else { panic!("no alarm") };
        let long = Alarm {
            name: "🚨&".repeat(500),
            reason: "&".repeat(5000),
            description: Some("<".repeat(5000)),
            link: None,
            ..*alarm
        };
        let mut body = compose(&long);
        let blocks = &body["attachments"][0]["blocks"];
        for (path, limit) in
            [("/0/text/text", 3000), ("/1/text/text", 3000), ("/2/fields/0/text", 2000), ("/2/fields/1/text", 2000)]
        {
            let length = blocks.pointer(path).unwrap().as_str().unwrap().chars().count();
            assert!((1..=limit).contains(&length), "{path} has {length}");
        }
        body["username"] = json!("Amazon Q Developer");
        let Parsed::Alarm(read) = parse(&body) else { panic!("no alarm") };
        assert_eq!((read.name, read.changed_at), (bounded(&long.name, NAME), long.changed_at));
    }

    #[test]
    fn no_mutation_panics_or_breaks_a_bound() {
        for message in SAMPLES.iter().flat_map(|sample| messages(&json(sample))) {
            for odd_one in odd::mutations(&message) {
                odd::assert_bounded(&parse(&odd_one));
            }
        }
        for odd_one in [
            json!(null),
            json!([]),
            json!("x"),
            json!(7),
            json!({}),
            json!({"bot_profile": [], "attachments": {"0": 1}}),
        ] {
            assert_eq!(parse(&odd_one), Parsed::Other);
        }
    }

    #[test]
    fn any_markup_is_read_without_panic() {
        let parts = [
            "*",
            "<",
            ">",
            "|",
            "&lt;",
            "🚨",
            " CloudWatch Alarm ",
            "Account: 123456789012",
            "us-east-1",
            "\n",
            "a",
            " at ",
            " UTC",
            "arn:aws:",
            ":alarm:",
            ":",
            "Timestamp",
        ];
        let mut seed: u64 = 11;
        for length in 0..3000 {
            let mut texts = [String::new(), String::new()];
            for step in 0..length % 24 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                texts[step % 2].push_str(parts[usize::try_from(seed >> 33).unwrap() % parts.len()]);
            }
            odd::assert_bounded(&parse(&posted(&[&texts[0], &texts[1]])));
        }
        for part in parts {
            odd::assert_bounded(&parse(&posted(&[
                &part.repeat(20_000),
                "🚨 CloudWatch Alarm | a | b |",
                &part.repeat(20_000),
            ])));
        }
    }
}
