//! Effects that show in how lines are worded: names that change under others' feet, statements to a database, and forms
//! that are known to hurt.

use super::code::{Sort, Token, calls, stems};
use super::diff::FileKind;
use super::effect::{Cut, Effect, Sides, brief, effect};
use super::safeguard::is_remote;
use super::signature::is_telling;
use super::trouble::Troubles as T;
use std::collections::BTreeSet;

/// Lines of one file that are compared in pairs, at most: the comparison is quadratic in these.
const MOST_PAIRED: usize = 60;

/// A name in quotes, a key, or a name in a schema that is another one now, on a line that is the same but for it.
pub(super) fn renamed(sides: &Sides<'_>) -> Vec<Effect> {
    let mut found = Vec::new();
    let mut taken = BTreeSet::new();
    for old in sides.removed.iter().take(MOST_PAIRED) {
        for (at, new) in sides.added.iter().enumerate().take(MOST_PAIRED) {
            if taken.contains(&at) || old.tokens.len() != new.tokens.len() {
                continue;
            }
            let Some((before, after)) = only_difference(old, new, sides) else { continue };
            taken.insert(at);
            // Where the old name is still used beside it, the two no longer agree.
            let quoted = |token: &Token| {
                token.text == before.text || (token.sort == Sort::Text && holds_name(&token.text, &before.text))
            };
            let still = sides.after.iter().any(|(line, _)| super::code::tokens(&line.code).iter().any(quoted));
            let strength = if still { 0.85 } else { 0.6 };
            let leads_to = T::SCHEMA | T::MISSING | T::MALFORMED | T::NULL | T::DENIED | T::UNREACHABLE | T::WRONG;
            let about = stems(&before.text).into_iter().chain(stems(&after.text)).chain([before.text.to_lowercase()]);
            let how = format!("it renames `{}` to `{}`", brief(&before.text), brief(&after.text));
            found.push(effect(how, strength, leads_to, about));
            break;
        }
    }
    found.extend(changed_conditions(sides));
    found
}

fn holds_name(text: &str, name: &str) -> bool {
    text.split(|it: char| !(it.is_alphanumeric() || it == '_')).any(|word| word == name)
}

/// The one token in which two lines differ, if it is a name that others look up.
fn only_difference<'a>(old: &'a Cut<'_>, new: &'a Cut<'_>, sides: &Sides<'_>) -> Option<(&'a Token, &'a Token)> {
    let mut pairs = old.tokens.iter().zip(&new.tokens).enumerate().filter(|(_, (old, new))| old != new);
    let (at, (before, after)) = pairs.next()?;
    if pairs.next().is_some() || before.sort != after.sort {
        return None;
    }
    let lower = sides.path.to_lowercase();
    let is_schema =
        [".sql", ".proto", ".graphql", ".avsc", ".prisma", ".thrift"].iter().any(|ending| lower.ends_with(ending));
    let is_key = old.tokens.get(at + 1).is_some_and(|next| next.text == ":");
    let looked_up = match before.sort {
        Sort::Text => is_name(&before.text) && is_name(&after.text),
        Sort::Name => is_schema || (is_key && sides.kind == FileKind::Settings),
        Sort::Number | Sort::Sign => false,
    };
    looked_up.then_some((before, after))
}

/// Whether a text is a name that programs look up: no sentence, no number, no colour.
fn is_name(text: &str) -> bool {
    let fits = |it: char| it.is_alphanumeric() || "_-./:,{}$*@?&= ".contains(it);
    let words = text.split_whitespace().count();
    words == 1
        && text.len() <= 120
        && text.chars().any(char::is_alphabetic)
        && text.chars().all(fits)
        && !text.starts_with('#')
}

/// Conditions that ask something else now: the same names, other operators or the opposite.
fn changed_conditions(sides: &Sides<'_>) -> Vec<Effect> {
    let is_condition = |cut: &Cut<'_>| {
        cut.tokens.iter().any(|token| {
            matches!(token.text.as_str(), "if" | "while" | "unless" | "when" | "return" | "&&" | "||" | "filter")
        })
    };
    let names = |cut: &Cut<'_>| -> Vec<String> {
        cut.tokens
            .iter()
            .filter(|token| token.sort == Sort::Name && token.text != "not")
            .map(|token| token.text.clone())
            .collect()
    };
    let turns = |cut: &Cut<'_>| -> Vec<String> {
        let telling = |token: &&Token| {
            matches!(
                token.text.as_str(),
                "<" | ">" | "<=" | ">=" | "==" | "!=" | "&&" | "||" | "!" | "not" | "+" | "-" | "*" | "/"
            )
        };
        cut.tokens.iter().filter(telling).map(|token| token.text.clone()).collect()
    };
    let mut found = Vec::new();
    for old in sides.removed.iter().take(MOST_PAIRED).filter(|cut| is_condition(cut)) {
        let twin = sides.added.iter().take(MOST_PAIRED).find(|new| names(new) == names(old));
        if let Some(new) = twin.filter(|new| turns(new) != turns(old)) {
            let leads_to = T::NULL | T::MALFORMED | T::DENIED | T::MISSING | T::WRONG | T::LOCKED | T::SLOW;
            found.push(effect("it turns a condition around".to_owned(), 0.45, leads_to, stems(&new.line.code)));
        }
    }
    found
}

