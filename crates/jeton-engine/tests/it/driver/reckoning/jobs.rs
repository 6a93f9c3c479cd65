//! Jobs and credits, as the entries of a team tell of them (R1, P10).

use std::collections::BTreeMap;

use jeton_core::catalogue::Rounding;
use jeton_core::credit::CreditDraw;
use jeton_core::entry::{Author, Funds, JobCommitted, JobHeld, JobPart, JobRelease, TeamFact};
use jeton_core::id::{GrantId, JobNo, MemberKey};
use jeton_core::lot::Draw;
use jeton_core::time::Instant;
use jeton_engine::JobMessage;
use jeton_store::Position;

use super::caps::{Counted, CountedAs};
use super::{Heard, TeamSeen, thousandths};
use crate::driver::commands::{asked_parts, delivered};

/// Thousandths, too.
#[derive(Debug)]
pub(super) struct GrantSeen {
    pub(super) credits: i64,
    pub(super) ends_at: Instant,
    pub(super) held: i64,
    pub(super) spent: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobStanding {
    Held,
    Committed,
    Released,
    Lapsed,
}

#[derive(Debug)]
pub(super) struct JobSeen {
    pub(super) held: JobHeld,
    pub(super) held_at: Instant,
    pub(super) stored: Position,
    pub(super) ends_at: Instant,
    pub(super) standing: JobStanding,
}

impl TeamSeen {
    pub(super) fn job_held(
        &mut self,
        held: &JobHeld,
        (number, stored): (JobNo, Position),
        at: Instant,
    ) -> &'static str {
        assert!(!self.erased.contains(&held.member), "V5: {} has a job", held.member);
        assert_eq!(held.day, self.day_of(at), "L1: a job counts on the day of its hold");
        priced(&held.parts, &held.funds);
        let of = (held.member, held.product);
        match &held.funds {
            Funds::Tokens(draws) => {
                self.each(draws, |lot, tokens| {
                    lot.available -= tokens;
                    lot.held += tokens;
                });
            }
            Funds::Credits(draws) => self.each_grant(held.member, draws, Some(at), |grant, credits| {
                grant.held += credits;
            }),
        }
        let tokens = thousandths(held.funds.tokens());
        self.count(CountedAs::Job(number), Counted { of, day: held.day, tokens }, Some(at));
        let (ends_at, standing) = (held.ends_at, JobStanding::Held);
        let seen = JobSeen { held: held.clone(), held_at: at, stored, ends_at, standing };
        assert!(self.jobs.insert(number, seen).is_none());
        if matches!(held.funds, Funds::Credits(_)) { "job held by credits" } else { "job held" }
    }

