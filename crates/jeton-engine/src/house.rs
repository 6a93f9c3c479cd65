//! The house: every stream's state, the heads of the hash chains, and who is due when. It is what the log folds
//! to, and can be made again from it at any time.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use jeton_core::catalogue::Catalogue;
use jeton_core::decision::{Series, next_due};
use jeton_core::entry::{Entry, TeamFact, VendorFact};
use jeton_core::id::{JobId, OrderId, Seq, SessionId, SessionNo, TeamId};
use jeton_core::presence::{Alive, Presence};
use jeton_core::team::{Departed, Team};
use jeton_core::time::Instant;
use jeton_store::chain::{self, ORIGIN};
use jeton_store::stored::{self, AnyEntry};
use jeton_store::{Hash, Position, Reader, Sealed, StoreError};

use crate::epoch::Epoch;

/// How many entries are read from the log at a time.
const PAGE: usize = 4_096;

/// How many ids are remembered behind the views, so that a search that began a while ago is still good.
const REMEMBERED: Position = 100_000;

/// A team, who of it is alive, and when it is due.
#[derive(Debug)]
pub(crate) struct Occupied {
    pub(crate) team: Team,
    pub(crate) presence: Presence,
    stream: Arc<str>,
    due: Option<Instant>,
}

/// What is known of who is alive.
pub(crate) type Known = HashMap<(TeamId, SessionNo), Alive>;

/// Where a stream ends.
#[derive(Debug, Clone, Copy)]
struct Head {
    seq: u64,
    hash: Hash,
}

/// What a client's id names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Named {
    Session(SessionId),
    Job(JobId),
    /// A job that was committed after its hold had lapsed.
    LateCommit(JobId),
    Order(TeamId, OrderId),
}

/// The states of all streams.
#[derive(Debug)]
pub(crate) struct House {
    /// Swapped whole: who was given it keeps the one of that moment.
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) series: BTreeMap<i16, Series>,
    teams: BTreeMap<TeamId, Occupied>,
    /// Where live sessions are.
    sessions: HashMap<SessionId, TeamId>,
    /// Where jobs are held.
    jobs: HashMap<JobId, TeamId>,
    due: BTreeSet<(Instant, TeamId)>,
    heads: HashMap<Arc<str>, Head>,
    vendor: Arc<str>,
    pub(crate) position: Position,
    commit: Hash,
    /// The instant of the last entry.
    pub(crate) last_at: Instant,
    /// Ids granted after `searched_from`, by position; older ones are in the views.
    granted: HashMap<Named, (TeamId, u64)>,
    granted_order: VecDeque<(Position, Named)>,
    searched_from: Position,
    /// The restores of the past, in order.
    pub(crate) epochs: Vec<Begun>,
}

/// A restore: where in the log its epoch began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Begun {
    pub(crate) position: Position,
    pub(crate) epoch: Epoch,
}

impl House {
    /// Before the first entry.
    pub(crate) fn empty() -> Self {
        Self {
            catalogue: Arc::default(),
            series: BTreeMap::new(),
            teams: BTreeMap::new(),
            sessions: HashMap::new(),
            jobs: HashMap::new(),
            due: BTreeSet::new(),
            heads: HashMap::new(),
            vendor: stored::VENDOR.into(),
            position: 0,
            commit: ORIGIN,
            last_at: Instant::FIRST,
            granted: HashMap::new(),
            granted_order: VecDeque::new(),
            searched_from: 0,
            epochs: Vec::new(),
        }
    }

    /// Folds the whole log.
    pub(crate) fn load(reader: &Reader) -> Result<Self, StoreError> {
        let mut house = Self::empty();
        loop {
            let page = reader.read(house.position, PAGE)?;
            if page.is_empty() {
                break;
            }
            for sealed in page {
                house.replay(&sealed)?;
            }
        }
        for (id, occupied) in &house.teams {
            for (_, session) in occupied.team.sessions() {
                house.sessions.insert(session.id.clone(), id.clone());
            }
            for (_, job) in occupied.team.jobs() {
                house.jobs.insert(job.id.clone(), id.clone());
            }
        }
        house.searched_from = house.position;
        Ok(house)
    }

