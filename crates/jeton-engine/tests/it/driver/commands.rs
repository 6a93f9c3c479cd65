//! What is asked: every command that the driver knows, and nothing else about it.
//!
//! A new command needs a line in [`team_command`], a line in [`says`] when it is granted by an entry, and, when it has
//! an id of its own, a line in [`named`], [`binds`] and [`otherwise`].

use jeton_core::catalogue::{Names, Offer, ProductSpec, Settings, VendorCommand};
use jeton_core::decision::{AccessAsked, OpenSession, TeamCommand};
use jeton_core::entry::{Access, ClosedBy, Payment, Role, Span, Tags, TeamFact, TeamProfile, VendorFact};
use jeton_core::id::{DeviceKey, MemberKey, OrderId, ProductCode, ProductKey, SessionId, TeamId};
use jeton_core::price::{PriceListSpec, Tier, Tiers};
use jeton_core::time::Instant;
use jeton_engine::SessionMessage;

use super::chance::{Chance, later};

const SECOND: i64 = 1_000_000;

/// A request, as it is sent and may be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    Team(TeamId, TeamCommand),
    Session(SessionId, SessionMessage),
    Vendor(VendorCommand),
    /// The sandbox's clock is moved.
    Clock(Instant),
    Checkpoint,
}

/// An id of a client's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    Session(SessionId),
    Order(TeamId, OrderId),
}

/// What requests are drawn from.
pub(crate) struct Known<'a> {
    pub(crate) teams: &'a [TeamId],
    pub(crate) members: u32,
    pub(crate) products: u32,
    /// By whom products are open, as far as it was told.
    pub(crate) open: &'a [SessionId],
    /// The ids that were asked for so far, and what for.
    pub(crate) asked: &'a [(Id, Asked)],
    pub(crate) now: Instant,
    /// How many ids have been used.
    pub(crate) used: u64,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Open,
    Again,
    Otherwise,
    Beat,
    Close,
    Order,
    Pay,
    Seat,
    SeatGone,
    SeatMoves,
    Member,
    Gone,
    Assign,
    Unassign,
    Default,
    Block,
    Rate,
    Product,
    Settings,
    Quote,
    Checkpoint,
}

const KINDS: [(u64, Kind); 21] = [
    (24, Kind::Open),
    (8, Kind::Again),
    (4, Kind::Otherwise),
    (26, Kind::Beat),
    (9, Kind::Close),
    (5, Kind::Order),
    (6, Kind::Pay),
    (3, Kind::Seat),
    (1, Kind::SeatGone),
    (1, Kind::SeatMoves),
    (1, Kind::Member),
    (1, Kind::Gone),
    (2, Kind::Assign),
    (1, Kind::Unassign),
    (1, Kind::Default),
    (1, Kind::Block),
    (2, Kind::Rate),
    (1, Kind::Product),
    (1, Kind::Settings),
    (1, Kind::Quote),
    (2, Kind::Checkpoint),
];

impl Asked {
    /// The next request.
    pub(crate) fn draw(chance: &mut Chance, known: &Known<'_>) -> Self {
        match chance.weighed(&KINDS) {
            Kind::Again if !known.asked.is_empty() => chance.one(known.asked).1.clone(),
            Kind::Otherwise if !known.asked.is_empty() => {
                let again = chance.one(known.asked).1.clone();
                again.otherwise(chance, known)
            }
            Kind::Beat if !known.open.is_empty() => {
                let activity = chance.percent(30).then(|| later(known.now, -SECOND));
                let lease = chance.percent(20);
                Self::Session(chance.one(known.open).clone(), SessionMessage::Beat { activity, lease })
            }
            Kind::Close if !known.open.is_empty() => {
                let by = if chance.percent(30) { ClosedBy::Admin } else { ClosedBy::Client };
                Self::Session(chance.one(known.open).clone(), SessionMessage::Close { activity: None, by })
            }
            Kind::Rate => {
                let tokens = *chance.one(&["0", "0.5", "1", "2", "7"]);
                let starts_at = later(known.now, chance.weighed(&[(2, 0), (1, -SECOND), (1, 3_600 * SECOND)]));
                Self::Vendor(rate(product(chance, known), tokens, starts_at))
            }
            Kind::Product => {
                let undo_s = chance.weighed(&[(2, 300), (1, 60), (1, 0)]);
                Self::Vendor(set_product(product(chance, known), undo_s))
            }
            Kind::Settings => Self::Vendor(VendorCommand::SetSettings(settings(chance))),
            Kind::Checkpoint => Self::Checkpoint,
            kind => {
                let team = chance.one(known.teams).clone();
                let command = team_command(kind, &team, chance, known);
                Self::Team(team, command)
            }
        }
    }

