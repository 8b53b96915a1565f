//! Text that fits: wrapped at the joints of names, and shortened in the middle where that does not do.

use super::font::{Weight, width};

/// Stands for what was left out.
const ELLIPSIS: char = '…';

/// A name without what a picture cannot hold: control characters, and those that turn the direction of writing, become `�`.
pub(super) fn tame(text: &str) -> String {
    let is_wild = |char: char| {
        char.is_control()
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|char| if is_wild(char) { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// `text` in at most `lines` lines of at most `room` pixels each.
pub(super) fn wrap(text: &str, size: f64, weight: Weight, room: f64, lines: usize) -> Vec<String> {
    let fits = |text: &str| width(text, size, weight) <= room;
    let mut rest: Vec<char> = text.chars().collect();
    let mut wrapped = Vec::new();
    while wrapped.len() + 1 < lines && !fits(&rest.iter().collect::<String>()) {
        let mut used = 0.0;
        let count = rest.iter().take_while(|char| {
            used += width(char.encode_utf8(&mut [0; 4]), size, weight);
            used <= room
        });
        let count = count.count().max(1);
        // A joint in the second half of the line: names are read by their parts.
        let is_joint = |at: &usize| {
            let (left, right) = (rest[at - 1], rest.get(*at));
            matches!(left, '-' | '_' | '.' | '/' | ':' | ' ')
                || left.is_lowercase() && right.is_some_and(|right| right.is_uppercase())
        };
        let cut = (count / 2 + 1..=count).rev().find(is_joint).unwrap_or(count);
        wrapped.push(rest.drain(..cut).collect::<String>().trim_end().to_owned());
    }
    wrapped.push(shorten(&rest.iter().collect::<String>(), size, weight, room));
    wrapped
}

/// `text` in at most `room` pixels; what is too much is left out in the middle, since names differ at their ends.
pub(super) fn shorten(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(text, size, weight) <= room {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let cut = |keep: usize| -> String {
        let head = keep.div_ceil(2);
        let tail = &chars[chars.len() - (keep - head)..];
        chars[..head].iter().chain([&ELLIPSIS]).chain(tail).collect()
    };
    (0..chars.len()).rev().map(cut).find(|short| width(short, size, weight) <= room).unwrap_or_default()
}
