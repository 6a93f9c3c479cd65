//! The state of one team: the fold of its entries.
//!
//! It holds only what a later decision can still ask for; every map says what removes an element from it.
//! [`Team::evolve`] cannot fail, never asks a calendar, and is the only thing that changes the state.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::cap::{CapOf, Caps, Counted, DAY_KEPT, MONTH_KEPT, Per, Spending};
use crate::catalogue::{Catalogue, DailyRate, Product, RateInForce};
use crate::credit::Credits;
use crate::entry::{
    Access, AgreementSpec, ChargeCause, ChargeMade, Continued, Entry, Funds, GroupSpec, JobCommitted, JobHeld, JobPart,
    OpeningCover, OrderPlaced, Payment, Plan, Proof, ReleaseReason, Role, SessionOpened, Span, Tags, TeamFact,
    TeamProfile, UndoneRun,
};
use crate::id::{
    AgreementId, DeviceKey, GrantId, GroupId, JobId, JobNo, LotNo, MemberKey, OrderId, PriceListId, ProductKey, Seq,
    SessionId, SessionNo, TeamId,
};
use crate::lot::{Draw, Lots};
use crate::price::PriceListSpec;
use crate::refusal::Refusal;
use crate::time::{Day, Elapsed, Instant};
use crate::tokens::Tokens;

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
    pub fn jobs(&self) -> impl Iterator<Item = (JobNo, &Job)> {
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

    /// Folds the next entry.
    pub fn evolve(&mut self, entry: &Entry<TeamFact>) {
        self.seq += 1;
        self.last_at = entry.at;
        self.forget(entry.at);
        let (seq, at) = (Seq(self.seq), entry.at);
        match &entry.fact {
            TeamFact::TeamSet(profile) => {
                self.profile = Some(profile.clone());
                self.profile_revision = seq;
            }
            TeamFact::MemberSet { member, role } => self.set_member(*member, *role, seq),
            TeamFact::MemberDeactivated { member } => {
                let member = self.member_mut(*member);
                member.active = false;
                member.revision = seq;
            }
            TeamFact::MemberErased { member } => self.erase_member(*member, seq),
            TeamFact::AssignmentSet { member, products } => {
                self.member_mut(*member).assignment = Some((products.clone(), seq));
            }
            TeamFact::AssignmentRemoved { member } => self.member_mut(*member).assignment = None,
            TeamFact::SeatSet { member, product, span, cover_ends, plan } => {
                let before = self.withdraw_seat(*member, *product, at, *cover_ends);
                let goes_on = |seat: Seat| seat.begins_at.is_none() && seat.span.contains(at) && span.contains(at);
                let begun = before.is_some_and(goes_on);
                let begins_at = (!begun && span.end > at).then_some(span.start.max(at));
                if let Some(begins_at) = begins_at {
                    self.due.insert((begins_at, Due::SeatBegins(*member, *product)));
                }
                self.seats.insert((*member, *product), Seat { span: *span, begins_at, revision: seq, plan: *plan });
            }
            TeamFact::SeatRemoved { member, product } => {
                self.withdraw_seat(*member, *product, at, Some(at));
            }
            TeamFact::SeatBegun { member, product, until, .. } => {
                if let Some(seat) = self.seats.get_mut(&(*member, *product))
                    && let Some(begins_at) = seat.begins_at.take()
                {
                    self.due.remove(&(begins_at, Due::SeatBegins(*member, *product)));
                }
                let until = *until;
                self.each_open(*member, *product, |session, _| {
                    if matches!(session.cover, Cover::Held { .. }) {
                        session.cover = Cover::Seat { until };
                    }
                });
            }
            TeamFact::DefaultAccessSet { products } => {
                self.default_access.clone_from(products);
                self.default_access_revision = seq.0;
            }
            TeamFact::BlockedProductsSet { products } => {
                self.blocked.clone_from(products);
                self.blocked_revision = seq.0;
            }
            TeamFact::GroupSet { group, spec } => self.set_group(group, Some(spec), seq),
            TeamFact::GroupRemoved { group } => self.set_group(group, None, seq),
            TeamFact::CapSet { cap, spec } => self.caps.set(cap, spec, seq),
            TeamFact::CapRemoved { cap } => self.caps.remove(cap),
            TeamFact::RequiredTagsSet { tags } => {
                self.required_tags.clone_from(tags);
                self.required_tags_revision = seq.0;
            }
            TeamFact::PlanSet { plan, span } => self.plan = Some((*plan, *span, seq)),
            TeamFact::AgreementSet { agreement, spec } => {
                let standing = self.agreements.get(agreement);
                let priced = |of: &AgreementSpec| (of.span.start, of.rates.clone());
                let same = standing.filter(|standing| priced(&standing.spec) == priced(spec));
                let entered_at = same.map_or(at, |standing| standing.entered_at);
                let agreed = Agreement { spec: (**spec).clone(), entered_at, revision: seq };
                self.agreements.insert(agreement.clone(), agreed);
            }
            TeamFact::AgreementRemoved { agreement } => _ = self.agreements.remove(agreement),
            TeamFact::CreditsGranted { member, grant, credits, ends_at } => {
                self.credits.grant(*member, grant, *credits, *ends_at, seq);
                self.forget.insert((*ends_at, Forget::Grant(*member, grant.clone())));
            }
            TeamFact::OrderPlaced(placed) => {
                if let Some(invoice) = &placed.invoice {
                    self.due.insert((invoice.overdue_at, Due::InvoiceOverdue(placed.order.clone())));
                }
                self.orders.insert(placed.order.clone(), OpenOrder { placed: (**placed).clone(), seq });
            }
            TeamFact::LotCredited(lot) => {
                self.due.insert((lot.ends_at, Due::LotEnds(lot.lot)));
                self.lots.credit((**lot).clone());
            }
            TeamFact::PaymentRecorded { order, .. } => {
                self.overdue.remove(order);
                if let Some(invoice) = self.orders.remove(order).and_then(|order| order.placed.invoice) {
                    self.due.remove(&(invoice.overdue_at, Due::InvoiceOverdue(order.clone())));
                }
            }
            TeamFact::InvoiceOverdue { order } => {
                if let Some(invoice) = self.orders.get(order).and_then(|order| order.placed.invoice.as_ref()) {
                    self.due.remove(&(invoice.overdue_at, Due::InvoiceOverdue(order.clone())));
                }
                self.overdue.insert(order.clone());
            }
            TeamFact::LotExpired { lot, tokens } => {
                if let Some(ending) = self.lots.get(*lot) {
                    self.due.remove(&(ending.ends_at, Due::LotEnds(*lot)));
                }
                self.lots.expire(*lot, *tokens);
            }
            TeamFact::LotClosed(lot) => self.lots.close(lot.lot),
            TeamFact::SessionOpened(opened) => self.open(opened, seq, at),
            TeamFact::SessionRevived { session, cover, day, .. } => {
                if let Some(lost) = self.sessions.get_mut(session) {
                    lost.from = at;
                    let (member, product, tags) = (lost.member, lost.product, lost.tags.clone());
                    self.join(*session, (member, product));
                    self.cover_opening(*session, (member, product), cover, *day, at, &tags);
                }
            }
            TeamFact::SessionClosed { session, proof, active_at, .. }
            | TeamFact::SessionEnded { session, proof, active_at } => {
                self.end_session(*session, *proof, *active_at);
                if let Some(ended) = self.sessions.remove(session) {
                    self.depart(ended.id);
                }
            }
            TeamFact::SessionLost { session, proof, revivable_until, active_at } => {
                let (last, revivable_until) = (*proof, *revivable_until);
                if let Some(Session { member, product, .. }) = self.sessions.get(session) {
                    let of = self.uses.entry((*member, *product)).or_default();
                    of.revivable_until = of.revivable_until.max(Some(revivable_until));
                    self.forget.insert((revivable_until.next(), Forget::Use(*member, *product)));
                }
                self.end_session(*session, *proof, *active_at);
                if let Some(lost) = self.sessions.get_mut(session) {
                    let active_at = active_at.unwrap_or(lost.from);
                    lost.cover = Cover::Lost { last, revivable_until, active_at };
                }
                self.forget.insert((revivable_until.next(), Forget::Lost(*session)));
            }
            TeamFact::RunUndone { member, product, runs } => self.undo(*member, *product, runs, at),
            TeamFact::HoldReleased { member, product, draws, why: _ } => {
                self.lots.release(draws);
                let hold = self.uses.entry((*member, *product)).or_default().hold.take();
                if let Some(hold) = hold {
                    self.count_back(*member, *product, hold.day, hold.rate.tokens);
                }
                self.drop_if_empty(*member, *product);
            }
            TeamFact::ChargeMade(charge) => self.charge(charge, at),
            TeamFact::JobHeld(held) => self.hold_job(held, JobNo(seq.0), at),
            TeamFact::JobExtended { job, ends_at } => {
                if let Some(held) = self.jobs.get_mut(job) {
                    self.due.remove(&(held.ends_at, Due::JobLapses(*job)));
                    held.ends_at = *ends_at;
                    self.due.insert((*ends_at, Due::JobLapses(*job)));
                }
            }
            TeamFact::JobCommitted(committed) => self.commit_job(committed, at),
            TeamFact::JobReleased { job, funds, .. } => {
                if let Some(job) = self.end_job(*job) {
                    self.count_back(job.member, job.product, job.day, funds.tokens());
                    self.give_back(job.member, funds, at);
                }
            }
            TeamFact::CoverContinued { session, cover, .. } => {
                self.unfunded_no_longer(*session);
                if let Some(open) = self.sessions.get_mut(session) {
                    open.cover = match *cover {
                        Continued::Seat { until } => Cover::Seat { until },
                        Continued::Window { until } => Cover::Window { until, made: false },
                    };
                }
            }
            TeamFact::RenewalDeferred { session, after, .. } => {
                if let Some(open) = self.sessions.get_mut(session) {
                    open.cover = Cover::Idle { after: *after };
                    let of = self.uses.entry((open.member, open.product)).or_default();
                    if !of.deferred.contains(after) {
                        of.deferred.push(*after);
                    }
                }
            }
            TeamFact::SessionReturned { session, active_at, cover, day, .. } => {
                self.unfunded_no_longer(*session);
                if let Some(open) = self.sessions.get_mut(session) {
                    open.from = *active_at;
                    let (of, tags) = ((open.member, open.product), open.tags.clone());
                    self.cover_opening(*session, of, cover, *day, at, &tags);
                }
            }
            TeamFact::RenewalRefused { session, after, refusal, ends_at, returning, .. } => {
                self.due.insert((*ends_at, Due::UnfundedEnds(*session)));
                if let Some(open) = self.sessions.get_mut(session) {
                    open.cover = Cover::Unfunded { after: *after, ends_at: *ends_at, returning: *returning };
                    let key = (Some(open.member), Some(open.product), refusal.code());
                    self.keep_refusal(key, at, seq);
                }
            }
            TeamFact::Refused { member, product, refusal } => {
                self.keep_refusal((*member, *product, refusal.code()), at, seq);
            }
        }
    }

    /// For an hour, this entry is the one that repeats of the refusal are counted with (V1).
    fn keep_refusal(&mut self, key: RefusalKey, at: Instant, seq: Seq) {
        self.refusals.insert(key, (at, seq));
        self.forget.insert((at.plus(REFUSAL_KEPT_ONCE), Forget::Refusal(key)));
    }

    fn member_mut(&mut self, member: MemberKey) -> &mut Member {
        self.members.get_mut(&member).expect("an entry names a member that its team has")
    }

    fn set_member(&mut self, member: MemberKey, role: Role, seq: Seq) {
        let standing = self.members.entry(member).or_insert(Member {
            role,
            active: true,
            erased: false,
            revision: seq,
            assignment: None,
            open_sessions: 0,
            groups: BTreeSet::new(),
        });
        standing.role = role;
        standing.active = true;
        standing.revision = seq;
    }

    /// Forgets who a member was (V5). They leave their groups and caps, and sessions that were lost leave with them:
    /// nobody is there to revive them.
    fn erase_member(&mut self, member: MemberKey, seq: Seq) {
        let standing = self.member_mut(member);
        let groups = core::mem::take(&mut standing.groups);
        let erased = Member {
            role: Role::Member,
            active: false,
            erased: true,
            revision: seq,
            assignment: None,
            open_sessions: standing.open_sessions,
            groups: BTreeSet::new(),
        };
        *standing = erased;
        for id in groups {
            if let Some(group) = self.groups.get_mut(&id) {
                group.spec.members.remove(&member);
                group.revision = seq;
                self.spending.regroup(&id, &group.spec.members);
            }
        }
        self.caps.remove_of(&CapOf::Member(member));
        let of_member = |(_, session): &(&SessionNo, &Session)| session.member == member;
        let lost =
            |(number, session): (&SessionNo, &Session)| matches!(session.cover, Cover::Lost { .. }).then_some(*number);
        let lost: Vec<SessionNo> = self.sessions.iter().filter(of_member).filter_map(lost).collect();
        for number in lost {
            if let Some(lost) = self.sessions.remove(&number) {
                self.depart(lost.id);
            }
        }
    }

    /// Takes a seat away, and ends it as cover where the entry says.
    fn withdraw_seat(
        &mut self,
        member: MemberKey,
        product: ProductKey,
        at: Instant,
        cover_ends: Option<Instant>,
    ) -> Option<Seat> {
        let before = self.seats.remove(&(member, product))?;
        if let Some(begins_at) = before.begins_at {
            self.due.remove(&(begins_at, Due::SeatBegins(member, product)));
        }
        if let Some(cover_ends) = cover_ends {
            self.each_open(member, product, |session, _| {
                if let Cover::Seat { until } = session.cover
                    && until > at
                {
                    session.cover = Cover::Seat { until: cover_ends };
                }
            });
        }
        let past = Span { start: before.span.start, end: before.span.end.min(at) };
        if past.start < past.end
            && let Some(of) = self.uses.get_mut(&(member, product))
            && !of.sessions.is_empty()
        {
            of.past_seats.push(past);
        }
        Some(before)
    }

    fn each_open(&mut self, member: MemberKey, product: ProductKey, mut change: impl FnMut(&mut Session, SessionNo)) {
        let Some(of) = self.uses.get(&(member, product)) else { return };
        for number in &of.sessions {
            if let Some(session) = self.sessions.get_mut(number) {
                change(session, *number);
            }
        }
    }

    fn open(&mut self, opened: &SessionOpened, seq: Seq, at: Instant) {
        let number = SessionNo(seq.0);
        let session = Session {
            id: opened.session.clone(),
            member: opened.member,
            product: opened.product,
            device: opened.device,
            opened_at: at,
            from: at,
            cover: Cover::Held { made: false },
            tags: opened.tags.clone(),
        };
        self.session_numbers.insert(opened.session.clone(), number);
        self.sessions.insert(number, session);
        let of = (opened.member, opened.product);
        self.join(number, of);
        self.cover_opening(number, of, &opened.cover, opened.day, at, &opened.tags);
    }

    /// One more session of a product is open for a member.
    fn join(&mut self, number: SessionNo, of: (MemberKey, ProductKey)) {
        self.member_mut(of.0).open_sessions += 1;
        self.uses.entry(of).or_default().sessions.push(number);
    }

    fn cover_opening(
        &mut self,
        number: SessionNo,
        of: (MemberKey, ProductKey),
        cover: &OpeningCover,
        day: Day,
        at: Instant,
        tags: &Tags,
    ) {
        let used = self.uses.entry(of).or_default();
        let joined = Joined { session: number, day, tags: tags.clone(), ended: None };
        let covered = match cover {
            OpeningCover::Seat { until } => Cover::Seat { until: *until },
            OpeningCover::Window { window, .. } => Cover::Window { until: window.end, made: false },
            OpeningCover::Joined { .. } => {
                used.hold.as_mut().expect("an opening joins a hold that is pending").joined.push(joined);
                Cover::Held { made: false }
            }
            OpeningCover::Hold(set) => {
                self.lots.hold(&set.draws);
                used.hold = Some(Hold {
                    set_at: at,
                    day,
                    rate: set.rate,
                    draws: set.draws.clone(),
                    undo_s: set.undo_s,
                    joined: alloc::vec![joined],
                });
                self.count(of.0, of.1, day, set.rate.tokens, at);
                Cover::Held { made: true }
            }
            // The next entry is the charge, and covers it.
            OpeningCover::Charge => Cover::Held { made: true },
        };
        if let Some(session) = self.sessions.get_mut(&number) {
            session.cover = covered;
        }
    }

    /// A session ends, however: what it had proven stays with the hold that it shares.
    fn end_session(&mut self, number: SessionNo, proof: Proof, active_at: Option<Instant>) {
        self.unfunded_no_longer(number);
        let Some(session) = self.sessions.get(&number) else { return };
        let active_at = active_at.unwrap_or(session.from);
        let (member, product, cover) = (session.member, session.product, session.cover);
        if matches!(cover, Cover::Lost { .. }) {
            return;
        }
        self.member_mut(member).open_sessions -= 1;
        if let Some(of) = self.uses.get_mut(&(member, product)) {
            of.sessions.retain(|open| *open != number);
            of.active_at = of.active_at.max(Some(active_at));
            if of.sessions.is_empty() {
                of.past_seats.clear();
                of.deferred.clear();
                of.active_at = of.active_at.filter(|_| of.revivable_until.is_some());
                of.window = of.window.filter(|window| window.span.end > self.last_at);
            }
            let shares = of.hold.iter_mut().flat_map(|hold| &mut hold.joined);
            for joined in shares.filter(|joined| joined.session == number && joined.ended.is_none()) {
                joined.ended = Some(proof);
            }
        }
        self.drop_if_empty(member, product);
    }

    fn undo(&mut self, member: MemberKey, product: ProductKey, runs: &[UndoneRun], at: Instant) {
        let of = self.uses.entry((member, product)).or_default();
        for run in runs {
            of.undone.push(at);
            if let Some(hold) = &mut of.hold {
                hold.joined.retain(|joined| joined.ended.is_none_or(|ended| !run.proofs.contains(&ended)));
            }
        }
        self.forget.insert((at.plus(DAY), Forget::Use(member, product)));
    }

    fn charge(&mut self, charge: &ChargeMade, at: Instant) {
        let key = (charge.member, charge.product);
        let from_hold = matches!(charge.cause, ChargeCause::UndoIntervalPassed { .. });
        if !from_hold {
            self.lots.hold(&charge.draws);
        }
        self.lots.spend(&charge.draws);
        let hold = if from_hold { self.uses.entry(key).or_default().hold.take() } else { None };
        if let Some(hold) = hold {
            self.count_back(charge.member, charge.product, hold.day, hold.rate.tokens);
        }
        self.count(charge.member, charge.product, charge.day, charge.tokens(), at);
        let of = self.uses.entry(key).or_default();
        of.deferred.clear();
        of.window = Some(PaidWindow { span: charge.window, day: charge.day });
        self.forget.insert((charge.window.end, Forget::Use(charge.member, charge.product)));
        let until = charge.window.end;
        let mut funded = Vec::new();
        self.each_open(charge.member, charge.product, |session, number| {
            let ours = session.id == charge.session && !from_hold;
            match session.cover {
                Cover::Held { made } => {
                    session.cover = Cover::Window { until, made: if from_hold { made } else { ours } }
                }
                Cover::Window { until: ended, .. } | Cover::Seat { until: ended } if ended <= charge.window.start => {
                    session.cover = Cover::Window { until, made: ours };
                }
                Cover::Idle { .. } => session.cover = Cover::Window { until, made: ours },
                Cover::Unfunded { ends_at, .. } => {
                    funded.push((ends_at, Due::UnfundedEnds(number)));
                    session.cover = Cover::Window { until, made: ours };
                }
                Cover::Window { .. } | Cover::Seat { .. } | Cover::Lost { .. } => {}
            }
        });
        for due in funded {
            self.due.remove(&due);
        }
    }

    fn set_group(&mut self, id: &GroupId, spec: Option<&GroupSpec>, seq: Seq) {
        let nobody = BTreeSet::new();
        let before = self.groups.remove(id).map(|group| group.spec.members).unwrap_or_default();
        let members = spec.map_or(&nobody, |spec| &spec.members);
        for left in before.difference(members) {
            self.member_mut(*left).groups.remove(id);
        }
        for joined in members.difference(&before) {
            self.member_mut(*joined).groups.insert(id.clone());
        }
        self.spending.regroup(id, members);
        if let Some(spec) = spec {
            self.groups.insert(id.clone(), Group { spec: spec.clone(), revision: seq });
        }
    }

    /// Counts what is held or charged on its usage day (L1).
    fn count(&mut self, member: MemberKey, product: ProductKey, day: Day, tokens: Tokens, at: Instant) {
        if tokens.is_zero() {
            return;
        }
        for (per, kept) in [(Per::Day, DAY_KEPT), (Per::Month, MONTH_KEPT)] {
            if !self.spending.knows(per, day) {
                self.forget.insert((at.plus(kept), Forget::Spending(per, per.period(day))));
            }
        }
        let groups = &self.members[&member].groups;
        self.spending.add(&Counted { member, groups, product, day, tokens });
    }

    /// What was counted is given back.
    fn count_back(&mut self, member: MemberKey, product: ProductKey, day: Day, tokens: Tokens) {
        let groups = &self.members[&member].groups;
        self.spending.subtract(&Counted { member, groups, product, day, tokens });
    }

    fn hold_job(&mut self, held: &JobHeld, number: JobNo, at: Instant) {
        match &held.funds {
            Funds::Tokens(draws) => self.lots.hold(draws),
            Funds::Credits(draws) => self.credits.hold(held.member, draws),
        }
        self.count(held.member, held.product, held.day, held.funds.tokens(), at);
        self.due.insert((held.ends_at, Due::JobLapses(number)));
        self.job_numbers.insert(held.job.clone(), number);
        let job = Job {
            id: held.job.clone(),
            member: held.member,
            product: held.product,
            parts: held.parts.clone(),
            funds: held.funds.clone(),
            tags: held.tags.clone(),
            day: held.day,
            held_at: at,
            ends_at: held.ends_at,
        };
        self.jobs.insert(number, job);
    }

    fn commit_job(&mut self, committed: &JobCommitted, at: Instant) {
        let JobCommitted { member, product, funds, returned, day, .. } = committed;
        if committed.anew {
            match funds {
                Funds::Tokens(draws) => self.lots.hold(draws),
                Funds::Credits(draws) => self.credits.hold(*member, draws),
            }
            self.count(*member, *product, *day, funds.tokens(), at);
        } else {
            self.end_job(committed.number);
            self.count_back(*member, *product, *day, returned.tokens());
        }
        match funds {
            Funds::Tokens(draws) => self.lots.spend(draws),
            Funds::Credits(draws) => self.credits.spend(*member, draws),
        }
        self.give_back(*member, returned, at);
        self.forget_grants(*member, funds, at);
    }

    fn end_job(&mut self, number: JobNo) -> Option<Job> {
        let job = self.jobs.remove(&number)?;
        self.job_numbers.remove(&job.id);
        self.due.remove(&(job.ends_at, Due::JobLapses(number)));
        self.departed.push(Departed::Job(job.id.clone()));
        Some(job)
    }

    /// Funds that were held are free again.
    fn give_back(&mut self, member: MemberKey, funds: &Funds, at: Instant) {
        match funds {
            Funds::Tokens(draws) => self.lots.release(draws),
            Funds::Credits(draws) => self.credits.release(member, draws),
        }
        self.forget_grants(member, funds, at);
    }

    /// A grant that ended while a job held of it is forgotten with the job.
    fn forget_grants(&mut self, member: MemberKey, funds: &Funds, at: Instant) {
        if let Funds::Credits(draws) = funds {
            for draw in draws {
                self.credits.forget(member, &draw.grant, at);
            }
        }
    }

    fn unfunded_no_longer(&mut self, number: SessionNo) {
        if let Some(Session { cover: Cover::Unfunded { ends_at, .. }, .. }) = self.sessions.get(&number) {
            self.due.remove(&(*ends_at, Due::UnfundedEnds(number)));
        }
    }

    fn depart(&mut self, session: SessionId) {
        self.session_numbers.remove(&session);
        self.departed.push(Departed::Session(session));
    }

    fn drop_if_empty(&mut self, member: MemberKey, product: ProductKey) {
        if self.use_of(member, product).is_some_and(Use::is_empty) {
            self.uses.remove(&(member, product));
        }
    }

    /// Drops what no decision at `at` or later can ask for.
    fn forget(&mut self, at: Instant) {
        while self.forget.first().is_some_and(|(when, _)| *when <= at)
            && let Some((_, what)) = self.forget.pop_first()
        {
            match what {
                Forget::Use(member, product) => {
                    if let Some(of) = self.uses.get_mut(&(member, product)) {
                        // While sessions are open, a window that has ended may still cover the end of a seat (W5).
                        let open = !of.sessions.is_empty();
                        of.window = of.window.filter(|window| open || window.span.end > at);
                        of.undone.retain(|undone| undone.plus(DAY) > at);
                        of.revivable_until = of.revivable_until.filter(|until| *until >= at);
                        of.active_at = of.active_at.filter(|_| open || of.revivable_until.is_some());
                    }
                    self.drop_if_empty(member, product);
                }
                Forget::Lost(number) => {
                    let over = |session: &Session| match session.cover {
                        Cover::Lost { revivable_until, .. } => revivable_until < at,
                        Cover::Held { .. }
                        | Cover::Window { .. }
                        | Cover::Seat { .. }
                        | Cover::Idle { .. }
                        | Cover::Unfunded { .. } => false,
                    };
                    if self.sessions.get(&number).is_some_and(over)
                        && let Some(lost) = self.sessions.remove(&number)
                    {
                        self.depart(lost.id);
                    }
                }
                Forget::Spending(per, period) => self.spending.forget(per, period),
                Forget::Grant(member, grant) => self.credits.forget(member, &grant, at),
                Forget::Refusal(key) => {
                    if self.refusals.get(&key).is_some_and(|(kept, _)| kept.plus(REFUSAL_KEPT_ONCE) <= at) {
                        self.refusals.remove(&key);
                    }
                }
            }
        }
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
