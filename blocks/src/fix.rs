//! What can be done: the answer to `/incident fix`. The best proposals in short, watching among them, and the rest in a menu; one
//! that was chosen in full.

use crate::action::Action;
use crate::card;
use crate::message::{Button, Message};
use crate::phrase::{self, words};
use crate::remedy;
use tools::model::{EvidenceId, Incident, ServiceId};
use tools::recovery::propose::{Act, Ground, Proposal, Trigger, Why, Worse};
use tools::recovery::{ProposalKey, Remediations};

/// Proposals told at once; the rest is in the menu.
const MAX_SHOWN: usize = 3;

/// Evidence lines in one answer.
const MAX_EVIDENCE: usize = 8;

/// Services named in one clause; the rest is counted.
const MAX_SERVICES: usize = 5;

/// The answer about an incident: the best proposals, or the one that is meant.
pub fn answer(incident: &Incident, remedies: &Remediations, pick: Option<&ProposalKey>) -> Message {
    let title = format!("{} · what can be done", incident.id);
    let picked = pick.and_then(|key| remedies.proposals.iter().find(|proposal| proposal.key().as_ref() == Some(key)));
    let shown: Vec<&Proposal> = match picked {
        Some(proposal) => vec![proposal],
        None => remedies.proposals.iter().take(MAX_SHOWN).collect(),
    };
    let is_gone = pick.is_some() && picked.is_none();
    let mut message = Message::new(&title).header(&title).section(&opening(remedies, is_gone));
    for proposal in &shown {
        let is_low = is_below_watching(proposal, remedies);
        let is_picked = picked.is_some();
        message = message.section(&if is_picked { told(proposal, is_low) } else { in_short(proposal, is_low) });
        if let Some(key) = proposal.key() {
            let propose = Button::new(Action::Propose(incident.id, key.clone()), "Propose");
            let more = Button::new(Action::Consider(incident.id, key), "All about it");
            message = message.buttons(&if is_picked { vec![propose] } else { vec![propose, more] });
        }
    }
    let is_shown = |proposal: &&Proposal| shown.iter().any(|shown| std::ptr::eq(*shown, *proposal));
    let rest: Vec<&Proposal> = remedies.proposals.iter().filter(|proposal| !is_shown(proposal)).collect();
    if picked.is_none() {
        // Watching has no key, so the menu cannot offer it.
        for proposal in rest.iter().filter(|proposal| proposal.remedy().is_none()) {
            message = message.section(&in_short(proposal, false));
        }
    }
    message = menu(message, incident, &rest);
    let gaps = card::gap_lines(&remedies.gaps);
    message = if gaps.is_empty() { message } else { message.titled("What we could not see", &gaps) };
    let cited = shown.iter().flat_map(|proposal| proposal.evidence());
    let as_of =
        format!("as of {} · nothing was changed, and to propose changes nothing either", phrase::time(remedies.at));
    message.context(&remedy::claims(cited, remedies.evidence.iter(), MAX_EVIDENCE)).context(&[as_of])
}

