//! Stored bytes are a promise: every kind of fact that was ever written is read, and says the same written again.
//!
//! `golden/entries-v1/STREAM-KIND.json` holds the bodies of one kind of fact, an entry a line, as version 1 stores
//! them. A kind of fact, of cover, cause, reason or refusal without a line there fails these tests: the lists below
//! are made from matches that the compiler holds to be complete. A golden line is never changed; what a later
//! version adds is a new line.
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it has to be")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jeton_core::cap::{CapOf, Per, Strength};
use jeton_core::catalogue::{Offer, Rounding, WhenUnreachable};
use jeton_core::entry::{
    Access, Author, ChargeCause, ClockReason, ClosedBy, Continued, Entry, Funds, JobRelease, OpeningCover, Payment,
    Plan, ReleaseReason, Role, SeriesFact, TeamFact, VendorFact,
};
use jeton_core::refusal::{JobState, Limit, Refusal, Unknown};
use jeton_core::time::Instant;
use jeton_store::stored::{self, AnyEntry};
use jeton_store::{Cause, Sealed, StoreError};

/// The name of a variant as it is stored, and the list of all of them.
macro_rules! variants {
    ($($function:ident, $all:ident of $type:ident: {
        $($variant:ident $({ $($named:tt)* })? $(($($tuple:tt)*))? => $name:literal,)+
    })+) => {$(
        const $all: &[&str] = &[$($name),+];

        fn $function(of: &$type) -> &'static str {
            match of {
                $($type::$variant $({ $($named)* })? $(($($tuple)*))? => $name,)+
            }
        }
    )+};
}