    pub(super) fn job_released(
        &mut self,
        (number, funds, why): (JobNo, &Funds, JobRelease),
        at: Instant,
        by: &Author,
        heard: &Heard,
    ) -> &'static str {
        let seen = self.jobs.get_mut(&number).unwrap();
        assert_eq!(seen.standing, JobStanding::Held, "R1: {} is released and was not held", seen.held.job);
        assert_eq!(*funds, seen.held.funds, "R1: what is released was held");
        let (member, id, team) = (seen.held.member, &seen.held.job, &self.team.id);
        let what = match why {
            JobRelease::Lapsed => {
                assert_eq!((by, at), (&Author::Server, seen.ends_at), "J6: {id} lapses when its hold ends");
                seen.standing = JobStanding::Lapsed;
                "job lapsed"
            }
            JobRelease::Released => {
                assert!(at < seen.ends_at, "J6: {id} has lapsed");
                let held = asked_parts(&seen.held.parts);
                let said = |message: &JobMessage| match message {
                    JobMessage::Release => true,
                    JobMessage::Commit(parts) => delivered(&held, parts.as_deref()).is_empty(),
                    JobMessage::Extend => false,
                };
                let erased = heard.erasures.contains(&(team.clone(), member, at));
                assert!(erased || heard.of_job(team, id, at, said), "R1: nobody released {id} at {at}");
                seen.standing = JobStanding::Released;
                "job released"
            }
        };
        self.counted.remove(&CountedAs::Job(number));
        match funds {
            Funds::Tokens(draws) => self.each(draws, |lot, tokens| {
                lot.held -= tokens;
                lot.available += tokens;
            }),
            Funds::Credits(draws) => self.each_grant(member, draws, None, |grant, credits| grant.held -= credits),
        }
        what
    }

    pub(super) fn committed(&mut self, made: &JobCommitted, at: Instant, by: &Author, heard: &Heard) -> &'static str {
        assert_ne!(*by, Author::Server, "R1: no timer charges anyone");
        let seen = self.jobs.get_mut(&made.number).unwrap();
        let held = &seen.held;
        assert_eq!(
            (&made.job, made.member, made.product, made.held_at, &made.tags),
            (&held.job, held.member, held.product, seen.held_at, &held.tags),
            "R1: what is committed was held"
        );
        for part in &made.parts {
            let of = held.parts.iter().find(|of| of.result == part.result).expect("R1: a result that was held");
            assert!(part.quantity <= of.quantity && !part.quantity.is_zero(), "R1: never more than was held");
            let rate = |part: &JobPart| (part.rate.clone(), part.starts_at, part.agreement);
            assert!(made.anew || rate(part) == rate(of), "J3: at the rate of the hold");
        }
        priced(&made.parts, &made.funds);
        let before = if made.anew { JobStanding::Lapsed } else { JobStanding::Held };
        assert_eq!(seen.standing, before, "R1: {} is committed once, and only what is held", made.job);
        seen.standing = JobStanding::Committed;
        let what = if made.anew {
            // Who asked for it is held against the attempts.
            assert!(made.returned.total().is_zero() && made.day == self.day_of(at), "J5: decided anew");
            match &made.funds {
                Funds::Tokens(draws) => self.spent(draws),
                Funds::Credits(draws) => {
                    self.each_grant(made.member, draws, Some(at), |grant, credits| grant.spent += credits);
                }
            }
            "job committed late"
        } else {
            let (asked, team) = (asked_parts(&held.parts), &self.team.id);
            let parts = asked_parts(&made.parts);
            let said = |message: &JobMessage| match message {
                JobMessage::Commit(said) => delivered(&asked, said.as_deref()) == parts,
                JobMessage::Extend | JobMessage::Release => false,
            };
            assert!(heard.of_job(team, &made.job, at, said), "nobody committed {} at {at}", made.job);
            assert!(at < seen.ends_at && made.day == seen.held.day, "J6: {} has lapsed", made.job);
            let funds = seen.held.funds.clone();
            assert_eq!(shares(&funds), both(&made.funds, &made.returned), "R1: spent and given back is what was held");
            match (&made.funds, &made.returned) {
                (Funds::Tokens(spent), Funds::Tokens(back)) => {
                    // The last-drawn is given back first (P5).
                    assert!(first_drawn(funds.draws(), spent), "P5: {spent:?} of {funds:?}");
                    self.each(spent, |lot, tokens| {
                        lot.held -= tokens;
                        lot.spent += tokens;
                    });
                    self.each(back, |lot, tokens| {
                        lot.held -= tokens;
                        lot.available += tokens;
                    });
                }
                (Funds::Credits(spent), Funds::Credits(back)) => {
                    self.each_grant(made.member, spent, None, |grant, credits| {
                        grant.held -= credits;
                        grant.spent += credits;
                    });
                    self.each_grant(made.member, back, None, |grant, credits| grant.held -= credits);
                }
                mixed => panic!("P10: credits and tokens are mixed: {mixed:?}"),
            }
            if made.returned.total().is_zero() { "job committed" } else { "job committed in part" }
        };
        let (of, tokens) = ((made.member, made.product), thousandths(made.funds.tokens()));
        // What was held is not held against the caps again.
        let checked_at = made.anew.then_some(at);
        self.count(CountedAs::Job(made.number), Counted { of, day: made.day, tokens }, checked_at);
        what
    }

    /// Whether a job was committed after its hold had lapsed.
    pub(super) fn was_late(&self, number: JobNo) -> bool {
        let late = |fact: &TeamFact| matches!(fact, TeamFact::JobCommitted(made) if made.anew && made.number == number);
        self.entries.iter().any(|(_, entry)| late(&entry.fact))
    }

    fn each_grant(
        &mut self,
        member: MemberKey,
        draws: &[CreditDraw],
        drawn_at: Option<Instant>,
        change: impl Fn(&mut GrantSeen, i64),
    ) {
        for draw in draws {
            let grant = self.grants.get_mut(&(member, draw.grant.clone())).unwrap();
            assert!(drawn_at.is_none_or(|at| at < grant.ends_at), "J7: {} has ended", draw.grant);
            change(grant, thousandths(draw.credits));
            let GrantSeen { credits, held, spent, .. } = grant;
            assert!(*held >= 0 && *spent >= 0 && *held + *spent <= *credits, "P10: {grant:?}");
        }
    }

    /// P10: of every grant, and against the fold.
    pub(super) fn grants(&self) {
        let mut by_grant: BTreeMap<(MemberKey, GrantId), i64> = BTreeMap::new();
        for job in self.jobs.values().filter(|job| job.standing == JobStanding::Held) {
            if let Funds::Credits(draws) = &job.held.funds {
                for draw in draws {
                    let of = (job.held.member, draw.grant.clone());
                    *by_grant.entry(of).or_default() += thousandths(draw.credits);
                }
            }
        }
        for (of, grant) in &self.grants {
            assert_eq!(grant.held, by_grant.remove(of).unwrap_or(0), "P10: what is held of {of:?} is held by one");
            match self.team.credits.get(of.0, &of.1) {
                Some(kept) => assert_eq!(
                    (grant.credits, grant.held, grant.spent, grant.ends_at),
                    (thousandths(kept.credits), thousandths(kept.held), thousandths(kept.spent), kept.ends_at),
                    "P10: {of:?}"
                ),
                None => assert!(grant.ends_at <= self.team.last_at && grant.held == 0, "P10: {of:?} is gone"),
            }
        }
    }
}

