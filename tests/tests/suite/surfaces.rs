//! The other ways in which people speak to the bot: shortcuts, mentions, direct messages, reactions, the Home tab.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::{ALERTS, WAR_ROOM};
use bot::workspace::state::Post;
use insta::assert_snapshot;
use tests::{Room, alarm, run_test};

const MINA: &str = "U0MINA";

/// What somebody says in a channel or a thread, and the message it became.
async fn says(room: &mut Room, channel: &str, thread_ts: Option<&str>, text: &str) -> Post {
    room.stage.workspace.say(MINA, channel, thread_ts, text);
    room.stage.settle().await;
    room.stage.workspace.posts().into_iter().rev().find(|post| post.author.user == MINA).unwrap()
}

#[tokio::test]
async fn a_message_begins_an_incident_and_becomes_its_first_note() {
    run_test(async |room| {
        let said = says(room, ALERTS, None, "login is failing for a bunch of users, looking").await;
        room.stage.workspace.shortcut("U0JUN", Some(&said)).await.unwrap();
        room.jun().fills_fields(&[("title", "Login fails"), ("severity", "none"), ("about", "")]).await.unwrap();
        room.skims();
        room.jun().types("timeline").await;
        assert_snapshot!(room.reads_only("only Jun"), @"
        #war-room, only Jun:
        INC-1 · timeline
        03:11:58 UTC  📣 @Jun declared it, “Login fails”
        03:11:58 UTC  📝 @Jun noted: login is failing for a bunch of users, looking (message)
        ");
    })
    .await;
}

#[tokio::test]
async fn an_incident_is_declared_from_anywhere() {
    run_test(async |room| {
        room.stage.workspace.shortcut(MINA, None).await.unwrap();
        let refused = room.mina().fills_fields(&[("title", " ")]).await;
        assert_eq!(refused, Err("Please say in a few words what is broken.".to_owned()));
        room.mina().fills_fields(&[("title", "Mail is late"), ("severity", "sev3")]).await.unwrap();
        let said = room.reads_only("INC-1 is open");
        assert_snapshot!(said, @"
        #war-room, only Mina:
        INC-1 is open: “Mail is late”. I am looking at what can be seen; its card is in the war room.
        ");
    })
    .await;
}

#[tokio::test]
async fn a_mention_is_answered_to_whoever_made_it() {
    run_test(async |room| {
        room.mina().types("open Login fails").await;
        room.skims();
        says(room, WAR_ROOM, None, "@Clarity status").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        🔴 INC-1 is not over: for 0 s now, “Login fails”.
        No cause was found so far; no remedy has been chosen yet.
        ");
        says(room, WAR_ROOM, None, "@Clarity what is wrong with you").await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Mina:
        INC-1 · context
        What's going on
        No alarm belongs to it; somebody declared it at 03:11:58 UTC.
        What caused it
        No cause found: nothing is outside its normal range.
        What it hits next
        Nothing that I know calls the affected services and is still healthy.
        What changed
        No change was seen in the four hours before.
        What we could not see
        • logs: the capsule `usual-world` holds none
        What can I do next
        1. Watch: nothing calls for action yet. Ask again when something changes
        [Why] [Who is next] [Where to cut] [Changes] [Timeline] [Auth journey] [Similar incidents]
        ");
        says(room, WAR_ROOM, None, "I asked clarity for the status").await;
        assert_snapshot!(room.reads(), @"");
    })
    .await;
}

#[tokio::test]
async fn whoever_writes_to_the_bot_is_written_to() {
    run_test(async |room| {
        room.stage.workspace.write_to_app(MINA, "sev 1");
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @"
        #clarity-and-mina:
        No incident is open in `prod`. When alarms come in, I open one by myself.
        ");
        room.stage.workspace.write_to_app(MINA, "open Login fails");
        room.stage.settle().await;
        assert_snapshot!(room.reads_only("clarity-and-mina"), @"
        #clarity-and-mina:
        INC-1 is open: “Login fails”. I am looking at what can be seen; its card is in the war room.
        ");
    })
    .await;
}

#[tokio::test]
async fn whoever_asks_in_the_thread_of_an_incident_means_that_one() {
    run_test(async |room| {
        room.mina().types("open Login fails").await;
        room.mina().types("open Mail is late").await;
        room.skims();
        let cards = room.channel();
        let card = |id: &str| cards.iter().find(|post| post.body["text"].as_str().unwrap().starts_with(id)).unwrap();
        let (older, newer) = (card("INC-1").ts.clone(), card("INC-2").ts.clone());
        for (thread, asked, expected) in [
            (Some(older.as_str()), "status", "INC-1"),
            (Some(newer.as_str()), "status", "INC-2"),
            (None, "status", "INC-2"),
            // Whoever names one means that one.
            (Some(newer.as_str()), "status INC-1", "INC-1"),
        ] {
            // What is whispered costs a call, and there are not so many.
            room.wait(60).await;
            room.skims();
            says(room, WAR_ROOM, thread, &format!("@Clarity {asked}")).await;
            let told = room.reads();
            let place = if thread.is_some() { "#war-room thread, only Mina:" } else { "#war-room, only Mina:" };
            assert!(told.starts_with(&format!("{place}\n🔴 {expected}")), "{asked} in {thread:?}: {told}");
        }
        // What people say to each other there is nobody's thread.
        room.wait(60).await;
        let chat = says(room, WAR_ROOM, None, "lunch?").await;
        says(room, WAR_ROOM, Some(&chat.ts), "@Clarity note the pool is full").await;
        assert!(room.reads_only("only Mina").contains("INC-2"));
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_pin_makes_a_message_a_note_once() {
    run_test(async |room| {
        room.mina().types("open Login fails").await;
        room.mina().types("open Mail is late").await;
        room.skims();
        let cards = room.channel();
        let older = cards.iter().find(|post| post.body["text"].as_str().unwrap().starts_with("INC-1")).unwrap();
        let reply = says(room, WAR_ROOM, Some(&older.ts), "restarted the *pool* <!channel>").await;
        let event = room.stage.workspace.react("U0JUN", &reply, "pushpin");
        room.stage.settle().await;
        room.stage.workspace.redeliver(&event);
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Jun:
        Noted: it stands in the timeline of INC-1.
        ");
        room.stage.workspace.react("U0DANA", &reply, "round_pushpin");
        room.stage.settle().await;
        assert_snapshot!(room.reads(), @"
        #war-room, only Dana:
        That message stands in the timeline of INC-1 already.
        ");
        room.stage.workspace.react("U0JUN", &reply, "eyes");
        let elsewhere = says(room, ALERTS, None, "lunch?").await;
        room.stage.workspace.react("U0JUN", &elsewhere, "pushpin");
        room.stage.settle().await;
        assert_eq!(room.reads(), "", "neither is a note");
        let notes: Vec<usize> = room.incidents().await.iter().map(|incident| incident.people.notes().count()).collect();
        assert_eq!(notes, [1, 0], "the thread tells the incident");
    })
    .await;
}

#[tokio::test]
async fn the_home_tab_lists_what_is_open() {
    run_test(async |room| {
        let home = async |room: &mut Room| {
            room.stage.workspace.open_home(MINA);
            room.stage.settle().await;
            blocks::text::message(&room.stage.workspace.home(MINA).unwrap(), &|_| None)
        };
        assert_snapshot!(home(room).await, @"
        prod: all is calm
        This week: 0 incidents; no card has said enough to act on yet.
        · A flood is 3 alarms within 5 min · nobody is nudged · `/incident help` lists what you can ask
        [Declare an incident] [Settings…]
        ");
        for (name, at) in
            [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)]
        {
            room.eventbridge(&alarm(name, at)).await;
        }
        room.skims();
        assert_snapshot!(home(room).await, @"
        prod: one incident is open
        INC-1 · user-pool: requests fail
        since 03:14:10 UTC
        [Context]
        This week: one incident; mean time to context 20 s.
        · A flood is 3 alarms within 5 min · nobody is nudged · `/incident help` lists what you can ask
        [Declare an incident] [Settings…]
        ");
        let view = room.stage.workspace.home(MINA).unwrap();
        let beside = |block: &&serde_json::Value| block["accessory"]["action_id"] == "clarity.context";
        let block = view["blocks"].as_array().unwrap().iter().find(beside).unwrap();
        let id = block["block_id"].as_str().unwrap();
        room.stage.workspace.click_home(MINA, id, "clarity.context").await.unwrap();
        room.stage.settle().await;
        let answer = room.reads_only("INC-1 · context");
        assert!(answer.starts_with("#clarity-and-mina"), "{answer}");
        let declare = view["blocks"].as_array().unwrap().last().unwrap()["block_id"].as_str().unwrap().to_owned();
        room.stage.workspace.click_home(MINA, &declare, "clarity.declare").await.unwrap();
        assert!(room.mina().has_a_form());
        room.mina().fills_fields(&[("title", "Mail is late")]).await.unwrap();
        room.skims();
        assert_eq!(room.incidents().await.len(), 2);
    })
    .await;
}
