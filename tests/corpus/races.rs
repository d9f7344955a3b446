//! What holds at one await does not at the next: an assertion fails, in some order.

use std::sync::Arc;

use mtaio::{Runtime, RuntimeExt};
use tokio::sync::Mutex;

use crate::blocks::{Code, Locked, Number, elsewhere, ms};

/// Two that miss the cache load the same value, each for itself.
pub async fn a_cache_loads_twice<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Cache {
        value: Locked<Option<u32>>,
        loads: Number,
        flight: Mutex<()>,
    }

    async fn get<R: Runtime>(rt: R, cache: Arc<Cache>, code: Code) -> u32 {
        let _flight = if code.is_fixed() { Some(cache.flight.lock().await) } else { None };
        let known = *cache.value.lock();
        if let Some(value) = known {
            return value;
        }
        elsewhere(&rt).await;
        cache.loads.count();
        *cache.value.lock().insert(5)
    }

    let cache = Arc::new(Cache::default());
    let getters = [1, 2].map(|_| rt.spawn(get(rt.clone(), Arc::clone(&cache), code)));
    for getter in getters {
        assert_eq!(getter.await.unwrap(), 5);
    }
    assert_eq!(cache.loads.get(), 1, "a value is loaded once");
}

/// The reply and the expiry both find the request open, write their journal, and complete it.
pub async fn a_request_completes_twice<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Request {
        is_done: Number,
        completions: Number,
    }

    async fn complete<R: Runtime>(rt: R, request: Arc<Request>, code: Code) {
        rt.sleep(ms(10)).await;
        if code.is_fixed() {
            if request.is_done.count() == 0 {
                request.completions.count();
            }
        } else if request.is_done.get() == 0 {
            elsewhere(&rt).await;
            request.is_done.set(1);
            request.completions.count();
        }
    }

    let request = Arc::new(Request::default());
    let reply = rt.spawn_named("reply", complete(rt.clone(), Arc::clone(&request), code));
    let expiry = rt.spawn_named("expiry", complete(rt.clone(), Arc::clone(&request), code));
    reply.await.unwrap();
    expiry.await.unwrap();
    assert_eq!(request.completions.get(), 1, "a request ends once");
}

/// Three orders read the stock, ask for the price, and write back what they read less one.
pub async fn an_order_overwrites_another<R: Runtime>(rt: R, code: Code) {
    async fn order<R: Runtime>(rt: R, stock: Arc<Number>, code: Code) {
        if code.is_fixed() {
            elsewhere(&rt).await;
            stock.take();
        } else {
            let left = stock.get();
            elsewhere(&rt).await;
            stock.set(left - 1);
        }
    }

    let stock = Arc::new(Number::default());
    stock.set(10);
    let orders = [1, 2, 3].map(|_| rt.spawn(order(rt.clone(), Arc::clone(&stock), code)));
    for order in orders {
        order.await.unwrap();
    }
    assert_eq!(stock.get(), 7, "three were ordered");
}

/// A reader puts into the cache what it had read before the writer removed it from there.
pub async fn an_old_value_returns_to_the_cache<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Store {
        value: Number,
        cached: Locked<Option<u64>>,
        removals: Number,
    }

    async fn read<R: Runtime>(rt: R, store: Arc<Store>, code: Code) {
        let removals = store.removals.get();
        let value = store.value.get();
        elsewhere(&rt).await;
        if !code.is_fixed() || store.removals.get() == removals {
            *store.cached.lock() = Some(value);
        }
    }

    async fn write<R: Runtime>(rt: R, store: Arc<Store>) {
        store.value.set(2);
        elsewhere(&rt).await;
        store.removals.count();
        *store.cached.lock() = None;
    }

    let store = Arc::new(Store::default());
    let writer = rt.spawn_named("writer", write(rt.clone(), Arc::clone(&store)));
    let reader = rt.spawn_named("reader", read(rt.clone(), Arc::clone(&store), code));
    writer.await.unwrap();
    reader.await.unwrap();
    let cached = *store.cached.lock();
    assert_ne!(cached, Some(0), "the cache serves what was overwritten");
}

/// An initialization says that it is done before it is.
pub async fn a_reader_sees_a_half_made_value<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Lazy {
        ready: Number,
        value: Locked<Option<u32>>,
    }

    async fn make<R: Runtime>(rt: R, lazy: Arc<Lazy>, code: Code) {
        if !code.is_fixed() {
            lazy.ready.set(1);
        }
        elsewhere(&rt).await;
        *lazy.value.lock() = Some(9);
        lazy.ready.set(1);
    }

    let lazy = Arc::new(Lazy::default());
    let reader = rt.spawn_named("reader", {
        let lazy = Arc::clone(&lazy);
        async move {
            if lazy.ready.get() > 0 {
                let value = *lazy.value.lock();
                assert_eq!(value, Some(9), "it said that it is ready");
            }
        }
    });
    let maker = rt.spawn_named("maker", make(rt.clone(), lazy, code));
    maker.await.unwrap();
    reader.await.unwrap();
}

