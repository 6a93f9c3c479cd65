//! Orders: how a team buys tokens, and what becomes of each (P3, P4).

use serde::{Deserialize, Serialize};

use crate::{Date, Decimal, Instant};

/// An order as it is placed. Once placed it never changes: the same again is answered with what was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"quantity": 5000, "payment": "invoice"}))
)]
#[serde(deny_unknown_fields)]
pub struct OrderPut {
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100_000_000))]
    pub quantity: u64,
    pub payment: PaymentBy,
}

/// How an order is paid: on invoice it is credited at once, by card when the payment is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "invoice"))]
#[serde(rename_all = "snake_case")]
pub enum PaymentBy {
    Invoice,
    Card,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "order": "2026-0001",
        "status": "credited",
        "placed_at": "2026-03-02T08:00:00Z",
        "quantity": 5000,
        "payment": "invoice",
        "price_list": "eur-2026",
        "currency": "EUR",
        "tier": 5000,
        "unit_price": "3.25",
        "net": "16250.00",
        "tax": "0.00",
        "total": "16250.00",
        "lot": {"lot": "l1", "credited_at": "2026-03-02T08:00:00Z", "ends_at": "2027-03-02T23:00:00Z"},
        "invoice": {"number": "2026-1", "due_on": "2026-04-01", "status": "open", "paid_on": null, "reference": null}
    }))
)]
pub struct Order {
    pub order: String,
    pub status: OrderStatus,
    pub placed_at: Instant,
    pub quantity: u64,
    pub payment: PaymentBy,
    pub price_list: String,
    pub currency: String,
    /// The `from` of the tier that prices every token of it (P1).
    pub tier: u64,
    pub unit_price: Decimal,
    pub net: Decimal,
    pub tax: Decimal,
    pub total: Decimal,
    /// `null` until it is credited.
    pub lot: Option<OrderLot>,
    /// `null` for an order by card: documents of what is paid at once are not built yet.
    pub invoice: Option<Invoice>,
}

/// What has become of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "credited"))]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Pending,
    Credited,
    Returned,
}

/// The lot that an order made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "lot": "l1",
        "credited_at": "2026-03-02T08:00:00Z",
        "ends_at": "2027-03-02T23:00:00Z"
    }))
)]
pub struct OrderLot {
    pub lot: String,
    pub credited_at: Instant,
    /// The end of its last day in the team's zone of the moment of crediting (P4).
    pub ends_at: Instant,
}

/// The invoice of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({
        "number": "2026-1",
        "due_on": "2026-04-01",
        "status": "paid",
        "paid_on": "2026-03-20",
        "reference": "SEPA 8812"
    }))
)]
pub struct Invoice {
    pub number: String,
    /// Unpaid at the end of this day, in the team's zone, it makes the team overdue (P8).
    pub due_on: Date,
    pub status: InvoiceStatus,
    pub paid_on: Option<Date>,
    pub reference: Option<String>,
}

/// Whether an invoice is to be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(example = "open"))]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Open,
    Paid,
    Cancelled,
}

/// A payment that the vendor records; `{}` settles the order today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(example = json!({"paid_on": "2026-03-20", "reference": "SEPA 8812"}))
)]
#[serde(deny_unknown_fields)]
pub struct PaymentPost {
    /// The day on which the money came; today by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<Date>,
    /// What the payment is known by at the bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub reference: Option<String>,
}
