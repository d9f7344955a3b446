//! A cache, by the book: lists that are searched from end to end.

use std::collections::{BTreeMap, VecDeque};

use mtaio::cache::{CacheStats, Cause, Eviction};

#[derive(Clone, Debug)]
pub struct Entry {
    pub value: u64,
    pub weight: u64,
    pub deadline: u64,
    pub at_most: u64,
    uses: u64,
    last_use: u64,
}

/// Who leaves first, as lists of keys.
#[derive(Debug, Default)]
struct Order {
    /// In the order of coming, or of the last use.
    main: VecDeque<u64>,
    probation: VecDeque<u64>,
    /// The youngest first; what came back leaves a gap, which the next one closes.
    ghost: Vec<Option<u64>>,
}

/// What the cache is to do, with one shard.
#[derive(Debug)]
pub struct Model {
    eviction: Eviction,
    capacity: u64,
    idle: Option<u64>,
    pub entries: BTreeMap<u64, Entry>,
    order: Order,
    pub stats: CacheStats,
    /// What left during the last operation.
    pub gone: Vec<(u64, u64, Cause)>,
    uses: u64,
}

impl Model {
    pub fn new(eviction: Eviction, capacity: u64, idle: Option<u64>) -> Self {
        let (entries, order) = (BTreeMap::new(), Order::default());
        let (stats, gone) = (CacheStats::default(), Vec::new());
        Self { eviction, capacity, idle, entries, order, stats, gone, uses: 0 }
    }

    pub fn weight(&self) -> u64 {
        self.entries.values().map(|entry| entry.weight).sum()
    }

    /// The value that `key` has at `now`.
    pub fn peek(&self, key: u64, now: u64) -> Option<u64> {
        self.entries.get(&key).filter(|entry| entry.deadline > now).map(|entry| entry.value)
    }

    pub fn get(&mut self, key: u64, now: u64) -> Option<u64> {
        let value = self.peek(key, now);
        if value.is_some() {
            self.stats.hits += 1;
            self.use_it(key, now);
        } else {
            self.stats.misses += 1;
            if self.entries.contains_key(&key) {
                self.settle(now);
            }
        }
        value
    }

    /// Frees what has expired.
    pub fn settle(&mut self, now: u64) {
        let over: Vec<u64> =
            self.entries.iter().filter(|(_, e)| e.deadline <= now).map(|(key, _)| *key).collect();
        for key in over {
            self.leave(key, Cause::Expired);
        }
    }

    pub fn insert(&mut self, key: u64, value: u64, weight: u64, ttl: Option<u64>, now: u64) {
        self.settle(now);
        self.stats.insertions += 1;
        let at_most = ttl.map_or(u64::MAX, |ttl| now.saturating_add(ttl));
        let deadline = self.idle.map_or(at_most, |idle| at_most.min(now.saturating_add(idle)));
        if weight > self.capacity || deadline <= now {
            if self.entries.contains_key(&key) {
                self.leave(key, Cause::Replaced);
            }
            let cause = if weight > self.capacity { Cause::TooHeavy } else { Cause::Expired };
            return self.tell(key, value, cause);
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            let old = std::mem::replace(&mut entry.value, value);
            (entry.deadline, entry.at_most) = (deadline, at_most);
            self.tell(key, old, Cause::Replaced);
            self.use_it_keeping_times(key);
            return self.reweigh(key, weight);
        }
        let has_room = self.weight() + weight <= self.capacity;
        while self.weight() + weight > self.capacity {
            self.evict();
        }
        let entry = Entry { value, weight, deadline, at_most, uses: 0, last_use: 0 };
        self.entries.insert(key, entry);
        self.come(key, has_room);
    }

    pub fn reweigh(&mut self, key: u64, weight: u64) {
        if weight > self.capacity {
            return self.leave(key, Cause::TooHeavy);
        }
        self.entries.get_mut(&key).expect("it is there").weight = weight;
        while self.weight() > self.capacity {
            self.evict();
        }
    }

    pub fn touch(&mut self, key: u64, ttl: Option<u64>, now: u64) {
        self.use_it(key, now);
        let entry = self.entries.get_mut(&key).expect("it is there");
        entry.at_most = ttl.map_or(u64::MAX, |ttl| now.saturating_add(ttl));
        entry.deadline =
            self.idle.map_or(entry.at_most, |idle| entry.at_most.min(now.saturating_add(idle)));
    }

