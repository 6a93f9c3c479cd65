//! A decision: a command met by the state of the moment, answered by entries and an outcome.
//!
//! All checks come first, in the order that the rules give; then the effects, each an entry. An entry is folded
//! as it is made, so that the next step of the same decision sees it; nothing but [`Team::evolve`] changes the
//! state. What is due is decided before what is asked, so an answer never depends on whether a timer has run.
//! Nothing here reads a clock: `now` is an argument.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::{Charged, QuoteAnswer, SessionAnswer};
use crate::catalogue::{Catalogue, IfMatch};
use crate::entry::{
    Access, Author, ClosedBy, Entry, InvoiceNumber, Payment, Role, SeriesFact, Span, Tags, TeamFact, TeamProfile,
};
use crate::id::{DeviceKey, MemberKey, OrderId, ProductCode, ProductKey, Seq, SessionId, SessionNo};
use crate::limits;
use crate::presence::Presence;
use crate::refusal::{Limit, Refusal, Unknown};
use crate::team::Team;
use crate::time::{Day, Instant};

/// What is asked of a team. A member of `None` is one that nobody knows by that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamCommand {
    SetTeam {
        profile: TeamProfile,
        if_match: Option<IfMatch>,
    },
    /// `person_changed`: whether what lies beside the ledger (name, address) changes too.
    SetMember {
        member: MemberKey,
        role: Role,
        person_changed: bool,
        if_match: Option<IfMatch>,
    },
    DeactivateMember {
        member: Option<MemberKey>,
        if_match: Option<IfMatch>,
    },
    /// The person is forgotten, and the key stays (V5). What lies beside the ledger goes in the same commit.
    EraseMember {
        member: Option<MemberKey>,
    },
    SetAssignment {
        member: Option<MemberKey>,
        products: AccessAsked,
        if_match: Option<IfMatch>,
    },
    RemoveAssignment {
        member: Option<MemberKey>,
        if_match: Option<IfMatch>,
    },
    SetSeat {
        member: Option<MemberKey>,
        product: ProductCode,
        span: Span,
        if_match: Option<IfMatch>,
    },
    RemoveSeat {
        member: Option<MemberKey>,
        product: ProductCode,
        if_match: Option<IfMatch>,
    },
    ReassignSeat {
        product: ProductCode,
        from: Option<MemberKey>,
        to: Option<MemberKey>,
    },
    SetDefaultAccess {
        products: Option<AccessAsked>,
        if_match: Option<IfMatch>,
    },
    SetBlockedProducts {
        products: Vec<ProductCode>,
        if_match: Option<IfMatch>,
    },
    PlaceOrder {
        order: OrderId,
        quantity: u64,
        payment: Payment,
    },
    RecordPayment {
        order: OrderId,
        paid_on: Option<Day>,
        reference: Option<String>,
    },
    QuoteSession {
        member: Option<MemberKey>,
        product: ProductCode,
    },
    OpenSession(OpenSession),
    Beat {
        session: SessionId,
        activity: Option<Instant>,
        lease: bool,
    },
    CloseSession {
        session: SessionId,
        activity: Option<Instant>,
        by: ClosedBy,
    },
    /// Nothing but what is due.
    Settle,
}

/// A product is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    pub session: SessionId,
    pub member: Option<MemberKey>,
    pub product: ProductCode,
    pub version: Option<String>,
    pub device: DeviceKey,
    pub tags: Tags,
}

/// Access by the codes of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessAsked {
    All,
    Named(Vec<ProductCode>),
}

/// What became of a command that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// A configuration stands; `revision` is the entry that it was last written by.
    Configured {
        created: bool,
        revision: u64,
    },
    /// An order was placed; it is found by the number of its entry.
    Ordered {
        seq: Seq,
    },
    /// A payment was recorded.
    Paid,
    Quoted(QuoteAnswer),
    /// `opened`: the number of the entry that holds what was decided.
    Opened {
        opened: Seq,
        answer: SessionAnswer,
    },
    Beaten(SessionAnswer),
    Closed(SessionAnswer),
    /// The session or order is known already: what was decided stands in the entry of this number.
    Known {
        seq: Seq,
    },
    /// Not in the state any more: ask what has been.
    Past,
    Settled,
}

/// A series of invoice numbers (P3): gapless by construction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    /// The number of its last entry, which is also the last invoice number given.
    pub seq: u64,
}

impl Series {
    /// Folds an entry.
    pub fn evolve(&mut self, _: &Entry<SeriesFact>) {
        self.seq += 1;
    }
}

