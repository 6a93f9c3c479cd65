//! The model against the worked examples of the rules, and against a few of the decisions that the rules left open.
//!
//! Instants are told as `"Mon 08:00"`, `"Mon 08:00:00.000001"`; sessions beat every two minutes, as W8 says, from their
//! opening until they are closed or fall silent, and never while the server is down.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

use jeton_model::{
    Access, Answer, At, Charge, Cover, Date, History, Id, Of, Offer, Purse, Refusal, Rounding, State, Told, Use, What,
    run,
};

const MINUTE: At = 60_000_000;
const DAY: At = 1_440 * MINUTE;
const YEAR: At = 365 * DAY;
const UNDO: At = 5 * MINUTE;

const ANA: Id = 1;
const BEN: Id = 2;
const AUTOCAD: Id = 1;
const REVIT: Id = 2;
const MUDBOX: Id = 3;
const STUDIES: Id = 4;

fn at(text: &str) -> At {
    let (day, time) = text.split_once(' ').expect("a day and a time");
    let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon2", "Tue2"];
    let day: At = days.iter().position(|name| *name == day).expect("a day of the week").try_into().unwrap();
    let (time, micros) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = time.split(':').map(|part| part.parse::<At>().unwrap());
    let mut part = || parts.next().unwrap_or(0);
    day * DAY + part() * 60 * MINUTE + part() * MINUTE + part() * 1_000_000 + micros.parse::<At>().unwrap()
}

/// UTC, a month of 28 days.
fn date_of(at: At) -> Date {
    let day = i32::try_from(at.div_euclid(DAY)).unwrap();
    (day, day.div_euclid(28))
}

/// A team with everything that is usual, and what happens in it.
struct Team {
    steps: Vec<(At, What)>,
    beating: Vec<(Id, At)>,
    down: bool,
    date_of: fn(At) -> Date,
}

impl Team {
    fn new(tokens: i64) -> Self {
        Self::of(tokens, &[(AUTOCAD, 7_000), (REVIT, 10_000), (MUDBOX, 1_000)], UNDO, None)
    }

    fn of(tokens: i64, products: &[(Id, i64)], undo: At, idle: Option<At>) -> Self {
        let mut team = Self { steps: Vec::new(), beating: Vec::new(), down: false, date_of };
        for (product, rate) in products {
            team.at_once(What::Product { product: *product, undo, idle, min_balance: 0 });
            team.at_once(What::Rate { product: *product, starts: 0, offer: Some(Offer::Daily(*rate)) });
        }
        for member in [ANA, BEN] {
            team.at_once(What::Member { member, active: true });
            team.at_once(What::Assign { member, access: Some(Access::All) });
        }
        if tokens > 0 {
            team.order("Mon 00:00", 1, tokens, YEAR);
        }
        team
    }

    fn at_once(&mut self, what: What) {
        self.steps.push((0, what));
    }

    /// What happens at an instant, after all beats before it.
    fn does(&mut self, when: &str, what: What) -> usize {
        let when = at(when);
        while let Some(next) = self.beating.iter_mut().filter(|(_, next)| *next < when).min_by_key(|(_, next)| *next) {
            let (session, instant) = *next;
            next.1 += 2 * MINUTE;
            if !self.down {
                self.steps.push((instant, What::Beat { session, activity: None }));
            }
        }
        self.down = if what == What::Down { true } else { self.down && what != What::Up };
        self.steps.push((when, what));
        self.steps.len() - 1
    }

    fn order(&mut self, when: &str, order: Id, tokens: i64, lot_ends: At) {
        let due = at(when) + 30 * DAY;
        self.does(when, What::Order { order, tokens: tokens * 1_000, card: false, lot_ends, due });
        self.does(when, What::Pay { order, lot_ends });
    }

    fn open(&mut self, when: &str, session: Id, member: Id, product: Id) -> usize {
        let step = self.does(when, What::Open(opening(session, member, product)));
        self.beating.push((session, at(when) + 2 * MINUTE));
        step
    }

    fn silent(&mut self, session: Id) {
        self.beating.retain(|(of, _)| *of != session);
    }

    fn silent_from(&mut self, when: &str, session: Id) {
        self.does(when, What::Settle);
        self.silent(session);
    }

    fn beat(&mut self, when: &str, session: Id) -> usize {
        self.active(when, session, None)
    }

    fn active(&mut self, when: &str, session: Id, activity: Option<&str>) -> usize {
        self.does(when, What::Beat { session, activity: activity.map(at) })
    }

    fn close(&mut self, when: &str, session: Id) -> usize {
        let step = self.does(when, What::Close { session, activity: None, by_client: true });
        self.silent(session);
        step
    }

    fn seat(&mut self, when: &str, member: Id, product: Id, from: &str, to: &str) {
        self.does(when, What::Seat { member, product, starts: at(from), ends: at(to) });
    }

    fn look(&mut self, when: &str) -> usize {
        self.does(when, What::Settle)
    }

    fn told(&self) -> Told {
        run(&History { date_of: &self.date_of, steps: self.steps.clone() })
    }
}

fn opening(session: Id, member: Id, product: Id) -> Use {
    Use { id: session, member, product, device: session, ..Use::default() }
}

/// Member, product, tokens and start of the window of each charge.
fn charges(told: &Told) -> Vec<(Id, Id, i64, At)> {
    let charge =
        |charge: &Charge| (charge.of.member, charge.of.product, charge.tokens, charge.window.map_or(-1, |w| w.0));
    told.charges.iter().map(charge).collect()
}

