//! Random bits that do not repeat themselves.

use crate::conformance::check::{Entry, Outcome, check, ensure};
use crate::conformance::probes::elsewhere;
use crate::conformance::{Capability, Host};
use crate::{Runtime, RuntimeExt};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check("entropy_differs", "no two draws of a few hundred are the same", |host| {
            host.run(differs)
        }),
        check("entropy_has_64_bits", "each of the 64 bits is drawn, set and not set", |host| {
            host.run(has_64_bits)
        }),
        check(
            "entropy_is_one_for_all_handles",
            "clones of a handle do not repeat what the others draw",
            |host: &H| host.run(is_one_for_all_handles),
        ),
        check(
            "entropy_differs_between_threads",
            "what one thread draws, no other thread draws too",
            |host: &H| host.run(differs_between_threads),
        )
        .needs(&[Capability::ForeignCalls]),
    ]
}

fn all_differ(mut drawn: Vec<u64>) -> Outcome {
    // That two of 500 coincide by chance is one in 10^14.
    let count = drawn.len();
    drawn.sort_unstable();
    drawn.dedup();
    ensure!(drawn.len() == count, "{} values in {count} draws", drawn.len());
    Ok(())
}

async fn differs<R: Runtime>(rt: R) -> Outcome {
    all_differ((0..500).map(|_| rt.entropy()).collect())
}

async fn has_64_bits<R: Runtime>(rt: R) -> Outcome {
    let (mut set, mut unset) = (0, 0);
    for _ in 0..200 {
        let drawn = rt.entropy();
        set |= drawn;
        unset |= !drawn;
    }
    ensure!(set == u64::MAX, "these bits are never set: {:#x}", !set);
    ensure!(unset == u64::MAX, "these bits are always set: {:#x}", !unset);
    Ok(())
}

async fn is_one_for_all_handles<R: Runtime>(rt: R) -> Outcome {
    let clones = [rt.clone(), rt.clone(), rt.clone()];
    let mut drawn: Vec<u64> =
        (0..50).flat_map(|_| clones.each_ref().map(Runtime::entropy)).collect();
    for clone in clones {
        drawn.extend(rt.spawn(async move { [clone.entropy(), clone.entropy()] }).await?);
    }
    all_differ(drawn)
}

async fn differs_between_threads<R: Runtime>(rt: R) -> Outcome {
    let mut drawn = Vec::new();
    for _ in 0..4 {
        let handle = rt.clone();
        drawn.extend(elsewhere(move || [(); 20].map(|()| handle.entropy()))?);
        drawn.extend([(); 20].map(|()| rt.entropy()));
    }
    all_differ(drawn)
}
