//! Jobs: R, P10.

use super::{DAY, Fact, Model, last_of_each, otherwise, those};
use crate::{Answer, At, Charge, Id, Offer, Refusal, Rounding, State, Tokens, Use};

impl<'a> Model<'a> {
    /// T2: a quote is asked for tags only if it has some.
    pub(super) fn quote_job(&self, of: &Use) -> Result<Answer, Refusal> {
        let charge = self.price(of, &of.parts, !of.tags.is_empty())?;
        Ok(Answer { tokens: Some(charge.tokens), ..Answer::default() })
    }

    pub(super) fn hold(&mut self, of: &'a Use) -> Result<Answer, Refusal> {
        if let Ok((there, ..)) = self.job(of.id) {
            otherwise(Refusal::IdReused, there == of)?;
        } else {
            let charge = self.price(of, &of.parts, true)?;
            let hold = self.note(Fact::Held(charge, 0));
            self.note(Fact::Job(of, State::Held, self.now + DAY, hold));
        }
        self.told(of.id)
    }

    pub(super) fn extend(&mut self, id: Id) -> Result<Answer, Refusal> {
        let (of, state, _, hold) = self.job(id)?;
        otherwise(Refusal::JobEnded, state == State::Held)?;
        self.note(Fact::Job(of, state, self.now + DAY, hold));
        self.told(id)
    }

    /// J4: of what is not held nothing changes.
    pub(super) fn release(&mut self, id: Id, to: State) -> Result<Answer, Refusal> {
        let (of, state, ends, hold) = self.job(id)?;
        if state == State::Held {
            self.note(Fact::Freed(hold));
            self.note(Fact::Job(of, to, ends, hold));
        }
        self.told(id)
    }

    /// J3 to J5.
    pub(super) fn commit(&mut self, id: Id, parts: Option<&Vec<(Id, Tokens)>>) -> Result<Answer, Refusal> {
        let (of, state, ends, payment) = self.job(id)?;
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
            let (held, charge) = (self.facts[payment].0, self.charge_at(payment).clone());
            let tokens = self.cost(of, parts, held).unwrap_or(charge.tokens);
            self.note(Fact::Freed(payment));
            Charge { tokens, draws: Self::draw(charge.draws.into_iter(), tokens), warnings: Vec::new(), ..charge }
        };
        let payment = self.note(Fact::Charged(charge));
        self.note(Fact::Job(of, State::Committed, ends, payment));
        self.told(id)
    }

    fn job(&self, id: Id) -> Result<(&'a Use, State, At, usize), Refusal> {
        let mut said = those!(self.facts.iter().rev(), (_, Fact::Job(of, state, ends, payment)) if of.id == id
            => (*of, *state, *ends, *payment));
        said.next().ok_or(Refusal::Unknown)
    }

    pub(super) fn jobs(&self) -> Vec<(Id, (State, At))> {
        last_of_each(those!(self.facts.iter(), (_, Fact::Job(of, state, ends, _)) => (of.id, (*state, *ends))))
    }

    fn told(&self, id: Id) -> Result<Answer, Refusal> {
        let (_, state, ends, payment) = self.job(id)?;
        let tokens = Some(self.charge_at(payment).tokens);
        Ok(Answer { state: Some(state), tokens, ends: Some(ends), ..Answer::default() })
    }

    /// J1, J7: what a job takes, and from where.
    fn price(&self, of: &Use, parts: &[(Id, Tokens)], tagged: bool) -> Result<Charge, Refusal> {
        self.active(of)?;
        if tagged {
            self.tagged(of)?;
        }
        let cost = self.cost(of, parts, self.now);
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

    /// R1, J2.
    fn cost(&self, of: &Use, parts: &[(Id, Tokens)], at: At) -> Option<Tokens> {
        let Some(Offer::Results(results)) = self.offer(of.product, at) else { return None };
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
}
