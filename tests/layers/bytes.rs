//! What others put into a node, or what became of what was put there: an error that names the key,
//! and never another key's value.

use mtaio::cache::{
    CacheNode, Codec, CodecError, DistributedCache, DistributedError, EnvelopeError, MemoryNode,
    ReplicaFailure,
};
use mtaio_sim::{Explore, Sim};

use crate::below;

type Cache = DistributedCache<String, String>;

fn cache(rt: &Sim, node: &MemoryNode, schema: u32) -> Cache {
    let cache = DistributedCache::builder().node("ada", node.clone()).schema(schema);
    cache.build(rt).expect("it makes sense")
}

/// What is wrong with what the node has.
async fn damage(cache: &Cache, key: &str) -> EnvelopeError {
    let error = cache.get(&key.to_owned()).await.expect_err("it is damaged");
    let DistributedError::Quorum(error) = &error else { panic!("{error}") };
    assert!(error.key().is_some_and(|name| name.ends_with(key)), "{error}");
    assert!(error.to_string().contains(key), "{error}");
    error.damage().cloned().unwrap_or_else(|| panic!("{error}"))
}

#[test]
fn any_flipped_byte_is_noticed() {
    Sim::explore(Explore::new().seeds(0..50).run_twice(50), |rt| async move {
        let node = MemoryNode::new(&rt, 1 << 20).expect("it makes sense");
        let cache = cache(&rt, &node, 1);
        let value = "x".repeat(below(&rt, 100));
        cache.insert(&"some key".to_owned(), &value).await.expect("the node is there");
        let key = b"mtaio:v1:some key";
        let whole = node.get(key).await.expect("it answers").expect("it is there");
        for _ in 0..200 {
            let mut bytes = whole.clone();
            match below(&rt, 4) {
                0 => bytes.truncate(below(&rt, bytes.len())),
                1 => bytes.push(below(&rt, 256) as u8),
                _ => {
                    for _ in 0..=below(&rt, 3) {
                        let at = below(&rt, bytes.len());
                        bytes[at] ^= 1 + below(&rt, 255) as u8;
                    }
                }
            }
            if bytes != whole {
                node.insert(key, &bytes, None).await.expect("it has room");
                damage(&cache, "some key").await;
            }
        }
        // And what is whole again is read again.
        node.insert(key, &whole, None).await.expect("it has room");
        assert_eq!(cache.get(&"some key".to_owned()).await.ok(), Some(Some(value)));
    });
}

#[test]
fn what_is_foreign_is_named() {
    Sim::run(0, |rt| async move {
        let node = MemoryNode::new(&rt, 1 << 20).expect("it makes sense");
        let (one, two) = (cache(&rt, &node, 1), cache(&rt, &node, 2));
        one.insert(&"key".into(), &"value".into()).await.expect("the node is there");
        one.insert(&"other".into(), &"secret".into()).await.expect("the node is there");
        let raw = async |key: &[u8]| node.get(key).await.ok().flatten().expect("it is there");
        let put = async |key: &[u8], value: &[u8]| {
            node.insert(key, value, None).await.expect("it has room");
        };

        // Another release does not see it, and what gets there all the same is told.
        assert_eq!(two.get(&"key".into()).await.ok(), Some(None));
        put(b"mtaio:v2:key", &raw(b"mtaio:v1:key").await).await;
        assert_eq!(damage(&two, "key").await, EnvelopeError::Schema { found: 1, expected: 2 });

        put(b"mtaio:v1:key", &raw(b"mtaio:v1:other").await).await;
        one.insert(&"yek".into(), &"secret".into()).await.expect("the node is there");
        let found = "mtaio:v1:other".into();
        assert_eq!(damage(&one, "key").await, EnvelopeError::OtherKey { found });
        put(b"mtaio:v1:key", &raw(b"mtaio:v1:yek").await).await;
        let found = "mtaio:v1:yek".into();
        assert_eq!(damage(&one, "key").await, EnvelopeError::OtherKey { found });

        for foreign in [&b""[..], b"m", b"mt", b"{\"age\": 36}", &[0; 100]] {
            put(b"mtaio:v1:key", foreign).await;
            assert_eq!(damage(&one, "key").await, EnvelopeError::Foreign);
        }
        put(b"mtaio:v1:key", b"mt\x02 whatever comes then").await;
        assert_eq!(damage(&one, "key").await, EnvelopeError::Format { found: 2, known: 1 });
        put(b"mtaio:v1:key", b"mt\x01").await;
        assert_eq!(damage(&one, "key").await, EnvelopeError::Damaged);

        // Who writes it anew has it again.
        one.insert(&"key".into(), &"new".into()).await.expect("the node is there");
        assert_eq!(one.get(&"key".into()).await.ok(), Some(Some("new".into())));
        assert_eq!(one.stats().damaged, 9);
    });
}

