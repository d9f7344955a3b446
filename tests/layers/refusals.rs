//! What makes no sense is refused when it is built, and says so.

use std::time::Duration;

use mtaio::ConfigError;
use mtaio::cache::{
    DistributedCache, DistributedCacheBuilder, FaultNode, Invalidations, LayeredCache, MemoryNode,
    NodeFaults, Rendezvous,
};
use mtaio_sim::Sim;

fn refused<T>(built: Result<T, ConfigError>, message: &str) {
    match built {
        Ok(_) => panic!("accepted, where {message}"),
        Err(error) => assert_eq!(error.to_string(), message),
    }
}

#[test]
fn distributed() {
    Sim::run(0, |rt| async move {
        let with = |nodes: &[&str]| {
            let node = || MemoryNode::new(&rt, 1_000).expect("it makes sense");
            let builder = DistributedCache::<u32, u64>::builder();
            nodes.iter().fold(builder, |builder, name| builder.node(*name, node()))
        };
        let three = || with(&["ada", "bob", "eve"]);
        let check = |builder: DistributedCacheBuilder<u32, u64>, message: &str| {
            refused(builder.build(&rt), message);
        };
        check(with(&[]), "`node` is 0, allowed is 1 to 256 of them");
        check(with(&["ada", "ada"]), "`node` is \"ada\", allowed is a name that no other node has");
        let allowed = "allowed is 1 to 8, and at most the number of nodes";
        check(three().replication(0), &format!("`replication` is 0, {allowed}"));
        check(three().replication(4), &format!("`replication` is 4, {allowed}"));
        let allowed = "allowed is 1 or more, and at most `replication`";
        let replicated = || three().replication(3);
        check(replicated().read_quorum(4), &format!("`read_quorum` is 4, {allowed}"));
        check(replicated().read_quorum(0), &format!("`read_quorum` is 0, {allowed}"));
        check(replicated().write_quorum(4), &format!("`write_quorum` is 4, {allowed}"));
        check(replicated().write_quorum(0), &format!("`write_quorum` is 0, {allowed}"));
        check(three().write_quorum(2), &format!("`write_quorum` is 2, {allowed}"));
        check(
            replicated().read_quorum(1),
            "`read_quorum` is 1 beside a `write_quorum` of 2, allowed is more than `replication` \
             together with `write_quorum`, or `allow_stale_reads`",
        );
        assert!(replicated().read_quorum(1).allow_stale_reads().build(&rt).is_ok());
        assert!(replicated().read_quorum(1).write_quorum(3).build(&rt).is_ok());
        let allowed = "allowed is 1 to 64 of ASCII letters, digits, `-`, `_` and `.`";
        for name in ["", "a:b", "a*", "ä", &"x".repeat(65)] {
            check(three().namespace(name), &format!("`namespace` is {name:?}, {allowed}"));
        }
        let allowed = "allowed is more than zero and at most 100 years";
        let zero = Duration::ZERO;
        check(three().default_ttl(zero), &format!("`default_ttl` is 0ns, {allowed}"));
        check(three().node_timeout(zero), &format!("`node_timeout` is 0ns, {allowed}"));
        check(three().keep_removals(zero), &format!("`keep_removals` is 0ns, {allowed}"));
        check(three().largest_value(0), "`largest_value` is 0, allowed is 1 or more");
        check(three().node_calls(0), "`node_calls` is 0, allowed is 1 or more");
        refused(
            Rendezvous::new((0..257).map(|number| number.to_string()), 1),
            "`node` is 257, allowed is 1 to 256 of them",
        );
    });
}

#[test]
fn layered() {
    Sim::run(0, |rt| async move {
        let node = MemoryNode::new(&rt, 1_000).expect("it makes sense");
        let remote = DistributedCache::builder().node("ada", node).build(&rt);
        let remote: DistributedCache<u32, u64> = remote.expect("it makes sense");
        let builder = || LayeredCache::builder(&remote);
        let allowed = "allowed is more than zero and at most 100 years";
        refused(builder().local_capacity(0).build(), "`local_capacity` is 0, allowed is 1 or more");
        let built = builder().local_ttl(Duration::ZERO).build();
        refused(built, &format!("`local_ttl` is 0ns, {allowed}"));
        let built = builder().absent_ttl(Duration::ZERO).build();
        refused(built, &format!("`absent_ttl` is 0ns, {allowed}"));
        let built = builder().stale_on_error(Duration::MAX).build();
        refused(built, &format!("`stale_on_error` is {:?}, {allowed}", Duration::MAX));
    });
}

#[test]
fn nodes() {
    Sim::run(0, |rt| async move {
        refused(Invalidations::channel(0), "`capacity` is 0, allowed is 1 or more");
        refused(MemoryNode::new(&rt, 0), "`capacity` is 0, allowed is 1 to 2^48");
        let with = |faults| {
            let node = MemoryNode::new(&rt, 1_000).expect("it makes sense");
            FaultNode::new(&rt, node, faults)
        };
        refused(with(NodeFaults::new().errors(1.5)), "`errors` is 1.5, allowed is 0 to 1");
        let faults = NodeFaults::new().lost_replies(f64::NAN);
        refused(with(faults), "`lost_replies` is NaN, allowed is 0 to 1");
        let faults = NodeFaults::new().errors(0.5).lost_requests(0.6);
        refused(with(faults), "`errors` is 0.5, allowed is with the other parts no more than 1");
        let [one, two] = [1, 2].map(Duration::from_secs);
        refused(
            with(NodeFaults::new().latency(two, one)),
            "`latency` is 2s to 1s, allowed is from the least to the most, and at most 100 years",
        );
    });
}
