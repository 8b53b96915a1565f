//! Files: Slack's external upload flow, and what may be shown of it.
//!
//! An app asks for an address (`files.getUploadURLExternal`), sends the bytes there (`/upload/v1/<key>`, raw or as one
//! multipart field) and completes the file (`files.completeUploadExternal`). A completed file is processed for a while,
//! [`PROCESSING_S`] seconds on the story's clock unless a [`Fault`](super::fault::Fault::SlowFile) says otherwise: until then its `mimetype`
//! is empty and no message of the app may show it. Time alone decides, so a clock that jumps over the moment is past it.
//!
//! Slack documents neither what happens to bytes of another length than announced, nor to a second upload to the same
//! address, nor to completing what was never uploaded. Here the first is answered with 400, the second with 404 and the
//! third with `file_not_found`, and none changes anything.

use super::api::{Failed, known_channel, refused, text};
use super::fault::Fault;
use super::state::Author;
use super::{BOT_USER, Workspace};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tower_http::limit::RequestBodyLimitLayer;

/// The largest file, in bytes.
pub const MAX_FILE: usize = 8 * 1024 * 1024;
/// What all files together may hold, in bytes.
const MAX_ALL: usize = 512 * 1024 * 1024;
/// What a multipart body may have around the file, in bytes.
const FRAME: usize = 64 * 1024;
/// The longest description of a file, in characters.
const MAX_ALT: usize = 1000;
/// How many seconds a completed file is usually processed.
pub const PROCESSING_S: u32 = 1;

/// A file, from the moment it is announced.
#[derive(Clone, Debug)]
struct File {
    /// The user id of whoever uploads it.
    owner: String,
    name: String,
    title: String,
    alt: String,
    /// Bytes as announced.
    length: usize,
    created: Timestamp,
    /// Whether a channel was named when it was completed: what is no picture is seen only then.
    is_shared: bool,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    /// The bytes are awaited at the address with this key.
    Announced { key: String },
    /// The bytes are here.
    Uploaded { bytes: Bytes },
    /// It can be shown from then on; without a time, never.
    Completed { bytes: Bytes, processed_at: Option<Timestamp> },
}

/// All files, by id.
#[derive(Debug, Default)]
pub(super) struct Files {
    all: BTreeMap<String, File>,
    /// Bytes announced so far.
    announced: usize,
}

impl Files {
    /// Whether the installed app may show this file in a message now: its own, processed, and a picture.
    pub(super) fn may_show(&self, id: &str, now: Timestamp) -> bool {
        self.all.get(id).is_some_and(|file| file.owner == BOT_USER && file.is_processed(now))
            && self.picture(id).is_some()
    }

    /// A completed picture: its kind and its bytes.
    pub(super) fn picture(&self, id: &str) -> Option<(&'static str, Bytes)> {
        match &self.all.get(id)?.step {
            Step::Completed { bytes, .. } => Some((image_kind(bytes)?, bytes.clone())),
            Step::Announced { .. } | Step::Uploaded { .. } => None,
        }
    }

    /// What a browser gets of a picture, or of a file that was shared: its kind, told by its bytes, and them.
    pub(super) fn shown(&self, id: &str) -> Option<(&'static str, Bytes)> {
        let file = self.all.get(id)?;
        match &file.step {
            Step::Completed { bytes, .. } if file.is_shared => Some((kind(bytes), bytes.clone())),
            Step::Completed { .. } => self.picture(id),
            Step::Announced { .. } | Step::Uploaded { .. } => None,
        }
    }

    /// Adds a file that needs no processing any more.
    pub(super) fn add(&mut self, owner: String, name: &str, bytes: Vec<u8>, now: Timestamp) -> String {
        let (id, length) = (self.next_id(), bytes.len());
        let step = Step::Completed { bytes: Bytes::from(bytes), processed_at: Some(now) };
        let (name, title) = (name.to_owned(), name.to_owned());
        self.all.insert(
            id.clone(),
            File { owner, name, title, alt: String::new(), length, created: now, is_shared: false, step },
        );
        id
    }

    fn next_id(&self) -> String {
        format!("F0LOCAL{:05}", self.all.len() + 1)
    }

    /// Takes the bytes that were announced; `None` if nobody awaits any at this address.
    fn take(&mut self, key: &str, bytes: Bytes) -> Option<Result<usize, String>> {
        let (id, _) = key.split_once('-')?;
        let is_awaited = |file: &&mut File| matches!(&file.step, Step::Announced { key: awaited } if awaited == key);
        let file = self.all.get_mut(id).filter(is_awaited)?;
        let length = bytes.len();
        if length != file.length {
            return Some(Err(format!("{length} bytes where {} were announced", file.length)));
        }
        file.step = Step::Uploaded { bytes };
        Some(Ok(length))
    }
}

impl File {
    fn is_processed(&self, now: Timestamp) -> bool {
        match &self.step {
            Step::Completed { processed_at, .. } => processed_at.is_some_and(|at| at <= now),
            Step::Announced { .. } | Step::Uploaded { .. } => false,
        }
    }

