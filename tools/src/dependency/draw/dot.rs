//! The picture in Graphviz's language, for those who want to lay it out anew.

use super::mermaid::folded;
use super::scene::{Scene, State};
use super::text::tame;
use std::fmt::Write;

/// `scene` as DOT.
pub fn dot(scene: &Scene) -> String {
    let mut out = String::from("digraph blast_radius {\n");
    let _ = writeln!(
        out,
        "  graph [rankdir=TB, labelloc=t, label={}, tooltip={}];",
        quoted(&scene.title),
        quoted(&scene.alt)
    );
    out.push_str("  node [shape=box, fontname=\"sans-serif\"];\n");
    for (at, node) in scene.nodes.iter().enumerate() {
        let (style, fill, line, ink) = look(node.state);
        let label =
            format!("{} {}\n{}{}", node.state.symbol(), node.label, node.detail, folded(node).replace("<br/>", "\n"));
        let _ = writeln!(
            out,
            "  n{at} [label={}, style=\"{style}\", fillcolor=\"{fill}\", color=\"{line}\", fontcolor=\"{ink}\"];",
            quoted(&label)
        );
    }
    for link in &scene.links {
        let mut attributes: Vec<String> = Vec::new();
        if link.on_path {
            attributes.push("color=\"#b3161b\", penwidth=4".to_owned());
        } else if link.is_next {
            attributes.push("color=\"#b26a00\", penwidth=2, style=dashed".to_owned());
        } else if link.is_async || link.edges == 0 {
            attributes.push("color=\"#8b949e\", style=dotted".to_owned());
        } else {
            attributes.push("color=\"#8b949e\"".to_owned());
        }
        attributes.extend(link.label.as_ref().map(|label| format!("label={}", quoted(label))));
        let _ = writeln!(out, "  n{} -> n{} [{}];", link.from, link.to, attributes.join(", "));
    }
    out.push_str("}\n");
    out
}

/// Style, fill, border and text.
fn look(state: State) -> (&'static str, &'static str, &'static str, &'static str) {
    match state {
        State::Cause => ("filled,bold", "#a31419", "#6d0b10", "#ffffff"),
        State::Failing => ("filled", "#fbd9d7", "#b3161b", "#1b1f24"),
        State::Slow => ("filled", "#fde0d0", "#b5460f", "#1b1f24"),
        State::AlarmOnly => ("filled,dotted", "#fdecea", "#b3161b", "#1b1f24"),
        State::ExpectedNext => ("filled,dashed", "#fff3cf", "#b26a00", "#1b1f24"),
        State::Healthy => ("filled", "#eef8ef", "#4c9a5b", "#1b1f24"),
        State::Unknown => ("filled,dashed", "#f2f3f5", "#9aa3ad", "#4b535c"),
    }
}

/// A quoted string of DOT. A backslash begins an escape sequence there, so it is doubled; lines are ours.
fn quoted(text: &str) -> String {
    let lines: Vec<String> =
        text.split('\n').map(|line| tame(line).replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}
