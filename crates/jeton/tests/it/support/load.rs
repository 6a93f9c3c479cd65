//! Charges over many connections at once, by a client that costs little beside the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::many::name;

const CONNECTIONS: u32 = 32;

/// What is charged: every one of so many members of `acme` opens every one of these products once.
#[derive(Clone, Copy)]
pub(crate) struct Openings {
    pub(crate) members: u32,
    pub(crate) products: &'static [&'static str],
}

/// An opening that was answered with its charge.
pub(crate) struct Charged {
    pub(crate) session: String,
    pub(crate) charge: String,
}

/// Connections that open as fast as they are answered.
pub(crate) struct Load {
    enough: std::sync::Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    told: Receiver<Charged>,
}

impl Load {
    /// `base` is `http://ADDRESS`. Each opening has to be charged at once.
    pub(crate) fn begin(base: &str, key: &str, openings: Openings) -> Self {
        let enough = std::sync::Arc::new(AtomicBool::new(false));
        let (tell, told) = channel();
        let begin = |connection: u32| {
            let (enough, tell) = (enough.clone(), tell.clone());
            let mut line = Line::to(base, key);
            std::thread::spawn(move || {
                for product in openings.products {
                    for member in (connection..openings.members).step_by(usize::try_from(CONNECTIONS).unwrap()) {
                        if enough.load(Ordering::Relaxed) {
                            return;
                        }
                        let (member, session) = (name(member), format!("{}-{product}", name(member)));
                        let body = json!({"team": "acme", "member": member, "product": product, "device": "laptop"});
                        let answer = line.put(&format!("/v1/sessions/{session}"), &body);
                        let charge = answer["charged"][0]["charge"].as_str();
                        let charge = charge.unwrap_or_else(|| panic!("{session} is charged: {answer}")).to_owned();
                        tell.send(Charged { session, charge }).unwrap();
                    }
                }
                panic!("there is more to open than is waited for");
            })
        };
        let threads = (0..CONNECTIONS).map(begin).collect();
        Self { enough, threads, told }
    }

    /// The next so many that were answered.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Charged> {
        (0..count).map(|_| self.told.recv_timeout(Duration::from_mins(1)).expect("the load goes on")).collect()
    }

    /// Those that were answered and not looked at.
    pub(crate) fn so_far(&self) -> Vec<Charged> {
        self.told.try_iter().collect()
    }

    /// No more; those that were answered and not looked at.
    pub(crate) fn end(self) -> Vec<Charged> {
        self.enough.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.told.into_iter().collect()
    }
}

/// One connection that is kept.
struct Line {
    stream: TcpStream,
    head: String,
    read: Vec<u8>,
}

impl Line {
    fn to(base: &str, key: &str) -> Self {
        let address = base.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let head = format!("Host: {address}\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n");
        Self { stream, head, read: Vec::new() }
    }

    /// The answer to what is granted.
    fn put(&mut self, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let head = &self.head;
        let request = format!("PUT {path} HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len());
        self.stream.write_all(request.as_bytes()).unwrap();
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            self.more();
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap().to_ascii_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("answers have a length");
        let length: usize = length.trim().parse().unwrap();
        while self.read.len() < length {
            self.more();
        }
        let body: Vec<u8> = self.read.drain(..length).collect();
        assert!(head.starts_with("http/1.1 201"), "{head}{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    fn more(&mut self) {
        let mut block = [0; 8_192];
        let read = self.stream.read(&mut block).unwrap();
        assert!(read > 0, "the server has closed the connection");
        self.read.extend_from_slice(&block[..read]);
    }
}
