//! Jobs: what one would cost, holding, committing, extending, releasing, looking (R1, R2, P10).
//!
//! A job that is held is in the state; what has become of one that is not is read from its entries.

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::catalogue as core_catalogue;
use jeton_core::decision::{Granted, TeamCommand};
use jeton_core::entry::{Entry, Funds, JobCommitted, JobHeld, JobPart as CorePart, JobRelease, TeamFact};
use jeton_core::id::{JobId, JobNo, ProductCode, ResultCode, Seq, TeamId};
use jeton_core::job::{self as core, JobAsked, LapsedJob, PartAsked};
use jeton_core::limits;
use jeton_core::quantity::Quantity;
use jeton_core::refusal::{JobState as CoreState, Refusal as Rule};
use jeton_core::time::Instant;
use jeton_core::tokens::Tokens;
use jeton_engine::{Decided, Guard, JobAsk, JobDecided, JobMessage, TeamAnswer, TeamAsk};
use jeton_store::stored::AnyEntry;
use jeton_store::{JOBS, Position};

use crate::contract::{
    Decimal, Job, JobAnswer, JobCommitPost, JobPart, JobPartPut, JobPost, JobPut, JobQuote, JobQuotePost, JobState,
    JobsQuery, Rounding,
};
use crate::metering::check_tags;
use crate::refusals::Naming;
use crate::teams::known;
use crate::{
    App, Caller, Failure, Inner, Once, Operation, Over, Page, PageRequest, Target, author, authorise, refusals, wire,
};

const UNKNOWN_JOB: Failure = Failure::NotFound { code: "unknown_job" };

impl App {
    /// What a job would cost now. A refusal by a rule is part of the answer; an unknown name is not.
    pub async fn quote_job(&self, caller: &Caller, body: JobQuotePost) -> Result<JobQuote, Failure> {
        authorise(caller, Operation::QuoteJob, Target::opening(&body.team, &body.member, &body.product))?;
        let (team, member) = self.asked_member(&body.team, &body.member)?;
        let product: ProductCode = wire::parse("product", &body.product)?;
        let parts = wanted(&body.parts)?;
        if let Some(tags) = &body.tags {
            check_tags(tags)?;
        }
        let command = TeamCommand::QuoteJob(JobAsked { member, product, parts, tags: body.tags });
        let Ok(Granted::JobQuoted(quote)) = self.decide(caller, &team, command, Vec::new()).await?.outcome else {
            return Err(Failure::Internal);
        };
        let naming = Naming { inner: &self.inner, team: &team, member };
        let remaining = quote.required.filter(|required| quote.refusal.is_none() && *required <= quote.available);
        Ok(JobQuote {
            required: quote.required.map(wire::tokens),
            available: wire::tokens(quote.available),
            remaining: remaining.map(|required| wire::tokens(quote.available - required)),
            by_credits: quote.by_credits,
            refusal: quote.refusal.as_ref().map(|refusal| refusals::problem(refusal, naming)),
            warnings: quote.warnings.iter().map(|warning| refusals::warning(warning, naming)).collect(),
            ignored: Vec::new(),
        })
    }

    /// Holds a job, once (R1). `ignored` of the answer is empty here and below: the face fills it.
    pub async fn hold_job(&self, caller: &Caller, job: &str, body: JobPut) -> Result<Once<JobAnswer>, Failure> {
        authorise(caller, Operation::HoldJob, Target::opening(&body.team, &body.member, &body.product))?;
        let id: JobId = wire::parse("job", job)?;
        let (team, member) = self.asked_member(&body.team, &body.member)?;
        let product: ProductCode = wire::parse("product", &body.product)?;
        let parts = wanted(&body.parts)?;
        check_tags(&body.tags)?;
        let asked = JobAsked { member, product, parts, tags: Some(body.tags) };
        loop {
            let (found, searched) = self.inner.views.id(JOBS, id.as_str())?;
            if let Some(found) = found {
                return self.held_before(&team, &id, &asked, found.opened).await;
            }
            let command = TeamCommand::HoldJob { job: id.clone(), asked: asked.clone() };
            let ask = TeamAsk { team: team.clone(), command, by: author(caller)?, beside: Vec::new(), searched };
            let Decided { outcome, position, .. } = self.inner.engine.team(ask).await?;
            let naming = Naming { inner: &self.inner, team: &team, member };
            match outcome.map_err(|refusal| refusals::failure(&refusal, Some(naming)))? {
                TeamAnswer::SearchAgain => self.until_followed(position).await?,
                TeamAnswer::Granted(granted) => {
                    if let Granted::Job(answer) = *granted {
                        return Ok(Once { created: true, body: self.told_job(&team, &answer)? });
                    }
                    // Held by another request meanwhile: the views show it soon.
                    self.until_followed(position).await?;
                }
            }
        }
    }

