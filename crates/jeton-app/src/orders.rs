//! Orders of a team, and the payments that the vendor records (P3, P8).

use jeton_core::decision::{Granted, TeamCommand};
use jeton_core::entry::{OrderPlaced, Payment, TeamFact};
use jeton_core::id::{OrderId, TeamId};
use jeton_core::refusal::Refusal as Rule;
use jeton_core::time::Day;
use jeton_engine::{Decided, TeamAnswer, TeamAsk};
use jeton_store::stored::AnyEntry;
use jeton_store::{OrderRow, Position, orders_of};

use crate::contract::{
    Decimal, Invoice, InvoiceStatus, Order, OrderLot, OrderPut, OrderStatus, PaymentBy, PaymentPost,
};
use crate::teams::known;
use crate::{
    App, Caller, Failure, Inner, Once, Operation, Page, PageRequest, Target, author, authorise, refusals, wire,
};

const UNKNOWN_ORDER: Failure = Failure::NotFound { code: "unknown_order" };
/// The characters of a payment's reference.
const REFERENCE_CHARS: usize = 200;

impl App {
    /// The orders of a team, in the order of placing.
    pub async fn list_orders(&self, caller: &Caller, team: &str, page: PageRequest) -> Result<Page<Order>, Failure> {
        authorise(caller, Operation::ListOrders, Target::team(team))?;
        let (id, after) = (known(team)?, page.after::<Position>()?.unwrap_or(0));
        let position = self.see(&id, |_, _, _| Ok(())).await?.position;
        self.after(position, move |inner| {
            let rows = inner.views.orders(id.as_str(), after, usize::from(page.limit) + 1)?;
            let mut orders = Vec::new();
            for row in rows {
                orders.push((row.placed.to_string(), inner.order(&row)?));
            }
            Ok(Page::of(orders, page.limit))
        })
        .await
    }

    /// An order. `unknown_order` when there is none.
    pub async fn order(&self, caller: &Caller, team: &str, order: &str) -> Result<Order, Failure> {
        authorise(caller, Operation::GetOrder, Target::team(team))?;
        let id = known(team)?;
        let position = self.see(&id, |_, _, _| Ok(())).await?.position;
        self.order_at(&id, order, position).await
    }

    /// Places an order, once: `payment_overdue`, `no_price_list`, `quantity_not_sold`, `id_reused` (P1, P3, P8).
    pub async fn put_order(
        &self,
        caller: &Caller,
        team: &str,
        order: &str,
        body: OrderPut,
    ) -> Result<Once<Order>, Failure> {
        authorise(caller, Operation::PutOrder, Target::team(team))?;
        let id = known(team)?;
        let order_id: OrderId = wire::parse("order", order)?;
        loop {
            let (found, searched) = self.inner.views.id(&orders_of(id.as_str()), order_id.as_str())?;
            if found.is_some() {
                return self.ordered_before(&id, order, &body, searched).await;
            }
            let payment = match body.payment {
                PaymentBy::Invoice => Payment::Invoice,
                PaymentBy::Card => Payment::Card,
            };
            let command = TeamCommand::PlaceOrder { order: order_id.clone(), quantity: body.quantity, payment };
            let ask = TeamAsk { team: id.clone(), command, by: author(caller)?, beside: Vec::new(), searched };
            let Decided { outcome, position, .. } = self.inner.engine.team(ask).await?;
            match outcome.map_err(|refusal| refusals::plain(&refusal))? {
                TeamAnswer::SearchAgain => self.until_followed(position).await?,
                TeamAnswer::Granted(granted) => {
                    if let Granted::Ordered { .. } = *granted {
                        return Ok(Once { created: true, body: self.order_at(&id, order, position).await? });
                    }
                    return self.ordered_before(&id, order, &body, position).await;
                }
            }
        }
    }

