use std::future::Future;
use std::io;
use std::pin::Pin;

use futures_io::{AsyncRead, AsyncWrite};
use mtaio::callback::Callback;

use crate::endpoint::Address;

/// Opens connections: an async closure from an [`Address`] to a stream of bytes.
///
/// You don't implement it: write a closure, with what your runtime has for a stream. It is called
/// once for each connection, on a task of its own, and given the time of
/// [`connect_timeout`](crate::RedisBuilder::connect_timeout). Encryption is its part, and so is a
/// Unix socket, whatever the address says.
///
/// On tokio, with tokio-util's feature `compat`:
///
/// ```
/// use mtaio_redis::{Address, RedisNode};
/// use tokio::net::TcpStream;
/// use tokio_util::compat::TokioAsyncReadCompatExt;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # mtaio_tokio::block_on(async |rt| {
/// let connect = async move |to: Address| {
///     let stream = TcpStream::connect((to.host(), to.port())).await?;
///     stream.set_nodelay(true)?;
///     Ok(stream.compat())
/// };
/// let node = RedisNode::builder("redis://localhost".parse()?).build(&rt, connect)?;
/// # drop(node);
/// # Ok(())
/// # })?
/// # }
/// ```
///
/// On smol:
///
/// ```
/// use mtaio_redis::{Address, RedisNode};
/// use smol::net::TcpStream;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # mtaio_smol::block_on(async |rt| {
/// let connect = async move |to: Address| {
///     let stream = TcpStream::connect((to.host(), to.port())).await?;
///     stream.set_nodelay(true)?;
///     Ok(stream)
/// };
/// let node = RedisNode::builder("redis://localhost".parse()?).build(&rt, connect)?;
/// # drop(node);
/// # Ok(())
/// # })?
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` opens no connections",
    label = "not an async callback from an `Address` to a stream",
    note = "write `async move |to: Address| ..` that returns an `io::Result` of a stream of futures",
    note = "tokio's streams are made one by `tokio_util::compat::TokioAsyncReadCompatExt::compat`"
)]
pub trait Connector: Send + Sync + 'static {
    /// Opens one.
    #[doc(hidden)]
    fn connect(&self, to: Address) -> Connecting;
}

/// The future of a connector.
#[doc(hidden)]
pub(crate) type Connecting = Pin<Box<dyn Future<Output = io::Result<Pin<Box<dyn Io>>>> + Send>>;

/// What is spoken through.
#[doc(hidden)]
pub trait Io: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Io for S {}

impl<C, S> Connector for C
where
    C: Callback<Address, Output = io::Result<S>, Future: Send + 'static> + Send + Sync + 'static,
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    fn connect(&self, to: Address) -> Connecting {
        let connecting = self.clone().call(to);
        Box::pin(async move { Ok(Box::pin(connecting.await?) as Pin<Box<dyn Io>>) })
    }
}