    /// Spends what was delivered, and gives the rest back (R1). One that is committed is told again; one whose hold has
    /// lapsed is decided anew.
    pub async fn commit_job(&self, caller: &Caller, job: &str, body: JobCommitPost) -> Result<JobAnswer, Failure> {
        let parts = body.parts.as_deref().map(|parts| quantities(parts, Quantity::ZERO)).transpose()?;
        self.settle_job(caller, Operation::CommitJob, job, JobMessage::Commit(parts)).await
    }

    /// Lets a hold stand for longer (R1).
    pub async fn extend_job(&self, caller: &Caller, job: &str, _: JobPost) -> Result<JobAnswer, Failure> {
        self.settle_job(caller, Operation::ExtendJob, job, JobMessage::Extend).await
    }

    /// Gives back what a job holds. One that is not held any more is told as it stands.
    pub async fn release_job(&self, caller: &Caller, job: &str, _: JobPost) -> Result<JobAnswer, Failure> {
        self.settle_job(caller, Operation::ReleaseJob, job, JobMessage::Release).await
    }

    /// A job, held or over. `unknown_job` when there is none.
    pub async fn job(&self, caller: &Caller, job: &str) -> Result<Job, Failure> {
        let guard = self.guard(caller, Operation::GetJob, UNKNOWN_JOB)?;
        let id: JobId = job.parse().map_err(|_| UNKNOWN_JOB)?;
        let wanted = id.clone();
        let seen = self.inner.engine.read(None, move |sight| {
            let (team, number) = sight.job(&wanted)?;
            Some((team.id.clone(), core::standing(team, number)?))
        });
        let seen = seen.await?;
        if let Some((team, standing)) = seen.value {
            if !self.inner.is_within(&guard, &team, &standing)? {
                return Err(UNKNOWN_JOB);
            }
            return self.inner.told_job(&team, &standing, None);
        }
        let past = self.past_job(&id, seen.position, &guard).await?;
        self.inner.told_job(&past.team, &past.standing(), past.charge())
    }

    /// The jobs of a team that are held, narrowed to what the key may see; without a team that follows from the key, a
    /// bad request about `team`.
    pub async fn list_jobs(&self, caller: &Caller, query: JobsQuery, page: PageRequest) -> Result<Page<Job>, Failure> {
        let team = caller.scope.team_or(query.team.as_deref());
        let member = caller.scope.member_or(query.member.as_deref());
        let product = caller.scope.product_or(query.product.as_deref());
        authorise(caller, Operation::ListJobs, Target::sessions(team, member, product))?;
        let Some(team) = team else {
            return Err(Failure::bad_request("team", "say whose jobs: ?team="));
        };
        let id = known(team)?;
        let member = member.map(|member| self.member_key(team, member)).transpose()?;
        let product = product.map(|product| self.product_key(product)).transpose()?;
        let after = page.after::<u64>()?.unwrap_or(0);
        let limit = usize::from(page.limit) + 1;
        let seen = self.see(&id, move |team, _, _| {
            let following = team.jobs().filter(|(number, _)| number.0 > after);
            let of_member = following.filter(|(_, held)| member.is_none_or(|member| held.member == member));
            let wanted = of_member.filter(|(_, held)| product.is_none_or(|product| held.product == product));
            let standing = wanted.filter_map(|(number, _)| core::standing(team, number));
            Ok(standing.take(limit).collect::<Vec<core::JobAnswer>>())
        });
        let mut rows = Vec::new();
        for standing in seen.await?.value {
            rows.push((standing.number.to_string(), self.inner.told_job(&id, &standing, None)?));
        }
        Ok(Page::of(rows, page.limit))
    }

