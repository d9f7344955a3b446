//! A handler keeps something that only its own thread may use.

use std::rc::Rc;

use mtaio::event::{Event, EventEmitter};

struct UserLogin;

impl Event for UserLogin {
    const NAME: &'static str = "user.login";
}

fn listen(emitter: &EventEmitter) {
    let shared = Rc::new(1);
    emitter.on(async move |_: &UserLogin| drop(Rc::clone(&shared)));
}

fn main() {}
