//! The plot of the demo: eight weeks of three teams.
//!
//! | what | where |
//! |---|---|
//! | hours, lunch, second products, work at weekends | every team, in its own zone |
//! | one who leaves things open in the week, one over weekends | Atelier Nord, Helios |
//! | a crash a week, mostly followed by another start | every team |
//! | a product started by mistake and closed at once | every day, somewhere |
//! | a lot that lapses on a Friday, and a weekend that is refused until Monday's order | Atelier Nord |
//! | results asked for: delivered, delivered in part, given up, forgotten | Helios |
//! | an invoice that is not paid | Caravelle Films, at the end |

use jeton_core::cap::{Per, Strength};
use jeton_core::decision::{AccessAsked, CapAsked, CapOfAsked, GroupAsked, TeamCommand};
use jeton_core::entry::{Payment, Plan, Span, TeamProfile};
use jeton_core::job::{JobAsked, PartAsked};
use jeton_core::time::{Elapsed, Instant};
use jeton_core::tokens::Tokens;
use jeton_engine::JobMessage;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::cast::{ATELIER, CARAVELLE, HELIOS, users};
use super::chance::Chance;
use super::script::{Act, Leave, Stage, Visit, in_order, member_key};

/// How many days of use there are.
pub(super) const DAYS: i32 = 56;

/// Some of a product's parts are everybody's: in minutes after midnight.
const NOON: u32 = 12 * 60 + 15;

/// What happened, and when the first of it did.
pub(super) struct Past {
    pub(super) begins_at: Instant,
    pub(super) acts: Vec<Act>,
}

/// The past that ends at `ends_at`.
pub(super) fn past(seed: u64, ends_at: Instant) -> Past {
    let mut chance = Chance::of(seed);
    let [mut atelier, mut helios, mut caravelle] =
        [&ATELIER, &HELIOS, &CARAVELLE].map(|troupe| Stage::new(troupe, ends_at, chance.apart()));
    let friday = lapse(&atelier);
    let credited = year_before(friday);
    let begins_at = atelier.at(credited, 0, 0);
    enter_atelier(&mut atelier, credited, friday);
    enter_helios(&mut helios);
    enter_caravelle(&mut caravelle);
    for before in (0..DAYS).rev() {
        for stage in [&mut atelier, &mut helios, &mut caravelle] {
            let day = stage.day(before);
            work(stage, day);
        }
        let weekend = is_weekend(atelier.day(before));
        let by_mistake = if weekend || chance.percent(50) { &mut helios } else { &mut atelier };
        mistake(by_mistake, before);
        results(&mut helios, before);
    }
    for after in [1, 2] {
        try_in_vain(&mut atelier, friday.saturating_add(after.days()));
    }
    Past { begins_at, acts: in_order([atelier, helios, caravelle]) }
}

/// The Friday at whose end Atelier's lot lapses; not a 29 February, which no lot of a year before ends on.
fn lapse(atelier: &Stage) -> Date {
    let mut day = atelier.day(16);
    while day.weekday() != Weekday::Friday || (day.month(), day.day()) == (2, 29) {
        day = day.saturating_sub(1.day());
    }
    day
}

fn year_before(day: Date) -> Date {
    day.saturating_sub(1.year())
}

fn enter_atelier(stage: &mut Stage, credited: Date, friday: Date) {
    enter(stage, credited);
    order(stage, credited, "a-1", 6_000, Some(20));
    let monday = friday.saturating_add(3.days());
    order(stage, monday, "a-2", 10_000, Some(4));
    let first = stage.day(DAYS);
    let at = stage.at(first, 8 * 60, 0);
    for member in 0..stage.troupe.members.len() {
        let member = member_key(member);
        stage.ask(at, TeamCommand::SetAssignment { member, products: AccessAsked::All, if_match: None });
    }
    let span = Span { start: at, end: at.plus(Elapsed::seconds(300 * 86_400)) };
    let (member, product) = (member_key(3), "autocad".parse().expect("a code"));
    stage.ask(at, TeamCommand::SetSeat { member, product, span, plan: Some(Plan::Premium), if_match: None });
    let products = vec!["flame".parse().expect("a code")];
    stage.ask(at, TeamCommand::SetBlockedProducts { products, if_match: None });
}

