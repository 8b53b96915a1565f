//! A question in somebody's own words, as far as rules understand it: which of the answers that exist comes nearest.

use super::{Arguments, Command, Misread, people};
use blocks::action::Topic;

/// A longer question is cut, in characters.
pub(super) const LONGEST: usize = 1_000;

/// Words by which a topic is known, the more telling topics first. A word stands for every word that begins like it.
const SIGNS: &[(Topic, &[&str])] = &[
    (
        Topic::Fix,
        &[
            "fix",
            "mitigat",
            "remed",
            "roll back",
            "rollback",
            "can i do",
            "can we do",
            "should i do",
            "should we do",
            "recommend",
            "repair",
        ],
    ),
    (Topic::Isolate, &["isolat", "cut off", "contain", "circuit", "break at"]),
    (Topic::Predict, &["next", "predict", "will it spread", "will be hit", "going to be hit", "risk of", "forecast"]),
    (Topic::Changes, &["chang", "deploy", "release", "config", "who did", "rolled out", "commit", "version"]),
    (Topic::Similar, &["before", "similar", "last time", "ever seen", "happened already", "again?"]),
    (Topic::Auth, &["login", "log in", "sign in", "signin", "sign-in", "auth", "token", "cognito", "password"]),
    (Topic::Catchup, &["new since", "missed", "catch up", "catchup", "since i", "what is new", "what's new"]),
    (Topic::Timeline, &["when", "timeline", "order", "first alarm", "how long", "sequence", "chronolog"]),
    (Topic::Gaps, &["missing", "not see", "could not", "permission", "blind", "gap", "unknown"]),
    (Topic::Graph, &["depend", "who calls", "map", "graph", "picture", "blast", "topology", "upstream", "downstream"]),
    (Topic::Why, &["why", "cause", "reason", "because", "root", "evidence", "how do you know", "sure"]),
];

/// The answer that comes nearest to a question; the whole context where nothing does.
pub fn topic(question: &str) -> Topic {
    let lower = format!(" {} ", question.to_lowercase().replace('’', "'"));
    let has = |sign: &&str| {
        let begins = |at: usize| !lower[..at].ends_with(char::is_alphanumeric);
        lower.match_indices(*sign).any(|(at, _)| begins(at))
    };
    let found = SIGNS.iter().find(|(_, signs)| signs.iter().any(has));
    found.map_or(Topic::Context, |(topic, _)| *topic)
}

/// Whether words that are no command read like a question.
pub fn is_question(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let asks = [
        "what", "what's", "why", "who", "when", "where", "which", "how", "is", "are", "was", "were", "did", "does",
        "do", "can", "could", "should", "will", "has", "have",
    ];
    let begins = words.first().is_some_and(|word| asks.contains(&word.as_str()));
    words.len() >= 2 && (text.trim_end().ends_with('?') || (begins && words.len() >= 3))
}

/// `ask why do logins fail?`, `ask INC-7 why …`.
pub(super) fn ask(arguments: &Arguments<'_>) -> Result<Command, Misread> {
    let (incident, text) = people::worded(arguments, "ask")?;
    Ok(Command::Question { incident, text: blocks::limits::cut(&text, LONGEST) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(question: &str, expected: Topic) {
        assert_eq!(topic(question), expected, "{question}");
    }

    #[test]
    fn a_question_finds_the_answer_that_exists() {
        check("why do logins fail?", Topic::Auth);
        check("Why is checkout slow?", Topic::Why);
        check("what changed in the last hour", Topic::Changes);
        check("who deployed what?", Topic::Changes);
        check("is checkout going to be hit?", Topic::Predict);
        check("What’s next?", Topic::Predict);
        check("what should we do now", Topic::Fix);
        check("can this be mitigated?", Topic::Fix);
        check("have we seen this before?", Topic::Similar);
        check("when did it start?", Topic::Timeline);
        check("what could you not see?", Topic::Gaps);
        check("who calls user-pool?", Topic::Graph);
        check("what did I miss", Topic::Context);
        check("what have I missed", Topic::Catchup);
        check("", Topic::Context);
        check("ПРИВЕТ? İ", Topic::Context);
    }

    #[test]
    fn a_question_is_told_from_a_command() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(is_question(text), expected, "{text}");
        }
        check("why do logins fail", true);
        check("logins down again?", true);
        check("why", false);
        check("statsu", false);
        check("closse INC-7", false);
        check("thanks a lot", false);
    }
}
