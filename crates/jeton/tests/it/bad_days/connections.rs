//! Connections that are slow, silent, half closed, or no HTTP at all: each is answered or closed, nobody else notices,
//! and the memory that all of them can hold is bounded.
//!
//! Nothing here waits for a while: the server closes, and that is waited for. It is started with a `silence_s` of 2.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::process::{Folder, Server};
use crate::support::shop::Shop;
use crate::support::until;

/// Bytes that the process may have had in memory at a time, at most: its own 20 to 40 MB, and 64 kB for what each of
/// some hundred connections has said and has not taken, twice over.
const MEMORY_KB: u64 = 256 * 1024;
/// Connections at a time, well below what the tests' own process may open.
const MANY: usize = 400;

fn shop() -> Shop {
    Shop::open_with(100, &["--silence-s", "2", "--rate-limit-per-s", "0"])
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.base().strip_prefix("http://").unwrap()).unwrap();
    // Only so that a server that never closes is a failure, and no test without an end.
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// Head of a request for a session's quote, with this length.
fn head(shop: &Shop, length: &str) -> String {
    format!(
        "POST /v1/sessions/quote HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{length}\r\n\r\n",
        shop.vendor_key
    )
}

/// Everything until the server closes; it may close with a reset, when there was more that it did not read.
fn to_the_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        Err(error) => assert!([ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()), "{error}"),
    }
    String::from_utf8(bytes).unwrap()
}

/// Status and body of the first answer in what was read.
fn first_answer(text: &str) -> (u16, Value) {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut values = serde_json::Deserializer::from_str(body).into_iter::<Value>();
    (status, values.next().and_then(Result::ok).unwrap_or_default())
}

/// Over a connection of its own, which the server has not closed.
fn is_well(shop: &Shop) {
    shop.server.api().with(&shop.vendor_key).get("/v1/teams/acme").ok();
}

/// The server goes on, has never panicked, and never had too much in memory.
fn ends_well(shop: Shop) {
    is_well(&shop);
    stops_well(shop.server, &shop.folder);
}

fn stops_well(mut server: Server, folder: &Folder) {
    server.api().get("/readyz").ok();
    assert!(server.is_alive());
    let peak = server.peak_memory_kb();
    println!("{peak} kB of memory at most");
    assert!(peak < MEMORY_KB, "{peak} kB");
    assert!(!server.log().contains("panicked"), "{}", server.log());
    server.stop();
    folder.verify();
}

