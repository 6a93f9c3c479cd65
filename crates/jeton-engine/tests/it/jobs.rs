//! Jobs in the engine: lapses that are due, late commits at once, starts with jobs that are held (R1, V4).

use std::time::Duration;

use jeton_core::catalogue::{Names, Offer, ProductSpec, ResultRate, Rounding, VendorCommand, WhenUnreachable};
use jeton_core::credit::Grant;
use jeton_core::decision::{Granted, TeamCommand};
use jeton_core::entry::{Author, JobRelease, Tags, TeamFact};
use jeton_core::id::{JobId, JobNo, MemberKey};
use jeton_core::job::{JobAnswer, JobAsked, LapsedJob, PartAsked};
use jeton_core::refusal::{JobState, Refusal};
use jeton_core::time::Instant;
use jeton_engine::{Guard, JobAsk, JobMessage, TeamAnswer};
use jeton_store::JOBS;

use crate::support::asks::granted;
use crate::support::clocks::{Clocks, at};
use crate::support::place::Place;
use crate::support::server::{Begin, Sent, Server};

const STUDIES: &str = "generative-design";

fn id(job: &str) -> JobId {
    job.parse().unwrap()
}

/// Studies at 11 each.
fn studio(server: &Server) {
    server.shop(2, 100);
    let spec = ProductSpec {
        names: Names { en: STUDIES.into(), fr: STUDIES.into() },
        uses: Vec::new(),
        versions: Vec::new(),
        undo_s: 300,
        idle_aware: false,
        idle_after_s: 900,
        min_balance: "0".parse().unwrap(),
        when_unreachable: WhenUnreachable::Start,
    };
    let code = STUDIES.parse().unwrap();
    server.vendor(VendorCommand::SetProduct { code, spec }).unwrap();
    let rate = ResultRate { unit: "each".parse().unwrap(), tokens: "11".parse().unwrap(), rounding: Rounding::None };
    let offer = Offer::Results([("study".parse().unwrap(), rate)].into());
    let (code, starts_at) = (STUDIES.parse().unwrap(), at("2000-01-01T00:00:00Z"));
    server.vendor(VendorCommand::SetRate { code, starts_at, offer }).unwrap();
}

fn studies(quantity: &str) -> Vec<PartAsked> {
    vec![PartAsked { result: "study".parse().unwrap(), quantity: quantity.parse().unwrap() }]
}

fn asked(quantity: &str) -> JobAsked {
    let (member, product) = (Some(MemberKey(1)), STUDIES.parse().unwrap());
    JobAsked { member, product, parts: studies(quantity), tags: Some(Tags::new()) }
}

fn holding(job: &str, quantity: &str) -> TeamCommand {
    TeamCommand::HoldJob { job: id(job), asked: asked(quantity) }
}

fn hold(server: &Server, job: &str, quantity: &str) -> JobAnswer {
    job_of(granted(server.ask("acme", holding(job, quantity))).unwrap())
}

fn job_of(granted: Granted) -> JobAnswer {
    if let Granted::Job(answer) = granted { answer } else { panic!("no job, but {granted:?}") }
}

/// The commit of a job whose hold has lapsed.
fn late(job: &str, number: JobNo, quantity: &str, held_at: Instant) -> TeamCommand {
    let lapsed = LapsedJob { number, asked: asked(quantity), held_at };
    TeamCommand::CommitJob { job: id(job), parts: None, lapsed: Some(Box::new(lapsed)) }
}

fn say(server: &Server, job: &str, message: JobMessage) -> Result<Option<JobAnswer>, Refusal> {
    let ask = JobAsk { job: id(job), message, guard: Guard::Any, by: Author::Operator };
    let decided = server.wait(server.engine.job(ask)).unwrap();
    decided.outcome.map(|decided| decided.map(|decided| decided.answer))
}

fn held_jobs(server: &Server) -> Vec<String> {
    server.see("acme", |team, _| team.jobs().map(|(_, job)| job.id.to_string()).collect())
}

