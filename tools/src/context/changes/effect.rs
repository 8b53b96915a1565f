//! What a diff does, as far as its lines show it: each effect with how strongly it can break things, what it leads to, and a
//! few words for people. The detectors know common forms of many languages and understand none; what none of them knows is
//! merely *a change of behaviour*.

use super::code::{Setting, Sort, Token, calls, number, settings, stems, tokens};
use super::diff::{FileDiff, FileKind, Line, Sign};
use super::rewrite;
use super::safeguard::{About, SAFEGUARDS, is_remote, talkativeness};
use super::signature::is_telling;
use super::trouble::Troubles as T;
use std::collections::{BTreeMap, BTreeSet};

/// One effect.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Effect {
    /// How it is told: `it takes a limit away`.
    pub(super) how: String,
    /// How often such a thing breaks something, 0–1.
    pub(super) strength: f64,
    /// To what.
    pub(super) leads_to: T,
    /// Stems of what it is about: when these stand in the failing signature, the two belong together.
    pub(super) about: BTreeSet<String>,
}

/// What a diff does in all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Effects {
    /// Most dangerous first.
    pub(super) effects: Vec<Effect>,
    /// Why it cannot break anything that runs.
    pub(super) harmless: Option<&'static str>,
}

/// One file's changed lines, with what both sides share taken out.
pub(super) struct Sides<'a> {
    pub(super) path: &'a str,
    pub(super) kind: FileKind,
    /// Lines that went for good, as tokens.
    pub(super) removed: Vec<Cut<'a>>,
    /// Lines that are new.
    pub(super) added: Vec<Cut<'a>>,
    /// How the file reads afterwards: kept and added lines in order, and whether each is new.
    pub(super) after: Vec<(&'a Line, bool)>,
    /// How it read before: kept and removed lines in order.
    pub(super) before: Vec<&'a Line>,
    /// Stems of everything that stands there afterwards.
    pub(super) words_after: BTreeSet<String>,
}

/// A line and its tokens.
pub(super) struct Cut<'a> {
    pub(super) line: &'a Line,
    pub(super) tokens: Vec<Token>,
}

impl<'a> Sides<'a> {
    fn of(file: &'a FileDiff) -> Self {
        let bare = |line: &Line| -> String { line.code.chars().filter(|it| !it.is_whitespace()).collect() };
        let mut balance: BTreeMap<String, i64> = BTreeMap::new();
        for line in file.lines.iter().filter(|line| line.sign == Sign::Removed) {
            *balance.entry(bare(line)).or_default() += 1;
        }
        let mut news: Vec<(&Line, bool)> = Vec::new();
        for line in file.lines.iter().filter(|line| line.sign != Sign::Removed) {
            let mut is_new = false;
            if line.sign == Sign::Added {
                let left = balance.entry(bare(line)).or_default();
                is_new = *left <= 0;
                *left -= 1;
            }
            news.push((line, is_new));
        }
        let cut = |line: &'a Line| Cut { line, tokens: tokens(&line.code) };
        let speaks = |line: &&Line| line.code.chars().any(char::is_alphanumeric);
        let mut removed = Vec::new();
        for line in file.lines.iter().filter(|line| line.sign == Sign::Removed).filter(speaks) {
            if let Some(left) = balance.get_mut(&bare(line)).filter(|left| **left > 0) {
                *left -= 1;
                removed.push(cut(line));
            }
        }
        let added = news.iter().filter(|(line, is_new)| *is_new && speaks(line)).map(|(line, _)| cut(line)).collect();
        let words_after = news.iter().flat_map(|(line, _)| stems(&line.code)).collect();
        let kind = FileKind::of(&file.path);
        let before = file.lines.iter().filter(|line| line.sign != Sign::Added).collect();
        let mut sides = Self { path: &file.path, kind, removed, added, after: news, before, words_after };
        sides.forget_talk();
        sides
    }