/// Replies are put in a list as they come, and are read as if in the order of the requests.
pub async fn replies_are_taken_for_ordered<R: Runtime>(rt: R, code: Code) {
    let replies = Arc::new(Locked::new(Vec::new()));
    let requests = [1, 2, 3].map(|request| {
        let (rt, replies) = (rt.clone(), Arc::clone(&replies));
        rt.clone().spawn(async move {
            rt.sleep(ms(10)).await;
            replies.lock().push((request, request * 10));
        })
    });
    for request in requests {
        request.await.unwrap();
    }
    let mut replies = std::mem::take(&mut *replies.lock());
    if code.is_fixed() {
        replies.sort_unstable();
    }
    let values: Vec<u32> = replies.into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, [10, 20, 30]);
}

/// A pool takes the first free connection by a compare and swap; that the first is the same again
/// does not mean that the second is.
pub async fn a_pool_lends_a_connection_twice<R: Runtime>(rt: R, code: Code) {
    struct Pool {
        /// The first free one, and how often that has changed.
        first: Locked<(usize, u64)>,
        /// The free one after each.
        next: Locked<Vec<usize>>,
        lent: Locked<Vec<bool>>,
        code: Code,
    }

    impl Pool {
        async fn lend<R: Runtime>(&self, rt: &R) -> usize {
            loop {
                let (first, changes) = *self.first.lock();
                let next = self.next.lock()[first];
                elsewhere(rt).await;
                if self.replace_first((first, changes), next) {
                    let twice = std::mem::replace(&mut self.lent.lock()[first], true);
                    assert!(!twice, "connection {first} is lent twice");
                    return first;
                }
            }
        }

        fn replace_first(&self, old: (usize, u64), new: usize) -> bool {
            let mut first = self.first.lock();
            let same = first.0 == old.0 && (first.1 == old.1 || !self.code.is_fixed());
            if same {
                *first = (new, first.1 + 1);
            }
            same
        }

        fn give_back(&self, connection: usize) {
            let mut first = self.first.lock();
            self.lent.lock()[connection] = false;
            self.next.lock()[connection] = first.0;
            *first = (connection, first.1 + 1);
        }
    }

    async fn client<R: Runtime>(rt: R, pool: Arc<Pool>) {
        let first = pool.lend(&rt).await;
        let second = pool.lend(&rt).await;
        pool.give_back(first);
        elsewhere(&rt).await;
        pool.give_back(second);
    }

    let pool = Arc::new(Pool {
        first: Locked::default(),
        next: Locked::new((1..10).collect()),
        lent: Locked::new(vec![false; 10]),
        code,
    });
    let clients = [1, 2].map(|_| rt.spawn_named("client", client(rt.clone(), Arc::clone(&pool))));
    for client in clients {
        client.await.unwrap();
    }
}

/// A lock of two flags and a turn, Peterson's, whose sides say whose turn it is before they say
/// that they want it.
pub async fn a_lock_gives_way_too_soon<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Lock {
        wants: [Number; 2],
        turn: Number,
        inside: Number,
        overlaps: Number,
    }

    async fn enter<R: Runtime>(rt: R, lock: Arc<Lock>, me: usize, code: Code) {
        let other = 1 - me;
        for _ in 0..2 {
            if code.is_fixed() {
                lock.wants[me].set(1);
                elsewhere(&rt).await;
                lock.turn.set(other as u64);
            } else {
                lock.turn.set(other as u64);
                elsewhere(&rt).await;
                lock.wants[me].set(1);
            }
            while lock.wants[other].get() == 1 && lock.turn.get() == other as u64 {
                rt.yield_now().await;
            }
            if lock.inside.count() > 0 {
                lock.overlaps.count();
            }
            elsewhere(&rt).await;
            lock.inside.take();
            lock.wants[me].set(0);
        }
    }

    let lock = Arc::new(Lock::default());
    let sides = [0, 1].map(|me| rt.spawn(enter(rt.clone(), Arc::clone(&lock), me, code)));
    for side in sides {
        side.await.unwrap();
    }
    assert_eq!(lock.overlaps.get(), 0, "both of them were inside");
}

/// Eight workers serve a hundred jobs; those that book, one in sixteen, overwrite each other where
/// one of them is overtaken by all that come between.
pub async fn a_slow_booking_is_overtaken<R: Runtime>(rt: R, code: Code) {
    const JOBS: u64 = 96;

    #[derive(Default)]
    struct Service {
        next: Number,
        booked: Number,
    }

    async fn serve<R: Runtime>(rt: R, service: Arc<Service>, code: Code) {
        loop {
            let job = service.next.count();
            if job >= JOBS {
                return;
            }
            let booked = service.booked.get();
            elsewhere(&rt).await;
            if job.is_multiple_of(16) {
                let before = if code.is_fixed() { service.booked.get() } else { booked };
                service.booked.set(before + 1);
            }
        }
    }

    let service = Arc::new(Service::default());
    let workers = [0; 8].map(|_| rt.spawn(serve(rt.clone(), Arc::clone(&service), code)));
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(service.booked.get(), JOBS / 16, "each is booked once");
}