#[test]
fn connections_that_say_nothing_are_closed_and_others_are_answered_meanwhile() {
    let shop = shop();
    let half_a_head = format!("GET /v1/teams/acme HTTP/1.1\r\nx-long: {}", "x".repeat(30_000));
    let mut silent: Vec<TcpStream> = (0..MANY)
        .map(|n| {
            let mut stream = connect(&shop.server);
            match n % 4 {
                0 => {}
                1 => stream.write_all(b"G").unwrap(),
                2 => stream.write_all(half_a_head.as_bytes()).unwrap(),
                // One that was answered, and asks no more.
                _ => stream.write_all(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n").unwrap(),
            }
            stream
        })
        .collect();
    is_well(&shop);
    for (n, stream) in silent.iter_mut().enumerate() {
        let text = to_the_end(stream);
        assert!(if n % 4 == 3 { text.starts_with("HTTP/1.1 200") } else { !text.contains(" 200 ") }, "{text}");
    }
    ends_well(shop);
}

#[test]
fn bodies_that_come_slowly_or_not_at_all_are_refused_with_their_field() {
    let shop = shop();
    let mut slow: Vec<TcpStream> = (0..MANY)
        .map(|n| {
            let mut stream = connect(&shop.server);
            let (length, begun) = match n % 3 {
                0 => ("content-length: 100", ""),
                1 => ("content-length: 65000", "{\"team\": \"acme\","),
                _ => ("transfer-encoding: chunked", "2\r\n{\"\r\n"),
            };
            stream.write_all(format!("{}{begun}", head(&shop, length)).as_bytes()).unwrap();
            stream
        })
        .collect();
    is_well(&shop);
    for stream in &mut slow {
        let (status, problem) = first_answer(&to_the_end(stream));
        assert_eq!((status, &problem["field"]), (400, &Value::from("body")), "{problem}");
    }
    ends_well(shop);
}

#[test]
fn bodies_without_end_are_refused_at_their_limit() {
    let shop = shop();
    for (length, part) in [
        ("content-length: 9000000000000000000", "x".repeat(16_384)),
        ("transfer-encoding: chunked", format!("4000\r\n{}\r\n", "x".repeat(16_384))),
    ] {
        let mut stream = connect(&shop.server);
        stream.write_all(head(&shop, length).as_bytes()).unwrap();
        // As much as it takes: it stops listening, and says why.
        for _ in 0..1_000 {
            if stream.write_all(part.as_bytes()).is_err() {
                break;
            }
        }
        let text = to_the_end(&mut stream);
        // A reset may have overtaken the answer.
        if !text.is_empty() {
            let (status, problem) = first_answer(&text);
            assert_eq!((status, &problem["name"]), (413, &Value::from("body")), "{text}");
        }
    }
    ends_well(shop);
}

#[test]
fn who_closes_its_half_is_answered() {
    let shop = shop();
    let whole = r#"{"team": "acme", "member": "ana", "product": "mudbox"}"#;
    for (length, body, expected) in [
        (format!("content-length: {}", whole.len()), whole.to_owned(), (200, Value::Null)),
        ("content-length: 100".to_owned(), whole.to_owned(), (400, Value::from("body"))),
        ("content-length: 100".to_owned(), String::new(), (400, Value::from("body"))),
        ("transfer-encoding: chunked".to_owned(), "5\r\n{\"te".to_owned(), (400, Value::from("body"))),
    ] {
        let mut stream = connect(&shop.server);
        stream.write_all(format!("{}{body}", head(&shop, &length)).as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let (status, answer) = first_answer(&to_the_end(&mut stream));
        assert_eq!((status, answer["field"].clone()), expected, "{length}: {answer}");
    }
    // Nothing, or half a head, and then no more: nothing is owed.
    for begun in ["", "GET /livez HT", "GET /livez HTTP/1.1\r\nhost: a\r\n"] {
        let mut stream = connect(&shop.server);
        stream.write_all(begun.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        assert!(!to_the_end(&mut stream).contains(" 200 "));
    }
    ends_well(shop);
}

#[test]
fn who_does_not_take_the_answers_loses_the_connection() {
    // Of a server to which nobody has spoken yet, so that every socket beside its own is one of these.
    let folder = Folder::new();
    let server = folder.serve(&["--sandbox", "--silence-s", "2"], &[]).unwrap();
    let before = server.sockets();
    let asked = "GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n".repeat(400);
    let mut deaf: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = connect(&server);
            stream.write_all(asked.as_bytes()).unwrap();
            stream
        })
        .collect();
    // Each is being answered, and takes none of it.
    for stream in &deaf {
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
    }
    server.api().get("/livez");
    until("connections that are closed", || (server.sockets() <= before).then_some(()));
    for stream in &mut deaf {
        let answers = to_the_end(stream).matches("HTTP/1.1 200").count();
        assert!(answers < 400, "{answers}");
    }
    stops_well(server, &folder);
}

#[test]
fn what_is_no_http_is_answered_as_such_or_closed() {
    let shop = shop();
    let long_head = format!("GET /livez HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "x".repeat(1_000_000));
    let many_heads = format!("GET /livez HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200_000));
    let long_path = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(1_000_000));
    let strange: [&[u8]; 11] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        &[0; 4_096],
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET  /livez\r\n\r\n",
        b"POST /v1/quotes HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        b"POST /v1/quotes HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/quotes HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        long_head.as_bytes(),
        many_heads.as_bytes(),
        long_path.as_bytes(),
    ];
    for bytes in strange {
        let mut stream = connect(&shop.server);
        // It may be refused before it was all said.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let text = to_the_end(&mut stream);
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 4"),
            "{}: {text}",
            bytes[..40.min(bytes.len())].escape_ascii()
        );
    }
    ends_well(shop);
}
