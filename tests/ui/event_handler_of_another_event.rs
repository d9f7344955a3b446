//! A handler of one event is given to the view of another.

use mtaio::event::{Event, EventEmitter};

struct UserLogin;

impl Event for UserLogin {
    const NAME: &'static str = "user.login";
}

struct UserLogout;

impl Event for UserLogout {
    const NAME: &'static str = "user.logout";
}

fn listen(emitter: &EventEmitter) {
    emitter.of::<UserLogin>().on(async |_: &UserLogout| {});
}

fn main() {}
