use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What happened, in order: printed as it does, and compared with what must happen.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub fn note(&self, line: impl fmt::Display) {
        println!("{line}");
        self.lines().push(line.to_string());
    }

    /// Refuses if something else was noted since the last time that it was asked.
    pub fn is(&self, expected: &[&str]) -> Result<(), String> {
        let noted = std::mem::take(&mut *self.lines());
        if noted == expected {
            Ok(())
        } else {
            Err(format!("{noted:?}, where must be {expected:?}"))
        }
    }

    fn lines(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
