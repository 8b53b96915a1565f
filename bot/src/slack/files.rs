//! Files: uploading one, asking whether a message may show it yet, and sharing some in a thread.
//!
//! Slack takes a file in three steps: it gives an address, takes the bytes there, and is told that they are complete. The
//! file belongs to the app alone until a message shows it, and no message may before Slack has processed it. Where the last step
//! names a thread, Slack posts the message there by itself; that one carries no metadata of ours.

use super::chat::{CALL_TIMEOUT, CLOCK_MARGIN, Chat, ChatError, late, timely};
use crate::event::MessageRef;
use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, Request, StatusCode, Uri};
use blocks::limits::{MAX_TITLE, cut};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slack_morphism::SlackClientHttpConnector as _;
use std::net::IpAddr;

/// The characters of the description that a file itself carries; Slack refuses more. The block that shows it may have more.
const MAX_FILE_ALT: usize = 1000;

/// The bytes of an answer that are read.
const MAX_ANSWER: usize = 64 * 1024;

/// How long to wait after a 429 that does not say.
const USUAL_WAIT_S: u64 = 30;

/// Slack's id of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileId(pub String);

/// A file to be uploaded.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// What it is called, with the extension: `INC-1.png`.
    pub name: String,
    /// What stands over it; plain text.
    pub title: String,
    /// What it shows, for people who cannot see it; plain text.
    pub alt: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload").field("name", &self.name).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

impl Chat {
    /// Uploads a file. It is private to the app until a message shows it, and is shown only once it
    /// [is processed](Self::is_processed). A failure in the middle leaves nothing that anybody sees.
    ///
    /// # Errors
    /// Slack refuses one of the three steps, or does not answer it; or it names an address to which no file should go.
    pub async fn upload(&self, file: &Upload) -> Result<FileId, ChatError> {
        let id = self.bring(file).await?;
        let complete = json!({"files": [{"id": id.0, "title": cut(&file.title, MAX_TITLE)}]});
        self.post("files.completeUploadExternal", complete).await?;
        Ok(id)
    }

    /// Uploads files and shares them in one message in the thread of `at`. They are seen all together or not at all; only of an
    /// error of unknown outcome nobody can tell whether they are.
    ///
    /// # Errors
    /// As [`Self::upload`].
    pub async fn share(&self, files: &[Upload], at: &MessageRef) -> Result<(), ChatError> {
        let mut listed = Vec::new();
        for file in files {
            listed.push(json!({"id": self.bring(file).await?.0, "title": cut(&file.title, MAX_TITLE)}));
        }
        let complete = json!({"files": listed, "channel_id": at.channel, "thread_ts": at.ts});
        self.post("files.completeUploadExternal", complete).await.map(drop)
    }

    /// Whether a message in the thread of `at`, written since `since`, holds a file with this title.
    ///
    /// # Errors
    /// Slack refuses, or does not answer.
    pub async fn has_file(&self, at: &MessageRef, since: Timestamp, title: &str) -> Result<bool, ChatError> {
        let oldest = since.saturating_sub(CLOCK_MARGIN).unwrap_or(since).as_second().to_string();
        let mut cursor = String::new();
        loop {
            let fields = vec![
                ("channel", Some(at.channel.as_str())),
                ("ts", Some(at.ts.as_str())),
                ("oldest", Some(oldest.as_str())),
                ("limit", Some("200")),
                ("cursor", Some(cursor.as_str()).filter(|cursor| !cursor.is_empty())),
            ];
            let session = self.client.open_session(&self.token);
            let http = &session.http_session_api;
            let answer = self.heard(timely(http.http_get("conversations.replies", &fields, None)).await)?;
            let messages = answer["messages"].as_array().into_iter().flatten();
            let mut files = messages.flat_map(|message| message["files"].as_array().into_iter().flatten());
            if files.any(|file| file["title"] == title) {
                return Ok(true);
            }
            answer["response_metadata"]["next_cursor"].as_str().unwrap_or_default().clone_into(&mut cursor);
            if cursor.is_empty() {
                return Ok(false);
            }
        }
    }

    /// The first two steps: the file is with Slack, and nobody's yet.
    async fn bring(&self, file: &Upload) -> Result<FileId, ChatError> {
        let (length, alt) = (file.bytes.len().to_string(), cut(&file.alt, MAX_FILE_ALT));
        let mut fields = vec![("filename", file.name.as_str()), ("length", &length)];
        if !alt.is_empty() {
            fields.push(("alt_txt", &alt));
        }
        let answer = self.post_form("files.getUploadURLExternal", &fields).await?;
        let text = |key: &str| answer[key].as_str().filter(|text| !text.is_empty());
        let (Some(address), Some(id)) = (text("upload_url"), text("file_id")) else {
            return Err(ChatError::Unknown("an upload was answered without `upload_url` and `file_id`".to_owned()));
        };
        self.carrier.bring(address, file.bytes.clone()).await?;
        Ok(FileId(id.to_owned()))
    }

    /// Whether Slack has processed a file, so that a message may show it. It takes a second or so from the upload on.
    ///
    /// # Errors
    /// Slack refuses, or does not answer.
    pub async fn is_processed(&self, file: &FileId) -> Result<bool, ChatError> {
        let session = self.client.open_session(&self.token);
        let fields = vec![("file", Some(file.0.as_str()))];
        let answer = self.heard(timely(session.http_session_api.http_get("files.info", &fields, None)).await)?;
        Ok(answer["file"]["mimetype"].as_str().is_some_and(|kind| !kind.is_empty()))
    }

