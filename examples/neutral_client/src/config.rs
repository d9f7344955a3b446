use std::time::Duration;

/// What a [`Directory`](crate::Directory) is to be like. What makes no sense is refused where one
/// is made of it.
#[derive(Clone, Copy, Debug)]
#[must_use = "settings do nothing by themselves"]
pub struct DirectoryConfig {
    pub(crate) answers_for: Duration,
    pub(crate) stale_for: Duration,
    pub(crate) calls: u32,
}

impl DirectoryConfig {
    /// The settings of [`Directory::new`](crate::Directory::new).
    pub const fn new() -> Self {
        Self { answers_for: Duration::from_secs(60), stale_for: Duration::from_secs(600), calls: 8 }
    }

    /// For how long an answer is kept; a minute unless said. That there is no such aircraft is kept
    /// for a quarter of it.
    pub const fn answers_for(mut self, time: Duration) -> Self {
        self.answers_for = time;
        self
    }

    /// For how long after that it is still answered where the service fails; ten minutes unless
    /// said.
    pub const fn stale_for(mut self, time: Duration) -> Self {
        self.stale_for = time;
        self
    }

    /// The most calls under way at once, and so the most connections; 8 unless said.
    pub const fn calls(mut self, most: u32) -> Self {
        self.calls = most;
        self
    }
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self::new()
    }
}
