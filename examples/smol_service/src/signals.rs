use std::io;

use async_signal::{Signal, Signals};
use mtaio::CancellationToken;
use smol::stream::StreamExt;

/// Cancels `stop` on SIGTERM or ctrl-c; a second one ends the process at once.
pub fn cancel(stop: &CancellationToken) -> io::Result<()> {
    let (stop, mut signals) = (stop.clone(), Signals::new([Signal::Term, Signal::Int])?);
    smol::spawn(async move {
        while signals.next().await.is_some() {
            if stop.is_cancelled() {
                std::process::exit(1);
            }
            println!("a signal: it is to stop");
            stop.cancel();
        }
    })
    .detach();
    Ok(())
}
