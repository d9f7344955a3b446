//! A handler holds something across an `await` that can't be sent to another thread.

use std::rc::Rc;

use mtaio::event::{Event, EventEmitter};
use mtaio::{Runtime, RuntimeExt};

struct UserLogin;

impl Event for UserLogin {
    const NAME: &'static str = "user.login";
}

fn listen<R: Runtime>(rt: R, emitter: &EventEmitter) {
    emitter.on(async move |_: &UserLogin| {
        let shared = Rc::new(1);
        rt.yield_now().await;
        drop(shared);
    });
}

fn main() {}
