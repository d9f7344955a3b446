/// How a [`RedisNode`](crate::RedisNode) stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisStats {
    /// Commands that were asked for, so far.
    pub calls: u64,
    /// Those of them that got no answer: late, or lost with their connection. A refusal is an answer.
    pub failed: u64,
    /// Connections that the connector has opened.
    pub connections: u64,
    /// Keys of which the server told that they were changed.
    pub invalidations: u64,
    /// Commands that are under way, those among them whose caller left.
    pub in_flight: usize,
    /// Whether there is a connection, as far as one knows.
    pub is_connected: bool,
}
