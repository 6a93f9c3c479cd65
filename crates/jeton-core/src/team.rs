//! The state of one team: the fold of its entries.
//!
//! It holds only what a later decision can still ask for; every map says what removes an element from it.
//! What each entry makes of it is told in `folding`.

mod folding;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::cap::{Caps, Per, Spending};
use crate::catalogue::{Catalogue, DailyRate, Product, RateInForce};
use crate::credit::Credits;
use crate::entry::{
    Access, AgreementSpec, Funds, GroupSpec, JobPart, OrderPlaced, Payment, Plan, Proof, ReleaseReason, Role, Span,
    Tags, TeamProfile,
};
use crate::id::{
    AgreementId, DeviceKey, GrantId, GroupId, JobId, JobNo, LotNo, MemberKey, OrderId, PriceListId, ProductKey, Seq,
    SessionId, SessionNo, TeamId,
};
use crate::lot::{Draw, Lots};
use crate::price::PriceListSpec;
use crate::refusal::Refusal;
use crate::time::{Day, Elapsed, Instant};

/// How long an undone run counts, and a window lasts.
pub(crate) const DAY: Elapsed = Elapsed::WINDOW;
/// Within this time a refusal is kept once (V1).
pub(crate) const REFUSAL_KEPT_ONCE: Elapsed = Elapsed::seconds(3600);

/// A person in the team, by key (V5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub role: Role,
    pub active: bool,
    /// The person was erased; the key stays for the totals, and nobody goes by it any more (V5).
    pub erased: bool,
    pub revision: Seq,
    pub assignment: Option<(Access, Seq)>,
    /// Sessions that are open, of whatever product.
    pub open_sessions: usize,
    /// The groups that they are in. Left with the group.
    pub groups: BTreeSet<GroupId>,
}

/// A group of members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub spec: GroupSpec,
    pub revision: Seq,
}

/// An enterprise agreement that the team holds (P9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    pub spec: AgreementSpec,
    /// When its rates and their start were entered.
    pub entered_at: Instant,
    pub revision: Seq,
}

impl Agreement {
    /// Whether it is in force at `at`: entered and started by then, and not ended (C2, P9).
    fn in_force(&self, at: Instant) -> bool {
        self.entered_at <= at && self.spec.span.contains(at)
    }
}

/// A seat of a product, assigned to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub span: Span,
    /// When its start is to be noted; `None` once it has been.
    pub begins_at: Option<Instant>,
    pub revision: Seq,
    pub plan: Option<Plan>,
}

/// One product in one member's hands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Use {
    /// The newest window; it may have ended.
    pub window: Option<PaidWindow>,
    pub hold: Option<Hold>,
    /// When runs were undone; those older than a day are forgotten.
    pub undone: Vec<Instant>,
    /// The sessions that are open.
    pub sessions: Vec<SessionNo>,
    /// Seats that were replaced or withdrawn while sessions were open: a renewal may still ask (W5).
    pub past_seats: Vec<Span>,
    /// The last activity of sessions that have ended while others were open, or could be revived (W6).
    pub active_at: Option<Instant>,
    /// Until when sessions that were lost can be revived.
    pub revivable_until: Option<Instant>,
    /// Ends of covers at which the product was idle: their renewal was deferred (W6).
    pub deferred: Vec<Instant>,
}

impl Use {
    fn is_empty(&self) -> bool {
        let nothing_open = self.sessions.is_empty() && self.revivable_until.is_none();
        self.window.is_none() && self.hold.is_none() && self.undone.is_empty() && nothing_open
    }

    /// The window that runs at `at`.
    pub fn window_at(&self, at: Instant) -> Option<&PaidWindow> {
        self.window.as_ref().filter(|window| window.span.contains(at))
    }

    /// How many runs were undone within the day before `at`.
    pub fn undone_within_a_day(&self, at: Instant) -> usize {
        self.undone.iter().filter(|undone| undone.plus(DAY) > at).count()
    }
}

/// A window that is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidWindow {
    pub span: Span,
    /// Its usage day (W10).
    pub day: Day,
}

/// Tokens set aside until proofs of use have shown the product open for the undo interval (W2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub set_at: Instant,
    /// The usage day that it counts on for caps (L1): that of the opening that set it.
    pub day: Day,
    pub rate: DailyRate,
    pub draws: Vec<Draw>,
    /// The undo interval of the moment, in seconds.
    pub undo_s: u32,
    /// The openings that share it and have not been undone.
    pub joined: Vec<Joined>,
}

