//! What the server tells of changed keys.
//!
//! The server is asked to *broadcast* (`CLIENT TRACKING ON BCAST NOLOOP PREFIX ..`): it tells of each
//! change of a key with one of the prefixes, made by whom ever but this connection. The other kind,
//! in which it remembers who has read what, can't be had with `NOLOOP`: a key that we write ourselves
//! is then no longer remembered to be ours, and the next change of it, by another, is not told.

use std::mem;
use std::sync::Arc;

use mtaio::ConfigError;
use mtaio::cache::Invalidator;
use parking_lot::Mutex;

use crate::reply::kind;
use crate::resp::{Frame, Garbage};

pub(crate) struct Tracking {
    prefixes: Vec<Vec<u8>>,
    /// Replaced as a whole: who is told may add another.
    listeners: Mutex<Arc<[Invalidator]>>,
}

impl Tracking {
    /// Tracking of the keys with these prefixes, if there are any.
    pub(crate) fn new(prefixes: Vec<Vec<u8>>) -> Result<Self, ConfigError> {
        for (i, one) in prefixes.iter().enumerate() {
            for other in &prefixes[i + 1..] {
                if one.starts_with(other) || other.starts_with(one) {
                    let longer = if one.len() > other.len() { one } else { other };
                    let value = format!("\"{}\"", longer.escape_ascii());
                    return Err(ConfigError::new("track", value, "no beginning of another"));
                }
            }
        }
        Ok(Self { prefixes, listeners: Mutex::new(Arc::from([])) })
    }

    pub(crate) fn is_on(&self) -> bool {
        !self.prefixes.is_empty()
    }

    pub(super) fn prefixes(&self) -> &[Vec<u8>] {
        &self.prefixes
    }

    pub(crate) fn add(&self, listener: Invalidator) {
        let mut listeners = self.listeners.lock();
        let still = listeners.iter().filter(|listener| !listener.is_closed()).cloned();
        let all = still.chain([listener]).collect();
        let replaced = mem::replace(&mut *listeners, all);
        drop(listeners);
        drop(replaced);
    }

    /// Nobody knows what has changed.
    pub(super) fn lost(&self) {
        for listener in &*self.listeners() {
            listener.lost();
        }
    }

    /// Passes on what the server told without having been asked: how many keys there were.
    pub(super) fn told(&self, push: Vec<Frame>) -> Result<usize, Garbage> {
        let mut items = push.into_iter();
        let (Some(topic), keys, None) = (items.next(), items.next(), items.next()) else {
            return Ok(0);
        };
        if !matches!(&topic, Frame::Bulk(topic) | Frame::Line(topic) if topic == b"invalidate") {
            return Ok(0);
        }
        let listeners = self.listeners();
        let all = || listeners.iter().for_each(Invalidator::all);
        let keys = match keys {
            Some(Frame::Null) => {
                all();
                return Ok(0);
            }
            Some(Frame::Array(keys)) => keys,
            other => {
                let kind = other.as_ref().map_or("nothing at all", kind);
                return Err(Garbage(format!("an invalidation of {kind}")));
            }
        };
        let count = keys.len();
        for key in keys {
            match key {
                Frame::Bulk(key) => {
                    let key: Arc<[u8]> = key.into();
                    listeners.iter().for_each(|listener| listener.key(Arc::clone(&key)));
                }
                Frame::TooLarge(_) => all(),
                other => return Err(Garbage(format!("an invalidation of {}", kind(&other)))),
            }
        }
        Ok(count)
    }

    fn listeners(&self) -> Arc<[Invalidator]> {
        Arc::clone(&self.listeners.lock())
    }
}
