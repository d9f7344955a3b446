//! What scenarios put into scopes.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};

use mtaio::scope::AsyncClose;

/// What happened to things, in order.
#[derive(Clone, Debug, Default)]
pub struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn has(&self, line: &str) -> bool {
        self.lines().iter().any(|noted| noted == line)
    }

    /// A thing that closes at once and notes that.
    pub fn thing(&self, name: &'static str) -> Thing {
        Thing { name, end: End::Closes, journal: self.clone() }
    }
}

/// Notes when it is closed, and when it is dropped without that.
#[derive(Debug)]
pub struct Thing {
    pub name: &'static str,
    end: End,
    journal: Journal,
}

/// How it goes when a thing is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Closes,
    Fails,
    Panics,
    Hangs,
    /// It has been, so what is dropped is nothing.
    Closed,
}

impl Thing {
    pub fn fails(mut self) -> Self {
        self.end = End::Fails;
        self
    }

    pub fn panics(mut self) -> Self {
        self.end = End::Panics;
        self
    }

    pub fn hangs(mut self) -> Self {
        self.end = End::Hangs;
        self
    }
}

impl AsyncClose for Thing {
    type Error = String;

    async fn close(mut self) -> Result<(), String> {
        match self.end {
            End::Hangs => pending().await,
            End::Panics => panic!("{} breaks", self.name),
            End::Closes | End::Fails | End::Closed => {}
        }
        let failed = self.end == End::Fails;
        self.end = End::Closed;
        self.journal.note(format!("{} {}", if failed { "fail" } else { "close" }, self.name));
        if failed { Err(format!("{} refuses", self.name)) } else { Ok(()) }
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        if self.end != End::Closed {
            self.journal.note(format!("drop {}", self.name));
        }
    }
}