variants! {
    vendor_fact, VENDOR_FACTS of VendorFact: {
        ProductSet { .. } => "product_set",
        RateSet { .. } => "rate_set",
        RateRemoved { .. } => "rate_removed",
        UseSet { .. } => "use_set",
        PriceListSet { .. } => "price_list_set",
        SettingsSet(_) => "settings_set",
        KeyCreated { .. } => "key_created",
        KeyRevoked { .. } => "key_revoked",
        EnrolmentCreated { .. } => "enrolment_created",
        EnrolmentWithdrawn { .. } => "enrolment_withdrawn",
        ClockMoved { .. } => "clock_moved",
        ClockAccepted { .. } => "clock_accepted",
        EpochBegun { .. } => "epoch_begun",
    }
    series_fact, SERIES_FACTS of SeriesFact: {
        InvoiceNumbered { .. } => "invoice_numbered",
    }
    team_fact, TEAM_FACTS of TeamFact: {
        TeamSet(_) => "team_set",
        MemberSet { .. } => "member_set",
        MemberDeactivated { .. } => "member_deactivated",
        MemberErased { .. } => "member_erased",
        AssignmentSet { .. } => "assignment_set",
        AssignmentRemoved { .. } => "assignment_removed",
        SeatSet { .. } => "seat_set",
        SeatRemoved { .. } => "seat_removed",
        SeatBegun { .. } => "seat_begun",
        DefaultAccessSet { .. } => "default_access_set",
        BlockedProductsSet { .. } => "blocked_products_set",
        GroupSet { .. } => "group_set",
        GroupRemoved { .. } => "group_removed",
        CapSet { .. } => "cap_set",
        CapRemoved { .. } => "cap_removed",
        RequiredTagsSet { .. } => "required_tags_set",
        PlanSet { .. } => "plan_set",
        AgreementSet { .. } => "agreement_set",
        AgreementRemoved { .. } => "agreement_removed",
        CreditsGranted { .. } => "credits_granted",
        OrderPlaced(_) => "order_placed",
        LotCredited(_) => "lot_credited",
        PaymentRecorded { .. } => "payment_recorded",
        InvoiceOverdue { .. } => "invoice_overdue",
        LotExpired { .. } => "lot_expired",
        LotClosed(_) => "lot_closed",
        SessionOpened(_) => "session_opened",
        SessionRevived { .. } => "session_revived",
        SessionClosed { .. } => "session_closed",
        SessionLost { .. } => "session_lost",
        SessionEnded { .. } => "session_ended",
        RunUndone { .. } => "run_undone",
        HoldReleased { .. } => "hold_released",
        ChargeMade(_) => "charge_made",
        CoverContinued { .. } => "cover_continued",
        RenewalRefused { .. } => "renewal_refused",
        RenewalDeferred { .. } => "renewal_deferred",
        SessionReturned { .. } => "session_returned",
        JobHeld(_) => "job_held",
        JobExtended { .. } => "job_extended",
        JobCommitted(_) => "job_committed",
        JobReleased { .. } => "job_released",
        Refused { .. } => "refused",
    }
    author, AUTHORS of Author: { Server => "server", Operator => "operator", Key(_) => "key", }
    clock_reason, CLOCK_REASONS of ClockReason: { Synchronised => "synchronised", Operator => "operator", }
    offer, OFFERS of Offer: { PerDay(_) => "per_day", Results(_) => "results", }
    rounding, ROUNDINGS of Rounding: { Up => "up", Nearest => "nearest", None => "none", }
    when_unreachable, WHENS_UNREACHABLE of WhenUnreachable: { Start => "start", Refuse => "refuse", }
    role, ROLES of Role: {
        PrimaryAdmin => "primary_admin",
        SecondaryAdmin => "secondary_admin",
        Billing => "billing",
        Member => "member",
    }
    cap_of, CAPS_OF of CapOf: { Member(_) => "member", Group(_) => "group", Product(_) => "product", Team => "team", }
    per, PERS of Per: { Day => "day", Month => "month", }
    strength, STRENGTHS of Strength: { Hard => "hard", Soft => "soft", }
    plan, PLANS of Plan: {
        Education => "education",
        Standard => "standard",
        Premium => "premium",
        Enterprise => "enterprise",
    }
    funds, FUNDS of Funds: { Tokens(_) => "tokens", Credits(_) => "credits", }
    job_release, JOB_RELEASES of JobRelease: { Released => "released", Lapsed => "lapsed", }
    job_state, JOB_STATES of JobState: {
        Held => "held",
        Committed => "committed",
        Released => "released",
        Lapsed => "lapsed",
    }
    access, ACCESSES of Access: { All => "all", Named(_) => "named", }
    payment, PAYMENTS of Payment: { Invoice => "invoice", Card => "card", }
    cover, COVERS of OpeningCover: {
        Seat { .. } => "seat",
        Window { .. } => "window",
        Joined { .. } => "joined",
        Hold(_) => "hold",
        Charge => "charge",
    }
    closed_by, CLOSED_BY of ClosedBy: { Client => "client", Admin => "admin", }
    release_reason, RELEASE_REASONS of ReleaseReason: { Undone => "undone", Seat => "seat", Renewal => "renewal", }
    cause, CAUSES of ChargeCause: {
        UndoIntervalPassed { .. } => "undo_interval_passed",
        NoUndoInterval => "no_undo_interval",
        UndoneOften { .. } => "undone_often",
        Renewal { .. } => "renewal",
    }
    continued, CONTINUED of Continued: { Seat { .. } => "seat", Window { .. } => "window", }
    refusal, REFUSALS of Refusal: {
        MemberInactive => "member_inactive",
        TooManyDevices { .. } => "too_many_devices",
        NotAssigned => "not_assigned",
        ProductBlocked => "product_blocked",
        ProductRestricted => "product_restricted",
        PaymentOverdue => "payment_overdue",
        NotOnRateSheet => "not_on_rate_sheet",
        TagRequired { .. } => "tag_required",
        CapReached(_) => "cap_reached",
        InsufficientTokens { .. } => "insufficient_tokens",
        SessionEnded => "session_ended",
        JobEnded { .. } => "job_ended",
        QuantityRaised { .. } => "quantity_raised",
        CreditsUsed { .. } => "credits_used",
        RateInForce { .. } => "rate_in_force",
        NoPriceList => "no_price_list",
        QuantityNotSold { .. } => "quantity_not_sold",
        SeatTaken => "seat_taken",
        Limit { .. } => "limit",
        ClockGoesBack { .. } => "clock_goes_back",
        PreconditionFailed => "precondition_failed",
        IdReused => "id_reused",
        Unknown(_) => "unknown",
    }
    limit, LIMITS of Limit: {
        Members => "members",
        Lots => "lots",
        Seats => "seats",
        Groups => "groups",
        Caps => "caps",
        Agreements => "agreements",
        Grants => "grants",
        HeldJobs => "held_jobs",
        OpenSessions => "open_sessions",
        TeamTokens => "team_tokens",
        OrderQuantity => "order_quantity",
        Catalogue => "catalogue",
        Rates => "rates",
    }
    unknown, UNKNOWN of Unknown: {
        Team => "team",
        Member => "member",
        Product => "product",
        Session => "session",
        Order => "order",
        Seat => "seat",
        Job => "job",
        Group => "group",
        Cap => "cap",
        Agreement => "agreement",
        Assignment => "assignment",
        PriceList => "price_list",
        Rate => "rate",
        Key => "key",
    }
}

