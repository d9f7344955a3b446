//! A scripted server: as much of Redis as a node uses, with its order of replies and pushes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::AsyncReadExt;
use mtaio_redis::{Address, Connector, Endpoint, RedisBuilder, RedisNode};
use mtaio_runtime::RuntimeExt;
use mtaio_sim::Sim;

use super::wire::{Tap, Wire, connection};

/// The engine, and all that it does wrong.
#[derive(Clone)]
pub(crate) struct Peer {
    rt: Sim,
    engine: Arc<Mutex<Engine>>,
}

#[derive(Default)]
pub(crate) struct Engine {
    pub(crate) values: BTreeMap<Vec<u8>, Vec<u8>>,
    clients: BTreeMap<u64, Client>,
    last_client: u64,
    pub(crate) mood: Mood,
    /// Who asks with a password has to know this one.
    pub(crate) password: Option<&'static str>,
    /// How many connections were there.
    pub(crate) connections: u64,
    /// It is from before RESP3: it knows no `HELLO`, and says so as the servers of that time do.
    pub(crate) is_old: bool,
    /// A write is answered with this.
    pub(crate) refuses_writes: Option<&'static str>,
}

struct Client {
    tap: Tap,
    tracked: Option<Vec<u8>>,
    is_killed: bool,
}

/// To a server a script is a client of its own: who had it run is told of what it changes.
const SCRIPT: u64 = 0;

/// How the server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Reads nothing and says nothing. It goes on where it was when it is well.
    Stuck,
    /// Answers in another protocol.
    Senseless,
    /// Says what it is told.
    Echo,
    /// Refuses connections.
    Gone,
}