    /// Records that an order is paid; one that is paid stays as it was.
    pub async fn record_payment(
        &self,
        caller: &Caller,
        team: &str,
        order: &str,
        body: PaymentPost,
    ) -> Result<Order, Failure> {
        authorise(caller, Operation::RecordPayment, Target::team(team))?;
        let id = known(team)?;
        let order_id: OrderId = order.parse().map_err(|_| UNKNOWN_ORDER)?;
        let paid_on: Option<Day> = body.paid_on.as_ref().map(|on| wire::parse("paid_on", on.as_str())).transpose()?;
        if body
            .reference
            .as_ref()
            .is_some_and(|text| text.chars().count() > REFERENCE_CHARS || text.chars().any(char::is_control))
        {
            return Err(Failure::bad_request(
                "reference",
                "a reference has at most 200 characters, none of them a control character",
            ));
        }
        let command = TeamCommand::RecordPayment { order: order_id, paid_on, reference: body.reference };
        let decided = self.decide(caller, &id, command, Vec::new()).await?;
        self.order_at(&id, order, decided.position).await
    }

    /// The same content again is told what was decided; other content is refused (V4).
    async fn ordered_before(
        &self,
        team: &TeamId,
        order: &str,
        body: &OrderPut,
        position: Position,
    ) -> Result<Once<Order>, Failure> {
        let standing = self.order_at(team, order, position).await?;
        if standing.quantity == body.quantity && standing.payment == body.payment {
            Ok(Once { created: false, body: standing })
        } else {
            Err(refusals::plain(&Rule::IdReused))
        }
    }

    async fn order_at(&self, team: &TeamId, order: &str, position: Position) -> Result<Order, Failure> {
        let (team, order) = (team.clone(), order.to_owned());
        self.after(position, move |inner| {
            let row = inner.views.order(team.as_str(), &order)?.ok_or(UNKNOWN_ORDER)?;
            inner.order(&row)
        })
        .await
    }
}

impl Inner {
    fn team_fact(&self, position: Position) -> Result<TeamFact, Failure> {
        match self.entry(position)?.1 {
            AnyEntry::Team(_, entry) => Ok(entry.fact),
            AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        }
    }

    /// An order, from the entries that placed, credited and settled it.
    fn order(&self, row: &OrderRow) -> Result<Order, Failure> {
        let (_, placed) = self.entry(row.placed)?;
        let AnyEntry::Team(_, placed) = placed else { return Err(Failure::Internal) };
        let TeamFact::OrderPlaced(order) = &placed.fact else { return Err(Failure::Internal) };
        let lot = row.credited.map(|position| self.team_fact(position)).transpose()?;
        let lot = lot.and_then(|fact| if let TeamFact::LotCredited(lot) = fact { Some(lot) } else { None });
        let lot = lot.map(|lot| OrderLot {
            lot: format!("l{}", lot.lot),
            credited_at: wire::instant(lot.purchased_at),
            ends_at: wire::instant(lot.ends_at),
        });
        let paid = row.paid.map(|position| self.team_fact(position)).transpose()?;
        let paid = paid.and_then(|fact| {
            if let TeamFact::PaymentRecorded { paid_on, reference, .. } = fact {
                Some((paid_on, reference))
            } else {
                None
            }
        });
        Ok(told(order, wire::instant(placed.at), lot, paid))
    }
}

fn told(
    order: &OrderPlaced,
    placed_at: crate::contract::Instant,
    lot: Option<OrderLot>,
    paid: Option<(Day, Option<String>)>,
) -> Order {
    let currency = order.currency;
    let status = if paid.is_some() { InvoiceStatus::Paid } else { InvoiceStatus::Open };
    let (paid_on, reference) = paid.map_or((None, None), |(on, reference)| (Some(wire::date(on)), reference));
    let invoice = order.invoice.as_ref().map(|invoice| Invoice {
        number: invoice.number.to_string(),
        due_on: wire::date(invoice.due_on),
        status,
        paid_on,
        reference,
    });
    Order {
        order: order.order.to_string(),
        status: if lot.is_some() { OrderStatus::Credited } else { OrderStatus::Pending },
        placed_at,
        quantity: order.quantity,
        payment: match order.payment {
            Payment::Invoice => PaymentBy::Invoice,
            Payment::Card => PaymentBy::Card,
        },
        price_list: order.price_list.to_string(),
        currency: currency.code().to_owned(),
        tier: order.tier,
        unit_price: Decimal::new(order.unit_price.in_currency(currency)),
        net: Decimal::new(order.net.in_currency(currency)),
        tax: Decimal::new(order.tax.in_currency(currency)),
        total: Decimal::new(order.total.in_currency(currency)),
        lot,
        invoice,
    }
}