#[test]
fn r1_a_read_sees_that_a_hold_has_lapsed_at_exactly_24_hours() {
    for place in Place::both() {
        let clocks = Clocks::at("2026-03-02T08:00:00Z");
        let server = place.start(&Begin::wall(&clocks));
        studio(&server);
        hold(&server, "j1", "2");
        for (more, available) in [(Duration::from_micros(86_399_999_999), 78), (Duration::from_micros(1), 100)] {
            let held = server.hold();
            clocks.pass(more);
            let look = server.send_look("acme");
            held.let_go(&server).unwrap();
            assert_eq!(look.answer(&server).unwrap().value.0, available);
        }
        let lapsed = server.ledger("acme").into_iter().find_map(|entry| match entry.fact {
            TeamFact::JobReleased { why, .. } => Some((why, entry.at, entry.by)),
            _ => None,
        });
        assert_eq!(lapsed, Some((JobRelease::Lapsed, at("2026-03-03T08:00:00Z"), Author::Server)));
        assert_eq!(say(&server, "j1", JobMessage::Commit(None)), Ok(None), "it is not held any more");
        server.verify(None).unwrap();
        server.stop();
    }
}

#[test]
fn r1_a_commit_at_the_instant_of_the_lapse_comes_after_it() {
    let clocks = Clocks::at("2026-03-02T08:00:00Z");
    let server = Place::memory().start(&Begin::wall(&clocks));
    studio(&server);
    hold(&server, "j1", "2");
    let held = server.hold();
    clocks.pass(Duration::from_hours(24));
    let engine = server.engine.clone();
    let ask = JobAsk { job: id("j1"), message: JobMessage::Commit(None), guard: Guard::Any, by: Author::Operator };
    let sent = Sent::of(async move { engine.job(ask).await });
    held.let_go(&server).unwrap();
    assert_eq!(sent.answer(&server).unwrap().outcome, Ok(None));
    assert_eq!(server.balance(), (100, 0));
    server.stop();
}

#[test]
fn r1_late_commits_in_one_group_are_one_charge() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        studio(&server);
        let JobAnswer { number, held_at, .. } = hold(&server, "j1", "2");
        server.move_clock(at("2026-03-04T08:00:00Z")).unwrap();
        let held = server.hold();
        let twice = [(); 2].map(|()| server.send("acme", late("j1", number, "2", held_at)));
        held.let_go(&server).unwrap();
        let [first, second] = twice.map(|sent| granted(sent.answer(&server)).unwrap());
        let first = job_of(first);
        assert_eq!(first.state, JobState::Committed);
        assert_eq!(second, Granted::Known { seq: first.charge.unwrap() });
        // After a start, it is in the views alone: who has not looked there is told to.
        server.stop();
        let server = place.start(&Begin::sandbox());
        let behind = server.last_position() - 1;
        let sent = server.send_searched("acme", late("j1", number, "2", held_at), behind);
        assert_eq!(sent.answer(&server).unwrap().outcome, Ok(TeamAnswer::SearchAgain));
        let end = server.views.job_end("acme", number.0).unwrap().unwrap();
        let end = server.log.entry(end).unwrap().unwrap();
        assert!(String::from_utf8_lossy(&end.body).contains("job_committed"));
        assert_eq!(server.balance(), (78, 0));
        server.verify(None).unwrap();
        server.stop();
    }
}

#[test]
fn v4_a_job_that_is_held_survives_a_stop_and_a_death() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        studio(&server);
        let JobAnswer { number, .. } = hold(&server, "j1", "2");
        hold(&server, "j2", "1");
        server.stop();
        let server = place.start(&Begin::sandbox());
        assert_eq!(held_jobs(&server), ["j1", "j2"]);
        assert_eq!(
            granted(server.ask("acme", holding("j1", "2"))),
            Ok(Granted::Known { seq: jeton_core::id::Seq(number.0) })
        );
        let extended = say(&server, "j1", JobMessage::Extend).unwrap().unwrap();
        server.die();
        let server = place.start(&Begin::sandbox());
        let committed = say(&server, "j1", JobMessage::Commit(Some(studies("1")))).unwrap().unwrap();
        assert_eq!((committed.number, committed.held_at), (number, extended.held_at));
        say(&server, "j2", JobMessage::Release).unwrap().unwrap();
        assert_eq!(server.balance(), (89, 0));
        server.die();
        let server = place.start(&Begin::sandbox());
        assert_eq!((server.balance(), held_jobs(&server)), ((89, 0), Vec::new()));
        server.verify(None).unwrap();
        server.stop();
    }
}

