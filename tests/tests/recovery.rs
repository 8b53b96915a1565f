//! Remedies from the question what can be done to KEEP, REVERT and undo: what people press, read, and what becomes of AWS.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use tests::{Room, alarm, run_test};
use tools::capsule::World;
use tools::model::Alarm;
use tools::ports::Clock;
use tools::ports::Outside;
use tools::recovery::SuggestRemediations;
use tools::tool::Tool;

const STORY: [(&str, i64); 3] =
    [("prod-user-pool-throttles", 130), ("prod-token-exchange-errors", 140), ("prod-orders-api-5xx", 150)];

async fn flood(room: &mut Room) {
    for (name, at) in STORY {
        room.eventbridge(&alarm(name, at)).await;
    }
}

#[tokio::test]
async fn peek() {
    run_test(async |room| {
        flood(room).await;
        room.skims();
        let alarms: Vec<Alarm> = room.incidents().await[0].alarms.iter().map(|joined| joined.as_it_fired()).collect();
        let outside = Outside { levers: room.stage.levers.clone(), ..World::outside(room.stage.capsule.clone()) };
        let now = room.stage.clock.now();
        let found = SuggestRemediations { alarms, now, terms: None }.call(&outside).await.unwrap();
        for proposal in found.proposals {
            println!("{:?} {:?} score {:.3} {:?}", proposal.service, proposal.remedy(), proposal.score, proposal.key());
        }
    })
    .await;
}