    /// Leaves out what is only logged or measured: it fails nobody.
    fn forget_talk(&mut self) {
        if self.kind != FileKind::Code {
            return;
        }
        for side in [&mut self.removed, &mut self.added] {
            let mut open = 0_i64;
            side.retain(|cut| {
                let depth = |tokens: &[Token]| -> i64 {
                    let of = |token: &Token| match token.text.as_str() {
                        "(" | "{" if token.sort == Sort::Sign => 1,
                        ")" | "}" if token.sort == Sort::Sign => -1,
                        _ => 0,
                    };
                    tokens.iter().map(of).sum()
                };
                if open > 0 {
                    open += depth(&cut.tokens);
                    return false;
                }
                let talks = is_talk(&cut.tokens);
                if talks {
                    open = depth(&cut.tokens).max(0);
                }
                !talks
            });
        }
    }
}

/// Whether a line only logs or measures: its first call belongs to a logger, a meter or a tracer.
fn is_talk(tokens: &[Token]) -> bool {
    const VOICES: [&str; 26] = [
        "log",
        "logg",
        "logger",
        "slog",
        "console",
        "printf",
        "println",
        "print",
        "metric",
        "prometheu",
        "prometheus",
        "histogram",
        "gaug",
        "tracer",
        "trac",
        "span",
        "statsd",
        "otel",
        "zap",
        "logrus",
        "warn",
        "meter",
        "sentry",
        "telemetry",
        "telemetr",
        "mdc",
    ];
    let before = tokens.iter().position(|token| token.text == "(").unwrap_or(0);
    let talks = |token: &Token| {
        token.sort == Sort::Name && stems(&token.text).iter().any(|stem| VOICES.contains(&stem.as_str()))
    };
    let head = &tokens[..before];
    // What is guarded or returned is more than talk.
    let plain = head
        .first()
        .is_some_and(|first| !matches!(first.text.as_str(), "if" | "return" | "for" | "while" | "func" | "def"));
    plain && head.iter().any(talks)
}

/// Reads what `files` do.
pub(super) fn effects(files: &[FileDiff]) -> Effects {
    let all: Vec<Sides<'_>> = files.iter().map(Sides::of).collect();
    if all.is_empty() {
        return Effects::default();
    }
    let quiet =
        |kind: FileKind| matches!(kind, FileKind::Docs | FileKind::Tests | FileKind::Looks | FileKind::Building);
    if all.iter().all(|sides| quiet(sides.kind)) {
        let what = match all[0].kind {
            FileKind::Docs => "only documentation",
            FileKind::Tests => "only tests",
            FileKind::Looks => "only how something looks",
            FileKind::Building | FileKind::Manifest | FileKind::Settings | FileKind::Code => "only how it is built",
        };
        return Effects { harmless: Some(what), effects: Vec::new() };
    }
    let sides: Vec<Sides<'_>> = all.into_iter().filter(|sides| !quiet(sides.kind)).collect();
    if sides.iter().all(|sides| sides.removed.is_empty() && sides.added.is_empty()) {
        return Effects { harmless: Some("only comments, order, or what is logged"), effects: Vec::new() };
    }
    if let Some(what) = rewrite::harmless(&sides) {
        return Effects { harmless: Some(what), effects: Vec::new() };
    }
    let mut found = Vec::new();
    for each in &sides {
        if each.kind == FileKind::Manifest {
            found.extend(dependencies(each));
            continue;
        }
        found.extend(changed_settings(each));
        found.extend(lost_calls(each));
        found.extend(lost_null_checks(each));
        found.extend(calls_in_loops(each));
        found.extend(lost_safeguards(each));
        found.extend(super::wording::renamed(each));
        found.extend(super::wording::absent_tables(each, &sides));
        found.extend(super::wording::schema_statements(each));
        found.extend(super::wording::known_forms(each));
    }
    if rewrite::preserves(&sides, &found) {
        found.retain(|effect| effect.strength >= rewrite::SURE);
        if found.is_empty() {
            return Effects { harmless: Some("the same work in other words"), effects: found };
        }
    }
    found.sort_by(|a, b| b.strength.total_cmp(&a.strength).then_with(|| a.how.cmp(&b.how)));
    found.dedup_by(|a, b| a.how == b.how);
    found.truncate(8);
    Effects { effects: found, harmless: None }
}

