//! What is due is decided before what is asked, so that no answer depends on whether a timer has run.
//!
//! The engine is held while time goes by, and nothing has woken it when it comes to what was asked meanwhile.

use std::time::Duration;

use jeton_core::entry::{Author, Entry, TeamFact};
use jeton_core::refusal::Refusal;
use jeton_core::time::{Elapsed, Instant};
use proptest::prelude::*;

use crate::support::asks::{BEAT, CLOSE, granted, opening, ordering, paying};
use crate::support::clocks::{Clocks, at};
use crate::support::place::Place;
use crate::support::server::{Begin, Server};

const DAY: u64 = 86_400;

/// When a fact was entered, by the server itself.
fn entered(server: &Server, is: impl Fn(&TeamFact) -> bool) -> Vec<Instant> {
    let entries = server.ledger("acme").into_iter();
    entries.filter(|entry| entry.by == Author::Server && is(&entry.fact)).map(|entry| entry.at).collect()
}

#[test]
fn p4_a_read_sees_that_a_lot_has_ended() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00Z");
        let server = place.start(&Begin::wall(&clocks));
        server.shop(1, 100);
        let held = server.hold();
        clocks.pass(Duration::from_secs(400 * DAY));
        let look = server.send_look("acme");
        held.let_go(&server).unwrap();
        assert_eq!(look.answer(&server).unwrap().value.0, 0);
        let ended = entered(&server, |fact| matches!(fact, TeamFact::LotExpired { .. }));
        assert_eq!(ended, [at("2027-03-03T00:00:00Z")], "at its own instant");
        server.stop();
    }
}

#[test]
fn p8_an_opening_meets_that_an_invoice_is_overdue() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00Z");
        let server = place.start(&Begin::wall(&clocks));
        server.shop(1, 0);
        granted(server.ask("acme", ordering("unpaid", 100))).unwrap();
        let held = server.hold();
        clocks.pass(Duration::from_secs(31 * DAY));
        let asked = server.send("acme", opening("s1", 1));
        held.let_go(&server).unwrap();
        assert_eq!(granted(asked.answer(&server)), Err(Refusal::PaymentOverdue));
        let overdue = entered(&server, |fact| matches!(fact, TeamFact::InvoiceOverdue { .. }));
        assert_eq!(overdue, [at("2026-04-02T00:00:00Z")]);
        granted(server.ask("acme", paying("unpaid"))).unwrap();
        server.open("s1", 1).unwrap();
        server.stop();
    }
}

#[test]
fn w8_a_read_sees_that_a_session_is_lost_at_exactly_ten_minutes() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00Z");
        let server = place.start(&Begin::wall(&clocks));
        server.shop(1, 100);
        server.open("s1", 1).unwrap();
        for (more, open) in [(Duration::from_micros(599_999_999), vec!["s1"]), (Duration::from_micros(1), vec![])] {
            let held = server.hold();
            clocks.pass(more);
            let look = server.send_look("acme");
            held.let_go(&server).unwrap();
            assert_eq!(look.answer(&server).unwrap().value.1, open);
        }
        let lost = entered(&server, |fact| matches!(fact, TeamFact::SessionLost { .. }));
        assert_eq!(lost, [at("2026-03-02T08:10:00Z")]);
        server.stop();
    }
}

/// One step of a history: how much later, and what is done then.
#[derive(Debug, Clone)]
struct Step {
    later: Elapsed,
    does: Does,
}

#[derive(Debug, Clone, Copy)]
enum Does {
    Open(u32),
    Beat(usize),
    Close(usize),
    Order,
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    let seconds = prop_oneof![
        8 => prop::sample::select(vec![1, 119, 120, 299, 300, 301, 599, 600, 601]),
        3 => prop::sample::select(vec![3_600, 14_400, 86_399, 86_400]),
        1 => prop::sample::select(vec![86_400 * 31, 86_400 * 366]),
    ];
    let does = prop_oneof![
        3 => (1_u32..=3).prop_map(Does::Open),
        4 => (0_usize..6).prop_map(Does::Beat),
        2 => (0_usize..6).prop_map(Does::Close),
        1 => Just(Does::Order),
        1 => Just(Does::Nothing),
    ];
    (seconds, does).prop_map(|(seconds, does)| Step { later: Elapsed::seconds(seconds), does })
}

/// Plays a history; before each step the sandbox's clock stops at all instants `on_the_way`.
fn play(steps: &[Step], on_the_way: &[u32]) -> Vec<Entry<TeamFact>> {
    let mut now = at("2026-03-02T08:00:00Z");
    let server = Place::memory().start(&Begin { sandbox_clock: Some(now), ..Begin::sandbox() });
    server.shop(3, 40);
    let mut sessions: Vec<String> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let to = now.plus(step.later);
        for later in on_the_way {
            now = now.plus(Elapsed::seconds(*later)).min(to);
            server.move_clock(now).unwrap();
            server.see("acme", |_, _| ());
        }
        server.move_clock(to).unwrap();
        now = to;
        match step.does {
            Does::Open(member) => {
                sessions.push(format!("s{number}"));
                let _refused = server.open(&format!("s{number}"), member);
            }
            // The newest ones; of one that is not known any more nothing is decided.
            Does::Beat(back) | Does::Close(back) => {
                let message = if matches!(step.does, Does::Beat(_)) { BEAT } else { CLOSE };
                if let Some(session) = sessions.iter().rev().nth(back) {
                    let _decided = server.send_message(session, message).answer(&server).unwrap();
                }
            }
            Does::Order => {
                let _refused = granted(server.ask("acme", ordering(&format!("o{number}"), 10)));
            }
            Does::Nothing => {}
        }
    }
    let ledger = server.ledger("acme");
    server.stop();
    ledger
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Waking the engine at any instants, by the clock and by looking, changes no entry.
    #[test]
    fn extra_wake_ups_change_no_entry(
        steps in prop::collection::vec(step(), 1..40),
        on_the_way in prop::collection::vec(prop::sample::select(vec![0, 1, 60, 299, 300, 600, 86_400]), 1..4),
    ) {
        prop_assert_eq!(play(&steps, &[]), play(&steps, &on_the_way));
    }
}