    /// Folds the next entry of the log.
    pub(crate) fn replay(&mut self, sealed: &Sealed) -> Result<(), StoreError> {
        match stored::decode(sealed)? {
            AnyEntry::Vendor(entry) => {
                self.evolve_catalogue(&entry, sealed.seq);
                if let Some(epoch) = Epoch::of(&entry.fact) {
                    self.epochs.push(Begun { position: sealed.position, epoch });
                }
            }
            AnyEntry::Team(team, entry) => {
                let team = &mut self.occupied(&team).team;
                team.evolve(&entry);
                // They are indexed when the whole log is folded.
                drop(team.take_departed());
            }
            AnyEntry::Series(year, entry) => self.series.entry(year).or_default().evolve(&entry),
        }
        self.position = sealed.position;
        self.last_at = self.last_at.max(Instant::from_micros(sealed.at).unwrap_or(Instant::FIRST));
        self.heads.insert(sealed.stream.clone(), Head { seq: sealed.seq, hash: sealed.hash });
        if let Some(commit) = sealed.commit {
            self.commit = commit;
        }
        Ok(())
    }

    pub(crate) fn evolve_catalogue(&mut self, entry: &Entry<VendorFact>, seq: u64) {
        Arc::make_mut(&mut self.catalogue).evolve(Seq(seq), entry);
    }

    pub(crate) fn team(&self, team: &TeamId) -> Option<&Occupied> {
        self.teams.get(team)
    }

    pub(crate) fn teams(&self) -> impl Iterator<Item = &Team> {
        self.teams.values().map(|occupied| &occupied.team)
    }

    /// What a decision about a team meets; the team is made when nothing is known of it yet.
    pub(crate) fn scene(&mut self, team: &TeamId, year: i16) -> (&mut Occupied, &Catalogue, &mut Series) {
        let occupied = self.teams.entry(team.clone()).or_insert_with(|| vacant(team));
        (occupied, &self.catalogue, self.series.entry(year).or_default())
    }

    /// Forgets a team that was made for a decision which then entered nothing.
    pub(crate) fn leave_if_vacant(&mut self, team: &TeamId) {
        if self.teams.get(team).is_some_and(|occupied| occupied.team.seq == 0) {
            self.teams.remove(team);
        }
    }

    /// The repeats of a team's refusals that were counted since they were last taken (V1).
    pub(crate) fn take_repeats(&mut self, team: &TeamId) -> BTreeMap<Seq, u64> {
        self.teams.get_mut(team).map(|occupied| occupied.presence.take_repeats()).unwrap_or_default()
    }

    fn occupied(&mut self, team: &TeamId) -> &mut Occupied {
        self.teams.entry(team.clone()).or_insert_with(|| vacant(team))
    }

    /// Where a live session is.
    pub(crate) fn team_of(&self, session: &SessionId) -> Option<&TeamId> {
        self.sessions.get(session)
    }

    /// Where a job is held.
    pub(crate) fn team_of_job(&self, job: &JobId) -> Option<&TeamId> {
        self.jobs.get(job)
    }

    /// The number that the next entry of the vendor's stream gets.
    pub(crate) fn next_of_vendor(&self) -> u64 {
        self.heads.get(&self.vendor).map_or(1, |head| head.seq + 1)
    }

    pub(crate) fn vendor_stream(&self) -> Arc<str> {
        self.vendor.clone()
    }

    pub(crate) fn team_stream(&self, team: &TeamId) -> Arc<str> {
        self.teams.get(team).map_or_else(|| stored::team_stream(team).into(), |occupied| occupied.stream.clone())
    }

    /// Links an entry to its stream and gives it its place in the log.
    pub(crate) fn seal(&mut self, stream: Arc<str>, at: Instant, body: Vec<u8>) -> Sealed {
        let head = self.heads.entry(stream.clone()).or_insert(Head { seq: 0, hash: ORIGIN });
        head.seq += 1;
        head.hash = chain::link(&head.hash, &stream, head.seq, at.micros(), &body);
        self.position += 1;
        self.last_at = self.last_at.max(at);
        let (seq, hash) = (head.seq, head.hash);
        Sealed { position: self.position, stream, seq, at: at.micros(), body: body.into(), hash, commit: None }
    }

    /// Links a commit to the one before, and writes its hash on its last entry.
    pub(crate) fn seal_commit(&mut self, entries: &mut [Sealed]) {
        self.commit = chain::commit(&self.commit, entries);
        if let Some(last) = entries.last_mut() {
            last.commit = Some(self.commit);
        }
    }

