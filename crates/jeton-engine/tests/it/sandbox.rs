//! The sandbox's clock: its integrator's, forward only, and nothing that is due on the way is missed.

use jeton_core::entry::{Author, TeamFact, VendorFact};
use jeton_core::refusal::Refusal;
use jeton_core::time::{Elapsed, Instant};
use jeton_engine::StartError;
use jeton_store::stored::AnyEntry;

use crate::support::asks::{granted, opening, ordering};
use crate::support::clocks::at;
use crate::support::place::Place;
use crate::support::server::Begin;

const TEAMS: [&str; 3] = ["acme", "nova", "zeta"];

#[test]
fn moving_over_what_is_due_in_several_teams_enters_each_at_its_own_instant_in_their_common_order() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        server.stock();
        for team in TEAMS {
            server.enter(team, 20, 1_000);
        }
        let mut due: Vec<(Instant, &str, &str)> = Vec::new();
        let mut now = at("2026-03-02T08:00:00Z");
        for number in 0..60 {
            // Now and then two at one instant.
            now = now.plus(Elapsed::seconds(if number % 4 == 0 { 0 } else { 7 }));
            server.move_clock(now).unwrap();
            let team = TEAMS[usize::try_from(number * 7 % 3).unwrap()];
            granted(server.ask(team, opening(&format!("s{number}"), 1 + number / 3))).unwrap();
            due.push((now.plus(Elapsed::seconds(600)), team, "lost"));
        }
        granted(server.ask("zeta", ordering("unpaid", 10))).unwrap();
        due.push((at("2026-04-02T00:00:00Z"), "zeta", "overdue"));
        due.extend(TEAMS.map(|team| (at("2027-03-03T00:00:00Z"), team, "lot")));
        due.push((at("2027-03-03T00:00:00Z"), "zeta", "lot"));
        due.sort();

        let before = server.last_position();
        let to = at("2028-01-01T00:00:00Z");
        assert_eq!(server.move_clock(to), Ok(to));
        let mut entered = Vec::new();
        let stored = server.stored().split_off(usize::try_from(before).unwrap());
        for (_, entry) in &stored {
            let AnyEntry::Team(team, entry) = entry else { continue };
            assert_eq!(entry.by, Author::Server);
            let what = match &entry.fact {
                TeamFact::SessionLost { .. } => "lost",
                TeamFact::InvoiceOverdue { .. } => "overdue",
                TeamFact::LotExpired { .. } => "lot",
                // What follows from a loss, or from a lot's end.
                TeamFact::RunUndone { .. } | TeamFact::HoldReleased { .. } | TeamFact::LotClosed(_) => continue,
                other => panic!("{other:?}"),
            };
            entered.push((entry.at, team.as_str(), what));
        }
        let instants: Vec<Instant> = entered.iter().map(|(at, _, _)| *at).collect();
        assert!(instants.is_sorted(), "in the order of the instants, over all teams");
        entered.sort();
        assert_eq!(entered, due, "each at its own instant");
        let vendors = server.vendors();
        let last = vendors.last().unwrap();
        assert!(matches!(last.fact, VendorFact::ClockMoved { .. }) && last.at == to && last.by == Author::Operator);
        assert_eq!(stored.iter().filter(|(sealed, _)| sealed.commit.is_some()).count(), 1, "in one commit");
        server.verify(None).unwrap();
        server.stop();
    }
}

#[test]
fn the_clock_goes_forward_only_and_where_it_stands_it_is_left() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        let now = at("2026-03-02T08:00:00Z");
        let moved = server.last_position();
        assert_eq!(server.move_clock(at("2026-03-02T07:59:59.999999Z")), Err(Refusal::ClockGoesBack { now }));
        assert_eq!(server.move_clock(now), Ok(now));
        assert_eq!(server.last_position(), moved, "neither is an entry");
        server.stop();
        assert!(matches!(
            place.try_start(&Begin::sandbox_at("2026-03-02T07:00:00Z")),
            Err(StartError::ClockGoesBack(stands)) if stands == now
        ));
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        assert_eq!(server.last_position(), moved);
        server.stop();
    }
}

#[test]
fn the_machines_time_is_not_the_sandboxs() {
    let begin = Begin::sandbox_at("2026-03-02T08:00:00Z");
    let server = Place::memory().start(&begin);
    server.shop(1, 100);
    server.open("s1", 1).unwrap();
    begin.clocks.pass(std::time::Duration::from_hours(24 * 365));
    begin.clocks.step(-1_000_000);
    assert!(server.is_open("s1"));
    assert_eq!(server.wait(server.engine.read(None, |sight| sight.now)).unwrap().value, at("2026-03-02T08:00:00Z"));
    assert_eq!(server.engine.lately(), at("2026-03-02T08:00:00Z"));
    server.stop();
}
