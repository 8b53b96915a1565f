//! A model phrases what is known, and answers questions: what it says well stands on the card, what it says badly nowhere, and
//! nobody waits for it.
#![allow(clippy::unwrap_used, reason = "a helper of a test may fail like a test")]

use bot::config::{Bedrock, Limits};
use bot::drill::HouseRules;
use insta::assert_snapshot;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tests::speaker::{Speaker, calls, last_words, reply, tells};
use tests::{Room, alarm, run_test, run_test_under};
use tokio::sync::mpsc::UnboundedSender;
use tools::language::{Failure, Heard, Prompt, Reply, Said, Stop};
use tools::model::{Outlook, Verdict};
use tools::narrate::narrate;
use tools::ports::LanguageModel;

/// A model that says of the claims in a prompt what the rules would say.
fn honest(prompt: &Prompt) -> Reply {
    let words = last_words(prompt);
    let claims = words.split_once("<claims>\n").unwrap().1.split_once("\n</claims>").unwrap().0;
    let claims: Value = serde_json::from_str(claims).unwrap();
    let verdict: Verdict = serde_json::from_value(claims["verdict"].clone()).unwrap();
    let outlook: Option<Outlook> = serde_json::from_value(claims["outlook"].clone()).unwrap();
    let sentences = narrate(&verdict, outlook.as_ref(), &[]);
    calls("tell", json!({ "sentences": sentences }))
}

/// A model that never answers.
#[derive(Debug)]
struct Hanging;

#[async_trait::async_trait]
impl LanguageModel for Hanging {
    async fn converse(&self, _prompt: &Prompt, _heard: Option<&UnboundedSender<Heard>>) -> Result<Reply, Failure> {
        std::future::pending().await
    }
}

/// The story as it is told by the card, without what a model says, and what a model says.
fn card(room: &Room) -> (String, String) {
    let posts = room.channel();
    let card = blocks::text::message(&posts[0].body, &|_| None);
    let lines: Vec<&str> = card.lines().collect();
    let told = lines.iter().position(|line| *line == "In short").map_or("", |at| lines[at + 1]);
    (lines[0].to_owned(), told.to_owned())
}

