//! The real data: the summary that it must come to, whatever fails.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::flights;
use crate::harness::run;

pub fn sums_up_january(runtime: &str) {
    let ran = run(["--runtime", runtime, "--json", "-"]);
    ran.succeeded();
    assert_eq!(ran.json(), expected());
    assert_eq!(ran.stderr, "");
}

pub fn sums_up_january_although_lookups_fail(runtime: &str) {
    for (seed, faults) in
        [("1", "0.3"), ("7", "0.3"), ("18446744073709551615", "0.3"), ("3", "0.45")]
    {
        let ran = run(["--runtime", runtime, "--seed", seed, "--faults", faults, "--json", "-"]);
        ran.succeeded();
        assert_eq!(ran.json(), expected(), "seed {seed}, faults {faults}");
        assert_eq!(ran.stderr, "");
    }
}

/// Also of those that go back and come again.
pub fn tells_of_each_flight_once(runtime: &str) {
    let ran = run(["--runtime", runtime, "--faults", "0.45", "--seed", "3"]);
    ran.succeeded();
    let last = ran.stdout.lines().last().unwrap();
    assert_eq!(last, "27004 rows, 521 cancelled, 27004 written, 0 malformed");
}

#[test]
fn sums_up_january_although_nearly_all_lookups_fail() {
    for (seed, faults) in [("43", "0.49"), ("44", "0.8")] {
        let ran = run(["--runtime", "sim", "--seed", seed, "--faults", faults, "--json", "-"]);
        ran.succeeded();
        assert_eq!(ran.json(), expected(), "seed {seed}, faults {faults}");
    }
}

/// Or the runs above would show nothing.
#[test]
fn lookups_fail_as_often_as_they_are_told_to() {
    use flights::faults::Faults;
    use mtaio_sim::{Explore, Sim};

    for (probability, seed) in [(0.0, 1), (0.3, 2), (0.45, 3), (0.9, 4)] {
        let failed = async move |rt: Sim| {
            let faults = Faults::new(probability, seed);
            let mut failed = 0_u32;
            for _ in 0..10_000 {
                let call = faults.call(&rt);
                let late = mtaio::time::timeout(&rt, std::time::Duration::from_millis(20), call);
                failed += u32::from(!matches!(late.await, Ok(Ok(()))));
            }
            f64::from(failed) / 10_000.0
        };
        let failed = Explore::new().run_seed(0, failed).unwrap();
        assert!((failed - probability).abs() < 0.02, "{failed} instead of {probability}");
    }
}

/// The summary, computed independently.
pub fn expected() -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data/flights-2013-01.expected.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}
