//! Waits under a deadline.

use std::pin::pin;

use mtaio::Runtime;
use mtaio::limit::AcquireError;
use mtaio::time::{Deadline, TimeLimit};
use mtaio_runtime::Ambient;
use mtaio_sim::Sim;

use crate::common::{Wakes, poll_with};
use crate::{at, limiter, ms, per_second};

#[test]
fn a_wait_that_is_known_to_be_too_long_is_refused_at_once() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(10), 1);
        limiter.try_acquire().expect("it is full");
        let wakes = Wakes::new();
        let mut first = pin!(limiter.acquire());
        assert!(poll_with(first.as_mut(), &wakes).is_pending());

        let ambient = Ambient::empty().with_named_deadline(at(199), Some("request"));
        let late = ambient.clone().attach(limiter.acquire()).await.unwrap_err();
        let AcquireError::Elapsed(late) = late else { panic!("{late}") };
        assert_eq!((late.by(), late.limit()), (TimeLimit::Inherited(Some("request")), ms(199)));
        assert_eq!((rt.now(), limiter.stats().waiting), (at(0), 1));

        // One millisecond more is enough: exactly.
        let ambient = Ambient::empty().with_deadline(at(200));
        assert_eq!(ambient.attach(limiter.acquire()).await, Ok(()));
        assert_eq!(rt.now(), at(200));
        assert!(poll_with(first, &wakes).is_ready());
        assert_eq!(wakes.count(), 1);
    });
}

#[test]
fn a_wait_that_becomes_too_long_ends_at_its_deadline() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(10), 1);
        limiter.try_acquire().expect("it is full");
        let wakes = Wakes::new();
        let in_time = Deadline::at(at(150));
        let mut late = pin!(in_time.run(&rt, limiter.acquire()));
        assert!(poll_with(late.as_mut(), &wakes).is_pending());
        let inherits = Ambient::empty().with_deadline(at(170));
        let mut next = pin!(inherits.attach(limiter.acquire()));
        // It would have to wait until 200.
        assert!(matches!(poll_with(next.as_mut(), &wakes), std::task::Poll::Ready(Err(_))));
        let inherits = Ambient::empty().with_deadline(at(210));
        let mut next = pin!(inherits.attach(limiter.acquire()));
        assert!(poll_with(next.as_mut(), &wakes).is_pending());
        let mut patient = pin!(limiter.acquire());
        assert!(poll_with(patient.as_mut(), &wakes).is_pending());

        limiter.set_rate(per_second(1)).expect("a short burst");
        patient.await.expect("it has no deadline");
        // The first two were sent away at their deadlines, so it was the first from then on.
        assert_eq!((rt.now(), limiter.stats().waiting), (at(1_000), 0));
        assert!(matches!(poll_with(next.as_mut(), &wakes), std::task::Poll::Ready(Err(_))));
    });
}