    /// The file as the Web API shows it; what is not processed has no kind yet.
    fn to_json(&self, id: &str, address: &str, is_processed: bool) -> Value {
        let bytes = match &self.step {
            Step::Completed { bytes, .. } | Step::Uploaded { bytes } => bytes.as_ref(),
            Step::Announced { .. } => &[],
        };
        let kind = if is_processed { kind(bytes) } else { "" };
        json!({
            "id": id, "created": self.created.as_second(), "timestamp": self.created.as_second(), "name": self.name,
            "title": self.title, "mimetype": kind.split(';').next(),
            "filetype": kind.strip_prefix("image/").unwrap_or_default(),
            "user": self.owner, "size": self.length, "mode": "hosted", "is_external": false, "alt_txt": self.alt,
            "url_private": format!("{address}/files/{id}"),
        })
    }
}

/// The kinds that an image block may show, told by their first bytes.
fn image_kind(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 4] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
    ];
    KINDS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind)
}

/// The kind of any file. Text is text, unless it says of itself that it is a page.
fn kind(bytes: &[u8]) -> &'static str {
    if let Some(kind) = image_kind(bytes) {
        return kind;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.starts_with("<!doctype html>") => PAGE,
        Ok(_) => "text/plain; charset=utf-8",
        Err(_) => "application/octet-stream",
    }
}

/// The kind of a page.
pub(super) const PAGE: &str = "text/html; charset=utf-8";

pub(super) fn router(workspace: Workspace) -> Router {
    Router::new()
        .route("/upload/v1/{key}", post(upload))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(MAX_FILE + FRAME))
        .with_state(workspace)
}

/// `files.getUploadURLExternal`: announces a file, and says where its bytes go.
pub(super) fn announce(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let (name, alt) = (text(arguments, "filename"), text(arguments, "alt_txt"));
    if name.is_empty() {
        return Err(refused("invalid_arguments", &["missing required field: filename".to_owned()]));
    }
    let length: usize = match text(arguments, "length").parse() {
        Ok(0) => return Err("missing_argument".into()),
        Ok(length) => length,
        Err(_) => return Err(refused("invalid_arguments", &["length must be a number of bytes".to_owned()])),
    };
    if length > MAX_FILE {
        return Err("file_upload_size_restricted".into());
    }
    if alt.chars().count() > MAX_ALT {
        return Err("alt_txt_too_large".into());
    }
    let mut state = workspace.lock_state();
    let files = &mut state.files;
    let announced = files.announced.saturating_add(length);
    if announced > MAX_ALL {
        return Err("storage_limit_reached".into());
    }
    files.announced = announced;
    let id = files.next_id();
    // Whoever knows the address may upload, so nobody must be able to guess it.
    let secret = workspace.inner.app.bot_token.expose_secret();
    let key = format!("{id}-{}", hex::encode(Sha256::digest(format!("{secret} {id}"))));
    let upload_url = format!("{}/upload/v1/{key}", workspace.url());
    let file = File {
        owner: BOT_USER.to_owned(),
        name: name.to_owned(),
        title: name.to_owned(),
        alt: alt.to_owned(),
        length,
        created: workspace.inner.clock.now(),
        is_shared: false,
        step: Step::Announced { key },
    };
    files.all.insert(id.clone(), file);
    Ok(json!({"upload_url": upload_url, "file_id": id}))
}

/// Takes the bytes. No token is asked for: the address is the permission. A fault may name this step `upload`.
async fn upload(
    State(workspace): State<Workspace>,
    Path(key): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = workspace.lock_faults().of_method("upload");
    match &fault {
        Some(Fault::Limit { after_s, .. }) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, after_s.to_string())]).into_response();
        }
        Some(Fault::Refuse { error, .. }) => return (StatusCode::BAD_REQUEST, error.clone()).into_response(),
        Some(Fault::LoseAnswer { .. } | Fault::RepeatEvent { .. } | Fault::SlowFile { .. }) | None => {}
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Some(bytes) = content(kind, body) else {
        return (StatusCode::BAD_REQUEST, "the multipart body holds no file").into_response();
    };
    let taken = workspace.lock_state().files.take(&key, bytes);
    if fault.is_some() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match taken {
        Some(Ok(length)) => format!("OK - {length}").into_response(),
        Some(Err(problem)) => (StatusCode::BAD_REQUEST, problem).into_response(),
        None => (StatusCode::NOT_FOUND, "nothing is awaited here").into_response(),
    }
}

/// The file in an upload's body: all of it, or the first field of a multipart form.
fn content(kind: &str, body: Bytes) -> Option<Bytes> {
    if !kind.starts_with("multipart/form-data") {
        return Some(body);
    }
    let boundary = kind.split("boundary=").nth(1)?.split(';').next()?.trim().trim_matches('"');
    let find = |part: &[u8], from: usize| {
        let rest = body.get(from..)?;
        rest.windows(part.len()).position(|window| window == part).map(|at| from + at)
    };
    let field = find(format!("--{boundary}\r\n").as_bytes(), 0)?;
    let start = find(b"\r\n\r\n", field)? + 4;
    let end = find(format!("\r\n--{boundary}").as_bytes(), start)?;
    Some(body.slice(start..end))
}

