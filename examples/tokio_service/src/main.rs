//! A service on tokio: an axum server that answers how many seats an aircraft has, with mtaio's
//! policies as layers at its front door and around its store, and a client that puts it to work for
//! a day.
//!
//! ```text
//! cargo run -p tokio-service
//! ```

#![allow(unreachable_pub)] // In a program nothing is reachable: `pub` is what a module offers.

mod server;

use std::error::Error;

use mtaio::executor::CancellationToken;
use mtaio_tokio::Tokio;
use neutral_client::Directory;
use seats::work_a_day;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::compat::TokioAsyncReadCompatExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let rt = Tokio::current()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("serving on {address}");

    let stop = CancellationToken::new();
    let (router, refused) = server::router(&rt)?;
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(stop.cancelled()).into_future();
    let serving = tokio::spawn(serving);

    let directory =
        Directory::new(
            &rt,
            move || async move { Ok(TcpStream::connect(address).await?.compat()) },
        )?;
    let answered = work_a_day(&rt, &directory).await?;
    println!("{answered} questions were answered; {refused} were told to come again");

    // No more connections; those there are end when the client hangs up.
    stop.cancel();
    drop(directory);
    serving.await??;
    println!("served");
    Ok(())
}