    /// Calls a method that takes a form and no JSON. In the address, the form could become longer than a server takes.
    async fn post_form(&self, method: &str, fields: &[(&str, &str)]) -> Result<Value, ChatError> {
        let url = self.client.http_api.connector.create_method_uri_path(method);
        let url = url.map_err(|_| ChatError::Refused("the address of the Web API is no URL".to_owned()))?;
        let form = serde_urlencoded::to_string(fields).expect("pairs of text can be encoded");
        let session = self.client.open_session(&self.token);
        let kind = "application/x-www-form-urlencoded".to_owned();
        self.heard(timely(session.http_session_api.http_post_uri_binary(url, kind, form.as_bytes(), None)).await)
    }
}

/// Brings bytes to the address that Slack named. It holds no token, so it cannot send one there.
#[derive(Clone, Debug)]
pub(super) struct Carrier(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Carrier {
    pub(super) fn new(connector: HttpsConnector<HttpConnector>) -> Self {
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Sends any request; returns the status, the headers and the body of the answer.
    pub(super) async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(u16, HeaderMap, Bytes), ChatError> {
        let failed = || ChatError::Unknown("the connection failed".to_owned());
        let exchange = async {
            let (head, body) = self.0.request(request).await.map_err(|_| failed())?.into_parts();
            let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|_| failed())?;
            Ok((head.status.as_u16(), head.headers, body.to_bytes()))
        };
        tokio::time::timeout(CALL_TIMEOUT, exchange).await.unwrap_or_else(|_| Err(late()))
    }

    async fn bring(&self, address: &str, bytes: Vec<u8>) -> Result<(), ChatError> {
        let request = Request::post(trusted(address)?)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(Full::new(Bytes::from(bytes)))
            .map_err(|_| not_trusted())?;
        match tokio::time::timeout(CALL_TIMEOUT, self.0.request(request)).await {
            Ok(Ok(answer)) => taken(answer.status(), answer.headers()),
            Ok(Err(_)) => Err(ChatError::Unknown("the connection failed".to_owned())),
            Err(_) => Err(late()),
        }
    }
}

/// The address as one to which a file may go: encrypted, or on this machine.
fn trusted(address: &str) -> Result<Uri, ChatError> {
    if !is_trusted(address, ["https", "http"]) {
        return Err(not_trusted());
    }
    address.parse().map_err(|_| not_trusted())
}

/// Whether an address that Slack names is encrypted, by the first of these schemes, or on this machine, by the second.
pub(super) fn is_trusted(address: &str, [encrypted, plain]: [&str; 2]) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let is_plain_host = !host.is_empty() && uri.authority().is_some_and(|whole| !whole.as_str().contains('@'));
    let scheme = uri.scheme_str().unwrap_or_default();
    is_plain_host && (scheme == encrypted || (scheme == plain && is_here))
}

/// The address itself is left out: it is a permission to upload.
fn not_trusted() -> ChatError {
    ChatError::Refused("the address for the upload is neither HTTPS nor on this machine".to_owned())
}

/// What the upload's answer means. Its words are not part of the protocol, and nothing is followed elsewhere.
fn taken(status: StatusCode, headers: &HeaderMap) -> Result<(), ChatError> {
    let code = status.as_u16();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Err(ChatError::Limited { after_s: after.unwrap_or(USUAL_WAIT_S) })
    } else if status.is_success() {
        Ok(())
    } else if status.is_client_error() || status.is_redirection() {
        Err(ChatError::Refused(format!("HTTP {code}")))
    } else {
        Err(ChatError::Unknown(format!("HTTP {code}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_go_to_trusted_addresses_only() {
        #[track_caller]
        fn check(address: &str, expected: bool) {
            assert_eq!(trusted(address).is_ok(), expected, "{address:?}");
        }
        check("https://files.slack.com/upload/v1/ABC123", true);
        check("http://127.0.0.1:4001/upload/v1/ABC123", true);
        check("http://[::1]:4001/upload/v1/ABC123", true);
        for lie in [
            "",
            "/upload/v1/ABC123",
            "files.slack.com",
            "http://files.slack.com/upload/v1/ABC123",
            "http://127.0.0.1.evil.example/upload",
            "http://127.0.0.1:80@evil.example/upload",
            "http://evil.example@127.0.0.1/upload",
            "https://slack.com@evil.example/upload",
            "http://169.254.169.254/latest/meta-data",
            "http://localhost.evil.example/upload",
            "ftp://127.0.0.1/upload",
            "file:///etc/passwd",
            "https:///upload",
        ] {
            check(lie, false);
        }
    }

    #[test]
    fn every_status_means_something() {
        #[track_caller]
        fn check(status: u16, after: Option<&str>, expected: &Result<(), ChatError>) {
            let headers = after.map(|after| (RETRY_AFTER, after.parse().unwrap()));
            assert_eq!(taken(StatusCode::from_u16(status).unwrap(), &headers.into_iter().collect()), *expected);
        }
        check(200, None, &Ok(()));
        check(429, Some("7"), &Err(ChatError::Limited { after_s: 7 }));
        check(429, Some("soon"), &Err(ChatError::Limited { after_s: USUAL_WAIT_S }));
        check(302, None, &Err(ChatError::Refused("HTTP 302".to_owned())));
        check(400, None, &Err(ChatError::Refused("HTTP 400".to_owned())));
        check(503, None, &Err(ChatError::Unknown("HTTP 503".to_owned())));
    }

    #[test]
    fn an_upload_in_a_log_is_its_name_and_its_length() {
        let upload = Upload { name: "a.png".to_owned(), title: "t".to_owned(), alt: "b".to_owned(), bytes: vec![7; 3] };
        assert_eq!(format!("{upload:?}"), r#"Upload { name: "a.png", bytes: 3, .. }"#);
    }
}