impl Hold {
    /// For how long the product has to be shown open.
    pub fn undo(&self) -> Elapsed {
        Elapsed::seconds(self.undo_s)
    }
}

/// An opening that shares a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    pub session: SessionNo,
    /// The team's day of the opening.
    pub day: Day,
    pub tags: Tags,
    /// What it had proven when it ended.
    pub ended: Option<Proof>,
}

/// One opening of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub member: MemberKey,
    pub product: ProductKey,
    pub device: DeviceKey,
    pub opened_at: Instant,
    /// From where its messages prove use: its opening, last revival, or return after idling (W6).
    pub from: Instant,
    pub cover: Cover,
    pub tags: Tags,
}

/// What a session runs on. `made`: this session's own opening or renewal made the hold or the charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    Held {
        made: bool,
    },
    Window {
        until: Instant,
        made: bool,
    },
    Seat {
        until: Instant,
    },
    /// The renewal from `after` on was deferred, since the product was idle (W6).
    Idle {
        after: Instant,
    },
    /// A renewal from `after` on was refused (W7); `returning`: the opening at the activity at `after`, after a
    /// renewal was deferred (W6).
    Unfunded {
        after: Instant,
        ends_at: Instant,
        returning: bool,
    },
    /// It fell silent, and may be revived (W8).
    Lost {
        last: Proof,
        revivable_until: Instant,
        /// Its last activity (W6).
        active_at: Instant,
    },
}

impl Cover {
    /// Where the cover that ended, or will end, ends.
    pub fn end(self) -> Option<Instant> {
        match self {
            Self::Window { until, .. } | Self::Seat { until } => Some(until),
            Self::Unfunded { after, .. } | Self::Idle { after } => Some(after),
            Self::Held { .. } | Self::Lost { .. } => None,
        }
    }
}

/// An order that is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    pub placed: OrderPlaced,
    pub seq: Seq,
}

/// A job that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub id: JobId,
    pub member: MemberKey,
    pub product: ProductKey,
    pub parts: Vec<JobPart>,
    pub funds: Funds,
    pub tags: Tags,
    pub day: Day,
    pub held_at: Instant,
    pub ends_at: Instant,
}

/// What becomes due by itself. At the same instant, in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    SeatBegins(MemberKey, ProductKey),
    /// Never in the state: silence is a matter of presence.
    SessionLost(SessionNo),
    UnfundedEnds(SessionNo),
    JobLapses(JobNo),
    LotEnds(LotNo),
    InvoiceOverdue(OrderId),
}

/// Something of a client's that has left the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departed {
    Session(SessionId),
    Job(JobId),
}

/// What a refusal is kept once in an hour for.
pub type RefusalKey = (Option<MemberKey>, Option<ProductKey>, &'static str);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Forget {
    Use(MemberKey, ProductKey),
    Lost(SessionNo),
    Refusal(RefusalKey),
    /// The sums of a day or month, by its first day.
    Spending(Per, Day),
    Grant(MemberKey, GrantId),
}