/// What a decision meets.
pub struct Scene<'a> {
    pub team: &'a mut Team,
    pub presence: &'a mut Presence,
    pub catalogue: &'a Catalogue,
    /// The invoice series of `now`'s year.
    pub series: &'a mut Series,
}

/// The entries that a decision made, in order. They have been folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entries {
    pub team: Vec<Entry<TeamFact>>,
    pub series: Vec<Entry<SeriesFact>>,
}

/// Decides one command of a team at `now`: first what is due by then, then what is asked.
pub fn decide(scene: Scene<'_>, command: TeamCommand, by: Author, now: Instant) -> (Entries, Result<Granted, Refusal>) {
    let mut decision = Decision::new(scene, by, now);
    decision.run_due();
    let outcome = decision.command(command);
    (decision.entries, outcome)
}

/// When something of the team is due next, whether by its state or by silence.
pub fn next_due(team: &Team, presence: &Presence, catalogue: &Catalogue) -> Option<Instant> {
    crate::due::next(team, presence, catalogue).map(|(at, _)| at)
}

/// A decision under way.
pub(crate) struct Decision<'a> {
    pub(crate) team: &'a mut Team,
    pub(crate) presence: &'a mut Presence,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) series: &'a mut Series,
    pub(crate) now: Instant,
    pub(crate) by: Author,
    pub(crate) entries: Entries,
    /// The charges that were made, newest last.
    pub(crate) charged: Vec<Charged>,
}

impl<'a> Decision<'a> {
    pub(crate) fn new(scene: Scene<'a>, by: Author, now: Instant) -> Self {
        let Scene { team, presence, catalogue, series } = scene;
        Self { team, presence, catalogue, series, now, by, entries: Entries::default(), charged: Vec::new() }
    }

    /// Makes an entry and folds it.
    pub(crate) fn emit(&mut self, fact: TeamFact) -> Seq {
        let entry = Entry { at: self.now, by: self.by.clone(), fact };
        self.team.evolve(&entry);
        self.entries.team.push(entry);
        Seq(self.team.seq)
    }

    /// The next invoice number of the year, as an entry of its series.
    pub(crate) fn number_invoice(&mut self, year: i16, order: &OrderId) -> InvoiceNumber {
        let number = u32::try_from(self.series.seq + 1).expect("a year has fewer invoices than there are numbers");
        let number = InvoiceNumber { year, number };
        let fact = SeriesFact::InvoiceNumbered { number, team: self.team.id.clone(), order: order.clone() };
        let entry = Entry { at: self.now, by: self.by.clone(), fact };
        self.series.evolve(&entry);
        self.entries.series.push(entry);
        number
    }