fn refusal(answer: &Answer) -> &Refusal {
    assert_eq!(answer.state, None);
    answer.refusal.as_ref().expect("a refusal")
}

/// What a step answered.
fn state(told: &Told, step: usize) -> (Option<State>, Option<Cover>) {
    (told.answers[step].state, told.answers[step].cover)
}

const OPEN_BY_TOKENS: (Option<State>, Option<Cover>) = (Some(State::Open), Some(Cover::Tokens));
const OPEN_BY_WINDOW: (Option<State>, Option<Cover>) = (Some(State::Open), Some(Cover::Window));
const OPEN_BY_SEAT: (Option<State>, Option<Cover>) = (Some(State::Open), Some(Cover::Seat));
const IDLE: (Option<State>, Option<Cover>) = (Some(State::Idle), None);
const UNFUNDED: (Option<State>, Option<Cover>) = (Some(State::Unfunded), None);
const ENDED: (Option<State>, Option<Cover>) = (Some(State::Ended), None);

#[test]
fn e01_two_days() {
    let mut team = Team::new(1_000);
    let opened = team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.close("Mon 17:00", 1);
    let again = team.open("Tue 07:00", 2, ANA, AUTOCAD);
    team.close("Tue 17:00", 2);
    let told = team.told();
    assert_eq!(state(&told, opened), OPEN_BY_TOKENS);
    assert_eq!(told.answers[opened].tokens, Some(7_000));
    assert_eq!(told.answers[opened].ends, Some(at("Mon 08:05")));
    assert_eq!(state(&told, again), OPEN_BY_WINDOW);
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 08:00")), (ANA, AUTOCAD, 7_000, at("Tue 08:00"))]);
    assert_eq!(told.launches.iter().map(|launch| launch.day).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(told.lots[0].available, 986_000);
    assert_eq!(told.live, []);
}

#[test]
fn e02_closed_before_the_end() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.close("Mon 17:00", 1);
    team.open("Tue 07:00", 2, ANA, AUTOCAD);
    team.close("Tue 07:50", 2);
    assert_eq!(charges(&team.told()), [(ANA, AUTOCAD, 7_000, at("Mon 08:00"))]);
}

#[test]
fn e03_an_hour_later() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.close("Mon 17:00", 1);
    team.open("Tue 09:00", 2, ANA, AUTOCAD);
    let beat = team.beat("Tue 10:00", 2);
    team.close("Tue 17:00", 2);
    let told = team.told();
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 08:00")), (ANA, AUTOCAD, 7_000, at("Tue 09:00"))]);
    assert_eq!(told.answers[beat].window, Some((at("Tue 09:00"), at("Wed 09:00"))));
}

#[test]
fn e04_over_midnight() {
    let mut team = Team::new(1_000);
    team.open("Mon 19:00", 1, ANA, AUTOCAD);
    for (session, relaunch) in [(2, "Mon 22:00"), (3, "Tue 08:00"), (4, "Tue 12:30")] {
        team.close(relaunch, session - 1);
        team.open(relaunch, session, ANA, AUTOCAD);
    }
    team.close("Tue 17:00", 4);
    let told = team.told();
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 19:00"))]);
    assert_eq!(told.launches.iter().map(|launch| launch.day).collect::<Vec<_>>(), [0, 0, 0, 0]);
}

#[test]
fn e05_undone_then_worked() {
    let mut team = Team::new(1_000);
    let opened = team.open("Mon 10:00", 1, ANA, AUTOCAD);
    let closed = team.close("Mon 10:04:59", 1);
    team.open("Mon 12:00", 2, ANA, AUTOCAD);
    team.close("Mon 13:00", 2);
    let told = team.told();
    assert_eq!((told.answers[opened].available, told.answers[opened].held), (993_000, 7_000));
    assert_eq!((told.answers[closed].available, told.answers[closed].held), (1_000_000, 0));
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 12:00"))]);
}

#[test]
fn e06_exactly_the_interval() {
    for (closed, made) in [("Mon 10:04:59.999999", 0), ("Mon 10:05", 1)] {
        let mut team = Team::new(1_000);
        team.open("Mon 10:00", 1, ANA, AUTOCAD);
        team.close(closed, 1);
        let before = team.open("Tue 09:59:59.999999", 2, ANA, AUTOCAD);
        team.close("Tue 09:59:59.999999", 2);
        let after = team.open("Tue 10:00", 3, ANA, AUTOCAD);
        team.close("Tue 10:01", 3);
        let told = team.told();
        assert_eq!(charges(&told).len(), made);
        if made == 1 {
            assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 10:00"))]);
            assert_eq!((state(&told, before), state(&told, after)), (OPEN_BY_WINDOW, OPEN_BY_TOKENS));
            assert_eq!(told.launches.iter().map(|launch| launch.day).collect::<Vec<_>>(), [0, 0, 1]);
        }
    }
}

#[test]
fn e07_closed_just_after_the_renewal() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    let beat = team.beat("Tue 08:00", 1);
    let closed = team.close("Tue 08:01", 1);
    let told = team.told();
    assert_eq!(told.answers[beat].charged.len(), 1);
    assert_eq!(state(&told, closed), ENDED);
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 08:00")), (ANA, AUTOCAD, 7_000, at("Tue 08:00"))]);
}