fn enter_helios(stage: &mut Stage) {
    let first = stage.day(DAYS);
    enter(stage, first);
    order(stage, first, "h-1", 5_000, Some(12));
    let second = stage.day(33);
    order(stage, second, "h-2", 10_000, Some(9));
    let at = stage.at(first, 8 * 60, 0);
    stage.ask(at, TeamCommand::SetDefaultAccess { products: Some(AccessAsked::All), if_match: None });
    let tags = ["project".to_owned()].into();
    stage.ask(at, TeamCommand::SetRequiredTags { tags, if_match: None });
    let members = (3..8).map(member_key).collect();
    let asked = GroupAsked { name: "Structures".to_owned(), members, products: None };
    let group: jeton_core::id::GroupId = "structures".parse().expect("an id");
    stage.ask(at, TeamCommand::SetGroup { group: group.clone(), asked, if_match: None });
    let tokens = Tokens::whole(900);
    let asked = CapAsked { of: CapOfAsked::Group(group), per: Per::Month, tokens, strength: Strength::Soft };
    stage.ask(at, TeamCommand::SetCap { cap: "structures".parse().expect("an id"), asked, if_match: None });
}

fn enter_caravelle(stage: &mut Stage) {
    let first = stage.day(DAYS);
    enter(stage, first);
    let (at, id) = (stage.at(first, 8 * 60, 0), "c-1");
    let placed = TeamCommand::PlaceOrder { order: id.parse().expect("an id"), quantity: 800, payment: Payment::Card };
    stage.ask(at, placed);
    pay(stage, first, id);
    let unpaid = stage.day(46);
    order(stage, unpaid, "c-2", 3_000, None);
    let members = (0..stage.troupe.members.len()).map(member_key).collect();
    let named = stage.troupe.products.iter().chain(stage.troupe.mistaken);
    let products = Some(AccessAsked::Named(named.map(|code| code.parse().expect("a code")).collect()));
    let asked = GroupAsked { name: "Studio".to_owned(), members, products };
    stage.ask(at, TeamCommand::SetGroup { group: "studio".parse().expect("an id"), asked, if_match: None });
}

/// The team and its members.
fn enter(stage: &mut Stage, day: Date) {
    let at = stage.at(day, 7 * 60, 0);
    let profile = TeamProfile {
        name: stage.troupe.name.to_owned(),
        country: stage.troupe.country.to_owned(),
        currency: "EUR".parse().expect("the currency of the reference prices"),
        time_zone: stage.troupe.time_zone.parse().expect("the rules of all zones are part of the program"),
        locale: stage.troupe.locale.to_owned(),
        ask_before_charge: stage.troupe.team == HELIOS.team,
    };
    stage.ask(at, TeamCommand::SetTeam { profile, if_match: None });
    stage.enter_members(at);
}

/// An order on invoice, at ten past eight, paid so many days later, if ever.
fn order(stage: &mut Stage, day: Date, id: &str, quantity: u64, paid_after: Option<i32>) {
    let order = id.parse().expect("an id");
    let at = stage.at(day, 8 * 60 + 10, 0);
    stage.ask(at, TeamCommand::PlaceOrder { order, quantity, payment: Payment::Invoice });
    if let Some(days) = paid_after {
        pay(stage, day.saturating_add(days.days()), id);
    }
}

fn pay(stage: &mut Stage, day: Date, id: &str) {
    let at = stage.at(day, 9 * 60, 30);
    let paid_on = Some(day.to_string().parse().expect("a day of the calendar is one of ours"));
    let reference = Some(format!("{} {id}", stage.troupe.team));
    stage.ask(at, TeamCommand::RecordPayment { order: id.parse().expect("an id"), paid_on, reference });
}

