//! Lots: what an order bought, and in which order tokens are drawn (P4, P5, V3).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{LotNo, OrderId, TeamId};
use crate::money::{Currency, UnitPrice};
use crate::time::Instant;
use crate::tokens::Tokens;

/// Tokens of one lot that a hold sets aside or a charge spends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    pub lot: LotNo,
    pub tokens: Tokens,
    pub unit_price: UnitPrice,
    pub currency: Currency,
}

/// One lot and where its tokens are. Always: granted = available + held + spent + expired + returned + moved out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    pub lot: LotNo,
    pub order: OrderId,
    /// The team whose order made it: a transfer keeps it.
    pub team_of_order: TeamId,
    pub currency: Currency,
    pub unit_price: UnitPrice,
    /// The order's quantity: a transfer keeps it, and P5 draws by it.
    pub quantity: Tokens,
    pub granted: Tokens,
    pub available: Tokens,
    pub held: Tokens,
    pub spent: Tokens,
    pub expired: Tokens,
    pub returned: Tokens,
    pub moved_out: Tokens,
    /// When it was credited.
    pub purchased_at: Instant,
    /// The first instant at which its tokens can no longer be had.
    pub ends_at: Instant,
    /// Whether its end has come.
    pub ended: bool,
}

impl Lot {
    /// V3, asserted after every entry that touches the lot.
    fn assert_whole(&self) {
        let parts = self.available + self.held + self.spent + self.expired + self.returned + self.moved_out;
        assert!(self.granted == parts, "lot {} has {} granted and {parts} accounted for (V3)", self.lot, self.granted);
    }

    fn place(&self) -> Place {
        (self.ends_at, self.quantity, self.purchased_at, self.lot)
    }
}

/// P5: earliest end, then smallest original quantity, then purchase time, then id.
type Place = (Instant, Tokens, Instant, LotNo);

/// The lots of a team that have not been closed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lots {
    /// Left by [`Lots::close`].
    all: BTreeMap<LotNo, Lot>,
    /// The lots that have something left, in drawing order.
    drawing: BTreeSet<Place>,
    available: Tokens,
    held: Tokens,
    credited: u32,
}

impl Lots {
    /// What can be had now.
    pub fn available(&self) -> Tokens {
        self.available
    }

    /// What is set aside.
    pub fn held(&self) -> Tokens {
        self.held
    }

    /// What the lots that have not ended were granted.
    pub fn granted(&self) -> Tokens {
        self.all.values().filter(|lot| !lot.ended).map(|lot| lot.granted).sum()
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// By number.
    pub fn get(&self, lot: LotNo) -> Option<&Lot> {
        self.all.get(&lot)
    }

    /// All that are kept, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Lot> {
        self.all.values()
    }

    /// The number that the next lot gets.
    pub fn next(&self) -> LotNo {
        LotNo(self.credited + 1)
    }

    /// What could be had if these draws were released: what a lot held past its end is not among it (P4).
    pub fn available_beside(&self, released: &[Draw]) -> Tokens {
        let alive = |draw: &&Draw| self.all.get(&draw.lot).is_some_and(|lot| !lot.ended);
        self.available + released.iter().filter(alive).map(|draw| draw.tokens).sum()
    }

    /// Which lots so many tokens are drawn from (P5), or `None` when there are not enough.
    pub fn choose(&self, tokens: Tokens) -> Option<Vec<Draw>> {
        if tokens > self.available {
            return None;
        }
        let mut draws = Vec::new();
        let mut missing = tokens;
        for place in &self.drawing {
            if missing.is_zero() {
                break;
            }
            let lot = &self.all[&place.3];
            let tokens = lot.available.min(missing);
            missing -= tokens;
            draws.push(Draw { lot: lot.lot, tokens, unit_price: lot.unit_price, currency: lot.currency });
        }
        Some(draws)
    }

    /// A new lot.
    pub(crate) fn credit(&mut self, lot: Lot) {
        self.credited = self.credited.max(lot.lot.0);
        self.available += lot.available;
        let number = lot.lot;
        self.all.insert(number, lot);
        self.touch(number, |_| {});
    }

    /// Sets tokens aside.
    pub(crate) fn hold(&mut self, draws: &[Draw]) {
        for draw in draws {
            self.available -= draw.tokens;
            self.held += draw.tokens;
            self.touch(draw.lot, |lot| {
                lot.available -= draw.tokens;
                lot.held += draw.tokens;
            });
        }
    }

    /// Gives held tokens back.
    pub(crate) fn release(&mut self, draws: &[Draw]) {
        for draw in draws {
            self.held -= draw.tokens;
            self.available += draw.tokens;
            self.touch(draw.lot, |lot| {
                lot.held -= draw.tokens;
                lot.available += draw.tokens;
            });
        }
    }

    /// Spends held tokens.
    pub(crate) fn spend(&mut self, draws: &[Draw]) {
        for draw in draws {
            self.held -= draw.tokens;
            self.touch(draw.lot, |lot| {
                lot.held -= draw.tokens;
                lot.spent += draw.tokens;
            });
        }
    }