pub(super) fn effect(how: String, strength: f64, leads_to: T, about: impl IntoIterator<Item = String>) -> Effect {
    let about = about.into_iter().filter(|stem| is_telling(stem)).collect();
    Effect { how, strength, leads_to, about }
}

/// Settings whose value changed, by the name they have on both sides.
fn changed_settings(sides: &Sides<'_>) -> Vec<Effect> {
    let plain = sides.kind == FileKind::Settings;
    let read = |side: &[Cut<'_>]| -> BTreeMap<String, Vec<Setting>> {
        let mut by_key: BTreeMap<String, Vec<Setting>> = BTreeMap::new();
        for cut in side {
            for setting in settings(&cut.line.code, &cut.tokens, plain) {
                by_key.entry(setting.key.to_lowercase()).or_default().push(setting);
            }
        }
        by_key
    };
    let (before, after) = (read(&sides.removed), read(&sides.added));
    let mut found = Vec::new();
    for (key, old) in &before {
        for (old, new) in old.iter().zip(after.get(key).into_iter().flatten()) {
            if old.written != new.written {
                found.extend(changed_setting(old, new, sides));
            }
        }
    }
    found
}

fn changed_setting(old: &Setting, new: &Setting, sides: &Sides<'_>) -> Option<Effect> {
    let key = stems(&new.key);
    let has = |words: &[&str]| key.iter().any(|stem| words.contains(&stem.as_str()));
    if has(&["version", "build", "copyright", "tag", "imag", "image"]) && sides.kind == FileKind::Code {
        return Some(effect(format!("it sets `{}`", new.key), 0.03, T::NONE, []));
    }
    let how = format!("it sets `{}` from {} to {}", brief(&new.key), brief(&old.written), brief(&new.written));
    let about = key.clone();
    if let (Some(quiet), Some(loud)) = (talkativeness(&old.written), talkativeness(&new.written)) {
        let louder = loud > quiet && loud >= 4;
        let strength = if louder { 0.85 } else { 0.1 };
        let leads_to = if louder { About::Talk.leads_to(false, &key) } else { T::NONE };
        return Some(effect(how, strength, leads_to, about));
    }
    if let (Some(from), Some(to)) = (old.size, new.size) {
        // A name may be too general to tell what is set (`of`, `value`): the line it stands on may say more.
        let about_key = About::of(&key);
        let down = to < from;
        let factor = if from <= 0.0 || to <= 0.0 { 10.0 } else { (from / to).max(to / from) };
        let strength = match factor {
            ..1.3 => 0.1,
            ..2.0 => 0.25,
            ..5.0 => 0.6,
            ..10.0 => 0.75,
            _ => 0.85,
        };
        // More room is rarely what hurts, and a name that says nothing may stand for anything.
        let tamed = match about_key {
            About::Room if !down => 0.5,
            About::Other => 0.6,
            About::Talk if down => 0.2,
            About::Time | About::Room | About::Tries | About::Talk => 1.0,
        };
        let leads_to = about_key.leads_to(down, &key);
        return Some(effect(how, strength * tamed, leads_to, about));
    }
    let truth = |written: &str| {
        matches!(
            written.to_lowercase().as_str(),
            "true" | "on" | "yes" | "enabled" | "false" | "off" | "no" | "disabled"
        )
    };
    if truth(&old.written) && truth(&new.written) {
        let leads_to = SAFEGUARDS.iter().filter(|it| has(it.stems)).fold(T::NONE, |all, it| all | it.leads_to);
        return Some(effect(how, 0.5, leads_to, about));
    }
    // Words for words are the matter of names, not of settings; in a file of settings there is nothing else.
    if sides.kind == FileKind::Settings && number(&new.written).is_none() {
        let place = [
            "url", "host", "endpoint", "addr", "address", "topic", "queu", "bucket", "region", "port", "uri", "dsn",
            "servic",
        ];
        let strength = if has(&place) { 0.65 } else { 0.45 };
        let leads_to = T::MISSING | T::UNREACHABLE | T::DENIED | T::SCHEMA | T::MALFORMED;
        let told = stems(&old.written).into_iter().chain(stems(&new.written));
        return Some(effect(how, strength, leads_to, about.into_iter().chain(told)));
    }
    None
}