#[test]
fn e08_a_weekend_left_open() {
    let mut told = Vec::new();
    for idle in [None, Some(15 * MINUTE)] {
        let mut team = Team::of(1_000, &[(AUTOCAD, 7_000)], UNDO, idle);
        team.open("Fri 09:00", 1, ANA, AUTOCAD);
        for activity in ["Fri 12:00", "Fri 16:00"] {
            team.active(activity, 1, Some(activity));
        }
        let saturday = team.beat("Sat 10:00", 1);
        let back = team.active("Mon2 08:31", 1, Some("Mon2 08:30"));
        let on = team.active("Mon2 09:00", 1, Some("Mon2 08:59"));
        team.active("Mon2 10:00", 1, Some("Mon2 09:59"));
        team.close("Mon2 17:00", 1);
        told.push((team.told(), saturday, back, on));
    }
    let starts = |told: &Told| charges(told).iter().map(|charge| charge.3).collect::<Vec<_>>();
    let (aware, saturday, back, on) = told.pop().unwrap();
    assert_eq!(starts(&aware), [at("Fri 09:00"), at("Mon2 08:30")]);
    assert_eq!(
        (state(&aware, saturday), state(&aware, back), state(&aware, on)),
        (IDLE, OPEN_BY_TOKENS, OPEN_BY_TOKENS)
    );
    assert_eq!(aware.answers[back].tokens, Some(7_000));
    assert_eq!(aware.launches.iter().map(|launch| launch.day).collect::<Vec<_>>(), [4, 7]);
    let (unaware, ..) = told.pop().unwrap();
    assert_eq!(starts(&unaware), [at("Fri 09:00"), at("Sat 09:00"), at("Sun 09:00"), at("Mon2 09:00")]);
}

#[test]
fn e09_active_again_before_the_end() {
    let mut team = Team::of(1_000, &[(AUTOCAD, 7_000)], UNDO, Some(15 * MINUTE));
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.active("Tue 07:30", 1, Some("Tue 07:30"));
    team.active("Tue 07:55:30", 1, Some("Tue 07:55"));
    let beat = team.beat("Tue 08:00", 1);
    let told = team.told();
    assert_eq!(state(&told, beat), OPEN_BY_TOKENS);
    assert_eq!(charges(&told).last(), Some(&(ANA, AUTOCAD, 7_000, at("Tue 08:00"))));
}

#[test]
fn e10_two_products() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, REVIT);
    team.open("Mon 08:01", 2, ANA, AUTOCAD);
    team.close("Mon 09:00", 1);
    team.close("Mon 09:30", 2);
    assert_eq!(charges(&team.told()).iter().map(|charge| charge.2).sum::<i64>(), 17_000);
}

#[test]
fn e11_two_devices_in_one_window() {
    let mut team = Team::new(7);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    let second = team.open("Mon 08:10", 2, ANA, AUTOCAD);
    team.close("Mon 09:00", 1);
    team.close("Mon 09:10", 2);
    let told = team.told();
    assert_eq!(state(&told, second), OPEN_BY_WINDOW);
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 08:00"))]);
}

#[test]
fn e12_a_seat_and_tokens() {
    let mut team = Team::new(1_000);
    team.seat("Mon 07:00", ANA, AUTOCAD, "Mon 07:00", "Fri 18:00");
    let seat = team.open("Mon 08:00", 1, ANA, AUTOCAD);
    let tokens = team.open("Mon 08:01", 2, ANA, REVIT);
    team.close("Mon 09:00", 1);
    team.close("Mon 09:00", 2);
    let told = team.told();
    assert_eq!((state(&told, seat), state(&told, tokens)), (OPEN_BY_SEAT, OPEN_BY_TOKENS));
    assert_eq!(charges(&told), [(ANA, REVIT, 10_000, at("Mon 08:01"))]);
}

#[test]
fn e13_one_short() {
    let mut team = Team::new(6);
    let autocad = team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.silent(1);
    let quoted = team.does("Mon 08:00", What::Quote(opening(3, ANA, MUDBOX)));
    let mudbox = team.open("Mon 08:00", 2, ANA, MUDBOX);
    let told = team.told();
    let short = Refusal::InsufficientTokens { required: 7_000, available: 6_000 };
    assert_eq!(refusal(&told.answers[autocad]), &short);
    assert_eq!((told.answers[quoted].cover, told.answers[quoted].tokens), (Some(Cover::Tokens), Some(1_000)));
    assert_eq!(state(&told, mudbox), OPEN_BY_TOKENS);
}

#[test]
fn e14_three_lots() {
    let mut team = Team::new(0);
    let (sooner, later) = (360 * DAY, 361 * DAY);
    team.order("Mon 07:00", 3, 10, sooner);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.close("Mon 09:00", 1);
    team.order("Tue 07:00", 2, 5_000, later);
    team.order("Tue 07:30", 1, 500, later);
    team.open("Tue 09:00", 2, ANA, AUTOCAD);
    team.close("Tue 10:00", 2);
    let told = team.told();
    assert_eq!(told.charges[1].draws, [(Purse::Lot(3), 3_000), (Purse::Lot(1), 4_000)]);
    let left = told.lots.iter().map(|lot| (lot.purse, lot.available, lot.spent)).collect::<Vec<_>>();
    let lots = [(Purse::Lot(3), 0, 10_000), (Purse::Lot(1), 496_000, 4_000), (Purse::Lot(2), 5_000_000, 0)];
    assert_eq!(left, lots);
}