    /// The same id, with other content.
    pub(crate) fn otherwise(self, chance: &mut Chance, known: &Known<'_>) -> Self {
        let Self::Team(team, command) = self else { return self };
        match command {
            TeamCommand::OpenSession(open) => {
                let (team, open) = match chance.below(4) {
                    0 => (team, OpenSession { device: DeviceKey(open.device.0 + 1), ..open }),
                    1 => (team, OpenSession { version: Some("another".into()), ..open }),
                    2 => (team, OpenSession { member: Some(member(chance, known)), ..open }),
                    _ => (chance.one(known.teams).clone(), open),
                };
                Self::Team(team, TeamCommand::OpenSession(open))
            }
            TeamCommand::PlaceOrder { order, quantity, payment } => {
                Self::Team(team, TeamCommand::PlaceOrder { order, quantity: quantity + 1, payment })
            }
            command => Self::Team(team, command),
        }
    }

    /// The id of its own.
    pub(crate) fn named(&self) -> Option<Id> {
        match self {
            Self::Team(team, command) => named(team, command),
            Self::Session(..) | Self::Vendor(_) | Self::Clock(_) | Self::Checkpoint => None,
        }
    }

    /// The session whose client's own message this is, a proof of use.
    pub(crate) fn proves(&self) -> Option<&SessionId> {
        match self {
            Self::Team(_, TeamCommand::OpenSession(open)) => Some(&open.session),
            Self::Session(
                session,
                SessionMessage::Beat { .. } | SessionMessage::Close { by: ClosedBy::Client, .. },
            ) => Some(session),
            Self::Team(..) | Self::Session(..) | Self::Vendor(_) | Self::Clock(_) | Self::Checkpoint => None,
        }
    }
}

fn team_command(kind: Kind, team: &TeamId, chance: &mut Chance, known: &Known<'_>) -> TeamCommand {
    let orders: Vec<&OrderId> = known
        .asked
        .iter()
        .filter_map(|(id, _)| match id {
            Id::Order(of, order) if of == team => Some(order),
            _ => None,
        })
        .collect();
    match kind {
        Kind::Order => TeamCommand::PlaceOrder {
            order: format!("o{}", known.used).parse().unwrap(),
            quantity: chance.between(1, 30),
            payment: if chance.percent(30) { Payment::Card } else { Payment::Invoice },
        },
        Kind::Pay if !orders.is_empty() => pay((*chance.one(&orders)).clone()),
        Kind::Seat => {
            let start = later(known.now, chance.weighed(&[(2, 0), (1, -100 * SECOND), (2, 200 * SECOND)]));
            let length = chance.weighed(&[(1, 60), (2, 1_000), (2, 90_000)]);
            let span = Span { start, end: later(start, length * SECOND) };
            TeamCommand::SetSeat {
                member: Some(member(chance, known)),
                product: product(chance, known),
                span,
                plan: None,
                if_match: None,
            }
        }
        Kind::SeatGone => TeamCommand::RemoveSeat {
            member: Some(member(chance, known)),
            product: product(chance, known),
            if_match: None,
        },
        Kind::SeatMoves => TeamCommand::ReassignSeat {
            product: product(chance, known),
            from: Some(member(chance, known)),
            to: Some(member(chance, known)),
        },
        Kind::Member => {
            let role = *chance.one(&[Role::Member, Role::PrimaryAdmin, Role::Billing]);
            set_member(member(chance, known), role)
        }
        Kind::Gone => TeamCommand::DeactivateMember { member: Some(member(chance, known)), if_match: None },
        Kind::Assign => {
            let products =
                if chance.percent(70) { AccessAsked::All } else { AccessAsked::Named(vec![product(chance, known)]) };
            TeamCommand::SetAssignment { member: Some(member(chance, known)), products, if_match: None }
        }
        Kind::Unassign => TeamCommand::RemoveAssignment { member: Some(member(chance, known)), if_match: None },
        Kind::Default => {
            let products = chance.percent(60).then_some(AccessAsked::All);
            TeamCommand::SetDefaultAccess { products, if_match: None }
        }
        Kind::Block => {
            let products = if chance.percent(30) { vec![product(chance, known)] } else { vec![] };
            TeamCommand::SetBlockedProducts { products, if_match: None }
        }
        Kind::Quote => TeamCommand::QuoteSession {
            member: Some(member(chance, known)),
            product: product(chance, known),
            tags: None,
        },
        _ => TeamCommand::OpenSession(OpenSession {
            session: format!("s{}", known.used).parse().unwrap(),
            member: Some(member(chance, known)),
            product: product(chance, known),
            version: None,
            device: DeviceKey(chance.between(1, 3)),
            tags: if chance.percent(20) { Tags::from([("project".into(), "bridge".into())]) } else { Tags::new() },
        }),
    }
}

