//! The JSON of Jeton's public contract: every request and every answer, as Rust types.
//!
//! What always holds: the names of fields and values here are the names on the wire, and each is a promise to
//! programs outside this repository. Bodies of configuration refuse an unknown field; bodies of metering and all
//! answers tolerate one, so that older and newer programs understand each other. In a request, `null` is the same as a
//! field left out, but for the default access, which has to be said; in an answer, a field that may be `null` is always
//! there, and one that may be left out is never `null`.
//!
//! What it does not do: decide or calculate. Amounts and instants stay the text that they are on the wire
//! ([`Decimal`], [`Instant`]), and only the server gives them a meaning. Without the features below nothing here knows HTTP.
//!
//! The feature `openapi` adds a schema with an example to every type. The features `sdk` and `blocking` add what a
//! metered program does with them ([`sdk`], [`blocking`]); without these the crate stays plain types.

mod access;
mod agreement;
mod api_key;
mod balance;
#[cfg(feature = "blocking")]
pub mod blocking;
mod cap;
mod charge;
mod checkpoint;
mod credits;
mod decimal;
mod enrolment;
mod entry;
mod event;
mod group;
mod import;
mod instant;
mod job;
mod jwks;
mod member;
mod order;
mod page;
mod plan;
mod price_list;
mod problem;
mod product;
mod quote;
mod rate;
mod required_tags;
mod sandbox;
#[cfg(feature = "sdk")]
pub mod sdk;
mod seat;
mod session;
mod settings;
mod team;
mod usage;
mod use_of_products;

pub use access::{Assignment, BlockedProducts, DefaultAccess, Products};
pub use agreement::{AgreedRate, Agreement, AgreementPut};
pub use api_key::{ApiKey, ApiKeyCreated, ApiKeyPost, ScopeName};
pub use balance::{Balance, LotBalance};
pub use cap::{Cap, CapOf, CapPer, CapPut};
pub use charge::{
    Charge, ChargesQuery, CreditDraw, Draw, ExplainedDraw, ExplainedJob, ExplainedRate, ExplainedResult,
    ExplainedSession, Explanation, ProofKind, ProofOfUse, Window,
};
pub use checkpoint::Checkpoint;
pub use credits::{Credits, CreditsPut};
pub use decimal::Decimal;
pub use enrolment::{EnrolPost, Enrolled, Enrolment, EnrolmentCreated, EnrolmentPost};
pub use entry::Entry;
pub use event::{Event, EventsQuery};
pub use group::{Group, GroupPut};
pub use import::{BadRow, ImportQuery, MembersImported};
pub use instant::{Date, Instant};
pub use job::{
    Job, JobAnswer, JobCommitPost, JobPart, JobPartPut, JobPost, JobPut, JobQuote, JobQuotePost, JobState, JobsQuery,
};
pub use jwks::{Jwk, Jwks};
pub use member::{ErasedMember, Member, MemberPut, Role};
pub use order::{Invoice, InvoiceStatus, Order, OrderLot, OrderPut, OrderStatus, PaymentBy, PaymentPost};
pub use page::{Page, PageQuery};
pub use plan::{Plan, PlanName, PlanPut};
pub use price_list::{PriceList, PriceListPut, Tier};
pub use problem::Problem;
pub use product::{AtQuery, Names, Product, ProductPut, WhenUnreachable};
pub use quote::{BetterBuy, Quote, QuotePost};
pub use rate::{Rate, RatePut, ResultRate, Rounding};
pub use required_tags::RequiredTags;
pub use sandbox::SandboxClock;
pub use seat::{Seat, SeatPut, SeatReassign};
pub use session::{
    Cover, LiveSession, MadeCharge, NextCharge, SessionAnswer, SessionClose, SessionClosed, SessionHeartbeat,
    SessionOpen, SessionQuote, SessionQuotePost, SessionState, SessionsQuery, Warning,
};
pub use settings::{Settings, SettingsPut};
pub use team::{Team, TeamPut};
pub use usage::{Usage, UsageQuery, UsageRow};
pub use use_of_products::{Industry, Use, UsePut};
