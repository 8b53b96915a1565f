//! Reading and writing capsule files.

use super::{Capsule, VERSION};
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The first bytes of a zstd frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The largest capsule that is read, unpacked: a guard against a file that unpacks without end.
const MAX_UNPACKED: u64 = 512 * 1024 * 1024;

/// Why a capsule could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CapsuleError {
    /// The file cannot be opened, read or written.
    #[error("cannot read or write the capsule {}: {problem}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        problem: std::io::Error,
    },
    /// The file is compressed, but not well.
    #[error("the capsule is no valid zstd file: {0}")]
    Zstd(String),
    /// The file unpacks to more than any capsule holds.
    #[error("the capsule unpacks to more than {} MiB; cut its history", MAX_UNPACKED / 1024 / 1024)]
    TooLarge,
    /// The text is no JSON at all, or not an object with a version.
    #[error("this is no capsule: {0}. A capsule is a JSON object with \"clarity_capsule\": {VERSION}")]
    NotACapsule(String),
    /// The file was written for another version of the format.
    #[error(
        "the capsule has format version {found}, and this program reads version {VERSION}. Use a newer `clarity`, or export the capsule again"
    )]
    Version {
        /// The version of the file.
        found: u64,
    },
    /// A field is unknown, missing, or of the wrong form.
    #[error("the capsule is wrong at `{path}`: {problem}")]
    Field {
        /// Where, as `series[3].values`.
        path: String,
        /// What is wrong there.
        problem: String,
    },
}

/// Reads a capsule file, compressed or not.
pub fn load(path: &Path) -> Result<Capsule, CapsuleError> {
    let bytes = std::fs::read(path).map_err(|problem| CapsuleError::Io { path: path.to_owned(), problem })?;
    parse(&bytes)
}

/// Reads a capsule from the bytes of a file, compressed or not.
pub fn parse(bytes: &[u8]) -> Result<Capsule, CapsuleError> {
    if !bytes.starts_with(&ZSTD_MAGIC) {
        return parse_json(bytes);
    }
    let decoder = ruzstd::decoding::StreamingDecoder::new(bytes).map_err(|err| CapsuleError::Zstd(err.to_string()))?;
    let mut unpacked = Vec::new();
    let read = decoder.take(MAX_UNPACKED + 1).read_to_end(&mut unpacked);
    read.map_err(|err| CapsuleError::Zstd(err.to_string()))?;
    if unpacked.len() as u64 > MAX_UNPACKED {
        return Err(CapsuleError::TooLarge);
    }
    parse_json(&unpacked)
}

fn parse_json(bytes: &[u8]) -> Result<Capsule, CapsuleError> {
    // The version is looked at first and alone: a newer file may well have fields that this program does not know, and
    // "newer" is the more helpful thing to say.
    #[derive(Deserialize)]
    struct Version {
        clarity_capsule: u64,
    }
    let Version { clarity_capsule: found } =
        serde_json::from_slice(bytes).map_err(|err| CapsuleError::NotACapsule(err.to_string()))?;
    if found != u64::from(VERSION) {
        return Err(CapsuleError::Version { found });
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let capsule: Capsule = serde_path_to_error::deserialize(&mut json).map_err(|err| {
        let path = err.path().to_string();
        CapsuleError::Field { path, problem: err.into_inner().to_string() }
    })?;
    check(&capsule)?;
    Ok(capsule)
}

/// What the types cannot say.
fn check(capsule: &Capsule) -> Result<(), CapsuleError> {
    let wrong = |path: String, problem: &str| Err(CapsuleError::Field { path, problem: problem.to_owned() });
    if capsule.window.to < capsule.window.from {
        return wrong("window".to_owned(), "it ends before it begins");
    }
    let mut names = std::collections::HashSet::new();
    for (at, service) in capsule.topology.services.iter().enumerate() {
        if !names.insert(service.id.as_str()) {
            return wrong(format!("topology.services[{at}].id"), "this service is listed twice");
        }
    }
    for (at, edge) in capsule.topology.edges.iter().enumerate() {
        for end in [&edge.caller, &edge.callee] {
            if !names.contains(end.as_str()) {
                return wrong(format!("topology.edges[{at}]"), &format!("no service is called `{end}`"));
            }
        }
    }
    for (at, series) in capsule.series.iter().enumerate() {
        if series.step_s == 0 {
            return wrong(format!("series[{at}].step_s"), "a step is at least one second");
        }
    }
    let mut targets = std::collections::HashSet::new();
    for (at, found) in capsule.settings.iter().enumerate() {
        if !targets.insert(&found.target) {
            return wrong(format!("settings[{at}].target"), "this target is listed twice");
        }
    }
    Ok(())
}

/// The capsule as JSON: one line for each service, edge, series, signal and target, so that a diff can be read.
pub fn to_json(capsule: &Capsule) -> String {
    let lines =
        |items: Vec<String>| if items.is_empty() { "[]".to_owned() } else { format!("[\n{}\n]", items.join(",\n")) };
    let mut fields = vec![
        ("clarity_capsule", json(&capsule.clarity_capsule)),
        ("name", json(&capsule.name)),
        ("about", json(&capsule.about)),
        ("window", json(&capsule.window)),
    ];
    let topology = format!(
        "{{\n\"services\": {},\n\"edges\": {}\n}}",
        lines(capsule.topology.services.iter().map(json).collect()),
        lines(capsule.topology.edges.iter().map(json).collect()),
    );
    fields.push(("topology", topology));
    fields.push(("series", lines(capsule.series.iter().map(json).collect())));
    if !capsule.logs.is_empty() {
        fields.push(("logs", lines(capsule.logs.iter().map(json).collect())));
    }
    fields.push(("signals", lines(capsule.signals.iter().map(json).collect())));
    if !capsule.settings.is_empty() {
        fields.push(("settings", lines(capsule.settings.iter().map(json).collect())));
    }
    if let Some(truth) = &capsule.truth {
        fields.push(("truth", json(truth)));
    }
    let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
    format!("{{\n{}\n}}\n", fields.join(",\n"))
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the nouns have only string keys")
}

/// Writes a capsule; a name that ends in `.zst` makes a compressed file.
pub fn save(capsule: &Capsule, path: &Path) -> Result<(), CapsuleError> {
    let json = to_json(capsule).into_bytes();
    let bytes = if path.extension().is_some_and(|extension| extension == "zst") {
        ruzstd::encoding::compress_to_vec(json.as_slice(), ruzstd::encoding::CompressionLevel::Fastest)
    } else {
        json
    };
    std::fs::write(path, bytes).map_err(|problem| CapsuleError::Io { path: path.to_owned(), problem })
}
