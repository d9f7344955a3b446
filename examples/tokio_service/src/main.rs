//! A service on tokio: an axum server that answers how many seats an aircraft has. mtaio's policies
//! are layers at its front door and around its store; a cache, events, metrics and alerts stand
//! between the two; and a scope closes it all in order when a token says so.
//!
//! ```text
//! cargo run -p tokio-service
//! cargo run -p tokio-service -- --serve 127.0.0.1:8080
//! ```
//!
//! The first has a client work for a day with it, and exits non-zero if that is not what must be.
//! The second serves until SIGTERM or ctrl-c:
//!
//! ```text
//! curl http://127.0.0.1:8080/seats/N10156
//! curl -X PUT -d 60 http://127.0.0.1:8080/seats/N10156
//! curl http://127.0.0.1:8080/metrics
//! ```

#![allow(unreachable_pub)] // In a program nothing is reachable: `pub` is what a module offers.

mod server;
mod signals;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use mtaio::{CancellationToken, ResourceScope};
use mtaio_tokio::Tokio;
use seats::{Args, Service, work_a_day};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::compat::TokioAsyncReadCompatExt;

/// How long requests under way are waited for, and how long closing may take in all.
const DRAIN: Duration = Duration::from_secs(2);
const CLOSE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    seats::exit_code("tokio-service", run().await)
}

async fn run() -> Result<(), Box<dyn Error>> {
    let (rt, args) = (Tokio::current()?, Args::read()?);
    let stop = CancellationToken::new();
    signals::cancel(&stop)?;

    // What is opened last is closed first.
    let scope = ResourceScope::new(&rt).close_within(CLOSE)?;
    let outcome = scope.run(async |scope| {
        let service = Service::open(&rt, scope)?;
        if args.sabotage {
            service.sabotage(scope)?;
        }
        let listener = TcpListener::bind(args.address()).await?;
        let address = listener.local_addr()?;
        println!("serving on {address}");
        let serving = server::serve(&rt, listener, &service, &stop)?;
        let closing = stop.clone();
        let requests = scope.add_with("requests", serving, async move |serving| {
            closing.cancel();
            serving.await??;
            println!("no request is under way");
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        });
        drop(requests.close_within(DRAIN)?);

        if args.serve.is_some() {
            stop.cancelled().await;
        } else {
            let connect = move || async move { Ok(TcpStream::connect(address).await?.compat()) };
            work_a_day(&rt, &service, connect, &stop).await?;
        }
        Ok::<_, Box<dyn Error>>(())
    });
    outcome.await.into_value()??;
    println!("closed");
    Ok(())
}