    pub fn clear(&mut self) {
        for key in self.entries.keys().copied().collect::<Vec<_>>() {
            self.leave(key, Cause::Removed);
        }
        self.order = Order::default();
    }

    pub fn use_it(&mut self, key: u64, now: u64) {
        if let Some(idle) = self.idle {
            let entry = self.entries.get_mut(&key).expect("it is there");
            entry.deadline = entry.deadline.max(entry.at_most.min(now.saturating_add(idle)));
        }
        self.use_it_keeping_times(key);
    }

    fn use_it_keeping_times(&mut self, key: u64) {
        self.uses += 1;
        let entry = self.entries.get_mut(&key).expect("it is there");
        (entry.uses, entry.last_use) = (entry.uses + 1, self.uses);
        match self.eviction {
            Eviction::Lru => {
                self.order.main.retain(|it| *it != key);
                self.order.main.push_back(key);
            }
            Eviction::S3Fifo => entry.uses = entry.uses.min(3),
            _ => {}
        }
    }

    pub fn leave(&mut self, key: u64, cause: Cause) {
        let entry = self.entries.remove(&key).expect("it is there");
        self.order.main.retain(|it| *it != key);
        self.order.probation.retain(|it| *it != key);
        self.tell(key, entry.value, cause);
    }

    fn tell(&mut self, key: u64, value: u64, cause: Cause) {
        self.gone.push((key, value, cause));
        let stats = &mut self.stats;
        *match cause {
            Cause::Capacity => &mut stats.evictions,
            Cause::Expired => &mut stats.expirations,
            Cause::Replaced => &mut stats.replacements,
            Cause::Removed => &mut stats.removals,
            Cause::TooHeavy => &mut stats.rejections,
            _ => unreachable!("there is no other"),
        } += 1;
    }

    fn small(&self) -> u64 {
        (self.capacity / 128).max(1)
    }

    fn weight_of(&self, keys: &VecDeque<u64>) -> u64 {
        keys.iter().map(|key| self.entries[key].weight).sum()
    }

    fn come(&mut self, key: u64, has_room: bool) {
        self.uses += 1;
        let main_weight = self.weight_of(&self.order.main);
        let entry = self.entries.get_mut(&key).expect("it is there");
        (entry.uses, entry.last_use) = (1, self.uses);
        if self.eviction != Eviction::S3Fifo {
            return self.order.main.push_back(key);
        }
        entry.uses = 0;
        let fills = has_room && main_weight + entry.weight <= self.capacity - self.small();
        let known = self.order.ghost.iter().position(|it| *it == Some(key));
        if let Some(known) = known {
            self.order.ghost[known] = None;
        }
        let next = self.order.main.front();
        let is_next_used = next.is_some_and(|next| self.entries[next].uses > 0);
        let comes_back = known.is_some_and(|known| known < 6 || !is_next_used);
        if comes_back || fills {
            self.order.main.push_back(key);
        } else {
            self.order.probation.push_back(key);
        }
    }

    fn evict(&mut self) {
        let victim = match self.eviction {
            Eviction::S3Fifo => self.s3_victim(),
            Eviction::Lfu => {
                let rank = |key: &u64| (self.entries[key].uses, self.entries[key].last_use);
                self.entries.keys().copied().min_by_key(rank).expect("it is full")
            }
            _ => self.order.main[0],
        };
        self.leave(victim, Cause::Capacity);
    }

    fn s3_victim(&mut self) -> u64 {
        let mut spared = 0;
        loop {
            let is_probation =
                self.weight_of(&self.order.probation) > self.small() || self.order.main.is_empty();
            let queue = if is_probation { &mut self.order.probation } else { &mut self.order.main };
            let key = queue[0];
            let entry = self.entries.get_mut(&key).expect("it is there");
            if entry.uses > 0 && spared < 128 {
                spared += 1;
                entry.uses = if is_probation { 0 } else { entry.uses - 1 };
                queue.pop_front();
                self.order.main.push_back(key);
                continue;
            }
            if is_probation {
                self.remember(key);
            }
            return key;
        }
    }

    /// So few entries share one set.
    fn remember(&mut self, key: u64) {
        if let Some(gap) = self.order.ghost.iter().position(Option::is_none) {
            self.order.ghost.remove(gap);
        }
        self.order.ghost.insert(0, Some(key));
        self.order.ghost.truncate(16);
    }
}
