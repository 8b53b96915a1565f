//! The local AWS as somebody who deploys meets it: plain HTTP, as the AWS command line speaks it. What the bot itself calls,
//! it calls through the SDK.

use crate::http;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// How long a stack may take to come up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A local AWS.
#[derive(Clone, Debug)]
pub struct Cloud {
    /// Where it is, `http://127.0.0.1:4566`.
    pub url: String,
    /// The account, 12 digits.
    pub account: String,
}

impl Cloud {
    /// Puts an object into a bucket, which is made if it is not there.
    pub async fn put_object(&self, bucket: &str, key: &str, bytes: &[u8]) {
        self.call("s3", "PUT", &format!("/{bucket}"), &[], b"").await;
        self.call("s3", "PUT", &format!("/{bucket}/{key}"), &[("content-type", "application/zip")], bytes).await;
    }

    /// Calls an operation of a service that speaks JSON: `secretsmanager.CreateSecret`.
    pub async fn json(&self, service: &str, operation: &str, body: &Value) -> Value {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", operation)];
        let answer = self.call(service, "POST", "/", &headers, body.to_string().as_bytes()).await;
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Invokes a function and does not wait for it, as EventBridge does.
    pub async fn invoke_async(&self, function: &str, event: &Value) {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let headers = [("content-type", "application/json"), ("x-amz-invocation-type", "Event")];
        self.call("lambda", "POST", &path, &headers, event.to_string().as_bytes()).await;
    }

    /// Invokes a function and returns its answer, an error of its own included.
    ///
    /// # Panics
    /// The local AWS refuses.
    pub async fn invoke(&self, function: &str, event: &Value) -> Value {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = self
            .call("lambda", "POST", &path, &[("content-type", "application/json")], event.to_string().as_bytes())
            .await;
        serde_json::from_str(&answer).expect("a function answers with JSON")
    }

    /// Makes a stack and returns its outputs once it stands.
    ///
    /// # Panics
    /// The stack does not come up.
    pub async fn deploy(&self, stack: &str, template: &str) -> BTreeMap<String, String> {
        let create = [
            ("Action", "CreateStack"),
            ("StackName", stack),
            ("TemplateBody", template),
            ("Capabilities.member.1", "CAPABILITY_IAM"),
            ("Capabilities.member.2", "CAPABILITY_AUTO_EXPAND"),
        ];
        self.cloudformation(&create).await;
        let standing = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(200));
            loop {
                ticks.tick().await;
                let stacks = self.cloudformation(&[("Action", "DescribeStacks"), ("StackName", stack)]).await;
                let status = tag(&stacks, "StackStatus").next().unwrap_or_default();
                if !status.ends_with("IN_PROGRESS") {
                    let events = self.cloudformation(&[("Action", "DescribeStackEvents"), ("StackName", stack)]).await;
                    assert_eq!(status, "CREATE_COMPLETE", "the stack does not come up:\n{events}");
                    return stacks;
                }
            }
        };
        let stacks = tokio::time::timeout(PATIENCE, standing).await.expect("the stack hangs");
        tag(&stacks, "OutputKey").map(str::to_owned).zip(tag(&stacks, "OutputValue").map(str::to_owned)).collect()
    }

    async fn cloudformation(&self, fields: &[(&str, &str)]) -> String {
        let version = [("Version", "2010-05-15")];
        let fields: Vec<String> =
            fields.iter().chain(&version).map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.call("cloudformation", "POST", "/", &headers, fields.join("&").as_bytes()).await
    }

    async fn call(&self, service: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
        // It looks at the account and the service, and at nothing else of the signature.
        let credential = format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.account
        );
        let mut all = vec![("authorization", credential.as_str())];
        all.extend(headers);
        let (status, answer) = http::request(method, &format!("{}{path}", self.url), &all, body).await;
        assert!((200..300).contains(&status), "{service} {method} {path}: {status}\n{answer}");
        answer
    }
}

/// The path under which the local AWS serves a function's URL.
pub fn local_path(function_url: &str) -> String {
    let id = function_url.trim_start_matches("https://").split('.').next().unwrap_or_default();
    format!("/_aws/lambda-url/{id}")
}

/// The texts of every element `name` in an XML document that nests none of them.
fn tag<'a>(xml: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts: Vec<&str> =
        xml.split(open.as_str()).skip(1).filter_map(|rest| rest.split(close.as_str()).next()).collect();
    parts.into_iter()
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The body of `CreateSecret`.
pub fn secret(name: &str, value: &str) -> Value {
    json!({"Name": name, "SecretString": value})
}
