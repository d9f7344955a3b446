use std::time::Duration;

use mtaio::ConfigError;
use mtaio::limit::ConcurrencyLimiter;
use mtaio::time::{Backoff, Jitter};
use mtaio_runtime::{DynRuntime, Runtime};

use crate::connector::Connector;
use crate::endpoint::Endpoint;
use crate::link::{Link, Settings, Tracking};
use crate::node::RedisNode;

/// What a [`RedisNode`] is to be like; from [`RedisNode::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct RedisBuilder {
    endpoint: Endpoint,
    timeout: Duration,
    connect_timeout: Duration,
    keepalive: Duration,
    backoff: Backoff,
    max_size: usize,
    max_in_flight: u32,
    tracked: Vec<Vec<u8>>,
}

/// Of the server itself.
const MOST_BYTES: usize = 512 << 20;
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

impl RedisBuilder {
    pub(crate) const fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(1),
            keepalive: Duration::from_secs(5),
            backoff: Backoff::exponential(Duration::from_millis(50))
                .with_max(Duration::from_secs(5))
                .with_jitter(Jitter::Equal),
            max_size: 8 << 20,
            max_in_flight: 1024,
            tracked: Vec::new(),
        }
    }

    /// How long a call may take, the making of a connection included: 2 s unless said. A server that
    /// owes an answer and says nothing for so long is given up, and the next call connects anew.
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// How long a connection may take until the server has introduced itself: 1 s unless said.
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// After so long without a word, the server is asked whether it is there: 5 s unless said.
    pub const fn keepalive(mut self, after: Duration) -> Self {
        self.keepalive = after;
        self
    }

    /// How long to wait between connections that fail; 50 ms to 5 s, doubling, half of it by chance,
    /// unless said. The first one after a success is made at once.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How many bytes a key and its value may have together: 8 MiB unless said, and at most 512.
    pub const fn max_size(mut self, bytes: usize) -> Self {
        self.max_size = bytes;
        self
    }

    /// How many calls may be under way: 1024 unless said; further ones wait, in order. 16 KiB of a
    /// command weigh as much as a call, so that what is buffered is bounded too.
    pub const fn max_in_flight(mut self, most: u32) -> Self {
        self.max_in_flight = most;
        self
    }

    /// Has the server tell which keys with this prefix are changed by others; an empty one is that
    /// of all keys. It may be said several times, for prefixes of which none begins another.
    ///
    /// The server tells of each change of such a key, whether it was ever read here or not.
    pub fn track(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.tracked.push(prefix.into());
        self
    }

    /// Builds a node that does not show the runtime in its type. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a setting that makes no sense.
    pub fn build<R: Runtime>(
        self,
        rt: &R,
        connector: impl Connector,
    ) -> Result<RedisNode, ConfigError> {
        self.build_with_runtime(&DynRuntime::new(rt), connector)
    }

    /// Builds a node on a runtime of known type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a setting that makes no sense.
    pub fn build_with_runtime<R: Runtime>(
        self,
        rt: &R,
        connector: impl Connector,
    ) -> Result<RedisNode<R>, ConfigError> {
        check_period("timeout", self.timeout)?;
        check_period("connect_timeout", self.connect_timeout)?;
        check_period("keepalive", self.keepalive)?;
        if self.max_size == 0 || self.max_size > MOST_BYTES {
            let allowed = "1 to 536870912 bytes";
            return Err(ConfigError::new("max_size", self.max_size.to_string(), allowed));
        }
        if self.max_in_flight == 0 {
            return Err(ConfigError::new("max_in_flight", "0", "1 or more"));
        }
        let delays = self.backoff.delays(rt)?;
        let tracking = Tracking::new(self.tracked)?;
        let room = ConcurrencyLimiter::with_runtime(rt, self.max_in_flight)?;
        let settings = Settings {
            endpoint: self.endpoint,
            timeout: self.timeout,
            connect_timeout: self.connect_timeout,
            keepalive: self.keepalive,
            max_size: self.max_size,
        };
        Ok(RedisNode::new(Link::new(rt, settings, connector, room, delays, tracking)))
    }
}

fn check_period(field: &'static str, period: Duration) -> Result<(), ConfigError> {
    if period.is_zero() || period > LONGEST {
        let allowed = "more than zero and at most a day";
        return Err(ConfigError::new(field, format!("{period:?}"), allowed));
    }
    Ok(())
}
