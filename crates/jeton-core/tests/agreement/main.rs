//! The rules under test and the model of `jeton-model`, which tells them a second time, agree on random histories: on
//! every answer, every charge and its lots, what is left, who is still there, and how often it was opened.
//!
//! And: folding the entries anew gives the same state, a server that is never woken without need makes the same entries
//! as one that is (the rules of *due*, V1), and a quiet year leaves nothing but lots, members and settings. A history
//! that fails is shrunk, and told with the one command that repeats it.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops where something is not as it has to be"
)]

mod history;
mod telling;
mod walk;

use std::collections::BTreeMap;

use jeton_core::entry::{Tags, TeamFact};
use jeton_core::team::Team;
use jeton_core::time::Instant;
use jeton_model::{History as Happened, Purse, Told, What};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestError, TestRng, TestRunner};

use history::{Activity, Beginning, Does, History, Offered, Product, Setup, Start, Step, Then, When, histories};
use walk::{Server, Walk};

/// Histories of a run in CI; `PROPTEST_CASES` may raise it: the soak.
const HISTORIES: u32 = 20_000;
/// Steps of a history at most.
const STEPS: usize = 40;

macro_rules! must {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}

/// The histories of one run are those of a seed, split over the threads of the machine.
#[test]
fn the_rules_and_the_model_agree_on_every_history() {
    let Config { cases, rng_seed, .. } = Config::default();
    // What proptest runs unless `PROPTEST_CASES` says how many.
    let cases = if cases == 256 { HISTORIES } else { cases };
    let seed = match rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => 1,
    };
    let threads = std::thread::available_parallelism().map_or(2, |threads| u32::try_from(threads.get()).unwrap());
    let failures: Vec<String> = std::thread::scope(|scope| {
        // Proptest builds a history in one expression, and needs room for it.
        let share_of = |thread| {
            let roomy = std::thread::Builder::new().stack_size(64 << 20);
            roomy.spawn_scoped(scope, move || share(seed, thread, cases.div_ceil(threads))).unwrap()
        };
        let running: Vec<_> = (0..threads).map(share_of).collect();
        running.into_iter().filter_map(|thread| thread.join().unwrap().err()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// A seat is withdrawn and set again at one instant, at that of the opening or later: it has ended as cover, and the next
/// proof goes on under it.
#[test]
fn a2_a_seat_that_is_set_again_at_once_covers_with_the_next_proof() {
    let seat = || (Start::Ago(100), 86_400);
    let open = Does::Open { member: 0, product: 0, device: 0, tagged: None };
    for opened_before_s in [0, 60] {
        let (start, length_s) = seat();
        let mut steps = vec![
            (0, Does::Seat { member: 0, product: 0, start, length_s }),
            (10, open.clone()),
            (opened_before_s, Does::NoSeat { member: 0, product: 0, again: Some(seat()) }),
        ];
        agrees(&one_product(&steps)).unwrap();
        steps.push((60, Does::Beat { session: 0, activity: Activity::Unsaid }));
        agrees(&one_product(&steps)).unwrap();
    }
}

/// A product becomes idle-aware while a session of it is unfunded: that is ended when it was told, once.
#[test]
fn w7_an_unfunded_session_ends_when_it_was_told_although_its_product_becomes_idle_aware() {
    let beat = || Does::Beat { session: 0, activity: Activity::Unsaid };
    let work = Does::Work { session: None, often: false, idle_part: 255, then: Then::Beat(Activity::Unsaid) };
    let steps = [
        (0, Does::Open { member: 0, product: 0, device: 0, tagged: None }),
        (86_390, work),
        (0, Does::Block { products: 1 }),
        (20, beat()),
        (0, Does::Change { product: 0, undo_s: 0, idle_s: Some(60) }),
        (60, beat()),
        (1_000, Does::Settle),
    ];
    agrees(&History { quiet: true, ..one_product(&steps) }).unwrap();
}

/// A team with tokens that may have its one daily product; each step so many seconds after the last.
fn one_product(steps: &[(u32, Does)]) -> History {
    let product = Product { undo_s: 0, offer: Offered::Daily("1"), idle_s: None, min_balance: 0 };
    let setup = Setup {
        zone: "UTC",
        begins_at: "2026-03-02T09:00:00Z",
        members: 2,
        products: vec![product, Product { offer: Offered::Results("1"), ..product }],
        open_to_all: true,
        orders: vec![(20, true)],
        beginning: Beginning::AtOnce,
        office: vec![],
    };
    let step =
        |(seconds, does): &(u32, Does)| Step { when: When::InSeconds(*seconds), does: does.clone(), woken: vec![] };
    History { setup, steps: steps.iter().map(step).collect(), quiet: false }
}

/// Runs one thread's share of the histories of a seed.
fn share(seed: u64, thread: u32, cases: u32) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let bytes: Vec<u8> = [seed, thread.into(), 0, 0].iter().flat_map(|part| part.to_le_bytes()).collect();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let outcome = runner.run(&histories(STEPS), |history| {
        let told = agrees(&history);
        prop_assert!(told.is_ok(), "{}", told.unwrap_err());
        Ok(())
    });
    outcome.map_err(|failure| {
        // Of a history that was shrunk, what it came to is easier read than the history.
        let why = match failure {
            TestError::Fail(why, _) => why.to_string(),
            TestError::Abort(why) => format!("gave up: {why}"),
        };
        format!("{why}\nrepeat: PROPTEST_RNG_SEED={seed} cargo test -p jeton-core --test agreement")
    })
}

/// Whether the model says the same of a history, and the state holds what is true of every history.
fn agrees(history: &History) -> Result<(), String> {
    let mut walk = Walk::through(history);
    if history.quiet {
        walk.quiet_years();
    }
    compare(&walk).map_err(|why| format!("{why}\n{}", asked(&walk)))?;

    let server = &walk.server;
    let mut anew = Team::new(server.team.id.clone());
    server.entries.iter().for_each(|entry| anew.evolve(entry));
    must!(anew == server.team, "V1: folding the entries anew gives another state");

    let mut unwoken = Server::new();
    for (at, act) in walk.acts.clone() {
        let _done = unwoken.act(act, at);
    }
    let differs = server.entries.iter().zip(&unwoken.entries).find(|(woken, unwoken)| woken != unwoken);
    must!(differs.is_none(), "extra wake-ups changed an entry: {differs:?}");
    must!(server.entries.len() == unwoken.entries.len(), "extra wake-ups added or took an entry");
    if history.quiet {
        let team = &server.team;
        let left = (team.lots.len(), team.orders.len(), team.overdue.len(), team.remembered());
        must!(left == (0, 0, 0, 0), "V1: after quiet years (lots, orders, overdue, remembered) are {left:?}");
    }
    Ok(())
}

fn compare(walk: &Walk) -> Result<(), String> {
    let zone = walk.zone.clone();
    let date_of = move |at: i64| telling::date(zone.day_of(Instant::from_micros(at).unwrap()));
    let happened = Happened { date_of: &date_of, steps: walk.steps.clone() };
    let told: Told = jeton_model::run(&happened);
    for (index, ((at, what), (seen, told))) in walk.steps.iter().zip(walk.answers.iter().zip(&told.answers)).enumerate()
    {
        let (seen, told) = (telling::comparable(what, seen), telling::comparable(what, told));
        let at = Instant::from_micros(*at).unwrap();
        must!(seen == told, "step {index} at {at}, {what:?}:\n   the rules {seen:?}\n   the model {told:?}");
    }
    let server = &walk.server;
    let charges: Vec<_> = walk.charges.iter().cloned().map(telling::plain).collect();
    let expected: Vec<_> = told.charges.into_iter().map(telling::plain).collect();
    must!(charges == expected, "the charges are {charges:?}, expected {expected:?}");

    let closed = server.entries.iter().filter_map(|entry| match &entry.fact {
        TeamFact::LotClosed(lot) => Some(telling::lot(lot)),
        _ => None,
    });
    let mut lots: Vec<_> = closed.chain(server.team.lots.iter().map(telling::lot)).collect();
    lots.sort_by_key(|lot| lot.purse);
    let mut expected: Vec<_> = told.lots.into_iter().filter(|lot| matches!(lot.purse, Purse::Lot(_))).collect();
    expected.sort_by_key(|lot| lot.purse);
    must!(lots == expected, "V3: the lots are {lots:?}, expected {expected:?}");

    if walk.is_quiet {
        let mut counted: BTreeMap<(i32, Tags), u32> = BTreeMap::new();
        for (of, count) in server.entries.iter().flat_map(telling::launches) {
            *counted.entry(of).or_default() += count;
        }
        let mut expected: BTreeMap<(i32, Tags), u32> = BTreeMap::new();
        for launch in told.launches {
            *expected.entry((launch.day, walk.tags_of(launch.session))).or_default() += 1;
        }
        must!(counted == expected, "W10: the launches by day and tags are {counted:?}, expected {expected:?}");
    }
    let mut live = walk.live();
    live.sort_by_key(|(session, _)| *session);
    let without = |(session, mut answer): (u32, jeton_model::Answer)| {
        answer.refusal = None;
        (session, answer)
    };
    let mut expected: Vec<_> = told.live.into_iter().map(without).collect();
    expected.sort_by_key(|(session, _)| *session);
    must!(live == expected, "the live sessions are {live:?}, expected {expected:?}");
    Ok(())
}

/// What happened, a line each, without the beats that decided nothing.
fn asked(walk: &Walk) -> String {
    let mut lines = Vec::new();
    let mut beats = 0;
    for (index, ((at, what), answer)) in walk.steps.iter().zip(&walk.answers).enumerate() {
        let open = answer.state == Some(jeton_model::State::Open) && answer.charged.is_empty();
        let following = walk.steps.get(index + 1).map(|(_, what)| what);
        if matches!(what, What::Beat { .. }) && open && matches!(following, Some(What::Beat { .. })) {
            beats += 1;
            continue;
        }
        let skipped = if beats > 0 { format!(" (after {beats} beats)") } else { String::new() };
        beats = 0;
        lines.push(format!("  {index} {} {what:?}{skipped}", Instant::from_micros(*at).unwrap()));
    }
    lines.join("\n")
}
