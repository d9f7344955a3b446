//! Bad settings are refused when a node is built, by name, with the value and with what is allowed.
//! (Those of a URL stand beside its parser.)

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use futures_util::io::Cursor;
use mtaio::ConfigError;
use mtaio::time::Backoff;
use mtaio_redis::{Address, RedisBuilder, RedisNode};
use mtaio_sim::Sim;

/// A node that never gets to connect.
fn build(rt: &Sim, builder: RedisBuilder) -> Result<RedisNode, ConfigError> {
    let nobody = async |_: Address| Ok(Cursor::new(Vec::new()));
    builder.clone().build_with_runtime(rt, nobody).map(drop).and(builder.build(rt, nobody))
}

fn builder() -> RedisBuilder {
    RedisNode::builder("redis://localhost".parse().unwrap())
}

#[test]
fn each_names_the_field_the_value_and_what_is_allowed() {
    Sim::run(0, |rt| async move {
        let refused = |builder: RedisBuilder, field: &str, value: &str, allowed: &str| {
            let error = build(&rt, builder).map(drop).unwrap_err();
            println!("{error}");
            assert_eq!(error.to_string(), format!("`{field}` is {value}, allowed is {allowed}"));
        };
        let day = Duration::from_secs(24 * 60 * 60);
        for time in [Duration::ZERO, day + Duration::from_nanos(1), Duration::MAX] {
            let (value, allowed) = (format!("{time:?}"), "more than zero and at most a day");
            refused(builder().timeout(time), "timeout", &value, allowed);
            refused(builder().connect_timeout(time), "connect_timeout", &value, allowed);
            refused(builder().keepalive(time), "keepalive", &value, allowed);
        }
        for size in [0, (512 << 20) + 1, usize::MAX] {
            let allowed = "1 to 536870912 bytes";
            refused(builder().max_size(size), "max_size", &size.to_string(), allowed);
        }
        refused(builder().max_in_flight(0), "max_in_flight", "0", "1 or more");
        let backoff = Backoff::exponential(Duration::from_secs(1)).with_factor(0);
        refused(builder().backoff(backoff), "factor", "0", "1 or more");
        for (one, other, longer) in [("user:", "us", "\"user:\""), ("", "\x7f", "\"\\x7f\"")] {
            let tracked = builder().track(one).track(other);
            refused(tracked, "track", longer, "no beginning of another");
        }
    });
}

#[test]
fn who_tracks_nothing_is_told_of_nothing() {
    Sim::run(0, |rt| async move {
        let refused = build(&rt, builder()).unwrap().invalidations(1).map(drop).unwrap_err();
        let told = "`track` is nothing, allowed is a prefix of keys, or an empty one";
        assert_eq!(refused.to_string(), told);
        let tracking = build(&rt, builder().track("")).unwrap();
        let refused = tracking.invalidations(0).map(drop).unwrap_err();
        assert_eq!(refused.to_string(), "`capacity` is 0, allowed is 1 or more");
    });
}
