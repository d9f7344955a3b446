use std::sync::Arc;
use std::time::Duration;

use mtaio::ConfigError;
use mtaio::cache::{
    DistributedCache, DistributedCacheBuilder, FaultNode, Invalidations, KeyedState, LayeredCache,
    LayeredCacheBuilder, MemoryNode, NodeFaults, Rendezvous, TtlCache, TtlCacheBuilder,
};
use mtaio::policy::BreakerConfig;
use mtaio_sim::Sim;

use crate::table::{NO_PARTS, NO_PERIODS, PERIOD, SOME, Table};

pub(crate) fn refuse(rt: &Sim, table: &mut Table) {
    in_process(rt, table);
    nodes(rt, table);
    distributed(rt, table);
    quorums(rt, table);
    layered(rt, table);
}

type Cache = TtlCache<u32, u32>;
type Build = fn(&Sim, TtlCacheBuilder<u32, u32>) -> Result<(), ConfigError>;

const BUILDS: [(&str, Build); 3] = [
    ("cache::TtlCacheBuilder::build", |rt, builder| builder.build(rt).map(drop)),
    ("cache::TtlCacheBuilder::build_with_runtime", |rt, builder| {
        builder.build_with_runtime(rt).map(drop)
    }),
    ("cache::TtlCacheBuilder::build_with_hasher", |rt, builder| {
        builder.hasher(KeyedState::new(rt)).build_with_hasher(rt).map(drop)
    }),
];

fn in_process(rt: &Sim, table: &mut Table) {
    let capacities = || [0, (1 << 48) + 1, usize::MAX];
    let allowed = "1 to 2^48";
    table.each("cache::TtlCache::new", "capacity", capacities(), allowed, |n| Cache::new(rt, n));
    table.each("cache::TtlCache::with_runtime", "capacity", capacities(), allowed, |n| {
        TtlCache::<u32, u32, Sim>::with_runtime(rt, n)
    });
    for (of, build) in BUILDS {
        table.each(of, "capacity", capacities(), allowed, |n| build(rt, Cache::builder(n)));
    }
    table.each("cache::TtlCache::builder", "capacity", capacities(), allowed, |n| {
        Cache::builder(n).build(rt)
    });
    table.refused(
        "cache::TtlCacheBuilder::build_with_hasher",
        "hasher",
        "not set",
        "a hasher",
        Cache::builder(1).build_with_hasher(rt),
    );

    let cache = || Cache::builder(1_000);
    let allowed = "a power of two, at most `capacity` and at most 65536";
    let shards = [0, 3, 1_024, 1 << 17, usize::MAX];
    table.each("cache::TtlCacheBuilder::shards", "shards", shards, allowed, |n| {
        cache().shards(n).build(rt)
    });
    table.each("cache::TtlCacheBuilder::shards", "shards", [1 << 17], allowed, |n| {
        Cache::builder(1 << 20).shards(n).build(rt)
    });
    table.period("cache::TtlCacheBuilder::default_ttl", "default_ttl", |d| {
        cache().default_ttl(d).build(rt)
    });
    table.period("cache::TtlCacheBuilder::time_to_idle", "time_to_idle", |d| {
        cache().time_to_idle(d).build(rt)
    });
    table.period("cache::TtlCacheBuilder::load_patience", "load_patience", |d| {
        cache().load_patience(d).build(rt)
    });
    table.each("cache::TtlCacheBuilder::ttl_jitter", "ttl_jitter", NO_PARTS, "0 to 1", |part| {
        cache().ttl_jitter(part).build(rt)
    });
    let ends = [0.0, 1.0].into_iter().chain(NO_PARTS);
    let allowed = "more than 0 and less than 1";
    table.each("cache::TtlCacheBuilder::refresh_ahead", "refresh_ahead", ends, allowed, |part| {
        cache().refresh_ahead(part).build(rt)
    });
    let too_long = || NO_PERIODS.into_iter().filter(|period| !period.is_zero());
    let stale = "stale_while_revalidate";
    table.each("cache::TtlCacheBuilder::stale_while_revalidate", stale, too_long(), PERIOD, |d| {
        cache().stale_while_revalidate(d).build(rt)
    });
    table.each(
        "cache::TtlCacheBuilder::stale_on_error",
        "stale_on_error",
        too_long(),
        PERIOD,
        |d| cache().stale_on_error(d).build(rt),
    );
    let kept = Arc::new(Cache::new(rt, 1).unwrap());
    table.period("cache::TtlCache::maintain_every", "period", |d| kept.maintain_every(d));
}

