//! A series is asked for by all of its labels.

use mtaio::monitor::Registry;

fn main() {
    let registry = Registry::new();
    let replies = registry.counters("replies_total", "Replies.", ["route", "status"]).unwrap();
    replies.with(["/users"]).inc();
}
