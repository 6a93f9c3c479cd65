//! Lots, how they are drawn from, and caps: P4, P5, V3, L1, and A3 where it asks for them.

use super::{Fact, Model};
use crate::scan::{last_of_each, otherwise, those};
use crate::{At, Charge, Id, Lot, Of, Passed, Purse, Refusal, Tokens, Use, What};

impl Model<'_> {
    /// The charge of a hold or window.
    pub(crate) fn charge_at(&self, place: usize) -> &Charge {
        let (Fact::Held(charge, _) | Fact::Charged(charge)) = &self.facts[place].1 else { unreachable!() };
        charge
    }

    /// What was held (and given back), and spent; a spare hold is thought away.
    fn moved(&self, spare: Option<usize>) -> impl Iterator<Item = (&Charge, Tokens, Tokens)> {
        let held = those!(self.facts.iter(), (_, Fact::Held(charge, _)) => (charge, 1, 0));
        let freed = those!(self.facts.iter(), (_, Fact::Freed(hold)) => *hold).chain(spare);
        let spent = those!(self.facts.iter(), (_, Fact::Charged(charge)) => (charge, 0, 1));
        held.chain(freed.map(|hold| (self.charge_at(hold), -1, 0))).chain(spent)
    }

    /// P5, J7, V3: the team's lots, or a member's grants, in the order of drawing.
    pub(crate) fn lots(&self, member: Option<Id>, spare: Option<usize>) -> Vec<Lot> {
        let mut lots: Vec<_> = those!(self.facts.iter(), (_, Fact::Lot(lot)) if lot.member == member => *lot).collect();
        for (charge, held, spent) in self.moved(spare) {
            for (purse, tokens) in &charge.draws {
                for lot in lots.iter_mut().filter(|lot| lot.purse == *purse) {
                    lot.held += held * tokens;
                    lot.spent += spent * tokens;
                }
            }
        }
        for lot in &mut lots {
            let rest = lot.granted - lot.held - lot.spent;
            (lot.available, lot.expired) = if self.now < lot.ends { (rest, 0) } else { (0, rest) };
        }
        let bought = |lot: &Lot| if member.is_none() { (lot.granted, lot.credited) } else { (0, 0) };
        lots.sort_by_key(|lot| (lot.ends, bought(lot), lot.purse));
        lots
    }

    /// P5: so much of these, each as far as it goes.
    pub(crate) fn draw(from: impl Iterator<Item = (Purse, Tokens)>, mut tokens: Tokens) -> Vec<(Purse, Tokens)> {
        let mut drawn: Vec<(Purse, Tokens)> = from.collect();
        for (_, taken) in &mut drawn {
            *taken = tokens.min(*taken);
            tokens -= *taken;
        }
        drawn.retain(|(_, taken)| *taken > 0);
        drawn
    }

    /// A charge, and nothing drawn for it yet.
    pub(crate) fn bill(&self, of: &Use, tokens: Tokens, at: At) -> Charge {
        Charge { of: of.clone(), tokens, date: (self.history.date_of)(at), ..Charge::default() }
    }

    /// A3.9 and A3.10; a spare hold counts for no cap, and its tokens are available.
    pub(crate) fn pay(&self, mut charge: Charge, spare: Option<usize>) -> Result<Charge, Refusal> {
        charge.warnings = self.caps(&charge, spare)?;
        let lots = self.lots(None, spare);
        let available = lots.iter().map(|lot| lot.available).sum();
        let required = self.product(charge.of.product)?.2.max(charge.tokens);
        otherwise(Refusal::InsufficientTokens { required, available }, required <= available)?;
        charge.draws = Self::draw(lots.iter().map(|lot| (lot.purse, lot.available)), charge.tokens);
        Ok(charge)
    }

    /// L1, K2: the soft caps that a charge passes, if it passes no hard one.
    fn caps(&self, charge: &Charge, spare: Option<usize>) -> Result<Vec<Passed>, Refusal> {
        let mut caps = last_of_each(those!(self.steps(), (_, What::Cap { cap, of, monthly, tokens, hard })
            => (*cap, (*of, *monthly, *tokens, *hard))));
        caps.retain(|(_, (of, ..))| charge.tokens > 0 && self.counts(*of, charge).is_some());
        caps.sort_by_key(|(cap, (of, ..))| (self.counts(*of, charge), *cap));
        let mut warnings = Vec::new();
        for (cap, (of, monthly, tokens, hard)) in caps {
            let when = |charge: &Charge| if monthly { charge.date.1 } else { charge.date.0 };
            let counted = self.moved(spare).filter(|(c, ..)| when(c) == when(charge) && self.counts(of, c).is_some());
            let used = counted.map(|(charge, held, spent)| (held + spent) * charge.tokens).sum();
            let passed = Passed { cap, used, required: charge.tokens };
            if tokens.is_some_and(|tokens| used + charge.tokens > tokens) {
                otherwise(Refusal::CapReached(passed), !hard)?;
                warnings.push(passed);
            }
        }
        Ok(warnings)
    }

    /// K2, K3: whether a cap counts a charge; of several caps the smaller is named first.
    fn counts(&self, cap: Of, charge: &Charge) -> Option<u8> {
        let member = charge.of.member;
        let (order, counts) = match cap {
            Of::Member(id) => (0, id == member),
            Of::Group(id) => (1, self.groups().iter().any(|(of, members, _)| *of == id && members.contains(&member))),
            Of::Product(id) => (2, id == charge.of.product),
            Of::Team => (3, true),
        };
        let credits = charge.draws.iter().any(|(purse, _)| matches!(purse, Purse::Grant(_)));
        (counts && !credits).then_some(order)
    }
}
