use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::Outcome;

/// A `redis-server` that all contests share. It is started by the first that asks for it, and goes
/// with the last.
#[derive(Clone, Default)]
pub(super) struct Server(Arc<OnceLock<Process>>);

struct Process {
    child: Child,
    port: u16,
}

const START: Duration = Duration::from_secs(10);

impl Server {
    /// Where it listens, on the loopback.
    pub(super) fn port(&self) -> Outcome<u16> {
        if let Some(process) = self.0.get() {
            return Ok(process.port);
        }
        let started = Process::start()?;
        Ok(self.0.get_or_init(|| started).port)
    }
}

impl Process {
    fn start() -> Outcome<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("redis-server does not start: {error}"))?;
        let process = Self { child, port };
        let end = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > end {
                return Err("redis-server does not listen".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