/// A text short enough to stand in a sentence.
pub(super) fn brief(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

/// Calls that went and that nothing took over.
fn lost_calls(sides: &Sides<'_>) -> Vec<Effect> {
    if sides.kind != FileKind::Code {
        return Vec::new();
    }
    let named = |cuts: &[Cut<'_>]| -> BTreeSet<String> {
        cuts.iter().flat_map(|cut| calls(&cut.tokens).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let gained = named(&sides.added);
    let kept: BTreeSet<String> = sides
        .after
        .iter()
        .flat_map(|(line, _)| calls(&tokens(&line.code)).into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut found = Vec::new();
    for name in named(&sides.removed).difference(&kept) {
        let words = stems(name);
        let telling: Vec<&String> = words.iter().filter(|word| is_telling(word)).collect();
        if telling.is_empty() {
            continue;
        }
        let covered = telling.iter().filter(|word| sides.words_after.contains(**word)).count();
        if covered * 2 > telling.len() || (covered * 2 == telling.len() && !gained.is_empty()) {
            continue;
        }
        let starts = [
            "register", "init", "load", "seed", "subscrib", "migrat", "start", "bind", "add", "set", "install",
            "configur", "use", "ack", "await",
        ];
        let begins = words.first().is_some_and(|first| starts.iter().any(|word| first.starts_with(word)));
        let strength = if gained.is_empty() { 0.7 } else { 0.3 } + if begins { 0.15 } else { 0.0 };
        let leads_to = T::MISSING | T::NULL | T::SCHEMA | T::DENIED;
        found.push(effect(format!("it no longer calls `{}`", brief(name)), strength, leads_to, words));
    }
    found
}

/// Tests for a value that is not there, gone while the value is still used.
fn lost_null_checks(sides: &Sides<'_>) -> Vec<Effect> {
    let count = |cuts: &[Cut<'_>]| cuts.iter().map(|cut| null_checks(&cut.tokens)).sum::<usize>();
    let (before, after) = (count(&sides.removed), count(&sides.added));
    if before <= after {
        return Vec::new();
    }
    let checked: BTreeSet<String> = sides
        .removed
        .iter()
        .filter(|cut| null_checks(&cut.tokens) > 0)
        .flat_map(|cut| cut.tokens.iter().filter(|token| token.sort == Sort::Name).flat_map(|token| stems(&token.text)))
        .filter(|stem| is_telling(stem))
        .collect();
    let used = checked.iter().filter(|stem| sides.words_after.contains(*stem)).count();
    if used == 0 {
        return Vec::new();
    }
    let strength = if used * 2 >= checked.len() { 0.8 } else { 0.5 };
    vec![effect(
        "it no longer tests for a value that is not there".to_owned(),
        strength,
        T::NULL | T::MALFORMED,
        checked,
    )]
}

/// How often a line tests for a value that is not there: `x == nil`, `x?.y`, `?? z`, `is None`, `.get(k, d)`, `orElse`.
/// `err != nil` asks whether something failed, which is another question.
fn null_checks(tokens: &[Token]) -> usize {
    let empty = |text: &str| matches!(text, "nil" | "null" | "None" | "undefined" | "NULL" | "nullptr");
    let mut count = 0;
    for (at, token) in tokens.iter().enumerate() {
        let before =
            |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at)).map_or("", |token| token.text.as_str());
        let compares =
            matches!(before(1), "==" | "!=" | "is" | "not") || (before(1) == "=" && matches!(before(2), "==" | "!="));
        let subject = if before(1) == "=" { before(3) } else { before(2) };
        count += match token.text.as_str() {
            text if empty(text) && compares && !matches!(subject, "err" | "error" | "e") => 1,
            "?." | "??" | "orElse" | "getOrDefault" | "ofNullable" | "unwrap_or" | "unwrap_or_default"
            | "isPresent" | "is_some" | "COALESCE" | "hasattr" | "has_key" | "isset" | "setdefault" | "firstOrNull"
            | "FirstOrDefault" => 1,
            "ok" if at == 0 && before(1).is_empty() => 0,
            "get" if before(1) == "." && tokens[at..].iter().take(8).any(|it| it.text == ",") => 1,
            _ => 0,
        };
    }
    count
}

/// Calls to elsewhere that are now made once an item.
fn calls_in_loops(sides: &Sides<'_>) -> Vec<Effect> {
    if sides.kind != FileKind::Code {
        return Vec::new();
    }
    let before = sides.before.iter().map(|line| (*line, false));
    let was: BTreeSet<String> = in_loops(before).into_iter().flat_map(|looped| looped.calls).collect();
    let mut found = Vec::new();
    for looped in in_loops(sides.after.iter().copied()) {
        for name in looped.calls.iter().filter(|name| !was.contains(*name)) {
            let goes_out = is_remote(&stems(name)) && leaves_process(&looped.tokens, name);
            if (looped.is_new || looped.loop_is_new) && goes_out && !is_talk(&looped.tokens) {
                let leads_to = T::SLOW | T::TIMEOUT | T::THROTTLED | T::EXHAUSTED | T::RETRIED;
                let about = stems(name).into_iter().chain(stems(&looped.line.code));
                found.push(effect(format!("it calls `{}` once for every item", brief(name)), 0.85, leads_to, about));
            }
        }
    }
    found
}

/// A line inside of a loop, or one that is a loop by itself.
struct Looped<'a> {
    line: &'a Line,
    tokens: Vec<Token>,
    calls: Vec<String>,
    is_new: bool,
    loop_is_new: bool,
}

/// The lines that run once for every item. A loop ends where the code is no further in than where it began.
fn in_loops<'a>(lines: impl Iterator<Item = (&'a Line, bool)>) -> Vec<Looped<'a>> {
    let mut found = Vec::new();
    let mut loops: Vec<(usize, bool)> = Vec::new();
    for (line, is_new) in lines.filter(|(line, _)| !line.code.is_empty()) {
        let tokens = tokens(&line.code);
        let opens = opens_loop(&tokens);
        loops.retain(|(indent, _)| line.indent > *indent);
        let loop_is_new = loops.iter().any(|(_, is_new)| *is_new);
        let inside = !loops.is_empty();
        if opens {
            loops.push((line.indent, is_new));
        }
        // What a loop goes over is asked for once; a loop within a line asks inside of it.
        let within =
            opens && !matches!(tokens.first().map_or("", |first| first.text.as_str()), "for" | "foreach" | "while");
        if inside || within {
            let calls = calls(&tokens).into_iter().map(str::to_owned).collect();
            found.push(Looped { line, tokens, calls, is_new, loop_is_new });
        }
    }
    found
}

