//! `clarity audit`: what was written is what is read, and who changes it is found.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

use bot::app::Kept;
use bot::audit::{Task, run};
use bot::embedded::Embedded;
use clap::Parser;
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use secrecy::ExposeSecret;
use std::fs;
use std::path::Path;
use tests::{START, alarm, run_test_on, usual_world};
use tools::audit::Signer;
use tools::model::{
    Alarm, Fact, Incident, IncidentId, Isolation, IsolationReason, Link, Metric, Outlook, Record, ScopeId, Via,
};

/// The command line, as far as it is about the audit.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

/// What `clarity audit …` prints, and whether all is well; or the sentence it fails with. `FOLDER` is left out.
async fn audit(folder: &Path, signer: Option<&Signer>, words: &[&str]) -> String {
    let words = words.iter().map(|word| {
        let is_file = word.contains('.') && !word.starts_with("--");
        if is_file { folder.join(word).into_os_string() } else { word.into() }
    });
    let cli = match Cli::try_parse_from([std::ffi::OsString::from("audit")].into_iter().chain(words)) {
        Ok(cli) => cli,
        Err(err) => return err.to_string(),
    };
    let mut out = Vec::new();
    let told = match run(cli.task, signer, &mut out).await {
        Ok(is_good) => format!("{}exit {}", String::from_utf8(out).unwrap(), u8::from(!is_good)),
        Err(err) => format!("clarity: {err}"),
    };
    told.replace(&format!("{}/", folder.display()), "")
}