/// The id of its own that a command has.
pub(crate) fn named(team: &TeamId, command: &TeamCommand) -> Option<Id> {
    match command {
        TeamCommand::OpenSession(open) => Some(Id::Session(open.session.clone())),
        TeamCommand::PlaceOrder { order, .. } => Some(Id::Order(team.clone(), order.clone())),
        _ => None,
    }
}

/// The id that an entry binds for ever.
pub(crate) fn binds(team: &TeamId, fact: &TeamFact) -> Option<Id> {
    match fact {
        TeamFact::SessionOpened(opened) => Some(Id::Session(opened.session.clone())),
        TeamFact::OrderPlaced(placed) => Some(Id::Order(team.clone(), placed.order.clone())),
        _ => None,
    }
}

/// Whether an entry is what a command asked for, all of it.
pub(crate) fn says(command: &TeamCommand, fact: &TeamFact) -> bool {
    match (command, fact) {
        (TeamCommand::OpenSession(asked), TeamFact::SessionOpened(opened)) => {
            (&asked.session, asked.member, key(&asked.product), &asked.version, asked.device, &asked.tags)
                == (&opened.session, Some(opened.member), opened.product, &opened.version, opened.device, &opened.tags)
        }
        (TeamCommand::PlaceOrder { order, quantity, payment }, TeamFact::OrderPlaced(placed)) => {
            (order, quantity, payment) == (&placed.order, &placed.quantity, &placed.payment)
        }
        (TeamCommand::RecordPayment { order, .. }, TeamFact::PaymentRecorded { order: paid, .. }) => order == paid,
        (TeamCommand::SetTeam { profile, .. }, TeamFact::TeamSet(set)) => profile == set,
        (TeamCommand::SetMember { member, role, .. }, TeamFact::MemberSet { member: set, role: as_role }) => {
            (member, role) == (set, as_role)
        }
        (TeamCommand::DeactivateMember { member, .. }, TeamFact::MemberDeactivated { member: gone })
        | (TeamCommand::RemoveAssignment { member, .. }, TeamFact::AssignmentRemoved { member: gone }) => {
            *member == Some(*gone)
        }
        (
            TeamCommand::SetAssignment { member, products, .. },
            TeamFact::AssignmentSet { member: set, products: access },
        ) => *member == Some(*set) && allows(products) == *access,
        (
            TeamCommand::SetSeat { member, product, span, .. },
            TeamFact::SeatSet { member: set, product: of, span: as_span, .. },
        ) => (*member, key(product), span) == (Some(*set), *of, as_span),
        (TeamCommand::RemoveSeat { member, product, .. }, TeamFact::SeatRemoved { member: of, product: gone }) => {
            (*member, key(product)) == (Some(*of), *gone)
        }
        (TeamCommand::ReassignSeat { product, to, .. }, TeamFact::SeatSet { member, product: of, .. }) => {
            (*to, key(product)) == (Some(*member), *of)
        }
        (TeamCommand::SetDefaultAccess { products, .. }, TeamFact::DefaultAccessSet { products: set }) => {
            products.as_ref().map(allows) == *set
        }
        (TeamCommand::SetBlockedProducts { products, .. }, TeamFact::BlockedProductsSet { products: set }) => {
            products.iter().map(key).eq(set.iter().copied())
        }
        _ => false,
    }
}

