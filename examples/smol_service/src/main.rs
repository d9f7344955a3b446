//! A service on smol: an HTTP server that answers how many seats an aircraft has. mtaio's policies
//! stand at its front door and around its store; a cache, events, metrics and alerts between the
//! two; and a scope closes it all in order when a token says so.
//!
//! ```text
//! cargo run -p smol-service
//! cargo run -p smol-service -- --serve 127.0.0.1:8080
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

mod http;
mod server;
mod signals;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use mtaio::executor::Drain;
use mtaio::{CancellationToken, ResourceScope, Runtime, RuntimeExt, TaskExecutor};
use seats::{Args, Service, work_a_day};
use smol::net::{TcpListener, TcpStream};

use self::server::Server;

/// How long requests under way are waited for, and how long closing may take in all.
const DRAIN: Duration = Duration::from_secs(2);
const CLOSE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let outcome = mtaio_smol::block_on(run).map_err(Into::into).and_then(|outcome| outcome);
    seats::exit_code("smol-service", outcome)
}

async fn run<R: Runtime>(rt: R) -> Result<(), Box<dyn Error>> {
    let args = Args::read()?;
    let stop = CancellationToken::new();
    signals::cancel(&stop)?;

    // What is opened last is closed first.
    let scope = ResourceScope::new(&rt).close_within(CLOSE)?;
    let outcome = scope.run(async |scope| {
        let service = Service::open(&rt, scope)?;
        if args.sabotage {
            service.sabotage(scope)?;
        }
        let connections = TaskExecutor::new(&rt);
        scope.add_with("requests", connections.clone(), async |connections| {
            let drained = connections.shutdown(Drain::within(DRAIN)).await;
            if drained.cancelled > 0 || !drained.stuck.is_empty() {
                return Err("some requests under way were cut off");
            }
            println!("no request is under way");
            Ok(())
        });
        let listener = TcpListener::bind(args.address()).await?;
        let address = listener.local_addr()?;
        println!("serving on {address}");
        let server = Server::new(&rt, &service, &stop)?;
        let serving = rt.spawn(server.serve(listener, connections));
        let closing = stop.clone();
        scope.add_with("listener", serving, async move |serving| {
            closing.cancel();
            serving.await??;
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        });

        if args.serve.is_some() {
            stop.cancelled().await;
        } else {
            let connect = move || TcpStream::connect(address);
            work_a_day(&rt, &service, connect, &stop).await?;
        }
        Ok::<_, Box<dyn Error>>(())
    });
    outcome.await.into_value()??;
    println!("closed");
    Ok(())
}
