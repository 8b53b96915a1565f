use super::*;
use crate::model::{Alarm, AlarmState, Fact, Incident, Record, ScopeId, Via};
use insta::assert_snapshot;
use jiff::SignedDuration;
use proptest::prelude::*;

fn at(seconds: i64) -> Timestamp {
    "2026-11-20T03:12:00Z".parse::<Timestamp>().unwrap().saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn signer() -> Signer {
    Signer::new(b"a key of thirty-two bytes, or so").unwrap()
}

/// A log of so many facts.
fn log(id: u64, facts: u64) -> Vec<Record> {
    let opened = Fact::Opened { id: IncidentId(id), scope: ScopeId("prod".to_owned()) };
    let (mut incident, first) = Incident::extend(None, at(0), opened).unwrap();
    let mut records = vec![first];
    for number in 2..=facts {
        let alarm = Box::new(Alarm::named(format!("alarm {number}"), AlarmState::Ok, at(number.cast_signed())));
        let fact = match number % 3 {
            0 => Fact::ContextAsked { by: format!("U{number}") },
            1 => Fact::AlarmTurned { alarm, via: Via::AmazonQ },
            _ => Fact::AlarmConfirmed { alarm, via: Via::EventBridge },
        };
        let (after, record) = Incident::extend(Some(incident), at(number.cast_signed()), fact).unwrap();
        incident = after;
        records.push(record);
    }
    records
}

/// The chain as somebody makes it who can write, but not sign: with links that follow.
fn linked_anew(id: u64, records: &[Record]) -> Vec<Record> {
    let mut head = Link::before_all(IncidentId(id));
    let mut anew = records.to_vec();
    for record in &mut anew {
        record.link = head.then(record.version, record.at, &record.fact.to_json());
        head = record.link;
    }
    anew
}

fn lines(id: u64, records: &[Record]) -> Vec<String> {
    let stored = records.iter().map(|record| serde_json::to_string(record).unwrap());
    stored.map(|stored| line(IncidentId(id), &stored).unwrap()).collect()
}

fn anchor(id: u64, record: &Record) -> Anchor {
    signer().sign(IncidentId(id), record.version, record.link, at(900 + record.version.cast_signed()))
}

fn verify(file: &[u8], anchors: &[Anchor], key: Option<&Signer>) -> Report {
    let mut verifier = Verifier::new(None);
    let file = file.strip_suffix(b"\n").unwrap_or(file);
    for (number, line) in (1..).zip(file.split(|byte| *byte == b'\n')) {
        verifier.take(line, &format!("Line {number}"));
    }
    for anchor in anchors {
        verifier.take(anchor.to_line().as_bytes(), "An anchor");
    }
    verifier.report(key)
}

fn told(lines: &[String], anchors: &[Anchor]) -> String {
    let mut file = lines.join("\n");
    file.push('\n');
    verify(file.as_bytes(), anchors, Some(&signer())).to_string()
}

#[test]
fn an_honest_log_passes_and_says_what_nobody_signed() {
    let one = log(1, 43);
    let two = log(2, 1);
    let all = [lines(1, &one), lines(2, &two)].concat();
    let anchors = [anchor(1, &one[11]), anchor(1, &one[40]), anchor(2, &two[0])];
    assert_snapshot!(told(&all, &anchors), @"
    INC-1: facts 1–41 are as they were written (anchored at 2026-11-20T03:27:41Z); after the last anchor facts 42–43 follow the chain, but nobody signed them.
    INC-2: fact 1 is as it was written (anchored at 2026-11-20T03:27:01Z).
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Nothing is wrong in 2 incidents.
    ");
    assert_snapshot!(told(&all, &[]), @"
    INC-1: facts 1–43 follow the chain, but nobody signed them.
    INC-2: fact 1 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Nothing is wrong in 2 incidents.
    ");
    assert_snapshot!(verify(all.join("\n").as_bytes(), &anchors, None), @"
    INC-1: facts 1–43 follow the chain, but nobody signed them.
    INC-2: fact 1 follows the chain, but nobody signed it.
    3 anchors were not checked, because there is no key: who wrote the facts anew may have written anchors as well.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Nothing is wrong in 2 incidents.
    ");
}

/// What is said of the first incident when its lines, its seventh fact or its anchors were tampered with; it has nine facts
/// and anchors at 3 and 8, and a second incident has five and an anchor at 4.
#[track_caller]
fn check(tamper: impl FnOnce(&mut Vec<String>, &mut Vec<Anchor>)) -> String {
    let (one, two) = (log(1, 9), log(2, 5));
    let mut lines = [lines(1, &one), lines(2, &two)].concat();
    let mut anchors = vec![anchor(1, &one[2]), anchor(1, &one[7]), anchor(2, &two[3])];
    tamper(&mut lines, &mut anchors);
    let told = told(&lines, &anchors);
    assert!(!told.contains("Nothing is wrong"), "{told}");
    told
}

#[test]
fn every_tampering_is_found_and_located() {
    assert_snapshot!(check(|lines, _| lines[6] = lines[6].replace("alarm 7", "alarm 8")), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor facts 4–6 follow the chain, but nobody signed them; fact 7 is not as it was written: its link does not follow; from fact 7 on nothing can be promised but fact 8, which an anchor vouches for.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines[3] = lines[3].replace("alarm 4", "alarm 8")), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); fact 4 is not as it was written: its link does not follow; from fact 4 on nothing can be promised but facts 5–8, which an anchor vouches for.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines[3] = lines[3].replace("\"version\":4", "\"version\":18446744073709551615")), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); fact 4 is missing; from fact 4 on nothing can be promised but facts 6–8, which an anchor vouches for.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines[8] = lines[8].replace("U9", "U8")), @"
    INC-1: facts 1–8 are as they were written (anchored at 2026-11-20T03:27:08Z); fact 9 is not as it was written: its link does not follow; from fact 9 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines[6] = lines[6].replace("\"version\":7", "\"version\":17")), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor facts 4–6 follow the chain, but nobody signed them; fact 7 is missing; from fact 7 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines[6] = lines[6].replace("\"fact\":{", "\"fact\": {")), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor facts 4–6 follow the chain, but nobody signed them; fact 7 is missing; from fact 7 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    Line 7 cannot be relied upon: it is not written as `clarity audit export` writes it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines[6] = "{}".to_owned()), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor facts 4–6 follow the chain, but nobody signed them; fact 7 is missing; from fact 7 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    Line 7 cannot be relied upon: it is no line of an export (expected value at line 1 column 2).
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines.swap(4, 6)), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor fact 4 follows the chain, but nobody signed it; the order was changed: where fact 5 belongs stands fact 7; from fact 5 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| drop(lines.drain(4..6))), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor fact 4 follows the chain, but nobody signed it; facts 5–6 are missing; from fact 5 on nothing can be promised but fact 8, which an anchor vouches for.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines.insert(7, lines[4].clone())), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor facts 4–7 follow the chain, but nobody signed them; where fact 8 belongs stands fact 5 again; from fact 8 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| drop(lines.drain(6..9))), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor facts 4–6 follow the chain, but nobody signed them; facts 7–8 are missing at the end: an anchor of 2026-11-20T03:27:08Z vouches for fact 8; from fact 7 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| drop(lines.drain(0..9))), @"
    INC-1: facts 1–8 are missing at the end: an anchor of 2026-11-20T03:27:08Z vouches for fact 8; from fact 1 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines[13] = lines[6].replace("INC-1", "INC-2")), @"
    INC-1: facts 1–8 are as they were written (anchored at 2026-11-20T03:27:08Z); after the last anchor fact 9 follows the chain, but nobody signed it.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); where fact 5 belongs stands fact 7 of INC-1; from fact 5 on nothing can be promised.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| lines.push(lines[6].replace("INC-1", "INC-3"))), @"
    INC-1: facts 1–8 are as they were written (anchored at 2026-11-20T03:27:08Z); after the last anchor fact 9 follows the chain, but nobody signed it.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    INC-3: where fact 1 belongs stands fact 7 of INC-1; from fact 1 on nothing can be promised.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 3 incidents.
    ");
}