/// Every variant, under the name of the list that it belongs to.
const ALL: &[(&str, &[&str])] = &[
    ("vendor fact", VENDOR_FACTS),
    ("series fact", SERIES_FACTS),
    ("team fact", TEAM_FACTS),
    ("author", AUTHORS),
    ("clock reason", CLOCK_REASONS),
    ("offer", OFFERS),
    ("when unreachable", WHENS_UNREACHABLE),
    ("asking", &["never", "before a charge"]),
    ("rounding", ROUNDINGS),
    ("role", ROLES),
    ("access", ACCESSES),
    ("default access", ACCESSES),
    ("access of a group", ACCESSES),
    ("whose cap", CAPS_OF),
    ("time of a cap", PERS),
    ("strength", STRENGTHS),
    ("plan", PLANS),
    ("offer of an agreement", OFFERS),
    ("payment", PAYMENTS),
    ("cover of an opening", COVERS),
    ("cover of a revival", COVERS),
    ("cover of a return", COVERS),
    ("funds of a hold", FUNDS),
    ("funds of a commit", FUNDS),
    ("funds of a release", FUNDS),
    ("release of a job", JOB_RELEASES),
    ("state of a job", JOB_STATES),
    ("closed by", CLOSED_BY),
    ("release reason", RELEASE_REASONS),
    ("cause", CAUSES),
    ("continued", CONTINUED),
    ("refusal", REFUSALS),
    ("limit", LIMITS),
    ("unknown", UNKNOWN),
];

#[test]
fn every_kind_of_entry_that_was_ever_stored_is_read_and_written_as_it_was() {
    for Line { file, stream, kind, body } in golden() {
        let sealed = sealed(&stream, &body);
        let decoded = stored::decode(&sealed).unwrap_or_else(|error| panic!("{file}: {error}: {body}"));
        let (kind_read, encoded) = match &decoded {
            AnyEntry::Vendor(entry) => (vendor_fact(&entry.fact), stored::encode(entry)),
            AnyEntry::Series(_, entry) => (series_fact(&entry.fact), stored::encode(entry)),
            AnyEntry::Team(_, entry) => (team_fact(&entry.fact), stored::encode(entry)),
        };
        assert_eq!(kind_read, kind, "{file}");
        assert_eq!(String::from_utf8(encoded).unwrap(), body, "{file}: written again, it is not the same");
    }
}

#[test]
fn every_variant_that_is_stored_has_a_golden_line() {
    let mut seen = Seen::default();
    for line in golden() {
        seen.entry(&stored::decode(&sealed(&line.stream, &line.body)).unwrap());
    }
    for (of, names) in ALL {
        let missing: Vec<_> = names.iter().filter(|name| !seen.0.contains(&(*of, **name))).collect();
        assert!(missing.is_empty(), "no line of golden/entries-v1 has a {of} of {missing:?}");
    }
    let known: BTreeMap<&str, &[&str]> = ALL.iter().copied().collect();
    assert!(seen.0.iter().all(|(of, name)| known[of].contains(name)));
}