    fn command(&mut self, command: TeamCommand) -> Result<Granted, Refusal> {
        if self.team.profile.is_none() && !matches!(command, TeamCommand::SetTeam { .. }) {
            return Err(Refusal::Unknown(Unknown::Team));
        }
        match command {
            TeamCommand::SetTeam { profile, if_match } => {
                let standing = self.team.profile.as_ref().map(|standing| *standing == profile);
                let standing = standing.map(|same| (self.team.profile_revision.0, same));
                self.configure(standing, if_match.as_ref(), || TeamFact::TeamSet(profile))
            }
            TeamCommand::SetMember { member, role, person_changed, if_match } => {
                self.set_member(member, role, person_changed, if_match.as_ref())
            }
            TeamCommand::DeactivateMember { member, if_match } => {
                let member = self.known_member(member)?;
                let standing = &self.team.members[&member];
                let standing = Some((standing.revision.0, !standing.active));
                self.configure(standing, if_match.as_ref(), || TeamFact::MemberDeactivated { member })
            }
            TeamCommand::EraseMember { member } => self.erase_member(member),
            TeamCommand::SetAssignment { member, products, if_match } => {
                let member = self.known_member(member)?;
                let products = self.access(products)?;
                let standing = self.team.members[&member].assignment.as_ref();
                let standing = standing.map(|(access, revision)| (revision.0, *access == products));
                self.configure(standing, if_match.as_ref(), || TeamFact::AssignmentSet { member, products })
            }
            TeamCommand::RemoveAssignment { member, if_match } => {
                let member = self.known_member(member)?;
                let standing = self.team.members[&member].assignment.as_ref();
                let standing = standing.map(|(_, revision)| revision.0).ok_or(Refusal::Unknown(Unknown::Assignment))?;
                IfMatch::check(if_match.as_ref(), Some(standing))?;
                let revision = self.emit(TeamFact::AssignmentRemoved { member }).0;
                Ok(Granted::Configured { created: false, revision })
            }
            TeamCommand::SetSeat { member, product, span, if_match } => {
                let member = self.known_member(member)?;
                let product = self.known_product(&product)?;
                self.set_seat(member, product, span, if_match.as_ref())
            }
            TeamCommand::RemoveSeat { member, product, if_match } => {
                let member = self.known_member(member)?;
                let product = self.known_product(&product)?;
                let standing = self.team.seats.get(&(member, product)).ok_or(Refusal::Unknown(Unknown::Seat))?;
                IfMatch::check(if_match.as_ref(), Some(standing.revision.0))?;
                let revision = self.emit(TeamFact::SeatRemoved { member, product }).0;
                Ok(Granted::Configured { created: false, revision })
            }
            TeamCommand::ReassignSeat { product, from, to } => {
                let from = self.known_member(from)?;
                let to = self.known_member(to)?;
                let product = self.known_product(&product)?;
                let span = self.team.seats.get(&(from, product)).ok_or(Refusal::Unknown(Unknown::Seat))?.span;
                if self.team.seats.contains_key(&(to, product)) {
                    return Err(Refusal::SeatTaken);
                }
                self.emit(TeamFact::SeatRemoved { member: from, product });
                self.set_seat(to, product, span, None)
            }
            TeamCommand::SetDefaultAccess { products, if_match } => {
                let products = products.map(|asked| self.access(asked)).transpose()?;
                let standing = Some((self.team.default_access_revision, self.team.default_access == products));
                self.configure(standing, if_match.as_ref(), || TeamFact::DefaultAccessSet { products })
            }
            TeamCommand::SetBlockedProducts { products, if_match } => {
                let products = self.known_products(&products)?;
                let standing = Some((self.team.blocked_revision, self.team.blocked == products));
                self.configure(standing, if_match.as_ref(), || TeamFact::BlockedProductsSet { products })
            }
            TeamCommand::PlaceOrder { order, quantity, payment } => {
                let outcome = self.place_order(order, quantity, payment);
                self.kept(None, None, outcome)
            }
            TeamCommand::RecordPayment { order, paid_on, reference } => {
                Ok(self.record_payment(&order, paid_on, reference))
            }
            TeamCommand::QuoteSession { member, product } => {
                let member = self.known_member(member)?;
                let product = self.known_product(&product)?;
                Ok(Granted::Quoted(self.quote(member, product)))
            }
            TeamCommand::OpenSession(open) => self.open_session(open),
            TeamCommand::Beat { session, activity, lease } => self.beat(&session, activity, lease),
            TeamCommand::CloseSession { session, activity, by } => Ok(self.close_session(&session, activity, by)),
            TeamCommand::Settle => Ok(Granted::Settled),
        }
    }

    /// Writes a configuration unless it stands already: `standing` is its revision, and whether it is the same.
    fn configure(
        &mut self,
        standing: Option<(u64, bool)>,
        if_match: Option<&IfMatch>,
        fact: impl FnOnce() -> TeamFact,
    ) -> Result<Granted, Refusal> {
        IfMatch::check(if_match, standing.map(|(revision, _)| revision))?;
        if let Some((revision, true)) = standing {
            return Ok(Granted::Configured { created: false, revision });
        }
        let revision = self.emit(fact()).0;
        Ok(Granted::Configured { created: standing.is_none(), revision })
    }

    fn set_member(
        &mut self,
        member: MemberKey,
        role: Role,
        person_changed: bool,
        if_match: Option<&IfMatch>,
    ) -> Result<Granted, Refusal> {
        let standing = self.team.members.get(&member);
        if standing.is_some_and(|standing| standing.erased) {
            return Err(Refusal::Unknown(Unknown::Member));
        }
        if standing.is_none() {
            room(self.team.members.len(), limits::MEMBERS, Limit::Members)?;
        }
        let standing =
            standing.map(|standing| (standing.revision.0, standing.active && standing.role == role && !person_changed));
        IfMatch::check(if_match, standing.map(|(revision, _)| revision))?;
        if role == Role::PrimaryAdmin && standing.is_none_or(|(_, same)| !same) {
            // At most one: naming another makes the former a secondary admin (rules, *member*).
            let former: Vec<MemberKey> = self
                .team
                .members
                .iter()
                .filter(|(key, other)| **key != member && other.role == Role::PrimaryAdmin)
                .map(|(key, _)| *key)
                .collect();
            for former in former {
                let was_active = self.team.members[&former].active;
                self.emit(TeamFact::MemberSet { member: former, role: Role::SecondaryAdmin });
                if !was_active {
                    self.emit(TeamFact::MemberDeactivated { member: former });
                }
            }
        }
        self.configure(standing, None, || TeamFact::MemberSet { member, role })
    }

