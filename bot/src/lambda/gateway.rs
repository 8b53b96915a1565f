//! HTTP as a function URL brings it, payload format 2.0: a JSON event in, a JSON answer out.

use axum::body::{Body, Bytes};
use axum::http::{Method, Request, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    raw_path: String,
    #[serde(default)]
    raw_query_string: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: Context,
}

#[derive(Deserialize)]
struct Context {
    http: Http,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

/// Why an event is no HTTP request that we can read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It has another shape.
    #[error("the event is no HTTP request in payload format 2.0: {0}")]
    Shape(#[from] serde_json::Error),
    /// Its body is not the base64 it claims to be.
    #[error("the body is no base64: {0}")]
    Body(#[from] base64::DecodeError),
    /// Its method, path or a header is not valid.
    #[error("the request is not valid HTTP: {0}")]
    Http(#[from] axum::http::Error),
}

/// Whether the event is an HTTP request. Whoever calls the function URL cannot make it look otherwise: Lambda itself writes
/// the frame.
pub fn is_request(event: &Value) -> bool {
    event.get("requestContext").is_some()
}

/// The request in the event, its body byte for byte as it was sent: Slack's signature is over those.
pub fn request(event: Value) -> Result<Request<Body>, Unreadable> {
    let event: Event = serde_json::from_value(event)?;
    let body = match event.body {
        None => Bytes::new(),
        Some(body) if event.is_base64_encoded => BASE64.decode(body)?.into(),
        Some(body) => body.into(),
    };
    let method = Method::from_bytes(event.request_context.http.method.as_bytes()).map_err(axum::http::Error::from)?;
    let query = if event.raw_query_string.is_empty() { "" } else { "?" };
    let mut request =
        Request::builder().method(method).uri(format!("{}{query}{}", event.raw_path, event.raw_query_string));
    for (name, value) in event.headers {
        // The body's length is known better than told.
        if !name.eq_ignore_ascii_case(header::CONTENT_LENGTH.as_str()) {
            request = request.header(name, value);
        }
    }
    Ok(request.header(header::CONTENT_LENGTH, body.len()).body(Body::from(body))?)
}

/// The answer as Lambda takes it.
pub async fn answer(response: Response) -> Result<Value, axum::Error> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in &head.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let known = headers.entry(name.as_str()).or_default();
        *known = if known.is_empty() { value.into_owned() } else { format!("{known}, {value}") };
    }
    let (body, is_base64) = match std::str::from_utf8(&body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (BASE64.encode(&body), true),
    };
    Ok(json!({"statusCode": head.status.as_u16(), "headers": headers, "body": body, "isBase64Encoded": is_base64}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;

    fn event(body: &str, is_base64: bool) -> Value {
        json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/slack/commands", "rawQueryString": "a=1&b=%20",
            "headers": {"content-type": "application/x-www-form-urlencoded", "x-slack-signature": "v0=1", "content-length": "3"},
            "requestContext": {"accountId": "anonymous", "http": {"method": "POST", "path": "/slack/commands"}},
            "body": body, "isBase64Encoded": is_base64,
        })
    }

    #[tokio::test]
    async fn a_form_body_comes_byte_for_byte() {
        for (body, is_base64) in [("dGV4dD1oJUM0JTgxJTJC", true), ("text=h%C4%81%2B", false)] {
            let request = request(event(body, is_base64)).unwrap();
            assert_eq!(request.method(), Method::POST);
            assert_eq!(request.uri().to_string(), "/slack/commands?a=1&b=%20");
            assert_eq!(request.headers()["x-slack-signature"], "v0=1");
            assert_eq!(request.headers().get_all(header::CONTENT_LENGTH).iter().count(), 1);
            assert_eq!(request.headers()[header::CONTENT_LENGTH], "15");
            let body = request.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, "text=h%C4%81%2B");
        }
    }

    #[test]
    fn a_request_without_a_body_is_one_too() {
        let request = request(json!({"rawPath": "/healthz", "requestContext": {"http": {"method": "GET"}}})).unwrap();
        assert_eq!((request.method(), request.uri().path()), (&Method::GET, "/healthz"));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let broken = [
            json!({"requestContext": {}}),
            json!({"rawPath": "/", "requestContext": {"http": {"method": "GET"}}, "body": "%", "isBase64Encoded": true}),
            json!({"rawPath": "no path", "requestContext": {"http": {"method": "GET"}}}),
            json!({"rawPath": "/", "requestContext": {"http": {"method": "no method"}}}),
        ];
        for event in broken {
            assert!(is_request(&event) && request(event.clone()).is_err(), "{event}");
        }
        assert!(!is_request(&json!({"source": "aws.cloudwatch"})));
    }

    #[tokio::test]
    async fn an_answer_keeps_status_headers_and_body() {
        let response = (StatusCode::ACCEPTED, [("x-a", "1")], "{\"ok\":true}").into_response();
        let answer = answer(response).await.unwrap();
        assert_eq!(answer["statusCode"], 202);
        assert_eq!(answer["headers"]["x-a"], "1");
        assert_eq!((&answer["body"], &answer["isBase64Encoded"]), (&json!("{\"ok\":true}"), &json!(false)));
        let bytes = super::answer(vec![0xff_u8].into_response()).await.unwrap();
        assert_eq!((&bytes["body"], &bytes["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
    }
}
