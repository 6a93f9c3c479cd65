//! Caps: limits that a team sets for itself, and the sums that they are held against (L1).
//!
//! A cap counts charged and held tokens by usage day. The sums are kept for every member, group, product and the
//! team, whether there is a cap or not, since a cap that is set at noon counts the morning too. A group's use is
//! that of its present members.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{CapId, GroupId, MemberKey, ProductKey, Seq};
use crate::refusal::CapFigures;
use crate::time::{Day, Elapsed};
use crate::tokens::Tokens;

/// How long after its first use a day is forgotten, and a month.
pub(crate) const DAY_KEPT: Elapsed = Elapsed::seconds(10 * 86_400);
pub(crate) const MONTH_KEPT: Elapsed = Elapsed::seconds(75 * 86_400);

/// Whose use a cap limits. Of several that are passed, the first in this order is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapOf {
    Member(MemberKey),
    Group(GroupId),
    Product(ProductKey),
    Team,
}

impl CapOf {
    /// Where it stands in the order in which caps are named.
    fn place(&self) -> u8 {
        match self {
            Self::Member(_) => 0,
            Self::Group(_) => 1,
            Self::Product(_) => 2,
            Self::Team => 3,
        }
    }
}

/// The calendar time that a cap counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    Day,
    Month,
}

impl Per {
    /// The first day of the time that `day` lies in.
    pub(crate) fn period(self, day: Day) -> Day {
        match self {
            Self::Day => day,
            Self::Month => day.first_of_month(),
        }
    }
}

/// What passing a cap does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// It refuses.
    Hard,
    /// It warns.
    Soft,
}

/// A cap as its team set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapSpec {
    pub of: CapOf,
    pub per: Per,
    pub tokens: Tokens,
    pub strength: Strength,
}

/// A cap, and the entry that it was last set by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    pub spec: CapSpec,
    pub revision: Seq,
}

/// The caps of a team.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caps {
    /// Left when the cap is removed.
    all: BTreeMap<CapId, Cap>,
    by_whose: BTreeMap<CapOf, BTreeSet<CapId>>,
}

impl Caps {
    /// By id.
    pub fn get(&self, cap: &CapId) -> Option<&Cap> {
        self.all.get(cap)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&CapId, &Cap)> {
        self.all.iter()
    }

    pub(crate) fn set(&mut self, id: &CapId, spec: &CapSpec, revision: Seq) {
        self.remove(id);
        self.by_whose.entry(spec.of.clone()).or_default().insert(id.clone());
        self.all.insert(id.clone(), Cap { spec: spec.clone(), revision });
    }

    pub(crate) fn remove(&mut self, id: &CapId) {
        let Some(cap) = self.all.remove(id) else { return };
        if let Some(others) = self.by_whose.get_mut(&cap.spec.of) {
            others.remove(id);
            if others.is_empty() {
                self.by_whose.remove(&cap.spec.of);
            }
        }
    }

    /// Whose use it was is no more.
    pub(crate) fn remove_of(&mut self, of: &CapOf) {
        for id in self.by_whose.remove(of).unwrap_or_default() {
            self.all.remove(&id);
        }
    }

    /// The caps on one's use, by id.
    fn on(&self, of: &CapOf) -> impl Iterator<Item = (&CapId, &CapSpec)> {
        let ids = self.by_whose.get(of).into_iter().flatten();
        ids.filter_map(|id| Some((id, &self.all.get(id)?.spec)))
    }
}

/// What is about to be held or charged.
#[derive(Debug, Clone)]
pub(crate) struct Counted<'g> {
    pub(crate) member: MemberKey,
    pub(crate) groups: &'g BTreeSet<GroupId>,
    pub(crate) product: ProductKey,
    pub(crate) day: Day,
    pub(crate) tokens: Tokens,
}

impl Counted<'_> {
    /// Whose use it is, in the order in which caps are named.
    fn whose(&self) -> impl Iterator<Item = CapOf> {
        let groups = self.groups.iter().cloned().map(CapOf::Group);
        let after = [CapOf::Product(self.product), CapOf::Team];
        core::iter::once(CapOf::Member(self.member)).chain(groups).chain(after)
    }
}

/// Charged and held tokens by usage day and month.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spending {
    /// Left [`DAY_KEPT`] after the first use.
    days: BTreeMap<(Day, CapOf), Tokens>,
    /// Left [`MONTH_KEPT`] after the first use.
    months: BTreeMap<(Day, CapOf), Tokens>,
}

impl Spending {
    /// What was used in the day or month of `day`.
    pub fn used(&self, of: &CapOf, per: Per, day: Day) -> Tokens {
        self.sums(per).get(&(per.period(day), of.clone())).copied().unwrap_or(Tokens::ZERO)
    }

    fn sums(&self, per: Per) -> &BTreeMap<(Day, CapOf), Tokens> {
        match per {
            Per::Day => &self.days,
            Per::Month => &self.months,
        }
    }

    /// How many sums are kept.
    pub(crate) fn len(&self) -> usize {
        self.days.len() + self.months.len()
    }

    /// Whether anything was used in this day, or month.
    pub(crate) fn knows(&self, per: Per, day: Day) -> bool {
        self.sums(per).contains_key(&(per.period(day), CapOf::Team))
    }

