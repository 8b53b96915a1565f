//! What belongs to a scope and to no incident: changes, and what people said.

use super::{Shelf, at, opening, scope};
use bot::event::EventKey;
use bot::hours::Hours;
use bot::ports::{Append, Appended, Lookback, MOST_CHANGES, ScopeIndex, Store};
use bot::settings::{Setting, Settings};
use jiff::Timestamp;
use std::sync::Arc;
use tools::model::{Change, ChangeKind, IncidentId, KINSHIP_MEMORY, Kin, Kinship, ServiceId};

fn change(service: &str, seconds: i64) -> Change {
    Change {
        at: at(seconds),
        service: ServiceId::new(service),
        kind: ChangeKind::Deploy,
        summary: "new code".to_owned(),
        by: Some("mina".to_owned()),
        commit: None,
        link: None,
        error_code: None,
    }
}

/// An append that only tells of changes.
fn telling(changes: Vec<Change>, in_scope: &str, key: &str, seconds: i64) -> Append {
    let (scope, key) = (scope(in_scope), EventKey(key.to_owned()));
    Append { scope, key, log: None, changes, kinship: None, settings: None, intents: Vec::new(), at: at(seconds) }
}

async fn changed(store: &Arc<dyn Store>, in_scope: &str, since: Timestamp) -> Vec<(String, i64)> {
    let index = store.index(&scope(in_scope), Lookback::changes(since)).await.unwrap();
    assert!(index.recent.is_empty(), "nobody asked for incidents");
    let told = |change: &Change| (change.service.to_string(), change.at.duration_since(at(0)).as_secs());
    index.changes.iter().map(told).collect()
}

fn named(told: &[(&str, i64)]) -> Vec<(String, i64)> {
    told.iter().map(|(service, seconds)| ((*service).to_owned(), *seconds)).collect()
}

pub(super) async fn changes_belong_to_their_scope_and_come_by_time(shelf: &Shelf) {
    let store = (shelf.open)();
    assert_eq!(changed(&store, "prod", Timestamp::MIN).await, named(&[]));
    let mut refused = change("b", 10);
    refused.error_code = Some("LimitExceededException".to_owned());
    for (key, in_scope, told) in [
        ("k1", "prod", vec![change("a", 30)]),
        ("k2", "prod", vec![refused.clone(), change("c", 10)]),
        ("k3", "dev", vec![change("d", 20)]),
        ("k4", "pro", vec![change("e", 25)]),
    ] {
        assert_eq!(store.append(telling(told, in_scope, key, 40)).await.unwrap(), Appended::Done);
    }
    let everything = named(&[("b", 10), ("c", 10), ("a", 30)]);
    assert_eq!(changed(&store, "prod", Timestamp::MIN).await, everything);
    assert_eq!(changed(&store, "prod", at(10)).await, everything);
    assert_eq!(changed(&store, "prod", at(11)).await, named(&[("a", 30)]));
    // Nothing since then; but this scope was reached before, and that other one never.
    assert_eq!(changed(&store, "prod", at(31)).await, named(&[("a", 30)]));
    assert_eq!(changed(&store, "prod", Timestamp::MAX).await, named(&[("a", 30)]));
    assert_eq!(changed(&store, "nowhere", at(0)).await, named(&[]));
    assert_eq!(changed(&store, "dev", at(0)).await, named(&[("d", 20)]));
    drop(store);
    let store = (shelf.open)();
    let index = store.index(&scope("prod"), Lookback::changes(at(10))).await.unwrap();
    assert_eq!(index.changes, [refused, change("c", 10), change("a", 30)]);
    let ScopeIndex { changes, .. } = store.index(&scope("prod"), Lookback::incidents(Timestamp::MIN)).await.unwrap();
    assert_eq!(changes, [], "nobody asked for changes");
}

pub(super) async fn a_change_is_kept_once(shelf: &Shelf) {
    let store = (shelf.open)();
    let append = telling(vec![change("a", 0)], "prod", "k1", 1);
    assert_eq!(store.append(append.clone()).await.unwrap(), Appended::Done);
    assert_eq!(store.append(append).await.unwrap(), Appended::KnownEvent);
    assert_eq!(changed(&store, "prod", at(0)).await, named(&[("a", 0)]));
    // A decision that lost stores no change either.
    store.append(opening(1, "prod", "k2", 0)).await.unwrap();
    let mut stale = opening(1, "prod", "k3", 0);
    stale.changes = vec![change("b", 2)];
    assert_eq!(store.append(stale).await.unwrap(), Appended::Conflict);
    assert_eq!(changed(&store, "prod", at(0)).await, named(&[("a", 0)]));
    // Another event that tells of the same moment is another change.
    store.append(telling(vec![change("a", 0)], "prod", "k4", 3)).await.unwrap();
    assert_eq!(changed(&store, "prod", at(0)).await, named(&[("a", 0), ("a", 0)]));
}

