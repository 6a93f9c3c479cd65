//! What happens in the demo's past, act by act, in the order of time.
//!
//! What always holds: the same seed and the same end give the same acts. An act is a message as any client or admin
//! sends it; what comes of it is for the rules to say. After the end nothing happens: who has something open then has
//! it open still.

use jeton_core::decision::{OpenSession, TeamCommand};
use jeton_core::entry::{Author, ClosedBy, Tags};
use jeton_core::id::{DeviceKey, JobId, MemberKey, SessionId, TeamId};
use jeton_core::time::{Elapsed, Instant};
use jeton_engine::{Guard, JobAsk, JobMessage, SessionAsk, SessionMessage, TeamAsk};
use jeton_store::{Beside, Device, Person, Position};
use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use super::cast::Troupe;
use super::chance::Chance;

/// How often a product says that it is in use: rarer than clients do, since a beat that decides nothing is no entry,
/// and often enough that nobody is taken for lost.
const BEAT: Elapsed = Elapsed::seconds(240);

/// One message, and when it is sent.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) at: Instant,
    pub(super) message: Message,
}

#[derive(Debug)]
pub(super) enum Message {
    Team(Box<TeamAsk>),
    Session(SessionAsk),
    Job(JobAsk),
}

/// How a product that was opened is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    Close,
    /// Nothing is heard of it any more.
    Crash,
}

/// What a member has open from when to when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit<'v> {
    /// By place in the team.
    pub(super) member: usize,
    pub(super) product: &'v str,
    pub(super) from: Instant,
    pub(super) to: Instant,
    pub(super) leave: Leave,
}

/// One team as it is being written.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) troupe: &'static Troupe,
    pub(super) team: TeamId,
    pub(super) zone: TimeZone,
    /// The day of the end, here.
    pub(super) today: Date,
    pub(super) chance: Chance,
    salts: Vec<[u8; 16]>,
    ends_at: Instant,
    acts: Vec<Act>,
    opened: u32,
}

impl Stage {
    pub(super) fn new(troupe: &'static Troupe, ends_at: Instant, mut chance: Chance) -> Self {
        let zone = TimeZone::get(troupe.time_zone).expect("the rules of all zones are part of the program");
        let salts = troupe.members.iter().map(|_| chance.bytes()).collect();
        let today = zone.to_datetime(timestamp(ends_at)).date();
        let team = troupe.team.parse().expect("the demo's teams have ids");
        Self { troupe, team, zone, today, chance, salts, ends_at, acts: Vec::new(), opened: 0 }
    }

    pub(super) fn into_acts(self) -> Vec<Act> {
        self.acts
    }

    /// So many days before the end.
    pub(super) fn day(&self, before: i32) -> Date {
        self.today.saturating_sub(before.days())
    }

    /// So many minutes and seconds after a day's midnight, here.
    pub(super) fn at(&self, day: Date, minutes: u32, seconds: u32) -> Instant {
        let midnight = day.to_datetime(Time::midnight()).to_zoned_datetime(self.zone.clone());
        let midnight = midnight.expect("every day of these years has a midnight, or what stands for it");
        let micros = midnight.timestamp().as_microsecond();
        let midnight = Instant::from_micros(micros).expect("the demo plays in the years that Jeton knows");
        midnight.plus(Elapsed::seconds(minutes * 60 + seconds))
    }

    /// So long after midnight of a day, to the second.
    pub(super) fn about(&mut self, day: Date, from_minutes: u32, to_minutes: u32) -> Instant {
        let minutes = self.chance.between(from_minutes, to_minutes);
        let seconds = self.chance.between(0, 59);
        self.at(day, minutes, seconds)
    }

    /// An admin, or the vendor, asks something of the team.
    pub(super) fn ask(&mut self, at: Instant, command: TeamCommand) {
        self.ask_with(at, command, Vec::new());
    }