    /// The same job again is told what was decided; with other content the id is refused (V4).
    async fn held_before(
        &self,
        team: &TeamId,
        id: &JobId,
        asked: &JobAsked,
        position: Position,
    ) -> Result<Once<JobAnswer>, Failure> {
        let (wanted_team, wanted) = (team.clone(), asked.clone());
        let held = self.after(position, move |inner| {
            let (team, number, held, held_at) = inner.job_held(position)?;
            let product = inner.product_code(held.product)?;
            let same = team == wanted_team
                && Some(held.member) == wanted.member
                && product == wanted.product
                && by_result(held.parts.iter().map(|part| (&part.result, part.quantity)))
                    == by_result(wanted.parts.iter().map(|part| (&part.result, part.quantity)))
                && Some(&held.tags) == wanted.tags.as_ref();
            if same { Ok((number, held, held_at)) } else { Err(refusals::plain(&Rule::IdReused)) }
        });
        let (number, held, held_at) = held.await?;
        let seen = self.see(team, move |team, _, _| Ok((core::standing(team, number), team.lots.available())));
        let seen = seen.await?;
        let (standing, available) = seen.value;
        let (state, ends_at, charge) = if let Some(standing) = standing {
            (CoreState::Held, standing.ends_at, None)
        } else {
            let past = self.past_job(id, seen.position, &Guard::Any).await?;
            let standing = past.standing();
            (standing.state, standing.ends_at, past.charge())
        };
        let decided = of_hold(number, *held, held_at);
        let answer = core::JobAnswer { state, ends_at, ..decided };
        let job = self.inner.told_job(team, &answer, charge)?;
        let body = JobAnswer { job, available: wire::tokens(available), warnings: Vec::new(), ignored: Vec::new() };
        Ok(Once { created: false, body })
    }

    /// What is said of a job that may be held or over.
    async fn settle_job(
        &self,
        caller: &Caller,
        operation: Operation,
        job: &str,
        message: JobMessage,
    ) -> Result<JobAnswer, Failure> {
        let guard = self.guard(caller, operation, UNKNOWN_JOB)?;
        let id: JobId = job.parse().map_err(|_| UNKNOWN_JOB)?;
        loop {
            let ask = JobAsk { job: id.clone(), message: message.clone(), guard: guard.clone(), by: author(caller)? };
            let Decided { outcome, position, .. } = self.inner.engine.job(ask).await?;
            if let Some(JobDecided { team, answer }) = outcome.map_err(|refusal| refusals::plain(&refusal))? {
                return self.told_job(&team, &answer);
            }
            let past = self.past_job(&id, position, &guard).await?;
            let state = past.standing().state;
            match (&message, state) {
                // Held since it was asked for.
                (_, CoreState::Held) => {}
                (JobMessage::Commit(parts), CoreState::Lapsed) if !is_nothing(parts.as_deref()) => {
                    if let Some(answer) = self.commit_lapsed(caller, &id, parts.clone(), past).await? {
                        return Ok(answer);
                    }
                }
                (JobMessage::Extend, _) => return Err(refusals::plain(&Rule::JobEnded { state })),
                (JobMessage::Commit(parts), CoreState::Released) if !is_nothing(parts.as_deref()) => {
                    return Err(refusals::plain(&Rule::JobEnded { state }));
                }
                (
                    JobMessage::Commit(_) | JobMessage::Release,
                    CoreState::Committed | CoreState::Released | CoreState::Lapsed,
                ) => return self.told_past(&past).await,
            }
        }
    }

    /// A commit after the lapse is decided anew, as hold and commit in one (R1). `None`: look again.
    async fn commit_lapsed(
        &self,
        caller: &Caller,
        id: &JobId,
        parts: Option<Vec<PartAsked>>,
        past: PastJob,
    ) -> Result<Option<JobAnswer>, Failure> {
        let PastJob { team, number, held, held_at, searched, .. } = past;
        let member = held.member;
        let of_hold = |part: &CorePart| PartAsked { result: part.result.clone(), quantity: part.quantity };
        let asked = JobAsked {
            member: Some(member),
            product: self.inner.product_code(held.product)?,
            parts: held.parts.iter().map(of_hold).collect(),
            tags: Some(held.tags),
        };
        let lapsed = Some(Box::new(LapsedJob { number, asked, held_at }));
        let command = TeamCommand::CommitJob { job: id.clone(), parts, lapsed };
        let ask = TeamAsk { team: team.clone(), command, by: author(caller)?, beside: Vec::new(), searched };
        let Decided { outcome, position, .. } = self.inner.engine.team(ask).await?;
        let naming = Naming { inner: &self.inner, team: &team, member: Some(member) };
        if let TeamAnswer::Granted(granted) = outcome.map_err(|refusal| refusals::failure(&refusal, Some(naming)))?
            && let Granted::Job(answer) = *granted
        {
            return self.told_job(&team, &answer).map(Some);
        }
        // Committed by another request meanwhile, or the search was of before: the views show it soon.
        self.until_followed(position).await?;
        Ok(None)
    }

