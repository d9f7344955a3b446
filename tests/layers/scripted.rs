//! A connection to an engine, as one over a network is: what the engine tells comes in the order in
//! which it happened, between the replies, and all of it may be lost at any time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use mtaio::RuntimeExt;
use mtaio::cache::{
    CacheNode, Invalidation, Invalidations, Invalidator, MemoryNode, NodeError, NodeFuture,
};
use mtaio_sim::Sim;

use crate::below;
use crate::common::ms;

#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    rt: Sim,
    engine: MemoryNode<Sim>,
    /// What the engine has told.
    tap: Mutex<Invalidations>,
    /// What of it is on its way, and how many have arrived.
    wire: Mutex<(VecDeque<Invalidation>, u64)>,
    listener: Invalidator,
    is_up: AtomicBool,
    /// How often it was cut.
    cuts: Mutex<u64>,
}

impl Connection {
    /// A client of `engine`, and what it is told.
    pub fn new(rt: &Sim, engine: &MemoryNode<Sim>) -> (Self, Invalidations) {
        let engine = engine.client();
        let tap = Mutex::new(engine.invalidations(1_000).expect("it makes sense"));
        let (listener, told) = Invalidations::channel(16).expect("it makes sense");
        let inner = Inner {
            rt: rt.clone(),
            engine,
            tap,
            wire: Mutex::default(),
            listener,
            is_up: AtomicBool::new(true),
            cuts: Mutex::default(),
        };
        (Self(Arc::new(inner)), told)
    }

    /// Nothing arrives any more, neither replies nor what was told.
    pub fn cut(&self) {
        self.0.is_up.store(false, Ordering::SeqCst);
        *self.0.cuts.lock().expect("nobody panics") += 1;
        self.0.listener.lost();
    }

    /// It is there again. What was told meanwhile is not told again.
    pub fn mend(&self) {
        if self.0.is_up.load(Ordering::SeqCst) {
            return;
        }
        while self.told().is_some() {}
        self.0.wire.lock().expect("nobody panics").0.clear();
        self.0.listener.lost();
        self.0.is_up.store(true, Ordering::SeqCst);
    }

    /// Some of what is on its way arrives.
    pub fn deliver_some(&self) {
        self.enqueue();
        let waiting = self.0.wire.lock().expect("nobody panics").0.len();
        self.deliver(below(&self.0.rt, waiting + 1));
    }

    fn told(&self) -> Option<Invalidation> {
        self.0.tap.lock().expect("nobody panics").next().now_or_never().flatten()
    }

    /// What the engine has told by now is on its way: the number of the last.
    fn enqueue(&self) -> u64 {
        while let Some(told) = self.told() {
            self.0.wire.lock().expect("nobody panics").0.push_back(told);
        }
        let wire = self.0.wire.lock().expect("nobody panics");
        wire.1 + wire.0.len() as u64
    }

    fn deliver(&self, count: usize) {
        for _ in 0..count {
            let mut wire = self.0.wire.lock().expect("nobody panics");
            let arrived = wire.0.pop_front();
            wire.1 += u64::from(arrived.is_some());
            drop(wire);
            if let Some(arrived) = arrived
                && self.0.is_up.load(Ordering::SeqCst)
            {
                self.0.listener.tell(arrived);
            }
        }
    }

    /// The request goes there, and then the reply comes back, behind all that was told before it.
    fn call<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce(&'a MemoryNode<Sim>) -> NodeFuture<'a, T> + Send + 'a,
    ) -> NodeFuture<'a, T> {
        Box::pin(async move {
            let cuts = self.cuts();
            self.way().await;
            self.check(cuts)?;
            let answer = call(&self.0.engine).await?;
            let before = self.enqueue();
            self.way().await;
            self.check(cuts)?;
            let arrived = self.0.wire.lock().expect("nobody panics").1;
            self.deliver(before.saturating_sub(arrived) as usize);
            Ok(answer)
        })
    }

    async fn way(&self) {
        match below(&self.0.rt, 3) {
            0 => {}
            1 => self.0.rt.yield_now().await,
            _ => self.0.rt.sleep(ms(below(&self.0.rt, 4) as u64)).await,
        }
    }

    fn cuts(&self) -> u64 {
        *self.0.cuts.lock().expect("nobody panics")
    }

    /// A reply of an earlier connection does not come on a later one.
    fn check(&self, cuts: u64) -> Result<(), NodeError> {
        if self.0.is_up.load(Ordering::SeqCst) && self.cuts() == cuts {
            return Ok(());
        }
        Err(NodeError::unavailable("the connection was cut"))
    }
}

impl CacheNode for Connection {
    fn get<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>> {
        self.call(move |node| node.get(key))
    }

    fn insert<'a>(
        &'a self,
        key: &'a [u8],
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, ()> {
        self.call(move |node| node.insert(key, value, ttl))
    }

    fn insert_if<'a>(
        &'a self,
        key: &'a [u8],
        expected: Option<&'a [u8]>,
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, bool> {
        self.call(move |node| node.insert_if(key, expected, value, ttl))
    }

    fn remove<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, bool> {
        self.call(move |node| node.remove(key))
    }

    fn clear<'a>(&'a self, prefix: &'a [u8]) -> NodeFuture<'a, ()> {
        self.call(move |node| node.clear(prefix))
    }

    fn ping(&self) -> NodeFuture<'_, ()> {
        self.call(|node| node.ping())
    }
}
