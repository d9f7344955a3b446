//! A handler captures something that can't be cloned.

use mtaio::event::{Event, EventEmitter};

struct UserLogin;

impl Event for UserLogin {
    const NAME: &'static str = "user.login";
}

struct Connection;

impl Connection {
    async fn greet(&self) {}
}

fn listen(emitter: &EventEmitter) {
    let connection = Connection;
    emitter.on(async move |_: &UserLogin| connection.greet().await);
}

fn main() {}
