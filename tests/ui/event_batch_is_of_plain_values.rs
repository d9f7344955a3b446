//! A handler of batches takes the events by themselves, and not as those that are kept.

use mtaio::Runtime;
use mtaio::event::{Event, EventEmitter};

struct Order;

impl Event for Order {
    const NAME: &'static str = "order";
}

fn listen<R: Runtime>(rt: R, emitter: &EventEmitter) {
    let orders = emitter.of::<Order>();
    let _ = orders.batch(100).on(&rt, async |orders: &[Order]| println!("{}", orders.len()));
}

fn main() {}