/// The state of one team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    /// The number of its last entry; 0 before the first.
    pub seq: u64,
    /// The instant of its last entry.
    pub last_at: Instant,
    /// None until the team is entered.
    pub profile: Option<TeamProfile>,
    pub profile_revision: Seq,
    /// Never left: a deactivated member stays one, and so does the key of an erased one.
    pub members: BTreeMap<MemberKey, Member>,
    /// Left when the seat is removed.
    pub seats: BTreeMap<(MemberKey, ProductKey), Seat>,
    pub default_access: Option<Access>,
    pub default_access_revision: u64,
    pub blocked: BTreeSet<ProductKey>,
    pub blocked_revision: u64,
    /// Left when the group is removed.
    pub groups: BTreeMap<GroupId, Group>,
    pub caps: Caps,
    pub required_tags: BTreeSet<String>,
    pub required_tags_revision: u64,
    pub plan: Option<(Plan, Span, Seq)>,
    /// Left when an agreement to come is removed.
    pub agreements: BTreeMap<AgreementId, Agreement>,
    pub credits: Credits,
    pub spending: Spending,
    /// Left when a lot has ended and nothing of it is held.
    pub lots: Lots,
    /// Left when the order is settled.
    pub orders: BTreeMap<OrderId, OpenOrder>,
    /// Left when the invoice is settled.
    pub overdue: BTreeSet<OrderId>,
    /// Left when nothing is open, held, paid, undone within a day, or can be revived.
    uses: BTreeMap<(MemberKey, ProductKey), Use>,
    /// Left when the session is closed, or can no longer be revived.
    sessions: BTreeMap<SessionNo, Session>,
    session_numbers: BTreeMap<SessionId, SessionNo>,
    /// Left when the job is committed, released, or lapses.
    jobs: BTreeMap<JobNo, Job>,
    job_numbers: BTreeMap<JobId, JobNo>,
    /// Left when the entry of what was due is folded.
    due: BTreeSet<(Instant, Due)>,
    /// Left an hour after the refusal.
    refusals: BTreeMap<RefusalKey, (Instant, Seq)>,
    forget: BTreeSet<(Instant, Forget)>,
    /// Sessions and jobs that have left the state since they were last taken, for who keeps an index of them.
    departed: Vec<Departed>,
}

impl Team {
    /// A team of which nothing is known yet.
    pub fn new(id: TeamId) -> Self {
        Self {
            id,
            seq: 0,
            last_at: Instant::FIRST,
            profile: None,
            profile_revision: Seq(0),
            members: BTreeMap::new(),
            seats: BTreeMap::new(),
            default_access: None,
            default_access_revision: 0,
            blocked: BTreeSet::new(),
            blocked_revision: 0,
            groups: BTreeMap::new(),
            caps: Caps::default(),
            required_tags: BTreeSet::new(),
            required_tags_revision: 0,
            plan: None,
            agreements: BTreeMap::new(),
            credits: Credits::default(),
            spending: Spending::default(),
            lots: Lots::default(),
            orders: BTreeMap::new(),
            overdue: BTreeSet::new(),
            uses: BTreeMap::new(),
            sessions: BTreeMap::new(),
            session_numbers: BTreeMap::new(),
            jobs: BTreeMap::new(),
            job_numbers: BTreeMap::new(),
            due: BTreeSet::new(),
            refusals: BTreeMap::new(),
            forget: BTreeSet::new(),
            departed: Vec::new(),
        }
    }

    /// What a member has of a product.
    pub fn use_of(&self, member: MemberKey, product: ProductKey) -> Option<&Use> {
        self.uses.get(&(member, product))
    }

    /// A session that is open or can still be revived.
    pub fn session(&self, session: SessionNo) -> Option<&Session> {
        self.sessions.get(&session)
    }

    /// The number of a session that is open or can still be revived.
    pub fn session_number(&self, id: &SessionId) -> Option<SessionNo> {
        self.session_numbers.get(id).copied()
    }

    /// All sessions that are open or can still be revived.
    pub fn sessions(&self) -> impl Iterator<Item = (SessionNo, &Session)> {
        self.sessions.iter().map(|(no, session)| (*no, session))
    }

    /// The sessions that are open.
    pub fn open_sessions(&self) -> impl Iterator<Item = (SessionNo, &Session)> {
        self.sessions().filter(|(_, session)| !matches!(session.cover, Cover::Lost { .. }))
    }

    /// The seat in force at `at`, as the record stands: one that was replaced or withdrawn counts up to then.
    pub fn seat_until(&self, member: MemberKey, product: ProductKey, at: Instant) -> Option<Instant> {
        let standing = self.seats.get(&(member, product)).map(|seat| seat.span);
        let past = self.use_of(member, product).into_iter().flat_map(|of| of.past_seats.iter().copied());
        standing.into_iter().chain(past).filter(|span| span.contains(at)).map(|span| span.end).max()
    }

    /// A job that is held.
    pub fn job(&self, job: JobNo) -> Option<&Job> {
        self.jobs.get(&job)
    }

    /// The number of a job that is held.
    pub fn job_number(&self, id: &JobId) -> Option<JobNo> {
        self.job_numbers.get(id).copied()
    }

    /// All jobs that are held.
    pub fn jobs(&self) -> impl ExactSizeIterator<Item = (JobNo, &Job)> {
        self.jobs.iter().map(|(number, job)| (*number, job))
    }

