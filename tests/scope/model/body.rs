use std::mem;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join;
use mtaio::scope::{Close, Scoped};
use mtaio::{DynRuntime, ResourceScope, Runtime, RuntimeExt};

use super::ledger::{Ledger, Resource, Way};
use crate::common::poll_once;

/// The choices of a body: the same again for the same seed.
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of `0..n`. (SplitMix64, by Sebastiano Vigna.)
    const fn pick(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn way(&mut self, hangs: bool) -> Way {
        match self.pick(if hangs { 12 } else { 11 }) {
            0..3 => Way::AtOnce,
            3..6 => Way::Yields(1 + self.pick(3)),
            6..8 => Way::Sleeps(Duration::from_micros(self.pick(2_000))),
            8 => Way::Fails,
            9 => Way::Panics,
            10 => Way::PanicsWhenDropped,
            _ => Way::Hangs,
        }
    }
}

type Held<'s> = Vec<Scoped<'s, Resource>>;

/// Notes when the body is over: it is dropped after all that comes after it.
struct Over<'a>(&'a Ledger);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.body_over();
    }
}

pub async fn body<R: Runtime>(
    scope: &ResourceScope,
    rt: &R,
    ledger: &Ledger,
    mut chance: Chance,
    hangs: bool,
) {
    let _over = Over(ledger);
    let mut held = Vec::new();
    let make = |way| ledger.resource(&DynRuntime::new(rt), way);
    for _ in 0..2 + chance.pick(12) {
        let way = chance.way(hangs);
        match chance.pick(16) {
            0..4 => held.push(add(scope, make(way), &mut chance)),
            4 => drop(add(scope, make(way), &mut chance)),
            5 => rt.yield_now().await,
            6 => rt.sleep(Duration::from_millis(1)).await,
            other => {
                if let Some(guard) = one_of(&mut held, &mut chance) {
                    act(other, guard, make, way, ledger, &mut held, &mut chance).await;
                }
            }
        }
    }
    assert!(chance.pick(4) > 0, "of the body");
}

fn add<'s>(
    scope: &'s ResourceScope,
    resource: Resource,
    chance: &mut Chance,
) -> Scoped<'s, Resource> {
    let name = resource.number.to_string();
    if chance.pick(2) == 0 {
        scope.add(name, resource)
    } else {
        let close = async |resource| mtaio::scope::AsyncClose::close(resource).await;
        scope.add_with(name, resource, close)
    }
}

fn one_of<'s>(held: &mut Held<'s>, chance: &mut Chance) -> Option<Scoped<'s, Resource>> {
    let count = u64::try_from(held.len()).expect("they are few");
    let index = (count > 0).then(|| chance.pick(count))?;
    Some(held.swap_remove(usize::try_from(index).expect("they are few")))
}

async fn act<'s>(
    what: u64,
    mut guard: Scoped<'s, Resource>,
    make: impl Fn(Way) -> Resource,
    way: Way,
    ledger: &Ledger,
    held: &mut Held<'s>,
    chance: &mut Chance,
) {
    let number = guard.number;
    match what {
        7 => drop(guard),
        8 => close(guard.close(), number, ledger).await,
        9 => begin(guard.close(), number, ledger, chance).await,
        10 => {
            ledger.released(number);
            drop(guard.release());
        }
        11 | 12 => {
            let new = make(way);
            ledger.replaced(number, new.number);
            let old = guard.replace(new);
            held.push(guard);
            match what {
                11 => close(old, number, ledger).await,
                _ => begin(old, number, ledger, chance).await,
            }
        }
        13 => match one_of(held, chance) {
            Some(other) => {
                let first = close(guard.close(), number, ledger);
                let other_number = other.number;
                join(first, close(other.close(), other_number, ledger)).await;
            }
            None => held.push(guard),
        },
        14 => {
            ledger.forgotten(number);
            if chance.pick(2) == 0 { mem::forget(guard) } else { mem::forget(guard.close()) }
        }
        _ => held.push(guard.close_within(Duration::from_millis(5)).expect("a limit")),
    }
}

async fn close(close: Close<'_>, number: usize, ledger: &Ledger) {
    let result = close.await;
    ledger.told(number, &result);
}

/// Polls it a few times at most, and leaves it to the scope if that is not enough.
async fn begin(close: Close<'_>, number: usize, ledger: &Ledger, chance: &mut Chance) {
    let mut close = pin!(close);
    for _ in 0..chance.pick(3) {
        if let Poll::Ready(result) = poll_once(&mut close).await {
            return ledger.told(number, &result);
        }
    }
}
