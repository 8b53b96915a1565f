//! Real third-party programs to test against: installed once into `target/peers/`, started once a test binary on a free
//! port of this machine, and gone with it. One that cannot be had is a failure that says how to install it.

use crate::python::{Tools, tools};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// The local AWS and what it needs to speak CBOR, which CloudWatch's SDK does.
const MINISTACK: [&str; 2] = ["ministack[full]==1.5.33", "cbor2==6.3.0"];

/// How often a program that just started is asked whether it is there, and how long it is given to answer.
const TRIES: usize = 150;
const BETWEEN: Duration = Duration::from_millis(200);

/// Runs a program until its own standard input ends, which it does when the test binary is gone, however that ended.
const LEASH: &str = "
import os, signal, subprocess, sys
program = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True)
sys.stdin.read()
os.killpg(program.pid, signal.SIGKILL)
";

/// A local AWS.
#[derive(Debug)]
pub struct Ministack {
    address: SocketAddr,
    /// Its standard input keeps the program alive.
    _leash: Child,
}

/// The local AWS of this test binary.
///
/// # Panics
/// It cannot be installed or started; the text says what to do.
pub fn ministack() -> &'static Ministack {
    static RUNNING: OnceLock<Ministack> = OnceLock::new();
    RUNNING.get_or_init(|| {
        let tools = tools("ministack", &MINISTACK);
        let log = tools.home.join("log");
        let started = (0..3).find_map(|_| start(&tools, &log));
        started.unwrap_or_else(|| panic!("ministack does not start; read {}", log.display()))
    })
}

impl Ministack {
    /// Where every service of it is reached.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Starts it on a port that is free; none if somebody else was faster.
fn start(tools: &Tools, log: &Path) -> Option<Ministack> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = free.local_addr().expect("a bound port");
    drop(free);
    let said = File::options().create(true).append(true).open(log).expect("target/ can be written");
    let mut leash = Command::new(tools.bin.join("python"))
        .args(["-c", LEASH])
        .arg(tools.bin.join("ministack"))
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", address.port().to_string())
        .env("IOT_MTLS_ENABLED", "0")
        .env("LAMBDA_EXECUTOR", "local")
        .env("MINISTACK_BEDROCK_PROXY_URL", crate::voices::url())
        .stdin(Stdio::piped())
        .stdout(said.try_clone().expect("an open file"))
        .stderr(said)
        .spawn()
        .ok()?;
    for _ in 0..TRIES {
        if is_healthy(address) {
            return Some(Ministack { address, _leash: leash });
        }
        if leash.try_wait().ok()?.is_some() {
            return None;
        }
        std::thread::sleep(BETWEEN);
    }
    None
}

fn is_healthy(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let asked = stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut answer = [0; 12];
    asked.is_ok() && stream.read_exact(&mut answer).is_ok() && answer.ends_with(b"200")
}
