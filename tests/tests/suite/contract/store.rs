//! What every store promises, tried on each of them.

#![expect(clippy::unwrap_used, reason = "every function here is the body of a test")]

mod scope;
#[cfg(feature = "aws")]
mod senders;

use self::scope::{
    a_change_is_kept_once, changes_belong_to_their_scope_and_come_by_time, the_latest_of_many_changes_are_read,
    what_is_set_follows_what_was_set, what_people_said_is_kept_for_its_scope_the_newest_first,
};
use bot::event::{Asked, EventKey, MessageRef};
use bot::intent::{Intent, IntentId, MessageName, Outcome, Pending, Place};
use bot::outbox::Budget;
use bot::ports::{Append, Appended, Archive, Log, Lookback, Store, Taken};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tests::{START, alarm};
use tools::model::{Because, Fact, Incident, IncidentId, Link, Record, ScopeId, Via};

/// Something a store can be opened on.
struct Shelf {
    /// Opens it again, as another process would. An embedded store has to be dropped before.
    open: Box<dyn Fn() -> Arc<dyn Store>>,
    /// Opens it for an audit. An embedded store has to be dropped before.
    archive: Box<dyn Fn() -> Arc<dyn Archive>>,
    /// Two processes at work: one and the same store where only one process can be.
    two: Box<dyn Fn() -> [Arc<dyn Store>; 2]>,
}

impl Shelf {
    fn embedded() -> Self {
        use bot::embedded::{Embedded, ReadOnly};
        let home = Arc::new(tempfile::tempdir().unwrap());
        let path = home.path().join("store.redb");
        let archive = move || -> Arc<dyn Archive> { Arc::new(ReadOnly::open(&path).unwrap()) };
        let open = move || -> Arc<dyn Store> { Arc::new(Embedded::open(&home.path().join("store.redb")).unwrap()) };
        let again = open.clone();
        let two = move || {
            let store = again();
            [Arc::clone(&store), store]
        };
        Self { open: Box::new(open), archive: Box::new(archive), two: Box::new(two) }
    }

    #[cfg(feature = "aws")]
    async fn dynamodb() -> Self {
        let account = tests::aws::Account::new().await;
        let table = account.table().await;
        let open = move || bot::aws::DynamoStore::new(&account.config, &table);
        let (one, archive) = (open.clone(), open.clone());
        Self {
            open: Box::new(move || Arc::new(one())),
            archive: Box::new(move || Arc::new(archive())),
            two: Box::new(move || [Arc::new(open()), Arc::new(open())]),
        }
    }
}

macro_rules! contract {
    ($($promise:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(&super::Shelf::embedded()).await;
            })*
        }

        #[cfg(feature = "aws")]
        mod dynamodb {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(&super::Shelf::dynamodb().await).await;
            })*
        }
    };
}

contract!(
    what_is_appended_is_read,
    facts_are_kept_as_they_were_written,
    a_fact_that_does_not_follow_is_not_stored,
    an_event_is_handled_once,
    a_stale_decision_stores_nothing,
    a_number_is_given_to_one_incident,
    a_long_log_is_read_whole,
    the_index_is_newest_first_and_cut_off,
    intents_come_in_their_order,
    an_intent_that_another_process_took_says_so,
    a_sender_that_goes_on_gets_only_what_is_new,
    the_budget_is_kept_for_whoever_sends_next,
    a_message_is_known_by_its_name,
    an_append_without_facts_still_counts,
    changes_belong_to_their_scope_and_come_by_time,
    a_change_is_kept_once,
    the_latest_of_many_changes_are_read,
    two_workers_lose_and_double_nothing,
    what_is_set_follows_what_was_set,
    what_people_said_is_kept_for_its_scope_the_newest_first,
);

