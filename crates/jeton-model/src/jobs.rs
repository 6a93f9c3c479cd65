//! Jobs: R, P10.

use crate::model::{DAY, Fact, Model};
use crate::scan::{last_of_each, otherwise, those};
use crate::{Answer, At, Charge, Id, Offer, Refusal, Rounding, State, Tokens, Use};

/// What became of a job: until when it is held, the place of its hold or charge, and what was offered when it was held.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    of: &'a Use,
    state: State,
    ends: At,
    payment: usize,
    offer: Option<&'a Offer>,
}

impl<'a> Model<'a> {
    /// T2: a quote is asked for tags only if it has some.
    pub(crate) fn quote_job(&self, of: &Use) -> Result<Answer, Refusal> {
        let charge = self.price(of, &of.parts, !of.tags.is_empty())?;
        Ok(Answer { tokens: Some(charge.tokens), ..Answer::default() })
    }

    pub(crate) fn hold(&mut self, of: &'a Use) -> Result<Answer, Refusal> {
        if let Ok(there) = self.job(of.id) {
            otherwise(Refusal::IdReused, there.of == of)?;
            return Ok(self.job_told(there));
        }
        let (charge, offer) = (self.price(of, &of.parts, true)?, self.offer(of.product, self.now));
        let (ends, payment) = (self.now + DAY, self.note(Fact::Held(charge, 0)));
        Ok(self.job_is(Job { of, state: State::Held, ends, payment, offer }))
    }

    pub(crate) fn extend(&mut self, id: Id) -> Result<Answer, Refusal> {
        let job = self.job(id)?;
        otherwise(Refusal::JobEnded, job.state == State::Held)?;
        Ok(self.job_is(Job { ends: self.now + DAY, ..job }))
    }

    /// J4: of what is not held nothing changes.
    pub(crate) fn release(&mut self, id: Id, state: State) -> Result<Answer, Refusal> {
        let job = self.job(id)?;
        if job.state != State::Held {
            return Ok(self.job_told(job));
        }
        self.note(Fact::Freed(job.payment));
        Ok(self.job_is(Job { state, ..job }))
    }

    /// J3 to J5.
    pub(crate) fn commit(&mut self, id: Id, parts: Option<&Vec<(Id, Tokens)>>) -> Result<Answer, Refusal> {
        let job @ Job { of, state, payment, .. } = self.job(id)?;
        otherwise(Refusal::JobEnded, state != State::Released)?;
        let parts = parts.unwrap_or(&of.parts);
        for (result, asked) in parts {
            let held = of.parts.iter().find(|(of, _)| of == result).map_or(0, |(_, quantity)| *quantity);
            let raised = Refusal::QuantityRaised { result: *result, held, asked: *asked };
            otherwise(raised, *asked <= held || state == State::Committed)?;
        }
        if state == State::Committed || parts.iter().all(|(_, quantity)| *quantity == 0) {
            return self.release(id, State::Released);
        }
        let charge = if state == State::Lapsed {
            self.price(of, parts, true)?
        } else {
            let charge = self.charge_at(payment).clone();
            let tokens = cost(job.offer, parts).unwrap_or(charge.tokens);
            self.note(Fact::Freed(payment));
            Charge { tokens, draws: Self::draw(charge.draws.into_iter(), tokens), warnings: Vec::new(), ..charge }
        };
        let payment = self.note(Fact::Charged(charge));
        Ok(self.job_is(Job { state: State::Committed, payment, ..job }))
    }

    fn job(&self, id: Id) -> Result<Job<'a>, Refusal> {
        self.jobs().into_iter().find(|job| job.of.id == id).ok_or(Refusal::Unknown)
    }

    /// When each job that is held lapses.
    pub(crate) fn lapses(&self) -> impl Iterator<Item = (At, Id)> {
        those!(self.jobs().into_iter(), Job { of, state: State::Held, ends, .. } => (ends, of.id))
    }

    fn jobs(&self) -> Vec<Job<'a>> {
        let said = last_of_each(those!(self.facts.iter(), (_, Fact::Job(job)) => (job.of.id, *job)));
        said.into_iter().map(|(_, job)| job).collect()
    }

    fn job_is(&mut self, job: Job<'a>) -> Answer {
        self.note(Fact::Job(job));
        self.job_told(job)
    }

    fn job_told(&self, Job { state, ends, payment, .. }: Job<'_>) -> Answer {
        let tokens = Some(self.charge_at(payment).tokens);
        Answer { state: Some(state), tokens, ends: Some(ends), ..Answer::default() }
    }

    /// J1, J7: what a job takes, and from where.
    fn price(&self, of: &Use, parts: &[(Id, Tokens)], tagged: bool) -> Result<Charge, Refusal> {
        self.active(of)?;
        if tagged {
            self.tagged(of)?;
        }
        let cost = cost(self.offer(of.product, self.now), parts);
        let mut charge = self.bill(of, cost.unwrap_or(0), self.now);
        let grants = self.lots(Some(of.member), None);
        if charge.tokens > 0 && charge.tokens <= grants.iter().map(|grant| grant.available).sum() {
            charge.draws = Self::draw(grants.iter().map(|grant| (grant.purse, grant.available)), charge.tokens);
            return Ok(charge);
        }
        self.may(of)?;
        otherwise(Refusal::NotOnRateSheet, cost.is_some())?;
        self.pay(charge, None)
    }
}

/// R1, J2: what parts cost by what is offered.
fn cost(offer: Option<&Offer>, parts: &[(Id, Tokens)]) -> Option<Tokens> {
    let Some(Offer::Results(results)) = offer else { return None };
    let cost = |(result, quantity): &(Id, Tokens)| {
        let (_, rate, rounding) = results.iter().find(|(of, ..)| of == result)?;
        let quantity = match rounding {
            Rounding::Up => (quantity + 999) / 1_000 * 1_000,
            Rounding::Nearest => (quantity + 500) / 1_000 * 1_000,
            Rounding::None => *quantity,
        };
        Some((quantity * rate + 500) / 1_000)
    };
    parts.iter().filter(|(_, quantity)| *quantity > 0).map(cost).sum()
}
