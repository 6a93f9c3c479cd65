//! A stretch of network between a client and a server, which a test can cut and make deaf.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Listens at an address of its own and passes on what comes, as long as it is open. Its threads end with the test.
pub(crate) struct Gate {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    way: Way,
    /// Both ends of every connection that was made.
    streams: Vec<TcpStream>,
}

/// What becomes of what comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Connections are cut as soon as they are made.
    Cut,
    /// Requests arrive, and the answers get lost.
    Mute,
    /// Connections are made, and nothing on them arrives.
    Deaf,
}

impl Gate {
    /// Before the server at `http://ADDRESS`.
    pub(crate) fn before(base: &str) -> Self {
        let server: SocketAddr = base.strip_prefix("http://").unwrap().parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { way: Way::Open, streams: Vec::new() }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // A server that is not there is a connection that is cut.
                if let Some((client, server)) = admitted(&shared, client, server) {
                    pass(&shared, client.try_clone().unwrap(), server.try_clone().unwrap(), false);
                    pass(&shared, server, client, true);
                }
            }
        });
        Self { address, state }
    }

    /// Where it listens, as `http://ADDRESS`.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn open(&self) {
        self.set(Way::Open);
    }

    pub(crate) fn cut(&self) {
        self.set(Way::Cut);
    }

    pub(crate) fn make_mute(&self) {
        self.set(Way::Mute);
    }

    pub(crate) fn make_deaf(&self) {
        self.set(Way::Deaf);
    }

    /// From now on; connections that were made before are cut.
    fn set(&self, way: Way) {
        let mut state = self.state.lock().unwrap();
        state.way = way;
        for stream in state.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn admitted(state: &Mutex<State>, client: TcpStream, server: SocketAddr) -> Option<(TcpStream, TcpStream)> {
    let mut state = state.lock().unwrap();
    if state.way == Way::Cut {
        return None;
    }
    let server = TcpStream::connect(server).ok()?;
    state.streams.push(client.try_clone().unwrap());
    state.streams.push(server.try_clone().unwrap());
    Some((client, server))
}

fn pass(state: &Arc<Mutex<State>>, mut from: TcpStream, mut to: TcpStream, answers: bool) {
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let way = state.lock().unwrap().way;
            let lost = way == Way::Deaf || (way == Way::Mute && answers);
            if !lost && to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
