//! The program of the guide, and what is printed when it fails: `runtime-sim/docs/testing.md` shows
//! both, and has to show what is.

use std::sync::{Arc, Mutex};

use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Diagnosis, Explore, Sim};

#[derive(Default)]
struct Store {
    database: Mutex<u32>,
    cache: Mutex<Option<u32>>,
}

/// Answers from the cache, or asks the database and remembers.
async fn read<R: Runtime>(rt: R, store: Arc<Store>) -> u32 {
    if let Some(known) = *store.cache.lock().unwrap() {
        return known;
    }
    let value = *store.database.lock().unwrap();
    rt.yield_now().await; // The answer is on its way.
    *store.cache.lock().unwrap() = Some(value);
    value
}

/// Changes the database, and takes the old value out of the cache.
async fn write<R: Runtime>(rt: R, store: Arc<Store>, value: u32) {
    *store.database.lock().unwrap() = value;
    rt.yield_now().await; // The answer is on its way.
    *store.cache.lock().unwrap() = None;
}

async fn scenario<R: Runtime>(rt: R) {
    let store = Arc::new(Store::default());
    let writer = rt.spawn_named("writer", write(rt.clone(), store.clone(), 2));
    let reader = rt.spawn_named("reader", read(rt.clone(), store.clone()));
    writer.await.unwrap();
    reader.await.unwrap();
    assert_eq!(read(rt, store).await, 2, "the cache serves what was overwritten");
}

const GUIDE: &str = include_str!("../../runtime-sim/docs/testing.md");

#[test]
fn the_cache_follows_the_database() {
    let failure = Sim::try_explore(Explore::new().seeds(0..1_000), scenario).expect_err("it races");
    assert_eq!(failure.diagnosis(), Diagnosis::Panicked);
    let (_, shown) = GUIDE.split_once("```text\nmtaio-sim: ").expect("it shows a failure");
    let (shown, _) = shown.split_once("\n```").expect("it ends");
    // Where the test stands is another matter.
    let anywhere = |text: &str| -> String {
        let words = text.lines().map(|line| {
            let words = line.split(' ').filter(|word| !word.contains(".rs:"));
            words.map(|word| word.trim_start_matches("guide::")).collect::<Vec<_>>().join(" ")
        });
        words.collect::<Vec<_>>().join("\n")
    };
    let printed = failure.to_string();
    let printed = printed.strip_prefix("mtaio-sim: ").expect("it says who tells");
    assert_eq!(anywhere(printed), anywhere(shown), "the guide shows something else:\n{printed}");
}

#[test]
fn the_guide_shows_this_program() {
    let this = include_str!("guide.rs");
    let (_, program) = this.split_once("#[derive(Default)]").expect("it begins");
    let (program, _) = program.split_once("\n#[test]").expect("it ends");
    let (program, _) = program.split_once("\nconst GUIDE").expect("it ends before that");
    assert!(program.lines().count() > 30);
    assert!(GUIDE.contains(program.trim_end()), "the guide shows another program");
}

#[test]
fn the_guide_names_every_diagnosis() {
    for diagnosis in [
        Diagnosis::Deadlock,
        Diagnosis::LostWakeup,
        Diagnosis::StaleWaker,
        Diagnosis::Livelock,
        Diagnosis::Leak,
        Diagnosis::Nondeterminism,
        Diagnosis::Panicked,
    ] {
        assert!(GUIDE.contains(&format!("| `{diagnosis:?}` |")), "{diagnosis:?}");
        assert!(GUIDE.contains(&format!("Diagnosis::{diagnosis:?}")), "{diagnosis:?}");
    }
}