    pub(crate) fn add(&mut self, counted: &Counted<'_>) {
        for of in counted.whose() {
            let month = (counted.day.first_of_month(), of.clone());
            *self.months.entry(month).or_default() += counted.tokens;
            *self.days.entry((counted.day, of)).or_default() += counted.tokens;
        }
    }

    /// What was held is given back. Sums that were forgotten meanwhile stay so.
    pub(crate) fn subtract(&mut self, counted: &Counted<'_>) {
        for of in counted.whose() {
            if let Some(used) = self.months.get_mut(&(counted.day.first_of_month(), of.clone())) {
                *used = used.less(counted.tokens);
            }
            if let Some(used) = self.days.get_mut(&(counted.day, of)) {
                *used = used.less(counted.tokens);
            }
        }
    }

    /// The use of a group is that of these members from now on.
    pub(crate) fn regroup(&mut self, group: &GroupId, members: &BTreeSet<MemberKey>) {
        for sums in [&mut self.days, &mut self.months] {
            let is_of_group = |of: &CapOf| matches!(of, CapOf::Group(of) if of == group);
            sums.retain(|(_, of), _| !is_of_group(of));
            let mut grouped: BTreeMap<Day, Tokens> = BTreeMap::new();
            for ((day, of), tokens) in &*sums {
                if let CapOf::Member(member) = of
                    && members.contains(member)
                {
                    *grouped.entry(*day).or_default() += *tokens;
                }
            }
            sums.extend(grouped.into_iter().map(|(day, tokens)| ((day, CapOf::Group(group.clone())), tokens)));
        }
    }

    pub(crate) fn forget(&mut self, per: Per, period: Day) {
        let sums = match per {
            Per::Day => &mut self.days,
            Per::Month => &mut self.months,
        };
        sums.retain(|(of, _), _| *of != period);
    }
}

/// Holds what is about to be used against the caps. `without` is a hold that would be given back. The answer is the
/// first hard cap that would be passed, or all soft ones.
pub(crate) fn check(
    caps: &Caps,
    spending: &Spending,
    counted: &Counted<'_>,
    without: Option<(Day, Tokens)>,
) -> Result<Vec<CapFigures>, CapFigures> {
    let mut passed = Vec::new();
    if counted.tokens.is_zero() || caps.is_empty() {
        return Ok(passed);
    }
    let whose: Vec<CapOf> = counted.whose().collect();
    let mut in_order: Vec<_> = whose.iter().flat_map(|of| caps.on(of)).collect();
    // Of the caps on several groups, the first by id is named, whichever group it is on.
    in_order.sort_by_key(|(id, cap)| (cap.of.place(), *id));
    for (id, cap) in in_order {
        let same_period = |(day, _): &(Day, Tokens)| cap.per.period(*day) == cap.per.period(counted.day);
        let without = without.filter(same_period).map_or(Tokens::ZERO, |(_, tokens)| tokens);
        let used = spending.used(&cap.of, cap.per, counted.day).less(without);
        if used + counted.tokens <= cap.tokens {
            continue;
        }
        let (of, per, tokens, required) = (cap.of.clone(), cap.per, cap.tokens, counted.tokens);
        let figures = CapFigures { cap: id.clone(), of, per, tokens, used, required };
        match cap.strength {
            Strength::Hard => return Err(figures),
            Strength::Soft => passed.push(figures),
        }
    }
    Ok(passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn spec(of: CapOf) -> CapSpec {
        CapSpec { of, per: Per::Day, tokens: Tokens::whole(7), strength: Strength::Hard }
    }

    #[test]
    fn l1_the_caps_on_whose_use_is_no_more_go_and_no_others() {
        let member = CapOf::Member(MemberKey(1));
        let caps_on = [("a", member.clone()), ("b", CapOf::Team), ("c", member.clone())];
        let mut caps = Caps::default();
        for (id, of) in caps_on {
            caps.set(&id.parse().unwrap(), &spec(of), Seq(1));
        }
        let ids = |caps: &Caps| caps.iter().map(|(id, _)| id.as_str().into()).collect::<Vec<alloc::string::String>>();
        assert_eq!((ids(&caps), caps.len()), (vec!["a".into(), "b".into(), "c".into()], 3));
        caps.remove_of(&member);
        assert_eq!((ids(&caps), caps.on(&member).count(), caps.len()), (vec!["b".into()], 0, 1));
    }

    #[test]
    fn l1_what_is_counted_is_kept_by_day_and_by_month() {
        let day = |day: &str| day.parse().unwrap();
        let counted = |of: &str| {
            let (member, product) = (MemberKey(1), ProductKey(1));
            Counted { member, groups: const { &BTreeSet::new() }, product, day: day(of), tokens: Tokens::whole(7) }
        };
        let mut spending = Spending::default();
        spending.add(&counted("2026-03-02"));
        spending.add(&counted("2026-03-03"));
        // Of the member, the product and the team: two days, and one month.
        assert_eq!(spending.len(), 9);
        spending.forget(Per::Day, day("2026-03-02"));
        let of_days = ["2026-03-02", "2026-03-03"].map(|of| spending.used(&CapOf::Team, Per::Day, day(of)));
        assert_eq!(of_days, [Tokens::ZERO, Tokens::whole(7)]);
        assert_eq!(
            (spending.len(), spending.used(&CapOf::Team, Per::Month, day("2026-03-02"))),
            (6, Tokens::whole(14))
        );
    }
}