#[test]
fn of_several_nodes_another_one_has_it() {
    Sim::run(0, |rt| async move {
        let nodes = [0; 3].map(|_| MemoryNode::new(&rt, 1 << 20).expect("it makes sense"));
        let cache = Cache::builder()
            .node("ada", nodes[0].clone())
            .node("bob", nodes[1].clone())
            .node("eve", nodes[2].clone())
            .replication(3);
        let cache = cache.build(&rt).expect("it makes sense");
        let key = "key".to_owned();
        cache.insert(&key, &"value".into()).await.expect("the nodes are there");
        cache.settled().await;
        let mut repaired = 0;
        for damaged in &nodes {
            damaged.insert(b"mtaio:v1:key", b"foreign", None).await.expect("it has room");
            assert_eq!(cache.get(&key).await.ok(), Some(Some("value".into())));
            cache.settled().await;
            let bytes = damaged.get(b"mtaio:v1:key").await.ok().flatten();
            repaired += usize::from(bytes.is_some_and(|bytes| bytes.starts_with(b"mt")));
            cache.insert(&key, &"value".into()).await.expect("the nodes are there");
            cache.settled().await;
        }
        assert_eq!(repaired, 2, "those that were asked");
        for node in &nodes {
            node.insert(b"mtaio:v1:key", b"foreign", None).await.expect("it has room");
        }
        let error = cache.get(&key).await.expect_err("nobody has it");
        let DistributedError::Quorum(error) = error else { panic!("{error}") };
        let is_value = |reason: &ReplicaFailure| matches!(reason, ReplicaFailure::Value(_));
        assert!(error.failures().iter().all(|failure| is_value(failure.reason())), "{error}");
        assert_eq!(error.failures().len(), 2, "the third can't help any more: {error}");
    });
}

/// Makes no bytes of odd numbers, and no number of what begins with a 7.
struct Picky;

impl Codec<u32> for Picky {
    fn encode(&self, value: &u32, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        if value % 2 == 1 {
            return Err("it is odd".into());
        }
        bytes.extend_from_slice(value.to_string().as_bytes());
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<u32, CodecError> {
        if bytes.starts_with(b"7") {
            return Err("it begins with a 7".into());
        }
        Ok(str::from_utf8(bytes)?.parse()?)
    }
}

#[test]
fn codecs_that_fail_say_whose_value_it_was() {
    Sim::run(0, |rt| async move {
        let node = MemoryNode::new(&rt, 1 << 20).expect("it makes sense");
        let cache = DistributedCache::<u32, u32>::builder().node("ada", node).codec(Picky);
        let cache = cache.build(&rt).expect("it makes sense");
        let error = cache.insert(&1, &3).await.expect_err("it is odd");
        let message = "the value of `mtaio:v1:1` makes no bytes: it is odd";
        assert_eq!(error.to_string(), message);
        cache.insert(&2, &70).await.expect("the node is there");
        let error = cache.get(&2).await.expect_err("it begins with a 7");
        assert_eq!(error.to_string(), "what `mtaio:v1:2` has makes no value: it begins with a 7");
        cache.insert(&2, &80).await.expect("the node is there");
        assert_eq!(cache.get(&2).await.ok(), Some(Some(80)));
    });
}

#[test]
fn what_is_too_large_is_not_sent() {
    Sim::run(0, |rt| async move {
        let node = MemoryNode::new(&rt, 2_000).expect("it makes sense");
        let cache = Cache::builder().node("ada", node.clone()).largest_value(1_000);
        let cache = cache.build(&rt).expect("it makes sense");
        let key = "key".to_owned();
        let error = cache.insert(&key, &"x".repeat(1_001)).await.expect_err("it is too large");
        let message = "the value of `mtaio:v1:key` has 1001 bytes, allowed are 1000";
        assert_eq!(error.to_string(), message);
        assert_eq!(node.stats().insertions, 0);
        cache.insert(&key, &"x".repeat(1_000)).await.expect("it is not too large");
        // The node's own limit.
        let large = "k".repeat(1_500);
        let error = cache.insert(&large, &"x".repeat(900)).await.expect_err("it is too large");
        assert!(error.to_string().contains("the node takes 1936"), "{error}");
        assert_eq!(cache.get(&key).await.ok(), Some(Some("x".repeat(1_000))));
    });
}