fn is_weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// A day of everybody's work.
fn work(stage: &mut Stage, day: Date) {
    let crashing = (day.weekday() == Weekday::Wednesday).then(|| *stage.chance.of_these(&[4, 6, 7]));
    for member in users(stage.troupe) {
        if stage.troupe.leaver == Some(member) {
            leave_open(stage, member, day);
        } else if is_weekend(day) {
            if stage.chance.percent(7) {
                let from = stage.about(day, 10 * 60, 16 * 60);
                let to = from.plus(Elapsed::seconds(stage.chance.between(30, 180) * 60));
                visit(stage, member, (from, to), Leave::Close);
            }
        } else if stage.chance.percent(86) {
            work_of(stage, member, day, crashing == Some(member));
        }
    }
}

fn work_of(stage: &mut Stage, member: usize, day: Date, crashes: bool) {
    let (begins, spread) = (stage.troupe.begins, stage.troupe.spread);
    // Everybody has hours of their own, and keeps them more or less.
    let own = begins + u32::try_from(member * 37 % 60).unwrap_or_default();
    let from = stage.about(day, own, own + spread / 3);
    let lunch = stage.about(day, NOON, NOON + 45);
    let back = lunch.plus(Elapsed::seconds(stage.chance.between(35, 80) * 60));
    let evening = stage.about(day, begins + 9 * 60, begins + 9 * 60 + spread);
    let product = habit(stage, member);
    let crash = crashes.then(|| from.plus(Elapsed::seconds(stage.chance.between(40, 150) * 60)));
    match crash {
        Some(crash) => {
            visit_of(stage, member, product, (from, crash), Leave::Crash);
            let again = crash.plus(Elapsed::seconds(stage.chance.between(12, 30) * 60));
            visit_of(stage, member, product, (again, lunch.max(again)), Leave::Close);
        }
        None => visit_of(stage, member, product, (from, lunch), Leave::Close),
    }
    if stage.chance.percent(80) {
        visit_of(stage, member, product, (back, evening), Leave::Close);
    }
    if stage.chance.percent(30) {
        let from = stage.about(day, begins + 2 * 60, begins + 7 * 60);
        let to = from.plus(Elapsed::seconds(stage.chance.between(15, 120) * 60));
        visit(stage, member, (from, to), Leave::Close);
    }
}

/// Of Monday's to Thursday's session in one team, and of the weekend's in the other, nobody thinks again.
fn leave_open(stage: &mut Stage, member: usize, day: Date) {
    let product = stage.troupe.products[0];
    let (opens, days, closes) = if stage.troupe.team == HELIOS.team {
        (Weekday::Friday, 3, stage.troupe.begins + 100)
    } else {
        (Weekday::Monday, 3, 18 * 60)
    };
    if day.weekday() == opens {
        let from = stage.about(day, stage.troupe.begins, stage.troupe.begins + 40);
        let to = stage.about(day.saturating_add(days.days()), closes, closes + 30);
        visit_of(stage, member, product, (from, to), Leave::Close);
    }
}

/// What this member opens on most days: the first of the team's products twice as often as the next.
fn habit(stage: &mut Stage, member: usize) -> &'static str {
    let products = stage.troupe.products;
    let own = member % 3;
    if stage.chance.percent(75) {
        return products[own.min(products.len() - 1)];
    }
    let other: &&str = stage.chance.of_these(products);
    other
}

fn visit(stage: &mut Stage, member: usize, times: (Instant, Instant), leave: Leave) {
    let product = *stage.chance.of_these(stage.troupe.products);
    visit_of(stage, member, product, times, leave);
}

fn visit_of(stage: &mut Stage, member: usize, product: &str, (from, to): (Instant, Instant), leave: Leave) {
    stage.visit(Visit { member, product, from, to, leave });
}

/// The wrong product, closed before the undo interval is over. Another one tomorrow: nobody is charged at once.
fn mistake(stage: &mut Stage, before: i32) {
    let day = stage.day(before);
    let who: Vec<usize> = users(stage.troupe).collect();
    let member = *stage.chance.of_these(&who);
    let product = *stage.chance.of_these(stage.troupe.mistaken);
    let from = stage.about(day, 10 * 60, 11 * 60);
    let to = from.plus(Elapsed::seconds(stage.chance.between(20, 200)));
    visit_of(stage, member, product, (from, to), Leave::Close);
}