#[test]
fn e15_power_lost() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.silent_from("Mon 10:00", 1);
    team.open("Tue 07:30", 2, ANA, AUTOCAD);
    team.close("Tue 07:45", 2);
    team.look("Wed 08:00");
    let told = team.told();
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 08:00"))]);
    assert_eq!(told.live, []);
}

#[test]
fn e16_server_down_over_the_end() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.does("Tue 07:50", What::Down);
    team.does("Tue 08:10", What::Up);
    let beat = team.beat("Tue 08:10", 1);
    let told = team.told();
    assert_eq!(told.answers[beat].window, Some((at("Tue 08:00"), at("Wed 08:00"))));
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 08:00")), (ANA, AUTOCAD, 7_000, at("Tue 08:00"))]);
}

#[test]
fn e17_the_clocks_go_forward() {
    // Days of Paris: an hour ahead of UTC until Sunday 01:00 UTC, then two.
    fn paris(at: At) -> Date {
        date_of(at + if at < 6 * DAY + 60 * MINUTE { 60 } else { 120 } * MINUTE)
    }
    let mut team = Team::new(1_000);
    team.date_of = paris;
    team.open("Sat 19:00", 1, ANA, AUTOCAD);
    team.close("Sun 19:01", 1);
    let told = team.told();
    assert_eq!(charges(&told).iter().map(|charge| charge.3).collect::<Vec<_>>(), [at("Sat 19:00"), at("Sun 19:00")]);
    assert_eq!(told.charges.iter().map(|charge| charge.date.0).collect::<Vec<_>>(), [5, 6]);
}

#[test]
fn e18_all_at_once() {
    let mut team = Team::new(7);
    for member in 10..60 {
        team.at_once(What::Member { member, active: true });
        team.at_once(What::Assign { member, access: Some(Access::All) });
    }
    for member in 10..60 {
        team.does("Mon 08:00", What::Open(opening(member, member, AUTOCAD)));
    }
    let told = team.told();
    assert_eq!(told.launches.len(), 1);
    assert_eq!(told.answers.iter().filter(|answer| answer.refusal.is_some()).count(), 49);
}

#[test]
fn e19_the_lid_is_closed_over_the_end() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.silent_from("Tue 07:30", 1);
    let beat = team.beat("Tue 09:30", 1);
    for minute in (32..60).step_by(2) {
        team.beat(&format!("Tue 09:{minute}"), 1);
    }
    team.close("Tue 10:00", 1);
    let told = team.told();
    assert_eq!(state(&told, beat), OPEN_BY_TOKENS);
    assert_eq!(told.answers[beat].charged, []);
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 08:00")), (ANA, AUTOCAD, 7_000, at("Tue 09:30"))]);
}

// W2

#[test]
fn w2_a_later_run_waits_for_an_earlier_session() {
    // Session 2 is over while 1 may yet prove that both were one run: by its proof at 08:05 they were.
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.silent(1);
    team.open("Mon 08:01", 2, ANA, AUTOCAD);
    let waits = team.close("Mon 08:02", 2);
    let proof = team.beat("Mon 08:05", 1);
    let told = team.told();
    assert_eq!(told.answers[waits].held, 7_000);
    assert_eq!(told.answers[proof].charged.len(), 1);
    assert_eq!(charges(&told), [(ANA, AUTOCAD, 7_000, at("Mon 08:00"))]);
}

#[test]
fn w2_a_hold_is_released_at_the_loss_of_the_last_that_shares_it() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.silent(1);
    team.open("Mon 08:04", 2, ANA, AUTOCAD);
    let closed = team.close("Mon 08:06", 2);
    let before = team.look("Mon 08:09:59.999999");
    let lost = team.look("Mon 08:10");
    let told = team.told();
    let held = [closed, before, lost].map(|step| told.answers[step].held);
    assert_eq!(held, [7_000, 7_000, 0]);
    assert_eq!(told.launches.len(), 2);
}

#[test]
fn w2_three_undone_openings_within_a_day_and_the_next_is_charged_at_once() {
    for (fourth, at_once) in [("Tue 08:00:59.999999", true), ("Tue 08:01", false)] {
        let mut team = Team::new(1_000);
        for (session, open, close) in [(1, "08:00", "08:01"), (2, "08:10", "08:11"), (3, "08:20", "08:21")] {
            team.open(&format!("Mon {open}"), session, ANA, AUTOCAD);
            team.close(&format!("Mon {close}"), session);
        }
        let opened = team.open(fourth, 4, ANA, AUTOCAD);
        let told = team.told();
        assert_eq!(told.answers[opened].charged.len() == 1, at_once);
        assert_eq!(told.answers[opened].tokens.is_none(), at_once);
    }
}

#[test]
fn w4_a_renewal_releases_a_hold_made_since() {
    let mut team = Team::new(14);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.close("Mon 08:10", 1);
    team.open("Tue 07:55", 2, ANA, AUTOCAD);
    team.silent_from("Tue 08:00", 2);
    team.open("Tue 08:01", 3, ANA, AUTOCAD);
    let renewed = team.beat("Tue 08:02", 2);
    let covered = team.close("Tue 08:03", 3);
    let told = team.told();
    assert_eq!(told.answers[renewed].window, Some((at("Tue 08:00"), at("Wed 08:00"))));
    assert_eq!((told.answers[renewed].held, told.answers[renewed].available), (0, 0));
    assert_eq!(told.answers[covered].charged, []);
    assert_eq!(told.launches.iter().map(|launch| launch.day).collect::<Vec<_>>(), [0, 0, 1]);
}

