use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// As long as [`LIMIT`] for what is asked of it every time, ten times that for the soak.
fn limit() -> Duration {
    if super::is_soak() { LIMIT * 10 } else { LIMIT }
}

/// Runs `body` on a thread of its own and fails, by `name`, when it takes longer than any machine
/// needs: a test that hangs is a test that fails.
pub fn watched<T: Send + 'static>(name: &str, body: impl FnOnce() -> T + Send + 'static) -> T {
    let (ended, end) = mpsc::channel();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let value = body();
        // Fails only when the watch has given up.
        let _ = ended.send(value);
    });
    let thread = thread.expect("the system has a thread for a test");
    match end.recv_timeout(limit()) {
        Ok(value) => value,
        Err(RecvTimeoutError::Timeout) => panic!("{name} hangs: no end within {:?}", limit()),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Ok(()) => unreachable!("a body that ends without a panic sends its value"),
            Err(panic) => resume_unwind(panic),
        },
    }
}