impl Peer {
    pub(crate) fn new(rt: &Sim) -> Self {
        Self { rt: rt.clone(), engine: Arc::default() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().expect("nothing panics in it")
    }

    pub(crate) fn builder(&self) -> RedisBuilder {
        RedisNode::builder(Endpoint::new("peer", 1))
    }

    pub(crate) fn connector(&self) -> impl Connector + Clone + use<> {
        let peer = self.clone();
        async move |_to: Address| peer.accept()
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// Another client writes, and its write is acknowledged.
    pub(crate) fn insert(&self, key: &[u8], value: &[u8]) {
        let mut engine = self.lock();
        engine.values.insert(key.to_vec(), value.to_vec());
        engine.tell(key, None);
    }

    /// Another client empties it.
    pub(crate) fn flush(&self) {
        let mut engine = self.lock();
        engine.values.clear();
        engine.tell_all();
    }

    /// Cuts all connections. What is on its way is lost, or not.
    pub(crate) fn cut(&self, loses_what_is_on_its_way: bool) {
        for client in self.lock().clients.values() {
            client.tap.cut(loses_what_is_on_its_way);
        }
    }

    /// Says on all connections what nobody asked for.
    pub(crate) fn say(&self, bytes: &[u8]) {
        for client in self.lock().clients.values() {
            client.tap.say(bytes);
        }
    }

    fn accept(&self) -> io::Result<Wire> {
        let mut engine = self.lock();
        if engine.mood == Mood::Gone {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (client, server, tap) = connection(&self.rt);
        engine.last_client += 1;
        engine.connections += 1;
        let id = engine.last_client;
        engine.clients.insert(id, Client { tap, tracked: None, is_killed: false });
        drop(engine);
        self.rt.spawn_named("peer", self.clone().serve(id, server)).detach();
        Ok(client)
    }

    async fn serve(self, id: u64, mut wire: Wire) {
        let mut bytes = Vec::new();
        loop {
            while let Some((command, size)) = parse(&bytes) {
                self.until_well(id).await;
                bytes.drain(..size);
                if self.lock().is_over(id) {
                    break;
                }
                self.lock().execute(id, &command);
                if self.rt.buggify(0.2) {
                    self.rt.yield_now().await;
                }
            }
            let mut some = [0; 64];
            let count = wire.read(&mut some).await.unwrap_or(0);
            if count == 0 || self.lock().is_over(id) {
                break;
            }
            bytes.extend_from_slice(&some[..count]);
        }
        self.lock().clients.remove(&id);
    }

    /// While the server is stuck. What was cut is not waited for.
    async fn until_well(&self, id: u64) {
        while self.lock().mood == Mood::Stuck && !self.lock().is_over(id) {
            self.rt.sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Engine {
    fn is_over(&self, id: u64) -> bool {
        self.clients.get(&id).is_none_or(|client| client.is_killed)
    }

    /// Does as it is told, at once, as the one thread of a server does.
    fn execute(&mut self, id: u64, command: &[Vec<u8>]) {
        let words: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
        let answer = match self.mood {
            Mood::Senseless => "HTTP/1.1 400 Bad Request\r\n\r\n".into(),
            Mood::Echo => {
                let words = command.iter().flat_map(|word| bulk(word));
                format!("*{}\r\n", command.len()).into_bytes().into_iter().chain(words).collect()
            }
            _ => self.answer(id, &words),
        };
        if let Some(client) = self.clients.get(&id) {
            client.tap.say(&answer);
        }
    }

    fn answer(&mut self, id: u64, words: &[&[u8]]) -> Vec<u8> {
        let is_write = matches!(words[0], b"SET" | b"UNLINK" | b"EVAL");
        if let Some(refusal) = self.refuses_writes.filter(|_| is_write) {
            return format!("-{refusal}\r\n").into();
        }
        match words {
            [b"HELLO", arguments @ ..] if self.is_old => {
                let told: String =
                    arguments.map_text().iter().map(|a| format!("`{a}`, ")).collect();
                // No more of them than this.
                let told: String = told.chars().take(128).collect();
                format!("-ERR unknown command `HELLO`, with args beginning with: {told}\r\n").into()
            }
            [b"HELLO", b"3", login @ ..] => {
                let given = login.get(2).map(|given| given.to_vec());
                if given != self.password.map(|password| password.as_bytes().to_vec()) {
                    return "-WRONGPASS invalid username-password pair\r\n".into();
                }
                "%2\r\n+server\r\n+peer\r\n+proto\r\n:3\r\n".into()
            }
            [b"CLIENT", b"INFO"] => bulk(format!("id={id} addr=sim:{id} name=").as_bytes()),
            [b"CLIENT", b"KILL", b"ID", killed, b"ADDR", address] => {
                assert_eq!([b"sim:", *killed].concat(), *address);
                let killed: u64 = String::from_utf8_lossy(killed).parse().expect("a number");
                assert_ne!(killed, id);
                let client = self.clients.get_mut(&killed);
                let count = usize::from(client.is_some());
                if let Some(client) = client {
                    client.is_killed = true;
                    client.tap.cut(true);
                }
                format!(":{count}\r\n").into()
            }
            [b"CLIENT", b"TRACKING", b"ON", b"BCAST", b"NOLOOP", b"PREFIX", prefix] => {
                if let Some(client) = self.clients.get_mut(&id) {
                    client.tracked = Some(prefix.to_vec());
                }
                "+OK\r\n".into()
            }
            [b"PING"] => "+PONG\r\n".into(),
            [b"GET", key] => self.value(key),
            [b"MGET", keys @ ..] => {
                let values = keys.iter().flat_map(|key| self.value(key));
                format!("*{}\r\n", keys.len()).into_bytes().into_iter().chain(values).collect()
            }
            [b"SET", key, _, b"NX", ..] if self.values.contains_key(*key) => "_\r\n".into(),
            [b"SET", key, value, ..] => {
                self.values.insert(key.to_vec(), value.to_vec());
                self.tell(key, Some(id));
                "+OK\r\n".into()
            }
            [b"UNLINK", keys @ ..] => {
                let mut count = 0;
                for key in keys {
                    if self.values.remove(*key).is_some() {
                        count += 1;
                        self.tell(key, Some(id));
                    }
                }
                format!(":{count}\r\n").into()
            }
            // The one script that there is.
            [b"EVAL", _, b"1", key, expected, change, rest @ ..] => {
                if self.values.get(*key).map(Vec::as_slice) != Some(*expected) {
                    return ":0\r\n".into();
                }
                self.answer(SCRIPT, &[&[*change, *key], rest].concat());
                ":1\r\n".into()
            }
            [b"FLUSHDB", b"ASYNC"] => {
                self.values.clear();
                self.tell_all();
                "+OK\r\n".into()
            }
            _ => {
                panic!("a command that is not in the script: {:?}", words.map_text())
            }
        }
    }

    fn value(&self, key: &[u8]) -> Vec<u8> {
        self.values.get(key).map_or_else(|| "_\r\n".into(), |value| bulk(value))
    }

    fn tell(&self, key: &[u8], by: Option<u64>) {
        for (id, client) in &self.clients {
            if by != Some(*id) && client.tracked.as_ref().is_some_and(|p| key.starts_with(p)) {
                client.tap.say(&[&b">2\r\n$10\r\ninvalidate\r\n*1\r\n"[..], &bulk(key)].concat());
            }
        }
    }

    fn tell_all(&self) {
        for client in self.clients.values().filter(|client| client.tracked.is_some()) {
            client.tap.say(b">2\r\n$10\r\ninvalidate\r\n_\r\n");
        }
    }
}

trait MapText {
    fn map_text(&self) -> Vec<String>;
}

impl MapText for [&[u8]] {
    fn map_text(&self) -> Vec<String> {
        self.iter().map(|word| word.escape_ascii().to_string()).collect()
    }
}

fn bulk(bytes: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// The first command, and how many bytes it is, once it is all there.
fn parse(bytes: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
    let mut at = 0;
    let count = header(bytes, &mut at, b'*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let size = header(bytes, &mut at, b'$')?;
        let word = bytes.get(at..at + size)?;
        assert_eq!(bytes.get(at + size..at + size + 2)?, b"\r\n", "a word has its end");
        words.push(word.to_vec());
        at += size + 2;
    }
    Some((words, at))
}

fn header(bytes: &[u8], at: &mut usize, kind: u8) -> Option<usize> {
    let line = &bytes[*at..];
    let end = line.windows(2).position(|two| two == b"\r\n")?;
    assert_eq!(line[0], kind, "what is written is a command");
    *at += end + 2;
    Some(String::from_utf8_lossy(&line[1..end]).parse().expect("a number"))
}