/// The tables that statements in `cuts` use.
fn tables(cuts: &[Cut<'_>]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for cut in cuts {
        let mut verb_seen = false;
        let mut words = cut.line.code.split(|it: char| !(it.is_alphanumeric() || matches!(it, '_' | '.'))).peekable();
        while let Some(word) = words.next() {
            // SQL in code is in capitals, or stands in a text that begins with a verb.
            verb_seen |= matches!(
                word,
                "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "FROM" | "JOIN" | "select" | "insert" | "delete"
            );
            let before_table = matches!(word, "FROM" | "JOIN" | "INTO" | "UPDATE")
                || (verb_seen && matches!(word, "from" | "join" | "into"));
            while words.peek().is_some_and(|next| next.is_empty()) {
                words.next();
            }
            if before_table && let Some(table) = words.peek().filter(|table| table.chars().any(char::is_alphabetic)) {
                let lower = table.to_lowercase();
                if !matches!(lower.as_str(), "select" | "set" | "lateral" | "only" | "unnest" | "values" | "the" | "a")
                {
                    found.insert(lower);
                }
            }
        }
    }
    found
}

/// Tables that are used now and that this change neither used before nor makes, and settings it newly needs.
pub(super) fn absent_tables(sides: &Sides<'_>, all: &[Sides<'_>]) -> Vec<Effect> {
    let is_table = |code: &str| {
        let lower = code.to_lowercase();
        lower.contains("create table")
            || lower.contains("create_table")
            || lower.contains("createtable")
            || lower.contains("create view")
    };
    let makes = |name: &str| {
        all.iter().any(|sides| {
            sides.added.iter().any(|cut| is_table(&cut.line.code) && cut.line.code.to_lowercase().contains(name))
        })
    };
    let kept: Vec<Cut<'_>> =
        sides.after.iter().filter(|(_, is_new)| !is_new).map(|(line, _)| Cut { line, tokens: Vec::new() }).collect();
    let known: BTreeSet<String> = tables(&sides.removed).union(&tables(&kept)).cloned().collect();
    let mut found: Vec<Effect> = tables(&sides.added)
        .difference(&known)
        .filter(|name| !makes(name))
        .map(|name| {
            let about = stems(name).into_iter().chain([name.clone()]);
            effect(
                format!("it uses the table `{}`, which it does not make", brief(name)),
                0.5,
                T::SCHEMA | T::MISSING | T::SLOW | T::DENIED,
                about,
            )
        })
        .collect();
    let reads = ["getenv", "environ", "env", "lookupenv", "getproperty"];
    for cut in &sides.added {
        let asks = cut
            .tokens
            .iter()
            .any(|token| token.sort == Sort::Name && reads.contains(&token.text.to_lowercase().as_str()));
        let named = cut.tokens.iter().find(|token| {
            let shouts = token.text.len() >= 4
                && token.text.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_');
            shouts && token.sort != Sort::Number
        });
        if let Some(named) = named.filter(|_| asks && sides.kind == FileKind::Code) {
            let about = stems(&named.text).into_iter().chain([named.text.to_lowercase()]);
            found.push(effect(
                format!("it needs `{}` to be set", brief(&named.text)),
                0.45,
                T::MISSING | T::NULL | T::DENIED | T::UNREACHABLE,
                about,
            ));
        }
    }
    found
}

/// Statements that change a schema.
pub(super) fn schema_statements(sides: &Sides<'_>) -> Vec<Effect> {
    const STATEMENTS: [(&str, f64); 14] = [
        ("drop column", 0.8),
        ("drop table", 0.8),
        ("drop index", 0.75),
        ("drop constraint", 0.5),
        ("rename column", 0.8),
        ("rename to", 0.75),
        ("remove_column", 0.8),
        ("rename_column", 0.8),
        ("set not null", 0.7),
        ("alter column", 0.6),
        ("lock table", 0.7),
        ("truncate", 0.6),
        ("create index", 0.55),
        ("add constraint", 0.5),
    ];
    let mut found = Vec::new();
    for cut in &sides.added {
        let lower = cut.line.code.to_lowercase();
        for (form, strength) in STATEMENTS {
            if lower.contains(form) && !lower.contains("concurrently") {
                let leads_to = T::SCHEMA | T::LOCKED | T::SLOW | T::TIMEOUT | T::MALFORMED | T::NULL;
                found.push(effect(
                    format!("it changes a schema (`{form}`)"),
                    strength,
                    leads_to,
                    stems(&cut.line.code),
                ));
            }
        }
    }
    found
}