// W6, as decided

/// A team whose window of `AutoCAD` ends on Tuesday at 08:00, last active at an instant, and beating over it.
fn idle_over_the_end(last: &str) -> Team {
    let mut team = Team::of(1_000, &[(AUTOCAD, 7_000)], UNDO, Some(15 * MINUTE));
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.active(last, 1, Some(last));
    team
}

#[test]
fn i1_activity_at_exactly_the_idle_time_before_the_end_is_idle() {
    for (last, expected) in [("Tue 07:45", IDLE), ("Tue 07:45:00.000001", OPEN_BY_TOKENS)] {
        let mut team = idle_over_the_end(last);
        let beat = team.beat("Tue 08:00", 1);
        assert_eq!(state(&team.told(), beat), expected);
    }
}

#[test]
fn i2_a_seat_as_of_the_end_goes_on_though_idle() {
    let mut team = idle_over_the_end("Mon 12:00");
    team.seat("Mon 13:00", ANA, AUTOCAD, "Tue 07:59", "Fri 18:00");
    let beat = team.beat("Tue 08:00", 1);
    assert_eq!(state(&team.told(), beat), OPEN_BY_SEAT);
}

#[test]
fn i2_what_would_be_refused_is_deferred_when_idle() {
    let mut team = idle_over_the_end("Mon 12:00");
    team.does("Tue 07:59", What::Assign { member: ANA, access: None });
    let beat = team.beat("Tue 08:00", 1);
    assert_eq!(state(&team.told(), beat), IDLE);
}

#[test]
fn i3_activity_reported_later_takes_idleness_away() {
    let mut team = idle_over_the_end("Mon 12:00");
    let idle = team.beat("Tue 08:00", 1);
    let opened = team.open("Tue 08:01", 2, ANA, AUTOCAD);
    team.active("Tue 08:01:30", 2, Some("Tue 08:01"));
    let still = team.beat("Tue 08:02", 1);
    team.active("Tue 08:03", 1, Some("Tue 07:50"));
    let told = team.told();
    assert_eq!((state(&told, idle), state(&told, opened), state(&told, still)), (IDLE, OPEN_BY_TOKENS, IDLE));
    assert_eq!(charges(&told).last(), Some(&(ANA, AUTOCAD, 7_000, at("Tue 08:00"))));
    assert_eq!(told.lots[0].held, 0);
}

#[test]
fn i3_whose_renewal_was_refused_is_renewed_from_the_end_although_active_again() {
    let mut team = idle_over_the_end("Mon 12:00");
    team.beat("Tue 08:00", 1);
    team.does("Tue 08:01", What::Assign { member: ANA, access: None });
    let refused = team.active("Tue 08:03", 1, Some("Tue 07:50"));
    let again = team.active("Tue 08:05", 1, Some("Tue 08:05"));
    team.does("Tue 08:06", What::Assign { member: ANA, access: Some(Access::All) });
    let renewed = team.active("Tue 08:07", 1, Some("Tue 08:07"));
    let told = team.told();
    assert_eq!([refused, again, renewed].map(|step| state(&told, step)), [UNFUNDED, UNFUNDED, OPEN_BY_TOKENS]);
    assert_eq!(charges(&told).last(), Some(&(ANA, AUTOCAD, 7_000, at("Tue 08:00"))));
}

#[test]
fn i4_the_first_own_activity_after_the_end_is_an_opening_at_it() {
    let mut team = idle_over_the_end("Mon 12:00");
    let back = team.active("Tue 09:04:59.999999", 1, Some("Tue 09:00"));
    let proven = team.beat("Tue 09:05", 1);
    let told = team.told();
    assert_eq!(state(&told, back), OPEN_BY_TOKENS);
    assert_eq!((told.answers[back].tokens, told.answers[back].ends), (Some(7_000), Some(at("Tue 09:05"))));
    assert_eq!(told.answers[proven].window, Some((at("Tue 09:00"), at("Wed 09:00"))));
    assert_eq!(told.launches.len(), 2);
}

#[test]
fn i4_a_pending_hold_is_joined_and_the_run_begins_at_the_activity() {
    let mut team = idle_over_the_end("Mon 12:00");
    team.open("Tue 09:02", 2, ANA, AUTOCAD);
    let joined = team.active("Tue 09:03", 1, Some("Tue 09:01"));
    let proven = team.beat("Tue 09:06", 1);
    let told = team.told();
    assert_eq!(state(&told, joined), OPEN_BY_WINDOW);
    assert_eq!(told.answers[joined].ends, Some(at("Tue 09:06")));
    assert_eq!(told.answers[proven].window, Some((at("Tue 09:01"), at("Wed 09:01"))));
}

#[test]
fn i5_an_opening_at_an_activity_that_is_refused_is_tried_again_at_the_same() {
    let mut team = idle_over_the_end("Mon 12:00");
    team.does("Tue 08:30", What::Block { products: vec![AUTOCAD] });
    let refused = team.active("Tue 09:00", 1, Some("Tue 08:59"));
    team.active("Tue 09:08", 1, Some("Tue 09:07"));
    team.does("Tue 09:09", What::Block { products: vec![] });
    let opened = team.active("Tue 09:10", 1, Some("Tue 09:09"));
    let told = team.told();
    assert_eq!(state(&told, refused), UNFUNDED);
    assert_eq!(told.answers[refused].ends, Some(at("Tue 09:15")));
    assert_eq!(told.answers[opened].window, Some((at("Tue 08:59"), at("Wed 08:59"))));
}

