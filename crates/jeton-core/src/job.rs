//! Jobs: results that are paid by the piece, all or nothing (R1, R2, P10).
//!
//! A job is quoted, held, and then committed or released; a hold that nobody settles lapses. What a job costs at most
//! is set aside when it is held, at the rates of that moment; a commit spends no more than that.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::catalogue::{Offer, Product};
use crate::credit::CreditDraw;
use crate::decision::{Decision, Granted, room};
use crate::entry::{Funds, JobCommitted, JobHeld, JobPart, JobRelease, Tags, TeamFact};
use crate::id::{JobId, JobNo, LotNo, MemberKey, ProductCode, ProductKey, ResultCode, Seq};
use crate::limits;
use crate::lot::Draw;
use crate::opening::check_tokens;
use crate::quantity::Quantity;
use crate::refusal::{JobState, Limit, Refusal, Warning};
use crate::team::Team;
use crate::time::{Elapsed, Instant};
use crate::tokens::Tokens;

/// What is asked for, a result named once at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobAsked {
    pub member: Option<MemberKey>,
    pub product: ProductCode,
    pub parts: Vec<PartAsked>,
    /// Without any, required tags are not asked for: a quote may come without.
    pub tags: Option<Tags>,
}

/// So much of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartAsked {
    pub result: ResultCode,
    pub quantity: Quantity,
}

/// A job whose hold has lapsed and that has left the state, as its entry has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LapsedJob {
    pub number: JobNo,
    pub asked: JobAsked,
    pub held_at: Instant,
}

/// What a job would cost now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobQuote {
    /// In tokens, or in credits where these pay it. `None` where there is no rate.
    pub required: Option<Tokens>,
    pub available: Tokens,
    /// Whether the member's cloud credits pay it.
    pub by_credits: bool,
    pub warnings: Vec<Warning>,
    pub refusal: Option<Refusal>,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobAnswer {
    pub job: JobId,
    pub number: JobNo,
    pub member: MemberKey,
    pub product: ProductKey,
    pub tags: Tags,
    pub held_at: Instant,
    pub state: JobState,
    /// What is held or was delivered.
    pub parts: Vec<JobPart>,
    /// What is held or was spent.
    pub funds: Funds,
    /// When its hold lapses, or when it ended.
    pub ends_at: Instant,
    /// The charge that this message made.
    pub charge: Option<Seq>,
    /// Tokens that the team has left and not held.
    pub available: Tokens,
    pub warnings: Vec<Warning>,
}

/// A job that may be had, all checks passed.
struct JobTerms {
    parts: Vec<JobPart>,
    funds: Funds,
    warnings: Vec<Warning>,
}

