//! What happened, in order.

use std::sync::{Arc, Mutex};

use mtaio::event::Event;

#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub fn note(&self, what: impl ToString) {
        self.0.lock().unwrap().push(what.to_string());
    }

    /// What was noted since the last look.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Number(pub u32);

impl Event for Number {
    const NAME: &'static str = "number";
}

#[derive(Clone, Debug, PartialEq)]
pub struct Text(pub String);

impl Event for Text {
    const NAME: &'static str = "text";
}

/// A handler's mistake.
pub fn fails(why: &str) {
    panic!("{why}");
}
