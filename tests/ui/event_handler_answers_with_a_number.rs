//! A handler answers with something that says nothing of how it went.

use mtaio::event::{Event, EventEmitter};

struct UserLogin;

impl Event for UserLogin {
    const NAME: &'static str = "user.login";
}

fn listen(emitter: &EventEmitter) {
    emitter.on(async |_: &UserLogin| 42);
}

fn main() {}
