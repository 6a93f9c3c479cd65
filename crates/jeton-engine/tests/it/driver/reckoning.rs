//! The driver's own reckoning: plain sums and sets over the entries, beside a fold of them.
//!
//! It reads the log alone, and knows besides what was asked and which messages of clients came to the engine, and
//! when. It shares no arithmetic with what it watches.

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::catalogue::Catalogue;
use jeton_core::entry::{
    Author, ChargeCause, ChargeMade, Entry, HoldSet, OpeningCover, OrderPlaced, Payment, Proof, SeriesFact, Span,
    TeamFact, VendorFact,
};
use jeton_core::id::{DeviceKey, LotNo, MemberKey, OrderId, ProductKey, Seq, SessionId, SessionNo, TeamId};
use jeton_core::lot::{Draw, Lot};
use jeton_core::presence::Presence;
use jeton_core::team::Team;
use jeton_core::time::{Elapsed, Instant};
use jeton_core::tokens::Tokens;
use jeton_store::stored::{self, AnyEntry};
use jeton_store::{Position, Reader, Sealed};

use super::chance::later;
use super::commands::{Asked, Id, binds, says};

type Of = (MemberKey, ProductKey);

/// Thousandths, so that a sum can be seen to be negative.
#[derive(Debug, Default)]
struct LotSeen {
    granted: i64,
    available: i64,
    held: i64,
    spent: i64,
    expired: i64,
    ended: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Open,
    Lost,
    Ended,
}

#[derive(Debug)]
struct SessionSeen {
    id: SessionId,
    of: Of,
    /// Its opening and its revivals.
    begun: BTreeSet<Instant>,
    standing: Standing,
}

/// One team, as its entries tell.
#[derive(Debug)]
pub(crate) struct TeamSeen {
    /// The fold of its entries.
    pub(crate) team: Team,
    entries: Vec<(Position, Entry<TeamFact>)>,
    lots: BTreeMap<LotNo, LotSeen>,
    holds: BTreeMap<Of, Vec<Draw>>,
    windows: BTreeMap<Of, Vec<Span>>,
    sessions: BTreeMap<SessionNo, SessionSeen>,
    paid: BTreeSet<OrderId>,
    invoices: BTreeSet<OrderId>,
    /// What the next entry has to be: the charge of an opening, the lot of an order.
    charging: Option<SessionId>,
    crediting: Option<OrderId>,
}

/// What became of a request with an id of its own, as far as the asker knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Became {
    /// Not answered, or with a 503.
    Unsure,
    Granted,
    /// Refused, or never taken.
    Nothing,
}

#[derive(Debug, Default)]
pub(crate) struct Reckoning {
    pub(crate) position: Position,
    pub(crate) catalogue: Catalogue,
    vendor: Vec<(Position, Entry<VendorFact>)>,
    pub(crate) teams: BTreeMap<TeamId, TeamSeen>,
    /// Invoice numbers by year, and those that no order bears yet.
    numbered: BTreeMap<i16, u32>,
    unborne: BTreeSet<(TeamId, OrderId)>,
    /// Which entry binds an id, and where it stands.
    pub(crate) bound: BTreeMap<Id, (TeamId, Seq, Position)>,
    pub(crate) attempts: BTreeMap<Id, Vec<(Asked, Became)>>,
    /// The instants at which a client's message was before the engine.
    pub(crate) sent: BTreeMap<SessionId, BTreeSet<Instant>>,
    pub(crate) last_at: Option<Instant>,
    /// What each device is called: its row is written with every opening.
    devices: BTreeMap<(TeamId, MemberKey, DeviceKey), String>,
    /// What happened, and how often.
    pub(crate) happened: BTreeMap<&'static str, u64>,
}

fn thousandths(tokens: Tokens) -> i64 {
    i64::try_from(tokens.in_thousandths()).unwrap()
}

impl Reckoning {
    pub(crate) fn note(&mut self, what: &'static str) {
        *self.happened.entry(what).or_default() += 1;
    }