fn opening(remedies: &Remediations, is_gone: bool) -> String {
    let gone = if is_gone {
        "The remedy that you chose is not proposed any more: the situation has changed. This is what can be done now."
    } else {
        ""
    };
    let only_watching = if remedies.proposals.iter().all(|proposal| proposal.remedy().is_none()) {
        "No remedy of my catalogue fits what I see, so the best I can propose is to watch."
    } else {
        ""
    };
    [gone, only_watching].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The rest, to be chosen from.
fn menu(message: Message, incident: &Incident, rest: &[&Proposal]) -> Message {
    let options: Vec<(Action, String)> = rest
        .iter()
        .filter_map(|proposal| Some((Action::Consider(incident.id, proposal.key()?), sentence(proposal))))
        .collect();
    let options: Vec<(Action, &str)> = options.iter().map(|(action, label)| (action.clone(), label.as_str())).collect();
    message.menu("Other remedies…", &options)
}

/// Whether it ranks below doing nothing.
fn is_below_watching(proposal: &Proposal, remedies: &Remediations) -> bool {
    let mut above = remedies.proposals.iter().take_while(|other| other.remedy().is_some());
    proposal.remedy().is_some() && !above.any(|other| std::ptr::eq(other, proposal))
}

/// What it does, as an imperative sentence, in plain text.
fn sentence(proposal: &Proposal) -> String {
    match &proposal.act {
        Act::Apply(action) => phrase::one_line(&crate::limits::cut(&action.sentence, 300)),
        Act::Watch { .. } => "Do nothing, and watch".to_owned(),
    }
}

/// What a tired person needs to choose: what, why, how much it can spoil, and who recovers.
fn in_short(proposal: &Proposal, is_below_watching: bool) -> String {
    let Act::Apply(action) = &proposal.act else { return told(proposal, is_below_watching) };
    let mut lines = vec![format!("*{}*", words(sentence(proposal)))];
    lines.extend(proposal.why.first().map(|first| format!("Because {}", why(first))));
    let mut weighed = vec![
        format!("{} risk", remedy::risk(action.risk)),
        format!("{} likely to help", phrase::confidence(proposal.probability)),
    ];
    weighed.extend(remedy::price(action.cost));
    weighed.push(remedy::reversal(action.reversible, action.undo_after_min));
    lines.push(weighed.join(" · "));
    lines.extend(recovery(proposal));
    lines.extend(is_below_watching.then(below_watching));
    lines.join("\n")
}

fn below_watching() -> String {
    "_Watching ranks above it: what it may bring does not outweigh its risk._".to_owned()
}

fn told(proposal: &Proposal, is_below_watching: bool) -> String {
    let mut lines = vec![format!("*{}*", words(sentence(proposal)))];
    let why: Vec<String> = proposal.why.iter().map(why).collect();
    if !why.is_empty() {
        lines.push(format!("*Why:* {}", why.join("; ")));
    }
    let worse: Vec<String> = proposal.worse.iter().map(worse).collect();
    let worse = (!worse.is_empty()).then(|| format!("*Worse, if* {}", worse.join("; or if ")));
    match &proposal.act {
        Act::Apply(action) => {
            lines.push(format!("*Helps:* {} likely", phrase::confidence(proposal.probability)));
            lines.push(format!("*Risk:* {}{}", remedy::risk(action.risk), remedy::because(&action.risk_reasons)));
            lines.push(remedy::cost(action.cost));
            lines.extend(worse);
            lines.push(format!("*Also happens:* {}", words(&action.side_effects)));
            lines.push(remedy::undo(&action.remedy, action.reversible, action.undo_after_min));
            lines.push(format!("*Success:* {}", remedy::success(action.expectation.as_ref())));
            lines.extend(recovery(proposal));
        }
        Act::Watch { until } => {
            lines.extend(worse);
            lines.push(act_when(until));
        }
    }
    lines.extend(is_below_watching.then(below_watching));
    lines.join("\n")
}

fn recovery(proposal: &Proposal) -> Option<String> {
    let returns = remedy::returns(&proposal.recovery.returns);
    if !returns.is_empty() {
        return Some(format!("*Recovers:* {returns}"));
    }
    let because = proposal.recovery.because.as_ref()?;
    Some(format!("*Recovers:* {}", remedy::unsaid(because)))
}

fn act_when(until: &[Trigger]) -> String {
    if until.is_empty() {
        return "*Act* when something changes: ask again then.".to_owned();
    }
    let lines: Vec<String> = until.iter().map(|until| format!("• {}", trigger(until))).collect();
    format!("*Act, when*\n{}", lines.join("\n"))
}

fn why(why: &Why) -> String {
    format!("{}{}", ground(&why.ground), refs(&why.evidence))
}

/// The first of them: who wants all finds them in the plan's details.
fn refs(evidence: &[EvidenceId]) -> String {
    phrase::refs(&evidence[..evidence.len().min(MAX_EVIDENCE)])
}

fn ground(ground: &Ground) -> String {
    match ground {
        Ground::AtLimit(limit) => format!("it has met a limit: {}", phrase::limit(limit)),
        Ground::Cut { caller, callee, share } => format!(
            "the cheapest cut between what fails and what must stay healthy goes over {} → {}, with {} of \
             the cut's requests",
            phrase::service(caller),
            phrase::service(callee),
            phrase::percent(*share)
        ),
        Ground::GuiltyDeploy { likelihood } => {
            format!("a deployment there is guilty, {} likely", phrase::confidence(*likelihood))
        }
        Ground::TasksFull { in_use } => {
            format!("its tasks have no room left: {} of what they report is in use", phrase::percent(*in_use))
        }
        Ground::OnlyFollow { alarms, firing } => format!(
            "{alarms} of the {} only follow from the cause",
            phrase::count(*firing, "alarm that fires", "alarms that fire")
        ),
        Ground::Unseen { wanted } => {
            format!("what the cause does cannot be seen well enough: {} is missing", remedy::name(wanted))
        }
        Ground::Declared => "your team declared it for such a service".to_owned(),
        Ground::NoCause => "no cause was found".to_owned(),
        Ground::NothingSuffers => "nothing suffers".to_owned(),
        Ground::Baseline => "everything else is weighed against it".to_owned(),
    }
}

fn services(ids: &[ServiceId]) -> String {
    phrase::services(ids.iter(), MAX_SERVICES)
}

fn worse(worse: &Worse) -> String {
    match worse {
        Worse::WrongCause { probability } => {
            format!("the cause is another one ({})", phrase::confidence(*probability))
        }
        Worse::CallersRetry { callers } => {
            let verb = if callers.len() == 1 { "repeats what it is" } else { "repeat what they are" };
            format!("{} {verb} refused", services(callers))
        }
        Worse::Alone { others } => format!("it is done alone: the cut needs {} as well", services(others)),
        Worse::Backlog { source } => {
            format!("it lasts so long that what waits in {} is lost", phrase::service(source))
        }
        Worse::EventsLost { rule } => {
            format!("events that reach {} meanwhile are needed later", phrase::service(rule))
        }
        Worse::LoadOn { services: ids } => {
            let verb = if ids.len() == 1 { "suffers" } else { "suffer" };
            format!("more reaches {}, which {verb} already", services(ids))
        }
        Worse::HotKey => "one key is hot: capacity does not help that".to_owned(),
        Worse::WrittenSince => "what the newer version wrote cannot be read by the earlier one".to_owned(),
        Worse::Hidden { alarms } => {
            let those = if *alarms == 1 { "this alarm" } else { "these alarms" };
            format!("another trouble shows in {those} only")
        }
        Worse::ColdRestarts => "cold starts hurt: environments are replaced, and some requests start cold".to_owned(),
        Worse::UpToRunbook => "the runbook does something else than its declaration says".to_owned(),
        Worse::Spreads { service, probability } => {
            format!(
                "the trouble spreads to {} meanwhile ({})",
                phrase::service(service),
                phrase::confidence(*probability)
            )
        }
    }
}

fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Hit { service, probability, in_minutes } => {
            let soon = match in_minutes {
                Some(minutes) if *minutes < 1.0 => ", any moment".to_owned(),
                Some(minutes) => format!(", in about {} min", phrase::number(minutes.round())),
                None => String::new(),
            };
            format!("{} is hit ({} likely{soon})", phrase::service(service), phrase::confidence(*probability))
        }
        Trigger::Persists { service, symptom, at } => {
            let (service, at) = (phrase::service(service), phrase::time(*at));
            format!("{service} still suffers at {at}: {}", phrase::symptom(*symptom))
        }
        Trigger::CauseFound => "a cause is found".to_owned(),
        Trigger::AnySuffers => "anything leaves its normal range".to_owned(),
        Trigger::Seen { wanted } => format!("{} can be seen", remedy::name(wanted)),
    }
}