    /// What has been of a job, from its entries; `unknown_job` when there was none within the guard.
    async fn past_job(&self, id: &JobId, position: Position, guard: &Guard) -> Result<PastJob, Failure> {
        let (id, guard) = (id.clone(), guard.clone());
        self.after(position, move |inner| {
            // What ends it is looked for after this position is known, and so up to there at least.
            let (found, searched) = inner.views.id(JOBS, id.as_str())?;
            let (team, number, held, held_at) = inner.job_held(found.ok_or(UNKNOWN_JOB)?.opened)?;
            let end = inner.views.job_end(team.as_str(), number.0)?;
            let end = end.map(|position| inner.job_end(position)).transpose()?;
            let past = PastJob { team, number, held, held_at, end, searched };
            if inner.is_within(&guard, &past.team, &past.standing())? { Ok(past) } else { Err(UNKNOWN_JOB) }
        })
        .await
    }

    async fn told_past(&self, past: &PastJob) -> Result<JobAnswer, Failure> {
        let available = self.see(&past.team, |team, _, _| Ok(team.lots.available())).await?.value;
        let job = self.inner.told_job(&past.team, &past.standing(), past.charge())?;
        Ok(JobAnswer { job, available: wire::tokens(available), warnings: Vec::new(), ignored: Vec::new() })
    }

    fn told_job(&self, team: &TeamId, answer: &core::JobAnswer) -> Result<JobAnswer, Failure> {
        let naming = Naming { inner: &self.inner, team, member: Some(answer.member) };
        Ok(JobAnswer {
            job: self.inner.told_job(team, answer, answer.charge)?,
            available: wire::tokens(answer.available),
            warnings: answer.warnings.iter().map(|warning| refusals::warning(warning, naming)).collect(),
            ignored: Vec::new(),
        })
    }
}

/// A job that is not in the state, as its entries have it.
struct PastJob {
    team: TeamId,
    number: JobNo,
    held: Box<JobHeld>,
    held_at: Instant,
    /// `None`: it is held since.
    end: Option<(Instant, JobEnd)>,
    /// Up to which position its end was looked for.
    searched: Position,
}

enum JobEnd {
    Committed(Seq, Box<JobCommitted>),
    Released(JobRelease),
}

impl PastJob {
    fn standing(&self) -> core::JobAnswer {
        let held = of_hold(self.number, (*self.held).clone(), self.held_at);
        let Some((ends_at, end)) = &self.end else { return held };
        let ended = core::JobAnswer { ends_at: *ends_at, ..held };
        match end {
            JobEnd::Committed(_, committed) => core::JobAnswer {
                state: CoreState::Committed,
                parts: committed.parts.clone(),
                funds: committed.funds.clone(),
                ..ended
            },
            JobEnd::Released(why) => {
                let state = match why {
                    JobRelease::Released => CoreState::Released,
                    JobRelease::Lapsed => CoreState::Lapsed,
                };
                let funds = match &ended.funds {
                    Funds::Tokens(_) => Funds::Tokens(Vec::new()),
                    Funds::Credits(_) => Funds::Credits(Vec::new()),
                };
                core::JobAnswer { state, funds, ..ended }
            }
        }
    }

    fn charge(&self) -> Option<Seq> {
        match &self.end {
            Some((_, JobEnd::Committed(charge, _))) => Some(*charge),
            Some((_, JobEnd::Released(_))) | None => None,
        }
    }
}

/// A job as its hold was decided.
fn of_hold(number: JobNo, held: JobHeld, held_at: Instant) -> core::JobAnswer {
    core::JobAnswer {
        job: held.job,
        number,
        member: held.member,
        product: held.product,
        tags: held.tags,
        held_at,
        state: CoreState::Held,
        parts: held.parts,
        funds: held.funds,
        ends_at: held.ends_at,
        charge: None,
        available: Tokens::ZERO,
        warnings: Vec::new(),
    }
}

impl Inner {
    fn is_within(&self, guard: &Guard, team: &TeamId, job: &core::JobAnswer) -> Result<bool, Failure> {
        Ok(guard.admits(team, job.member, &self.product_code(job.product)?))
    }