    /// Nothing is under way any more: what was not answered is in the log by now, or never will be.
    pub(crate) fn settled(&mut self) {
        for (id, attempts) in &mut self.attempts {
            for (asked, became) in attempts.iter_mut().filter(|(_, became)| *became == Became::Unsure) {
                let entry = self.bound.get(id).and_then(|(team, seq, _)| {
                    let entries = &self.teams.get(team)?.entries;
                    entries.get(usize::try_from(seq.0).ok()?.checked_sub(1)?).map(|(_, entry)| (team, entry))
                });
                let stored = entry.is_some_and(|(team, entry)| asked_for(asked, team, &entry.fact));
                *became = if stored { Became::Granted } else { Became::Nothing };
            }
        }
    }

    /// Reads what has been appended.
    pub(crate) fn read(&mut self, sealed: &[Sealed]) {
        for sealed in sealed {
            self.position += 1;
            assert_eq!(sealed.position, self.position, "the log has no gap");
            let at = Instant::from_micros(sealed.at).unwrap();
            match stored::decode(sealed).unwrap() {
                AnyEntry::Vendor(entry) => {
                    self.vendor.push((sealed.position, entry.clone()));
                    self.catalogue.evolve(Seq(sealed.seq), &entry);
                }
                AnyEntry::Series(year, entry) => self.numbered(year, &entry),
                AnyEntry::Team(team, entry) => self.team_entry(&team, entry, sealed),
            }
            if sealed.commit.is_some() {
                let half = self.teams.values().find(|team| team.charging.is_some() || team.crediting.is_some());
                assert!(half.is_none(), "a commit ends in the middle of a decision: {half:?}");
                assert!(self.unborne.is_empty(), "a commit has an invoice number without its order");
            }
            self.last_at = self.last_at.max(Some(at));
        }
    }

    fn numbered(&mut self, year: i16, entry: &Entry<SeriesFact>) {
        let SeriesFact::InvoiceNumbered { number, team, order } = &entry.fact;
        let last = self.numbered.entry(year).or_default();
        *last += 1;
        assert_eq!((number.year, number.number), (year, *last), "P3: invoice numbers have no gap");
        assert!(self.unborne.insert((team.clone(), order.clone())), "P3: {order} is numbered twice");
    }

    fn team_entry(&mut self, id: &TeamId, entry: Entry<TeamFact>, sealed: &Sealed) {
        let seen = self.teams.entry(id.clone()).or_insert_with(|| TeamSeen::new(id));
        assert_eq!(seen.team.seq + 1, sealed.seq, "{id} has a gap");
        assert!(seen.team.last_at <= entry.at, "W9: instants go back in {id}");
        seen.team.evolve(&entry);
        drop(seen.team.take_departed());
        if let Some(bound) = binds(id, &entry.fact) {
            let attempts = self.attempts.get(&bound).map_or(&[][..], Vec::as_slice);
            let asked =
                attempts.iter().any(|(asked, became)| *became != Became::Nothing && asked_for(asked, id, &entry.fact));
            assert!(asked, "V4: nobody who may have been granted it asked for {:?}, but {attempts:?}", entry.fact);
            let before = self.bound.insert(bound, (id.clone(), Seq(sealed.seq), sealed.position));
            assert_eq!(before, None, "V4: decided twice, at {} too: {:?}", sealed.position, entry.fact);
        }
        if let TeamFact::OrderPlaced(placed) = &entry.fact {
            let numbered = self.unborne.remove(&(id.clone(), placed.order.clone()));
            assert_eq!(numbered, placed.invoice.is_some(), "P3: an invoice has its number, and no other order");
        }
        if let TeamFact::SessionOpened(opened) = &entry.fact {
            self.devices.insert((id.clone(), opened.member, opened.device), device_name(&opened.session));
        }
        let seen = self.teams.get_mut(id).unwrap();
        let what = seen.read(&entry, SessionNo(sealed.seq), &self.sent);
        seen.entries.push((sealed.position, entry));
        self.note(what);
    }