    /// What gives a member access to products (A1): their own assignment, their groups, and the team's default.
    pub fn access_of(&self, member: MemberKey) -> impl Iterator<Item = &Access> {
        let standing = self.members.get(&member);
        let own = standing.and_then(|member| member.assignment.as_ref()).map(|(access, _)| access);
        let groups = standing.into_iter().flat_map(|member| &member.groups);
        let of_groups = groups.filter_map(|group| self.groups.get(group)?.spec.products.as_ref());
        own.into_iter().chain(of_groups).chain(&self.default_access)
    }

    /// Of the agreements in force at `at` that have what is asked of them, the latest start, then the newest (P9).
    fn agreement_at<'t, T>(
        &'t self,
        at: Instant,
        has: impl Fn(&'t AgreementSpec) -> Option<T>,
    ) -> Option<(&'t Agreement, T)> {
        let in_force = self.agreements.values().filter(|agreement| agreement.in_force(at));
        let having = in_force.filter_map(|agreement| Some((agreement, has(&agreement.spec)?)));
        having.max_by_key(|(agreement, _)| (agreement.spec.span.start, agreement.revision))
    }

    /// What a product costs the team at `at`: by its agreement, else by the rate sheet (C2, P9).
    pub fn rate_in_force<'c>(&'c self, product: &'c Product, at: Instant) -> Option<RateInForce<'c>> {
        let by_agreement = self.agreement_at(at, |spec| spec.rates.get(&product.key)).map(|(agreement, offer)| {
            let (starts_at, agreement) = (agreement.spec.span.start, Some(agreement.revision));
            RateInForce { offer, starts_at, agreement }
        });
        by_agreement.or_else(|| product.rate_in_force(at))
    }

    /// The list that prices the team's orders (P1): that of its agreement, else the vendor's for its country.
    pub fn price_list<'c>(
        &self,
        catalogue: &'c Catalogue,
        now: Instant,
    ) -> Result<(&'c PriceListId, &'c PriceListSpec), Refusal> {
        let profile = self.profile.as_ref().ok_or(Refusal::NoPriceList)?;
        match self.agreement_at(now, |spec| spec.price_list.as_ref()) {
            Some((_, list)) => catalogue.price_list_called(list, profile.currency, now),
            None => catalogue.price_list_for(profile.currency, Some(&profile.country), now),
        }
    }

    /// The plan in force at `at`: the highest that a subscription carries; with none, Standard (P11).
    pub fn plan_at(&self, at: Instant) -> Plan {
        let own = self.plan.iter().filter(|(_, span, _)| span.contains(at)).map(|(plan, ..)| *plan);
        let seats = self.seats.values().filter(|seat| seat.span.contains(at)).filter_map(|seat| seat.plan);
        own.chain(seats).max().unwrap_or(Plan::Standard)
    }

    /// What is due next by the state alone.
    pub fn next_due(&self) -> Option<&(Instant, Due)> {
        self.due.first()
    }

    /// The entry that keeps this refusal, if there is one in the hour before `now`.
    pub fn kept_refusal(&self, key: &RefusalKey, now: Instant) -> Option<Seq> {
        let (at, seq) = self.refusals.get(key)?;
        (at.plus(REFUSAL_KEPT_ONCE) > now).then_some(*seq)
    }

    /// How many things are kept for a while only: uses, sessions, jobs, credits, sums of use, what is due, refusals,
    /// and when to forget them.
    pub fn remembered(&self) -> usize {
        let sessions = self.sessions.len() + self.session_numbers.len();
        let jobs = self.jobs.len() + self.job_numbers.len() + self.credits.len() + self.spending.len();
        self.uses.len() + sessions + jobs + self.due.len() + self.refusals.len() + self.forget.len()
    }

    /// The sessions and jobs that have left the state since this was last asked.
    pub fn take_departed(&mut self) -> Vec<Departed> {
        core::mem::take(&mut self.departed)
    }
}

impl Payment {
    /// Whether the tokens are credited before they are paid.
    pub fn credits_at_once(self) -> bool {
        match self {
            Self::Invoice => true,
            Self::Card => false,
        }
    }
}

impl ReleaseReason {
    /// For people who read the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Undone => "undone",
            Self::Seat => "seat",
            Self::Renewal => "renewal",
        }
    }
}
