//! The simulator knows nothing of mtaio's errors: what makes no sense there is a panic, before anything
//! runs, which names the setting.

use std::any::Any;
use std::panic::{UnwindSafe, catch_unwind};
use std::time::Duration;

use mtaio_sim::{Explore, Faults, Schedule, Sim};

#[track_caller]
fn panics<T>(setting: &str, build: impl FnOnce() -> T + UnwindSafe) {
    let panic = match catch_unwind(build) {
        Ok(_) => panic!("{setting} accepts it"),
        Err(panic) => panic,
    };
    let message = text(&*panic);
    assert!(message.starts_with(&format!("`{setting}`")), "{setting}: {message}");
    println!("{setting:48} {message}");
}

fn text(panic: &(dyn Any + Send)) -> String {
    let literal = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    literal.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a panic has a message")
}

#[test]
fn a_simulation_that_makes_no_sense_is_not_begun() {
    for probability in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1, 1.1] {
        panics("Faults::spurious_polls", || Faults::new().spurious_polls(probability));
    }
    panics("Faults::late_timers", || Faults::new().late_timers(Duration::MAX));
    panics("Faults::wall_clock_jumps", || Faults::new().wall_clock_jumps(Duration::MAX));
    panics("Explore::seeds", || Explore::new().seeds(0..0));
    panics("Explore::max_polls", || Explore::new().max_polls(0));
    panics("Explore::max_time", || Explore::new().max_time(Duration::ZERO));
    panics("Explore::run_twice", || Explore::new().run_twice(0));
    for depth in [0, 65, u32::MAX] {
        panics("Schedule::Pct", || Explore::new().policy(Schedule::Pct(depth)));
    }
}

#[test]
fn a_chance_that_is_none_names_its_value() {
    for probability in [f64::NAN, -0.1, 1.1] {
        let asked = Sim::try_run(0, |rt| async move { rt.buggify(probability) });
        let told = asked.expect_err("it is refused").to_string();
        let message =
            format!("`Sim::buggify` was given {probability}: a probability is from 0 to 1");
        assert!(told.contains(&message), "{told}");
    }
}