#[test]
fn facts_written_anew_and_anchors_that_are_none_are_found() {
    let rewritten = |from: usize| {
        let mut records = log(1, 9);
        records[from - 1].fact = Fact::ContextAsked { by: "U0EVE".to_owned() };
        lines(1, &linked_anew(1, &records))
    };
    assert_snapshot!(check(|lines, _| drop(lines.splice(0..9, rewritten(6)))), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); facts 4–8 or some of them were written anew: the links follow, but fact 8 is not the one that was signed; from fact 4 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|lines, _| drop(lines.splice(0..9, rewritten(2)))), @"
    INC-1: facts 1–3 or some of them were written anew: the links follow, but fact 3 is not the one that was signed; from fact 1 on nothing can be promised.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 2 incidents.
    ");
    assert_snapshot!(check(|_, anchors| anchors[1].version = 7), @"
    INC-1: facts 1–3 are as they were written (anchored at 2026-11-20T03:27:03Z); after the last anchor facts 4–9 follow the chain, but nobody signed them.
    INC-2: facts 1–4 are as they were written (anchored at 2026-11-20T03:27:04Z); after the last anchor fact 5 follows the chain, but nobody signed it.
    An anchor of INC-1 at fact 7 proves nothing: it was changed, or signed with another key.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong, though the facts of 2 incidents follow each other.
    ");
    assert_snapshot!(check(|_, anchors| {
        let record = &log(2, 5)[4];
        let stranger = Signer::new(&[7; 32]).unwrap();
        anchors[2] = stranger.sign(IncidentId(2), record.version, record.link, at(0));
    }), @"
    INC-1: facts 1–8 are as they were written (anchored at 2026-11-20T03:27:08Z); after the last anchor fact 9 follows the chain, but nobody signed it.
    INC-2: facts 1–5 follow the chain, but nobody signed them.
    An anchor of INC-2 at fact 5 proves nothing: it was changed, or signed with another key.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong, though the facts of 2 incidents follow each other.
    ");
}

#[test]
fn what_was_written_after_the_last_anchor_can_be_written_anew() {
    let mut records = log(1, 9);
    let anchors = [anchor(1, &records[4])];
    records[7].fact = Fact::ContextReached;
    // Nobody can find this, so nobody promises it.
    assert_snapshot!(told(&lines(1, &linked_anew(1, &records)), &anchors), @"
    INC-1: facts 1–5 are as they were written (anchored at 2026-11-20T03:27:05Z); after the last anchor facts 6–9 follow the chain, but nobody signed them.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Nothing is wrong in 1 incident.
    ");
    assert_snapshot!(told(&lines(1, &log(1, 9)[..6]), &anchors), @"
    INC-1: facts 1–5 are as they were written (anchored at 2026-11-20T03:27:05Z); after the last anchor fact 6 follows the chain, but nobody signed it.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Nothing is wrong in 1 incident.
    ");
}

#[test]
fn one_incident_can_be_looked_at_alone() {
    let mut verifier = Verifier::new(Some(IncidentId(2)));
    for line in [lines(1, &log(1, 3)[1..]), lines(2, &log(2, 3))].concat() {
        verifier.take(line.as_bytes(), "A line");
    }
    verifier.take(anchor(1, &log(1, 3)[2]).to_line().as_bytes(), "An anchor");
    verifier.expect(IncidentId(3));
    assert_snapshot!(verifier.report(None), @"
    INC-2: facts 1–3 follow the chain, but nobody signed them.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Nothing is wrong in 1 incident.
    ");
}

#[test]
fn an_incident_without_a_fact_is_missed() {
    let mut verifier = Verifier::new(None);
    verifier.expect(IncidentId(4));
    assert_snapshot!(verifier.report(None), @"
    INC-4: fact 1 is missing; from fact 1 on nothing can be promised.
    Something is wrong in 1 of 1 incident.
    ");
}

#[test]
fn a_record_that_does_not_follow_is_told() {
    let records = log(1, 3);
    assert_eq!(records[2].check(records[1].link), Ok(()));
    assert_snapshot!(records[2].check(records[0].link).unwrap_err(), @"fact 3 does not follow the facts before it: its link is another one");
    assert_eq!(head(&serde_json::to_string(&records[2]).unwrap()), Ok((3, records[2].link)));
    // The same facts as those of another incident have other links.
    assert!(linked_anew(2, &records).iter().zip(&records).all(|(other, record)| other.link != record.link));
}

#[test]
fn a_key_is_long_enough_and_cannot_be_printed() {
    assert_snapshot!(Signer::new(&[1; 31]).unwrap_err(), @"it is shorter than 32 bytes; `openssl rand -hex 32` makes a good one");
    assert_eq!(format!("{:?}", signer()), "Signer { .. }");
}

/// A change of one thing.
#[derive(Clone, Debug)]
enum Tampering {
    Flip { byte: usize, bit: u8 },
    Version(u64),
    Later(i64),
    Incident(u64),
    Relinked,
    Swapped(usize),
    Removed,
    Doubled(usize),
    Cut,
    Anew,
}

fn tampering() -> impl Strategy<Value = Tampering> {
    use Tampering::*;
    prop_oneof![
        8 => (any::<usize>(), 0..8_u8).prop_map(|(byte, bit)| Flip { byte, bit }),
        1 => (0..40_u64).prop_map(Version),
        1 => (1..1_000_000_000_i64).prop_map(Later),
        1 => (1..6_u64).prop_map(Incident),
        1 => Just(Relinked),
        1 => any::<usize>().prop_map(Swapped),
        1 => Just(Removed),
        1 => any::<usize>().prop_map(Doubled),
        1 => Just(Cut),
        1 => Just(Anew),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two incidents with anchors at their ends; one thing of one fact of the first is changed.
    #[test]
    fn any_change_is_found_at_the_first_fact_that_it_spoils(
        facts in 2..14_u64, place in any::<prop::sample::Index>(), tampering in tampering(),
    ) {
        let (mut one, two) = (log(1, facts), log(2, 3));
        let anchors = [anchor(1, one.last().unwrap()), anchor(2, &two[2])];
        let index = place.index(one.len());
        let mut label = 1;
        let mut written = lines(1, &one);
        // How many facts stay as they were.
        let mut sound = index as u64;
        match &tampering {
            Tampering::Flip { .. }
            | Tampering::Swapped(_)
            | Tampering::Removed
            | Tampering::Doubled(_)
            | Tampering::Cut => {}
            Tampering::Version(version) => one[index].version = *version,
            Tampering::Later(span) => one[index].at += SignedDuration::from_nanos(*span),
            Tampering::Incident(id) => label = *id,
            Tampering::Relinked => one[index].link = Link::before_all(IncidentId(1)),
            Tampering::Anew => one[index].fact = Fact::FloodBegan { alarms: 3 },
        }
        match &tampering {
            Tampering::Flip { byte, bit } => {
                // The end of the line is part of it.
                let mut bytes = written.join("\n").into_bytes();
                let from = written[..index].iter().map(|line| line.len() + 1).sum::<usize>();
                let length = written[index].len() + usize::from(index + 1 < written.len());
                bytes[from + byte % length] ^= 1 << bit;
                let file = [bytes, b"\n".to_vec(), lines(2, &two).join("\n").into_bytes()].concat();
                let report = verify(&file, &anchors, Some(&signer()));
                prop_assert!(!report.is_good());
                // The bit may be one of the incident's number: then there is a third one.
                let checked = report.incidents.iter().find(|checked| checked.incident == IncidentId(1)).unwrap();
                prop_assert_eq!(checked.sound_to, sound);
                prop_assert_eq!(checked.fault.as_ref().map(|fault| fault.version), Some(sound + 1));
                return Ok(());
            }
            Tampering::Swapped(other) => {
                let other = other % written.len();
                prop_assume!(other != index);
                written.swap(index, other);
                sound = index.min(other) as u64;
            }
            Tampering::Removed => drop(written.remove(index)),
            Tampering::Doubled(to) => {
                let to = index + 1 + to % (written.len() - index);
                let again = written[index].clone();
                written.insert(to, again);
                sound = to as u64;
            }
            Tampering::Cut => written.truncate(index),
            Tampering::Anew => {
                written = lines(1, &linked_anew(1, &one));
                // Its links follow, so that all that is known is what an earlier anchor says: here is none.
                sound = 0;
            }
            Tampering::Version(_) | Tampering::Later(_) | Tampering::Incident(_) | Tampering::Relinked => {
                let changed = lines(label, &one[index..=index]).remove(0);
                prop_assume!(changed != written[index]);
                written[index] = changed;
            }
        }
        let file = [written, lines(2, &two)].concat().join("\n");
        let report = verify(file.as_bytes(), &anchors, Some(&signer()));
        prop_assert!(!report.is_good());
        prop_assert_eq!(report.incidents[0].sound_to, sound, "{}", report);
        prop_assert_eq!(report.incidents[0].fault.as_ref().map(|fault| fault.version), Some(sound + 1));
    }

    /// A changed bit of an anchor makes it worthless, and never good.
    #[test]
    fn an_anchor_with_another_bit_is_none(byte in any::<usize>(), bit in 0..8_u8) {
        let one = log(1, 3);
        let mut line = anchor(1, &one[2]).to_line().into_bytes();
        let byte = byte % line.len();
        line[byte] ^= 1 << bit;
        let file = [lines(1, &one).join("\n").into_bytes(), b"\n".to_vec(), line].concat();
        let report = verify(&file, &[], Some(&signer()));
        prop_assert!(!report.is_good());
        prop_assert_eq!(report.incidents[0].signed, None);
    }

    /// Whatever the bytes are, they are judged without a panic.
    #[test]
    fn any_bytes_are_judged(bytes in any::<Vec<u8>>()) {
        verify(&bytes, &[], None).to_string();
    }
}
