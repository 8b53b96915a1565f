//! Programs from npm, each set of them in a folder of its own under `target/peers/`, installed once. They run on a Node of the
//! same set, whatever Node the machine has.

use crate::python::{Tools, target};
use std::fs::File;
use std::process::Command;

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
    let (bin, done) = (home.join("node_modules/.bin"), home.join("installed"));
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Tools { home, bin };
    }
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(&home).args(packages);
    let output = install.output().unwrap_or_else(|err| panic!("npm does not start: {err}; install Node 20 or later"));
    assert!(output.status.success(), "{install:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(done, wanted).expect("target/ can be written");
    Tools { home, bin }
}

/// A command of such a set.
pub fn command(tools: &Tools, program: &str) -> Command {
    let mut path = std::ffi::OsString::from(&tools.bin);
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new(tools.bin.join(program));
    command.env("PATH", path);
    command
}
