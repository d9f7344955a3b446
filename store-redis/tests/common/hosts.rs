//! Runtimes, and how each opens a connection.

use std::future::Future;
use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mtaio_redis::{Address, Connector};
use mtaio_runtime::Runtime;
use mtaio_smol::Smol;
use mtaio_tokio::Tokio;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

/// Far more than a test takes.
const TOO_LONG: Duration = Duration::from_secs(120);

pub async fn connect_by_tokio(to: Address) -> io::Result<Compat<tokio::net::TcpStream>> {
    let stream = tokio::net::TcpStream::connect((to.host(), to.port())).await?;
    stream.set_nodelay(true)?;
    Ok(stream.compat())
}

pub async fn connect_by_smol(to: Address) -> io::Result<smol::net::TcpStream> {
    let stream = smol::net::TcpStream::connect((to.host(), to.port())).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What a scenario is given: a runtime, and its way to connect.
#[derive(Clone, Copy, Debug)]
pub struct On<R, C> {
    pub rt: R,
    pub connect: C,
}

pub trait Host {
    type Rt: Runtime;
    type Connect: Connector + Clone;

    fn run<F: Future<Output = ()>>(scenario: impl FnOnce(On<Self::Rt, Self::Connect>) -> F);
}

macro_rules! connect_fn {
    ($f:path) => {
        |to| Box::pin($f(to))
    };
}

type Opening<S> = std::pin::Pin<Box<dyn Future<Output = io::Result<S>> + Send>>;

#[derive(Debug)]
pub struct OnTokio;

impl Host for OnTokio {
    type Rt = Tokio;
    type Connect = fn(Address) -> Opening<Compat<tokio::net::TcpStream>>;

    fn run<F: Future<Output = ()>>(scenario: impl FnOnce(On<Tokio, Self::Connect>) -> F) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("the system has threads for tokio");
        let rt = Tokio::new(runtime.handle().clone()).expect("it was built with timers");
        runtime.block_on(scenario(On { rt, connect: connect_fn!(connect_by_tokio) }));
    }
}

#[derive(Debug)]
pub struct OnSmol;

impl Host for OnSmol {
    type Rt = Smol;
    type Connect = fn(Address) -> Opening<smol::net::TcpStream>;

    fn run<F: Future<Output = ()>>(scenario: impl FnOnce(On<Smol, Self::Connect>) -> F) {
        let on = On { rt: Smol::global(), connect: connect_fn!(connect_by_smol) as Self::Connect };
        smol::block_on(scenario(on));
    }
}

/// Fails what hangs.
pub fn watched(name: &'static str, test: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        let _unwatched = done.send(());
    });
    match is_done.recv_timeout(TOO_LONG) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{name} hangs"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Gives each scenario one test on tokio, and one on smol.
macro_rules! on_tokio_and_smol {
    ($($scenario:ident),+ $(,)?) => {
        mod tokio {
            $(
                #[test]
                fn $scenario() {
                    use $crate::common::hosts::{Host, OnTokio, watched};
                    let name = concat!("tokio::", stringify!($scenario));
                    watched(name, || OnTokio::run(super::$scenario));
                }
            )+
        }

        mod smol {
            $(
                #[test]
                fn $scenario() {
                    use $crate::common::hosts::{Host, OnSmol, watched};
                    let name = concat!("smol::", stringify!($scenario));
                    watched(name, || OnSmol::run(super::$scenario));
                }
            )+
        }
    };
}

pub(crate) use on_tokio_and_smol;
