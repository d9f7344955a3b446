//! The smallest near cache that is right, to hold the node against.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use mtaio::cache::{CacheNode, Invalidation, Invalidations, NodeError};

/// A cache in the process, in front of a node.
pub struct Near<N> {
    node: N,
    local: Mutex<Local>,
}

struct Local {
    told: Invalidations,
    values: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// Goes up with each invalidation: what was asked for before is not kept.
    changes: u64,
    hits: u64,
}

impl<N: CacheNode> Near<N> {
    pub fn new(node: N, told: Invalidations) -> Self {
        let local = Local { told, values: HashMap::new(), changes: 0, hits: 0 };
        Self { node, local: Mutex::new(local) }
    }

    pub const fn node(&self) -> &N {
        &self.node
    }

    /// How many of the gets asked nobody.
    pub fn hits(&self) -> u64 {
        self.local().hits
    }

    pub async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, NodeError> {
        let before = {
            let mut local = self.local();
            if let Some(value) = local.values.get(key).cloned() {
                local.hits += 1;
                return Ok(value);
            }
            local.changes
        };
        let value = self.node.get(key).await?;
        let mut local = self.local();
        if local.changes == before {
            local.values.insert(key.to_vec(), value.clone());
        }
        Ok(value)
    }

    /// Writes through, and keeps what it wrote.
    pub async fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), NodeError> {
        let before = {
            let mut local = self.local();
            local.values.remove(key);
            local.changes += 1;
            local.changes
        };
        self.node.insert(key, value, None).await?;
        let mut local = self.local();
        if local.changes == before {
            local.values.insert(key.to_vec(), Some(value.to_vec()));
        }
        Ok(())
    }

    /// What is held, once it is rid of what was told to have changed.
    fn local(&self) -> std::sync::MutexGuard<'_, Local> {
        let mut local = self.local.lock().expect("no test panics in it");
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(told)) = Pin::new(&mut local.told).poll_next(&mut cx) {
            local.changes += 1;
            match told {
                Invalidation::Key(key) => drop(local.values.remove(&*key)),
                _ => local.values.clear(),
            }
        }
        local
    }
}
