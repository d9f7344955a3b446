//! The protocol, also against the parser of redis-rs.

use redis::Value;

use super::*;

const LARGEST: usize = 1_000;

/// All frames of `bytes`, which come in pieces of at most `piece`.
fn decoded(bytes: &[u8], piece: usize) -> Result<Vec<Frame>, Garbage> {
    let mut decoder = Decoder::new(LARGEST);
    let mut frames = Vec::new();
    for mut input in bytes.chunks(piece) {
        while let Some(frame) = decoder.decode(&mut input)? {
            frames.push(frame);
        }
        assert!(input.is_empty(), "all of it is taken");
    }
    Ok(frames)
}

fn bulk(text: &str) -> Frame {
    Frame::Bulk(text.into())
}

#[test]
fn each_kind_in_pieces_of_any_size() {
    let bytes = b"+OK\r\n+PONG\r\n-ERR no\r\n:-7\r\n$0\r\n\r\n$5\r\na\r\nbc\r\n$-1\r\n*-1\r\n_\r\n,1.5\r\n#t\r\n\
        (123\r\n=6\r\ntxt:ab\r\n!5\r\nERR x\r\n*0\r\n*2\r\n*1\r\n:1\r\n~2\r\n+OK\r\n_\r\n\
        |1\r\n+a\r\n:1\r\n%1\r\n$1\r\nk\r\n|1\r\n+x\r\n*1\r\n:3\r\n$1\r\nv\r\n>2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n";
    let nested = Frame::Array(vec![
        Frame::Array(vec![Frame::Integer(1)]),
        Frame::Array(vec![Frame::Ok, Frame::Null]),
    ]);
    let all = vec![
        Frame::Ok,
        Frame::Line("PONG".into()),
        Frame::Error("ERR no".into()),
        Frame::Integer(-7),
        bulk(""),
        bulk("a\r\nbc"),
        Frame::Null,
        Frame::Null,
        Frame::Null,
        Frame::Line("1.5".into()),
        Frame::Line("t".into()),
        Frame::Line("123".into()),
        bulk("ab"),
        Frame::Error("ERR x".into()),
        Frame::Array(vec![]),
        nested,
        Frame::Map(vec![bulk("k"), bulk("v")]),
        Frame::Push(vec![Frame::Line("invalidate".into()), Frame::Array(vec![bulk("k")])]),
    ];
    for piece in 1..=bytes.len() {
        assert_eq!(decoded(bytes, piece).as_ref(), Ok(&all), "in pieces of {piece}");
    }
}

#[test]
fn what_is_too_large_is_not_kept_and_what_follows_is_read() {
    let large = [b"$1001\r\n".as_slice(), &[b'x'; 1001], b"\r\n:1\r\n"].concat();
    let fits = [b"$1000\r\n".as_slice(), &[b'x'; 1000], b"\r\n:1\r\n"].concat();
    let fitting = Frame::Bulk(vec![b'x'; 1000]);
    for piece in [1, 2, 7, 1000, 4096] {
        let frames = vec![Frame::TooLarge(1001), Frame::Integer(1)];
        assert_eq!(decoded(&large, piece), Ok(frames), "in pieces of {piece}");
        assert_eq!(decoded(&fits, piece), Ok(vec![fitting.clone(), Frame::Integer(1)]));
    }
}

#[test]
fn what_is_only_announced_or_too_large_takes_no_memory() {
    let bytes = b"*1000000\r\n*1\r\n$1000\r\n";
    let counted = allocation_counter::measure(|| assert_eq!(decoded(bytes, 64), Ok(vec![])));
    assert!(counted.bytes_max < 10_000, "{counted:?}");

    let large = [b"$1000000\r\n".as_slice(), &[b'x'; 1_000_000], b"\r\n"].concat();
    let counted = allocation_counter::measure(|| {
        assert_eq!(decoded(&large, 4096), Ok(vec![Frame::TooLarge(1_000_000)]));
    });
    assert!(counted.bytes_max < 10_000, "{counted:?}");
}

