//! A decision: a command met by the state of the moment, answered by entries and an outcome.
//!
//! All checks come first, in the order that the rules give; then the effects, each an entry. An entry is folded
//! as it is made, so that the next step of the same decision sees it; nothing but [`Team::evolve`] changes the
//! state. What is due is decided before what is asked, so an answer never depends on whether a timer has run.
//! Nothing here reads a clock: `now` is an argument.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::{Charged, QuoteAnswer, SessionAnswer};
use crate::cap::{Per, Strength};
use crate::catalogue::{Catalogue, IfMatch, Offer};
use crate::entry::{
    Author, ClosedBy, Entry, InvoiceNumber, Payment, Plan, Role, SeriesFact, Span, Tags, TeamFact, TeamProfile,
};
use crate::id::{
    AgreementId, CapId, DeviceKey, GrantId, GroupId, JobId, MemberKey, OrderId, PriceListId, ProductCode, ProductKey,
    Seq, SessionId, SessionNo,
};
use crate::job::{JobAnswer, JobAsked, JobQuote, LapsedJob, PartAsked};
use crate::presence::Presence;
use crate::refusal::{Limit, Refusal, Unknown};
use crate::team::Team;
use crate::time::{Day, Instant};
use crate::tokens::Tokens;

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
        plan: Option<Plan>,
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
    SetGroup {
        group: GroupId,
        asked: GroupAsked,
        if_match: Option<IfMatch>,
    },
    RemoveGroup {
        group: GroupId,
        if_match: Option<IfMatch>,
    },
    SetCap {
        cap: CapId,
        asked: CapAsked,
        if_match: Option<IfMatch>,
    },
    RemoveCap {
        cap: CapId,
        if_match: Option<IfMatch>,
    },
    SetRequiredTags {
        tags: BTreeSet<String>,
        if_match: Option<IfMatch>,
    },
    SetPlan {
        plan: Plan,
        span: Span,
        if_match: Option<IfMatch>,
    },
    SetAgreement {
        agreement: AgreementId,
        asked: AgreementAsked,
        if_match: Option<IfMatch>,
    },
    RemoveAgreement {
        agreement: AgreementId,
        if_match: Option<IfMatch>,
    },
    GrantCredits {
        member: Option<MemberKey>,
        grant: GrantId,
        credits: Tokens,
        ends_at: Instant,
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
        /// Without one, devices are not counted.
        device: Option<DeviceKey>,
        /// Without any, required tags are not asked for.
        tags: Option<Tags>,
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
    QuoteJob(JobAsked),
    HoldJob {
        job: JobId,
        asked: JobAsked,
    },
    /// `parts`: what was delivered, if it is less than was held. `lapsed`: what the job asked for, where its hold has
    /// lapsed and is no more in the state.
    CommitJob {
        job: JobId,
        parts: Option<Vec<PartAsked>>,
        lapsed: Option<Box<LapsedJob>>,
    },
    ExtendJob {
        job: JobId,
    },
    ReleaseJob {
        job: JobId,
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

/// A group, as it is asked for. A member of `None` is one that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupAsked {
    pub name: String,
    pub members: Vec<Option<MemberKey>>,
    pub products: Option<AccessAsked>,
}

/// A cap, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapAsked {
    pub of: CapOfAsked,
    pub per: Per,
    pub tokens: Tokens,
    pub strength: Strength,
}

/// Whose use is to be capped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapOfAsked {
    Member(Option<MemberKey>),
    Group(GroupId),
    Product(ProductCode),
    Team,
}

