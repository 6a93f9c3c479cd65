//! Folding: what each entry makes of the state.
//!
//! [`Team::evolve`] cannot fail, never asks a calendar, and is the only thing that changes the state.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{
    Agreement, Cover, DAY, Departed, Due, Forget, Group, Hold, Job, Joined, Member, OpenOrder, PaidWindow,
    REFUSAL_KEPT_ONCE, RefusalKey, Seat, Session, Team, Use,
};
use crate::cap::{CapOf, Counted, DAY_KEPT, MONTH_KEPT, Per};
use crate::entry::{
    AgreementSpec, ChargeCause, ChargeMade, Continued, Entry, Funds, GroupSpec, JobCommitted, JobHeld, OpeningCover,
    Proof, Role, SessionOpened, Span, Tags, TeamFact, UndoneRun,
};
use crate::id::{GroupId, JobNo, MemberKey, ProductKey, Seq, SessionId, SessionNo};
use crate::time::{Day, Instant};
use crate::tokens::Tokens;

impl Team {
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
                self.unfunded_no_longer(*session);
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