/// A weekend on which there are no tokens: some come all the same, and try more than once.
fn try_in_vain(stage: &mut Stage, day: Date) {
    for member in [0, 6, 9, 13] {
        let from = stage.about(day, 9 * 60, 15 * 60);
        for again in 0..stage.chance.between(1, 3) {
            let from = from.plus(Elapsed::seconds(again * 240));
            visit(stage, member, (from, from), Leave::Crash);
        }
    }
}

/// Helios asks for results on Tuesdays and Thursdays.
fn results(stage: &mut Stage, before: i32) {
    let day = stage.day(before);
    if !matches!(day.weekday(), Weekday::Tuesday | Weekday::Thursday) {
        return;
    }
    let engineer = *stage.chance.of_these(&[3, 5, 7, 8]);
    let member = member_key(engineer);
    let held_at = stage.about(day, 14 * 60, 16 * 60);
    let result = *stage.chance.of_these(&["simple", "moderate"]);
    let part = |quantity: u32| PartAsked {
        result: result.parse().expect("a result of the catalogue"),
        quantity: quantity.to_string().parse().expect("a whole number is a quantity"),
    };
    let asked_for = stage.chance.between(2, 5);
    let project = (*stage.chance.of_these(stage.troupe.projects)).to_owned();
    let asked = JobAsked {
        member,
        product: "cfd-solve".parse().expect("a code"),
        parts: vec![part(asked_for)],
        tags: Some([("project".to_owned(), project)].into()),
    };
    let job: jeton_core::id::JobId = format!("{}-job-{before}", stage.troupe.team).parse().expect("an id");
    stage.ask(held_at, TeamCommand::HoldJob { job: job.clone(), asked });
    let done_at = held_at.plus(Elapsed::seconds(stage.chance.between(5, 90) * 60));
    let becomes = match stage.chance.between(1, 10) {
        // Nobody thinks of it again: it lapses a day later.
        1 => return,
        2 => JobMessage::Release,
        3 | 4 => JobMessage::Commit(Some(vec![part(asked_for - 1)])),
        _ => JobMessage::Commit(None),
    };
    stage.say_of_job(done_at, &job, becomes);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jeton_core::time::Day;

    use super::super::script::Message;
    use super::*;

    /// What is opened of a past, with its day in UTC.
    fn openings(past: &Past) -> Vec<(Day, jeton_core::id::TeamId)> {
        let zone: jeton_core::time::Zone = "UTC".parse().unwrap();
        let opening = |act: &Act| match &act.message {
            Message::Team(ask) => {
                matches!(ask.command, TeamCommand::OpenSession(_)).then(|| (zone.day_of(act.at), ask.team.clone()))
            }
            Message::Session(_) | Message::Job(_) => None,
        };
        past.acts.iter().filter_map(opening).collect()
    }

    #[test]
    fn every_seed_and_day_of_the_year_gives_a_past_in_order_with_work_on_every_day() {
        let first: jiff::Timestamp = "2027-12-20T11:07:00Z".parse().unwrap();
        for seed in 0..12 {
            // Ends on every day of the week, on both sides of a 29 February and of changes of clocks.
            let days = i64::try_from(seed).unwrap() * 11;
            let ends_at = Instant::from_micros(first.as_microsecond() + days * 86_400_000_000).unwrap();
            let past = past(seed, ends_at);
            assert!(past.acts.is_sorted_by_key(|act| act.at), "seed {seed}");
            assert!(past.acts.first().is_some_and(|act| past.begins_at <= act.at), "seed {seed}");
            assert!(past.acts.last().is_some_and(|act| act.at < ends_at), "seed {seed}");
            let openings = openings(&past);
            let days: BTreeSet<Day> = openings.iter().map(|(day, _)| *day).collect();
            assert!(days.len() >= 56, "seed {seed}: {}", days.len());
            let teams: BTreeSet<_> = openings.iter().map(|(_, team)| team).collect();
            assert_eq!(teams.len(), 3, "seed {seed}");
        }
    }
}
