//! Programs from Python packages, each set of them in a folder of its own under `target/peers/`, installed once.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a set of programs is.
#[derive(Debug)]
pub struct Tools {
    /// The folder of the set.
    pub home: PathBuf,
    /// The programs.
    pub bin: PathBuf,
}

/// The root of the workspace.
///
/// # Panics
/// Never: the tests stand in a workspace.
pub fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests stand in the workspace").to_owned()
}

/// Cargo's target folder: the one this test was built into.
///
/// # Panics
/// This program is no file.
pub fn target() -> PathBuf {
    let this = std::env::current_exe().expect("this program is a file");
    this.ancestors().nth(3).expect("target/debug/deps/test").to_owned()
}

/// The programs of `packages`, installed together as `name` if they are not there yet. Two tests that come at the same time
/// wait for each other.
///
/// # Panics
/// They cannot be installed; the text says which command failed.
pub fn tools(name: &str, packages: &[&str]) -> Tools {
    let home = target().join("peers").join(name);
    std::fs::create_dir_all(&home).expect("target/ can be written");
    let lock = File::create(home.join("lock")).expect("target/ can be written");
    lock.lock().expect("a lock on a local file");
    let (bin, done) = (home.join("venv/bin"), home.join("installed"));
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Tools { home, bin };
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home.join("venv")));
    run(Command::new(bin.join("pip")).args(["install", "--quiet", "--disable-pip-version-check"]).args(packages));
    std::fs::write(done, wanted).expect("target/ can be written");
    Tools { home, bin }
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|err| panic!("{command:?} does not start: {err}"));
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
}
