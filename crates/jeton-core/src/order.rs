//! Orders and their payment (P1, P3, P8).

use alloc::boxed::Box;
use alloc::string::String;

use crate::decision::{Decision, Granted, room};
use crate::entry::{Invoice, OrderPlaced, Payment, TeamFact};
use crate::id::OrderId;
use crate::limits;
use crate::lot::Lot;
use crate::money::Money;
use crate::refusal::{Limit, Refusal};
use crate::time::Day;
use crate::tokens::Tokens;

impl Decision<'_> {
    /// Places an order: on invoice it is credited at once, by card when its payment is recorded.
    pub(crate) fn place_order(&mut self, order: OrderId, quantity: u64, payment: Payment) -> Result<Granted, Refusal> {
        if let Some(standing) = self.team.orders.get(&order) {
            return Ok(Granted::Known { seq: standing.seq });
        }
        let profile = self.team.profile.clone().expect("a team that orders has been entered");
        if !self.team.overdue.is_empty() {
            return Err(Refusal::PaymentOverdue);
        }
        let (price_list, list) = self.team.price_list(self.catalogue, self.now)?;
        if quantity > limits::ORDER_QUANTITY {
            return Err(Refusal::Limit { limit: Limit::OrderQuantity, value: limits::ORDER_QUANTITY });
        }
        if !list.sells(quantity) {
            return Err(Refusal::QuantityNotSold { min_quantity: list.min_quantity, step: list.step });
        }
        room(self.team.lots.len() + self.pending_orders(), limits::LOTS, Limit::Lots)?;
        if self.team.lots.granted() + Tokens::whole(quantity) > limits::TEAM_TOKENS {
            let value = limits::TEAM_TOKENS.in_thousandths() / 1000;
            return Err(Refusal::Limit { limit: Limit::TeamTokens, value });
        }
        let price = list.price(quantity);
        let price_list = price_list.clone();
        let invoice = payment.credits_at_once().then(|| {
            let due_on = profile.time_zone.day_of(self.now).days_on(self.catalogue.settings.invoice_due_days);
            Invoice {
                number: self.number_invoice(crate::time::Zone::UTC.day_of(self.now).year(), &order),
                due_on,
                overdue_at: profile.time_zone.end_of(due_on),
                zone: profile.time_zone.clone(),
            }
        });
        let placed = OrderPlaced {
            order,
            quantity,
            payment,
            price_list,
            tier: price.tier,
            currency: profile.currency,
            unit_price: price.unit_price,
            net: price.net,
            tax: Money::ZERO,
            total: price.net,
            invoice,
        };
        let seq = self.emit(TeamFact::OrderPlaced(Box::new(placed.clone())));
        if payment.credits_at_once() {
            self.credit(&placed);
        }
        Ok(Granted::Ordered { seq })
    }

    /// Records that an order was paid; the lot of a card order is credited by it.
    pub(crate) fn record_payment(
        &mut self,
        order: &OrderId,
        paid_on: Option<Day>,
        reference: Option<String>,
    ) -> Granted {
        let Some(standing) = self.team.orders.get(order) else { return Granted::Past };
        let placed = standing.placed.clone();
        let zone = &self.team.profile.as_ref().expect("a team that ordered has been entered").time_zone;
        let paid_on = paid_on.unwrap_or_else(|| zone.day_of(self.now));
        self.emit(TeamFact::PaymentRecorded { order: order.clone(), paid_on, reference });
        if !placed.payment.credits_at_once() {
            self.credit(&placed);
        }
        Granted::Paid
    }

    /// Orders that wait for their payment, and then make a lot.
    fn pending_orders(&self) -> usize {
        self.team.orders.values().filter(|order| !order.placed.payment.credits_at_once()).count()
    }

    fn credit(&mut self, placed: &OrderPlaced) {
        let zone = &self.team.profile.as_ref().expect("a team that ordered has been entered").time_zone;
        let tokens = Tokens::whole(placed.quantity);
        let lot = Lot {
            lot: self.team.lots.next(),
            order: placed.order.clone(),
            team_of_order: self.team.id.clone(),
            currency: placed.currency,
            unit_price: placed.unit_price,
            quantity: tokens,
            granted: tokens,
            available: tokens,
            held: Tokens::ZERO,
            spent: Tokens::ZERO,
            expired: Tokens::ZERO,
            returned: Tokens::ZERO,
            moved_out: Tokens::ZERO,
            purchased_at: self.now,
            ends_at: zone.end_of(zone.day_of(self.now).one_year_on()),
            ended: false,
        };
        self.emit(TeamFact::LotCredited(Box::new(lot)));
    }
}
