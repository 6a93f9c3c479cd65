//! Random histories of a team: an auditor recomputes every lot, window, hold, access and proof from the entries
//! alone, after every command.
//!
//! And: folding the entries anew gives the same state, and a server that is never woken without need makes the
//! same entries as one that is (the rules of *due*, V1). A history that fails is shrunk; its seed is kept in
//! `main.regressions` beside this file and tried first from then on.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops where something is not as it has to be"
)]

mod auditor;
mod history;
mod walk;

use jeton_core::entry::TeamFact;
use jeton_core::team::Team;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use auditor::{Held, must};
use history::{Beginning, Does, History, Product, Setup, Start, Step, Then, When, histories};
use walk::{Server, Walk};

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_rules_hold_after_every_command_of_any_history(history in histories(60)) {
        let told = holds(&history);
        prop_assert!(told.is_ok(), "{}\nrepeat: cargo test -p jeton-core --test histories", told.unwrap_err());
    }
}

/// `PROPTEST_CASES` may raise it.
fn cases() -> u32 {
    ProptestConfig::default().cases.max(1_500)
}

/// A seat can begin and end inside a window. Whoever it covered goes on in the window at its end, also when the
/// window has ended too before they are heard of again, and something else was decided in between.
#[test]
fn w5_a_window_that_has_ended_meanwhile_covered_the_end_of_a_seat() {
    let (start, length_s) = (Start::Ago(0), 42);
    holds(&of_steps(vec![
        (0, OPEN),
        (1, Does::Close { session: 0, admin: false }),
        (86_099, Does::SetSeat { member: 0, product: 0, start, length_s }),
        (0, OPEN),
        (301, Does::Block { products: 2 }),
        (1, Does::Beat { session: 0, lease: false }),
    ]))
    .unwrap();
}

/// A seat that was in force when the window ended covers its end, also when it was withdrawn before the next proof.
#[test]
fn w5_a_seat_counts_as_of_the_end_although_it_was_withdrawn_since() {
    let (start, length_s) = (Start::Ago(0), 1_000);
    let walk = Walk::through(&of_steps(vec![
        (0, OPEN),
        (86_300, Does::Work { session: None, often: false, then: Then::Beat }),
        (10, Does::SetSeat { member: 0, product: 0, start, length_s }),
        (150, Does::RemoveSeat { member: 0, product: 0 }),
        (60, Does::Beat { session: 0, lease: false }),
    ]));
    let entries = walk.unwrap().server.entries;
    let continued = entries.iter().any(|entry| matches!(entry.fact, TeamFact::CoverContinued { .. }));
    assert!(continued, "{entries:?}");
}

/// The server was away for more than two windows: nobody was silent, and each is renewed from its own end.
#[test]
fn w4_one_proof_renews_every_cover_that_has_ended() {
    let walk =
        Walk::through(&of_steps(vec![(0, OPEN), (180_000, Does::Down), (0, Does::Beat { session: 0, lease: false })]));
    let entries = walk.unwrap().server.entries;
    let charges = entries.iter().filter(|entry| matches!(entry.fact, TeamFact::ChargeMade(_)));
    assert_eq!(charges.count(), 3, "{entries:?}");
}

/// Who was unfunded, and is funded again in time, is not ended at the instant that was told (W7).
#[test]
fn w7_a_session_that_is_funded_again_goes_on() {
    let walk = Walk::through(&of_steps(vec![
        (0, OPEN),
        (86_300, Does::Work { session: None, often: false, then: Then::Beat }),
        (10, Does::Block { products: 1 }),
        (120, Does::Beat { session: 0, lease: false }),
        (60, Does::Block { products: 0 }),
        (60, Does::Beat { session: 0, lease: false }),
        (1_200, Does::Work { session: None, often: true, then: Then::Beat }),
    ]));
    let walk = walk.unwrap();
    let refused = walk.server.entries.iter().any(|entry| matches!(entry.fact, TeamFact::RenewalRefused { .. }));
    assert!(refused && walk.server.team.open_sessions().count() == 1, "{:?}", walk.server.entries);
}

#[test]
fn v1_nothing_is_kept_after_a_quiet_year_but_what_stands() {
    let unknown = Does::Open { member: 1, product: 1, device: 0, project: None };
    let history = of_steps(vec![
        (0, OPEN),
        (0, unknown),
        (3, Does::Work { session: None, often: false, then: Then::Beat }),
        (86_400, Does::Work { session: None, often: false, then: Then::Silence }),
        (5, Does::Block { products: 1 }),
        (5, Does::Beat { session: 0, lease: false }),
        (5, Does::Order { quantity: 3, card: false }),
    ]);
    let mut walk = Walk::through(&history).unwrap();
    assert!(walk.server.team.remembered() > 6, "{:?}", walk.server.team);
    walk.quiet_year().unwrap();
    assert_eq!(walk.server.team.remembered(), 0);
}

/// The limit of open sessions of a member, whatever their product and device.
#[test]
fn a_member_has_so_many_sessions_open_at_most() {
    let walk = Walk::through(&of_steps(vec![(0, OPEN); 40])).unwrap();
    assert_eq!(walk.server.team.open_sessions().count(), jeton_core::limits::OPEN_SESSIONS);
}

const OPEN: Does = Does::Open { member: 0, product: 0, device: 0, project: None };

/// A team with a product for 7 a day and one that is not on the rate sheet: so many seconds later, this happens.
fn of_steps(steps: Vec<(u32, Does)>) -> History {
    let product = |undo_s, per_day| Product { undo_s, per_day, min_balance: 0 };
    let setup = Setup {
        zone: "Europe/Paris",
        begins_at: "2026-03-02T09:00:00Z",
        members: 2,
        products: vec![product(0, Some("7")), product(60, None)],
        open_to_all: true,
        orders: vec![(25, true)],
        beginning: Beginning::AtOnce,
    };
    let step = |(seconds, does)| Step { when: When::InSeconds(seconds), does, woken: vec![] };
    History { setup, steps: steps.into_iter().map(step).collect() }
}

fn holds(history: &History) -> Held {
    let mut walk = Walk::through(history)?;
    walk.quiet_year()?;
    let server = &walk.server;

    let mut anew = Team::new(server.team.id.clone());
    server.entries.iter().for_each(|entry| anew.evolve(entry));
    must!(anew == server.team, "V1: folding the entries anew gives another state");

    let mut unwoken = Server::new();
    for (at, act) in walk.acts {
        unwoken.act(act, at);
    }
    let differs = server.entries.iter().zip(&unwoken.entries).find(|(woken, unwoken)| woken != unwoken);
    must!(differs.is_none(), "extra wake-ups changed an entry: {differs:?}");
    must!(server.entries.len() == unwoken.entries.len(), "extra wake-ups added or took an entry");
    must!(server.series_entries == unwoken.series_entries, "extra wake-ups changed an invoice number");
    Ok(())
}