/// What makes requests wait.
const HEAVY: T = T::SLOW.and(T::TIMEOUT).and(T::EXHAUSTED).and(T::BACKLOG);

/// Forms that are known to hurt: how it is told, how strong it is, what it leads to, and how it is written in lower case.
const FORMS: [(&str, f64, T, &[&str]); 9] = [
    ("it sleeps", 0.6, HEAVY, &["sleep(", "settimeout(", "delay("]),
    (
        "it waits where others go on",
        0.5,
        HEAVY,
        &[
            "readfilesync",
            "execsync",
            ".block()",
            ".result;",
            ".getawaiter().getresult()",
            "runblocking",
            "run_until_complete",
            ".join()",
        ],
    ),
    (
        "it searches with a pattern",
        0.45,
        HEAVY,
        &["regexp.mustcompile", "re.compile(", "pattern.compile", "new regexp", "regex::new"],
    ),
    (
        "it locks rows",
        0.6,
        T::LOCKED.and(T::TIMEOUT).and(T::SLOW),
        &["for update", "serializable", "lock in share mode", "with (tablockx"],
    ),
    (
        "it searches without an index",
        0.5,
        HEAVY,
        &["like '%", "like \"%", "ilike", "lower(", "order by rand", "regexp '", "offset "],
    ),
    (
        "it holds a lock",
        0.5,
        T::LOCKED.and(T::SLOW).and(T::TIMEOUT),
        &["synchronized", ".lock()", "mutex.lock", "threading.lock", "with lock", "lock(", "acquire("],
    ),
    (
        "it starts work that nobody waits for",
        0.45,
        T::EXHAUSTED.and(T::MEMORY).and(T::NULL).and(T::LOCKED),
        &[
            "go func",
            "thread(",
            "promise.all",
            "asyncio.gather",
            "create_task",
            "executor",
            "parallelstream",
            "tokio::spawn",
        ],
    ),
    (
        "it keeps what it never lets go",
        0.5,
        T::MEMORY.and(T::EXHAUSTED),
        &[
            "addlistener",
            "addeventlistener",
            "setinterval(",
            "newticker",
            ".on(",
            "subscribe(",
            "static final map",
            "global ",
            "= new map()",
            "= new hashmap",
            "new concurrenthashmap",
        ],
    ),
    (
        "it opens a connection of its own",
        0.5,
        T::EXHAUSTED.and(T::UNREACHABLE).and(T::SLOW),
        &[
            "sql.open(",
            "new client(",
            "createclient(",
            "psycopg2.connect",
            ".connect(",
            "dial(",
            "grpc.newclient",
            "new httpclient(",
            "http.client{",
            "boto3.client(",
            "new pool(",
        ],
    ),
];

