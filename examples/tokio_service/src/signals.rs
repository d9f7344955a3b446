use std::io;

use mtaio::CancellationToken;
use tokio::signal::unix::{SignalKind, signal};

/// Cancels `stop` on SIGTERM or ctrl-c; a second one ends the process at once.
pub fn cancel(stop: &CancellationToken) -> io::Result<()> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = stop.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if stop.is_cancelled() {
                std::process::exit(1);
            }
            println!("a signal: it is to stop");
            stop.cancel();
        }
    });
    Ok(())
}
