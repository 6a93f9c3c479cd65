//! Why a charge was made: rule, window, sessions, proofs of use, results, lots, prices, the rate and its date (V6).

use std::collections::{BTreeMap, HashMap};

use jeton_core::entry::{ChargeCause, ChargeMade, Entry, JobCommitted, JobPart, OpeningCover, Proof, TeamFact};
use jeton_core::id::{LotNo, ProductKey, Seq, SessionNo, TeamId};
use jeton_core::lot::{Draw, Lot};
use jeton_core::money::ExactAmount;
use jeton_core::time::Instant;
use jeton_store::stored::{AnyEntry, team_stream};
use jeton_store::{Position, Sealed};

use crate::contract::{
    Decimal, ExplainedDraw, ExplainedJob, ExplainedRate, ExplainedResult, ExplainedSession, Explanation, ProofKind,
    ProofOfUse,
};
use crate::jobs::rounding;
use crate::reports::{Spent, money};
use crate::{Failure, Inner, wire};

/// How many entries after a charge are looked through for the close that made it; they stand right behind it.
const LOOKED_THROUGH: usize = 64;

/// Why, in the words of the rules.
struct Reason {
    rule: &'static str,
    text: String,
    /// The interval that had to be proven.
    undo_interval_s: Option<u32>,
    /// The instant of the rate (C2).
    in_force_at: Instant,
}

/// An activity after a deferred renewal, which counted as an opening (W6).
struct Return {
    /// Where the cover had ended; `None` where a first try was refused, and only the activity is kept (W7).
    after: Option<Instant>,
    active_at: Instant,
    /// Whether it set the hold of the charge.
    held: bool,
}

impl Inner {
    /// Why a charge was made. `lots`: those of the team that are not closed.
    pub(crate) fn explain(
        &self,
        team: &TeamId,
        sealed: &Sealed,
        spent: &Spent,
        lots: Vec<Lot>,
    ) -> Result<Explanation, Failure> {
        let lots = lots.into_iter().chain(self.closed_lots(team)?).map(|lot| (lot.lot, lot)).collect();
        match spent {
            Spent::Window(charge) => self.explain_window(team, sealed, charge, &lots),
            Spent::Job(job) => self.explain_job(team, sealed, job, &lots),
        }
    }

    fn explain_window(
        &self,
        team: &TeamId,
        sealed: &Sealed,
        charge: &ChargeMade,
        lots: &HashMap<LotNo, Lot>,
    ) -> Result<Explanation, Failure> {
        let mut sessions = Vec::new();
        let mut returned = None;
        for proof in &charge.proofs {
            let position = self.views.position_of(&team_stream(team), proof.session.0)?.ok_or(Failure::Internal)?;
            let (_, _, opened, opened_at) = self.session_opened(position)?;
            sessions.push(ExplainedSession {
                session: opened.session.to_string(),
                device: self.people.device_name(team, opened.member, opened.device),
                version: opened.version,
                opened_at: wire::instant(opened_at),
                proven_from: wire::instant(proof.from),
                proven_until: wire::instant(proof.to),
            });
            if proof.from > opened_at && proof.from == charge.window.start {
                returned = returned.or(self.returned(team, sealed.position, proof)?);
            }
        }
        let name = self.name_of_product(charge.product)?;
        let reason = reason(charge, &name, returned.as_ref());
        let kind = match charge.cause {
            ChargeCause::NoUndoInterval | ChargeCause::UndoneOften { .. } if returned.is_none() => ProofKind::Open,
            ChargeCause::NoUndoInterval
            | ChargeCause::UndoneOften { .. }
            | ChargeCause::UndoIntervalPassed { .. }
            | ChargeCause::Renewal { .. } => self.kind_of_proof(team, sealed.seq)?,
        };
        let at = wire::micros(sealed.at);
        let (draws, amounts) = explained_draws(&charge.draws, lots)?;
        Ok(Explanation {
            charge: format!("c{}", sealed.seq),
            rule: reason.rule.to_owned(),
            text: reason.text,
            at: at.clone(),
            member: self.people.name_of(team, charge.member),
            product: self.product_code(charge.product)?.to_string(),
            tokens: wire::tokens(charge.tokens()),
            window: Some(wire::window(charge.window)),
            usage_day: wire::date(charge.day),
            undo_interval_s: reason.undo_interval_s,
            rate: Some(ExplainedRate {
                per_day: wire::tokens(charge.rate.tokens),
                effective_at: wire::instant(charge.rate.starts_at),
                in_force_at: wire::instant(reason.in_force_at),
                agreement: self.agreement_of(team, charge.rate.agreement)?,
            }),
            results: None,
            job: None,
            sessions,
            proof: Some(ProofOfUse { session: charge.session.to_string(), kind, at }),
            draws,
            credits: None,
            amounts,
            seq: sealed.seq,
            hash: wire::hex(&sealed.hash),
        })
    }

