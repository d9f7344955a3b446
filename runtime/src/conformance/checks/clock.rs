//! The clock: monotonic, the same for all, and the one that the timers follow.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crate::conformance::check::{Entry, Outcome, check, ensure};
use crate::conformance::probes::{HOUR, LONG, elsewhere, lock, ms};
use crate::conformance::{Capability, Host};
use crate::{DynRuntime, Runtime, RuntimeExt};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check("clock_is_monotonic", "`now` never goes back", |host: &H| host.run(is_monotonic)),
        check(
            "clock_is_monotonic_across_threads",
            "what one thread has seen of `now`, no other thread sees less of afterwards",
            |host: &H| host.run(is_monotonic_across_threads),
        ),
        check(
            "clock_is_one_for_all_handles",
            "clones of a handle, erased or not, on whichever thread, read the same clock",
            |host: &H| host.run(is_one_for_all_handles),
        )
        .needs(&[Capability::ForeignCalls]),
        check(
            "clock_moves_as_sleeps_end",
            "time passes while tasks sleep, as much as they sleep and not hours more",
            |host: &H| host.run(moves_as_sleeps_end),
        ),
        check(
            "clock_agrees_with_the_timers",
            "when a sleep is over, `now` has reached its deadline, for everybody",
            |host: &H| host.run(agrees_with_the_timers),
        ),
        check(
            "clock_of_the_wall_is_sane",
            "the time of day lies between 1970 and 2270, and moves on",
            |host: &H| host.run(of_the_wall_is_sane),
        ),
    ]
}

async fn is_monotonic<R: Runtime>(rt: R) -> Outcome {
    let mut last = rt.now();
    for round in 0..2_000 {
        let now = rt.now();
        ensure!(now >= last, "{now:?} after {last:?}");
        last = now;
        if round % 100 == 0 {
            rt.yield_now().await;
        }
        if round % 500 == 0 {
            rt.sleep(ms(1)).await;
        }
    }
    Ok(())
}

async fn is_monotonic_across_threads<R: Runtime>(rt: R) -> Outcome {
    let seen = Arc::new(Mutex::new(rt.now()));
    let jobs = [(); 3].map(|()| {
        let (rt, seen) = (rt.clone(), Arc::clone(&seen));
        rt.clone().unblock(move || {
            for _ in 0..10_000 {
                let mut last = lock(&seen);
                let now = rt.now();
                ensure!(now >= *last, "{now:?} after {:?}", *last);
                *last = now;
            }
            Ok(())
        })
    });
    for job in jobs {
        job.await??;
    }
    Ok(())
}

async fn is_one_for_all_handles<R: Runtime>(rt: R) -> Outcome {
    let (twin, erased) = (rt.clone(), DynRuntime::new(&rt));
    let mut last = rt.now();
    for _ in 0..20 {
        let foreign = rt.clone();
        let readings = [twin.now(), erased.now(), elsewhere(move || foreign.now())?, rt.now()];
        for now in readings {
            ensure!(now >= last, "{now:?} after {last:?}, in {readings:?}");
            ensure!(now - last < LONG, "{now:?} right after {last:?}");
            last = now;
        }
        rt.yield_now().await;
    }
    Ok(())
}

async fn moves_as_sleeps_end<R: Runtime>(rt: R) -> Outcome {
    for wait in [ms(2), ms(7)] {
        let before = rt.now();
        rt.sleep(wait).await;
        let passed = rt.now() - before;
        ensure!(passed >= wait, "{passed:?} passed in a sleep of {wait:?}");
        ensure!(passed < LONG, "{passed:?} passed in a sleep of {wait:?}");
    }
    Ok(())
}

async fn agrees_with_the_timers<R: Runtime>(rt: R) -> Outcome {
    let sleepers = (0..50_u64).map(|number| {
        let rt = rt.clone();
        rt.clone().spawn(async move {
            for round in 0..10 {
                let deadline = rt.now() + Duration::from_micros((number * 31 + round * 17) % 1_000);
                rt.sleep_until(deadline).await;
                let now = rt.now();
                ensure!(now >= deadline, "a sleep ended {:?} early", deadline - now);
            }
            Ok(())
        })
    });
    for sleeper in sleepers.collect::<Vec<_>>() {
        sleeper.await??;
    }
    // Others have reached it too: a task, a job, a handle without a type.
    for _ in 0..5 {
        let deadline = rt.now() + Duration::from_micros(700);
        rt.sleep_until(deadline).await;
        let (task, job, erased) = (rt.clone(), rt.clone(), DynRuntime::new(&rt));
        let readings = [
            erased.now(),
            rt.spawn(async move { task.now() }).await?,
            rt.unblock(move || job.now()).await?,
        ];
        for now in readings {
            ensure!(now >= deadline, "elsewhere the sleep ended {:?} early", deadline - now);
        }
    }
    Ok(())
}

async fn of_the_wall_is_sane<R: Runtime>(rt: R) -> Outcome {
    let start = rt.wall_clock();
    let age = start.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    ensure!(age > Duration::ZERO && age < HOUR * 24 * 366 * 300, "{age:?} after 1970");
    rt.sleep(ms(40)).await;
    // Somebody may set it meanwhile, but not by chance in each of these tests.
    let passed = rt.wall_clock().duration_since(start).unwrap_or_default();
    ensure!(passed >= ms(20) && passed < HOUR, "{passed:?} passed in 40 ms");
    Ok(())
}