/// Whether a line begins a loop over items.
fn opens_loop(tokens: &[Token]) -> bool {
    let first = tokens.iter().find(|token| token.sort == Sort::Name).map_or("", |token| token.text.as_str());
    let each = |pair: &[Token]| {
        pair[0].text == "." && matches!(pair[1].text.as_str(), "map" | "forEach" | "each" | "flatMap" | "stream")
    };
    let inside = tokens.windows(2).any(each)
        || tokens.iter().skip(1).any(|token| token.sort == Sort::Name && token.text == "for");
    matches!(first, "for" | "foreach" | "while") || inside
}

/// Whether the call of `name` looks like one that leaves the process: somebody else's method, awaited, with a context, or
/// whose failure is looked at.
fn leaves_process(tokens: &[Token], name: &str) -> bool {
    let at = tokens.iter().position(|token| token.text == name).unwrap_or(0);
    let method = at > 0 && tokens[at - 1].text == ".";
    let hints = [
        "await",
        "ctx",
        "err",
        "session",
        "client",
        "db",
        "repo",
        "repository",
        "conn",
        "http",
        "api",
        "requests",
        "axios",
        "dao",
        "store",
    ];
    let hinted = tokens.iter().any(|token| {
        token.sort == Sort::Name
            && (hints.contains(&token.text.as_str())
                || stems(&token.text).iter().any(|stem| {
                    hints.contains(&stem.as_str()) || matches!(stem.as_str(), "servic" | "repositor" | "stor")
                }))
    });
    hinted && (method || tokens.iter().any(|token| token.text == "await"))
}

