//! Threads of the system, which the simulator can't show: all gaps of a few instructions.

use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use mtaio::limit::ConcurrencyLimiter;
use mtaio_smol::Smol;

use crate::common::{Wakes, block_on, ms, poll_with, watched};

const THREADS: usize = 6;
const ROUNDS: usize = 3_000;

/// Threads that take, wait, give up, give back and set the limit; whoever is never served hangs.
#[test]
fn threads_never_hold_more_than_there_are_and_all_are_served() {
    for most in [1, 5] {
        watched("threads", move || race(most));
    }
}

fn race(most: u32) {
    let limiter = ConcurrencyLimiter::with_runtime(&Smol::global(), most).expect("a limit");
    let impatient = limiter.clone().longest_wait(ms(1)).expect("a time");
    let out = AtomicU64::new(0);
    let used = |weight: u32, turns: usize| {
        let now = out.fetch_add(weight.into(), Ordering::SeqCst) + u64::from(weight);
        assert!(now <= most.into(), "{now} of {most}");
        (0..turns).for_each(|_| thread::yield_now());
        out.fetch_sub(weight.into(), Ordering::SeqCst);
    };
    let work = |thread: usize| {
        for round in 0..ROUNDS {
            let turns = (round + thread) % 3;
            let weight = 1 + u32::try_from(round + thread).expect("small") % most.min(3);
            match (round * 7 + thread) % 8 {
                0 => {
                    if let Ok(permit) = limiter.try_acquire_many(weight) {
                        used(weight, turns);
                        drop(permit);
                    }
                }
                1 => {
                    // Gives up its place in the line, or the permit that it has got by then.
                    let mut acquire = pin!(limiter.acquire_many(weight));
                    let polled = poll_with(acquire.as_mut(), &Wakes::new());
                    (0..turns).for_each(|_| thread::yield_now());
                    drop(polled);
                }
                2 => {
                    let permit = block_on(impatient.acquire());
                    if let Ok(permit) = permit {
                        used(1, turns);
                        drop(permit);
                    }
                }
                3 if most > 3 => {
                    let limit = 3 + u32::try_from(round).expect("small") % (most - 2);
                    limiter.set_limit(limit).expect("a limit");
                }
                4 => {
                    let permit = block_on(limiter.acquire_many_owned(weight)).expect("its turn");
                    used(weight, turns);
                    drop(permit);
                }
                _ => {
                    let permit = block_on(limiter.acquire_many(weight)).expect("its turn");
                    used(weight, turns);
                    drop(permit);
                }
            }
        }
    };
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let work = &work;
            scope.spawn(move || work(thread));
        }
    });
    assert_eq!((limiter.stats().in_use, limiter.stats().waiting), (0, 0));
    limiter.set_limit(most).expect("a limit");
    drop(limiter.try_acquire_many(most).expect("all is free"));
}