impl Decision<'_> {
    /// What holding a job now would do; nothing is decided.
    pub(crate) fn quote_job(&self, asked: &JobAsked) -> Result<Granted, Refusal> {
        let member = self.known_member(asked.member)?;
        let product = self.known_product(&asked.product)?;
        let priced = self.priced(self.product(product), &asked.parts);
        let required = priced.ok().and_then(|parts| total(&parts).ok());
        let tokens = self.team.lots.available();
        Ok(Granted::JobQuoted(match self.job_terms(member, product, asked) {
            Err(refusal) => {
                let refusal = Some(refusal);
                JobQuote { required, available: tokens, by_credits: false, warnings: Vec::new(), refusal }
            }
            Ok(JobTerms { funds: Funds::Credits(_), warnings, .. }) => {
                let available = self.team.credits.available(member, self.now);
                JobQuote { required, available, by_credits: true, warnings, refusal: None }
            }
            Ok(JobTerms { funds: Funds::Tokens(_), warnings, .. }) => {
                JobQuote { required, available: tokens, by_credits: false, warnings, refusal: None }
            }
        }))
    }

    pub(crate) fn hold_job(&mut self, job: JobId, asked: &JobAsked) -> Result<Granted, Refusal> {
        if let Some(number) = self.team.job_number(&job) {
            return Ok(Granted::Known { seq: Seq(number.0) });
        }
        let member = self.known_member(asked.member)?;
        let product = self.known_product(&asked.product)?;
        room(self.team.jobs().len(), limits::HELD_JOBS, Limit::HeldJobs)?;
        let terms = self.job_terms(member, product, asked);
        let JobTerms { parts, funds, warnings } = self.kept(Some(member), Some(product), terms)?;
        let ends_at = self.hold_until();
        let tags = asked.tags.clone().unwrap_or_default();
        let held = JobHeld { job, member, product, parts, funds, tags, day: self.today(), ends_at };
        let number = JobNo(self.emit(TeamFact::JobHeld(Box::new(held))).0);
        Ok(Granted::Job(JobAnswer { warnings, ..self.standing(number) }))
    }

    /// R1: spends what was delivered, and gives the rest back.
    pub(crate) fn commit_job(
        &mut self,
        job: &JobId,
        parts: Option<&[PartAsked]>,
        lapsed: Option<&LapsedJob>,
    ) -> Result<Granted, Refusal> {
        match (self.team.job_number(job), lapsed) {
            (Some(number), _) => self.commit_held(number, parts),
            (None, Some(lapsed)) => self.commit_lapsed(job, parts, lapsed),
            (None, None) => Ok(Granted::Past),
        }
    }

    fn commit_held(&mut self, number: JobNo, asked: Option<&[PartAsked]>) -> Result<Granted, Refusal> {
        let job = self.team.job(number).expect("a job that has a number is held").clone();
        let held = || job.parts.iter().map(|part| (&part.result, part.quantity));
        check_not_raised(held(), asked)?;
        let mut parts = Vec::new();
        for part in &job.parts {
            let quantity = delivered(&part.result, part.quantity, asked);
            let tokens = quantity.price(part.rate.tokens, part.rate.rounding);
            let tokens = tokens.expect("no more is delivered than was held, and that had a price");
            if !quantity.is_zero() {
                parts.push(JobPart { quantity, tokens, ..part.clone() });
            }
        }
        if parts.is_empty() {
            return Ok(Granted::Job(self.end_job(number, JobRelease::Released)));
        }
        let total = parts.iter().map(|part| part.tokens).sum();
        let (funds, returned) = split(&job.funds, total);
        let committed = JobCommitted {
            number,
            job: job.id.clone(),
            member: job.member,
            product: job.product,
            held_at: job.held_at,
            parts,
            funds,
            returned,
            day: job.day,
            tags: job.tags.clone(),
            anew: false,
        };
        Ok(Granted::Job(self.committed(committed, Vec::new())))
    }

    /// A commit after the lapse is decided anew, as hold and commit in one.
    fn commit_lapsed(
        &mut self,
        job: &JobId,
        parts: Option<&[PartAsked]>,
        lapsed: &LapsedJob,
    ) -> Result<Granted, Refusal> {
        let LapsedJob { number, asked, held_at } = lapsed;
        let held = || asked.parts.iter().map(|part| (&part.result, part.quantity));
        check_not_raised(held(), parts)?;
        let member = self.known_member(asked.member)?;
        let product = self.known_product(&asked.product)?;
        let delivered = held().map(|(result, quantity)| PartAsked {
            result: result.clone(),
            quantity: delivered(result, quantity, parts),
        });
        let delivered = delivered.filter(|part| !part.quantity.is_zero()).collect();
        let anew = JobAsked { parts: delivered, ..asked.clone() };
        if anew.parts.is_empty() {
            return Ok(Granted::Past);
        }
        let terms = self.job_terms(member, product, &anew);
        let JobTerms { parts, funds, warnings } = self.kept(Some(member), Some(product), terms)?;
        let returned = funds.nothing_of_it();
        let committed = JobCommitted {
            number: *number,
            job: job.clone(),
            member,
            product,
            held_at: *held_at,
            parts,
            funds,
            returned,
            day: self.today(),
            tags: asked.tags.clone().unwrap_or_default(),
            anew: true,
        };
        Ok(Granted::Job(self.committed(committed, warnings)))
    }

    fn committed(&mut self, committed: JobCommitted, warnings: Vec<Warning>) -> JobAnswer {
        let touched = lots_of(&[&committed.funds, &committed.returned]);
        let charge = self.emit(TeamFact::JobCommitted(Box::new(committed.clone())));
        self.end_lots(touched);
        let JobCommitted { number, job, member, product, held_at, parts, funds, tags, .. } = committed;
        JobAnswer {
            job,
            number,
            member,
            product,
            tags,
            held_at,
            state: JobState::Committed,
            parts,
            funds,
            ends_at: self.now,
            charge: Some(charge),
            available: self.team.lots.available(),
            warnings,
        }
    }

    pub(crate) fn extend_job(&mut self, job: &JobId) -> Granted {
        let Some(number) = self.team.job_number(job) else { return Granted::Past };
        let ends_at = self.hold_until();
        self.emit(TeamFact::JobExtended { job: number, ends_at });
        Granted::Job(self.standing(number))
    }

    pub(crate) fn release_job(&mut self, job: &JobId) -> Granted {
        let Some(number) = self.team.job_number(job) else { return Granted::Past };
        Granted::Job(self.end_job(number, JobRelease::Released))
    }

    /// Gives back what a job holds. What an ended lot gets back expires at this moment (P4).
    pub(crate) fn end_job(&mut self, number: JobNo, why: JobRelease) -> JobAnswer {
        let standing = self.standing(number);
        let funds = standing.funds.clone();
        let state = match why {
            JobRelease::Released => JobState::Released,
            JobRelease::Lapsed => JobState::Lapsed,
        };
        let nothing = funds.nothing_of_it();
        let touched = lots_of(&[&funds]);
        self.emit(TeamFact::JobReleased { job: number, funds, why });
        self.end_lots(touched);
        let available = self.team.lots.available();
        JobAnswer { state, funds: nothing, ends_at: self.now, available, ..standing }
    }

    /// Lots that have ended give up what they got back, and close when nothing of them is held any more.
    fn end_lots(&mut self, lots: BTreeSet<LotNo>) {
        for lot in lots {
            match self.team.lots.get(lot) {
                Some(ended) if ended.ended && !ended.available.is_zero() => self.end_lot(lot),
                Some(_) | None => self.close_lot_if_over(lot),
            }
        }
    }

    /// R2: A3 without seats, windows, devices and undo. Credits that are enough come before everything that is asked of
    /// tokens, as a seat does for openings.
    fn job_terms(&self, member: MemberKey, product: ProductKey, asked: &JobAsked) -> Result<JobTerms, Refusal> {
        self.check_member(member)?;
        if let Some(tags) = &asked.tags {
            self.check_tags(tags)?;
        }
        let product = self.product(product);
        let priced = self.priced(product, &asked.parts);
        if let Ok(parts) = &priced
            && let Ok(credits) = total(parts)
            && !credits.is_zero()
            && let Some(draws) = self.team.credits.choose(member, credits, self.now)
        {
            return Ok(JobTerms { parts: parts.clone(), funds: Funds::Credits(draws), warnings: Vec::new() });
        }
        self.check_access(member, product.key)?;
        let parts = priced?;
        let required = total(&parts)?;
        let warnings = self.check_caps(member, product.key, self.today(), required, None)?;
        check_tokens(required, product, self.team.lots.available())?;
        let draws = self.team.lots.choose(required).expect("what is available can be drawn (P5)");
        Ok(JobTerms { parts, funds: Funds::Tokens(draws), warnings })
    }

    /// The parts at the rates in force now; a result that none offers is `not_on_rate_sheet` (C4).
    fn priced(&self, product: &Product, asked: &[PartAsked]) -> Result<Vec<JobPart>, Refusal> {
        let in_force = self.team.rate_in_force(product, self.now).ok_or(Refusal::NotOnRateSheet)?;
        let Offer::Results(rates) = in_force.offer else { return Err(Refusal::NotOnRateSheet) };
        let part = |PartAsked { result, quantity }: &PartAsked| {
            let rate = rates.get(result).ok_or(Refusal::NotOnRateSheet)?.clone();
            let tokens = quantity.price(rate.tokens, rate.rounding).ok_or(too_much())?;
            let (starts_at, agreement) = (in_force.starts_at, in_force.agreement);
            Ok(JobPart { result: result.clone(), quantity: *quantity, rate, starts_at, agreement, tokens })
        };
        asked.iter().map(part).collect()
    }

    fn standing(&self, number: JobNo) -> JobAnswer {
        standing(self.team, number).expect("a job that has a number is held")
    }

    fn hold_until(&self) -> Instant {
        self.now.plus(Elapsed::seconds(self.catalogue.settings.job_hold_s))
    }
}

