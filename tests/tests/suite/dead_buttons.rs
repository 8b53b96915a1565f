//! Every button that can be pressed too late, by the wrong person, or where nothing can be shown any more: each press is answered
//! in words, and what is true stays true.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::drill::WAR_ROOM;
use insta::assert_snapshot;
use tests::{Offer, Room, alarm, run_test, turned};
use tools::model::AlarmState;
use tools::recovery::plan::{PlanState, PlanStatus};

/// What is done about a plan between the moment somebody sees its button and the moment somebody presses it.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Nothing,
    Expires,
    IsDecided,
    Restarts,
    IsDeleted,
    IsArchived,
}

const EVERY: [Meanwhile; 6] = [
    Meanwhile::Nothing,
    Meanwhile::Expires,
    Meanwhile::IsDecided,
    Meanwhile::Restarts,
    Meanwhile::IsDeleted,
    Meanwhile::IsArchived,
];

impl Meanwhile {
    async fn happens(self, room: &mut Room, message: &Offer) {
        match self {
            Self::Nothing => {}
            Self::Expires => room.skip(16).await,
            Self::IsDecided => room.kim().clicks("Reject").await,
            Self::Restarts => room.restart().await,
            Self::IsDeleted => assert!(room.stage.workspace.delete(WAR_ROOM, &message.ts()), "it stands there"),
            Self::IsArchived => room.stage.workspace.archive(WAR_ROOM),
        }
        room.skims();
    }
}

async fn status(room: &Room) -> PlanStatus {
    room.plans().await.first().map(PlanState::status).unwrap()
}

/// What only whoever pressed is told, in one line.
fn answer(room: &mut Room, name: &str) -> String {
    let told = room.reads_only(&format!(", only {name}:"));
    let words: Vec<&str> = told.lines().filter(|line| !line.starts_with('#')).collect();
    words.join(" ")
}