#[test]
fn v4_a_job_in_flight_at_a_death_is_held_once_or_not_at_all() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        studio(&server);
        let held = server.hold();
        let sent = server.send("acme", holding("j1", "2"));
        drop(held);
        drop(sent);
        server.die();
        let server = place.start(&Begin::sandbox());
        let (found, searched) = server.views.id(JOBS, "j1").unwrap();
        assert_eq!(held_jobs(&server).len(), usize::from(found.is_some()));
        // Whoever was told nothing asks again.
        granted(server.send_searched("acme", holding("j1", "2"), searched).answer(&server)).unwrap();
        assert_eq!((server.balance(), held_jobs(&server)), ((78, 22), vec!["j1".to_owned()]));
        server.stop();
    }
}

#[test]
fn v4_the_job_of_another_team_is_refused() {
    let server = Place::memory().start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
    studio(&server);
    server.enter("zeta", 1, 100);
    hold(&server, "j1", "2");
    assert_eq!(granted(server.ask("zeta", holding("j1", "2"))), Err(Refusal::IdReused));
    say(&server, "j1", JobMessage::Release).unwrap().unwrap();
    assert_eq!(granted(server.ask("zeta", holding("j1", "2"))), Err(Refusal::IdReused), "not for being over");
    server.stop();
}

#[test]
fn r1_a_job_outside_the_guard_is_as_good_as_unknown() {
    let server = Place::memory().start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
    studio(&server);
    hold(&server, "j1", "2");
    let (acme, autocad) = ("acme".parse().unwrap(), "autocad".parse().unwrap());
    for guard in [Guard::Product(autocad), Guard::Team("zeta".parse().unwrap()), Guard::Member(acme, MemberKey(2))] {
        let ask = JobAsk { job: id("j1"), message: JobMessage::Release, guard, by: Author::Operator };
        assert_eq!(server.wait(server.engine.job(ask)).unwrap().outcome, Ok(None));
    }
    assert_eq!(server.balance(), (78, 22));
    let guard = Guard::Product(STUDIES.parse().unwrap());
    let ask = JobAsk { job: id("j1"), message: JobMessage::Release, guard, by: Author::Operator };
    assert!(server.wait(server.engine.job(ask)).unwrap().outcome.unwrap().is_some());
    server.stop();
}

#[test]
fn p10_credits_pay_a_job_whole_or_not_at_all_and_come_before_tokens() {
    for place in Place::both() {
        let server = place.start(&Begin::sandbox_at("2026-03-02T08:00:00Z"));
        studio(&server);
        let command = TeamCommand::GrantCredits {
            member: Some(MemberKey(1)),
            grant: "spring".parse().unwrap(),
            credits: "30".parse().unwrap(),
            ends_at: at("2026-03-02T12:00:00Z"),
            if_match: None,
        };
        granted(server.ask("acme", command)).unwrap();
        let by_credits = hold(&server, "j1", "2");
        assert_eq!(
            (by_credits.funds.tokens().to_string(), by_credits.funds.total().to_string()),
            ("0".into(), "22".into())
        );
        // 8 are left: the next one is paid by tokens, all of it.
        let by_tokens = hold(&server, "j2", "1");
        assert_eq!(by_tokens.funds.tokens().to_string(), "11");
        server.stop();
        let server = place.start(&Begin::sandbox());
        // What is held of a grant that has ended can still be committed.
        server.move_clock(at("2026-03-02T13:00:00Z")).unwrap();
        let committed = say(&server, "j1", JobMessage::Commit(Some(studies("1")))).unwrap().unwrap();
        assert_eq!((committed.funds.total().to_string(), committed.state), ("11".into(), JobState::Committed));
        assert_eq!(server.balance(), (89, 11), "no token was spent");
        let left: Vec<Grant> =
            server.see("acme", |team, _| team.credits.of(MemberKey(1)).map(|(_, grant)| grant.clone()).collect());
        assert_eq!(left, [], "it has ended, and nothing of it is held");
        server.verify(None).unwrap();
        server.stop();
    }
}