    /// An entry of a team by its number, and where it stands.
    pub(crate) fn entry(&self, team: &TeamId, seq: u64) -> Option<&(Position, Entry<TeamFact>)> {
        self.teams.get(team)?.entries.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    pub(crate) fn entries(&self, team: &TeamId) -> impl Iterator<Item = &(Position, Entry<TeamFact>)> {
        self.teams.get(team).into_iter().flat_map(|seen| &seen.entries)
    }

    /// An entry of the vendor by its number.
    pub(crate) fn vendor_entry(&self, seq: u64) -> Option<&(Position, Entry<VendorFact>)> {
        self.vendor.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    pub(crate) fn vendor_entries(&self) -> impl Iterator<Item = &(Position, Entry<VendorFact>)> {
        self.vendor.iter()
    }

    /// The state that the engine shows is the fold of the log, and the own sums agree with it.
    pub(crate) fn agrees(&self, team: &Team, presence: &Presence) {
        let seen = &self.teams[&team.id];
        assert!(
            seen.team == *team,
            "the engine's state of {} is not the fold of the log:\n{team:?}\n{:?}",
            team.id,
            seen.team
        );
        seen.whole();
        for (number, open) in team.open_sessions() {
            let alive = presence.of(number).unwrap_or_else(|| panic!("nothing is known of {}", open.id));
            let own = &seen.sessions[&number];
            assert_eq!(own.begun.last(), Some(&alive.from), "W2: from where {} proves use", open.id);
            let sent = self.sent.get(&open.id).is_some_and(|sent| sent.contains(&alive.last_proof));
            assert!(sent, "W4: nothing was heard of {} at {}", open.id, alive.last_proof);
        }
        assert_eq!(presence.iter().count(), team.open_sessions().count(), "who is not open is not alive");
    }

    /// The rows beside the log are those of what was granted, and no others.
    pub(crate) fn agrees_beside(&self, reader: &Reader) {
        let teams = self.teams.keys();
        let rows =
            teams.flat_map(|team| reader.devices(team.as_str()).unwrap().into_iter().map(move |row| (team, row)));
        let named = rows.map(|(team, row)| ((team.clone(), MemberKey(row.member), DeviceKey(row.device)), row.name));
        assert_eq!(named.collect::<BTreeMap<_, _>>(), self.devices, "V4: rows are written with what they belong to");
    }

    /// What will happen by itself, or could, after `now`.
    pub(crate) fn boundaries(&self, now: Instant) -> Vec<Instant> {
        let mut found = BTreeSet::new();
        for seen in self.teams.values() {
            found.extend(seen.team.next_due().map(|(at, _)| *at));
            found.extend(seen.windows.values().filter_map(|windows| windows.last()).map(|window| window.end));
            for of in seen.holds.keys() {
                let hold = seen.team.use_of(of.0, of.1).and_then(|used| used.hold.as_ref());
                found.extend(hold.map(|hold| later(hold.set_at, i64::from(hold.undo_s) * 1_000_000)));
            }
        }
        found.into_iter().filter(|at| *at > now).collect()
    }

    /// Whether a session is open or may still be revived.
    pub(crate) fn is_live(&self, session: &SessionId) -> bool {
        self.teams.values().any(|seen| seen.team.session_number(session).is_some())
    }

    /// All sessions that are open, by team.
    pub(crate) fn open(&self) -> Vec<SessionId> {
        let teams = self.teams.values();
        teams.flat_map(|seen| seen.team.open_sessions().map(|(_, open)| open.id.clone())).collect()
    }
}

impl TeamSeen {
    fn new(id: &TeamId) -> Self {
        Self {
            team: Team::new(id.clone()),
            entries: Vec::new(),
            lots: BTreeMap::new(),
            holds: BTreeMap::new(),
            windows: BTreeMap::new(),
            sessions: BTreeMap::new(),
            paid: BTreeSet::new(),
            invoices: BTreeSet::new(),
            charging: None,
            crediting: None,
        }
    }

    /// Reads the next entry; answers what it is, for who counts.
    fn read(
        &mut self,
        entry: &Entry<TeamFact>,
        number: SessionNo,
        sent: &BTreeMap<SessionId, BTreeSet<Instant>>,
    ) -> &'static str {
        let at = entry.at;
        if let Some(session) = self.charging.take() {
            let charged = matches!(&entry.fact, TeamFact::ChargeMade(made) if made.session == session);
            assert!(charged, "W2: {session} is charged at once");
        }
        if let Some(order) = self.crediting.take() {
            let credited = matches!(&entry.fact, TeamFact::LotCredited(lot) if lot.order == order);
            assert!(credited, "P3: {order} is credited");
        }
        match &entry.fact {
            TeamFact::OrderPlaced(placed) => self.ordered(placed),
            TeamFact::PaymentRecorded { order, .. } => {
                assert!(self.paid.insert(order.clone()), "P3: {order} is paid twice");
                if !self.invoices.contains(order) {
                    self.crediting = Some(order.clone());
                }
                "paid"
            }
            TeamFact::LotCredited(lot) => self.credited(lot),
            TeamFact::LotExpired { lot, tokens } => {
                let seen = self.lots.get_mut(lot).unwrap();
                seen.available -= thousandths(*tokens);
                seen.expired += thousandths(*tokens);
                seen.ended = true;
                self.sums(*lot);
                "lot expired"
            }
            TeamFact::LotClosed(lot) => {
                let seen = &self.lots[&lot.lot];
                assert!(seen.ended && seen.available == 0 && seen.held == 0, "P4: {} has something left", lot.lot);
                "lot closed"
            }
            TeamFact::SessionOpened(opened) => {
                let of = (opened.member, opened.product);
                assert!(heard(sent, &opened.session, at), "V4: {} was not opened by anybody", opened.session);
                let begun = BTreeSet::from([at]);
                let seen = SessionSeen { id: opened.session.clone(), of, begun, standing: Standing::Open };
                assert!(self.sessions.insert(number, seen).is_none());
                self.covered(of, &opened.session, &opened.cover);
                "opened"
            }
            TeamFact::SessionRevived { session, cover, .. } => {
                let seen = self.sessions.get_mut(session).unwrap();
                assert_eq!(seen.standing, Standing::Lost, "W8: who is revived was lost");
                assert!(heard(sent, &seen.id, at), "W8: nothing was heard of {}", seen.id);
                seen.standing = Standing::Open;
                seen.begun.insert(at);
                let (of, id) = (seen.of, seen.id.clone());
                self.covered(of, &id, cover);
                "revived"
            }
            TeamFact::SessionClosed { session, proof, .. } => {
                self.ended(*session, proof, Standing::Ended, sent);
                "closed"
            }
            TeamFact::SessionEnded { session, proof, .. } => {
                self.ended(*session, proof, Standing::Ended, sent);
                "unfunded ended"
            }
            TeamFact::SessionLost { session, proof, .. } => {
                self.ended(*session, proof, Standing::Lost, sent);
                "lost"
            }
            TeamFact::RunUndone { runs, .. } => {
                for proof in runs.iter().flat_map(|run| &run.proofs) {
                    self.proven(proof, sent);
                }
                "undone"
            }
            TeamFact::HoldReleased { member, product, draws, .. } => {
                let held = self.holds.remove(&(*member, *product));
                assert_eq!(held.as_ref(), Some(draws), "P5: what is released was held, once");
                self.each(draws, |lot, tokens| {
                    lot.held -= tokens;
                    lot.available += tokens;
                });
                "released"
            }
            TeamFact::ChargeMade(charge) => self.charged(charge, at, &entry.by, sent),
            TeamFact::CoverContinued { proof, .. } => {
                self.proven(proof, sent);
                "continued"
            }
            TeamFact::RenewalRefused { proof, .. } => {
                self.proven(proof, sent);
                "renewal refused"
            }
            TeamFact::Refused { .. } => "refused by a rule",
            TeamFact::SeatBegun { .. } => "seat begun",
            TeamFact::InvoiceOverdue { .. } => "overdue",
            TeamFact::TeamSet(_)
            | TeamFact::MemberSet { .. }
            | TeamFact::MemberDeactivated { .. }
            | TeamFact::AssignmentSet { .. }
            | TeamFact::AssignmentRemoved { .. }
            | TeamFact::SeatSet { .. }
            | TeamFact::SeatRemoved { .. }
            | TeamFact::DefaultAccessSet { .. }
            | TeamFact::BlockedProductsSet { .. } => "configured",
            // Nothing of this is asked yet.
            TeamFact::MemberErased { .. }
            | TeamFact::GroupSet { .. }
            | TeamFact::GroupRemoved { .. }
            | TeamFact::CapSet { .. }
            | TeamFact::CapRemoved { .. }
            | TeamFact::RequiredTagsSet { .. }
            | TeamFact::PlanSet { .. }
            | TeamFact::AgreementSet { .. }
            | TeamFact::AgreementRemoved { .. }
            | TeamFact::CreditsGranted { .. }
            | TeamFact::RenewalDeferred { .. }
            | TeamFact::SessionReturned { .. }
            | TeamFact::JobHeld(_)
            | TeamFact::JobExtended { .. }
            | TeamFact::JobCommitted(_)
            | TeamFact::JobReleased { .. } => panic!("nobody asked for {:?}", entry.fact),
        }
    }

    fn ordered(&mut self, placed: &OrderPlaced) -> &'static str {
        if placed.payment == Payment::Invoice {
            self.invoices.insert(placed.order.clone());
            self.crediting = Some(placed.order.clone());
        }
        "ordered"
    }

