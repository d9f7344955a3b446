use std::fmt;
use std::ops::Deref;

use super::super::name::Name;

/// A message, and the topic that it was published to.
#[derive(Clone)]
pub struct Message<T> {
    pub(super) topic: Name,
    pub(super) value: T,
}

impl<T> Message<T> {
    /// The topic that it was published to.
    pub fn topic(&self) -> &str {
        self.topic.as_str()
    }

    /// The value alone.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> Deref for Message<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Message<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("topic", &self.topic).field("value", &self.value).finish()
    }
}