/// R1, J2: the parts cost what their rates say, and the funds are their sum.
fn priced(parts: &[JobPart], funds: &Funds) {
    let mut total = 0;
    for part in parts {
        // In thousandths of a unit and of a token.
        let quantity = part.quantity.to_string();
        let (whole, fraction) = quantity.split_once('.').unwrap_or((&quantity, ""));
        let quantity = whole.parse::<i64>().unwrap() * 1_000 + format!("{fraction:0<3}").parse::<i64>().unwrap();
        let quantity = match part.rate.rounding {
            Rounding::Up => (quantity + 999) / 1_000 * 1_000,
            Rounding::Nearest => (quantity + 500) / 1_000 * 1_000,
            Rounding::None => quantity,
        };
        let price = (quantity * thousandths(part.rate.tokens) + 500) / 1_000;
        assert_eq!(thousandths(part.tokens), price, "R1: {part:?}");
        total += price;
    }
    assert_eq!(thousandths(funds.total()), total, "R1: {funds:?} is not what {parts:?} cost");
}

/// How much of what, by its name.
fn shares(funds: &Funds) -> BTreeMap<String, i64> {
    let mut shares = BTreeMap::new();
    match funds {
        Funds::Tokens(draws) => {
            for draw in draws {
                *shares.entry(format!("lot {}", draw.lot)).or_default() += thousandths(draw.tokens);
            }
        }
        Funds::Credits(draws) => {
            for draw in draws {
                *shares.entry(format!("grant {}", draw.grant)).or_default() += thousandths(draw.credits);
            }
        }
    }
    shares
}

fn both(one: &Funds, other: &Funds) -> BTreeMap<String, i64> {
    let mut both = shares(one);
    for (of, much) in shares(other) {
        *both.entry(of).or_default() += much;
    }
    both
}

/// Whether what was spent is what was drawn first.
fn first_drawn(drawn: &[Draw], spent: &[Draw]) -> bool {
    let mut rest: i64 = spent.iter().map(|draw| thousandths(draw.tokens)).sum();
    let mut first = BTreeMap::new();
    for draw in drawn {
        let taken = rest.min(thousandths(draw.tokens));
        rest -= taken;
        if taken > 0 {
            *first.entry(format!("lot {}", draw.lot)).or_default() += taken;
        }
    }
    first == shares(&Funds::Tokens(spent.to_vec()))
}
