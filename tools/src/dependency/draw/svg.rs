//! The picture as SVG. Nothing in it runs or is fetched; whatever came from outside is escaped. Symbols are drawn as paths, so that they
//! do not depend on a font.

use super::font::{FAMILY, Weight, width};
use super::layout::{
    DETAIL, DETAIL_LINE, FOLD, FOLD_LINE, LABEL, Layout, MARGIN, NAME, NAME_LINE, PAD, Placed, Route, TEXT_LEFT, Tag,
};
use super::scene::{Link, Scene, State};
use super::text::{tame, wrap};
use std::fmt::Write;

/// The heading: its sizes and lines.
const TITLE: f64 = 21.0;
const TITLE_LINE: f64 = 27.0;
const SUBTITLE: f64 = 13.5;
const SUBTITLE_LINE: f64 = 19.0;
const BELOW_HEADING: f64 = 18.0;

/// The legend: what is between its entries, and its lines.
const LEGEND: f64 = 12.5;
const LEGEND_LINE: f64 = 24.0;
const LEGEND_BETWEEN: f64 = 18.0;
const ABOVE_LEGEND: f64 = 20.0;

const INK: &str = "#1b1f24";
const QUIET: &str = "#57606a";
const LINE: &str = "#a3acb6";
const PATH: &str = "#b3161b";
const NEXT: &str = "#b26a00";

/// A picture as text.
#[derive(Clone, Debug, PartialEq)]
pub struct Svg {
    /// The document.
    pub text: String,
    /// Its width in pixels.
    pub width: f64,
    /// Its height in pixels.
    pub height: f64,
}

/// How a state looks: in grey they differ by their lightness, and by their border.
struct Look {
    fill: &'static str,
    border: &'static str,
    text: &'static str,
    symbol: &'static str,
    border_width: f64,
    dashes: &'static str,
}

fn look(state: State) -> Look {
    let look =
        |fill, border, text, symbol, border_width, dashes| Look { fill, border, text, symbol, border_width, dashes };
    match state {
        State::Cause => look("#a31419", "#6d0b10", "#ffffff", "#ffffff", 3.0, ""),
        State::Failing => look("#fbd9d7", "#b3161b", INK, "#b3161b", 2.0, ""),
        State::Slow => look("#fde0d0", "#b5460f", INK, "#b5460f", 2.0, ""),
        State::AlarmOnly => look("#fdecea", "#b3161b", INK, "#b3161b", 1.5, "2 3"),
        State::ExpectedNext => look("#fff3cf", "#b26a00", INK, "#b26a00", 2.0, "7 4"),
        State::Healthy => look("#eef8ef", "#4c9a5b", INK, "#2e7d3c", 1.25, ""),
        State::Unknown => look("#f2f3f5", "#9aa3ad", "#4b535c", "#6b747e", 1.25, "4 3"),
    }
}

