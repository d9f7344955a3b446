//! A cache node on a real server: calls that share one connection, 64 under way at once.

mod clients;
mod server;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use mtaio_runtime::{Runtime, RuntimeExt};

use self::clients::Client;
use self::server::Server;
use super::Hosts;
use crate::harness::Aim::{Gate, Open};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, Side, timed_on};
use crate::host::{Host, SmolHost, TokioHost};

const GROUP: &str = "redis";
/// A round has so many: by themselves they would be counted by the first, which starts the server.
const CALLS: u64 = 20_000;
/// As many tasks ask, one thing after the other.
const IN_FLIGHT: u64 = 64;
const VALUE: [u8; 100] = [b'v'; 100];

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let server = Server::default();
    let mut contests = Vec::new();
    for what in [What::Get, What::Insert] {
        for host in &hosts.tokio {
            contests.push(on_tokio(what, host, &server));
        }
        contests.push(on_smol(what, &hosts.smol, &hosts.tokio[1], &server));
    }
    contests
}

#[derive(Clone, Copy)]
enum What {
    Get,
    Insert,
}

impl What {
    const fn name(self) -> &'static str {
        match self {
            Self::Get => "redis-get-64",
            Self::Insert => "redis-insert-64",
        }
    }
}

/// At least 0.9 of redis-rs' calls a second, and more than fred.
fn on_tokio(what: What, host: &TokioHost, server: &Server) -> Contest {
    let ours = host.clone();
    Contest::new(GROUP, format!("{}/{}", what.name(), host.name()))
        .items(CALLS)
        .ours(side(what, host, server, move |port| clients::ours_on_tokio(ours.clone(), port)))
        .peer(
            "redis-rs",
            Gate(Ratio(1.0 / 0.9)),
            side(what, host, server, clients::redis_rs_on_tokio),
        )
        .peer("fred", Gate(Ratio(1.0)), side(what, host, server, clients::fred))
}

/// fred can't be moved to smol: it is met on tokio.
fn on_smol(what: What, host: &SmolHost, freds: &TokioHost, server: &Server) -> Contest {
    let (ours, theirs) = (host.clone(), host.clone());
    Contest::new(GROUP, format!("{}/{}", what.name(), host.name()))
        .items(CALLS)
        .ours(side(what, host, server, move |port| clients::ours_on_smol(ours.clone(), port)))
        .peer(
            "redis-rs",
            Gate(Ratio(1.0 / 0.9)),
            side(what, host, server, move |port| clients::redis_rs_on_smol(theirs.clone(), port)),
        )
        .peer("fred on tokio", Open, side(what, freds, server, clients::fred))
}

/// A client that is connected by the first round, and kept.
fn side<H, C, F>(
    what: What,
    host: &H,
    server: &Server,
    connect: impl Fn(u16) -> F + Send + Sync + 'static,
) -> Side
where
    H: Host<Runtime: Runtime>,
    C: Client,
    F: Future<Output = Outcome<C>> + Send + 'static,
{
    let (connect, server) = (Arc::new(connect), server.clone());
    let rt = host.adapter();
    let kept: Arc<Mutex<Option<C>>> = Arc::default();
    timed_on(host, move |times| {
        let (rt, kept, server) = (rt.clone(), Arc::clone(&kept), server.clone());
        let connect = Arc::clone(&connect);
        async move {
            let known = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let client = match known {
                Some(client) => client,
                None => {
                    let port = server.port()?;
                    let client = connect(port).await?;
                    for i in 0..IN_FLIGHT {
                        client.insert(&format!("key-{i}"), &VALUE).await?;
                    }
                    *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(client.clone());
                    client
                }
            };
            ask_all(&rt, what, &client, times).await
        }
    })
}

async fn ask_all<R: Runtime, C: Client>(rt: &R, what: What, client: &C, times: u64) -> Outcome {
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|i| {
            let client = client.clone();
            let share = times / IN_FLIGHT + u64::from(i < times % IN_FLIGHT);
            rt.spawn(async move {
                let key = format!("key-{i}");
                for _ in 0..share {
                    match what {
                        What::Insert => client.insert(&key, &VALUE).await?,
                        What::Get => {
                            if client.get(&key).await?.is_none_or(|value| value != VALUE) {
                                return Err("it is not what was put in".into());
                            }
                        }
                    }
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}
