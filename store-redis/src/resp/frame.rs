/// One reply, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// `+OK`, which most writes are answered with.
    Ok,
    /// A line: a status, or a number of a kind that no command of ours is answered with.
    Line(Vec<u8>),
    /// An error, with the code that it begins with.
    Error(Vec<u8>),
    Integer(i64),
    Bulk(Vec<u8>),
    Null,
    /// A bulk of so many bytes, which was larger than allowed and therefore not kept.
    TooLarge(usize),
    /// An array or a set.
    Array(Vec<Self>),
    /// Keys and values in turn.
    Map(Vec<Self>),
    /// What nobody asked for: it answers no command.
    Push(Vec<Self>),
}
