//! The program that runs on Lambda, built as `infra/README.md` says, and a look at what it asks of the machine it starts on.

use crate::python;
use object::elf::{FileHeader64, SHT_DYNSYM};
use object::read::elf::{FileHeader, Sym};
use object::{Endianness, SymbolIndex};
use std::path::PathBuf;
use std::process::Command;

/// The C library of `provided.al2023`.
pub const GLIBC: (u32, u32) = (2, 34);

/// The target, with the version of the C library that zig links against.
const TARGET: &str = "x86_64-unknown-linux-gnu.2.34";

/// The program as it is deployed.
#[derive(Debug)]
pub struct Bootstrap {
    /// The executable file.
    pub program: PathBuf,
    /// The same, packed for Lambda.
    pub zip: PathBuf,
}

/// Builds the program and packs it. It has a target folder of its own, so that its flags do not make
/// the suite's crates compile again. The development profile starts as well as the release, and builds in a fifth of the time.
///
/// # Panics
/// It does not build.
pub fn build() -> Bootstrap {
    let tool = python::tools("lambda", &["cargo-lambda==1.9.2", "ziglang==0.17.1"]);
    let target = python::target().join("bootstrap");
    let mut path = std::ffi::OsString::from(&tool.bin);
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let out = target.join("lambda");
    let built = Command::new(tool.bin.join("cargo-lambda"))
        .args(["lambda", "build", "--package", "bot", "--bin", "clarity", "--features", "aws,mcp"])
        .args(["--target", TARGET, "--output-format", "zip", "--lambda-dir"])
        .arg(&out)
        .args(["--config", "profile.dev.debug=0", "--config", "profile.dev.strip=\"symbols\""])
        .current_dir(python::workspace())
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", &target)
        .env("ZIG_GLOBAL_CACHE_DIR", tool.home.join("zig"))
        .env("CARGO_ZIGBUILD_CACHE_DIR", tool.home.join("zigbuild"))
        // Whatever the suite is built with does not belong into what is shipped.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .expect("cargo-lambda was just installed");
    assert!(
        built.status.success(),
        "the program for Lambda does not build:\n{}",
        String::from_utf8_lossy(&built.stderr)
    );
    Bootstrap { program: target.join("x86_64-unknown-linux-gnu/debug/clarity"), zip: out.join("clarity/bootstrap.zip") }
}

/// Symbols of the C library that are newer than `limit`, with their versions. A program that has one does not start where
/// the library is older.
pub fn newer_than(limit: (u32, u32), program: &[u8]) -> object::Result<Vec<String>> {
    let header = FileHeader64::<Endianness>::parse(program)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, program)?;
    let symbols = sections.symbols(endian, program, SHT_DYNSYM)?;
    let Some(versions) = sections.versions(endian, program)? else { return Ok(Vec::new()) };
    let mut newer = Vec::new();
    for number in 0..symbols.len() {
        let index = SymbolIndex(number);
        let Some(version) = versions.version(versions.version_index(endian, index).into())? else { continue };
        let version = String::from_utf8_lossy(version.name()).into_owned();
        let is_newer = glibc(&version).is_some_and(|version| version > limit);
        if is_newer {
            let name = symbols.symbol(index)?.name(endian, symbols.strings())?;
            newer.push(format!("{}@{version}", String::from_utf8_lossy(name)));
        }
    }
    Ok(newer)
}

fn glibc(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("GLIBC_")?.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}