    fn ask_with(&mut self, at: Instant, command: TeamCommand, beside: Vec<Beside>) {
        let team = self.team.clone();
        let ask = TeamAsk { team, command, by: Author::Operator, beside, searched: Position::MAX };
        self.push(at, Message::Team(Box::new(ask)));
    }

    /// Everybody of the team is entered.
    pub(super) fn enter_members(&mut self, at: Instant) {
        use jeton_core::entry::Role;
        let roles = [Role::PrimaryAdmin, Role::SecondaryAdmin, Role::Billing];
        for (place, (id, name)) in self.troupe.members.iter().enumerate() {
            let key = member_key(place).expect("a team of the demo is small");
            let role = roles.get(place).copied().unwrap_or(Role::Member);
            let email = format!("{id}@{}.example", self.troupe.team);
            let (team, id, name) = (self.troupe.team.to_owned(), (*id).to_owned(), (*name).to_owned());
            let person = Person { team, member: key.0, id, email, name, salt: self.salts[place] };
            let command = TeamCommand::SetMember { member: key, role, person_changed: true, if_match: None };
            self.ask_with(at, command, vec![Beside::Person(person)]);
        }
    }

    /// What a member opens, and the messages of the program while it is open.
    pub(super) fn visit(&mut self, visit: Visit<'_>) {
        let Visit { member, product, from, to, leave } = visit;
        if from >= self.ends_at {
            return;
        }
        self.opened += 1;
        let session: SessionId =
            format!("{}-{:05}", self.troupe.team, self.opened).parse().expect("a number makes an id");
        let key = member_key(member).expect("a team of the demo is small");
        let device_name = if self.chance.percent(80) { "workstation" } else { "laptop" };
        let device = DeviceKey(jeton_app::device_key(&self.salts[member], device_name));
        let row =
            Device { team: self.troupe.team.to_owned(), member: key.0, device: device.0, name: device_name.to_owned() };
        let project = (*self.chance.of_these(self.troupe.projects)).to_owned();
        let open = OpenSession {
            session: session.clone(),
            member: Some(key),
            product: product.parse().expect("the demo's products have codes"),
            version: Some((*self.chance.of_these(&["2025", "2026", "2027"])).to_owned()),
            device,
            tags: Tags::from([("project".to_owned(), project)]),
        };
        self.ask_with(from, TeamCommand::OpenSession(open), vec![Beside::Device(row)]);
        let mut beat = from.plus(BEAT);
        while beat < to {
            self.say(beat, &session, SessionMessage::Beat { activity: None, lease: false });
            beat = beat.plus(BEAT);
        }
        if leave == Leave::Close {
            self.say(to, &session, SessionMessage::Close { activity: None, by: ClosedBy::Client });
        }
    }

    fn say(&mut self, at: Instant, session: &SessionId, message: SessionMessage) {
        let ask = SessionAsk { session: session.clone(), message, guard: Guard::Any, by: Author::Operator };
        self.push(at, Message::Session(ask));
    }

    pub(super) fn say_of_job(&mut self, at: Instant, job: &JobId, message: JobMessage) {
        let ask = JobAsk { job: job.clone(), message, guard: Guard::Any, by: Author::Operator };
        self.push(at, Message::Job(ask));
    }

    fn push(&mut self, at: Instant, message: Message) {
        if at < self.ends_at {
            self.acts.push(Act { at, message });
        }
    }
}

/// The ledger's key of a member, by their place in the team.
pub(super) fn member_key(place: usize) -> Option<MemberKey> {
    u32::try_from(place + 1).ok().map(MemberKey)
}

/// The acts of all teams in the order of time; those of one instant in the order of the teams, then as they were
/// written.
pub(super) fn in_order(stages: impl IntoIterator<Item = Stage>) -> Vec<Act> {
    let mut acts: Vec<Act> = stages.into_iter().flat_map(Stage::into_acts).collect();
    acts.sort_by_key(|act| act.at);
    acts
}

fn timestamp(at: Instant) -> jiff::Timestamp {
    jiff::Timestamp::from_microsecond(at.micros()).expect("an instant of Jeton is one of the calendar's")
}