/// Safeguards whose words went and did not come back.
fn lost_safeguards(sides: &Sides<'_>) -> Vec<Effect> {
    let said = |cuts: &[Cut<'_>]| -> BTreeSet<String> { cuts.iter().flat_map(|cut| stems(&cut.line.code)).collect() };
    let before = said(&sides.removed);
    let mut found = Vec::new();
    for guard in &SAFEGUARDS {
        let gone: Vec<String> =
            guard.stems.iter().filter(|stem| before.contains(**stem)).map(|stem| (*stem).to_owned()).collect();
        let stays = guard.stems.iter().any(|stem| sides.words_after.contains(*stem));
        if gone.is_empty() || stays {
            continue;
        }
        found.push(effect(format!("it takes {} away", guard.name), 0.65, guard.leads_to, gone));
    }
    found
}

/// Versions of dependencies: a patch is nearly nothing, a major version a risk (`SemVer` 2.0).
fn dependencies(sides: &Sides<'_>) -> Vec<Effect> {
    let read = |cuts: &[Cut<'_>]| -> BTreeMap<String, Vec<u64>> {
        let mut versions = BTreeMap::new();
        for cut in cuts {
            let mut parts = cut.line.code.split(|it: char| {
                it.is_whitespace() || matches!(it, '"' | '\'' | ',' | '=' | '^' | '~' | ':' | '>' | '<')
            });
            let name = parts.by_ref().find(|part| part.chars().any(char::is_alphabetic));
            let version = parts.find_map(|part| {
                let numbers: Vec<u64> =
                    part.trim_start_matches('v').split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect();
                (numbers.len() >= 2).then_some(numbers)
            });
            if let (Some(name), Some(version)) = (name, version) {
                versions.insert(name.to_owned(), version);
            }
        }
        versions
    };
    let (before, after) = (read(&sides.removed), read(&sides.added));
    let mut found = Vec::new();
    for (name, new) in &after {
        let leads_to = T::NULL | T::MALFORMED | T::SCHEMA | T::MEMORY | T::MISSING | T::UNREACHABLE;
        let (what, strength) = match before.get(name) {
            Some(old) if old.first() != new.first() => ("another major version", 0.5),
            Some(old) if old.get(1) != new.get(1) && new.first() == Some(&0) => {
                ("another minor version before the first major one", 0.3)
            }
            Some(old) if old.get(1) != new.get(1) => ("another minor version", 0.12),
            Some(_) => ("another patch", 0.04),
            None => ("a new dependency", 0.15),
        };
        let last = name.rsplit('/').next().unwrap_or(name);
        found.push(effect(format!("it takes {what} of `{}`", brief(last)), strength, leads_to, stems(name)));
    }
    found
}