    fn explain_job(
        &self,
        team: &TeamId,
        sealed: &Sealed,
        job: &JobCommitted,
        lots: &HashMap<LotNo, Lot>,
    ) -> Result<Explanation, Failure> {
        let committed_at = Instant::from_micros(sealed.at).ok_or(Failure::Internal)?;
        let in_force_at = if job.anew { committed_at } else { job.held_at };
        let results = job.parts.iter().map(|part| self.explained_result(team, part, in_force_at));
        let results = results.collect::<Result<Vec<_>, _>>()?;
        let name = self.name_of_product(job.product)?;
        let held = format!("{name} was asked for a job, which was held at {}", job.held_at);
        let text = if job.anew {
            format!(
                "{held}. Its hold had lapsed when its results were delivered at {committed_at}, so that was decided anew, as hold and commit in one."
            )
        } else {
            format!("{held}; its results were delivered at {committed_at}, at the rates of its hold.")
        };
        let (draws, amounts) = explained_draws(job.funds.draws(), lots)?;
        Ok(Explanation {
            charge: format!("c{}", sealed.seq),
            rule: "R1".to_owned(),
            text,
            at: wire::micros(sealed.at),
            member: self.people.name_of(team, job.member),
            product: self.product_code(job.product)?.to_string(),
            tokens: wire::tokens(job.funds.tokens()),
            window: None,
            usage_day: wire::date(job.day),
            undo_interval_s: None,
            rate: None,
            results: Some(results),
            job: Some(ExplainedJob {
                job: job.job.to_string(),
                held_at: wire::instant(job.held_at),
                committed_at: wire::micros(sealed.at),
                anew: job.anew,
            }),
            sessions: Vec::new(),
            proof: None,
            draws,
            credits: wire::credit_draws(&job.funds),
            amounts,
            seq: sealed.seq,
            hash: wire::hex(&sealed.hash),
        })
    }

    fn explained_result(
        &self,
        team: &TeamId,
        part: &JobPart,
        in_force_at: Instant,
    ) -> Result<ExplainedResult, Failure> {
        Ok(ExplainedResult {
            result: part.result.to_string(),
            quantity: Decimal::new(part.quantity.to_string()),
            unit: part.rate.unit.to_string(),
            rounding: rounding(part.rate.rounding),
            rate: wire::tokens(part.rate.tokens),
            effective_at: wire::instant(part.starts_at),
            in_force_at: wire::instant(in_force_at),
            agreement: self.agreement_of(team, part.agreement)?,
            tokens: wire::tokens(part.tokens),
        })
    }

    /// What a product is called; its code where nobody knows.
    fn name_of_product(&self, product: ProductKey) -> Result<String, Failure> {
        let catalogue = self.engine.catalogue();
        let named = catalogue.product(product).map(|product| product.spec.names.en.clone());
        named.map_or_else(|| Ok(self.product_code(product)?.to_string()), Ok)
    }

    /// The return after idling from which a session had been proven when the entry at a position was made.
    fn returned(&self, team: &TeamId, before: Position, proof: &Proof) -> Result<Option<Return>, Failure> {
        let SessionNo(session) = proof.session;
        let Some(position) = self.views.session_return(team.as_str(), session, before)? else { return Ok(None) };
        match self.entry(position)?.1 {
            AnyEntry::Team(_, Entry { fact: TeamFact::SessionReturned { after, active_at, cover, .. }, .. }) => {
                let held = matches!(cover, OpeningCover::Hold(_));
                let after = (after < active_at).then_some(after);
                Ok((active_at == proof.from).then_some(Return { after, active_at, held }))
            }
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        }
    }