#[tokio::test]
async fn what_a_model_says_well_stands_on_the_card() {
    let speaker = Speaker::new(|prompt| Ok(honest(prompt)));
    run_test_under(speaker.house(), async |room| {
        room.floods().await;
        room.wait(10).await;
        let (title, told) = card(room);
        assert_eq!(title, "INC-1 · user-pool: requests fail");
        assert_snapshot!(told, @"`user-pool` is the cause, with 97 % confidence: 421 requests a minute fail, where 1.07 is usual. (E1, E2, E3) `user-pool` left its normal range at 03:12 UTC and dragged down `token-exchange` and `orders-api`. (E2, E7, E4) `web` may be hit next, because it calls `orders-api`. (E10) Look at `user-pool` first. (E1)");
        let incident = room.incidents().await.remove(0);
        assert_eq!(incident.dropped_sentences, 0);
        assert_eq!(incident.spent.micro_usd, Some(4_500));
        assert!(blocks::text::message(&room.channel()[0].body, &|_| None).contains("models took $0.004"));
        // The same story is not told twice.
        room.wait(120).await;
        assert_eq!(speaker.asked().len(), 1);
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn the_card_goes_out_before_any_model_is_waited_for() {
    let limits = Limits { deadline: Duration::from_millis(100), ..Bedrock::default().limits() };
    let house = HouseRules { model: Some((Arc::new(Hanging), limits)), ..HouseRules::default() };
    run_test_under(house, async |room| {
        room.floods().await;
        let (title, told) = card(room);
        assert_eq!((title.as_str(), told.as_str()), ("INC-1 · user-pool: requests fail", ""));
        // Whoever asks is answered by the rules.
        room.mina().types("status").await;
        assert!(room.reads_only("only Mina").contains("INC-1"));
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn without_a_model_the_card_says_nothing_about_it() {
    let failures = [
        Failure::Gone("reached the end of its life".to_owned()),
        Failure::Denied("no access".to_owned()),
        Failure::Throttled("too many tokens".to_owned()),
        Failure::TooSlow,
        Failure::Failed("500".to_owned()),
        Failure::Invalid("messages".to_owned()),
    ];
    for failure in failures {
        let told = failure.clone();
        let speaker = Speaker::new(move |_| Err(told.clone()));
        run_test_under(speaker.house(), async |room| {
            room.floods().await;
            let (title, told) = card(room);
            assert_eq!((title.as_str(), told.as_str()), ("INC-1 · user-pool: requests fail", ""), "{failure}");
            let incident = room.incidents().await.remove(0);
            assert_eq!((incident.narrative, incident.spent.tokens()), (None, 0));
            // A question is answered all the same.
            room.mina().types("ask what changed?").await;
            assert!(room.reads_only("only Mina").contains("changes"), "{failure}");
            room.skims();
        })
        .await;
    }
}

#[tokio::test]
async fn what_a_model_says_badly_is_dropped_and_counted() {
    type Says = fn() -> Reply;
    let replies: [(&str, Says, u32); 5] = [
        (
            "false",
            || {
                tells(&[
                    ("billing-export caused the failures.", &["E1"]),
                    ("It has 5 failed requests a minute.", &["E1"]),
                ])
            },
            2,
        ),
        ("no evidence", || tells(&[("user-pool fails.", &[]), ("user-pool fails.", &["E999"])]), 2),
        ("malformed", || calls("tell", json!({"sentences": [7, {"text": "user-pool fails."}]})), 2),
        ("withheld", || reply(vec![Said::Text("user-pool fails.".to_owned())], Stop::Withheld), 0),
        ("cut", || reply(vec![Said::Text("user-pool fa".to_owned())], Stop::Cut), 0),
    ];
    for (what, says, dropped) in replies {
        let speaker = Speaker::new(move |_| Ok(says()));
        run_test_under(speaker.house(), async |room| {
            room.floods().await;
            room.wait(10).await;
            assert_eq!(card(room).1, "", "{what}");
            let incident = room.incidents().await.remove(0);
            assert_eq!(incident.dropped_sentences, dropped, "{what}");
            assert_eq!(incident.spent.micro_usd, Some(4_500), "what it took is counted all the same");
            room.skims();
        })
        .await;
    }
}

#[tokio::test]
async fn what_models_may_take_is_bounded() {
    let usual = Bedrock::default().limits();
    let bounds = [
        Limits { micro_usd_per_incident: 4_000, ..usual },
        Limits { tokens_per_incident: 1_000, ..usual },
        Limits { micro_usd_per_hour: 4_000, ..usual },
        Limits { tokens_per_hour: 1_000, ..usual },
    ];
    for limits in bounds {
        let speaker = Speaker::new(|prompt| Ok(honest(prompt)));
        run_test_under(speaker.house_within(limits), async |room| {
            room.floods().await;
            room.wait(60).await;
            assert_eq!(speaker.asked().len(), 1);
            room.skims();
            // It is used up: the rules answer.
            room.mina().types("ask what changed?").await;
            assert_eq!(speaker.asked().len(), 1, "{limits:?}");
            assert!(room.reads_only("only Mina").contains("changes"));
            room.skims();
        })
        .await;
    }
}

/// The answers of tools that a prompt ends with.
fn answered(prompt: &Prompt) -> Vec<(Value, bool)> {
    let last = prompt.turns.last().unwrap();
    let answers = last.said.iter().filter_map(|said| match said {
        Said::Answer { answer, failed, .. } => Some((answer.clone(), *failed)),
        Said::Text(_) | Said::Call { .. } => None,
    });
    answers.collect()
}

#[tokio::test]
async fn a_question_is_answered_by_reading() {
    let speaker = Speaker::new(|prompt| {
        if prompt.must_call.is_some() {
            return Ok(tells(&[]));
        }
        Ok(match prompt.turns.len() {
            // Twice the same, then something that would change the world.
            1 | 3 => calls("list_changes", json!({})),
            5 => calls("execute_remediation", json!({"remedy": "alias_rollback"})),
            _ => honest(&Prompt { turns: prompt.turns[..1].to_vec(), ..prompt.clone() }),
        })
    });
    run_test_under(speaker.house(), async |room| {
        room.floods().await;
        room.mina().types("ask INC-1 why do logins fail?").await;
        assert_snapshot!(room.reads_only("only Mina"), @"
        #war-room, only Mina:
        INC-1 · you asked
        “why do logins fail?”
        `user-pool` is the cause, with 97 % confidence: 421 requests a minute fail, where 1.07 is usual. (E1, E2, E3)
        `user-pool` left its normal range at 03:12 UTC and dragged down `token-exchange` and `orders-api`. (E2, E7, E4)
        `web` may be hit next, because it calls `orders-api`. (E10)
        Look at `user-pool` first. (E1)
        What supports it
        • E1 `user-pool`: 421 failed requests a minute where 1.07 failed requests a minute is usual, 573 deviations · `GetMetricData user-pool requests,faults Sum 60s`
        • E2 `user-pool` left its normal range at 03:12:00 UTC · `GetMetricData user-pool requests,faults Sum 60s`
        • E3 `prod-user-pool-throttles` went to ALARM at 03:14:10 UTC · source
        • E4 `orders-api`: 401 failed requests a minute where 1.07 failed requests a minute is usual, 546 deviations · `GetMetricData orders-api requests,faults Sum 60s`
        • E7 `token-exchange`: 411 failed requests a minute where 1.07 failed requests a minute is usual, 560 deviations · `GetMetricData token-exchange requests,faults Sum 60s`
        • E10 `web` calls `orders-api`, 600 times a minute · `GetServiceGraph`
        · Phrased by a model, each sentence checked · read `list_changes` · $0.018
        ");
        let asked = speaker.asked();
        let told: Vec<(Value, bool)> = asked.iter().flat_map(answered).collect();
        let [(first, false), (again, true), (unknown, true)] = told.as_slice() else { panic!("{told:?}") };
        assert!(first["changes"].is_array(), "{first}");
        assert!(again.as_str().unwrap().contains("already"), "{again}");
        assert!(unknown.as_str().unwrap().starts_with("there is no such tool; there is: "), "{unknown}");
        assert!(!unknown.as_str().unwrap().contains("execute"), "{unknown}");
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_model_that_only_reads_has_to_answer_in_the_end() {
    let speaker = Speaker::new(|prompt| {
        let tools = ["list_changes", "get_timeline", "list_gaps", "detect_bottlenecks", "predict_cascade"];
        match &prompt.must_call {
            Some(_) => Ok(honest(&Prompt { turns: prompt.turns[..1].to_vec(), ..prompt.clone() })),
            None => Ok(calls(tools[prompt.turns.len() / 2], json!({}))),
        }
    });
    run_test_under(speaker.house(), async |room| {
        room.floods().await;
        room.skims();
        let before = speaker.asked().len();
        room.mina().types("ask what is going on?").await;
        assert_eq!(speaker.asked().len() - before, 5);
        assert!(room.reads_only("only Mina").contains("read `list_changes`"));
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn whoever_speaks_in_whole_sentences_asks() {
    let speaker = Speaker::new(|prompt| Ok(honest(prompt)));
    run_test_under(speaker.house(), async |room| {
        room.floods().await;
        room.stage.workspace.write_to_app("U0MINA", "why do logins fail?");
        room.stage.settle().await;
        assert!(room.reads_only("clarity-and-mina").contains("you asked"));
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn without_a_model_a_question_finds_the_answer_that_exists() {
    run_test(async |room| {
        room.mina().types("ask what is going on?").await;
        assert!(room.reads().contains("No incident is open"));
        room.floods().await;
        for (question, answer) in [
            ("what changed?", "INC-1 · changes"),
            ("who is hit next?", "INC-1 · who is hit next"),
            ("why?", "INC-1 · why"),
        ] {
            room.mina().types(&format!("ask {question}")).await;
            let told = room.reads_only("only Mina");
            assert!(told.contains(answer), "{question}: {told}");
        }
        room.mina().types("ask").await;
        assert_snapshot!(room.reads_only("only Mina"), @"
        #war-room, only Mina:
        Please write the words after `ask`. `/incident help` lists what exists.
        ");
        room.skims();
    })
    .await;
}

#[tokio::test]
async fn a_crash_asks_no_model_twice_for_the_same() {
    let speaker = Speaker::new(|prompt| Ok(honest(prompt)));
    run_test_under(speaker.house(), async |room| {
        room.floods().await;
        room.wait(10).await;
        room.restart().await;
        room.wait(60).await;
        assert_eq!(speaker.asked().len(), 1);
        assert_eq!(room.incidents().await[0].spent.micro_usd, Some(4_500));
        room.eventbridge(&alarm("prod-web-5xx", 300)).await;
        room.skims();
    })
    .await;
}
