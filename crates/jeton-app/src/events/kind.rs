//! Which events each entry of the log is.
//!
//! What always holds: every kind of entry is in one of the tables here, without a wildcard, so a new one does not
//! compile until it is said which events it is, or that it is none. An entry is the same events in the same order
//! whenever it is told.
//!
//! What it does not do: say what an event carries, or find where little remains of a team's tokens (N1), which no entry
//! says by itself.

use jeton_core::entry::{JobRelease, OpeningCover, SeriesFact, TeamFact, VendorFact};
use jeton_core::refusal::Refusal;

macro_rules! kinds {
    ($($kind:ident, $name:literal;)+) => {
        /// What can happen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventKind {
            $(#[doc = concat!("`", $name, "`")] $kind,)+
        }

        impl EventKind {
            /// All of them, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The `type` of its envelope.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    ChargeMade,         "jeton.charge.made";
    HoldSet,            "jeton.hold.set";
    HoldReleased,       "jeton.hold.released";
    BalanceLow,         "jeton.balance.low";

    SessionOpened,      "jeton.session.opened";
    SessionContinued,   "jeton.session.continued";
    SessionIdle,        "jeton.session.idle";
    SessionReturned,    "jeton.session.returned";
    SessionRevived,     "jeton.session.revived";
    SessionUnfunded,    "jeton.session.unfunded";
    SessionEnded,       "jeton.session.ended";
    SessionUndone,      "jeton.session.undone";
    SessionRefused,     "jeton.session.refused";

    JobHeld,            "jeton.job.held";
    JobExtended,        "jeton.job.extended";
    JobCommitted,       "jeton.job.committed";
    JobReleased,        "jeton.job.released";
    JobLapsed,          "jeton.job.lapsed";

    OrderPlaced,        "jeton.order.placed";
    OrderPaid,          "jeton.order.paid";
    OrderRefused,       "jeton.order.refused";
    LotCredited,        "jeton.lot.credited";
    LotExpired,         "jeton.lot.expired";
    LotClosed,          "jeton.lot.closed";
    InvoiceOverdue,     "jeton.invoice.overdue";
    InvoiceSettled,     "jeton.invoice.settled";

    CapReached,         "jeton.cap.reached";
    CapSet,             "jeton.cap.set";
    CapRemoved,         "jeton.cap.removed";

    TeamSet,            "jeton.team.set";
    MemberSet,          "jeton.member.set";
    MemberDeactivated,  "jeton.member.deactivated";
    MemberErased,       "jeton.member.erased";
    AssignmentSet,      "jeton.assignment.set";
    AssignmentRemoved,  "jeton.assignment.removed";
    SeatSet,            "jeton.seat.set";
    SeatRemoved,        "jeton.seat.removed";
    SeatBegun,          "jeton.seat.begun";
    GroupSet,           "jeton.group.set";
    GroupRemoved,       "jeton.group.removed";
    DefaultAccessSet,   "jeton.default_access.set";
    BlockedProductsSet, "jeton.blocked_products.set";
    RequiredTagsSet,    "jeton.required_tags.set";
    PlanSet,            "jeton.plan.set";
    AgreementSet,       "jeton.agreement.set";
    AgreementRemoved,   "jeton.agreement.removed";
    CreditsGranted,     "jeton.credits.granted";

    ProductSet,         "jeton.product.set";
    RateSet,            "jeton.rate.set";
    RateRemoved,        "jeton.rate.removed";
    UseSet,             "jeton.use.set";
    PriceListSet,       "jeton.price_list.set";
    SettingsSet,        "jeton.settings.set";
    ApiKeyCreated,      "jeton.api_key.created";
    ApiKeyRevoked,      "jeton.api_key.revoked";
    EnrolmentCreated,   "jeton.enrolment.created";
    EnrolmentWithdrawn, "jeton.enrolment.withdrawn";
    ClockMoved,         "jeton.clock.moved";
    ClockAccepted,      "jeton.clock.accepted";
    EpochBegun,         "jeton.epoch.begun";
}

impl EventKind {
    /// The kind that has this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// The events that an entry of a team is, in order.
pub(super) fn of_team(fact: &TeamFact) -> Vec<EventKind> {
    use EventKind as Kind;
    match fact {
        TeamFact::TeamSet(_) => vec![Kind::TeamSet],
        TeamFact::MemberSet { .. } => vec![Kind::MemberSet],
        TeamFact::MemberDeactivated { .. } => vec![Kind::MemberDeactivated],
        TeamFact::MemberErased { .. } => vec![Kind::MemberErased],
        TeamFact::AssignmentSet { .. } => vec![Kind::AssignmentSet],
        TeamFact::AssignmentRemoved { .. } => vec![Kind::AssignmentRemoved],
        TeamFact::SeatSet { .. } => vec![Kind::SeatSet],
        TeamFact::SeatRemoved { .. } => vec![Kind::SeatRemoved],
        TeamFact::SeatBegun { .. } => vec![Kind::SeatBegun],
        TeamFact::DefaultAccessSet { .. } => vec![Kind::DefaultAccessSet],
        TeamFact::BlockedProductsSet { .. } => vec![Kind::BlockedProductsSet],
        TeamFact::GroupSet { .. } => vec![Kind::GroupSet],
        TeamFact::GroupRemoved { .. } => vec![Kind::GroupRemoved],
        TeamFact::CapSet { .. } => vec![Kind::CapSet],
        TeamFact::CapRemoved { .. } => vec![Kind::CapRemoved],
        TeamFact::RequiredTagsSet { .. } => vec![Kind::RequiredTagsSet],
        TeamFact::PlanSet { .. } => vec![Kind::PlanSet],
        TeamFact::AgreementSet { .. } => vec![Kind::AgreementSet],
        TeamFact::AgreementRemoved { .. } => vec![Kind::AgreementRemoved],
        TeamFact::CreditsGranted { .. } => vec![Kind::CreditsGranted],
        TeamFact::OrderPlaced(_) => vec![Kind::OrderPlaced],
        TeamFact::LotCredited(_) => vec![Kind::LotCredited],
        // Which of both it settles, who has the order knows: an order on invoice has an invoice.
        TeamFact::PaymentRecorded { .. } => vec![Kind::OrderPaid, Kind::InvoiceSettled],
        TeamFact::InvoiceOverdue { .. } => vec![Kind::InvoiceOverdue],
        TeamFact::LotExpired { .. } => vec![Kind::LotExpired],
        TeamFact::LotClosed(_) => vec![Kind::LotClosed],
        TeamFact::SessionOpened(opened) => with_hold(Kind::SessionOpened, &opened.cover),
        TeamFact::SessionRevived { cover, .. } => with_hold(Kind::SessionRevived, cover),
        TeamFact::SessionClosed { .. } | TeamFact::SessionLost { .. } | TeamFact::SessionEnded { .. } => {
            vec![Kind::SessionEnded]
        }
        TeamFact::RunUndone { .. } => vec![Kind::SessionUndone],
        TeamFact::HoldReleased { .. } => vec![Kind::HoldReleased],
        TeamFact::ChargeMade(_) => vec![Kind::ChargeMade],
        TeamFact::CoverContinued { .. } => vec![Kind::SessionContinued],
        TeamFact::RenewalRefused { refusal, .. } => with_cap(Kind::SessionUnfunded, refusal),
        TeamFact::RenewalDeferred { .. } => vec![Kind::SessionIdle],
        TeamFact::SessionReturned { cover, .. } => with_hold(Kind::SessionReturned, cover),
        TeamFact::JobHeld(_) => vec![Kind::JobHeld],
        TeamFact::JobExtended { .. } => vec![Kind::JobExtended],
        TeamFact::JobCommitted(_) => vec![Kind::JobCommitted, Kind::ChargeMade],
        TeamFact::JobReleased { why: JobRelease::Released, .. } => vec![Kind::JobReleased],
        TeamFact::JobReleased { why: JobRelease::Lapsed, .. } => vec![Kind::JobLapsed],
        // Orders alone are refused without a product.
        TeamFact::Refused { product: None, .. } => vec![Kind::OrderRefused],
        TeamFact::Refused { refusal, .. } => with_cap(Kind::SessionRefused, refusal),
    }
}

/// The events that an entry of the vendor is, in order.
pub(super) fn of_vendor(fact: &VendorFact) -> Vec<EventKind> {
    use EventKind as Kind;
    match fact {
        VendorFact::ProductSet { .. } => vec![Kind::ProductSet],
        VendorFact::RateSet { .. } => vec![Kind::RateSet],
        VendorFact::RateRemoved { .. } => vec![Kind::RateRemoved],
        VendorFact::UseSet { .. } => vec![Kind::UseSet],
        VendorFact::PriceListSet { .. } => vec![Kind::PriceListSet],
        VendorFact::SettingsSet(_) => vec![Kind::SettingsSet],
        VendorFact::KeyCreated { .. } => vec![Kind::ApiKeyCreated],
        VendorFact::KeyRevoked { .. } => vec![Kind::ApiKeyRevoked],
        VendorFact::EnrolmentCreated { .. } => vec![Kind::EnrolmentCreated],
        VendorFact::EnrolmentWithdrawn { .. } => vec![Kind::EnrolmentWithdrawn],
        VendorFact::ClockMoved { .. } => vec![Kind::ClockMoved],
        VendorFact::ClockAccepted { .. } => vec![Kind::ClockAccepted],
        VendorFact::EpochBegun { .. } => vec![Kind::EpochBegun],
    }
}

/// The events that an entry of a series of invoice numbers is: none. The order that has the number tells it.
pub(super) fn of_series(fact: &SeriesFact) -> Vec<EventKind> {
    match fact {
        SeriesFact::InvoiceNumbered { .. } => Vec::new(),
    }
}

fn with_hold(kind: EventKind, cover: &OpeningCover) -> Vec<EventKind> {
    match cover {
        OpeningCover::Hold(_) => vec![kind, EventKind::HoldSet],
        OpeningCover::Seat { .. }
        | OpeningCover::Window { .. }
        | OpeningCover::Joined { .. }
        | OpeningCover::Charge => vec![kind],
    }
}

fn with_cap(kind: EventKind, refusal: &Refusal) -> Vec<EventKind> {
    if matches!(refusal, Refusal::CapReached(_)) { vec![kind, EventKind::CapReached] } else { vec![kind] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::named(kind.name()), Some(*kind));
        }
        assert_eq!(EventKind::named("jeton.charge.unmade"), None);
    }

    #[test]
    fn every_kind_is_in_the_documentation() {
        let documentation = include_str!("../../../../docs/api.md");
        for kind in EventKind::ALL {
            assert!(documentation.contains(&format!("`{}`", kind.name())), "{}", kind.name());
        }
    }
}