#[test]
fn i7_a_close_at_exactly_the_end_decides_nothing() {
    for (when, made) in [("Tue 08:00", 1), ("Tue 08:00:00.000001", 2)] {
        let mut team = idle_over_the_end("Tue 07:50");
        let closed = team.close(when, 1);
        let told = team.told();
        assert_eq!(state(&told, closed), ENDED);
        assert_eq!(told.charges.len(), made);
    }
}

#[test]
fn w7_unfunded_for_fifteen_minutes_then_ended() {
    let mut team = Team::new(7);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    let refused = team.beat("Tue 08:01", 1);
    let last = team.beat("Tue 08:14:59.999999", 1);
    let ended = team.beat("Tue 08:15", 1);
    let told = team.told();
    assert_eq!((state(&told, refused), state(&told, last), state(&told, ended)), (UNFUNDED, UNFUNDED, ENDED));
    assert_eq!(told.answers[refused].ends, Some(at("Tue 08:15")));
    assert_eq!(told.live, []);
}

// L1

fn cap(of: Of, tokens: i64, hard: bool) -> What {
    What::Cap { cap: 1, of, monthly: false, tokens: Some(tokens), hard }
}

#[test]
fn l1_a_cap_is_reached_exactly_and_never_passed() {
    for (tokens, refused) in [(17_000, false), (16_999, true)] {
        let mut team = Team::new(1_000);
        team.open("Mon 08:00", 1, ANA, AUTOCAD);
        team.does("Mon 09:00", cap(Of::Member(ANA), tokens, true));
        let opened = team.open("Mon 09:00", 2, ANA, REVIT);
        let told = team.told();
        let passed = jeton_model::Passed { cap: 1, used: 7_000, required: 10_000 };
        assert_eq!(told.answers[opened].refusal, refused.then_some(Refusal::CapReached(passed)));
    }
}

#[test]
fn l1_a_soft_cap_warns_and_a_hard_one_of_a_later_kind_refuses_first() {
    let mut team = Team::new(1_000);
    team.does("Mon 07:00", cap(Of::Member(ANA), 6_000, false));
    let warned = team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.does("Mon 08:01", What::Cap { cap: 2, of: Of::Team, monthly: true, tokens: Some(16_000), hard: true });
    let refused = team.open("Mon 09:00", 2, ANA, REVIT);
    let told = team.told();
    assert_eq!(told.answers[warned].warnings, [jeton_model::Passed { cap: 1, used: 0, required: 7_000 }]);
    let team = jeton_model::Passed { cap: 2, used: 7_000, required: 10_000 };
    assert_eq!(refusal(&told.answers[refused]), &Refusal::CapReached(team));
}

#[test]
fn k1_a_renewal_counts_on_the_day_of_the_end_without_the_hold_made_since() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.silent_from("Tue 08:00", 1);
    team.does("Tue 08:00", cap(Of::Member(ANA), 7_000, true));
    team.open("Tue 08:01", 2, ANA, AUTOCAD);
    let renewed = team.beat("Tue 08:02", 1);
    let told = team.told();
    assert_eq!(told.answers[renewed].window, Some((at("Tue 08:00"), at("Wed 08:00"))));
}

#[test]
fn k3_a_group_uses_what_its_present_members_used() {
    let mut team = Team::new(1_000);
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.close("Mon 09:00", 1);
    team.does("Mon 09:00", cap(Of::Group(5), 10_000, true));
    let both = What::Group { group: 5, members: Some(vec![ANA, BEN]), access: None };
    team.does("Mon 09:00", both);
    let refused = team.open("Mon 10:00", 2, BEN, AUTOCAD);
    team.silent(2);
    team.does("Mon 10:00", What::Group { group: 5, members: Some(vec![BEN]), access: None });
    let opened = team.open("Mon 10:00", 3, BEN, AUTOCAD);
    let told = team.told();
    let passed = jeton_model::Passed { cap: 1, used: 7_000, required: 7_000 };
    assert_eq!(refusal(&told.answers[refused]), &Refusal::CapReached(passed));
    assert_eq!(state(&told, opened), OPEN_BY_TOKENS);
}

// L2, A1

#[test]
fn l2_a_required_tag_with_an_empty_value_is_missing() {
    let mut team = Team::new(1_000);
    team.does("Mon 07:00", What::Require { tags: vec!["project".into(), "site".into()] });
    let tags = vec![("project".to_owned(), String::new()), ("site".to_owned(), "Lyon".to_owned())];
    let opened = team.does("Mon 08:00", What::Open(Use { tags, ..opening(1, ANA, AUTOCAD) }));
    let quoted = team.does("Mon 08:00", What::Quote(opening(2, ANA, AUTOCAD)));
    let told = team.told();
    assert_eq!(refusal(&told.answers[opened]), &Refusal::TagRequired { missing: vec!["project".into()] });
    assert_eq!(told.answers[quoted].refusal, None);
}