fn at(seconds: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap().saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn scope(name: &str) -> ScopeId {
    ScopeId(name.to_owned())
}

/// An append that opens an incident with one alarm.
fn opening(id: u64, in_scope: &str, key: &str, seconds: i64) -> Append {
    let opened = Fact::Opened { id: IncidentId(id), scope: scope(in_scope) };
    following(None, vec![opened, joined(&format!("alarm-{id}"), seconds)], in_scope, key, seconds)
}

fn joined(name: &str, seconds: i64) -> Fact {
    let alarm = Box::new(alarm(name, seconds));
    Fact::AlarmJoined { alarm, via: Via::EventBridge, service: None, because: Because::First }
}

/// An append of facts that follow `before`.
fn following(before: Option<&Incident>, facts: Vec<Fact>, in_scope: &str, key: &str, seconds: i64) -> Append {
    let mut after = before.cloned();
    let mut records = Vec::new();
    for fact in facts {
        let (incident, record) = Incident::extend(after, at(seconds), fact).unwrap();
        after = Some(incident);
        records.push(record);
    }
    let log = Some(Log { records, after: after.unwrap() });
    Append {
        scope: scope(in_scope),
        key: EventKey(key.to_owned()),
        log,
        changes: Vec::new(),
        kinship: None,
        settings: None,
        intents: Vec::new(),
        at: at(seconds),
    }
}

fn show(name: &str) -> Intent {
    show_in(name, Place::Channel { channel: "C1".to_owned() })
}

fn show_in(name: &str, place: Place) -> Intent {
    Intent::Show { name: MessageName(name.to_owned()), place, message: blocks::Message::new("text"), covers: None }
}

fn tell(line: &str) -> Intent {
    Intent::Tell {
        under: MessageName("card".to_owned()),
        channel: "C1".to_owned(),
        line: line.to_owned(),
        picture: None,
    }
}

#[track_caller]
fn open(taken: Taken) -> Vec<Pending> {
    match taken {
        Taken::Anew { open, .. } | Taken::More(open) => open,
        Taken::Busy { ask_again } => panic!("busy until {ask_again}"),
    }
}

async fn what_is_appended_is_read(shelf: &Shelf) {
    let store = (shelf.open)();
    assert_eq!(store.read(IncidentId(1)).await.unwrap(), None);
    let append = opening(1, "prod", "k1", 0);
    let expected = append.log.as_ref().unwrap().after.clone();
    assert_eq!(store.append(append).await.unwrap(), Appended::Done);
    assert_eq!(store.read(IncidentId(1)).await.unwrap().as_ref(), Some(&expected));
    let more = following(Some(&expected), vec![joined("b", 5), Fact::FloodBegan { alarms: 3 }], "prod", "k2", 5);
    let expected = more.log.as_ref().unwrap().after.clone();
    assert_eq!(store.append(more).await.unwrap(), Appended::Done);
    drop(store);
    let store = (shelf.open)();
    assert_eq!(store.read(IncidentId(1)).await.unwrap(), Some(expected));
}

async fn facts_are_kept_as_they_were_written(shelf: &Shelf) {
    let store = (shelf.open)();
    let mut written = Vec::new();
    let mut before = None;
    // Versions from 9 to 10 and beyond are still in their order.
    for (seconds, facts) in (1..).zip([2, 3, 1, 7]) {
        let mut facts: Vec<Fact> = (0..facts).map(|fact| joined(&format!("é {seconds}-{fact}"), seconds)).collect();
        if before.is_none() {
            facts.insert(0, Fact::Opened { id: IncidentId(1), scope: scope("prod") });
        }
        let append = following(before.as_ref(), facts, "prod", &format!("k{seconds}"), seconds);
        let log = append.log.clone().unwrap();
        assert_eq!(store.append(append).await.unwrap(), Appended::Done);
        written.extend(log.records.iter().map(|record| serde_json::to_string(record).unwrap()));
        before = Some(log.after);
    }
    store.append(opening(2, "dev", "other", 0)).await.unwrap();
    drop(store);
    let archive = (shelf.archive)();
    assert_eq!(archive.last().await.unwrap(), 2);
    assert_eq!(archive.records(IncidentId(1)).await.unwrap(), written);
    assert_eq!(archive.records(IncidentId(2)).await.unwrap().len(), 2);
    assert!(archive.records(IncidentId(3)).await.unwrap().is_empty());
    // Read once more, each is the record it was, with a link that follows.
    let mut head = Link::before_all(IncidentId(1));
    for stored in archive.records(IncidentId(1)).await.unwrap() {
        let record: Record = serde_json::from_str(&stored).unwrap();
        assert_eq!(record.check(head), Ok(()));
        head = record.link;
    }
    assert_eq!(head, before.unwrap().head);
}

async fn a_fact_that_does_not_follow_is_not_stored(shelf: &Shelf) {
    let store = (shelf.open)();
    store.append(opening(1, "prod", "k1", 0)).await.unwrap();
    let stored = store.read(IncidentId(1)).await.unwrap().unwrap();
    // The right version on another past: somebody decided on facts that are not the stored ones.
    let opened = Fact::Opened { id: IncidentId(1), scope: scope("prod") };
    let elsewhere = following(None, vec![opened, joined("other", 0)], "prod", "k2", 0).log.unwrap().after;
    assert_eq!((elsewhere.version, elsewhere.head == stored.head), (stored.version, false));
    let mut append = following(Some(&elsewhere), vec![joined("b", 1)], "prod", "k2", 1);
    append.intents = vec![show("card")];
    assert_eq!(store.append(append).await.unwrap(), Appended::Conflict);
    // A first fact that is linked as another incident's.
    let mut append = opening(2, "prod", "k3", 0);
    append.log.as_mut().unwrap().records = opening(3, "prod", "k3", 0).log.unwrap().records;
    append.log.as_mut().unwrap().after.head = append.log.as_ref().unwrap().records[1].link;
    assert_eq!(store.append(append).await.unwrap(), Appended::Conflict);
    // Facts that do not follow each other, and a state that is not theirs.
    let good = following(Some(&stored), vec![joined("b", 1), joined("c", 1)], "prod", "k4", 1);
    let mut append = good.clone();
    append.log.as_mut().unwrap().records[1].at = at(2);
    let refused = store.append(append).await.unwrap_err().to_string();
    assert_eq!(refused, "the store failed: fact 4 does not follow the facts before it: its link is another one");
    let mut append = good.clone();
    append.log.as_mut().unwrap().after.head = stored.head;
    assert!(store.append(append).await.is_err());
    assert_eq!(store.read(IncidentId(1)).await.unwrap(), Some(stored));
    assert!(open(store.outbox_take(at(1), None).await.unwrap()).is_empty());
    assert_eq!(store.append(good).await.unwrap(), Appended::Done);
}

async fn an_event_is_handled_once(shelf: &Shelf) {
    let store = (shelf.open)();
    let mut append = opening(1, "prod", "k1", 0);
    append.intents = vec![show("card")];
    assert_eq!(store.append(append.clone()).await.unwrap(), Appended::Done);
    // As it was; and decided anew on what is stored now.
    assert_eq!(store.append(append.clone()).await.unwrap(), Appended::KnownEvent);
    let incident = store.read(IncidentId(1)).await.unwrap().unwrap();
    let mut again = following(Some(&incident), vec![joined("b", 1)], "prod", "k1", 1);
    again.intents = vec![show("card")];
    assert_eq!(store.append(again).await.unwrap(), Appended::KnownEvent);
    assert_eq!(store.append(Append { log: None, ..append }).await.unwrap(), Appended::KnownEvent);
    assert_eq!(store.read(IncidentId(1)).await.unwrap(), Some(incident));
    assert_eq!(open(store.outbox_take(at(1), None).await.unwrap()).len(), 1);
}

async fn a_stale_decision_stores_nothing(shelf: &Shelf) {
    let store = (shelf.open)();
    store.append(opening(1, "prod", "k1", 0)).await.unwrap();
    let seen = store.read(IncidentId(1)).await.unwrap().unwrap();
    store.append(following(Some(&seen), vec![joined("b", 1)], "prod", "k2", 1)).await.unwrap();
    let mut stale = following(Some(&seen), vec![joined("c", 900)], "prod", "k3", 900);
    stale.intents = vec![show("card")];
    assert_eq!(store.append(stale).await.unwrap(), Appended::Conflict);
    let now = store.read(IncidentId(1)).await.unwrap().unwrap();
    assert_eq!((now.version, now.alarms.len()), (3, 2));
    assert!(open(store.outbox_take(at(1), None).await.unwrap()).is_empty());
    assert!(store.index(&scope("prod"), Lookback::incidents(at(900))).await.unwrap().recent.is_empty());
    // Its event is not known: decided anew, it is stored.
    assert_eq!(
        store.append(following(Some(&now), vec![joined("c", 2)], "prod", "k3", 2)).await.unwrap(),
        Appended::Done
    );
}

async fn a_number_is_given_to_one_incident(shelf: &Shelf) {
    let [one, other] = (shelf.two)();
    assert_eq!(one.index(&scope("prod"), Lookback::incidents(Timestamp::MIN)).await.unwrap().next, IncidentId(1));
    let (a, b) = tokio::join!(one.append(opening(1, "prod", "k1", 0)), other.append(opening(1, "dev", "k2", 0)));
    let mut outcomes = [a.unwrap(), b.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome == Appended::Conflict);
    assert_eq!(outcomes, [Appended::Done, Appended::Conflict]);
    assert_eq!(one.append(opening(1, "prod", "k3", 0)).await.unwrap(), Appended::Conflict);
    assert_eq!(one.append(opening(3, "prod", "k4", 0)).await.unwrap(), Appended::Conflict);
    assert_eq!(other.index(&scope("dev"), Lookback::incidents(Timestamp::MIN)).await.unwrap().next, IncidentId(2));
    assert_eq!(other.append(opening(2, "prod", "k5", 0)).await.unwrap(), Appended::Done);
}

async fn a_long_log_is_read_whole(shelf: &Shelf) {
    let store = (shelf.open)();
    store.append(opening(1, "prod", "k", 0)).await.unwrap();
    let mut expected = store.read(IncidentId(1)).await.unwrap().unwrap();
    // Appends of one to five facts, so that snapshots fall on the boundary and beside it.
    for (seconds, facts) in (1..=40).zip((1..=5).cycle()) {
        let facts = (0..facts).map(|fact| joined(&format!("alarm-{seconds}-{fact}"), seconds)).collect();
        let append = following(Some(&expected), facts, "prod", &format!("k{seconds}"), seconds);
        expected = append.log.as_ref().unwrap().after.clone();
        assert_eq!(store.append(append).await.unwrap(), Appended::Done);
        assert_eq!(store.read(IncidentId(1)).await.unwrap().as_ref(), Some(&expected));
    }
    assert_eq!(expected.version, 122);
    drop(store);
    assert_eq!((shelf.open)().read(IncidentId(1)).await.unwrap(), Some(expected));
}

async fn the_index_is_newest_first_and_cut_off(shelf: &Shelf) {
    let store = (shelf.open)();
    for (id, in_scope, seconds) in [(1, "prod", 10), (2, "prod", 30), (3, "dev", 40), (4, "prod", 20), (5, "prod", 30)]
    {
        store.append(opening(id, in_scope, &format!("k{id}"), seconds)).await.unwrap();
    }
    let recent = async |since| -> Vec<u64> {
        let index = store.index(&scope("prod"), Lookback::incidents(since)).await.unwrap();
        assert_eq!(index.next, IncidentId(6));
        index.recent.into_iter().map(|id| id.0).collect()
    };
    assert_eq!(recent(Timestamp::MIN).await, [5, 2, 4, 1]);
    assert_eq!(recent(at(20)).await, [5, 2, 4]);
    assert_eq!(recent(at(31)).await, [0; 0]);
    // A new alarm moves its incident to the front, and it stands there once.
    let first = store.read(IncidentId(1)).await.unwrap().unwrap();
    store.append(following(Some(&first), vec![joined("b", 50)], "prod", "k6", 50)).await.unwrap();
    assert_eq!(recent(Timestamp::MIN).await, [1, 5, 2, 4]);
    let nowhere = store.index(&scope("nowhere"), Lookback::incidents(Timestamp::MIN)).await.unwrap();
    assert_eq!((nowhere.recent, nowhere.next), (Vec::new(), IncidentId(6)));
}

async fn intents_come_in_their_order(shelf: &Shelf) {
    let [one, other] = (shelf.two)();
    let mut expected = Vec::new();
    for (number, store) in (1..=12).zip([&one, &other].into_iter().cycle()) {
        let lines = [format!("{number} first"), format!("{number} second")];
        let mut append = opening(number, "prod", &format!("k{number}"), 0);
        append.intents = lines.iter().map(|line| tell(line)).collect();
        assert_eq!(store.append(append).await.unwrap(), Appended::Done);
        expected.extend(lines.map(|line| tell(&line)));
    }
    let pending = open(one.outbox_take(at(0), None).await.unwrap());
    assert!(pending.is_sorted_by_key(|each| each.id));
    assert_eq!(pending.iter().map(|each| each.intent.clone()).collect::<Vec<_>>(), expected);
    assert!(pending.iter().all(|each| each.stored_at == at(0)));
}

async fn an_intent_that_another_process_took_says_so(shelf: &Shelf) {
    let store = (shelf.open)();
    let mut append = opening(1, "prod", "k1", 0);
    append.intents = vec![tell("a"), tell("b")];
    store.append(append).await.unwrap();
    for _ in 0..2 {
        let pending = open(store.outbox_take(at(1), None).await.unwrap());
        assert_eq!(pending.iter().map(|each| each.taken_before).collect::<Vec<_>>(), [false, false]);
    }
    let first = open(store.outbox_take(at(1), None).await.unwrap())[0].id;
    store.outbox_done(vec![(first, Outcome::Superseded)], None, at(1)).await.unwrap();
    drop(store);
    // It did not say that it rests: it crashed, and its turn is over only after a while.
    let store = (shelf.open)();
    let incident = store.read(IncidentId(1)).await.unwrap().unwrap();
    let mut append = following(Some(&incident), vec![joined("b", 2)], "prod", "k2", 2);
    append.intents = vec![tell("c")];
    store.append(append).await.unwrap();
    let pending = open(store.outbox_take(at(100), None).await.unwrap());
    let seen: Vec<_> = pending.iter().map(|each| (each.intent.clone(), each.taken_before)).collect();
    assert_eq!(seen, [(tell("b"), true), (tell("c"), false)]);
    store
        .outbox_done(pending.into_iter().map(|each| (each.id, Outcome::Superseded)).collect(), None, at(100))
        .await
        .unwrap();
    assert!(open(store.outbox_take(at(100), None).await.unwrap()).is_empty());
}

async fn a_sender_that_goes_on_gets_only_what_is_new(shelf: &Shelf) {
    let store = (shelf.open)();
    let more = async |number: u64, lines: &[&str]| {
        let mut append = opening(number, "prod", &format!("k{number}"), 0);
        append.intents = lines.iter().map(|line| tell(line)).collect();
        assert_eq!(store.append(append).await.unwrap(), Appended::Done);
    };
    let told = |pending: &[Pending]| pending.iter().map(|each| each.intent.clone()).collect::<Vec<_>>();
    let goes_on = async |newest: IntentId, seconds: i64, lines: &[&str]| {
        let taken = store.outbox_take(at(seconds), Some(newest)).await.unwrap();
        let Taken::More(new) = taken else { panic!("its turn goes on: {taken:?}") };
        assert_eq!(told(&new), lines.iter().map(|line| tell(line)).collect::<Vec<_>>());
        assert!(new.iter().all(|each| !each.taken_before));
        new
    };
    more(1, &["a", "b"]).await;
    let taken = store.outbox_take(at(1), None).await.unwrap();
    let Taken::Anew { open: first, .. } = taken else { panic!("its turn begins: {taken:?}") };
    assert_eq!(told(&first), [tell("a"), tell("b")]);
    goes_on(first[1].id, 2, &[]).await;
    more(2, &["c"]).await;
    let new = goes_on(first[1].id, 3, &["c"]).await;
    goes_on(new[0].id, 4, &[]).await;
    // Neither what it closes nor its rest makes it begin anew, while nobody else has sent.
    store.outbox_done(vec![(first[0].id, Outcome::Superseded)], None, at(5)).await.unwrap();
    store.outbox_done(Vec::new(), None, at(5)).await.unwrap();
    more(3, &["d"]).await;
    goes_on(new[0].id, 6, &["d"]).await;
    // Who has nothing gets everything.
    assert_eq!(told(&open(store.outbox_take(at(7), None).await.unwrap())), [tell("b"), tell("c"), tell("d")]);
}

/// A budget as a sender writes it down that was asked to wait.
fn budget() -> Budget {
    serde_json::from_value(serde_json::json!({"methods": {"update": at(90)}})).unwrap()
}

async fn the_budget_is_kept_for_whoever_sends_next(shelf: &Shelf) {
    let store = (shelf.open)();
    let left = async |store: &Arc<dyn Store>, seconds| match store.outbox_take(at(seconds), None).await.unwrap() {
        Taken::Anew { budget, .. } => *budget,
        other @ (Taken::More(_) | Taken::Busy { .. }) => panic!("a turn begins: {other:?}"),
    };
    let mut append = opening(1, "prod", "k1", 0);
    append.intents = vec![tell("a"), tell("b"), tell("c")];
    store.append(append).await.unwrap();
    assert_eq!(left(&store, 0).await, Budget::default());
    let pending = open(store.outbox_take(at(0), None).await.unwrap());
    store.outbox_done(vec![(pending[0].id, Outcome::Superseded)], Some(&budget()), at(1)).await.unwrap();
    assert_eq!(left(&store, 1).await, budget());
    // No news leaves it as it is.
    store.outbox_done(vec![(pending[1].id, Outcome::Superseded)], None, at(1)).await.unwrap();
    drop(store);
    let store = (shelf.open)();
    assert_eq!(left(&store, 100).await, budget());
    // It is written down by one that rests as well.
    store.outbox_done(Vec::new(), Some(&Budget::default()), at(101)).await.unwrap();
    drop(store);
    assert_eq!(left(&(shelf.open)(), 200).await, Budget::default());
}

async fn a_message_is_known_by_its_name(shelf: &Shelf) {
    let store = (shelf.open)();
    let mut append = opening(1, "prod", "k1", 0);
    let under = Place::Under { channel: "C1".to_owned(), name: MessageName("card".to_owned()) };
    append.intents = vec![show("card"), tell("a"), show("other"), show_in("plan", under)];
    store.append(append).await.unwrap();
    let pending = open(store.outbox_take(at(0), None).await.unwrap());
    assert!(pending.iter().all(|each| each.posted.is_none()));
    let there = MessageRef { channel: "C1".to_owned(), ts: "1.2".to_owned() };
    let posted = Outcome::Done { posted: Some((MessageName("card".to_owned()), there.clone())) };
    store.outbox_done(vec![(pending[0].id, posted)], None, at(0)).await.unwrap();
    store.outbox_done(vec![(IntentId(999), Outcome::Superseded)], None, at(0)).await.unwrap();
    store.outbox_done(Vec::new(), None, at(0)).await.unwrap();
    drop(store);
    let store = (shelf.open)();
    let pending = open(store.outbox_take(at(0), None).await.unwrap());
    let posted: Vec<_> = pending.iter().map(|each| (each.posted.clone(), each.thread.clone())).collect();
    assert_eq!(posted, [(None, Some(there.clone())), (None, None), (None, Some(there))]);
}

async fn an_append_without_facts_still_counts(shelf: &Shelf) {
    let store = (shelf.open)();
    let asked = Asked { by: "U1".to_owned(), channel: "C1".to_owned(), response_url: "http://localhost".to_owned() };
    let answer = Intent::Answer { asked, message: blocks::Message::new("Here.") };
    let key = EventKey("k1".to_owned());
    let append = Append {
        scope: scope("prod"),
        key,
        log: None,
        changes: Vec::new(),
        kinship: None,
        settings: None,
        intents: vec![answer.clone()],
        at: at(0),
    };
    assert_eq!(store.append(append.clone()).await.unwrap(), Appended::Done);
    assert_eq!(store.append(append).await.unwrap(), Appended::KnownEvent);
    let pending = open(store.outbox_take(at(0), None).await.unwrap());
    assert_eq!(pending.into_iter().map(|each| each.intent).collect::<Vec<_>>(), [answer]);
    assert_eq!(store.index(&scope("prod"), Lookback::incidents(Timestamp::MIN)).await.unwrap().next, IncidentId(1));
}

/// Two workers, two hands each, 200 events about one incident, and every event delivered to both.
async fn two_workers_lose_and_double_nothing(shelf: &Shelf) {
    const EVENTS: usize = 200;
    const HANDS: usize = 2;
    let workers = (shelf.two)();
    workers[0].append(opening(1, "prod", "opening", 0)).await.unwrap();
    let mut hands = tokio::task::JoinSet::new();
    for (number, worker) in workers.iter().enumerate() {
        for hand in 0..HANDS {
            let worker = Arc::clone(worker);
            hands.spawn(async move {
                let mut conflicts = 0_usize;
                // The two workers begin at opposite ends, and meet.
                let mine = (hand..EVENTS).step_by(HANDS);
                let mine: Vec<usize> = if number == 0 { mine.collect() } else { mine.rev().collect() };
                for event in mine {
                    let name = format!("event-{event}");
                    loop {
                        let seen = worker.read(IncidentId(1)).await.unwrap();
                        let mut append = following(seen.as_ref(), vec![joined(&name, 1)], "prod", &name, 1);
                        append.intents = vec![tell(&name)];
                        match worker.append(append).await.unwrap() {
                            Appended::Done | Appended::KnownEvent => break,
                            Appended::Conflict => conflicts += 1,
                        }
                    }
                }
                conflicts
            });
        }
    }
    let conflicts: usize = hands.join_all().await.into_iter().sum();
    let incident = workers[1].read(IncidentId(1)).await.unwrap().unwrap();
    let mut names: Vec<&str> = incident.alarms.iter().map(|joined| joined.alarm.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), incident.alarms.len()), (EVENTS + 1, EVENTS + 1), "{conflicts} conflicts");
    assert_eq!(incident.version, 2 + EVENTS as u64);
    let pending = open(workers[0].outbox_take(at(1), None).await.unwrap());
    // The log and the outbox agree about who came first.
    let told: Vec<Intent> = incident.alarms[1..].iter().map(|joined| tell(&joined.alarm.name)).collect();
    assert_eq!(pending.into_iter().map(|each| each.intent).collect::<Vec<_>>(), told);
}
