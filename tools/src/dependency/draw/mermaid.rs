//! The picture as a Mermaid flowchart, for issues, wikis and post-mortems.

use super::scene::{Link, Node, Scene, State, Stub};
use super::text::tame;
use std::fmt::Write;

/// `scene` as Mermaid.
pub fn mermaid(scene: &Scene) -> String {
    let mut out = String::from("flowchart TB\n");
    // A comment must not end early; braces would be taken as a directive.
    let _ = writeln!(out, "%% {}", tame(&scene.alt).replace(['{', '}'], " "));
    for (at, node) in scene.nodes.iter().enumerate() {
        let label =
            format!("{} {}<br/>{}{}", node.state.symbol(), quoted(&node.label), quoted(&node.detail), folded(node));
        let _ = writeln!(out, "  n{at}[\"{label}\"]:::{}", class(node.state));
    }
    for Link { from, to, edges, is_async, on_path, is_next, label, .. } in &scene.links {
        let arrow = match (on_path, *is_next || *is_async || *edges == 0) {
            (true, _) => "==>",
            (false, true) => "-.->",
            (false, false) => "-->",
        };
        let label = label.as_ref().map(|label| format!("|\"{}\"|", quoted(label))).unwrap_or_default();
        let _ = writeln!(out, "  n{from} {arrow}{label} n{to}");
    }
    let classes: [(State, &str); 7] = [
        (State::Cause, "fill:#a31419,stroke:#6d0b10,color:#fff,stroke-width:3px"),
        (State::Failing, "fill:#fbd9d7,stroke:#b3161b,color:#1b1f24,stroke-width:2px"),
        (State::Slow, "fill:#fde0d0,stroke:#b5460f,color:#1b1f24,stroke-width:2px"),
        (State::AlarmOnly, "fill:#fdecea,stroke:#b3161b,color:#1b1f24,stroke-dasharray:2 3"),
        (State::ExpectedNext, "fill:#fff3cf,stroke:#b26a00,color:#1b1f24,stroke-dasharray:7 4"),
        (State::Healthy, "fill:#eef8ef,stroke:#4c9a5b,color:#1b1f24"),
        (State::Unknown, "fill:#f2f3f5,stroke:#9aa3ad,color:#4b535c,stroke-dasharray:4 3"),
    ];
    for (state, style) in classes {
        let _ = writeln!(out, "  classDef {} {style}", class(state));
    }
    out
}

fn class(state: State) -> &'static str {
    match state {
        State::Cause => "cause",
        State::Failing => "failing",
        State::Slow => "slow",
        State::AlarmOnly => "alarm",
        State::ExpectedNext => "expected",
        State::Healthy => "healthy",
        State::Unknown => "unknown",
    }
}

/// Services that are not drawn, on a line of their own.
pub(super) fn folded(node: &Node) -> String {
    let part = |arrow: char, Stub { services, .. }: Stub, what: &str| {
        let plural = if services == 1 { "" } else { "s" };
        (services > 0).then(|| format!("{arrow} +{services} {what}{plural}"))
    };
    let parts: Vec<String> =
        [part('↑', node.callers, "caller"), part('↓', node.callees, "callee")].into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("<br/>{}", parts.join(" ")) }
}

/// Within Mermaid's quotes: everything that means something to it or to HTML as an entity, which Mermaid writes `#code;`.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for char in tame(text).chars() {
        let means_something =
            char.is_ascii_punctuation() && !matches!(char, '-' | '_' | '.' | ',' | ':' | '/' | '+' | '~' | '?' | '!');
        if means_something {
            let _ = write!(quoted, "#{};", u32::from(char));
        } else {
            quoted.push(char);
        }
    }
    quoted
}