/// Draws `scene` as `layout` says.
pub fn svg(scene: &Scene, layout: &Layout) -> Svg {
    let wide = layout.width;
    let room = wide - 2.0 * MARGIN;
    let title = wrap(&scene.title, TITLE, Weight::Bold, room, 2);
    let subtitle = wrap(&scene.subtitle, SUBTITLE, Weight::Regular, room, 2);
    let heading = MARGIN + title.len() as f64 * TITLE_LINE + subtitle.len() as f64 * SUBTITLE_LINE;
    let top = heading + BELOW_HEADING;
    let legend = legend(scene, room);
    let legend_top = top + layout.height + if scene.nodes.is_empty() { 0.0 } else { ABOVE_LEGEND };
    let high = legend_top + legend.last().map_or(0.0, |entry| (entry.line + 1) as f64 * LEGEND_LINE) + MARGIN;

    let mut out = Out::default();
    out.line(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" \
         font-family=\"{FAMILY}, 'Helvetica Neue', Arial, sans-serif\">",
        px(wide),
        px(high)
    ));
    out.line(format_args!("<title>{}</title>", escape(&scene.title)));
    out.line(format_args!("<desc>{}</desc>", escape(&scene.alt)));
    out.line(format_args!("<rect width=\"{}\" height=\"{}\" fill=\"#ffffff\"/>", px(wide), px(high)));
    for (at, line) in title.iter().enumerate() {
        out.text(MARGIN, MARGIN + 20.0 + at as f64 * TITLE_LINE, TITLE, Weight::Bold, INK, line);
    }
    for (at, line) in subtitle.iter().enumerate() {
        let y = MARGIN + title.len() as f64 * TITLE_LINE + 14.0 + at as f64 * SUBTITLE_LINE;
        out.text(MARGIN, y, SUBTITLE, Weight::Regular, QUIET, line);
    }
    out.line(format_args!("<g transform=\"translate(0 {})\">", px(top)));
    // What matters lies on top.
    let mut links: Vec<usize> = (0..scene.links.len()).collect();
    links.sort_by_key(|&at| (scene.links[at].on_path, scene.links[at].is_next, at));
    for at in links {
        out.route(&scene.links[at], &layout.routes[at]);
    }
    for (node, placed) in scene.nodes.iter().zip(&layout.nodes) {
        out.node(node.state, placed);
    }
    for tag in &layout.tags {
        out.tag(tag);
    }
    out.line(format_args!("</g>"));
    for entry in &legend {
        out.entry(entry, legend_top);
    }
    out.line(format_args!("</svg>"));
    Svg { text: out.0, width: wide, height: high }
}

/// One entry of the legend, in its place.
struct Entry {
    x: f64,
    line: usize,
    sign: Sign,
    text: &'static str,
}

#[derive(Clone, Copy)]
enum Sign {
    State(State),
    Path,
    Next,
    Call,
    Async,
}

/// Room for a sign of the legend.
const SIGN: f64 = 26.0;

