//! Proves of every type of the contract that its example is one: it reads as the type, and is written again as it
//! was but for fields that have their default.
#![cfg(feature = "openapi")]

use jeton_client as contract;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::PartialSchema;

/// The example of a type's schema, read as the type and written again.
fn example_and_again<T: PartialSchema + Serialize + DeserializeOwned>() -> (Value, Value) {
    let schema = serde_json::to_value(T::schema()).expect("a schema is JSON");
    let example = schema.get("example").cloned().expect("every schema has an example");
    let read: T = serde_json::from_value(example.clone()).expect("the example reads as its type");
    (example, serde_json::to_value(read).expect("the type writes JSON"))
}

macro_rules! examples {
    ($($name:ident: $type:ty;)+) => {$(
        #[test]
        fn $name() {
            let (example, again) = example_and_again::<$type>();
            assert_eq!(again, example);
        }
    )+};
}

examples! {
    agreed_rate: contract::AgreedRate;
    agreement: contract::Agreement;
    agreement_put: contract::AgreementPut;
    api_key: contract::ApiKey;
    api_key_created: contract::ApiKeyCreated;
    api_key_post: contract::ApiKeyPost;
    assignment: contract::Assignment;
    bad_row: contract::BadRow;
    balance: contract::Balance;
    better_buy: contract::BetterBuy;
    blocked_products: contract::BlockedProducts;
    cap: contract::Cap;
    cap_per: contract::CapPer;
    cap_put: contract::CapPut;
    charge: contract::Charge;
    checkpoint: contract::Checkpoint;
    cover: contract::Cover;
    credit_draw: contract::CreditDraw;
    credits: contract::Credits;
    credits_put: contract::CreditsPut;
    date: contract::Date;
    decimal: contract::Decimal;
    default_access: contract::DefaultAccess;
    draw: contract::Draw;
    enrol_post: contract::EnrolPost;
    enrolled: contract::Enrolled;
    enrolment: contract::Enrolment;
    enrolment_created: contract::EnrolmentCreated;
    enrolment_post: contract::EnrolmentPost;
    entry: contract::Entry;
    erased_member: contract::ErasedMember;
    event: contract::Event;
    explained_draw: contract::ExplainedDraw;
    explained_job: contract::ExplainedJob;
    explained_rate: contract::ExplainedRate;
    explained_result: contract::ExplainedResult;
    explained_session: contract::ExplainedSession;
    explanation: contract::Explanation;
    group: contract::Group;
    group_put: contract::GroupPut;
    industry: contract::Industry;
    instant: contract::Instant;
    invoice: contract::Invoice;
    invoice_status: contract::InvoiceStatus;
    job: contract::Job;
    job_answer: contract::JobAnswer;
    job_commit_post: contract::JobCommitPost;
    job_part: contract::JobPart;
    job_part_put: contract::JobPartPut;
    job_post: contract::JobPost;
    job_put: contract::JobPut;
    job_quote: contract::JobQuote;
    job_quote_post: contract::JobQuotePost;
    job_state: contract::JobState;
    jwk: contract::Jwk;
    jwks: contract::Jwks;
    live_session: contract::LiveSession;
    lot_balance: contract::LotBalance;
    made_charge: contract::MadeCharge;
    member: contract::Member;
    member_put: contract::MemberPut;
    members_imported: contract::MembersImported;
    names: contract::Names;
    next_charge: contract::NextCharge;
    order: contract::Order;
    order_lot: contract::OrderLot;
    order_put: contract::OrderPut;
    order_status: contract::OrderStatus;
    payment_by: contract::PaymentBy;
    payment_post: contract::PaymentPost;
    plan: contract::Plan;
    plan_name: contract::PlanName;
    plan_put: contract::PlanPut;
    price_list: contract::PriceList;
    price_list_put: contract::PriceListPut;
    problem: contract::Problem;
    product: contract::Product;
    product_put: contract::ProductPut;
    proof_kind: contract::ProofKind;
    proof_of_use: contract::ProofOfUse;
    quote: contract::Quote;
    quote_post: contract::QuotePost;
    rate: contract::Rate;
    rate_put: contract::RatePut;
    required_tags: contract::RequiredTags;
    result_rate: contract::ResultRate;
    role: contract::Role;
    rounding: contract::Rounding;
    sandbox_clock: contract::SandboxClock;
    scope_name: contract::ScopeName;
    seat: contract::Seat;
    seat_put: contract::SeatPut;
    seat_reassign: contract::SeatReassign;
    session_answer: contract::SessionAnswer;
    session_close: contract::SessionClose;
    session_closed: contract::SessionClosed;
    session_open: contract::SessionOpen;
    session_quote: contract::SessionQuote;
    session_quote_post: contract::SessionQuotePost;
    session_state: contract::SessionState;
    settings: contract::Settings;
    settings_put: contract::SettingsPut;
    team: contract::Team;
    team_put: contract::TeamPut;
    tier: contract::Tier;
    usage: contract::Usage;
    usage_row: contract::UsageRow;
    use_of_products: contract::Use;
    use_put: contract::UsePut;
    warning: contract::Warning;
    when_unreachable: contract::WhenUnreachable;
    window: contract::Window;
}

#[test]
fn a_heartbeat_may_leave_the_lease_out() {
    let (example, again) = example_and_again::<contract::SessionHeartbeat>();
    assert_eq!(again.get("last_activity_at"), example.get("last_activity_at"));
    assert_eq!(again.get("lease"), Some(&Value::Bool(false)));
}

#[test]
fn configuration_refuses_an_unknown_field_by_its_name() {
    let refused = serde_json::from_str::<contract::SettingsPut>("{\"device\": 3}").unwrap_err().to_string();
    assert!(refused.contains("unknown field `device`"), "{refused}");
}

#[test]
fn metering_passes_over_an_unknown_field() {
    let open = r#"{"team": "acme", "member": "alice", "product": "autocad", "device": "d", "colour": "red"}"#;
    assert_eq!(serde_json::from_str::<contract::SessionOpen>(open).unwrap().device, "d");
}