#[test]
fn a1_a_group_assigns_only_with_products() {
    let mut team = Team::new(1_000);
    team.does("Mon 07:00", What::Assign { member: ANA, access: None });
    let mut opened = Vec::new();
    for access in [None, Some(Access::Named(vec![REVIT])), Some(Access::All)] {
        team.does("Mon 08:00", What::Group { group: 1, members: Some(vec![ANA]), access });
        opened.push(team.does("Mon 08:00", What::Open(opening(1, ANA, AUTOCAD))));
    }
    let told = team.told();
    let refusals: Vec<_> = opened.iter().map(|step| told.answers[*step].refusal.clone()).collect();
    assert_eq!(refusals, [Some(Refusal::NotAssigned), Some(Refusal::ProductRestricted), None]);
}

// R, P10

fn job(id: Id, studies: i64) -> Use {
    Use { id, member: ANA, product: STUDIES, parts: vec![(1, studies)], ..Use::default() }
}

/// A team that can have studies at 11 tokens each.
fn with_studies(tokens: i64) -> Team {
    let mut team = Team::new(tokens);
    team.at_once(What::Product { product: STUDIES, undo: UNDO, idle: None, min_balance: 0 });
    let offer = Some(Offer::Results(vec![(1, 11_000, Rounding::None), (2, 500, Rounding::Up)]));
    team.at_once(What::Rate { product: STUDIES, starts: 0, offer });
    team
}

#[test]
fn r1_a_commit_may_lower_quantities_never_raise_them() {
    let mut team = with_studies(100);
    let held = team.does("Mon 08:00", What::Hold(job(1, 2_000)));
    let raised = team.does("Mon 09:00", What::Commit { job: 1, parts: Some(vec![(1, 2_001)]) });
    let committed = team.does("Mon 10:00", What::Commit { job: 1, parts: Some(vec![(1, 1_500)]) });
    let again = team.does("Mon 11:00", What::Commit { job: 1, parts: None });
    let told = team.told();
    assert_eq!((told.answers[held].state, told.answers[held].tokens), (Some(State::Held), Some(22_000)));
    assert_eq!((told.answers[held].available, told.answers[held].ends), (78_000, Some(at("Tue 08:00"))));
    let raise = Refusal::QuantityRaised { result: 1, held: 2_000, asked: 2_001 };
    assert_eq!(refusal(&told.answers[raised]), &raise);
    assert_eq!((told.answers[committed].tokens, told.answers[committed].available), (Some(16_500), 83_500));
    assert_eq!((told.answers[again].state, told.charges.len()), (Some(State::Committed), 1));
    assert_eq!((told.charges[0].window, told.charges[0].date.0), (None, 0));
}

#[test]
fn r1_a_hold_lapses_at_exactly_24_hours_and_a_commit_is_decided_anew() {
    let mut team = with_studies(20);
    team.does("Mon 08:00", What::Hold(job(1, 1_000)));
    let extended = team.does("Mon 20:00", What::Extend { job: 1 });
    let lapsed = team.look("Tue 20:00");
    team.does("Tue 20:00", What::Rate { product: STUDIES, starts: at("Tue 20:00"), offer: Some(Offer::Daily(1)) });
    let refused = team.does("Tue 20:00", What::Commit { job: 1, parts: None });
    let offer = Some(Offer::Results(vec![(1, 9_000, Rounding::None)]));
    team.does("Tue 21:00", What::Rate { product: STUDIES, starts: at("Tue 21:00"), offer });
    let committed = team.does("Tue 21:00", What::Commit { job: 1, parts: None });
    let told = team.told();
    assert_eq!(told.answers[extended].ends, Some(at("Tue 20:00")));
    assert_eq!((told.answers[lapsed].held, told.answers[lapsed].available), (0, 20_000));
    assert_eq!(refusal(&told.answers[refused]), &Refusal::NotOnRateSheet);
    assert_eq!((told.answers[committed].tokens, told.charges[0].date.0), (Some(9_000), 1));
}

#[test]
fn r1_a_commit_of_nothing_is_a_release() {
    let mut team = with_studies(100);
    team.does("Mon 08:00", What::Hold(job(1, 1_000)));
    let nothing = team.does("Mon 09:00", What::Commit { job: 1, parts: Some(vec![]) });
    let ended = team.does("Mon 10:00", What::Commit { job: 1, parts: None });
    let told = team.told();
    assert_eq!((told.answers[nothing].state, told.answers[nothing].available), (Some(State::Released), 100_000));
    assert_eq!(refusal(&told.answers[ended]), &Refusal::JobEnded);
}

#[test]
fn r1_quantities_and_prices_are_rounded_half_up() {
    let mut team = with_studies(100);
    let parts = vec![(1, 5), (2, 1_001)];
    let quoted = team.does("Mon 08:00", What::QuoteJob(Use { parts, ..job(1, 1) }));
    assert_eq!(team.told().answers[quoted].tokens, Some(55 + 1_000));
}

#[test]
fn j7_credits_pay_a_job_whole_or_not_at_all() {
    let mut team = with_studies(100);
    team.does("Mon 07:00", What::Credits { grant: 1, member: ANA, tokens: 8_000, ends: at("Fri 00:00") });
    team.does("Mon 07:00", What::Credits { grant: 2, member: ANA, tokens: 8_000, ends: at("Thu 00:00") });
    team.does("Mon 07:30", What::Block { products: vec![STUDIES] });
    team.does("Mon 08:00", What::Hold(job(1, 1_000)));
    let refused = team.does("Mon 09:00", What::Hold(job(2, 500)));
    team.does("Mon 10:00", What::Commit { job: 1, parts: Some(vec![(1, 500)]) });
    let told = team.told();
    assert_eq!(refusal(&told.answers[refused]), &Refusal::ProductBlocked);
    assert_eq!(told.charges[0].draws, [(Purse::Grant(2), 5_500)]);
    let credits: Vec<_> = told.lots[1..].iter().map(|lot| (lot.purse, lot.available, lot.spent)).collect();
    assert_eq!(credits, [(Purse::Grant(2), 2_500, 5_500), (Purse::Grant(1), 8_000, 0)]);
}

