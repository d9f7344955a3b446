/// One call of several for the same thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    number: u32,
}

impl Attempt {
    /// The first, and where nothing is tried again the only one.
    pub const FIRST: Self = Self { number: 1 };

    /// Which one it is, from 1.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// Whether it is the first.
    pub const fn is_first(self) -> bool {
        self.number == 1
    }

    /// The one after it.
    pub(crate) const fn next(self) -> Self {
        Self { number: self.number.saturating_add(1) }
    }
}