/// What the picture uses, explained.
fn legend(scene: &Scene, room: f64) -> Vec<Entry> {
    let states = State::ALL.into_iter().filter(|state| scene.nodes.iter().any(|node| node.state == *state));
    let mut told: Vec<(Sign, &'static str)> = states.map(|state| (Sign::State(state), state.word())).collect();
    let plain = |link: &Link| !link.on_path && !link.is_next;
    let signs: [(bool, Sign, &'static str); 4] = [
        (scene.links.iter().any(|link| plain(link) && !link.is_async), Sign::Call, "calls"),
        (scene.links.iter().any(|link| plain(link) && link.is_async), Sign::Async, "calls without waiting"),
        (scene.links.iter().any(|link| link.on_path), Sign::Path, "how it spread, against the arrow"),
        (scene.links.iter().any(|link| link.is_next && !link.on_path), Sign::Next, "where it is expected next"),
    ];
    told.extend(signs.into_iter().filter(|sign| sign.0).map(|(_, sign, text)| (sign, text)));
    let (mut x, mut line) = (0.0, 0);
    let place = |(sign, text)| {
        let wide = SIGN + width(text, LEGEND, Weight::Regular);
        if x > 0.0 && x + wide > room {
            x = 0.0;
            line += 1;
        }
        let entry = Entry { x: MARGIN + x, line, sign, text };
        x += wide + LEGEND_BETWEEN;
        entry
    };
    told.into_iter().map(place).collect()
}

/// The document while it is written. Writing to a `String` cannot fail, so what `write!` returns is dropped.
#[derive(Debug, Default)]
struct Out(String);

impl Out {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = self.0.write_fmt(line);
        self.0.push('\n');
    }

    fn text(&mut self, x: f64, y: f64, size: f64, weight: Weight, colour: &str, text: &str) {
        let weight = match weight {
            Weight::Regular => "",
            Weight::Bold => " font-weight=\"700\"",
        };
        let (x, y, size) = (px(x), px(y), px(size));
        // Two blanks in a name are two blanks.
        self.line(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight} fill=\"{colour}\" xml:space=\"preserve\">{}</text>",
            escape(text)
        ));
    }

    fn route(&mut self, link: &Link, route: &Route) {
        let (colour, wide) = match (link.on_path, link.is_next) {
            (true, _) => (PATH, 4.0),
            (false, true) => (NEXT, 2.5),
            (false, false) => (LINE, 1.5),
        };
        let dashes = if link.is_next && !link.on_path {
            " stroke-dasharray=\"7 5\""
        } else if link.edges == 0 || link.is_async {
            " stroke-dasharray=\"2 4\""
        } else {
            ""
        };
        let head = if link.on_path { 11.0 } else { 8.0 };
        let mut points = route.points.clone();
        let Some(tip) = points.last().copied() else { return };
        // The line ends within its arrowhead, not at the tip.
        let sign = if route.is_up { -1.0 } else { 1.0 };
        let neck = (tip.0, tip.1 - sign * (head - 1.0));
        points.pop();
        points.push(neck);
        self.line(format_args!(
            "<path d=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{}\"{dashes}/>",
            curve(&points),
            px(wide)
        ));
        let half = head * 0.5;
        self.line(format_args!(
            "<path d=\"M{} {}L{} {}L{} {}Z\" fill=\"{colour}\"/>",
            px(tip.0),
            px(tip.1),
            px(tip.0 - half),
            px(tip.1 - sign * head),
            px(tip.0 + half),
            px(tip.1 - sign * head)
        ));
    }

    fn node(&mut self, state: State, placed: &Placed) {
        let look = look(state);
        let Placed { x, y, width, height, .. } = *placed;
        let dashes =
            if look.dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", look.dashes) };
        self.line(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{dashes}/>",
            px(x),
            px(y),
            px(width),
            px(height),
            look.fill,
            look.border,
            px(look.border_width)
        ));
        self.symbol(state, x + 20.0, y + height / 2.0, 11.0);
        let mut baseline = y + PAD + 14.0;
        for line in &placed.name {
            self.text(x + TEXT_LEFT, baseline, NAME, Weight::Bold, look.text, line);
            baseline += NAME_LINE;
        }
        baseline += DETAIL_LINE - NAME_LINE + 0.5;
        self.text(x + TEXT_LEFT, baseline, DETAIL, Weight::Regular, look.text, &placed.detail);
        if !placed.fold.is_empty() {
            let colour = if state == State::Cause { "#ffdcd9" } else { QUIET };
            self.text(x + TEXT_LEFT, baseline + FOLD_LINE, FOLD, Weight::Regular, colour, &placed.fold);
        }
    }

    fn tag(&mut self, tag: &Tag) {
        self.line(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\" fill=\"#ffffff\" stroke=\"{PATH}\" stroke-width=\"1\"/>",
            px(tag.x - tag.width / 2.0),
            px(tag.y - tag.height / 2.0),
            px(tag.width),
            px(tag.height),
            px(tag.height / 2.0)
        ));
        let inner = width(&tag.text, LABEL, Weight::Bold);
        self.text(tag.x - inner / 2.0, tag.y + 4.5, LABEL, Weight::Bold, PATH, &tag.text);
    }

    fn entry(&mut self, entry: &Entry, top: f64) {
        let y = top + entry.line as f64 * LEGEND_LINE + LEGEND_LINE / 2.0;
        match entry.sign {
            Sign::State(state) => {
                let look = look(state);
                let (fill, border) = (look.fill, look.border);
                self.line(format_args!(
                    "<circle cx=\"{}\" cy=\"{}\" r=\"9.5\" fill=\"{fill}\" stroke=\"{border}\" stroke-width=\"1\"/>",
                    px(entry.x + 10.0),
                    px(y)
                ));
                self.symbol(state, entry.x + 10.0, y, 7.0);
            }
            Sign::Path | Sign::Next | Sign::Call | Sign::Async => {
                let (colour, wide, dashes) = match entry.sign {
                    Sign::Path => (PATH, 4.0, ""),
                    Sign::Next => (NEXT, 2.5, " stroke-dasharray=\"6 3\""),
                    Sign::Async => (LINE, 1.5, " stroke-dasharray=\"2 4\""),
                    Sign::Call | Sign::State(_) => (LINE, 1.5, ""),
                };
                let (x, tip) = (entry.x, entry.x + 20.0);
                self.line(format_args!(
                    "<path d=\"M{} {}H{}\" stroke=\"{colour}\" stroke-width=\"{}\"{dashes}/><path d=\"M{} {}l-8 -4.5v9Z\" fill=\"{colour}\"/>",
                    px(x),
                    px(y),
                    px(tip - 7.0),
                    px(wide),
                    px(tip),
                    px(y)
                ));
            }
        }
        self.text(entry.x + SIGN, y + 4.5, LEGEND, Weight::Regular, INK, entry.text);
    }

    /// A symbol of radius `size` around a point.
    fn symbol(&mut self, state: State, x: f64, y: f64, size: f64) {
        let colour = look(state).symbol;
        let at = |dx: f64, dy: f64| format!("{} {}", px(x + dx * size), px(y + dy * size));
        let thick = px(size * 0.3);
        let stroke = format!(
            "fill=\"none\" stroke=\"{colour}\" stroke-width=\"{thick}\" stroke-linecap=\"round\" stroke-linejoin=\"round\""
        );
        let (cx, cy) = (px(x), px(y));
        match state {
            // A target: here it began.
            State::Cause => self.line(format_args!(
                "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"{}\" {stroke}/><circle cx=\"{cx}\" cy=\"{cy}\" r=\"{}\" fill=\"{colour}\"/>",
                px(size * 0.85),
                px(size * 0.38)
            )),
            State::Failing => self.line(format_args!(
                "<path d=\"M{}L{}M{}L{}\" {stroke}/>",
                at(-0.6, -0.6),
                at(0.6, 0.6),
                at(-0.6, 0.6),
                at(0.6, -0.6)
            )),
            // A clock.
            State::Slow => self.line(format_args!(
                "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"{}\" {stroke}/><path d=\"M{}L{}L{}\" {stroke}/>",
                px(size * 0.85),
                at(0.0, -0.45),
                at(0.0, 0.0),
                at(0.35, 0.2)
            )),
            State::AlarmOnly => self.line(format_args!(
                "<path d=\"M{}L{}\" {stroke}/><circle cx=\"{cx}\" cy=\"{}\" r=\"{}\" fill=\"{colour}\"/>",
                at(0.0, -0.75),
                at(0.0, 0.2),
                px(y + size * 0.7),
                px(size * 0.2)
            )),
            // A triangle with its mark: caution.
            State::ExpectedNext => self.line(format_args!(
                "<path d=\"M{}L{}L{}Z\" {stroke}/><path d=\"M{}L{}\" {stroke}/>",
                at(0.0, -0.8),
                at(0.85, 0.7),
                at(-0.85, 0.7),
                at(0.0, -0.15),
                at(0.0, 0.2)
            )),
            State::Healthy => {
                self.line(format_args!("<path d=\"M{}L{}L{}\" {stroke}/>", at(-0.65, 0.05), at(-0.15, 0.55), at(0.7, -0.55)));
            }
            // A question mark.
            State::Unknown => self.line(format_args!(
                "<path d=\"M{}C{} {} {}C{} {} {}\" {stroke}/><circle cx=\"{cx}\" cy=\"{}\" r=\"{}\" fill=\"{colour}\"/>",
                at(-0.45, -0.4),
                at(-0.45, -0.95),
                at(0.5, -0.95),
                at(0.5, -0.4),
                at(0.5, -0.05),
                at(0.0, -0.1),
                at(0.0, 0.3),
                px(y + size * 0.72),
                px(size * 0.18)
            )),
        }
    }
}

/// A path through `points`: straight between points of the same x, else a curve that leaves and arrives upright.
fn curve(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, &(x, y)) in points.iter().enumerate() {
        let _ = match at.checked_sub(1).map(|before| points[before]) {
            None => write!(path, "M{} {}", px(x), px(y)),
            Some((before, _)) if (before - x).abs() < 0.05 => write!(path, "V{}", px(y)),
            Some((from_x, from_y)) => {
                let middle = px(f64::midpoint(from_y, y));
                write!(path, "C{} {middle} {} {middle} {} {}", px(from_x), px(x), px(x), px(y))
            }
        };
    }
    path
}

/// A length with one decimal at most.
fn px(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// For text and attributes of XML, which cannot hold control characters at all.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in tame(text).chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(char),
        }
    }
    escaped
}