fn nodes(rt: &Sim, table: &mut Table) {
    let capacities = || [0, (1 << 48) + 1, usize::MAX];
    let allowed = "1 to 2^48";
    table.each("cache::MemoryNode::new", "capacity", capacities(), allowed, |n| {
        MemoryNode::new(rt, n)
    });
    table.each("cache::MemoryNode::with_runtime", "capacity", capacities(), allowed, |n| {
        MemoryNode::<Sim>::with_runtime(rt, n)
    });
    let node = || MemoryNode::new(rt, 1_000).unwrap();
    table.each("cache::MemoryNode::invalidations", "capacity", [0], SOME, |n| {
        node().invalidations(n)
    });
    table.each("cache::Invalidations::channel", "capacity", [0], SOME, Invalidations::channel);

    type Set = fn(NodeFaults, f64) -> NodeFaults;
    let sets: [(&str, &str, Set); 3] = [
        ("cache::NodeFaults::errors", "errors", NodeFaults::errors),
        ("cache::NodeFaults::lost_requests", "lost_requests", NodeFaults::lost_requests),
        ("cache::NodeFaults::lost_replies", "lost_replies", NodeFaults::lost_replies),
    ];
    for (of, field, set) in sets {
        table.each(of, field, NO_PARTS, "0 to 1", |part| {
            FaultNode::new(rt, node(), set(NodeFaults::new(), part))
        });
    }
    let faulty = FaultNode::new(rt, node(), NodeFaults::new()).unwrap();
    let too_much = NodeFaults::new().errors(0.5).lost_requests(0.75);
    let allowed = "with the other parts no more than 1";
    table.refused(
        "cache::FaultNode::new",
        "errors",
        "0.5",
        allowed,
        FaultNode::new(rt, node(), too_much),
    );
    table.refused(
        "cache::FaultNode::with_runtime",
        "errors",
        "0.5",
        allowed,
        FaultNode::with_runtime(rt, node(), too_much),
    );
    table.refused(
        "cache::FaultNode::set_faults",
        "errors",
        "0.5",
        allowed,
        faulty.set_faults(too_much),
    );
    let second = Duration::from_secs(1);
    let allowed = "from the least to the most, and at most 100 years";
    for (least, most, value) in [
        (2 * second, second, "2s to 1s"),
        (second, Duration::MAX, "1s to 18446744073709551615.999999999s"),
    ] {
        let faults = NodeFaults::new().latency(least, most);
        let built = FaultNode::new(rt, node(), faults);
        table.refused("cache::NodeFaults::latency", "latency", value, allowed, built);
    }
}

type Shared = DistributedCacheBuilder<u32, u64>;

fn shared(rt: &Sim, names: &[&str]) -> Shared {
    let node = || MemoryNode::new(rt, 1_000).unwrap();
    let builder = DistributedCache::<u32, u64>::builder();
    names.iter().fold(builder, |builder, name| builder.node(*name, node()))
}

