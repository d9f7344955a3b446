//! What can't be seen from outside: that nobody stays aboard, and who is called.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

use mtaio_runtime::Instant;
use mtaio_sim::Sim;

use super::flight::{Flight, Ticket, Turn, Watch};
use super::flights::{AnyError, Boarded, Flights};
use crate::cache::TtlCache;
use crate::queue::Wakes;

const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A flight that is led, and as many who wait, of whom two watch from this one on.
fn flight(waiting: usize, from: usize) -> (Flight<u32, u32>, u32, Vec<Ticket>, Vec<Arc<Count>>) {
    let mut flight = Flight::new(7, 7);
    let lead = flight.lead().expect("nobody leads");
    let counts: Vec<_> = (0..waiting).map(|_| Arc::new(Count::default())).collect();
    let mut tickets = Vec::new();
    for (number, count) in counts.iter().enumerate() {
        flight.join();
        let mut ticket = Ticket::new(0);
        assert!(flight.lead().is_none());
        assert!(flight.wait(&mut ticket, Waker::from(Arc::clone(count))).is_none());
        if number >= from {
            flight.watch(&mut ticket, Instant::ZERO, PATIENCE, &mut Wakes::default());
        }
        tickets.push(ticket);
    }
    (flight, lead, tickets, counts)
}

fn woken(counts: &[Arc<Count>]) -> Vec<usize> {
    counts.iter().map(|count| count.0.load(Ordering::SeqCst)).collect()
}

#[test]
fn the_first_word_holds() {
    let (mut flight, lead, mut tickets, _) = flight(1, 0);
    let mut wakes = Wakes::default();
    flight.land(lead, Arc::new(Ok(1)), &mut wakes);
    let failed: AnyError = Arc::new("down");
    flight.land(lead, Arc::new(Err(failed)), &mut wakes);
    flight.land(lead, Arc::new(Ok(2)), &mut wakes);
    match flight.turn(&mut tickets[0], &mut wakes) {
        Some(Turn::Landed(landed)) => assert!(matches!(*landed, Ok(1))),
        _ => panic!("it has landed"),
    }
}

#[test]
fn who_leads_by_its_turn_has_others_watch() {
    let (mut flight, lead, mut tickets, counts) = flight(4, 0);
    flight.abandon(lead).expect("the first waits").wake();
    assert_eq!(woken(&counts), [1, 0, 0, 0]);
    let mut wakes = Wakes::default();
    assert!(matches!(flight.turn(&mut tickets[0], &mut wakes), Some(Turn::Lead(_))));
    wakes.wake();
    assert_eq!(woken(&counts), [1, 1, 1, 0]);
}

#[test]
fn a_turn_that_is_given_up_is_the_next_ones() {
    let (mut flight, lead, mut tickets, counts) = flight(3, 1);
    // Its turn, and it does not watch: nobody is called for that.
    flight.abandon(lead).expect("it waits").wake();
    let mut wakes = Wakes::default();
    flight.leave(&mut tickets.remove(0), &mut wakes);
    wakes.wake();
    assert_eq!(woken(&counts), [1, 1, 0]);
    assert!(matches!(flight.turn(&mut tickets[0], &mut Wakes::default()), Some(Turn::Lead(_))));
}

#[test]
fn no_more_watch_than_need_be() {
    let (mut flight, _, mut tickets, counts) = flight(3, 0);
    let mut wakes = Wakes::default();
    let third = flight.watch(&mut tickets[2], Instant::ZERO, PATIENCE, &mut wakes);
    assert!(matches!(third.0, Watch::No));
    let due = Instant::ZERO + PATIENCE;
    let early = flight.watch(&mut tickets[0], due - Duration::from_nanos(1), PATIENCE, &mut wakes);
    assert!(matches!(early.0, Watch::Until(until) if until == due));
    assert!(matches!(flight.watch(&mut tickets[0], due, PATIENCE, &mut wakes).0, Watch::Lead(_)));
    // And the next one's time begins anew.
    let next = flight.watch(&mut tickets[1], due, PATIENCE, &mut wakes);
    assert!(matches!(next.0, Watch::Until(until) if until == due + PATIENCE));
    wakes.wake();
    assert_eq!(woken(&counts), [0, 1, 1]);
}

#[test]
fn nobody_stays_aboard() {
    let flights = Flights::<u32, u32>::new();
    let waker = Waker::noop();
    let (mut leads, boarded) = flights.board(7, &7, waker);
    let Boarded::Leads(lead) = boarded else { panic!("nobody leads") };
    assert!(flights.lead(7, &7).is_none());
    let (mut waits, boarded) = flights.board(7, &7, waker);
    assert!(matches!(boarded, Boarded::Waits { watch: true }));
    let mut listens = flights.enlist(7, &7);
    assert_eq!(flights.len(), 1);
    flights.land(&mut leads, lead, Arc::new(Ok(1)), || {});
    assert!(!flights.is_listed(&listens));
    flights.turn(&mut waits, waker);
    assert_eq!(flights.len(), 1);
    flights.leave(&mut listens);
    assert_eq!(flights.len(), 0);
}

#[test]
fn a_lease_goes_when_it_is_dropped_or_filled() {
    Sim::run(0, |rt| async move {
        let cache = TtlCache::<u32, u32>::new(&rt, 10).expect("a capacity");
        for filled in [false, true] {
            let lease = cache.lease(&7);
            assert_eq!(cache.shards[0].flights.len(), 1);
            if filled {
                assert!(lease.fill(70));
            } else {
                drop(lease);
            }
            assert_eq!(cache.shards[0].flights.len(), 0);
        }
    });
}
