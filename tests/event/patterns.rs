//! Patterns: what they mean, held against a plain reading of them.

use mtaio::Runtime;
use mtaio::event::{AnyEvent, EventEmitter, Pattern};

use crate::common::on_every_runtime;

on_every_runtime!(seeds = 30; a_tree_of_patterns_finds_what_each_of_them_matches);

#[test]
fn one_level_and_any() {
    let matches = |pattern: &str, name| pattern.parse::<Pattern>().unwrap().matches(name);
    assert!(matches("user.*", "user.login"));
    assert!(!matches("user.*", "user.login.failed") && !matches("user.*", "user"));
    assert!(matches("user.#", "user.login") && matches("user.#", "user.login.failed"));
    assert!(matches("user.#", "user") && !matches("user.#", "users.login"));
    assert!(matches("*.login", "user.login") && !matches("*.login", "login"));
    assert!(matches("#", "") && matches("#", "a") && matches("#", "a.b.c"));
    assert!(matches("a.b", "a.b") && !matches("a.b", "a.bc") && !matches("a.b", "a"));
    for wrong in ["", "a.", ".a", "a..b", "#.a", "a.#.b", "log*", "a.b#", "**"] {
        assert_eq!(wrong.parse::<Pattern>().unwrap_err().field(), "pattern", "{wrong}");
    }
}

async fn a_tree_of_patterns_finds_what_each_of_them_matches<R: Runtime>(rt: R) {
    let below = |n: u64| rt.entropy() % n;
    let level = |wild: bool| match below(if wild { 5 } else { 3 }) {
        0 => "a",
        1 => "b",
        2 => "ab",
        _ => "*",
    };
    let name = |wild: bool| {
        let mut levels: Vec<_> = (0..=below(4)).map(|_| level(wild)).collect();
        if wild && below(3) == 0 {
            levels.push("#");
        }
        levels.join(".")
    };
    let emitter = EventEmitter::new();
    let mut all = Vec::new();
    for round in 0..60 {
        if round % 3 == 2 {
            let gone: (Pattern, mtaio::event::Listener) =
                all.remove(below(all.len() as u64) as usize);
            assert!(gone.1.off().await);
        } else {
            let pattern = name(true);
            let listener = emitter.on_pattern(&pattern, async |_: &AnyEvent| {}).unwrap();
            all.push((pattern.parse().unwrap(), listener));
        }
        let name = name(false);
        let expected = all.iter().filter(|(pattern, _)| pattern.matches(&name)).count();
        assert_eq!(emitter.emit_named(name.clone(), ()).await.ran, expected, "{name}: {all:?}");
    }
}
