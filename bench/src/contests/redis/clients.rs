//! The clients, each as its users use it, with one connection.

use std::future::Future;

use fred::interfaces::{ClientLike, KeysInterface};
use mtaio::cache::CacheNode;
use mtaio_redis::{Address, Endpoint, RedisNode};
use mtaio_runtime::Runtime;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use tokio_util::compat::TokioAsyncReadCompatExt;

use crate::harness::Outcome;
use crate::host::{Host, SmolHost, TokioHost};

/// Many may ask at once.
pub(super) trait Client: Clone + Send + Sync + 'static {
    fn get(&self, key: &str) -> impl Future<Output = Outcome<Option<Vec<u8>>>> + Send;
    fn insert(&self, key: &str, value: &[u8]) -> impl Future<Output = Outcome> + Send;
}

impl<R: Runtime> Client for RedisNode<R> {
    async fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        Ok(CacheNode::get(self, key.as_bytes()).await?)
    }

    async fn insert(&self, key: &str, value: &[u8]) -> Outcome {
        Ok(CacheNode::insert(self, key.as_bytes(), value, None).await?)
    }
}

impl Client for MultiplexedConnection {
    async fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        Ok(redis::cmd("GET").arg(key).query_async(&mut self.clone()).await?)
    }

    async fn insert(&self, key: &str, value: &[u8]) -> Outcome {
        Ok(redis::cmd("SET").arg(key).arg(value).exec_async(&mut self.clone()).await?)
    }
}

impl Client for fred::clients::Client {
    async fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        Ok(KeysInterface::get(self, key).await?)
    }

    async fn insert(&self, key: &str, value: &[u8]) -> Outcome {
        Ok(self.set::<(), _, _>(key, value, None, None, false).await?)
    }
}

/// Ours, on tokio.
pub(super) async fn ours_on_tokio(host: TokioHost, port: u16) -> Outcome<impl Client> {
    let connect = async |to: Address| {
        let stream = tokio::net::TcpStream::connect((to.host(), to.port())).await?;
        stream.set_nodelay(true)?;
        Ok(stream.compat())
    };
    let builder = RedisNode::builder(Endpoint::new("127.0.0.1", port));
    Ok(builder.build_with_runtime(&host.adapter(), connect)?)
}

/// Ours, on smol.
pub(super) async fn ours_on_smol(host: SmolHost, port: u16) -> Outcome<impl Client> {
    let connect = async |to: Address| {
        let stream = smol::net::TcpStream::connect((to.host(), to.port())).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    let builder = RedisNode::builder(Endpoint::new("127.0.0.1", port));
    Ok(builder.build_with_runtime(&host.adapter(), connect)?)
}

fn redis_rs(port: u16) -> Outcome<(redis::Client, AsyncConnectionConfig)> {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/?protocol=resp3"))?;
    // As raw as it is to be had: its calls wait for ever.
    let config =
        AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    Ok((client, config))
}

/// redis-rs, which finds out by itself that it is on tokio.
pub(super) async fn redis_rs_on_tokio(port: u16) -> Outcome<impl Client> {
    let (client, config) = redis_rs(port)?;
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

/// redis-rs, whose driver we give to the executor that the rest runs on.
pub(super) async fn redis_rs_on_smol(host: SmolHost, port: u16) -> Outcome<impl Client> {
    let (client, config) = redis_rs(port)?;
    let stream = smol::net::TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let info = client.get_connection_info().redis_settings();
    let stream = tokio_util::compat::FuturesAsyncReadCompatExt::compat(stream);
    let opened = MultiplexedConnection::new_with_config(info, stream, config).await?;
    let (connection, driver) = opened;
    host.executor().spawn(driver).detach();
    Ok(connection)
}

/// fred, which runs on tokio alone.
pub(super) async fn fred(port: u16) -> Outcome<impl Client> {
    let config = fred::types::config::Config::from_url(&format!("redis://127.0.0.1:{port}"))?;
    let mut builder = fred::types::Builder::from_config(config);
    builder.with_config(|config| config.version = fred::types::RespVersion::RESP3);
    let client = builder.build()?;
    client.init().await?;
    Ok(client)
}