    fn credited(&mut self, lot: &Lot) -> &'static str {
        let granted = thousandths(lot.granted);
        let seen = LotSeen { granted, available: granted, ..LotSeen::default() };
        assert!(self.lots.insert(lot.lot, seen).is_none(), "P3: a lot is credited once");
        "credited"
    }

    fn covered(&mut self, of: Of, session: &SessionId, cover: &OpeningCover) {
        match cover {
            OpeningCover::Hold(set) => self.held(of, set),
            OpeningCover::Joined { .. } => {
                assert!(self.holds.contains_key(&of), "W2: an opening joins a hold that is pending");
            }
            OpeningCover::Charge => self.charging = Some(session.clone()),
            OpeningCover::Seat { .. } | OpeningCover::Window { .. } => {}
        }
    }

    fn held(&mut self, of: Of, set: &HoldSet) {
        let held = self.holds.insert(of, set.draws.clone());
        assert_eq!(held, None, "W2: there is never a second hold");
        let total: Tokens = set.draws.iter().map(|draw| draw.tokens).sum();
        assert_eq!(total, set.rate.tokens, "W1: a hold is of the rate");
        self.each(&set.draws, |lot, tokens| {
            lot.available -= tokens;
            lot.held += tokens;
        });
    }

    fn charged(
        &mut self,
        charge: &ChargeMade,
        at: Instant,
        by: &Author,
        sent: &BTreeMap<SessionId, BTreeSet<Instant>>,
    ) -> &'static str {
        let of = (charge.member, charge.product);
        let window = charge.window;
        assert_ne!(*by, Author::Server, "W4: no timer charges anyone");
        assert!(heard(sent, &charge.session, at), "W4: nothing was heard of {} at {at}", charge.session);
        assert!(!charge.proofs.is_empty(), "V6: a charge has a proof of use");
        for proof in &charge.proofs {
            self.proven(proof, sent);
        }
        let own = self.sessions.values().find(|seen| seen.id == charge.session).unwrap();
        assert_eq!((own.of, &own.standing), (of, &Standing::Open), "W4: a message of a session that is open");
        assert_eq!(window.end, window.start.plus(Elapsed::WINDOW), "W1: a window lasts 24 hours");
        for other in self.windows.entry(of).or_default() {
            assert!(other.end <= window.start || window.end <= other.start, "W3: {window:?} overlaps {other:?}");
        }
        self.windows.entry(of).or_default().push(window);
        let total: Tokens = charge.draws.iter().map(|draw| draw.tokens).sum();
        assert_eq!(total, charge.rate.tokens, "W1: a charge is of the rate");
        let shown = charge.proofs.iter().map(|proof| proof.to).max().unwrap();
        match charge.cause {
            ChargeCause::UndoIntervalPassed { undo_s, .. } => {
                assert!(window.start.plus(Elapsed::seconds(undo_s)) <= shown, "W2: shown for the undo interval");
                let held = self.holds.remove(&of);
                assert_eq!(held.as_ref(), Some(&charge.draws), "P5: a charge draws from what was held");
                self.each(&charge.draws, |lot, tokens| {
                    lot.held -= tokens;
                    lot.spent += tokens;
                });
                "charged after the interval"
            }
            ChargeCause::NoUndoInterval | ChargeCause::UndoneOften { .. } => {
                assert_eq!(window.start, at, "W2: charged at once");
                self.spent(&charge.draws);
                "charged at once"
            }
            ChargeCause::Renewal { after } => {
                assert!(window.start == after && after <= shown, "W4: a proof of use at or after {after}");
                self.spent(&charge.draws);
                "renewed"
            }
        }
    }

    fn spent(&mut self, draws: &[Draw]) {
        self.each(draws, |lot, tokens| {
            lot.available -= tokens;
            lot.spent += tokens;
        });
    }

    fn ended(
        &mut self,
        session: SessionNo,
        proof: &Proof,
        standing: Standing,
        sent: &BTreeMap<SessionId, BTreeSet<Instant>>,
    ) {
        self.proven(proof, sent);
        let seen = self.sessions.get_mut(&session).unwrap();
        assert_eq!(seen.standing, Standing::Open, "W8: {} ends twice", seen.id);
        seen.standing = standing;
    }

    /// What an entry calls proven was said by the session's client, to this engine or one before it.
    fn proven(&self, proof: &Proof, sent: &BTreeMap<SessionId, BTreeSet<Instant>>) {
        let seen = &self.sessions[&proof.session];
        assert!(seen.begun.contains(&proof.from), "W2: {} did not begin at {}", seen.id, proof.from);
        assert!(heard(sent, &seen.id, proof.to), "W4: nothing was heard of {} at {}", seen.id, proof.to);
    }

    fn each(&mut self, draws: &[Draw], change: impl Fn(&mut LotSeen, i64)) {
        for draw in draws {
            change(self.lots.get_mut(&draw.lot).unwrap(), thousandths(draw.tokens));
            self.sums(draw.lot);
        }
    }

    /// V3, of one lot.
    fn sums(&self, lot: LotNo) {
        let LotSeen { granted, available, held, spent, expired, .. } = self.lots[&lot];
        let parts = [available, held, spent, expired];
        assert!(parts.iter().all(|part| *part >= 0), "V3: lot {lot} has less than nothing: {parts:?}");
        assert_eq!(granted, parts.iter().sum::<i64>(), "V3: lot {lot}");
    }

    /// V3, of every lot and of the team, and against the fold.
    fn whole(&self) {
        for (number, lot) in &self.lots {
            self.sums(*number);
            match self.team.lots.get(*number) {
                Some(kept) => assert_eq!(
                    (lot.available, lot.held, lot.spent, lot.expired),
                    (
                        thousandths(kept.available),
                        thousandths(kept.held),
                        thousandths(kept.spent),
                        thousandths(kept.expired)
                    ),
                    "V3: lot {number}"
                ),
                None => assert!(lot.ended && lot.available == 0 && lot.held == 0, "V3: lot {number} is gone"),
            }
        }
        let (available, held) = self.balance();
        let kept = &self.team.lots;
        assert_eq!(
            (available, held),
            (thousandths(kept.available()), thousandths(kept.held())),
            "V3: {}",
            self.team.id
        );
        let of_holds: i64 = self.holds.values().flatten().map(|draw| thousandths(draw.tokens)).sum();
        assert_eq!(held, of_holds, "V3: what is held is held by somebody");
    }

    /// What is available, and held.
    pub(crate) fn balance(&self) -> (i64, i64) {
        let lots = || self.lots.values();
        (lots().map(|lot| lot.available).sum(), lots().map(|lot| lot.held).sum())
    }
}

/// Whether this is what was asked for.
fn asked_for(asked: &Asked, team: &TeamId, fact: &TeamFact) -> bool {
    matches!(asked, Asked::Team(of, command) if of == team && says(command, fact))
}

fn heard(sent: &BTreeMap<SessionId, BTreeSet<Instant>>, session: &SessionId, at: Instant) -> bool {
    sent.get(session).is_some_and(|sent| sent.contains(&at))
}

/// What the driver's clients call a device, another name with each opening.
pub(crate) fn device_name(session: &SessionId) -> String {
    format!("the device of {session}")
}
