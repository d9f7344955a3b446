//! The metrics over HTTP, for Prometheus and for the curious: a thread that knows one page.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use mtaio::monitor::Registry;

/// Who sends no request, or takes no answer, for so long is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest request, in bytes; what is more is not read.
const REQUEST: u64 = 16 << 10;

/// Answers whoever asks, until it is dropped.
pub struct Server {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start(listener: TcpListener, registry: Registry) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let thread = thread::Builder::new().name("flights-metrics".into()).spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // One who asks badly is no reason to end.
                let _ = stream.and_then(|stream| answer(&stream, &registry));
            }
        })?;
        Ok(Self { address, is_over, thread: Some(thread) })
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // It waits for somebody to come.
        if TcpStream::connect_timeout(&self.address, PATIENCE).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: &TcpStream, registry: &Registry) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    for line in BufReader::new(stream.take(REQUEST)).lines() {
        if line?.is_empty() {
            break;
        }
    }
    let (kind, text) = (Registry::CONTENT_TYPE, registry.render());
    let length = text.len();
    let head = format!("Content-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close");
    write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{text}")
}