    fn told_job(&self, team: &TeamId, job: &core::JobAnswer, charge: Option<Seq>) -> Result<Job, Failure> {
        Ok(Job {
            job: job.job.to_string(),
            state: job_state(job.state),
            team: team.to_string(),
            member: self.people.name_of(team, job.member),
            product: self.product_code(job.product)?.to_string(),
            tokens: wire::tokens(job.funds.tokens()),
            credits: match &job.funds {
                Funds::Tokens(_) => None,
                Funds::Credits(_) => Some(wire::tokens(job.funds.total())),
            },
            parts: job.parts.iter().map(told_part).collect(),
            tags: job.tags.clone(),
            held_at: wire::instant(job.held_at),
            ends_at: wire::instant(job.ends_at),
            charge: charge.map(|charge| format!("c{charge}")),
        })
    }

    /// The entry that held a job: whose team, its number, what was decided, and when.
    pub(crate) fn job_held(&self, position: Position) -> Result<(TeamId, JobNo, Box<JobHeld>, Instant), Failure> {
        let (sealed, entry) = self.entry(position)?;
        match entry {
            AnyEntry::Team(team, Entry { at, fact: TeamFact::JobHeld(held), .. }) => {
                Ok((team, JobNo(sealed.seq), held, at))
            }
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        }
    }

    fn job_end(&self, position: Position) -> Result<(Instant, JobEnd), Failure> {
        let (sealed, entry) = self.entry(position)?;
        match entry {
            AnyEntry::Team(_, Entry { at, fact: TeamFact::JobCommitted(committed), .. }) => {
                Ok((at, JobEnd::Committed(Seq(sealed.seq), committed)))
            }
            AnyEntry::Team(_, Entry { at, fact: TeamFact::JobReleased { why, .. }, .. }) => {
                Ok((at, JobEnd::Released(why)))
            }
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        }
    }
}

/// One result of a job, with what it costs.
pub(crate) fn told_part(part: &CorePart) -> JobPart {
    JobPart {
        result: part.result.to_string(),
        quantity: Decimal::new(part.quantity.to_string()),
        unit: part.rate.unit.to_string(),
        rate: wire::tokens(part.rate.tokens),
        rounding: rounding(part.rate.rounding),
        tokens: wire::tokens(part.tokens),
    }
}

pub(crate) fn rounding(rounding: core_catalogue::Rounding) -> Rounding {
    match rounding {
        core_catalogue::Rounding::Up => Rounding::Up,
        core_catalogue::Rounding::Nearest => Rounding::Nearest,
        core_catalogue::Rounding::None => Rounding::None,
    }
}

fn job_state(state: CoreState) -> JobState {
    match state {
        CoreState::Held => JobState::Held,
        CoreState::Committed => JobState::Committed,
        CoreState::Released => JobState::Released,
        CoreState::Lapsed => JobState::Lapsed,
    }
}

/// Quantities by their results: in which order a job names them says nothing.
fn by_result<'p>(parts: impl Iterator<Item = (&'p ResultCode, Quantity)>) -> BTreeMap<&'p ResultCode, Quantity> {
    parts.collect()
}

/// Whether nothing was delivered: a commit of that is a release (R1).
fn is_nothing(parts: Option<&[PartAsked]>) -> bool {
    parts.is_some_and(|parts| parts.iter().all(|part| part.quantity.is_zero()))
}

/// The parts of a job that is asked for: at least one, each more than nothing.
fn wanted(parts: &[JobPartPut]) -> Result<Vec<PartAsked>, Failure> {
    if parts.is_empty() {
        return Err(Failure::bad_request("parts", "a job has at least one part"));
    }
    quantities(parts, Quantity::LEAST)
}

/// Quantities of results, each named once, none less than `least`.
fn quantities(parts: &[JobPartPut], least: Quantity) -> Result<Vec<PartAsked>, Failure> {
    if parts.len() > limits::PARTS {
        let value = u64::try_from(limits::PARTS).unwrap_or(u64::MAX);
        return Err(Failure::Limit { name: "parts", value, over: Over::Request });
    }
    let (mut asked, mut named) = (Vec::new(), BTreeSet::new());
    for (index, part) in parts.iter().enumerate() {
        let field = format!("parts[{index}].result");
        let result: ResultCode = wire::parse(&field, &part.result)?;
        if !named.insert(result.clone()) {
            return Err(Failure::bad_request(field, format!("{result} is named twice")));
        }
        let field = format!("parts[{index}].quantity");
        let quantity: Quantity = wire::parse(&field, part.quantity.as_str())?;
        if quantity < least {
            return Err(Failure::bad_request(field, "a job asks for more than nothing of each result"));
        }
        asked.push(PartAsked { result, quantity });
    }
    Ok(asked)
}