/// `files.completeUploadExternal`: the files are whole, and are shared if a channel is named.
pub(super) fn complete(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    // In a form the list is JSON in a field.
    let in_form = arguments["files"].as_str().map(|text| serde_json::from_str(text).unwrap_or_default());
    let listed: Value = in_form.unwrap_or_else(|| arguments["files"].clone());
    let listed = listed.as_array().filter(|listed| !listed.is_empty());
    let listed = listed.ok_or_else(|| refused("invalid_arguments", &["missing required field: files".to_owned()]))?;
    let channel = match text(arguments, "channel_id") {
        "" => None,
        channel => Some(known_channel(workspace, &json!({"channel": channel}))?),
    };
    let thread_ts = arguments["thread_ts"].as_str();
    let now = workspace.inner.clock.now();
    let mut state = workspace.lock_state();
    if let (Some(channel), Some(ts)) = (&channel, thread_ts)
        && state.find(channel, ts).is_none()
    {
        return Err("thread_not_found".into());
    }
    let is_whole = |id: &str| {
        let file = state.files.all.get(id).filter(|file| file.owner == BOT_USER);
        matches!(file.map(|file| &file.step), Some(Step::Uploaded { .. }))
    };
    if !listed.iter().all(|one| is_whole(text(one, "id"))) {
        return Err("file_not_found".into());
    }
    let mut told = Vec::new();
    let mut shared = Vec::new();
    for one in listed {
        let id = text(one, "id");
        let takes = workspace.lock_faults().seconds_of_next_file(PROCESSING_S);
        let after =
            |seconds: u32| now.saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
        let processed_at = takes.map(after);
        let Some(file) = state.files.all.get_mut(id) else { continue };
        file.is_shared = channel.is_some();
        if let Step::Uploaded { bytes } = &file.step {
            file.step = Step::Completed { bytes: bytes.clone(), processed_at };
        }
        if let Some(title) = one["title"].as_str() {
            title.clone_into(&mut file.title);
        }
        told.push(json!({"id": id, "title": file.title}));
        // By the time people look, it is processed.
        shared.push(file.to_json(id, workspace.url(), true));
    }
    drop(state);
    if let Some(channel) = channel {
        share(workspace, &channel, thread_ts, text(arguments, "initial_comment"), &shared);
    }
    Ok(json!({"files": told}))
}

/// The message by which people see files that were completed with a channel.
fn share(workspace: &Workspace, channel: &str, thread_ts: Option<&str>, comment: &str, files: &[Value]) {
    let body = json!({"text": comment, "files": files, "subtype": "file_share", "upload": true});
    let now = workspace.inner.clock.now();
    let post = workspace.lock_state().add(now, Author::clarity(), channel, thread_ts, body, None);
    workspace.shown(&post);
    workspace.announce(&post, None);
}

/// `files.info`: of the app's own files; others' it cannot see before they are shared.
pub(super) fn info(workspace: &Workspace, arguments: &Value) -> Result<Value, Failed> {
    let id = text(arguments, "file");
    let now = workspace.inner.clock.now();
    let state = workspace.lock_state();
    let file = state.files.all.get(id).ok_or(Failed::from("file_not_found"))?;
    match &file.step {
        Step::Announced { .. } | Step::Uploaded { .. } => Err("file_not_found".into()),
        Step::Completed { .. } if file.owner != BOT_USER => Err("not_visible".into()),
        Step::Completed { .. } => Ok(json!({"file": file.to_json(id, workspace.url(), file.is_processed(now))})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &str, body: &str, expected: Option<&str>) {
        let found = content(kind, Bytes::from(body.to_owned()));
        assert_eq!(found.as_deref(), expected.map(str::as_bytes));
    }

    #[test]
    fn the_file_is_the_body_or_its_first_field() {
        check("application/octet-stream", "raw", Some("raw"));
        check("", "", Some(""));
        let form = "multipart/form-data; boundary=\"x\"";
        let field = "--x\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nPNG\r\n\r\n--y\r\n--x--\r\n";
        check(form, field, Some("PNG\r\n\r\n--y"));
        check("multipart/form-data; boundary=x; charset=utf-8", field, Some("PNG\r\n\r\n--y"));
        for broken in ["", "--x\r\n", "--x\r\n\r\n\r\nPNG", "PNG"] {
            check(form, broken, None);
        }
        check("multipart/form-data", field, None);
    }

    #[test]
    fn only_pictures_are_pictures() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a..", Some("image/gif")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
            (b"<html>", None),
            (b"\x89PN", None),
            (b"", None),
        ] {
            assert_eq!(image_kind(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        for (bytes, expected) in [
            (&b"GIF89a.."[..], "image/gif"),
            (b"# INC-1", "text/plain; charset=utf-8"),
            (b"<html><script>1</script>", "text/plain; charset=utf-8"),
            (b"<!doctype html>\n<p>", PAGE),
            (b"\xff\xfe\0", "application/octet-stream"),
        ] {
            assert_eq!(kind(bytes), expected, "{bytes:?}");
        }
    }
}
