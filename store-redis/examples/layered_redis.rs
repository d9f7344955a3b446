//! Two services share servers of Redis or Valkey, and each has a cache of its own in front of them,
//! which follows what the other one writes.
//!
//! ```text
//! cargo run -p mtaio-redis --example layered_redis -- --redis redis://127.0.0.1:6379 --redis redis://127.0.0.1:6380
//! ```
//!
//! `--runtime` is tokio, smol, or sim. Without a URL, and in a simulation always, two nodes in the
//! process stand in for the servers. It prints what happened, and exits non-zero when that is not
//! what must happen; with `--sabotage` that has to be so.

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use mtaio::DynRuntime;
use mtaio::cache::{CacheNode, DistributedCache, Invalidations, LayeredCache, MemoryNode};
use mtaio_redis::{Address, Endpoint, RedisNode};
use mtaio_sim::Sim;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

struct Options {
    runtime: String,
    servers: Vec<Endpoint>,
    sabotage: bool,
}

/// What the services share.
enum Stores {
    Memory(Vec<MemoryNode>),
    Redis(Vec<Endpoint>, Sockets),
}

/// Whose sockets the servers are reached by.
#[derive(Clone, Copy)]
enum Sockets {
    Tokio,
    Smol,
}

async fn by_tokio(to: Address) -> io::Result<Compat<tokio::net::TcpStream>> {
    let stream = tokio::net::TcpStream::connect((to.host(), to.port())).await?;
    stream.set_nodelay(true)?;
    Ok(stream.compat())
}

async fn by_smol(to: Address) -> io::Result<smol::net::TcpStream> {
    let stream = smol::net::TcpStream::connect((to.host(), to.port())).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A node as one of the services has it, with what tells of changes by the other.
type Node = (Arc<dyn CacheNode>, Invalidations);

impl Stores {
    fn new(rt: &DynRuntime, servers: Vec<Endpoint>, sockets: Option<Sockets>) -> Outcome<Self> {
        match sockets {
            Some(sockets) if !servers.is_empty() => Ok(Self::Redis(servers, sockets)),
            _ => {
                let node = |_| MemoryNode::new(rt, 64 << 20);
                Ok(Self::Memory((0..2).map(node).collect::<Result<_, _>>()?))
            }
        }
    }

    /// Connections of another service.
    fn connect(&self, rt: &DynRuntime) -> Outcome<Vec<Node>> {
        let memory = |engine: &MemoryNode| {
            let node = engine.client();
            let told = node.invalidations(1_000)?;
            Ok((Arc::new(node) as Arc<dyn CacheNode>, told))
        };
        let redis = |endpoint: &Endpoint, sockets| {
            let builder = RedisNode::builder(endpoint.clone()).track("");
            let node = match sockets {
                Sockets::Tokio => builder.build(rt, by_tokio)?,
                Sockets::Smol => builder.build(rt, by_smol)?,
            };
            let told = node.invalidations(1_000)?;
            Ok((Arc::new(node) as Arc<dyn CacheNode>, told))
        };
        match self {
            Self::Memory(engines) => engines.iter().map(memory).collect(),
            Self::Redis(servers, sockets) => {
                servers.iter().map(|endpoint| redis(endpoint, *sockets)).collect()
            }
        }
    }
}

struct Service {
    nodes: Vec<Arc<dyn CacheNode>>,
    users: LayeredCache<u32, String>,
}

impl Service {
    fn new(rt: &DynRuntime, stores: &Stores) -> Outcome<Self> {
        let (nodes, told): (Vec<_>, Vec<_>) = stores.connect(rt)?.into_iter().unzip();
        let mut shared = DistributedCache::builder().namespace("layered-example");
        for (number, node) in nodes.iter().enumerate() {
            shared = shared.node(format!("cache-{number}"), Arc::clone(node));
        }
        let users = LayeredCache::builder(&shared.build(rt)?).local_ttl(Duration::from_secs(60));
        let users = told.into_iter().fold(users, |users, told| users.invalidations(told));
        Ok(Self { nodes, users: users.build()? })
    }

    /// After this, it has heard of all that was changed before.
    async fn barrier(&self) -> Outcome {
        for node in &self.nodes {
            node.ping().await?;
        }
        Ok(())
    }
}

async fn story(rt: DynRuntime, stores: Stores, sabotage: bool) -> Outcome {
    let (here, there) = (Service::new(&rt, &stores)?, Service::new(&rt, &stores)?);
    here.users.clear().await?;
    there.barrier().await?;

    let queries = Arc::new(AtomicU32::new(0));
    let load = || {
        let queries = Arc::clone(&queries);
        async move || {
            queries.fetch_add(1, Ordering::Relaxed);
            Ok::<_, io::Error>(Some("user 7".to_owned()))
        }
    };
    for (who, service) in [("here", &here), ("there", &there), ("there", &there)] {
        let user = service.users.get_or_load(&7, load()).await?;
        must_be(who, user.as_deref(), Some("user 7"))?;
    }
    must_be("queries of the database", queries.load(Ordering::Relaxed), 1)?;

    here.users.insert(&7, &(if sabotage { "user 7" } else { "Ada" }).to_owned()).await?;
    there.barrier().await?;
    must_be(
        "there, after it was changed here",
        there.users.get(&7).await?.as_deref(),
        Some("Ada"),
    )?;
    let hits = here.users.stats().local.hits;
    must_be("here", here.users.get(&7).await?.as_deref(), Some("Ada"))?;
    must_be("answers from the process", here.users.stats().local.hits - hits, 1)?;

    there.users.remove(&7).await?;
    here.barrier().await?;
    must_be("here, after it was removed there", here.users.get(&7).await?.as_deref(), None)
}

fn must_be<T: PartialEq + std::fmt::Debug>(what: &str, is: T, must: T) -> Outcome {
    println!("{what}: {is:?}");
    if is == must { Ok(()) } else { Err(format!("{what}: {is:?}, and not {must:?}").into()) }
}

fn main() -> ExitCode {
    match options().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("layered_redis: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Outcome {
    let Options { runtime, servers, sabotage } = options;
    let tell = async |rt: DynRuntime, sockets| {
        let told = match Stores::new(&rt, servers, sockets) {
            Ok(stores) => story(rt, stores, sabotage).await,
            Err(error) => Err(error),
        };
        told.map_err(|error| error.to_string())
    };
    match &*runtime {
        "tokio" => {
            mtaio_tokio::block_on(|rt| tell(DynRuntime::new(&rt), Some(Sockets::Tokio)))??;
        }
        "smol" => mtaio_smol::block_on(|rt| tell(DynRuntime::new(&rt), Some(Sockets::Smol)))??,
        "sim" => Sim::try_run(0, |rt| tell(DynRuntime::new(&rt), None))
            .map_err(|failure| failure.to_string())??,
        other => Err(format!("unknown runtime `{other}`, allowed are tokio, smol and sim"))?,
    }
    Ok(())
}

fn options() -> Outcome<Options> {
    let mut options = Options { runtime: "tokio".into(), servers: Vec::new(), sabotage: false };
    let mut parser = Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("runtime") => options.runtime = parser.value()?.string()?,
            Arg::Long("redis") => options.servers.push(parser.value()?.string()?.parse()?),
            Arg::Long("sabotage") => options.sabotage = true,
            other => Err(other.unexpected())?,
        }
    }
    Ok(options)
}