pub(super) async fn the_latest_of_many_changes_are_read(shelf: &Shelf) {
    const EACH: i64 = 90;
    let store = (shelf.open)();
    let most = i64::try_from(MOST_CHANGES).unwrap();
    let appends = most / EACH + 1;
    for number in 0..appends {
        let changes = (0..EACH).map(|of| change("a", number * EACH + of)).collect();
        store.append(telling(changes, "prod", &format!("k{number}"), number)).await.unwrap();
    }
    let read = changed(&store, "prod", at(0)).await;
    let last = appends * EACH;
    let expected: Vec<(String, i64)> = (last - most..last).map(|seconds| ("a".to_owned(), seconds)).collect();
    assert_eq!(read, expected);
}

fn said(by: &str, seconds: i64) -> Kinship {
    let kin = |name: &str| [Kin::Alarm(name.to_owned())];
    Kinship::new(true, kin("a"), kin("b"), (by.to_owned(), at(seconds), IncidentId(1)))
}

fn saying(said: Kinship, in_scope: &str, key: &str) -> Append {
    let at = said.at;
    Append { kinship: Some(said), at, ..telling(Vec::new(), in_scope, key, 0) }
}

async fn heard(store: &Arc<dyn Store>, in_scope: &str, now: Timestamp) -> Vec<String> {
    let kinships = store.told(&scope(in_scope), now).await.unwrap().kinships;
    kinships.into_iter().map(|kinship| kinship.by).collect()
}

pub(super) async fn what_people_said_is_kept_for_its_scope_the_newest_first(shelf: &Shelf) {
    let store = (shelf.open)();
    assert_eq!(heard(&store, "prod", at(0)).await, [""; 0]);
    for (by, seconds, in_scope) in [("U1", 10, "prod"), ("U2", 30, "prod"), ("U3", 20, "prod"), ("U4", 25, "pro")] {
        let append = saying(said(by, seconds), in_scope, by);
        assert_eq!(store.append(append.clone()).await.unwrap(), Appended::Done);
        assert_eq!(store.append(append).await.unwrap(), Appended::KnownEvent);
    }
    drop(store);
    let store = (shelf.open)();
    assert_eq!(heard(&store, "prod", at(40)).await, ["U2", "U3", "U1"]);
    assert_eq!(heard(&store, "dev", at(40)).await, [""; 0]);
    let half_a_year = KINSHIP_MEMORY.as_secs();
    assert_eq!(heard(&store, "prod", at(half_a_year + 20)).await, ["U2", "U3"], "what is too old does not count");
    assert_eq!(store.told(&scope("pro"), at(40)).await.unwrap().kinships, [said("U4", 25)]);
}

pub(super) async fn what_is_set_follows_what_was_set(shelf: &Shelf) {
    let store = (shelf.open)();
    let set =
        async |store: &Arc<dyn Store>, in_scope: &str| store.told(&scope(in_scope), at(0)).await.unwrap().settings;
    let append = |settings: &Settings, in_scope: &str, key: &str| Append {
        settings: Some(settings.clone()),
        ..telling(Vec::new(), in_scope, key, 1)
    };
    assert_eq!(set(&store, "prod").await, Settings::default());
    let night = Setting::Quiet(Some(Hours::read("22:00-07:00 Europe/Berlin").unwrap()));
    let first = Settings::default().with(&[night], "U1", at(1)).unwrap();
    assert_eq!(store.append(append(&first, "prod", "k1")).await.unwrap(), Appended::Done);
    assert_eq!(store.append(append(&first, "prod", "k1")).await.unwrap(), Appended::KnownEvent);
    assert_eq!(store.append(append(&first, "prod", "k2")).await.unwrap(), Appended::Conflict, "somebody was first");
    let second = first.with(&[Setting::Mute(Some(tools::model::minutes(5)))], "U2", at(2)).unwrap();
    assert_eq!(store.append(append(&second, "dev", "k3")).await.unwrap(), Appended::Conflict, "nothing was set there");
    assert_eq!(store.append(append(&second, "prod", "k4")).await.unwrap(), Appended::Done);
    drop(store);
    let store = (shelf.open)();
    assert_eq!(set(&store, "prod").await, second);
    assert_eq!(set(&store, "dev").await, Settings::default());
    // What conflicts stores nothing of the rest.
    let lost = Append { changes: vec![change("a", 3)], ..append(&first, "prod", "k5") };
    assert_eq!(store.append(lost).await.unwrap(), Appended::Conflict);
    assert_eq!(changed(&store, "prod", at(0)).await, []);
}
