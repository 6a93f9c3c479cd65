//! Price lists, and what a quantity costs (P1, P2).

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::PartnerId;
use crate::limits;
use crate::money::{Currency, Money, UnitPrice};
use crate::time::Instant;

/// From this quantity on, every token of the order has this price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub from: u64,
    pub unit_price: UnitPrice,
}

/// Tiers that ascend and reach down to the first quantity sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tiers(Vec<Tier>);

impl Tiers {
    /// `None` unless there is a tier for `first`, the tiers ascend, and there are at most [`limits::TIERS`].
    pub fn new(tiers: Vec<Tier>, first: u64) -> Option<Self> {
        let ascending = tiers.windows(2).all(|pair| pair[0].from < pair[1].from);
        let reaches = tiers.first().is_some_and(|tier| tier.from <= first && tier.from >= 1);
        (ascending && reaches && tiers.len() <= limits::TIERS).then_some(Self(tiers))
    }

    /// The tiers, ascending.
    pub fn as_slice(&self) -> &[Tier] {
        &self.0
    }

    fn of(&self, quantity: u64) -> &Tier {
        let above = self.0.partition_point(|tier| tier.from <= quantity);
        &self.0[above.saturating_sub(1)]
    }
}

/// A price list as the vendor wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceListSpec {
    pub currency: Currency,
    pub tiers: Tiers,
    /// ISO 3166 codes; empty serves every country that no other list names.
    pub countries: Vec<alloc::string::String>,
    /// Without one, the list starts when it is entered.
    pub starts_at: Option<Instant>,
    /// A partner's list serves that partner's orders alone.
    pub partner: Option<PartnerId>,
    /// The smallest quantity that is sold.
    pub min_quantity: u64,
    /// Quantities are multiples of this.
    pub step: u64,
    /// It serves the teams alone whose agreement names it (P9).
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub by_agreement: bool,
}

/// What a quantity costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    pub quantity: u64,
    /// The tier's first quantity.
    pub tier: u64,
    pub unit_price: UnitPrice,
    pub net: Money,
}

impl PriceListSpec {
    /// Whether the list sells this quantity.
    pub fn sells(&self, quantity: u64) -> bool {
        quantity >= self.min_quantity && quantity <= limits::ORDER_QUANTITY && quantity.is_multiple_of(self.step)
    }

    /// The price of a quantity that the list sells: its tier prices every token (P1).
    pub fn price(&self, quantity: u64) -> Price {
        let tier = self.tiers.of(quantity);
        Price {
            quantity,
            tier: tier.from,
            unit_price: tier.unit_price,
            net: tier.unit_price.times(quantity, self.currency),
        }
    }

    /// The larger quantity that costs less or the same, if there is one: of several the cheapest, of equals
    /// the largest (P2).
    pub fn better(&self, quantity: u64) -> Option<Price> {
        let most = self.last_sold(limits::ORDER_QUANTITY);
        let bar = self.price(quantity).net;
        let mut best: Option<Price> = None;
        // Within a tier a larger quantity never costs less, so each tier offers its smallest one, and
        // those above it that rounding makes as cheap.
        for (index, tier) in self.tiers.as_slice().iter().enumerate() {
            let last =
                self.tiers.as_slice().get(index + 1).map_or(most, |next| self.last_sold(next.from - 1).min(most));
            let first = self.first_sold(tier.from.max(quantity + 1));
            if first > last {
                continue;
            }
            let net = self.price(first).net;
            if net > bar || best.as_ref().is_some_and(|found| found.net < net) {
                continue;
            }
            best = Some(self.price(self.last_as_cheap(first, last)));
        }
        best
    }

    /// The largest quantity sold in `first..=last` (of one tier) that costs what `first` costs.
    fn last_as_cheap(&self, first: u64, last: u64) -> u64 {
        let net = self.price(first).net;
        let (mut low, mut high) = (0, (last - first) / self.step);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.price(first + middle * self.step).net == net {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        first + low * self.step
    }

    fn first_sold(&self, from: u64) -> u64 {
        from.max(self.min_quantity).div_ceil(self.step) * self.step
    }

    fn last_sold(&self, to: u64) -> u64 {
        to / self.step * self.step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn list(tiers: &[(u64, &str)], min_quantity: u64, step: u64) -> PriceListSpec {
        let tiers =
            tiers.iter().map(|(from, price)| Tier { from: *from, unit_price: price.parse().unwrap() }).collect();
        PriceListSpec {
            currency: "EUR".parse().unwrap(),
            tiers: Tiers::new(tiers, min_quantity).unwrap(),
            countries: vec![],
            starts_at: None,
            partner: None,
            min_quantity,
            step,
            by_agreement: false,
        }
    }

    #[test]
    fn p2_the_better_buy_of_the_reference_list() {
        let list = list(&[(1, "3.33"), (5_000, "3.25"), (10_000, "3.16")], 1, 1);
        assert_eq!(list.price(4_880).net.in_minor(), 1_625_040);
        let better = list.better(4_880).unwrap();
        assert_eq!((better.quantity, better.net.in_minor()), (5_000, 1_625_000));
        assert_eq!(list.better(4_879), None);
        assert_eq!(list.better(5_000), None);
    }

    #[test]
    fn p1_minimum_and_step() {
        let list = list(&[(100, "2")], 100, 60);
        assert!(list.sells(120) && list.sells(180));
        assert!(!list.sells(60) && !list.sells(100) && !list.sells(160) && !list.sells(120_000_000));
    }

    proptest! {
        /// P2 by trying every larger quantity.
        #[test]
        fn p2_better_is_what_trying_all_finds(
            first in 0_u64..200, second in 0_u64..200, third in 0_u64..200,
            gap in 1_u64..40, other_gap in 1_u64..40, min_quantity in 1_u64..10, step in 1_u64..7, chosen in 0_u64..60,
        ) {
            let price = |thousandths: u64| alloc::format!("0.{thousandths:03}");
            let tiers = [(1, price(first)), (1 + gap, price(second)), (1 + gap + other_gap, price(third))];
            let tiers: Vec<(u64, &str)> = tiers.iter().map(|(from, price)| (*from, price.as_str())).collect();
            let list = list(&tiers, min_quantity, step);
            let quantity = (min_quantity.div_ceil(step) + chosen) * step;
            // Every tier is passed by then, and the last tier's price has passed half a cent if it ever does.
            let horizon = if third == 0 { return Ok(()) } else { quantity + 40_000 };
            let bar = list.price(quantity).net;
            let mut best: Option<Price> = None;
            for larger in (quantity + step..horizon).step_by(usize::try_from(step).unwrap()) {
                let price = list.price(larger);
                if price.net <= bar && best.as_ref().is_none_or(|found| price.net <= found.net) {
                    best = Some(price);
                }
            }
            prop_assert_eq!(list.better(quantity), best);
        }
    }
}
