use super::super::tests::{Shelf, door};
use super::*;
use crate::alarms::sns::verify::Authority;
use crate::event::Delivered;
use axum::Router;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use insta::assert_snapshot;
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;
use tools::capsule::ModelClock;
use tools::model::AlarmState;

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alarms";
/// Signed when these tests were written, with a key that nobody has any more.
const SIGNED: &str = include_str!("../../../../tests/samples/sns_test_only/signed.json");
const CERTIFICATE: &str = include_str!("../../../../tests/samples/sns_test_only/certificate.pem");

/// A front door, and a host of SNS that counts what it is asked.
struct Scene {
    door: Door,
    shelf: Arc<Shelf>,
    asked: Arc<Mutex<Vec<String>>>,
    _server: JoinSet<()>,
}

impl Scene {
    /// It is so late, and the host gives out this certificate.
    async fn at(now: &str, certificate: &'static str) -> Self {
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (certificates, confirmations) = (Arc::clone(&asked), Arc::clone(&asked));
        let host = Router::new()
            .route(
                "/SimpleNotificationService-test-only.pem",
                get(async move || {
                    certificates.lock().unwrap().push("certificate".to_owned());
                    if certificate.is_empty() {
                        StatusCode::NOT_FOUND.into_response()
                    } else {
                        certificate.into_response()
                    }
                }),
            )
            .route(
                "/",
                get(async move |RawQuery(query): RawQuery| {
                    confirmations.lock().unwrap().push(query.unwrap_or_default());
                }),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, host).await.unwrap() });
        let (door, shelf) = door();
        let mut config = (*door.config).clone();
        config.scopes[1].sns_topics = vec![TOPIC.to_owned()];
        let door = Door {
            config: Arc::new(config),
            clock: Arc::new(ModelClock::starting_at(now.parse().unwrap())),
            sns: Authority::standing_at(format!("http://{address}")).unwrap(),
            ..door
        };
        Self { door, shelf, asked, _server: server }
    }

    async fn usual() -> Self {
        Self::at("2026-11-20T14:02:12Z", CERTIFICATE).await
    }

    async fn take(&self, body: &Value) -> Result<Option<String>, String> {
        self.door.take_sns(body.to_string().as_bytes()).await.map_err(|err| {
            let said = err.to_string();
            format!("{} {said}", err.into_response().status().as_u16())
        })
    }

    fn put(&self) -> Vec<Delivered> {
        self.shelf.0.lock().unwrap().clone()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn signed(name: &str) -> Value {
    let all: Value = serde_json::from_str(SIGNED).unwrap();
    assert!(all[name].is_object(), "there is no {name}");
    all[name].clone()
}

#[tokio::test]
async fn what_sns_signed_is_taken_with_either_hash() {
    let scene = Scene::usual().await;
    for name in ["notification_v1", "notification_v2"] {
        assert_eq!(scene.take(&signed(name)).await, Ok(None), "{name}");
    }
    let put = scene.put();
    // Both have the same id: the second is a repeat, which the inbox knows by its key.
    assert_eq!(put.len(), 2);
    assert_eq!(put[0].key, put[1].key);
    assert_eq!(put[0].key.0, "sns/95df01b4-ee98-5cb9-9903-4c221d41eb5e");
    assert_eq!(put[0].scope.0, "test", "the scope of the topic, not of the account");
    let Event::Alarm { alarm, via, message } = &put[0].event else { panic!("no alarm: {put:?}") };
    assert_eq!(
        (alarm.name.as_str(), alarm.state, *via),
        ("auth-prod-lambda-token-exchange-errors", AlarmState::Alarm, Via::Sns)
    );
    assert_eq!((alarm.changed_at.to_string().as_str(), message), ("2026-11-20T14:02:11.406Z", &None));
    assert_eq!(scene.asked(), ["certificate"], "a certificate is asked for once");
}

#[tokio::test]
async fn what_was_changed_or_signed_by_others_is_refused() {
    let scene = Scene::usual().await;
    for (field, value) in [
        ("Message", json!("{}")),
        ("Subject", json!("OK")),
        ("MessageId", json!("1")),
        ("Timestamp", json!("2026-11-20T14:02:12.000Z")),
        ("Signature", json!("")),
        ("Signature", json!("no base 64")),
        ("SignatureVersion", json!("1")),
    ] {
        let mut changed = signed("notification_v2");
        changed[field] = value;
        let refused = scene.take(&changed).await;
        assert_eq!(refused, Err("403 the signature of the message of SNS is wrong".to_owned()), "{field}");
    }
    let mut unknown = signed("notification_v2");
    unknown["SignatureVersion"] = json!("3");
    assert_snapshot!(scene.take(&unknown).await.unwrap_err(), @"403 the signature version is neither 1 nor 2");
    assert!(scene.put().is_empty());
}

#[tokio::test]
async fn a_certificate_from_elsewhere_is_not_even_asked_for() {
    let scene = Scene::usual().await;
    assert_snapshot!(scene.take(&signed("wrong_host")).await.unwrap_err(), @"403 the signing certificate is not at an address of SNS");
    assert_snapshot!(scene.take(&signed("wrong_topic")).await.unwrap_err(), @"422 no scope is configured for the topic arn:aws:sns:us-east-1:123456789012:alarms-of-somebody");
    assert!(scene.asked().is_empty() && scene.put().is_empty());
}

#[tokio::test]
async fn what_is_older_than_an_hour_is_refused() {
    let scene = Scene::at("2026-11-20T15:02:12Z", CERTIFICATE).await;
    assert_snapshot!(scene.take(&signed("notification_v2")).await.unwrap_err(), @"403 the message of SNS was not sent within the last hour: `2026-11-20T14:02:11.451Z`");
    assert!(scene.asked().is_empty() && scene.put().is_empty());
}

#[tokio::test]
async fn without_a_certificate_sns_is_told_to_come_again() {
    let scene = Scene::at("2026-11-20T14:02:12Z", "").await;
    assert_snapshot!(scene.take(&signed("notification_v2")).await.unwrap_err(), @"503 SNS did not answer: it answered with an error");
    let scene = Scene::at("2026-11-20T14:02:12Z", "no certificate").await;
    assert_snapshot!(scene.take(&signed("notification_v2")).await.unwrap_err(), @"403 the signing certificate is not at an address of SNS");
}

#[tokio::test]
async fn a_subscription_is_confirmed_where_sns_is_and_nowhere_else() {
    let scene = Scene::usual().await;
    assert_eq!(scene.take(&signed("confirmation")).await, Ok(Some("the subscription is confirmed".to_owned())));
    let visit = format!("Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37");
    assert_eq!(scene.asked(), ["certificate", &visit]);
    assert_snapshot!(scene.take(&signed("confirmation_elsewhere")).await.unwrap_err(), @"403 the subscription is not confirmed at an address of SNS for this topic");
    assert_eq!(scene.take(&signed("unsubscribed")).await, Ok(Some("the subscription ended".to_owned())));
    assert_eq!(scene.asked().len(), 2);
    assert!(scene.put().is_empty());
}

#[tokio::test]
async fn what_is_no_alarm_is_a_note_and_what_is_no_envelope_is_refused() {
    let scene = Scene::usual().await;
    assert_eq!(scene.take(&signed("notification_without_subject")).await, Ok(Some("a message of somebody".to_owned())));
    for odd_one in [json!({}), json!([]), json!(null), json!({"Type": "Notification"}), json!({"AlarmName": "a"})] {
        assert!(scene.take(&odd_one).await.unwrap_err().starts_with("400 "), "{odd_one}");
    }
    assert!(scene.put().is_empty());
}

#[tokio::test]
async fn envelopes_from_whoever_may_bring_events_are_opened() {
    let (door, shelf) = door();
    let alarm = signed("notification_v2");
    let of_lambda = json!({"Records": [{"Sns": alarm}, {"body": alarm.to_string()}, {"body": "hello"}]});
    let note = door.take_event(&of_lambda).await.unwrap();
    assert_snapshot!(note.unwrap(), @"the body is not what this address takes: this is no event of AWS");
    let put = shelf.0.lock().unwrap().clone();
    assert_eq!(
        put.iter().map(|put| put.key.0.as_str()).collect::<Vec<_>>(),
        ["sns/95df01b4-ee98-5cb9-9903-4c221d41eb5e"; 2]
    );
}