// P9, C2

#[test]
fn p9_an_agreement_prices_what_it_names_while_it_is_in_force() {
    let mut team = Team::new(1_000);
    let offers = vec![(AUTOCAD, Offer::Daily(5_000))];
    let (starts, ends) = (at("Mon 09:00"), at("Tue 09:00"));
    team.does("Mon 07:00", What::Agreement { agreement: 1, starts, ends, offers });
    let mut tokens = Vec::new();
    for (session, when) in [(1, "Mon 08:59:59.999999"), (2, "Mon 09:00"), (3, "Tue 08:59:59.999999"), (4, "Tue 09:00")]
    {
        for product in [AUTOCAD, REVIT] {
            tokens.push(team.does(when, What::Quote(opening(session, ANA, product))));
        }
    }
    let told = team.told();
    let tokens: Vec<_> = tokens.iter().map(|step| told.answers[*step].tokens.unwrap() / 1_000).collect();
    assert_eq!(tokens, [7, 10, 5, 10, 5, 10, 7, 10]);
}

#[test]
fn c2_a_rate_that_has_begun_is_never_changed_or_removed() {
    let mut team = Team::new(1_000);
    let rate = |when: &str, rate: Option<i64>| What::Rate {
        product: AUTOCAD,
        starts: at(when),
        offer: rate.map(Offer::Daily),
    };
    team.does("Mon 07:00", rate("Mon 09:00", Some(8_000)));
    let changed = team.does("Mon 08:00", rate("Mon 09:00", Some(9_000)));
    let same = team.does("Mon 09:00", rate("Mon 09:00", Some(9_000)));
    let removed = team.does("Mon 09:00", rate("Mon 09:00", None));
    let quoted = team.does("Mon 10:00", What::Quote(opening(1, ANA, AUTOCAD)));
    let told = team.told();
    assert_eq!([changed, same].map(|step| told.answers[step].refusal.clone()), [None, None]);
    assert_eq!(refusal(&told.answers[removed]), &Refusal::RateInForce);
    assert_eq!(told.answers[quoted].tokens, Some(9_000));
}

#[test]
fn r1_a_commit_costs_the_held_rate_whatever_is_entered_at_the_same_instant() {
    let mut team = with_studies(100);
    team.does("Mon 08:00", What::Hold(job(1, 2_000)));
    let offer = Some(Offer::Results(vec![(1, 90_000, Rounding::None)]));
    team.does("Mon 08:00", What::Rate { product: STUDIES, starts: at("Mon 08:00"), offer });
    let committed = team.does("Mon 08:00", What::Commit { job: 1, parts: Some(vec![(1, 1_000)]) });
    assert_eq!(team.told().answers[committed].tokens, Some(11_000));
}

// A2, W5

#[test]
fn w5_a_seat_granted_after_the_end_is_one_as_of_the_end_but_only_for_the_next_proof() {
    let mut team = Team::new(0);
    team.seat("Mon 07:00", ANA, AUTOCAD, "Mon 07:00", "Mon 09:00");
    team.open("Mon 08:55", 1, ANA, AUTOCAD);
    let refused = team.beat("Mon 09:01", 1);
    team.silent(1);
    team.seat("Mon 09:05", ANA, AUTOCAD, "Mon 08:00", "Fri 18:00");
    team.does("Mon 09:06", What::Down);
    team.does("Mon 09:15:59.999999", What::Up);
    let renewed = team.steps.clone();
    let ended = team.beat("Mon 09:16", 1);
    let told = team.told();
    assert_eq!((state(&told, refused), state(&told, ended)), (UNFUNDED, ENDED));
    team.steps = renewed;
    let renewed = team.beat("Mon 09:15:59.999999", 1);
    assert_eq!(state(&team.told(), renewed), OPEN_BY_SEAT);
}

#[test]
fn a2_a_seat_set_again_at_the_instant_of_its_withdrawal_covers_with_the_next_proof() {
    let mut team = Team::new(0);
    team.seat("Mon 07:00", ANA, AUTOCAD, "Mon 07:00", "Fri 18:00");
    team.open("Mon 08:00", 1, ANA, AUTOCAD);
    team.seat("Mon 08:59", ANA, AUTOCAD, "Mon 07:00", "Thu 18:00");
    let replaced = team.does("Mon 08:59", What::Open(opening(1, ANA, AUTOCAD)));
    team.does("Mon 09:00", What::NoSeat { member: ANA, product: AUTOCAD });
    team.seat("Mon 09:00", ANA, AUTOCAD, "Mon 07:00", "Fri 18:00");
    let again = team.does("Mon 09:00", What::Open(opening(1, ANA, AUTOCAD)));
    let proven = team.beat("Mon 09:01", 1);
    let told = team.told();
    let covers = [replaced, again, proven].map(|step| told.answers[step].cover);
    assert_eq!(covers, [Some(Cover::Seat), None, Some(Cover::Seat)]);
}
