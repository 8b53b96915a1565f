//! Slack's limits, and cutting text to them.
//!
//! They are those of Slack's Block Kit reference: 50 blocks a message, 150 characters a header, 3,000 a section text, 10 context
//! elements, 25 buttons a row, 75 characters a button, 2,000 the text that stands for a picture and its title; 100 options of 75
//! characters a menu, five behind three dots, and 150 what it says before a choice; 100, 300 and 30 what a question before a click says.

/// Blocks a message may have.
pub const MAX_BLOCKS: usize = 50;
/// Characters of a header.
pub const MAX_HEADER: usize = 150;
/// Characters of a section's text, and of one element of a context block.
pub const MAX_SECTION: usize = 3000;
/// Elements of a context block.
pub const MAX_CONTEXT: usize = 10;
/// Buttons in a row.
pub const MAX_BUTTONS: usize = 25;
/// Characters of a button.
pub const MAX_BUTTON: usize = 75;
/// Options of a menu.
pub const MAX_OPTIONS: usize = 100;
/// Lines behind three dots.
pub const MAX_DOTS: usize = 5;
/// Characters of an option.
pub const MAX_OPTION: usize = 75;
/// Characters of what a menu says before anything is chosen.
pub const MAX_PLACEHOLDER: usize = 150;
/// Characters of the title of a question before a click.
pub const MAX_CONFIRM_TITLE: usize = 100;
/// Characters of the question.
pub const MAX_CONFIRM_TEXT: usize = 300;
/// Characters of each of its two answers.
pub const MAX_CONFIRM_ANSWER: usize = 30;
/// Characters of the plain text that stands in notifications; longer ones are cut by Slack.
pub const MAX_TEXT: usize = 4000;

/// Characters of the text that stands for a picture.
pub const MAX_ALT: usize = 2000;
/// Characters of the title over a picture.
pub const MAX_TITLE: usize = 2000;

/// At most `limit` characters; what is cut off is marked.
#[must_use]
pub fn cut(text: &str, limit: usize) -> String {
    // Slack counts characters; whether it counts code points or UTF-16 units is not documented, so the larger count holds.
    let mut units = 0;
    for (at, character) in text.char_indices() {
        units += character.len_utf16();
        if units > limit {
            let mut end = at;
            let mut room = units - character.len_utf16();
            while room + 1 > limit {
                let last = text[..end].chars().next_back().expect("room is positive, so something precedes");
                end -= last.len_utf8();
                room -= last.len_utf16();
            }
            return format!("{}…", &text[..end]);
        }
    }
    text.to_owned()
}
