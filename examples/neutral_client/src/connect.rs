use std::future::Future;
use std::io;

use futures_util::{AsyncRead, AsyncWrite};

/// How to reach the service: the one thing that a user of this library brings, beside a runtime.
///
/// A closure does: `async || TcpStream::connect(address).await` on smol, and on tokio the same with
/// its stream in the `compat` of the crate `tokio-util`.
pub trait Connect: Send + Sync + 'static {
    /// What bytes go through.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens a connection.
    fn connect(&self) -> impl Future<Output = io::Result<Self::Io>> + Send;
}

impl<F, Fut, Io> Connect for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = io::Result<Io>> + Send,
    Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Io = Io;

    fn connect(&self) -> impl Future<Output = io::Result<Io>> + Send {
        self()
    }
}