/// A job that is held, as it is answered.
pub fn standing(team: &Team, number: JobNo) -> Option<JobAnswer> {
    let job = team.job(number)?.clone();
    Some(JobAnswer {
        job: job.id,
        number,
        member: job.member,
        product: job.product,
        tags: job.tags,
        held_at: job.held_at,
        state: JobState::Held,
        parts: job.parts,
        funds: job.funds,
        ends_at: job.ends_at,
        charge: None,
        available: team.lots.available(),
        warnings: Vec::new(),
    })
}

fn total(parts: &[JobPart]) -> Result<Tokens, Refusal> {
    // Each part is at most what a team can have, and parts are few: the sum is far below what a number holds.
    let total: Tokens = parts.iter().map(|part| part.tokens).sum();
    if total <= limits::TEAM_TOKENS { Ok(total) } else { Err(too_much()) }
}

fn too_much() -> Refusal {
    Refusal::Limit { limit: Limit::TeamTokens, value: limits::TEAM_TOKENS.in_thousandths() / 1000 }
}

/// How much of a held result was delivered: all where nothing else is said, none where others are named alone.
fn delivered(result: &ResultCode, held: Quantity, asked: Option<&[PartAsked]>) -> Quantity {
    let Some(asked) = asked else { return held };
    asked.iter().find(|part| part.result == *result).map_or(Quantity::ZERO, |part| part.quantity)
}