/// Whether an entry is what the vendor asked for.
pub(crate) fn vendor_says(command: &VendorCommand, fact: &VendorFact) -> bool {
    match (command, fact) {
        (VendorCommand::SetProduct { code, spec }, VendorFact::ProductSet { code: set, spec: as_spec, .. }) => {
            (code, spec) == (set, as_spec)
        }
        (
            VendorCommand::SetRate { code, starts_at, offer },
            VendorFact::RateSet { product, starts_at: set, offer: offered },
        ) => (key(code), starts_at, offer) == (*product, set, offered),
        (
            VendorCommand::SetPriceList { price_list, spec },
            VendorFact::PriceListSet { price_list: set, spec: as_spec },
        ) => (price_list, spec) == (set, as_spec),
        (VendorCommand::SetSettings(settings), VendorFact::SettingsSet(set)) => settings == set,
        _ => false,
    }
}

fn allows(asked: &AccessAsked) -> Access {
    match asked {
        AccessAsked::All => Access::All,
        AccessAsked::Named(codes) => Access::Named(codes.iter().map(key).collect()),
    }
}

/// Mostly the first, so that what is done meets.
fn member(chance: &mut Chance, known: &Known<'_>) -> MemberKey {
    let last = u64::from(known.members);
    let member = if chance.percent(50) { 1 } else { chance.between(1, last) };
    MemberKey(u32::try_from(member).unwrap())
}

fn product(chance: &mut Chance, known: &Known<'_>) -> ProductCode {
    if chance.percent(50) { code(0) } else { code(chance.below(u64::from(known.products))) }
}

/// The code of a product, by its number in the catalogue.
pub(crate) fn code(number: u64) -> ProductCode {
    format!("p{number}").parse().unwrap()
}

fn key(code: &ProductCode) -> ProductKey {
    ProductKey(code.as_str()[1..].parse().unwrap())
}

pub(crate) fn set_product(code: ProductCode, undo_s: u32) -> VendorCommand {
    let names = Names { en: code.to_string(), fr: code.to_string() };
    let spec = ProductSpec {
        names,
        uses: Vec::new(),
        versions: Vec::new(),
        undo_s,
        idle_aware: false,
        idle_after_s: 900,
        min_balance: "0".parse().unwrap(),
    };
    VendorCommand::SetProduct { code, spec }
}

pub(crate) fn rate(code: ProductCode, tokens: &str, starts_at: Instant) -> VendorCommand {
    VendorCommand::SetRate { code, starts_at, offer: Offer::PerDay(tokens.parse().unwrap()) }
}

pub(crate) fn price_list() -> VendorCommand {
    let spec = PriceListSpec {
        currency: "EUR".parse().unwrap(),
        tiers: Tiers::new(vec![Tier { from: 1, unit_price: "3.33".parse().unwrap() }], 1).unwrap(),
        countries: Vec::new(),
        starts_at: None,
        partner: None,
        min_quantity: 1,
        step: 1,
        by_agreement: false,
    };
    VendorCommand::SetPriceList { price_list: "reference".parse().unwrap(), spec }
}

/// Now and then clients may be silent for days, so that what is open outlives its window.
pub(crate) fn settings(chance: &mut Chance) -> Settings {
    Settings {
        lost_after_s: chance.weighed(&[(1, 600), (1, 200_000)]),
        undone_limit: chance.weighed(&[(1, 1), (2, 3)]),
        ..Settings::default()
    }
}

pub(crate) fn enter(zone: &str) -> TeamCommand {
    let profile = TeamProfile {
        name: "a team".into(),
        country: "FR".into(),
        currency: "EUR".parse().unwrap(),
        time_zone: zone.parse().unwrap(),
        locale: "fr".into(),
    };
    TeamCommand::SetTeam { profile, if_match: None }
}

pub(crate) fn set_member(member: MemberKey, role: Role) -> TeamCommand {
    TeamCommand::SetMember { member, role, person_changed: false, if_match: None }
}

pub(crate) fn pay(order: OrderId) -> TeamCommand {
    TeamCommand::RecordPayment { order, paid_on: None, reference: None }
}
