//! Events over real connections: a thousand readers at once, one that does not read, a server that dies and one that
//! stops.
//!
//! Nothing here waits for a while: what is waited for is the next event, or the end of a stream.

use std::collections::BTreeSet;
use std::io::Read;
use std::net::TcpStream;

use reqwest::{Client, Response};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::reader::node;
use crate::support::many;
use crate::support::process::Server;
use crate::support::shop::{Shop, opening};
use crate::support::until;

/// Readers at once.
const READERS: usize = 1_000;
/// Bytes that the process may have had in memory at a time, at most, with all of them.
const MEMORY_KB: u64 = 384 * 1024;

/// One stream of events, and up to where it was read.
struct Reader {
    response: Response,
    text: String,
    last: String,
}

/// An event: where the reader stands after it, its id, and its type.
type Told = (String, String, String);

impl Reader {
    async fn of(client: &Client, base: &str, key: &str, last: &str) -> Self {
        let request = client.get(format!("{base}/v1/events")).bearer_auth(key).header("Last-Event-ID", last);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self { response, text: String::new(), last: last.to_owned() }
    }

    /// The next event; none when the stream ends, or breaks off.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let told = block.strip_prefix("id: ").map(|block| {
                    let (id, data) = block.split_once("\ndata: ").unwrap();
                    let event: Value = serde_json::from_str(data).unwrap();
                    let text = |name: &str| event[name].as_str().unwrap().to_owned();
                    (id.to_owned(), text("id"), text("type"))
                });
                self.text = rest.to_owned();
                if let Some(told) = told {
                    self.last.clone_from(&told.0);
                    return Some(told);
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Everything until one of this type and number, which is the last.
    async fn until(&mut self, kind: &str, number: usize) -> Vec<Told> {
        let mut told = Vec::new();
        let mut seen = 0;
        while seen < number {
            let next = self.next().await.expect("the stream goes on");
            seen += usize::from(next.2 == kind);
            told.push(next);
        }
        told
    }
}

/// As many connections as the operating system lets this process have.
fn with_room() {
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).unwrap();
}

fn shop() -> Shop {
    Shop::open_with(100_000, &["--silence-s", "2", "--rate-limit-per-s", "0"])
}

/// Where the log ends: what the first comment of a stream says.
async fn end_of(client: &Client, shop: &Shop) -> String {
    let request = client.get(format!("{}/v1/events", shop.server.base())).bearer_auth(&shop.vendor_key);
    let chunk = request.send().await.unwrap().chunk().await.unwrap().unwrap();
    std::str::from_utf8(&chunk).unwrap().trim_start_matches(": ").trim_end().to_owned()
}

#[test]
fn a_thousand_readers_are_told_every_event_once_in_order_over_the_death_of_the_server() {
    with_room();
    let runtime = Runtime::new().unwrap();
    let client = Client::new();
    let shop = shop();
    many::make_members(&shop.vendor, "acme", 80);
    let key = shop.vendor_key.clone();
    shop.vendor.get("/v1/teams/acme/entries?limit=1").ok();
    let begin = runtime.block_on(end_of(&client, &shop));

    // Charges are made while they read, and then the server dies.
    let mut readers = runtime.block_on(connected(&client, shop.server.base(), &key, &vec![begin.clone(); READERS]));
    let charged = std::thread::scope(|scope| {
        let charging = scope.spawn(|| many::open_at_once(&shop.vendor, "acme", "mudbox", 80));
        let told = runtime.block_on(all(&mut readers, "jeton.charge.made", 80));
        assert!(charging.join().unwrap().into_iter().all(|answer| answer.status == 201));
        told
    });
    let peak = shop.server.peak_memory_kb();
    println!("{} events to each of {READERS} readers, {peak} kB of memory at most", charged[0].len());
    assert!(peak < MEMORY_KB, "{peak} kB");
    let shop = shop.restart(Server::kill);

    // Each goes on with the next process, from where it was.
    let last: Vec<String> = readers.iter().map(|reader| reader.last.clone()).collect();
    drop(readers);
    let mut readers = runtime.block_on(connected(&client, shop.server.base(), &key, &last));
    for number in 0..20 {
        shop.vendor.put(&format!("/v1/sessions/r{number}"), &opening(&many::name(number), "revit", "laptop")).ok();
    }
    let again = runtime.block_on(all(&mut readers, "jeton.charge.made", 20));
    drop(readers);

    // One who was never there is told the same.
    let whole = runtime.block_on(async {
        Reader::of(&client, shop.server.base(), &key, &begin).await.until("jeton.charge.made", 100).await
    });
    assert_eq!(whole.iter().map(|told| &told.1).collect::<BTreeSet<_>>().len(), whole.len());
    for (first, second) in charged.iter().zip(&again) {
        let told: Vec<&Told> = first.iter().chain(second).collect();
        assert!(told.into_iter().eq(&whole));
    }
    let Shop { server, folder, .. } = shop;
    server.stop();
    folder.verify();
}