/// The facts without their ends: what stays the same from run to run.
fn heads(export: &str) -> String {
    let cut = |line: &str| line.chars().take(82).collect::<String>();
    export.lines().map(cut).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_flood_is_exported_and_whoever_changes_it_is_found() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().to_owned();
    let store = folder.join("clarity.redb");
    let mut signer = None;
    let mut carried = Vec::new();
    run_test_on(usual_world(), Box::new(move || Embedded::open(&store).map(Kept::from)), async |room| {
        for (name, at) in
            [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)]
        {
            room.eventbridge(&alarm(name, at)).await;
        }
        room.wait(30).await;
        room.skims();
        let key = room.stage.config().audit_key.clone().unwrap();
        signer = Some(Signer::new(key.expose_secret().as_bytes()).unwrap());
        let anchors = room.stage.workspace.posts().into_iter().filter_map(|post| {
            let anchor = post.body["metadata"]["event_payload"]["anchor"].as_str().map(str::to_owned);
            anchor.map(|anchor| (post.thread_ts.is_none(), anchor))
        });
        carried.extend(anchors);
        room.mina().types("context").await;
        room.skims();
        let before = room.channel().len();
        room.stage.kill_bot().await;
        assert_eq!(before, 1);
    })
    .await;
    let signer = signer.unwrap();
    // The card carries the anchor; a line in its thread does not.
    assert_eq!(carried.iter().map(|(is_card, _)| *is_card).collect::<Vec<_>>(), [true]);
    fs::write(folder.join("anchors.jsonl"), format!("{}\n", carried[0].1)).unwrap();

    let whole = audit(&folder, None, &["export", "clarity.redb"]).await;
    let whole = whole.strip_suffix("exit 0").unwrap();
    assert_snapshot!(heads(whole), @r#"
    {"record":{"incident":"INC-1","version":1,"at":"2026-11-20T03:14:10Z","fact":{"ope
    {"record":{"incident":"INC-1","version":2,"at":"2026-11-20T03:14:10Z","fact":{"ala
    {"record":{"incident":"INC-1","version":3,"at":"2026-11-20T03:14:20Z","fact":{"ala
    {"record":{"incident":"INC-1","version":4,"at":"2026-11-20T03:14:30Z","fact":{"ala
    {"record":{"incident":"INC-1","version":5,"at":"2026-11-20T03:14:30Z","fact":{"flo
    {"record":{"incident":"INC-1","version":6,"at":"2026-11-20T03:14:30Z","fact":{"inv
    {"record":{"incident":"INC-1","version":7,"at":"2026-11-20T03:14:30Z","fact":{"pre
    {"record":{"incident":"INC-1","version":8,"at":"2026-11-20T03:14:30Z","fact":"cont
    {"record":{"incident":"INC-1","version":9,"at":"2026-11-20T03:14:31Z","fact":{"dra
    {"record":{"incident":"INC-1","version":10,"at":"2026-11-20T03:15:00Z","fact":{"in
    {"record":{"incident":"INC-1","version":11,"at":"2026-11-20T03:15:00Z","fact":{"pr
    {"record":{"incident":"INC-1","version":12,"at":"2026-11-20T03:15:00Z","fact":{"co
    "#);
    fs::write(folder.join("facts.jsonl"), whole).unwrap();
    let anchored = ["verify", "facts.jsonl", "--anchors", "anchors.jsonl"];
    assert_snapshot!(audit(&folder, Some(&signer), &anchored).await, @"
    INC-1: facts 1–9 are as they were written (anchored at 2026-11-20T03:14:35.5Z); after the last anchor facts 10–12 follow the chain, but nobody signed them.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Nothing is wrong in 1 incident.
    exit 0
    ");
    let store = ["verify", "clarity.redb", "--anchors", "anchors.jsonl", "--incident", "INC-1"];
    assert_eq!(audit(&folder, Some(&signer), &store).await, audit(&folder, Some(&signer), &anchored).await);
    assert_snapshot!(audit(&folder, None, &["verify", "facts.jsonl"]).await, @"
    INC-1: facts 1–12 follow the chain, but nobody signed them.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Nothing is wrong in 1 incident.
    exit 0
    ");

    // Somebody was never told by EventBridge.
    fs::write(folder.join("facts.jsonl"), whole.replacen("token-exchange-errors", "token-exchange-errorz", 1)).unwrap();
    assert_snapshot!(audit(&folder, Some(&signer), &anchored).await, @"
    INC-1: facts 1–2 follow the chain, but nobody signed them; fact 3 is not as it was written: its link does not follow; from fact 3 on nothing can be promised but facts 4–9, which an anchor vouches for.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 1 incident.
    exit 1
    ");
    // Somebody would like the end to be another one.
    let short: String = whole.split_inclusive('\n').take(5).collect();
    fs::write(folder.join("facts.jsonl"), short).unwrap();
    assert_snapshot!(audit(&folder, Some(&signer), &anchored).await, @"
    INC-1: facts 1–5 follow the chain, but nobody signed them; facts 6–9 are missing at the end: an anchor of 2026-11-20T03:14:35.5Z vouches for fact 9; from fact 6 on nothing can be promised.
    What nobody signed could have been written anew, and cut off at its end, without a trace.
    Something is wrong in 1 of 1 incident.
    exit 1
    ");
}

#[tokio::test]
async fn what_cannot_be_audited_is_told() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    fs::write(folder.join("empty.jsonl"), "").unwrap();
    fs::write(folder.join("strange.txt"), "hello\n\u{7}\n").unwrap();
    fs::write(folder.join("broken.redb"), "redb, or so").unwrap();
    let config =
        "[[scopes]]\nid = \"prod\"\nwar_room = \"C1\"\n[storage.aws]\ntable = \"t\"\ninbox = \"http://localhost/q\"\n";
    fs::write(folder.join("clarity.toml"), config).unwrap();
    assert_snapshot!(audit(folder, None, &["verify", "missing.jsonl"]).await, @"clarity: missing.jsonl cannot be read: No such file or directory (os error 2)");
    assert_snapshot!(audit(folder, None, &["verify", "empty.jsonl"]).await, @"clarity: there is no fact and no anchor, so that nothing can be said");
    assert_snapshot!(audit(folder, None, &["verify", "strange.txt"]).await, @"
    Line 1 of strange.txt cannot be relied upon: it is no line of an export (expected value at line 1 column 1).
    Line 2 of strange.txt cannot be relied upon: it is no line of an export (expected value at line 1 column 1).
    Something is wrong.
    exit 1
    ");
    assert_snapshot!(audit(folder, None, &["verify", "broken.redb"]).await, @"clarity: the store failed: broken.redb cannot be read: I/O error: Not a redb database: magic number mismatch. A file that a bot has open is read when it has stopped, and one that it left behind in a crash when it has been started once more");
    assert_snapshot!(audit(folder, None, &["export", "strange.txt"]).await, @"clarity: strange.txt is no store; give the file of a bot, or --config");
    assert_snapshot!(audit(folder, None, &["verify", "empty.jsonl", "--incident", "seven"]).await, @"
    error: invalid value 'seven' for '--incident <INCIDENT>': `seven` is no incident id; one looks like `INC-7`

    For more information, try '--help'.
    ");
    assert_snapshot!(audit(folder, None, &["verify"]).await, @"
    error: the following required arguments were not provided:
      <FILE|--config <CONFIG>>

    Usage: audit verify <FILE|--config <CONFIG>>

    For more information, try '--help'.
    ");
    assert_snapshot!(audit(folder, None, &["verify", "empty.jsonl", "--config", "clarity.toml"]).await, @"
    error: the argument '[FILE]' cannot be used with '--config <CONFIG>'

    Usage: audit verify <FILE|--config <CONFIG>>

    For more information, try '--help'.
    ");
    #[cfg(not(feature = "aws"))]
    assert_snapshot!(audit(folder, None, &["export", "--config", "clarity.toml"]).await, @"clarity: `[storage.aws]` needs a build with AWS in it: `cargo build --release --features aws`");
}

#[tokio::test]
async fn a_configured_file_gets_a_line_for_each_anchor_and_is_exported() {
    use bot::audit::Notary;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    let (mut config, _) = bot::drill::local("http://localhost", "http://localhost");
    config.anchors = Some(folder.join("anchors.jsonl"));
    let notary = Notary::of(&config).unwrap();
    let now: Timestamp = START.parse().unwrap();
    let store = Embedded::open(&folder.join("clarity.redb")).unwrap();
    let opened = Fact::Opened { id: IncidentId(1), scope: ScopeId("prod".to_owned()) };
    let (first, record) = Incident::extend(None, now, opened).unwrap();
    keep(&store, &record, &first).await;
    notary.sign(&first, now).await;
    let (second, record) = Incident::extend(Some(first), now, Fact::ContextReached).unwrap();
    keep(&store, &record, &second).await;
    notary.sign(&second, now.saturating_add(SignedDuration::from_secs(9)).unwrap()).await;
    drop(store);
    let text = format!(
        "[[scopes]]\nid = \"prod\"\nwar_room = \"C1\"\n[storage.embedded]\npath = {:?}\n[audit]\nanchors = {:?}\n",
        folder.join("clarity.redb"),
        folder.join("anchors.jsonl")
    );
    fs::write(folder.join("clarity.toml"), text).unwrap();
    let export = audit(folder, None, &["export", "--config", "clarity.toml"]).await;
    assert_snapshot!(heads(&export), @r#"
    {"record":{"incident":"INC-1","version":1,"at":"2026-11-20T03:12:00Z","fact":{"ope
    {"record":{"incident":"INC-1","version":2,"at":"2026-11-20T03:12:00Z","fact":"cont
    {"anchor":{"incident":"INC-1","version":1,"link":"6d17aea8f32c6d0ce3e44d86826894ad
    {"anchor":{"incident":"INC-1","version":2,"link":"c9fdb820912c8a09d8a2be7b8d83aaf8
    exit 0
    "#);
    let signer = Signer::new(config.audit_key.unwrap().expose_secret().as_bytes()).unwrap();
    assert_snapshot!(audit(folder, Some(&signer), &["verify", "--config", "clarity.toml"]).await, @"
    INC-1: facts 1–2 are as they were written (anchored at 2026-11-20T03:12:09Z).
    Nothing is wrong in 1 incident.
    exit 0
    ");
    fs::write(folder.join("facts.jsonl"), export.strip_suffix("exit 0").unwrap()).unwrap();
    assert_eq!(
        audit(folder, Some(&signer), &["verify", "facts.jsonl"]).await,
        audit(folder, Some(&signer), &["verify", "--config", "clarity.toml"]).await
    );
    // A file that cannot be written holds nothing back.
    config = bot::drill::local("http://localhost", "http://localhost").0;
    config.anchors = Some(folder.join("nowhere").join("anchors.jsonl"));
    assert_eq!(Notary::of(&config).unwrap().sign(&second, now).await.version, 2);
    config.audit_key = None;
    assert!(Notary::of(&config).is_none(), "without a key there are no anchors");
}

async fn keep(store: &Embedded, record: &Record, after: &Incident) {
    use bot::event::EventKey;
    use bot::ports::{Append, Appended, Log, Store};
    let append = Append {
        scope: after.scope.clone(),
        key: EventKey(record.version.to_string()),
        log: Some(Log { records: vec![record.clone()], after: after.clone() }),
        changes: Vec::new(),
        kinship: None,
        settings: None,
        intents: Vec::new(),
        at: record.at,
    };
    assert_eq!(store.append(append).await.unwrap(), Appended::Done);
}

fn alarms() -> impl Strategy<Value = Alarm> {
    let text = "\\PC{0,12}";
    (text, proptest::option::of(text), any::<i32>(), any::<u32>(), proptest::collection::btree_map(text, text, 0..3))
        .prop_map(|(name, account, seconds, nanos, dimensions)| {
            let metric = Metric { namespace: name.clone(), name: String::new(), stat: account.clone(), dimensions };
            let span = SignedDuration::new(i64::from(seconds), i32::try_from(nanos % 1_000_000_000).unwrap());
            let changed_at = Timestamp::UNIX_EPOCH.saturating_add(span).unwrap();
            Alarm { account, changed_at, metric: Some(metric), ..alarm(&name, 0) }
        })
}

/// An outlook with just these figures.
fn outlook(at: Timestamp, otherwise: f64, saved: f64) -> Outlook {
    let isolation = Isolation {
        cut: Vec::new(),
        recovers: Vec::new(),
        refused_per_min: Some(saved),
        refused_share: None,
        saved_per_min: Some(-saved),
        worth_it: true,
        because: IsolationReason::Saves { lost_per_min: saved / 3.0, saved_per_min: saved },
    };
    let (predictions, gaps, evidence) = (Vec::new(), Vec::new(), Vec::new());
    Outlook { at, map: None, predictions, unseen: Vec::new(), others: 3, otherwise, isolation, gaps, evidence }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// In this build numbers keep all their digits (arbitrary precision), and a record is still the record it was.
    #[test]
    fn a_record_that_is_read_back_has_the_same_link(
        alarm in alarms(), otherwise in any::<f64>(), listed in any::<f64>(), nanos in any::<u32>(),
    ) {
        prop_assume!(otherwise.is_finite() && listed.is_finite());
        let at = Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_nanos(i64::from(nanos))).unwrap();
        let outlook = outlook(at, otherwise, listed);
        let facts = [
            Fact::Opened { id: IncidentId(7), scope: ScopeId(alarm.name.clone()) },
            Fact::AlarmTurned { alarm: Box::new(alarm), via: Via::AmazonQ },
            Fact::Predicted { outlook: Box::new(outlook) },
        ];
        let (mut state, mut head) = (None, Link::before_all(IncidentId(7)));
        for fact in facts {
            let (after, record) = Incident::extend(state, at, fact).unwrap();
            let text = serde_json::to_string(&record).unwrap();
            let read: Record = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&read, &record);
            prop_assert_eq!(read.check(head), Ok(()));
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
            (state, head) = (Some(after), record.link);
        }
    }
}
