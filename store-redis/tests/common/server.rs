//! Real servers, as processes.

#![allow(clippy::disallowed_methods, reason = "it waits for processes, on a thread of its own")]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mtaio_redis::Endpoint;

/// A `redis-server` in a folder of its own, on a port that was free. It goes with its handle.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    process: Option<Child>,
}

const START: Duration = Duration::from_secs(10);
static FOLDERS: AtomicU32 = AtomicU32::new(0);

impl Server {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With these settings, as in `--maxmemory 4mb`.
    pub fn start_with(settings: &[&str]) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("mtaio-redis-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let mut server = Self { folder, port: 0, settings, process: None };
        for _ in 0..20 {
            server.port = free_port();
            if server.try_start() {
                return server;
            }
        }
        panic!("no redis-server would start");
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new("127.0.0.1", self.port)
    }

    /// As a crash does.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("it was a child");
        }
    }

    /// Empty, on the same port.
    pub fn restart(&mut self) {
        self.kill();
        let end = Instant::now() + START;
        while !self.try_start() {
            assert!(Instant::now() < end, "the port {} was taken by another", self.port);
        }
    }

    /// Says a command, each word of it one argument, and returns the answer as it came.
    pub fn say(&self, command: &str) -> String {
        self.say_all(&[command]).remove(0)
    }

    /// The same for several on one connection.
    pub fn say_all(&self, commands: &[&str]) -> Vec<String> {
        let mut stream = self.connect().expect("it is there");
        commands.iter().map(|command| ask(&mut stream, command).expect("it answers")).collect()
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        Ok(stream)
    }

    /// Whether it is there, and the port is its own.
    fn try_start(&mut self) -> bool {
        let spawned = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(self.settings.iter().flat_map(|setting| setting.split(' ')))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = match spawned {
            Ok(process) => self.process.insert(process),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!(
                    "redis-server is missing: install it (on Debian: apt-get install redis-server)"
                )
            }
            Err(error) => panic!("redis-server does not start: {error}"),
        };
        let own = format!("process_id:{}\r\n", process.id());
        let end = Instant::now() + START;
        while Instant::now() < end {
            if process.try_wait().expect("it is a child").is_some() {
                self.process = None;
                return false;
            }
            let connected = TcpStream::connect(("127.0.0.1", self.port));
            let answer = connected.and_then(|mut stream| {
                stream.set_read_timeout(Some(Duration::from_secs(1)))?;
                ask(&mut stream, "INFO server")
            });
            match answer {
                Ok(info) if info.contains(&own) || info.starts_with("-NOAUTH") => return true,
                _ => thread::sleep(Duration::from_millis(5)),
            }
        }
        self.kill();
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        drop(fs::remove_dir_all(&self.folder));
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there are free ports");
    listener.local_addr().expect("it is bound").port()
}

/// Speaks the older protocol, and takes an answer that is one line, or one bulk.
fn ask(stream: &mut TcpStream, command: &str) -> std::io::Result<String> {
    let words: Vec<&str> = command.split(' ').collect();
    let mut said = format!("*{}\r\n", words.len());
    for word in words {
        said.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(said.as_bytes())?;
    let line = read_line(stream)?;
    let size = line.strip_prefix('$').and_then(|size| size.trim_end().parse::<usize>().ok());
    let Some(size) = size else { return Ok(line.trim_end().to_owned()) };
    let mut bulk = vec![0; size + 2];
    stream.read_exact(&mut bulk)?;
    bulk.truncate(size);
    Ok(String::from_utf8_lossy(&bulk).into_owned())
}

fn read_line(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}