    /// Ends what is left of a lot.
    pub(crate) fn expire(&mut self, lot: LotNo, tokens: Tokens) {
        self.available -= tokens;
        self.touch(lot, |lot| {
            lot.available -= tokens;
            lot.expired += tokens;
            lot.ended = true;
        });
    }

    /// Forgets a lot that has ended and of which nothing is left or held.
    pub(crate) fn close(&mut self, lot: LotNo) {
        let closed = self.all.remove(&lot).expect("a lot is closed once");
        assert!(closed.ended && closed.available.is_zero() && closed.held.is_zero(), "only what has ended is closed");
    }

    fn touch(&mut self, lot: LotNo, change: impl FnOnce(&mut Lot)) {
        let lot = self.all.get_mut(&lot).expect("an entry names a lot that its team has");
        change(lot);
        lot.assert_whole();
        if lot.available.is_zero() {
            self.drawing.remove(&lot.place());
        } else {
            self.drawing.insert(lot.place());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn lots(entries: &[(u32, u64, u64, &str)]) -> Lots {
        let mut lots = Lots::default();
        for (no, quantity, left, ends_at) in entries {
            let (quantity, left) = (Tokens::whole(*quantity), Tokens::whole(*left));
            lots.credit(Lot {
                lot: LotNo(*no),
                order: "o".parse().unwrap(),
                team_of_order: "t".parse().unwrap(),
                currency: "EUR".parse().unwrap(),
                unit_price: "3".parse().unwrap(),
                quantity,
                granted: quantity,
                available: left,
                held: Tokens::ZERO,
                spent: quantity - left,
                expired: Tokens::ZERO,
                returned: Tokens::ZERO,
                moved_out: Tokens::ZERO,
                purchased_at: "2026-01-01T00:00:00Z".parse().unwrap(),
                ends_at: ends_at.parse().unwrap(),
                ended: false,
            });
        }
        lots
    }

    fn drawn(lots: &Lots, tokens: u64) -> Option<Vec<(u32, u64)>> {
        let draws = lots.choose(Tokens::whole(tokens))?;
        Some(draws.iter().map(|draw| (draw.lot.0, draw.tokens.in_thousandths() / 1000)).collect())
    }

    #[test]
    fn p5_earliest_end_then_smallest_quantity() {
        let lots = lots(&[
            (1, 5_000, 5_000, "2027-01-02T00:00:00Z"),
            (2, 500, 500, "2027-01-02T00:00:00Z"),
            (3, 900, 3, "2027-01-01T00:00:00Z"),
        ]);
        assert_eq!(drawn(&lots, 7), Some(vec![(3, 3), (2, 4)]));
        assert_eq!(drawn(&lots, 5_503), Some(vec![(3, 3), (2, 500), (1, 5_000)]));
        assert_eq!(drawn(&lots, 5_504), None);
        assert_eq!(drawn(&lots, 0), Some(vec![]));
    }

    #[test]
    fn p4_what_an_ended_lot_holds_does_not_come_back() {
        let mut lots = lots(&[(1, 10, 10, "2027-01-01T00:00:00Z"), (2, 20, 20, "2027-01-02T00:00:00Z")]);
        let held = lots.choose(Tokens::whole(12)).unwrap();
        lots.hold(&held);
        assert_eq!(lots.available_beside(&held), Tokens::whole(30));
        lots.expire(LotNo(1), Tokens::ZERO);
        assert_eq!(lots.available_beside(&held), Tokens::whole(20));
    }

    #[test]
    fn v3_tokens_move_within_a_lot_and_are_all_accounted_for() {
        let mut lots = lots(&[(1, 10, 10, "2027-01-01T00:00:00Z")]);
        let draw = |lots: &Lots, tokens| lots.choose(Tokens::whole(tokens)).unwrap();
        let seven = draw(&lots, 7);
        lots.hold(&seven);
        lots.spend(&seven);
        let two = draw(&lots, 2);
        lots.hold(&two);
        lots.expire(LotNo(1), Tokens::whole(1));
        lots.release(&two);
        lots.expire(LotNo(1), Tokens::whole(2));
        let lot = lots.get(LotNo(1)).unwrap();
        let parts = [lot.granted, lot.spent, lot.expired, lot.available, lot.held];
        assert_eq!(parts, [10, 7, 3, 0, 0].map(Tokens::whole));
    }

    #[test]
    fn v3_what_was_returned_or_has_moved_out_is_accounted_for() {
        let mut lots = lots(&[(1, 10, 10, "2027-01-01T00:00:00Z")]);
        assert_eq!((lots.len(), lots.is_empty(), Lots::default().is_empty()), (1, false, true));
        lots.touch(LotNo(1), |lot| {
            (lot.available, lot.returned, lot.moved_out) = (Tokens::whole(5), Tokens::whole(2), Tokens::whole(3));
        });
    }

    #[test]
    #[should_panic(expected = "lot 1 has 10 granted and 9 accounted for (V3)")]
    fn v3_a_lot_of_which_tokens_are_missing_stops_the_program() {
        lots(&[(1, 10, 10, "2027-01-01T00:00:00Z")]).touch(LotNo(1), |lot| lot.available = Tokens::whole(9));
    }
}
