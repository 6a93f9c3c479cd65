//! A play: what one seed does to one installation, on good days and bad ones, and what has to be so after each step.
//!
//! The engine's thread is held while a step is prepared, so that time goes by and requests gather at once; a step is
//! over when a look has found the engine with nothing left to do. So a seed always gives the same log.

mod process;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jeton_core::catalogue::VendorCommand;
use jeton_core::decision::{OpenSession, TeamCommand};
use jeton_core::entry::{Author, Role};
use jeton_core::id::{MemberKey, TeamId};
use jeton_core::presence::Presence;
use jeton_core::team::Team;
use jeton_core::time::Instant;
use jeton_engine::{EraseAsk, Guard, JobAsk, Machine, NotNow, Seen, SessionAsk, TeamAsk};
use jeton_store::{Beside, Device, Memory, Position, Sealed, memory};

use process::RowsBeside;

use super::bad_days::{BadDays, Death, Fault, Slow};
use super::chance::{Chance, later};
use super::commands::{
    Asked, Id, Known, code, enter, idle, pay, price_list, rate, results, set_member, set_product, settings,
};
use super::judge::{Told, judge};
use super::reckoning::{Became, Reckoning, device_name};
use crate::support::clocks::{Clocks, at};
use crate::support::server::{Begin, Sent, Server};

const BEGINS_AT: &str = "2026-03-02T08:00:00Z";
const STEPS: u64 = 26;
const MICROSECOND: i64 = 1;
const SECOND: i64 = 1_000_000;
/// How long the engine waits before it tries again.
const PROBE: Duration = Duration::from_millis(250);

