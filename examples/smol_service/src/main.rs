//! A service on smol: an HTTP server that answers how many seats an aircraft has, with mtaio's
//! policies at its front door and around its store, and a client that puts it to work for a day.
//!
//! ```text
//! cargo run -p smol-service
//! ```

#![allow(unreachable_pub)] // In a program nothing is reachable: `pub` is what a module offers.

mod http;
mod server;

use std::error::Error;
use std::time::Duration;

use mtaio::executor::{CancellationToken, Drain};
use mtaio::{Runtime, RuntimeExt, TaskExecutor};
use neutral_client::Directory;
use seats::work_a_day;
use smol::net::{TcpListener, TcpStream};

use self::server::Server;

fn main() -> Result<(), Box<dyn Error>> {
    mtaio_smol::block_on(day)?
}

async fn day<R: Runtime>(rt: R) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("serving on {address}");

    let stop = CancellationToken::new();
    let connections = TaskExecutor::with_runtime(&rt);
    let server = Server::new(&rt)?;
    let serving = rt.spawn({
        let (stop, connections, server) = (stop.clone(), connections.clone(), server.clone());
        async move { server.serve(listener, &connections, &stop).await }
    });

    let directory = Directory::new(&rt, move || TcpStream::connect(address))?;
    let answered = work_a_day(&rt, &directory).await?;
    println!("{answered} questions were answered; {}", server.told());

    // No more connections; those there are end when the client hangs up, or after a while.
    stop.cancel();
    serving.await??;
    drop(directory);
    let drained = connections.shutdown(Drain::within(Duration::from_secs(1))).await;
    println!("connections: {drained:?}");
    Ok(())
}
