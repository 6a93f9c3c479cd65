//! What each step does. What is set needs no more than to be said; of some things it is looked whether they can be.

use crate::access::{Ask, Way};
use crate::model::{By, Fact, Model};
use crate::scan::{last, otherwise, those};
use crate::{Answer, At, Cover, Id, Lot, Purse, Refusal, State, Tokens, What};

impl<'a> Model<'a> {
    pub(crate) fn step(&mut self, what: &'a What) -> Result<Answer, Refusal> {
        match what {
            What::Quote(of) => {
                let (cover, tokens) = match self.decide(of, self.now, Ask::Quote)? {
                    Way::Free(By::Seat(_)) => (Cover::Seat, 0),
                    Way::Free(By::Window(_) | By::Hold(_) | By::Nothing) => (Cover::Window, 0),
                    Way::Pay(charge) => (Cover::Tokens, charge.tokens),
                };
                return Ok(Answer { cover: Some(cover), tokens: Some(tokens), ..Answer::default() });
            }
            What::Open(of) => {
                if let Some((_, there)) = self.session(of.id) {
                    otherwise(Refusal::IdReused, there.of == of)?;
                } else {
                    let way = self.decide(of, self.now, Ask::Opening)?;
                    self.begin(of, self.now, way, true);
                }
                return Ok(self.seen(of.id));
            }
            What::Beat { session, activity } => return self.message(*session, *activity, None),
            What::Close { session, activity, by_client } => return self.message(*session, *activity, Some(*by_client)),
            What::QuoteJob(of) => return self.quote_job(of),
            What::Hold(of) => return self.hold(of),
            What::Commit { job, parts } => return self.commit(*job, parts.as_ref()),
            What::Extend { job } => return self.extend(*job),
            What::Release { job } => return self.release(*job, State::Released),
            What::Member { member, active: false } | What::Assign { member, .. } => drop(self.member(*member)?),
            What::Rate { product, starts, offer } => {
                self.product(*product)?;
                let there = last!(self, What::Rate { product: of, starts: at, offer } if (of, at) == (product, starts)
                    => offer);
                let (there, begun) = (there.and_then(Option::as_ref), *starts <= self.now);
                otherwise(Refusal::Unknown, there.is_some() || offer.is_some())?;
                otherwise(Refusal::RateInForce, !begun || there.is_none() || there == offer.as_ref())?;
            }
            What::Agreement { agreement: id, starts, ends, offers } => {
                // E2: of one that has begun only the end can change, and not into the past.
                let there = last!(self, What::Agreement { agreement, starts, ends, offers } if agreement == id
                    => (starts, offers, ends));
                let only_end =
                    there.is_some_and(|(s, o, e)| (s, o) == (starts, offers) && (e == ends || self.now <= *ends));
                otherwise(Refusal::RateInForce, only_end || there.is_none_or(|(begins, ..)| self.now < *begins))?;
            }
            What::Order { order: id, tokens, card, lot_ends, .. } => {
                let there = last!(self, What::Order { order, tokens, card, .. } if order == id => (tokens, card));
                otherwise(Refusal::IdReused, there.is_none_or(|there| there == (tokens, card)))?;
                otherwise(Refusal::PaymentOverdue, there.is_some() || !self.overdue())?;
                if there.is_none() && !card {
                    self.credit(Purse::Lot(*id), None, *tokens, *lot_ends);
                }
            }
            What::Pay { order: id, lot_ends } => {
                let there = last!(self, What::Order { order, tokens, card, .. } if order == id => (*tokens, *card));
                let (tokens, card) = there.ok_or(Refusal::Unknown)?;
                if card && !self.paid(*id) {
                    self.credit(Purse::Lot(*id), None, tokens, *lot_ends);
                }
            }
            What::Credits { grant, member, tokens, ends } => {
                self.member(*member)?;
                self.credit(Purse::Grant(*grant), Some(*member), *tokens, *ends);
            }
            What::Seat { member, product, starts, ends } => {
                self.member(*member)?;
                self.product(*product)?;
                self.note(Fact::Seat((*member, *product), *starts, *ends));
            }
            What::NoSeat { member, product } => drop(self.withdraw((*member, *product))?),
            What::MoveSeat { from, to, product } => {
                self.member(*to)?;
                let (starts, ends) = self.withdraw((*from, *product))?;
                self.note(Fact::Seat((*to, *product), starts.max(self.now), ends));
            }
            What::Settle
            | What::Down
            | What::Up
            | What::Product { .. }
            | What::Member { active: true, .. }
            | What::Default { .. }
            | What::Group { .. }
            | What::Block { .. }
            | What::Cap { .. }
            | What::Require { .. } => {}
        }
        Ok(Answer::default())
    }

    fn credit(&mut self, purse: Purse, member: Option<Id>, granted: Tokens, ends: At) {
        let lot = Lot { purse, member, credited: self.now, ends, granted, available: 0, held: 0, spent: 0, expired: 0 };
        self.note(Fact::Lot(lot));
    }

    fn withdraw(&mut self, of: (Id, Id)) -> Result<(At, At), Refusal> {
        let mut said = those!(self.facts.iter().rev(), (_, fact @ (Fact::Seat(whose, ..) | Fact::NoSeat(whose)))
            if *whose == of => fact);
        let Some(Fact::Seat(_, starts, ends)) = said.next() else { return Err(Refusal::Unknown) };
        let seat = (*starts, *ends);
        self.note(Fact::NoSeat(of));
        Ok(seat)
    }
}