#[test]
fn garbage() {
    for (bytes, told) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], "it begins with \"HTTP/1.1 400 Bad Request\\r\\n\""),
        (b"\r\n", "\\r\\n"),
        (b"+OK\n", "+OK\\n"),
        (b":\r\n", ":"),
        (b":1 \r\n", ":1 "),
        (b":9223372036854775808\r\n", ":92233"),
        (b"$-2\r\n", "$-2"),
        (b"$+2\r\n", "$+2"),
        (b"$\r\n", "$"),
        (b"$9999999999999\r\n", "$9999"),
        (b"$1\r\nab\r\n", "1 bytes were announced, and more came"),
        (b"$1\r\na\rb", "and more came"),
        (b"=3\r\ntxt\r\n", "=txt"),
        (b"*?\r\n", "*?"),
        (b"*1048577\r\n", "*1048577"),
        (b"%600000\r\n", "%600000"),
        (b"_x\r\n", "_x"),
        (b"*1\r\n*1\r\n?", "?"),
    ] {
        for piece in [1, 3, 100] {
            // Byte by byte, less of it is there to be shown when it is seen to be garbage.
            let Err(Garbage(seen)) = decoded(bytes, piece) else {
                panic!("{} was taken", bytes.escape_ascii())
            };
            assert!(piece != 100 || seen.contains(told), "{seen}");
        }
    }
    // Too deep, and too long.
    assert!(decoded(&b"*1\r\n".repeat(16), 4096).is_ok());
    assert!(decoded(&b"*1\r\n".repeat(17), 4096).is_err());
    assert!(decoded(&[b"+".as_slice(), &[b'x'; 70_000]].concat(), 4096).is_err());
    let many = [b"*2\r\n".as_slice(), b"*1048575\r\n"].concat();
    assert!(decoded(&many, 4096).is_err(), "all items together are too many");
}

#[test]
fn commands() {
    let mut out = Vec::new();
    let long = vec![b'x'; 12_345];
    encode(&mut out, &[b"SET", b"", b"\r\n\0", &long]);
    let begin = b"*4\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\n\r\n\0\r\n$12345\r\nxx";
    assert_eq!(&out[..begin.len()], begin);
    assert!(out.len() <= encoded_len(&[b"SET", b"", b"\r\n\0", &long]));
    out.clear();
    encode(&mut out, &[&b"x"[..]; 10]);
    assert!(out.starts_with(b"*10\r\n$1\r\nx\r\n"));
}

/// As redis-rs has it.
fn theirs(value: &Value) -> Frame {
    let all = |values: &[Value]| values.iter().map(theirs).collect();
    match value {
        Value::Nil => Frame::Null,
        Value::Int(number) => Frame::Integer(*number),
        Value::BulkString(bytes) if bytes.len() > LARGEST => Frame::TooLarge(bytes.len()),
        Value::BulkString(bytes) => Frame::Bulk(bytes.clone()),
        Value::Array(values) | Value::Set(values) => Frame::Array(all(values)),
        Value::SimpleString(text) => Frame::Line(text.clone().into()),
        Value::Okay => Frame::Ok,
        Value::Map(pairs) => {
            Frame::Map(pairs.iter().flat_map(|(key, value)| [theirs(key), theirs(value)]).collect())
        }
        other => panic!("it was not made: {other:?}"),
    }
}

/// A reply of any shape.
fn made(out: &mut Vec<u8>, draw: &mut impl FnMut(u64) -> u64, depth: u32) {
    let count = draw(4);
    match draw(if depth == 0 { 5 } else { 8 }) {
        0 => out.extend_from_slice(b"_\r\n"),
        1 => out.extend_from_slice(format!(":{}\r\n", draw(u64::MAX) as i64).as_bytes()),
        2 => out.extend_from_slice(b"+OK\r\n"),
        3 => out.extend_from_slice(b"+QUEUED\r\n"),
        4 => {
            let bytes: Vec<u8> = (0..draw(1_100)).map(|_| draw(256) as u8).collect();
            out.extend_from_slice(format!("${}\r\n", bytes.len()).as_bytes());
            out.extend_from_slice(&bytes);
            out.extend_from_slice(b"\r\n");
        }
        kind => {
            let (sign, items) = [('*', count), ('~', count), ('%', 2 * count)][kind as usize - 5];
            out.extend_from_slice(format!("{sign}{count}\r\n").as_bytes());
            (0..items).for_each(|_| made(out, draw, depth - 1));
        }
    }
}

#[test]
fn it_reads_what_redis_rs_reads() {
    let mut state = 7_u64;
    let mut draw = |below: u64| {
        // A linear congruential generator, by Knuth.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(state) * u128::from(below)) >> 64) as u64
    };
    let (mut items, mut refused) = (0, 0);
    for _ in 0..5_000 {
        let mut bytes = Vec::new();
        made(&mut bytes, &mut draw, 3);
        let value = redis::parse_redis_value(&bytes).expect("it is well made");
        let piece = 1 + draw(bytes.len() as u64) as usize;
        assert_eq!(decoded(&bytes, piece), Ok(vec![theirs(&value)]));
        items += bytes.iter().filter(|&&byte| byte == b'\n').count();
        // What is not well made is refused, or waited for: it panics nobody.
        let at = draw(bytes.len() as u64) as usize;
        bytes[at] = draw(256) as u8;
        if decoded(&bytes, piece).is_err() {
            refused += 1;
        }
    }
    assert!(items > 10_000 && refused > 100, "{items} {refused}");
}
