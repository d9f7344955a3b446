//! What a scrape sees.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::harness::{Files, binary_path};

/// With lookups that fail so often that it is at work for a while.
pub fn serves_metrics_while_it_runs(runtime: &str) {
    let mut program = Command::new(binary_path());
    let metrics = ["--metrics", "127.0.0.1:0"];
    program.args(["--runtime", runtime, "--faults", "0.45", "--quiet"]).args(metrics);
    let mut program = program.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(program.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.strip_prefix("metrics: http://").and_then(|it| it.strip_suffix("/metrics\n"));
    let address = address.unwrap_or_else(|| panic!("`{line}` tells no address"));

    let (head, text) = get(address);
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version="), "{head}");
    for series in [
        "flights_rows_total ",
        "flights_malformed_total ",
        "mtaio_cache_entries{name=\"aircraft\"} ",
        "mtaio_cache_entries{name=\"airlines\"} ",
        "mtaio_breaker_state{",
        "mtaio_concurrency_limit_in_use{name=\"service\"} ",
        "mtaio_emitter_emitted_total{name=\"flights\"} ",
    ] {
        assert!(text.lines().any(|line| line.starts_with(series)), "no `{series}` in\n{text}");
    }
    program.kill().unwrap();
    program.wait().unwrap();
}

fn get(address: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), text.to_owned())
}

#[test]
fn an_address_that_can_not_be_had_is_refused_before_the_work() {
    let files = Files::new("metrics");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let files = files.with_flights(b"carrier,dep_time,dep_delay,tailnum\n");
    let ran = files.run(["--metrics", &address]);
    ran.refused(&format!("metrics cannot be served at `{address}`: "));
    files.run(["--metrics", "nonsense"]).refused("metrics cannot be served at `nonsense`: ");
    assert_eq!(ran.stdout, "");
}

/// The server is gone with the run, and its address free.
#[test]
fn the_address_is_free_again_after_the_run() {
    let files = Files::new("metrics-after");
    let files = files.with_flights(b"carrier,dep_time,dep_delay,tailnum\nAA,1,1,N1\n");
    let ran = files.run(["--runtime", "sim", "--metrics", "127.0.0.1:0"]);
    ran.succeeded();
    let address = ran.stderr.strip_prefix("metrics: http://").unwrap();
    let address = address.strip_suffix("/metrics\n").unwrap();
    assert!(TcpStream::connect(address).is_err(), "somebody answers still");
}