thread_local! {
    /// The seed that this thread is playing, or whose engine it is.
    static PLAYED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The seed that this thread plays.
pub(crate) fn played() -> Option<u64> {
    PLAYED.get()
}

/// What a play left behind.
pub(crate) struct Played {
    pub(crate) log: Vec<Sealed>,
    pub(crate) happened: BTreeMap<&'static str, u64>,
}

/// The teams as the engine shows them.
struct Sights {
    teams: Vec<(Team, Presence)>,
    jumped: bool,
}

/// A request that is under way; without an answer to wait for when the asker has hung up.
struct UnderWay {
    asked: Asked,
    answer: Option<Sent<Told>>,
}

/// What is done in one step.
struct Step {
    passing: Duration,
    asked: Vec<Asked>,
    fault: Option<(u64, Fault)>,
    /// What is asked while the append is slow, and how much time goes by.
    meanwhile: Option<(Duration, Vec<Asked>)>,
}

struct Play {
    chance: Chance,
    memory: Memory,
    days: BadDays,
    clocks: Clocks,
    begin: Begin,
    server: Option<Server>,
    reckoning: Reckoning,
    teams: Vec<TeamId>,
    members: u32,
    products: u32,
    /// Ids and what they were asked for, in order.
    asked: Vec<(Id, Asked)>,
    used: u64,
    /// Answers that have been given and are not compared with the log yet.
    told: Vec<(Asked, Told)>,
    /// What was asked under an id of its own, and not answered.
    unsure: Vec<Asked>,
    before: Option<RowsBeside>,
    stepped_back: bool,
    seed: u64,
}

/// Plays a seed.
pub(crate) fn play(seed: u64) -> Played {
    PLAYED.set(Some(seed));
    let mut play = Play::of(seed);
    play.start();
    play.set_up();
    for _ in 0..STEPS {
        play.step();
    }
    play.end();
    PLAYED.set(None);
    let mut happened = play.reckoning.happened;
    happened.extend(play.days.happened());
    Played { log: play.memory.reader().read(0, usize::MAX).unwrap(), happened }
}

impl Play {
    fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let clocks = Clocks::at(BEGINS_AT);
        let sandbox = chance.percent(20);
        let queue = if chance.percent(15) { 6 } else { 64 };
        let begin = Begin { clocks: clocks.clone(), sandbox, sandbox_clock: sandbox.then(|| at(BEGINS_AT)), queue };
        let teams = chance.between(1, 3);
        let names = ["acme", "nova", "zeta"].iter().take(usize::try_from(teams).unwrap());
        Self {
            memory: memory(),
            days: BadDays::default(),
            clocks,
            begin,
            server: None,
            reckoning: Reckoning::default(),
            teams: names.map(|name| name.parse().unwrap()).collect(),
            members: u32::try_from(chance.between(1, 4)).unwrap(),
            products: u32::try_from(chance.between(1, 3)).unwrap(),
            asked: Vec::new(),
            used: 0,
            told: Vec::new(),
            unsure: Vec::new(),
            before: None,
            stepped_back: false,
            chance,
            seed,
        }
    }

    /// A shop, and teams that may open everything.
    fn set_up(&mut self) {
        let mut asked = vec![Asked::Vendor(price_list())];
        asked.push(Asked::Vendor(VendorCommand::SetSettings(settings(&mut self.chance))));
        for product in 0..u64::from(self.products) {
            let undo_s = self.chance.weighed(&[(4, 300), (1, 60), (1, 0)]);
            let idle_after_s = idle(&mut self.chance);
            asked.push(Asked::Vendor(set_product(code(product), undo_s, idle_after_s)));
            let tokens = *self.chance.one(&["7", "2", "0.5"]);
            asked.push(Asked::Vendor(rate(code(product), tokens, at(BEGINS_AT))));
        }
        let of_results = code(u64::from(self.products));
        asked.push(Asked::Vendor(set_product(of_results.clone(), 0, None)));
        let (starts_at, offer) = (at(BEGINS_AT), results(&mut self.chance));
        asked.push(Asked::Vendor(VendorCommand::SetRate { code: of_results, starts_at, offer }));
        for team in self.teams.clone() {
            let zone = *self.chance.one(&["UTC", "Europe/Paris"]);
            let mut commands = vec![enter(zone)];
            for member in 1..=self.members {
                commands.push(set_member(MemberKey(member), Role::Member));
            }
            commands.push(TeamCommand::SetDefaultAccess {
                products: Some(jeton_core::decision::AccessAsked::All),
                if_match: None,
            });
            for _ in 0..self.chance.between(1, 2) {
                self.used += 1;
                let order: jeton_core::id::OrderId = format!("o{}", self.used).parse().unwrap();
                let quantity = self.chance.between(5, 40);
                let payment = jeton_core::entry::Payment::Invoice;
                commands.push(TeamCommand::PlaceOrder { order: order.clone(), quantity, payment });
                commands.push(pay(order));
            }
            asked.extend(commands.into_iter().map(|command| Asked::Team(team.clone(), command)));
        }
        while !asked.is_empty() {
            let rest = asked.split_off(asked.len().min(5));
            self.group(Step { passing: Duration::ZERO, asked, fault: None, meanwhile: None });
            asked = rest;
        }
    }

    fn step(&mut self) {
        #[derive(Clone, Copy)]
        enum Event {
            Group,
            Stop,
            Death,
            Full,
            Jump,
        }
        use Event::{Death, Full, Group, Jump, Stop};
        match self.chance.weighed(&[(80, Group), (5, Stop), (6, Death), (5, Full), (4, Jump)]) {
            Group => self.any_group(),
            Stop => {
                self.stop();
                self.start();
            }
            Death => {
                self.server.take().unwrap().die();
                self.reckoning.note("died between two groups");
                self.lose_what_is_beside();
                self.start();
            }
            Full => self.full(),
            Jump => self.jump(),
        }
    }

    fn any_group(&mut self) {
        let passing = self.passing();
        if self.begin.sandbox && passing > Duration::ZERO {
            let to = later(self.now(), i64::try_from(passing.as_micros()).unwrap());
            let fault = self.fault();
            self.group(Step { passing, asked: vec![Asked::Clock(to)], fault, meanwhile: None });
        }
        let asked = self.requests(5);
        let fault = self.fault();
        let meanwhile = self.chance.percent(15).then(|| {
            let passing = Duration::from_secs(self.chance.weighed(&[(2, 0), (2, 11), (1, 70), (1, 700)]));
            (passing, self.requests(4))
        });
        let passing = if self.begin.sandbox { Duration::ZERO } else { passing };
        self.group(Step { passing, asked, fault, meanwhile });
    }

    fn requests(&mut self, most: u64) -> Vec<Asked> {
        let open = self.reckoning.open();
        let (held, over) = self.reckoning.jobs();
        let mut asked = Vec::new();
        for _ in 0..self.chance.between(1, most) {
            self.used += 1;
            let known = Known {
                teams: &self.teams,
                members: self.members,
                products: self.products,
                open: &open,
                held: &held,
                over: &over,
                asked: &self.asked,
                now: self.now(),
                used: self.used,
            };
            let request = Asked::draw(&mut self.chance, &known);
            if self.chance.percent(6) {
                asked.push(request.clone());
            }
            asked.push(request);
        }
        asked
    }

    fn fault(&mut self) -> Option<(u64, Fault)> {
        use Fault::{AnswerLost, DiesAfter, DiesBefore, Refused};
        let passing = self.chance.weighed(&[(8, 0), (2, 1), (1, 2)]);
        let fault = self.chance.weighed(&[(2, Refused), (2, AnswerLost), (2, DiesBefore), (2, DiesAfter)]);
        self.chance.percent(25).then_some((passing, fault))
    }

    /// How much time goes by.
    fn passing(&mut self) -> Duration {
        #[derive(Clone, Copy)]
        enum Time {
            None,
            Within(u64),
            Boundary,
        }
        let now = self.now();
        let seconds = |seconds: u64| Time::Within(seconds * 1_000_000);
        let chosen = self.chance.weighed(&[
            (60, Time::None),
            (15, Time::Within(1_000_000)),
            (80, seconds(130)),
            (30, seconds(320)),
            (75, Time::Boundary),
            (15, seconds(3_600)),
            (15, seconds(90_000)),
            (1, seconds(40 * 86_400)),
            (1, seconds(400 * 86_400)),
        ]);
        let micros = match chosen {
            Time::None => 0,
            Time::Within(most) => self.chance.between(1, most),
            Time::Boundary => {
                // Ends of lots and of payment terms are far away, and seldom waited for.
                let until = later(now, if self.chance.percent(4) { 400 } else { 2 } * 86_400 * SECOND);
                let boundaries = self.reckoning.boundaries(now).into_iter().filter(|at| *at <= until);
                let near: Vec<Instant> = boundaries.take(3).collect();
                if near.is_empty() {
                    return Duration::from_mins(2);
                }
                let beside = self.chance.weighed(&[(3, 0), (2, -MICROSECOND), (2, MICROSECOND), (1, SECOND)]);
                u64::try_from((later(*self.chance.one(&near), beside).micros() - now.micros()).max(0)).unwrap()
            }
        };
        Duration::from_micros(micros)
    }

    /// The instant that the installation's clock shows.
    fn now(&self) -> Instant {
        let wall = Instant::from_micros(self.clocks.wall()).unwrap();
        if self.begin.sandbox { self.reckoning.last_at.unwrap_or(wall) } else { wall }
    }

    /// Requests that come at once, and what befalls them.
    fn group(&mut self, step: Step) {
        let server = self.server.take().unwrap();
        let Step { passing, asked, fault, meanwhile } = step;
        let held = server.hold();
        self.clocks.pass(passing);
        let step_back = !self.begin.sandbox && self.chance.percent(3);
        if step_back {
            // The threshold is a minute.
            self.clocks.step(if self.stepped_back { 20 } else { -20 });
            self.stepped_back = !self.stepped_back;
        }
        let (passed, fault) = fault.map_or((0, None), |(passed, fault)| (passed, Some(fault)));
        let slow = if fault.is_some() || meanwhile.is_some() {
            self.days.arm(passed, fault, meanwhile.is_some())
        } else {
            None
        };
        let in_the_middle = asked.contains(&Asked::Checkpoint);
        let mut looks = vec![self.look_at_the_clock(&server, &asked)];
        let mut under_way = self.send(&server, asked);
        let mut reading = held.go();
        let mut afterwards = meanwhile;
        if let Some(Slow { mut arrived, go }) = slow {
            reading = reading.or_first(&server, &mut arrived);
            // What needs no append is answered at once.
            if !reading.is_answered()
                && let Some((passing, asked)) = afterwards.take()
            {
                self.clocks.pass(passing);
                looks.push(self.look_at_the_clock(&server, &asked));
                if in_the_middle {
                    // Of the group that is held up, some may be decided only now.
                    let waiting = looks[0].1.asked.clone();
                    looks[1].1.asked.extend(waiting);
                }
                under_way.extend(self.send(&server, asked));
                go.send(()).unwrap();
            }
        }
        let _held = reading.answer(&server);
        let mut notes = Vec::new();
        for (look, noted) in looks {
            let _looked = look.answer(&server);
            notes.push(noted);
        }
        let answered: Vec<(Asked, Told)> = under_way
            .into_iter()
            .map(|request| {
                let told = request.answer.map_or(Told::Unheard, |answer| answer.answer(&server));
                (request.asked, told)
            })
            .collect();
        // Whatever the engine still does of its own is over when this is answered.
        let _fence = server.wait(server.engine.read(None, |_| ()));
        for Noted { at, asked } in notes {
            if let Some(at) = *at.lock().unwrap() {
                self.reckoning.hear(at, &asked);
            }
        }
        let death = self.days.death();
        let hear = self.chance.index(answered.len() + 1);
        for (number, (asked, told)) in answered.into_iter().enumerate() {
            let told = match death {
                None => told,
                Some(death) => told.before(death, number < hear),
            };
            self.hear(asked, told);
        }
        if death.is_some() {
            server.die();
            self.lose_what_is_beside();
            self.start();
        } else {
            self.server = Some(server);
            self.settle();
        }
        if let Some((passing, asked)) = afterwards.filter(|_| !self.days.is_full()) {
            self.group(Step { passing, asked, fault: None, meanwhile: None });
        }
    }

    /// Looks at the clock of the group, for whose messages are in it; the engine's thread is told whose it is.
    fn look_at_the_clock(&self, server: &Server, asked: &[Asked]) -> (Sent<Result<Seen<()>, NotNow>>, Noted) {
        let at = Arc::new(Mutex::new(None));
        let (noted, seed) = (at.clone(), self.seed);
        let engine = server.engine.clone();
        let look = Sent::of(async move {
            let look = move |sight: &jeton_engine::Sight<'_>| {
                PLAYED.set(Some(seed));
                *noted.lock().unwrap() = sight.jumped.is_none().then_some(sight.now);
            };
            engine.read(None, look).await
        });
        (look, Noted { at, asked: asked.to_vec() })
    }

    /// Sends requests; now and then their asker hangs up.
    fn send(&mut self, server: &Server, asked: Vec<Asked>) -> Vec<UnderWay> {
        let mut under_way = Vec::new();
        for asked in asked {
            let searched = match asked.named() {
                Some(id) => match self.search(&id) {
                    Some(searched) => {
                        self.asked.push((id.clone(), asked.clone()));
                        let attempts = self.reckoning.attempts.entry(id).or_default();
                        attempts.push((asked.clone(), Became::Unsure));
                        searched
                    }
                    // Found, and answered from the log.
                    None => continue,
                },
                None => Position::MAX,
            };
            let answer = Self::send_one(server, asked.clone(), searched);
            let hangs_up = self.chance.percent(4);
            under_way.push(UnderWay { asked, answer: (!hangs_up).then_some(answer) });
        }
        under_way
    }

    /// Requests that come one after the other while nothing can be decided, and what they are told.
    fn one_by_one(&mut self, server: &Server) -> Vec<Told> {
        let mut all = Vec::new();
        for asked in self.requests(3) {
            for request in self.send(server, vec![asked]) {
                let told = request.answer.map_or(Told::Unheard, |answer| answer.answer(server));
                // Also of whom nobody waits for: it is not taken later, when something can be decided again.
                let _fence = server.wait(server.engine.read(None, |_| ()));
                self.hear(request.asked, told.clone());
                all.push(told);
            }
        }
        all
    }

    /// Up to where the views are searched for an id; none when it is found there. They may be behind.
    fn search(&mut self, id: &Id) -> Option<Position> {
        let last = self.reckoning.position;
        let bound = self.reckoning.bound.get(id).map(|(_, _, position)| *position);
        match bound {
            Some(bound) => self.chance.percent(85).then(|| self.chance.below(bound)),
            None if self.chance.percent(80) => Some(last),
            None => Some(self.chance.between(0, last)),
        }
    }

    fn send_one(server: &Server, asked: Asked, searched: Position) -> Sent<Told> {
        let engine = server.engine.clone();
        let by = Author::Operator;
        match asked {
            Asked::Team(team, command) => {
                let beside = command_beside(&team, &command);
                let ask = TeamAsk { team, command, by, beside, searched };
                Sent::of(async move { Told::of(engine.team(ask).await, Told::Team) })
            }
            Asked::Session(session, message) => {
                let ask = SessionAsk { session, message, guard: Guard::Any, by };
                Sent::of(async move { Told::of(engine.session(ask).await, Told::Session) })
            }
            Asked::Job(job, within, message) => {
                let ask = JobAsk { job, message, guard: Guard::Team(within), by };
                Sent::of(async move { Told::of(engine.job(ask).await, Told::Job) })
            }
            Asked::Erase(team, member) => {
                let ask = EraseAsk { team, member: Some(member), keys: Vec::new(), enrolments: Vec::new(), by };
                Sent::of(async move { Told::of(engine.erase(ask).await, Told::Erased) })
            }
            Asked::Vendor(command) => {
                Sent::of(async move { Told::of(engine.vendor(command, None, by, Vec::new()).await, Told::Vendor) })
            }
            Asked::Clock(to) => Sent::of(async move { Told::of(engine.move_clock(to, by).await, Told::Clock) }),
            Asked::Checkpoint => Sent::of(async move { Told::of(engine.checkpoint().await, Told::Checkpoint) }),
        }
    }

    /// What the asker knows from an answer.
    fn hear(&mut self, asked: Asked, told: Told) {
        if let Some(attempts) = asked.named().and_then(|id| self.reckoning.attempts.get_mut(&id)) {
            let attempt = attempts.iter_mut().find(|(of, became)| *of == asked && *became == Became::Unsure);
            if let Some((_, became)) = attempt {
                *became = told.became();
                if *became == Became::Unsure {
                    self.unsure.push(asked.clone());
                }
            }
        }
        self.reckoning.note(told.name());
        self.told.push((asked, told));
    }

    fn read(&mut self) {
        let appended = self.memory.reader().read(self.reckoning.position, usize::MAX).unwrap();
        self.reckoning.read(&appended);
    }

    /// Waits until the engine has nothing left to do, and compares everything.
    fn settle(&mut self) {
        self.days.disarm();
        let sights = match self.look() {
            Ok(sights) => sights,
            Err(NotNow::Store(_)) if self.days.is_full() => {
                self.read();
                return;
            }
            Err(NotNow::Store(_)) => {
                self.clocks.pass(PROBE);
                self.look().expect("the store can write again, and the engine goes on by itself")
            }
            Err(other) => panic!("nothing was to be found out: {other}"),
        };
        self.compare(&sights);
    }

    fn look(&self) -> Result<Seen<Sights>, NotNow> {
        let server = self.server.as_ref().unwrap();
        server.wait(server.engine.read(None, |sight| {
            Sights {
                teams: (sight.teams().map(|team| &team.id))
                    .filter_map(|id| sight.team(id))
                    .map(|(team, presence)| (team.clone(), presence.clone()))
                    .collect(),
                jumped: sight.jumped.is_some(),
            }
        }))
    }

    fn compare(&mut self, sights: &Seen<Sights>) {
        self.read();
        assert_eq!(sights.position, self.reckoning.position, "what is seen is what is stored");
        let entered = self.reckoning.teams.values().filter(|seen| seen.team.profile.is_some()).count();
        assert_eq!(sights.value.teams.len(), entered);
        for (team, presence) in &sights.value.teams {
            self.reckoning.agrees(team, presence);
            let due = team.next_due().filter(|(due, _)| *due <= sights.at && !sights.value.jumped);
            assert!(due.is_none(), "what is due is done by itself: {due:?} of {}", team.id);
        }
        self.reckoning.agrees_beside(&self.memory.reader());
        self.reckoning.settled();
        let offered = self.server.as_ref().unwrap().engine.catalogue();
        assert_eq!(*offered, self.reckoning.catalogue, "the catalogue is the fold of the log");
        for (asked, told) in std::mem::take(&mut self.told) {
            judge(&self.reckoning, &asked, &told);
        }
        if self.before.is_none() || self.chance.percent(20) {
            self.before = Some(self.beside());
        }
        if sights.value.jumped {
            let server = self.server.as_ref().unwrap();
            server.accept_clock();
            self.settle();
        }
    }

    /// The disk is full for a while.
    fn full(&mut self) {
        let asked = self.requests(4);
        let fault = Some((0, Fault::Full));
        self.group(Step { passing: Duration::from_secs(11), asked, fault, meanwhile: None });
        if !self.days.is_full() {
            return;
        }
        let before = self.reckoning.position;
        for _ in 0..self.chance.between(1, 3) {
            self.clocks.pass(Duration::from_millis(self.chance.weighed(&[(1, 0), (1, 300), (1, 700_000)])));
            let server = self.server.take().unwrap();
            for told in self.one_by_one(&server) {
                let not_now = matches!(told, Told::Unheard | Told::NotNow(NotNow::Store(_)));
                assert!(not_now, "nothing is decided that cannot be stored: {told:?}");
            }
            self.server = Some(server);
        }
        self.read();
        assert_eq!(self.reckoning.position, before, "nothing was stored on a full disk");
        if self.chance.percent(20) {
            self.server.take().unwrap().die();
            self.days.fill(false);
            self.lose_what_is_beside();
            self.start();
        } else {
            self.days.fill(false);
            self.clocks.pass(PROBE);
            self.settle();
        }
    }

    /// The wall clock jumps: nothing is decided until it is back, or accepted.
    fn jump(&mut self) {
        if self.begin.sandbox {
            return;
        }
        let seconds = self.chance.weighed(&[(1, 7_200), (1, -7_200), (1, 90)]);
        self.clocks.step(seconds);
        let position = self.reckoning.position;
        let server = self.server.take().unwrap();
        // Whoever is asked first finds it.
        let _fence = server.wait(server.engine.read(None, |_| ()));
        for told in self.one_by_one(&server) {
            let jumped = matches!(told, Told::Unheard | Told::NotNow(NotNow::ClockJumped(_)));
            assert!(jumped, "W9: {told:?}");
        }
        self.reckoning.note("jumped");
        self.server = Some(server);
        self.read();
        assert_eq!(self.reckoning.position, position, "W9: nothing is decided");
        if self.chance.percent(50) {
            self.clocks.step(-seconds);
        }
        self.settle();
    }

    /// Everything that was not answered is asked again; then the whole is verified.
    fn end(&mut self) {
        for asked in std::mem::take(&mut self.unsure) {
            self.ask_again(asked);
        }
        let granted: Vec<Asked> = (self.reckoning.attempts.values().flatten())
            .filter(|(_, became)| *became == Became::Granted)
            .map(|(asked, _)| asked.clone())
            .collect();
        let position = self.reckoning.position;
        for _ in 0..granted.len().min(5) {
            let asked = self.chance.one(&granted).clone();
            self.ask_again(asked);
        }
        assert_eq!(self.reckoning.position, position, "V4: asked again, nothing changes");
        let server = self.server.take().unwrap();
        let verified = jeton_engine::verify(&server.log, None, None, None, &jeton_store::Watch::nobody()).unwrap();
        assert_eq!(verified.entries, self.reckoning.position);
        server.stop();
    }

    /// As the caller does: the views are searched first, and the engine is asked when they know nothing.
    fn ask_again(&mut self, asked: Asked) {
        let id = asked.named().unwrap();
        if let Some((team, seq, _)) = self.reckoning.bound.get(&id).cloned() {
            // Who asks from before the entry is told where it is, or to look again.
            let server = self.server.take().unwrap();
            let told = Self::send_one(&server, asked.clone(), 0).answer(&server);
            self.server = Some(server);
            let own = matches!(&asked, Asked::Team(of, _) if *of == team);
            let found = told.known() == Some(seq) || told.is_search_again() || told.is_reused() && !own;
            assert!(found, "V4: {asked:?}, decided in {team} at {seq}, is told {told:?}");
        } else {
            let server = self.server.take().unwrap();
            let attempts = self.reckoning.attempts.entry(id).or_default();
            attempts.push((asked.clone(), Became::Unsure));
            let (look, noted) = self.look_at_the_clock(&server, std::slice::from_ref(&asked));
            let _looked = look.answer(&server);
            let told = Self::send_one(&server, asked.clone(), Position::MAX).answer(&server);
            if let Some(at) = *noted.at.lock().unwrap() {
                self.reckoning.hear(at, &noted.asked);
            }
            assert!(told.is_decided(), "a retry settles it: {told:?}");
            self.server = Some(server);
            self.hear(asked, told);
        }
        self.settle();
    }
}

/// What is written in the same commit, if a command is granted.
fn command_beside(team: &TeamId, command: &TeamCommand) -> Vec<Beside> {
    let TeamCommand::OpenSession(OpenSession { session, member: Some(member), device, .. }) = command else {
        return Vec::new();
    };
    let (team, name) = (team.to_string(), device_name(session));
    vec![Beside::Device(Device { team, member: member.0, device: device.0, name })]
}

/// When some messages were before the engine, if they were.
struct Noted {
    at: Arc<Mutex<Option<Instant>>>,
    asked: Vec<Asked>,
}

impl Told {
    /// What is heard of an answer when the process has died: what was answered before, and of the answers of the
    /// commit in which it died, perhaps this one.
    fn before(self, death: Death, heard: bool) -> Self {
        match self.position() {
            Some(position) if !death.stored || position <= death.before => self,
            Some(_) if heard => self,
            Some(_) | None => Self::Unheard,
        }
    }
}
