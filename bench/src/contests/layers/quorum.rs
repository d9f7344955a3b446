//! Two of three nodes, each a millisecond away, against one.

use std::hint::black_box;
use std::time::Duration;

use mtaio::cache::{DistributedCache, FaultNode, MemoryNode, NodeFaults};

use super::GROUP;
use crate::contests::Hosts;
use crate::harness::Aim::Wish;
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Side, timed_on};
use crate::host::Host;

pub(super) fn contests(hosts: &Hosts) -> [Contest; 3] {
    [contest(&hosts.tokio[0]), contest(&hosts.tokio[1]), contest(&hosts.smol)]
}

fn contest<H: Host>(host: &H) -> Contest {
    Contest::new(GROUP, format!("layers-quorum/{}", host.name())).ours(reads(host, 3)).peer(
        "one of one",
        Wish(Ratio(1.3)),
        reads(host, 1),
    )
}

fn reads<H: Host>(host: &H, replication: usize) -> Side {
    let rt = host.adapter();
    timed_on(host, move |times| {
        let rt = rt.clone();
        async move {
            let mut cache = DistributedCache::<u64, u64>::builder().replication(replication);
            let millisecond = Duration::from_millis(1);
            for name in ["cache-1", "cache-2", "cache-3"] {
                let node = MemoryNode::with_runtime(&rt, 1 << 20)?;
                let faults = NodeFaults::new().latency(millisecond, millisecond);
                cache = cache.node(name, FaultNode::with_runtime(&rt, node, faults)?);
            }
            let cache = cache.build_with_runtime(&rt)?;
            cache.insert(&1, &7).await?;
            cache.settled().await;
            for _ in 0..times {
                black_box(cache.get(&1).await?);
            }
            Ok(())
        }
    })
}
