//! Which messages of a batch SQS shall deliver again.

use std::collections::HashSet;

/// A message of a batch, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// SQS's id of the message.
    pub id: &'a str,
    /// Its group: none in a standard queue.
    pub group: Option<&'a str>,
    /// Whether it was handled to its end.
    pub handled: bool,
}

/// The ids of the messages that are not done: in each group everything from the first that was not handled on, so that
/// its order holds when they come again. Other groups go on.
pub fn to_report(batch: &[Delivery<'_>]) -> Vec<String> {
    let mut stopped = HashSet::new();
    let mut report = Vec::new();
    for message in batch {
        let follows_a_failure = message.group.is_some_and(|group| stopped.contains(group));
        if !message.handled || follows_a_failure {
            stopped.extend(message.group);
            report.push(message.id.to_owned());
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One row a batch: `group:id`, a `!` where it was not handled, `-` for no group; then what is reported.
    const TABLE: [(&str, &str); 9] = [
        ("", ""),
        ("a:1 a:2 a:3", ""),
        ("a:1 a:2! a:3", "2 3"),
        ("a:1! a:2 a:3", "1 2 3"),
        ("a:1 a:2 a:3!", "3"),
        ("a:1! b:2 a:3 b:4", "1 3"),
        ("a:1 b:2! a:3! b:4 c:5", "2 3 4"),
        ("-:1 -:2! -:3", "2"),
        ("-:1! a:2 -:3 a:4!", "1 4"),
    ];

    #[test]
    fn a_failure_takes_the_rest_of_its_group_with_it_and_nothing_else() {
        for (batch, expected) in TABLE {
            let batch: Vec<Delivery<'_>> = batch.split_whitespace().map(read).collect();
            assert_eq!(to_report(&batch).join(" "), expected, "{batch:?}");
        }
    }

    fn read(word: &str) -> Delivery<'_> {
        let (group, id) = word.split_once(':').unwrap();
        Delivery { id: id.trim_end_matches('!'), group: (group != "-").then_some(group), handled: !id.ends_with('!') }
    }
}