/// Forms that are known to hurt, by what the added lines say and the removed ones did not.
pub(super) fn known_forms(sides: &Sides<'_>) -> Vec<Effect> {
    if sides.kind != FileKind::Code {
        return Vec::new();
    }
    let mut found = Vec::new();
    let text = |cuts: &[Cut<'_>]| cuts.iter().map(|cut| cut.line.code.as_str()).collect::<Vec<&str>>().join("\n");
    let (before, after) = (text(&sides.removed).to_lowercase(), text(&sides.added).to_lowercase());
    let new = |phrases: &[&str]| phrases.iter().any(|phrase| after.contains(phrase) && !before.contains(phrase));
    for (how, strength, leads_to, phrases) in FORMS {
        if new(phrases) {
            found.push(effect(how.to_owned(), strength, leads_to, []));
        }
    }
    if after.lines().any(grows_without_end) {
        found.push(effect("it searches with a pattern that may take forever".to_owned(), 0.85, HEAVY, []));
    }
    found.extend(retries(sides));
    found.extend(accumulates(sides));
    found.extend(new_calls(sides));
    found.extend(other_types(sides));
    found
}

/// A repeated group that repeats inside: `(a+)+`.
fn grows_without_end(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes
        .windows(3)
        .any(|three| matches!(three[0], b'+' | b'*') && three[1] == b')' && matches!(three[2], b'+' | b'*' | b'{'))
}

fn words_of(cuts: &[Cut<'_>]) -> Vec<String> {
    cuts.iter().flat_map(|cut| stems(&cut.line.code)).collect()
}

/// Tries again where it did not before.
fn retries(sides: &Sides<'_>) -> Vec<Effect> {
    let count = |cuts: &[Cut<'_>]| {
        words_of(cuts).iter().filter(|stem| ["retr", "retry", "attempt"].contains(&stem.as_str())).count()
    };
    if count(&sides.added) <= count(&sides.removed) {
        return Vec::new();
    }
    let waits =
        words_of(&sides.added).iter().any(|stem| ["backoff", "jitt", "jitter", "exponential"].contains(&stem.as_str()));
    let strength = if waits { 0.35 } else { 0.6 };
    let leads_to = T::RETRIED | T::THROTTLED | T::SLOW | T::EXHAUSTED | T::TIMEOUT | T::BACKLOG | T::WRONG;
    vec![effect("it tries again when something fails".to_owned(), strength, leads_to, [])]
}

/// Puts things where they stay.
fn accumulates(sides: &Sides<'_>) -> Vec<Effect> {
    const PLACES: [&str; 16] = [
        "cach", "registr", "registry", "seen", "histor", "history", "buff", "buffer", "pend", "session", "entr",
        "entries", "index", "memo", "tracked", "store",
    ];
    let after = words_of(&sides.added);
    if after.iter().any(|stem| {
        ["evict", "delet", "ttl", "expir", "lru", "remov", "prun", "limit", "maxsiz", "clear"].contains(&stem.as_str())
    }) {
        return Vec::new();
    }
    let puts = |cut: &&Cut<'_>| {
        let named = cut.tokens.iter().any(|token| {
            token.sort == Sort::Name && stems(&token.text).iter().any(|stem| PLACES.contains(&stem.as_str()))
        });
        let fills = calls(&cut.tokens)
            .iter()
            .any(|name| matches!(name.to_lowercase().as_str(), "append" | "push" | "put" | "add" | "set" | "store"));
        let assigns = cut.tokens.windows(2).any(|pair| pair[0].text == "]" && pair[1].text == "=");
        named && (fills || assigns)
    };
    let found = sides.added.iter().find(puts);
    let about = found.map(|cut| stems(&cut.line.code)).unwrap_or_default();
    found.map(|_| effect("it keeps more and more".to_owned(), 0.5, T::MEMORY | T::SLOW, about)).into_iter().collect()
}

/// Calls to elsewhere that were not made before.
fn new_calls(sides: &Sides<'_>) -> Vec<Effect> {
    let called = |cuts: &[Cut<'_>]| -> BTreeSet<String> {
        cuts.iter().flat_map(|cut| calls(&cut.tokens).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let was = called(&sides.removed);
    let waits = |cut: &&Cut<'_>| {
        cut.tokens
            .iter()
            .any(|token| matches!(token.text.as_str(), "ctx" | "await" | "client" | "http" | "session" | "db"))
    };
    let mut found = Vec::new();
    for cut in sides.added.iter().filter(waits) {
        for name in calls(&cut.tokens).into_iter().filter(|name| !was.contains(*name) && is_remote(&stems(name))) {
            let about = stems(name).into_iter().filter(|stem| is_telling(stem));
            let leads_to = T::SLOW | T::TIMEOUT | T::UNREACHABLE | T::THROTTLED | T::DENIED | T::SCHEMA;
            found.push(effect(format!("it calls `{}`, as it did not before", brief(name)), 0.35, leads_to, about));
        }
    }
    found.truncate(3);
    found
}

/// A value that has another type now.
fn other_types(sides: &Sides<'_>) -> Vec<Effect> {
    const TYPES: [&str; 28] = [
        "int",
        "int32",
        "int64",
        "uint",
        "uint32",
        "uint64",
        "long",
        "short",
        "float",
        "float32",
        "float64",
        "double",
        "decimal",
        "string",
        "String",
        "str",
        "bool",
        "boolean",
        "Integer",
        "Long",
        "number",
        "bigint",
        "varchar",
        "text",
        "uuid",
        "bytes",
        "timestamp",
        "date",
    ];
    let is_type = |token: &Token| TYPES.contains(&token.text.as_str());
    for old in sides.removed.iter().take(MOST_PAIRED) {
        for new in sides.added.iter().take(MOST_PAIRED).filter(|new| new.tokens.len() == old.tokens.len()) {
            let mut pairs = old.tokens.iter().zip(&new.tokens).filter(|(old, new)| old != new);
            let (Some((before, after)), None) = (pairs.next(), pairs.next()) else { continue };
            if is_type(before) && is_type(after) {
                let how = format!("it makes a `{}` of a `{}`", after.text, before.text);
                let leads_to = T::MALFORMED | T::NULL | T::SCHEMA | T::WRONG;
                return vec![effect(how, 0.55, leads_to, stems(&new.line.code))];
            }
        }
    }
    Vec::new()
}