    /// Whether the message that made a charge was a beat or a close: a close names the charges that it made, in an
    /// entry of its own right after them.
    fn kind_of_proof(&self, team: &TeamId, seq: u64) -> Result<ProofKind, Failure> {
        let positions = self.views.positions(&team_stream(team), seq, LOOKED_THROUGH)?;
        for (_, entry) in self.entries(&positions)? {
            let AnyEntry::Team(_, entry) = entry else { return Err(Failure::Internal) };
            if let TeamFact::SessionClosed { charged, .. } = entry.fact {
                return Ok(if charged.contains(&Seq(seq)) { ProofKind::Close } else { ProofKind::Heartbeat });
            }
        }
        Ok(ProofKind::Heartbeat)
    }
}

/// Draws with the order and end of their lots, and what they are worth, per currency.
fn explained_draws(
    of_charge: &[Draw],
    lots: &HashMap<LotNo, Lot>,
) -> Result<(Vec<ExplainedDraw>, BTreeMap<String, Decimal>), Failure> {
    let mut draws = Vec::new();
    let mut amounts: BTreeMap<String, ExactAmount> = BTreeMap::new();
    for draw in of_charge {
        let lot = lots.get(&draw.lot).ok_or(Failure::Internal)?;
        let told = wire::draw(draw);
        let amount = amounts.entry(told.currency.clone()).or_default();
        *amount = amount.plus(draw.unit_price.amount_of(draw.tokens));
        draws.push(ExplainedDraw {
            lot: told.lot,
            order: lot.order.to_string(),
            tokens: told.tokens,
            unit_price: told.unit_price,
            currency: told.currency,
            ends_at: wire::instant(lot.ends_at),
        });
    }
    Ok((draws, amounts.into_iter().map(|(code, amount)| (code.clone(), money(&code, amount))).collect()))
}

fn reason(charge: &ChargeMade, product: &str, returned: Option<&Return>) -> Reason {
    let start = charge.window.start;
    let (rule, opened) = match returned {
        Some(Return { after: None, active_at, .. }) => (
            "W6",
            format!(
                "{product} had been idle past the end of its cover when it was next used at {active_at}, which counts as an opening"
            ),
        ),
        Some(Return { after: Some(after), active_at, .. }) => (
            "W6",
            format!(
                "{product} was idle when its cover ended at {after}, and was next used at {active_at}, which counts as an opening"
            ),
        ),
        None => ("W2", format!("{product} was opened at {start}")),
    };
    match charge.cause {
        ChargeCause::UndoIntervalPassed { hold_set_at, undo_s } => {
            let until = charge.proofs.iter().map(|proof| proof.to).max().unwrap_or(start);
            let proven = format!(
                "open from {start} to {until} without a break, which is the undo interval of {undo_s} s or more."
            );
            let text = match returned {
                Some(_) => format!("{opened}. It was {proven}"),
                None => format!("{product} was {proven}"),
            };
            // The hold of who comes back has the rate of the activity, although it is set when that is told.
            let in_force_at = returned.filter(|returned| returned.held).map_or(hold_set_at, |back| back.active_at);
            Reason { rule, text, undo_interval_s: Some(undo_s), in_force_at }
        }
        ChargeCause::NoUndoInterval => {
            let text = match returned {
                Some(_) => format!("{opened}. It has no undo interval."),
                None => format!("{opened}, and has no undo interval."),
            };
            Reason { rule, text, undo_interval_s: None, in_force_at: start }
        }
        ChargeCause::UndoneOften { undone } => {
            let text = match returned {
                Some(_) => format!("{opened}. It had been undone {undone} times within 24 hours."),
                None => format!("{opened}, having been undone {undone} times within 24 hours."),
            };
            Reason { rule, text, undo_interval_s: None, in_force_at: start }
        }
        ChargeCause::Renewal { after } => Reason {
            rule: "W4",
            text: format!("{product} was open when its cover ended at {after}, and still in use after that."),
            undo_interval_s: None,
            in_force_at: start,
        },
    }
}