#[test]
fn an_entry_of_another_version_or_with_two_instants_is_corrupt() {
    let body = r#"{"v":1,"at":"2026-03-02T08:00:00Z","by":"server","fact":{"key_revoked":{"key":"key_1"}}}"#;
    let read = stored::decode(&sealed("vendor", body)).unwrap();
    assert!(matches!(read, AnyEntry::Vendor(Entry { by: Author::Server, .. })));

    let newer = stored::decode(&sealed("vendor", &body.replace(r#""v":1"#, r#""v":2"#)));
    assert!(
        matches!(&newer, Err(StoreError::Unavailable(Cause::Newer, why)) if why.contains("version 2")),
        "{newer:?}"
    );
    let moved = stored::decode(&Sealed { at: 1, ..sealed("vendor", body) });
    assert!(matches!(&moved, Err(StoreError::Corrupt(why)) if why.contains("two different instants")), "{moved:?}");
    for stream in ["team:acme", "invoices:2026", "invoices:soon", "team:a b", "vendors", ""] {
        let strange = stored::decode(&sealed(stream, body));
        assert!(matches!(strange, Err(StoreError::Corrupt(_))), "{stream}: {strange:?}");
    }
}

#[test]
fn a_stream_has_one_name() {
    let body = r#"{"v":1,"at":"2026-03-02T08:00:00Z","by":"server","fact":{"invoice_numbered":{"number":{"year":2026,"number":7},"team":"acme","order":"o1"}}}"#;
    assert!(stored::decode(&sealed("invoices:2026", body)).is_ok());
    for stream in ["invoices:02026", "invoices:+2026"] {
        let strange = stored::decode(&sealed(stream, body));
        assert!(matches!(&strange, Err(StoreError::Corrupt(why)) if why.contains(stream)), "{stream}: {strange:?}");
    }
}

/// A golden line.
struct Line {
    file: String,
    stream: String,
    kind: String,
    body: String,
}

/// Every golden line; each file is named after its stream and its kind of fact.
fn golden() -> Vec<Line> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/entries-v1");
    let mut lines = Vec::new();
    for found in std::fs::read_dir(folder).unwrap() {
        let path = found.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (stream, kind) = file.strip_suffix(".json").unwrap().split_once('-').unwrap();
        let stream = match stream {
            "vendor" => "vendor",
            "invoices" => "invoices:2026",
            "team" => "team:acme",
            other => panic!("{file}: there is no stream named {other}"),
        };
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with('\n') && text.len() > 1, "{file} has no line, or an unfinished one");
        for body in text.lines() {
            let (file, stream, kind, body) = (file.clone(), stream.to_owned(), kind.to_owned(), body.to_owned());
            lines.push(Line { file, stream, kind, body });
        }
    }
    lines
}

fn sealed(stream: &str, body: &str) -> Sealed {
    let json: serde_json::Value = serde_json::from_str(body).unwrap();
    let at: Instant = json["at"].as_str().unwrap().parse().unwrap();
    Sealed {
        position: 1,
        stream: stream.into(),
        seq: 1,
        at: at.micros(),
        body: body.as_bytes().into(),
        hash: [0; 32],
        commit: None,
    }
}

/// The variants that occurred, under the names of [`ALL`].
#[derive(Default)]
struct Seen(BTreeSet<(&'static str, &'static str)>);

impl Seen {
    fn entry(&mut self, entry: &AnyEntry) {
        match entry {
            AnyEntry::Vendor(entry) => {
                self.0.insert(("author", author(&entry.by)));
                self.vendor(&entry.fact);
            }
            AnyEntry::Series(_, entry) => {
                self.0.insert(("author", author(&entry.by)));
                self.0.insert(("series fact", series_fact(&entry.fact)));
            }
            AnyEntry::Team(_, entry) => {
                self.0.insert(("author", author(&entry.by)));
                self.team(&entry.fact);
            }
        }
    }

    fn vendor(&mut self, fact: &VendorFact) {
        self.0.insert(("vendor fact", vendor_fact(fact)));
        match fact {
            VendorFact::RateSet { offer: offered, .. } => {
                self.0.insert(("offer", offer(offered)));
                if let Offer::Results(results) = offered {
                    self.0.extend(results.values().map(|result| ("rounding", rounding(&result.rounding))));
                }
            }
            VendorFact::ClockAccepted { why, .. } => {
                self.0.insert(("clock reason", clock_reason(why)));
            }
            VendorFact::ProductSet { spec, .. } => {
                self.0.insert(("when unreachable", when_unreachable(&spec.when_unreachable)));
            }
            VendorFact::RateRemoved { .. }
            | VendorFact::UseSet { .. }
            | VendorFact::PriceListSet { .. }
            | VendorFact::SettingsSet(_)
            | VendorFact::KeyCreated { .. }
            | VendorFact::KeyRevoked { .. }
            | VendorFact::EnrolmentCreated { .. }
            | VendorFact::EnrolmentWithdrawn { .. }
            | VendorFact::ClockMoved { .. }
            | VendorFact::EpochBegun { .. } => {}
        }
    }

    fn team(&mut self, fact: &TeamFact) {
        self.0.insert(("team fact", team_fact(fact)));
        let part = match fact {
            TeamFact::TeamSet(profile) => {
                ("asking", if profile.ask_before_charge { "before a charge" } else { "never" })
            }
            TeamFact::MemberSet { role: named, .. } => ("role", role(named)),
            TeamFact::AssignmentSet { products, .. } => ("access", access(products)),
            TeamFact::DefaultAccessSet { products: Some(products) } => ("default access", access(products)),
            TeamFact::GroupSet { spec, .. } if spec.products.is_some() => {
                ("access of a group", spec.products.as_ref().map(access).unwrap())
            }
            TeamFact::CapSet { spec, .. } => {
                self.0.insert(("time of a cap", per(&spec.per)));
                self.0.insert(("strength", strength(&spec.strength)));
                ("whose cap", cap_of(&spec.of))
            }
            TeamFact::PlanSet { plan: named, .. } => ("plan", plan(named)),
            TeamFact::AgreementSet { spec, .. } => {
                self.0.extend(spec.rates.values().map(|offered| ("offer of an agreement", offer(offered))));
                return;
            }
            TeamFact::OrderPlaced(placed) => ("payment", payment(&placed.payment)),
            TeamFact::SessionOpened(opened) => ("cover of an opening", cover(&opened.cover)),
            TeamFact::SessionRevived { cover: covered, .. } => ("cover of a revival", cover(covered)),
            TeamFact::SessionReturned { cover: covered, .. } => ("cover of a return", cover(covered)),
            TeamFact::JobHeld(held) => ("funds of a hold", funds(&held.funds)),
            TeamFact::JobCommitted(committed) => ("funds of a commit", funds(&committed.funds)),
            TeamFact::JobReleased { funds: of, why, .. } => {
                self.0.insert(("funds of a release", funds(of)));
                ("release of a job", job_release(why))
            }
            TeamFact::SessionClosed { closed_by: by, .. } => ("closed by", closed_by(by)),
            TeamFact::HoldReleased { why, .. } => ("release reason", release_reason(why)),
            TeamFact::ChargeMade(charge) => ("cause", cause(&charge.cause)),
            TeamFact::CoverContinued { cover, .. } => ("continued", continued(cover)),
            TeamFact::RenewalRefused { refusal: made, .. } | TeamFact::Refused { refusal: made, .. } => {
                if let Refusal::Limit { limit: of, .. } = made {
                    self.0.insert(("limit", limit(of)));
                }
                if let Refusal::Unknown(what) = made {
                    self.0.insert(("unknown", unknown(what)));
                }
                if let Refusal::JobEnded { state } = made {
                    self.0.insert(("state of a job", job_state(state)));
                }
                ("refusal", refusal(made))
            }
            TeamFact::MemberDeactivated { .. }
            | TeamFact::MemberErased { .. }
            | TeamFact::AssignmentRemoved { .. }
            | TeamFact::SeatSet { .. }
            | TeamFact::SeatRemoved { .. }
            | TeamFact::SeatBegun { .. }
            | TeamFact::DefaultAccessSet { products: None }
            | TeamFact::BlockedProductsSet { .. }
            | TeamFact::GroupSet { .. }
            | TeamFact::GroupRemoved { .. }
            | TeamFact::CapRemoved { .. }
            | TeamFact::RequiredTagsSet { .. }
            | TeamFact::AgreementRemoved { .. }
            | TeamFact::CreditsGranted { .. }
            | TeamFact::RenewalDeferred { .. }
            | TeamFact::JobExtended { .. }
            | TeamFact::LotCredited(_)
            | TeamFact::PaymentRecorded { .. }
            | TeamFact::InvoiceOverdue { .. }
            | TeamFact::LotExpired { .. }
            | TeamFact::LotClosed(_)
            | TeamFact::SessionLost { .. }
            | TeamFact::SessionEnded { .. }
            | TeamFact::RunUndone { .. } => return,
        };
        self.0.insert(part);
    }
}
