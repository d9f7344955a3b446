//! Two services share two nodes, and each has a cache of its own in front of them: 60 s at the most,
//! and not for a moment longer than what it holds is true.
//!
//! ```text
//! cargo run --example layered_cache -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mtaio::cache::{DistributedCache, LayeredCache, Link, MemoryNode, NodeFaults};
use mtaio::{ConfigError, Runtime};

use crate::common::Journal;

mod common;

type Users = LayeredCache<u32, String>;

/// A node, with a link that can be cut.
type Node = mtaio::cache::FaultNode<MemoryNode>;

/// Where users come from, slowly.
#[derive(Clone, Default)]
struct Database {
    queries: Arc<AtomicU32>,
}

impl Database {
    async fn user(&self, id: u32) -> Result<Option<String>, std::io::Error> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        Ok((id < 100).then(|| format!("user {id}")))
    }
}

/// A service: its own connection to each node, its own cache in front of them. Unless it is deaf it
/// hears what others change.
fn service<R: Runtime>(
    rt: &R,
    engines: &[MemoryNode; 2],
    is_deaf: bool,
) -> Result<(Users, [Node; 2]), ConfigError> {
    let clients = [engines[0].client(), engines[1].client()];
    let told = [clients[0].invalidations(1_000)?, clients[1].invalidations(1_000)?];
    let [one, two] = clients;
    let node = |client| Node::new(rt, client, NodeFaults::new());
    let nodes = [node(one)?, node(two)?];

    let shared = DistributedCache::builder()
        .node("cache-1", nodes[0].clone())
        .node("cache-2", nodes[1].clone())
        .namespace("users")
        .default_ttl(Duration::from_secs(3_600))
        .build(rt)?;
    let layered = LayeredCache::builder(&shared)
        .local_ttl(Duration::from_secs(60))
        .stale_on_error(Duration::from_secs(600));
    let told = told.into_iter().filter(|_| !is_deaf);
    let layered = told.fold(layered, |layered, told| layered.invalidations(told));
    Ok((layered.build()?, nodes))
}

fn main() -> ExitCode {
    common::run(|rt, sabotage| async move {
        layers(rt, sabotage).await.map_err(|error| error.to_string())
    })
}

async fn layers<R: Runtime>(rt: R, sabotage: bool) -> Result<(), Box<dyn Error>> {
    let engines = [MemoryNode::new(&rt, 64 << 20)?, MemoryNode::new(&rt, 64 << 20)?];
    let (here, nodes) = service(&rt, &engines, false)?;
    let (there, _nodes) = service(&rt, &engines, sabotage)?;
    let (database, journal) = (Database::default(), Journal::default());
    let show = |who: &str, user: Option<String>| {
        let queries = database.queries.load(Ordering::Relaxed);
        journal.note(format!(
            "{who}: {}, after {queries} queries",
            user.as_deref().unwrap_or("nobody")
        ));
    };
    let load = |id| {
        let database = database.clone();
        move || async move { database.user(id).await }
    };

    // Through to the database once; then from the nodes; then from the process.
    show("here", here.get_or_load(&7, load(7)).await?);
    show("there", there.get_or_load(&7, load(7)).await?);
    show("there", there.get_or_load(&7, load(7)).await?);
    show("here", here.get_or_load(&100, load(100)).await?);
    show("there", there.get_or_load(&100, load(100)).await?);
    journal.is(&[
        "here: user 7, after 1 queries",
        "there: user 7, after 1 queries",
        "there: user 7, after 1 queries",
        "here: nobody, after 2 queries",
        "there: nobody, after 2 queries",
    ])?;

    // What one writes the other reads, at once; and the writer keeps what it wrote.
    here.insert(&7, &"Ada".to_owned()).await?;
    let asked = nodes.iter().map(|node| node.stats().calls).sum::<u64>();
    show("there", there.get(&7).await?);
    show("here", here.get(&7).await?);
    let asked = nodes.iter().map(|node| node.stats().calls).sum::<u64>() - asked;
    journal.note(format!("here asked {asked} times"));
    journal.is(&[
        "there: Ada, after 2 queries",
        "here: Ada, after 2 queries",
        "here asked 0 times",
    ])?;

    // The nodes are cut off from one service: it goes on with what it has, and with the database.
    nodes.iter().for_each(|node| node.set_link(Link::Down));
    there.remove(&7).await?;
    show("there", there.get(&7).await?);
    show("here", here.get_or_load(&8, load(8)).await?);
    journal.note(here.get(&9).await.is_err());
    nodes.iter().for_each(|node| node.set_link(Link::Up));
    show("here", here.get(&7).await?);
    journal.is(&[
        "there: nobody, after 2 queries",
        "here: user 8, after 3 queries",
        "true",
        "here: nobody, after 3 queries",
    ])?;

    let stats = here.stats();
    println!(
        "here: {} answers from the process, {} reads and {} writes of the nodes",
        stats.local.hits, stats.remote.reads, stats.remote.writes
    );
    Ok(())
}