    /// Keeps the indexes beside the states after entries of a team were folded.
    pub(crate) fn index(&mut self, team: &TeamId, entries: &[Entry<TeamFact>], first: (Position, u64)) {
        for (offset, entry) in (0..).zip(entries) {
            let (position, seq) = (first.0 + offset, first.1 + offset);
            if let TeamFact::SessionOpened(opened) = &entry.fact {
                self.sessions.insert(opened.session.clone(), team.clone());
                self.grant(Named::Session(opened.session.clone()), team, position, seq);
            } else if let TeamFact::JobHeld(held) = &entry.fact {
                self.jobs.insert(held.job.clone(), team.clone());
                self.grant(Named::Job(held.job.clone()), team, position, seq);
            } else if let TeamFact::JobCommitted(committed) = &entry.fact {
                if committed.anew {
                    self.grant(Named::LateCommit(committed.job.clone()), team, position, seq);
                }
            } else if let TeamFact::OrderPlaced(placed) = &entry.fact {
                self.grant(Named::Order(team.clone(), placed.order.clone()), team, position, seq);
            }
        }
        for departed in self.occupied(team).team.take_departed() {
            match departed {
                Departed::Session(session) => _ = self.sessions.remove(&session),
                Departed::Job(job) => _ = self.jobs.remove(&job),
            }
        }
    }

    fn grant(&mut self, named: Named, team: &TeamId, position: Position, seq: u64) {
        self.granted.insert(named.clone(), (team.clone(), seq));
        self.granted_order.push_back((position, named));
    }

    /// By whom and by which entry an id was granted, as far as it is remembered.
    pub(crate) fn granted(&self, named: &Named) -> Option<&(TeamId, u64)> {
        self.granted.get(named)
    }

    /// Whether a search of the ids of the past up to `position` and the ids remembered here leave no gap.
    pub(crate) fn remembers_since(&self, position: Position) -> bool {
        position >= self.searched_from
    }

    /// Forgets the ids that the views have shown for long.
    pub(crate) fn forget_granted(&mut self, followed: Position) {
        let until = followed.saturating_sub(REMEMBERED);
        while let Some((position, named)) = self.granted_order.pop_front_if(|(position, _)| *position <= until) {
            self.granted.remove(&named);
            self.searched_from = self.searched_from.max(position);
        }
    }

    /// Notes when a team is due next.
    pub(crate) fn schedule(&mut self, team: &TeamId) {
        let Some(occupied) = self.teams.get_mut(team) else { return };
        let due = next_due(&occupied.team, &occupied.presence, &self.catalogue);
        if due != occupied.due {
            if let Some(before) = occupied.due {
                self.due.remove(&(before, team.clone()));
            }
            if let Some(due) = due {
                self.due.insert((due, team.clone()));
            }
            occupied.due = due;
        }
    }

    /// Notes when every team is due next.
    pub(crate) fn schedule_all(&mut self) {
        let teams: Vec<TeamId> = self.teams.keys().cloned().collect();
        for team in &teams {
            self.schedule(team);
        }
    }

    /// The team that is due first, and when.
    pub(crate) fn first_due(&self) -> Option<&(Instant, TeamId)> {
        self.due.first()
    }

    /// Puts the presence back that was stored or kept; a session of which none is known was silent since its
    /// opening. No silence begins before `listening`. Answers of which sessions something is known although they are
    /// not open.
    pub(crate) fn recall(
        &mut self,
        mut known: Known,
        listening: Instant,
    ) -> impl Iterator<Item = (TeamId, SessionNo)> + use<> {
        for (id, occupied) in &mut self.teams {
            let open = occupied.team.open_sessions();
            let open: Vec<_> = open.map(|(number, session)| (number, session.from, session.opened_at)).collect();
            for (number, from, opened_at) in open {
                // Of its activity no more is claimed than is certain: it never charges anybody (W6).
                let (last_proof, last_activity) = (from, opened_at);
                let unknown = Alive { from, last_proof, last_activity, silent_since: from, lease: None };
                // What was known of it before it was revived is not known of it since.
                let alive = known.remove(&(id.clone(), number)).filter(|alive| alive.from == from);
                let mut alive = alive.unwrap_or(unknown);
                alive.silent_since = alive.silent_since.max(listening);
                occupied.presence.set(number, alive);
            }
        }
        known.into_keys()
    }

    /// Everything that is known of who is alive.
    pub(crate) fn presence(&self) -> impl Iterator<Item = ((TeamId, SessionNo), Alive)> {
        let teams = self.teams.iter();
        teams
            .flat_map(|(id, occupied)| occupied.presence.iter().map(|(session, alive)| ((id.clone(), session), *alive)))
    }

    /// Until `now` the server was not there: that was not silence (W8).
    pub(crate) fn restarted(&mut self, now: Instant) {
        for occupied in self.teams.values_mut() {
            occupied.presence.restarted(now);
        }
        self.schedule_all();
    }
}

fn vacant(team: &TeamId) -> Occupied {
    Occupied {
        team: Team::new(team.clone()),
        presence: Presence::default(),
        stream: stored::team_stream(team).into(),
        due: None,
    }
}
