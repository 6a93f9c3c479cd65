//! What is counted against the caps of a team, as its entries tell (L1).

use std::collections::BTreeSet;

use jeton_core::cap::{CapOf, Per, Strength};
use jeton_core::id::{JobNo, SessionNo};
use jeton_core::time::{Day, Instant};

use super::{Of, TeamSeen, thousandths};
use crate::driver::chance::later;

/// Whom tokens are counted for, and when (L1).
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) of: Of,
    pub(super) day: Day,
    pub(super) tokens: i64,
}

/// What of tokens that are counted can be counted back.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CountedAs {
    Hold(Of),
    Job(JobNo),
    Charge(SessionNo, Instant),
}

impl TeamSeen {
    /// L1: counts tokens, and where they were held against the caps, that none was passed.
    pub(super) fn count(&mut self, counted_as: CountedAs, counted: Counted, checked_at: Option<Instant>) {
        let before = self.counted.insert(counted_as, counted);
        assert!(before.is_none_or(|before| before.of == counted.of));
        let Some(at) = checked_at.filter(|_| counted.tokens > 0) else { return };
        for (id, cap) in &self.caps {
            let concerned = match &cap.of {
                CapOf::Member(member) => counted.of.0 == *member,
                CapOf::Group(group) => self.groups.get(group).is_some_and(|members| members.contains(&counted.of.0)),
                CapOf::Product(product) => counted.of.1 == *product,
                CapOf::Team => true,
            };
            if cap.strength == Strength::Hard && concerned && self.remembers(cap.per, counted.day, at) {
                let used = self.used(&cap.of, cap.per, counted.day);
                assert!(used <= thousandths(cap.tokens), "L1: {id} is passed by {used} on {}: {cap:?}", counted.day);
            }
        }
    }

    /// K7: whether the use of a day is of late, when something is decided at `at`.
    fn remembers(&self, per: Per, day: Day, at: Instant) -> bool {
        let days = match per {
            Per::Day => 8,
            Per::Month => 40,
        };
        day >= self.day_of(later(at, -days * 86_400 * 1_000_000))
    }

    fn used(&self, of: &CapOf, per: Per, day: Day) -> i64 {
        let own = |counted: &&Counted| match of {
            CapOf::Member(member) => counted.of.0 == *member,
            CapOf::Group(group) => self.groups.get(group).is_some_and(|members| members.contains(&counted.of.0)),
            CapOf::Product(product) => counted.of.1 == *product,
            CapOf::Team => true,
        };
        let within = |counted: &&Counted| match per {
            Per::Day => counted.day == day,
            Per::Month => counted.day.first_of_month() == day.first_of_month(),
        };
        self.counted.values().filter(own).filter(within).map(|counted| counted.tokens).sum()
    }

    /// L1: what the fold has counted of late is what the log says.
    pub(super) fn counts(&self) {
        let mut whose: BTreeSet<CapOf> = self.counted.values().map(|counted| CapOf::Member(counted.of.0)).collect();
        whose.extend(self.counted.values().map(|counted| CapOf::Product(counted.of.1)));
        whose.extend(self.groups.keys().cloned().map(CapOf::Group));
        whose.insert(CapOf::Team);
        let days: BTreeSet<Day> = self.counted.values().map(|counted| counted.day).collect();
        for day in days {
            for per in [Per::Day, Per::Month] {
                for of in whose.iter().filter(|_| self.remembers(per, day, self.team.last_at)) {
                    let kept = thousandths(self.team.spending.used(of, per, day));
                    assert_eq!(kept, self.used(of, per, day), "L1: {of:?} {per:?} on {day}");
                }
            }
        }
    }
}