/// An enterprise agreement, as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementAsked {
    pub span: Span,
    pub rates: BTreeMap<ProductCode, Offer>,
    pub price_list: Option<PriceListId>,
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
    JobQuoted(JobQuote),
    /// A job as it stands after what was asked.
    Job(JobAnswer),
    /// The session, job or order is known already: what was decided stands in the entry of this number.
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
            TeamCommand::SetTeam { profile, if_match } => self.set_team(profile, if_match.as_ref()),
            TeamCommand::SetMember { member, role, person_changed, if_match } => {
                self.set_member(member, role, person_changed, if_match.as_ref())
            }
            TeamCommand::DeactivateMember { member, if_match } => self.deactivate(member, if_match.as_ref()),
            TeamCommand::EraseMember { member } => self.erase_member(member),
            TeamCommand::SetAssignment { member, products, if_match } => {
                self.assign(member, products, if_match.as_ref())
            }
            TeamCommand::RemoveAssignment { member, if_match } => self.unassign(member, if_match.as_ref()),
            TeamCommand::SetSeat { member, product, span, plan, if_match } => {
                let member = self.known_member(member)?;
                let product = self.known_product(&product)?;
                self.set_seat(member, product, (span, plan), if_match.as_ref())
            }
            TeamCommand::RemoveSeat { member, product, if_match } => {
                self.remove_seat(member, &product, if_match.as_ref())
            }
            TeamCommand::ReassignSeat { product, from, to } => self.reassign_seat(&product, from, to),
            TeamCommand::SetDefaultAccess { products, if_match } => {
                self.set_default_access(products, if_match.as_ref())
            }
            TeamCommand::SetBlockedProducts { products, if_match } => self.block(&products, if_match.as_ref()),
            TeamCommand::SetGroup { group, asked, if_match } => self.set_group(group, asked, if_match.as_ref()),
            TeamCommand::RemoveGroup { group, if_match } => self.remove_group(group, if_match.as_ref()),
            TeamCommand::SetCap { cap, asked, if_match } => self.set_cap(cap, asked, if_match.as_ref()),
            TeamCommand::RemoveCap { cap, if_match } => self.remove_cap(cap, if_match.as_ref()),
            TeamCommand::SetRequiredTags { tags, if_match } => self.require_tags(tags, if_match.as_ref()),
            TeamCommand::SetPlan { plan, span, if_match } => self.set_plan(plan, span, if_match.as_ref()),
            TeamCommand::SetAgreement { agreement, asked, if_match } => {
                self.set_agreement(agreement, asked, if_match.as_ref())
            }
            TeamCommand::RemoveAgreement { agreement, if_match } => self.remove_agreement(agreement, if_match.as_ref()),
            TeamCommand::GrantCredits { member, grant, credits, ends_at, if_match } => {
                self.grant_credits(member, grant, (credits, ends_at), if_match.as_ref())
            }
            TeamCommand::PlaceOrder { order, quantity, payment } => {
                let outcome = self.place_order(order, quantity, payment);
                self.kept(None, None, outcome)
            }
            TeamCommand::RecordPayment { order, paid_on, reference } => {
                Ok(self.record_payment(&order, paid_on, reference))
            }
            TeamCommand::QuoteSession { member, product, device, tags } => {
                let member = self.known_member(member)?;
                let product = self.known_product(&product)?;
                Ok(Granted::Quoted(self.quote(member, product, device, tags.as_ref())))
            }
            TeamCommand::OpenSession(open) => self.open_session(open),
            TeamCommand::Beat { session, activity, lease } => self.beat(&session, activity, lease),
            TeamCommand::CloseSession { session, activity, by } => Ok(self.close_session(&session, activity, by)),
            TeamCommand::QuoteJob(asked) => self.quote_job(&asked),
            TeamCommand::HoldJob { job, asked } => self.hold_job(job, &asked),
            TeamCommand::CommitJob { job, parts, lapsed } => self.commit_job(&job, parts.as_deref(), lapsed.as_deref()),
            TeamCommand::ExtendJob { job } => Ok(self.extend_job(&job)),
            TeamCommand::ReleaseJob { job } => Ok(self.release_job(&job)),
            TeamCommand::Settle => Ok(Granted::Settled),
        }
    }

    /// The member, unless nobody knows them, the team does not have them, or they were erased.
    pub(crate) fn known_member(&self, member: Option<MemberKey>) -> Result<MemberKey, Refusal> {
        let has = |member: &MemberKey| self.team.members.get(member).is_some_and(|member| !member.erased);
        member.filter(has).ok_or(Refusal::Unknown(Unknown::Member))
    }

    pub(crate) fn known_product(&self, code: &ProductCode) -> Result<ProductKey, Refusal> {
        self.catalogue.product_called(code).map(|product| product.key).ok_or(Refusal::Unknown(Unknown::Product))
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