fn check_not_raised<'p>(
    held: impl Iterator<Item = (&'p ResultCode, Quantity)>,
    asked: Option<&[PartAsked]>,
) -> Result<(), Refusal> {
    let held: Vec<_> = held.collect();
    for part in asked.unwrap_or_default() {
        let of_it = held.iter().find(|(result, _)| **result == part.result).map_or(Quantity::ZERO, |(_, held)| *held);
        if part.quantity > of_it {
            let (result, asked) = (part.result.clone(), part.quantity);
            return Err(Refusal::QuantityRaised { result, held: of_it, asked });
        }
    }
    Ok(())
}

/// What of the funds is spent, and what is given back: the last-drawn first (P5).
fn split(funds: &Funds, spent: Tokens) -> (Funds, Funds) {
    let mut missing = spent;
    let mut take = |of: Tokens| {
        let taken = of.min(missing);
        missing -= taken;
        (taken, of - taken)
    };
    match funds {
        Funds::Tokens(draws) => {
            let (mut spent, mut back) = (Vec::new(), Vec::new());
            for draw in draws {
                let (taken, left) = take(draw.tokens);
                spent.extend((!taken.is_zero()).then(|| Draw { tokens: taken, ..draw.clone() }));
                back.extend((!left.is_zero()).then(|| Draw { tokens: left, ..draw.clone() }));
            }
            (Funds::Tokens(spent), Funds::Tokens(back))
        }
        Funds::Credits(draws) => {
            let (mut spent, mut back) = (Vec::new(), Vec::new());
            for draw in draws {
                let (taken, left) = take(draw.credits);
                spent.extend((!taken.is_zero()).then(|| CreditDraw { credits: taken, ..draw.clone() }));
                back.extend((!left.is_zero()).then(|| CreditDraw { credits: left, ..draw.clone() }));
            }
            (Funds::Credits(spent), Funds::Credits(back))
        }
    }
}

fn lots_of(funds: &[&Funds]) -> BTreeSet<LotNo> {
    funds.iter().flat_map(|funds| funds.draws()).map(|draw| draw.lot).collect()
}
