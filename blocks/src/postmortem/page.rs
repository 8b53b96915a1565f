//! The cards of an incident as a web page: what people see, for those who were not there.

use super::{plans, title, utc};
use crate::html::{self, Lookup};
use crate::message::Message;
use crate::mrkdwn::{Names, html_text, to_plain};
use crate::plan::{self, Who};
use crate::{alarm, card};
use jiff::Timestamp;
use tools::model::Incident;

/// What the page looks like. Nothing is loaded from anywhere, and nothing runs.
const STYLE: &str = "\
body{margin:2rem auto;max-width:46rem;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color:#1d1c1d;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}h3{font-size:1rem;margin:.2rem 0 .6rem}\
fieldset{border:1px solid #ddd;border-radius:8px;padding:1rem;margin:0;min-width:0;overflow-wrap:anywhere}\
.blk{margin:.6rem 0}.blk-context,.blk-unsupported,.small{color:#616061;font-size:.85rem}.blk-context span{display:block}\
.btn{font:inherit;margin:.2rem .4rem .2rem 0;padding:.2rem .7rem}\
code,pre{background:#f4f4f4;border-radius:3px;font-size:.9em}code{padding:.1em .3em}pre{padding:.6rem;overflow-x:auto}\
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#1a1d21}code,pre{background:#2b2f34}\
fieldset{border-color:#444}.blk-context,.blk-unsupported,.small{color:#aaa}a{color:#6cb8ff}}";

/// The incident's card as it stands at `now`, and its plans, oldest first. Buttons are there to be seen, and do nothing.
pub fn page(incident: &Incident, now: Timestamp, names: Names<'_>) -> String {
    let card = if incident.has_card() { card::card(incident) } else { alarm::lone_line(incident) };
    let mut shown = section("The card", &card, names);
    // Who may approve is a question of the moment, and this one is over.
    let nobody = Who { approve: &[], escalate: None };
    for (state, number) in plans::in_order(incident).into_iter().zip(1..) {
        shown.push_str(&section(&format!("Plan {number}"), &plan::card(incident, state, &nobody), names));
    }
    let title = html_text(&to_plain(&title(incident).replacen("Postmortem", "Cards", 1), &|_| None));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p class=\"small\">As of {} UTC.</p>\n{shown}</main>\n\
         </body>\n</html>\n",
        utc(now)
    )
}

fn section(title: &str, message: &Message, names: Names<'_>) -> String {
    // Files are the workspace's: this page has the words for them.
    let lookup = Lookup { names, files: &|_| None };
    let shown = html::message(&message.to_json(), lookup);
    format!("<section>\n<h2>{}</h2>\n<fieldset disabled>{shown}</fieldset>\n</section>\n", html_text(title))
}