fn distributed(rt: &Sim, table: &mut Table) {
    let three = || shared(rt, &["ada", "bob", "eve"]);
    table.refused(
        "cache::DistributedCacheBuilder::build",
        "node",
        "0",
        "1 to 256 of them",
        shared(rt, &[]).build(rt),
    );
    table.refused(
        "cache::DistributedCacheBuilder::build_with_runtime",
        "node",
        "0",
        "1 to 256 of them",
        shared(rt, &[]).build_with_runtime(rt),
    );
    table.refused(
        "cache::DistributedCacheBuilder::build",
        "node",
        "\"ada\"",
        "a name that no other node has",
        shared(rt, &["ada", "bob", "ada"]).build(rt),
    );
    let replications = [0, 4, usize::MAX];
    let allowed = "1 to 8, and at most the number of nodes";
    let replication = "cache::DistributedCacheBuilder::replication";
    table.each(replication, "replication", replications, allowed, |n| {
        three().replication(n).build(rt)
    });
    table.each("cache::Rendezvous::new", "replication", replications, allowed, |n| {
        Rendezvous::new(["ada", "bob", "eve"], n)
    });
    let many: Vec<_> = (0..257).map(|node| node.to_string()).collect();
    for (names, value) in [(&many[..0], "0"), (&many, "257")] {
        table.refused(
            "cache::Rendezvous::new",
            "node",
            value,
            "1 to 256 of them",
            Rendezvous::new(names.iter().map(|name| name.as_str()), 1),
        );
    }
    let names = ["", "a:b", "a*", "\u{e4}", "a b", &"x".repeat(65)].map(str::to_owned);
    let allowed = "1 to 64 of ASCII letters, digits, `-`, `_` and `.`";
    for name in &names {
        let of = "cache::DistributedCacheBuilder::namespace";
        table.each(of, "namespace", [name.as_str()], allowed, |name| {
            three().namespace(name).build(rt)
        });
    }
    table.period("cache::DistributedCacheBuilder::default_ttl", "default_ttl", |d| {
        three().default_ttl(d).build(rt)
    });
    table.period("cache::DistributedCacheBuilder::node_timeout", "node_timeout", |d| {
        three().node_timeout(d).build(rt)
    });
    table.period("cache::DistributedCacheBuilder::keep_removals", "keep_removals", |d| {
        three().keep_removals(d).build(rt)
    });
    table.each("cache::DistributedCacheBuilder::largest_value", "largest_value", [0], SOME, |n| {
        three().largest_value(n).build(rt)
    });
    table.each("cache::DistributedCacheBuilder::node_calls", "node_calls", [0], SOME, |n| {
        three().node_calls(n).build(rt)
    });
    table.each(
        "cache::DistributedCacheBuilder::node_breaker",
        "window",
        [0],
        "1 to 1000000",
        |calls| three().node_breaker(BreakerConfig::new().window(calls)).build(rt),
    );
}

fn quorums(rt: &Sim, table: &mut Table) {
    let three = || shared(rt, &["ada", "bob", "eve"]).replication(3);
    type Set = fn(Shared, usize) -> Shared;
    let sets: [(&str, &str, Set); 2] = [
        (
            "cache::DistributedCacheBuilder::read_quorum",
            "read_quorum",
            DistributedCacheBuilder::read_quorum,
        ),
        (
            "cache::DistributedCacheBuilder::write_quorum",
            "write_quorum",
            DistributedCacheBuilder::write_quorum,
        ),
    ];
    for (of, field, set) in sets {
        let allowed = "1 or more, and at most `replication`";
        table.each(of, field, [0, 4, usize::MAX], allowed, |n| set(three(), n).build(rt));
    }
    table.refused(
        "cache::DistributedCacheBuilder::read_quorum",
        "read_quorum",
        "1 beside a `write_quorum` of 2",
        "more than `replication` together with `write_quorum`, or `allow_stale_reads`",
        three().read_quorum(1).build(rt),
    );
}

fn layered(rt: &Sim, table: &mut Table) {
    let remote = shared(rt, &["ada"]).build(rt).unwrap();
    let near = || LayeredCache::builder(&remote);
    let built = |builder: LayeredCacheBuilder<u32, u64>| builder.build();
    table.each("cache::LayeredCacheBuilder::local_capacity", "local_capacity", [0], SOME, |n| {
        built(near().local_capacity(n))
    });
    table.each("cache::LayeredCacheBuilder::build", "local_capacity", [0], SOME, |n| {
        built(near().local_capacity(n))
    });
    table.period("cache::LayeredCacheBuilder::local_ttl", "local_ttl", |d| {
        built(near().local_ttl(d))
    });
    table.period("cache::LayeredCacheBuilder::absent_ttl", "absent_ttl", |d| {
        built(near().absent_ttl(d))
    });
    let too_long = NO_PERIODS.into_iter().filter(|period| !period.is_zero());
    table.each(
        "cache::LayeredCacheBuilder::stale_on_error",
        "stale_on_error",
        too_long,
        PERIOD,
        |d| built(near().stale_on_error(d)),
    );
}