    /// V5: ends what the member has open as an admin's close does, withdraws their seats, and forgets who it was. One
    /// who was erased before is answered alike.
    fn erase_member(&mut self, member: Option<MemberKey>) -> Result<Granted, Refusal> {
        let standing = member.and_then(|member| Some((member, self.team.members.get(&member)?)));
        let (member, standing) = standing.ok_or(Refusal::Unknown(Unknown::Member))?;
        if standing.erased {
            return Ok(Granted::Configured { created: false, revision: standing.revision.0 });
        }
        let open = self.team.open_sessions().filter(|(_, session)| session.member == member);
        for session in open.map(|(_, session)| session.id.clone()).collect::<Vec<_>>() {
            self.close_session(&session, None, ClosedBy::Admin);
        }
        let seats = self.team.seats.range((member, ProductKey(0))..=(member, ProductKey(u32::MAX)));
        for product in seats.map(|((_, product), _)| *product).collect::<Vec<_>>() {
            self.emit(TeamFact::SeatRemoved { member, product });
        }
        let revision = self.emit(TeamFact::MemberErased { member }).0;
        Ok(Granted::Configured { created: false, revision })
    }

    fn set_seat(
        &mut self,
        member: MemberKey,
        product: ProductKey,
        span: Span,
        if_match: Option<&IfMatch>,
    ) -> Result<Granted, Refusal> {
        let standing = self.team.seats.get(&(member, product));
        if standing.is_none() {
            room(self.team.seats.len(), limits::SEATS, Limit::Seats)?;
        }
        let now = self.now;
        let cover_ends = standing.map(|_| if span.contains(now) { span.end } else { now });
        let standing = standing.map(|seat| (seat.revision.0, seat.span == span));
        let granted = self.configure(standing, if_match, || TeamFact::SeatSet { member, product, span, cover_ends });
        // A seat that is in force from its entry on has begun.
        self.run_due();
        granted
    }

    /// The member, unless nobody knows them, the team does not have them, or they were erased.
    pub(crate) fn known_member(&self, member: Option<MemberKey>) -> Result<MemberKey, Refusal> {
        let has = |member: &MemberKey| self.team.members.get(member).is_some_and(|member| !member.erased);
        member.filter(has).ok_or(Refusal::Unknown(Unknown::Member))
    }

    pub(crate) fn known_product(&self, code: &ProductCode) -> Result<ProductKey, Refusal> {
        self.catalogue.product_called(code).map(|product| product.key).ok_or(Refusal::Unknown(Unknown::Product))
    }

    fn known_products(&self, codes: &[ProductCode]) -> Result<BTreeSet<ProductKey>, Refusal> {
        codes.iter().map(|code| self.known_product(code)).collect()
    }

    fn access(&self, asked: AccessAsked) -> Result<Access, Refusal> {
        Ok(match asked {
            AccessAsked::All => Access::All,
            AccessAsked::Named(codes) => Access::Named(self.known_products(&codes)?),
        })
    }

    /// Keeps a refusal by a rule as an entry, the first of its kind in an hour, and counts the others (V1).
    pub(crate) fn kept<T>(
        &mut self,
        member: Option<MemberKey>,
        product: Option<ProductKey>,
        outcome: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if let Err(refusal) = &outcome
            && refusal.is_kept()
        {
            match self.team.kept_refusal(&(member, product, refusal.code()), self.now) {
                Some(kept) => self.presence.repeated(kept),
                None => {
                    self.emit(TeamFact::Refused { member, product, refusal: refusal.clone() });
                }
            }
        }
        outcome
    }

    /// The number of a session that is open or can still be revived.
    pub(crate) fn live(&self, session: &SessionId) -> Option<SessionNo> {
        self.team.session_number(session)
    }
}

/// Refuses when there are as many as there may be.
pub(crate) fn room(len: usize, most: usize, limit: Limit) -> Result<(), Refusal> {
    if len < most { Ok(()) } else { Err(Refusal::Limit { limit, value: u64::try_from(most).unwrap_or(u64::MAX) }) }
}