#[tokio::test]
async fn the_button_of_a_plan_always_answers() {
    let mut lines = Vec::new();
    for meanwhile in EVERY {
        run_test(async |room| {
            room.floods_and_mina_proposes().await;
            let approve = room.offer("Approve");
            meanwhile.happens(room, &approve).await;
            room.jun().presses(&approve).await;
            let told = answer(room, "Jun");
            room.ray().presses(&approve).await;
            let guest = answer(room, "Ray");
            if matches!(meanwhile, Meanwhile::IsDeleted) {
                // What the answer speaks of stands there again.
                room.offer("Execute");
            }
            lines.push(format!("{meanwhile:?}, Jun: {told} ({:?})\n  Ray: {guest}", status(room).await));
        })
        .await;
    }
    assert_snapshot!(lines.join("\n"), @"
    Nothing, Jun: Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out. (Waiting)
      Ray: You may not do that with `plan-5f56ddaa`: a guest decides nothing about plans, only members of this workspace do. Ask a member of this workspace. This was recorded.
    Expires, Jun: `plan-5f56ddaa` expired at 03:29:30 UTC, which is no rejection. Ask `/incident fix` and propose it again. (Expired)
      Ray: `plan-5f56ddaa` expired at 03:29:30 UTC, which is no rejection. Ask `/incident fix` and propose it again.
    IsDecided, Jun: `plan-5f56ddaa` was rejected by @Kim at 03:14:30 UTC. Ask `/incident fix` for what can be done now. (Rejected)
      Ray: `plan-5f56ddaa` was rejected by @Kim at 03:14:30 UTC. Ask `/incident fix` for what can be done now.
    Restarts, Jun: Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out. (Waiting)
      Ray: You may not do that with `plan-5f56ddaa`: a guest decides nothing about plans, only members of this workspace do. Ask a member of this workspace. This was recorded.
    IsDeleted, Jun: Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out. (Waiting)
      Ray: You may not do that with `plan-5f56ddaa`: a guest decides nothing about plans, only members of this workspace do. Ask a member of this workspace. This was recorded.
    IsArchived, Jun: Your approval of `plan-5f56ddaa` counts. It has what it needs: press Execute on its message to have it carried out. (Waiting)
      Ray: You may not do that with `plan-5f56ddaa`: a guest decides nothing about plans, only members of this workspace do. Ask a member of this workspace. This was recorded.
    ");
}

#[tokio::test]
async fn the_button_of_a_card_always_answers() {
    for meanwhile in EVERY {
        run_test(async |room| {
            room.floods_and_mina_proposes().await;
            let context = room.offer("Context, just for me");
            meanwhile.happens(room, &context).await;
            room.jun().presses(&context).await;
            let told = answer(room, "Jun");
            assert!(told.contains("What's going on") && told.contains("user-pool"), "{meanwhile:?}: {told}");
        })
        .await;
    }
}

#[tokio::test]
async fn the_button_of_a_line_always_answers() {
    let mut lines = Vec::new();
    for meanwhile in EVERY {
        run_test(async |room| {
            room.floods_and_mina_proposes().await;
            room.eventbridge(&alarm("prod-billing-export-errors", 160)).await;
            room.wait(60).await;
            let belongs = room.offer("It belongs to INC-1");
            meanwhile.happens(room, &belongs).await;
            room.jun().presses(&belongs).await;
            let told = answer(room, "Jun");
            room.jun().presses(&belongs).await;
            let again = answer(room, "Jun");
            lines.push(format!("{meanwhile:?}: {told}\n  again: {again}"));
            room.skims();
        })
        .await;
    }
    assert_snapshot!(lines.join("\n"), @"
    Nothing: INC-2 is part of INC-1 now: one alarm moves there. I remember that these belong together; `split` takes them apart again.
      again: INC-2 and INC-1 are one incident already.
    Expires: INC-2 is part of INC-1 now: one alarm moves there. I remember that these belong together; `split` takes them apart again.
      again: INC-2 and INC-1 are one incident already.
    IsDecided: INC-2 is part of INC-1 now: one alarm moves there. I remember that these belong together; `split` takes them apart again.
      again: INC-2 and INC-1 are one incident already.
    Restarts: INC-2 is part of INC-1 now: one alarm moves there. I remember that these belong together; `split` takes them apart again.
      again: INC-2 and INC-1 are one incident already.
    IsDeleted: INC-2 is part of INC-1 now: one alarm moves there. I remember that these belong together; `split` takes them apart again.
      again: INC-2 and INC-1 are one incident already.
    IsArchived: INC-2 is part of INC-1 now: one alarm moves there. I remember that these belong together; `split` takes them apart again.
      again: INC-2 and INC-1 are one incident already.
    ");
}

#[tokio::test]
async fn a_deleted_card_comes_again_and_its_thread_with_it() {
    run_test(async |room| {
        room.floods().await;
        let before = room.channel().remove(0).ts;
        assert!(room.stage.workspace.delete(WAR_ROOM, &before));
        let last = alarm("prod-orders-api-5xx", 150);
        room.eventbridge(&turned(last, AlarmState::Ok, 170)).await;
        room.wait(10).await;
        let after = room.channel().remove(0).ts;
        assert_ne!(before, after);
        let posts = room.stage.workspace.posts();
        let line = posts.iter().rfind(|post| post.is_ours() && post.thread_ts.is_some()).unwrap();
        assert!(line.body.to_string().contains("*OK*"), "{:?}", line.body);
        // What is told after that is told under the new one.
        room.eventbridge(&alarm("prod-orders-api-5xx", 200)).await;
        room.wait(10).await;
        let posts = room.stage.workspace.posts();
        let line = posts.iter().rfind(|post| post.thread_ts.is_some() && post.is_ours()).unwrap();
        assert_eq!(line.thread_ts.as_ref(), Some(&after));
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn what_should_stand_under_a_line_that_is_gone_stands_in_the_channel() {
    run_test(async |room| {
        room.eventbridge(&alarm("prod-user-pool-throttles", 130)).await;
        room.skims();
        let line = room.channel().remove(0).ts;
        assert!(room.stage.workspace.delete(WAR_ROOM, &line));
        // Nobody replied to it, so that its thread is gone as well.
        room.mina().types("page INC-1 please look").await;
        room.wait(10).await;
        let told = room.reads_only("please look");
        assert!(told.contains("#war-room:"), "{told}");
        room.skims();
    })
    .await;
}