/// A reader from each of these places, all at once.
async fn connected(client: &Client, base: &str, key: &str, last: &[String]) -> Vec<Reader> {
    let mut joining = JoinSet::new();
    for (number, last) in last.iter().enumerate() {
        let (client, base, key, last) = (client.clone(), base.to_owned(), key.to_owned(), last.clone());
        joining.spawn(async move { (number, Reader::of(&client, &base, &key, &last).await) });
    }
    let mut readers = joining.join_all().await;
    readers.sort_by_key(|(number, _)| *number);
    readers.into_iter().map(|(_, reader)| reader).collect()
}

/// What each is told until so many of a type, all at once.
async fn all(readers: &mut Vec<Reader>, kind: &'static str, number: usize) -> Vec<Vec<Told>> {
    let mut reading = JoinSet::new();
    for (place, mut reader) in readers.drain(..).enumerate() {
        reading.spawn(async move {
            let told = reader.until(kind, number).await;
            (place, reader, told)
        });
    }
    let mut read = reading.join_all().await;
    read.sort_by_key(|(place, ..)| *place);
    let mut all = Vec::new();
    for (_, reader, told) in read {
        readers.push(reader);
        all.push(told);
    }
    all
}

#[test]
fn who_does_not_read_events_loses_the_connection_and_goes_on_without_loss() {
    const DEAF: usize = 40;
    let runtime = Runtime::new().unwrap();
    let shop = shop();
    // A group of many is told in full each time: more than the operating system keeps for a connection.
    let members: Vec<String> =
        (0..800).map(|n| format!("member-with-a-name-that-is-as-long-as-names-may-be-{n:012}")).collect();
    for member in &members {
        crate::support::shop::put_member(&shop.vendor, "acme", member);
    }
    for n in 0..200 {
        let group = json!({"name": format!("version {n}"), "members": members});
        shop.vendor.put("/v1/teams/acme/groups/all", &group).ok();
    }
    let before = shop.server.sockets();
    let begin = "GET /v1/events?after=0 HTTP/1.1\r\nhost: a\r\n";
    let mut deaf: Vec<TcpStream> = (0..DEAF)
        .map(|_| {
            let mut stream = TcpStream::connect(shop.server.base().strip_prefix("http://").unwrap()).unwrap();
            let request = format!("{begin}authorization: Bearer {}\r\n\r\n", shop.vendor_key);
            std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
            assert_eq!(stream.peek(&mut [0]).unwrap(), 1);
            stream
        })
        .collect();
    until("connections that are closed", || {
        shop.vendor.get("/livez");
        (shop.server.sockets() <= before).then_some(())
    });
    let peak = shop.server.peak_memory_kb();
    println!("{peak} kB of memory at most");
    assert!(peak < MEMORY_KB, "{peak} kB");

    // What came before the cut is the beginning of all; the rest is asked for.
    let whole = runtime.block_on(async {
        Reader::of(&Client::new(), shop.server.base(), &shop.vendor_key, "0").await.until("jeton.group.set", 200).await
    });
    let mut bytes = Vec::new();
    // A reset may stand at the end.
    let _ = deaf[0].read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    // The last may be cut through.
    let ids = &ids[..ids.len() - 1];
    assert!(!ids.is_empty() && ids.len() < whole.len(), "{} of {}", ids.len(), whole.len());
    assert!(ids.iter().zip(&whole).all(|(id, told)| *id == told.0));
    let last = ids[ids.len() - 1];
    let rest = runtime.block_on(async {
        Reader::of(&Client::new(), shop.server.base(), &shop.vendor_key, last).await.until("jeton.group.set", 1).await
    });
    assert_eq!(rest[0], whole[ids.len()]);
    shop.server.stop();
}

