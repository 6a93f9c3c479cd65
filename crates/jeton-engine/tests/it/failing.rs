//! What goes wrong in our own code: a look is the asker's affair, a decision ends the process, so that whoever watches
//! over it starts it again.

use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use jeton_core::entry::Author;
use jeton_engine::{NotNow, TeamAsk};
use jeton_store::Beside;

use crate::support::asks::{SEARCHED_ALL, joining, team_id};
use crate::support::place::Place;
use crate::support::server::Begin;

const SIGABRT: i32 = 6;

/// Tells the test that it is the child, which is to fail.
const CHILD: &str = "JETON_ENGINE_TEST_CHILD";

#[expect(clippy::disallowed_methods, reason = "how a test tells its child what to do")]
fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn a_look_that_panics_is_its_askers_own_affair() {
    let server = Place::memory().start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
    server.shop(1, 100);
    let looked = catch_unwind(AssertUnwindSafe(|| {
        server.wait(server.engine.read(None, |_| -> () { panic!("an index out of bounds, say") }))
    }));
    let panic = looked.unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"an index out of bounds, say"));
    server.open("s1", 1).unwrap();
    server.stop();
}

#[test]
fn an_engine_that_fails_ends_the_process() {
    if is_child() {
        let server = Place::memory().start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.shop(1, 100);
        // No number of the store is that large.
        let beside = vec![Beside::PresenceGone { team: "acme".into(), session: u64::MAX }];
        let (team, command) = (team_id("acme"), joining(2));
        let ask = TeamAsk { team, command, by: Author::Operator, beside, searched: SEARCHED_ALL };
        let answer = server.send_ask(ask).answer(&server);
        assert_eq!(answer, Err(NotNow::Stopping));
        server.die();
        unreachable!("it has no end but the process's");
    }
    let binary = std::env::current_exe().unwrap();
    let mut child = Command::new(binary);
    child.args(["--exact", "failing::an_engine_that_fails_ends_the_process"]).env(CHILD, "yes");
    let ended = child.output().unwrap();
    assert_eq!(ended.status.signal(), Some(SIGABRT), "{ended:?}");
}
