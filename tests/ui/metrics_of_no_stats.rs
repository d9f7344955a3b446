//! A registry watches what a `stats()` gives, not any number.

use mtaio::monitor::Registry;

fn main() {
    let registry = Registry::new();
    let queue = mtaio::queue::Queue::<u32>::unbounded();
    registry.watch("orders", move || queue.stats().len).unwrap();
}