#[test]
fn a_stream_that_is_read_outlives_every_time_limit() {
    let runtime = Runtime::new().unwrap();
    let shop = shop();
    let begin = runtime.block_on(end_of(&Client::new(), &shop));
    let told = runtime.block_on(async {
        let mut reader = Reader::of(&Client::new(), shop.server.base(), &shop.vendor_key, &begin).await;
        // It begins with a comment, and the next comes when nothing has happened for longer than a request may take
        // and a connection may be silent.
        while reader.text.matches(": ").count() < 2 {
            let chunk = reader.response.chunk().await.unwrap().expect("the stream goes on");
            reader.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        let vendor = shop.vendor.clone();
        tokio::task::spawn_blocking(move || vendor.put("/v1/sessions/s1", &opening("ana", "mudbox", "laptop")).ok())
            .await
            .unwrap();
        reader.until("jeton.charge.made", 1).await
    });
    let kinds: Vec<&str> = told.iter().map(|(_, _, kind)| kind.as_str()).collect();
    assert_eq!(kinds, ["jeton.session.opened", "jeton.charge.made"]);
    shop.server.stop();
}

#[test]
fn every_event_is_one_to_a_library_of_cloud_events() {
    let shop = shop();
    shop.vendor.put("/v1/sessions/s1", &opening("ana", "mudbox", "laptop")).ok();
    let read = node("events.mjs", &[shop.server.base(), &shop.vendor_key, "jeton.charge.made"]);
    let read = read.as_array().unwrap();
    assert!(read.len() >= 20, "{read:?}");
    let last = &read[read.len() - 1];
    let told = [&last["type"], &last["source"]].map(|text| text.as_str().unwrap());
    assert_eq!(told, ["jeton.charge.made", "urn:jeton:issuer:jeton"]);
    shop.vendor.get(last["subject"].as_str().unwrap()).ok();
    shop.server.stop();
}

#[test]
fn a_stop_ends_streams_and_waits_for_none() {
    let runtime = Runtime::new().unwrap();
    let shop = shop();
    let client = Client::new();
    let readers = runtime.block_on(connected(&client, shop.server.base(), &shop.vendor_key, &vec!["0".to_owned(); 20]));
    let Shop { server, folder, vendor_key, .. } = shop;
    // It stops cleanly, and does not cut anybody off: each stream ends as streams end.
    server.stop();
    assert_eq!(readers.len(), 20);
    for mut reader in readers {
        runtime.block_on(async {
            loop {
                match reader.response.chunk().await {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(error) => panic!("it was cut off: {error:?}"),
                }
            }
        });
    }
    let server = folder.sandbox(None);
    let log = server.log();
    assert!(!log.contains("cut off"), "{log}");
    let told = runtime.block_on(async {
        Reader::of(&client, server.base(), &vendor_key, "0").await.until("jeton.lot.credited", 1).await
    });
    assert!(told.len() > 10);
}
