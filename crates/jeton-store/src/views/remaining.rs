//! What remains of each team's tokens, and where in the log it became little (N1).
//!
//! What always holds: it is made from the log alone, entry by entry, so that the same entries are found after a
//! restart, and after the views were made again. What remains is what live lots have neither spent nor lost; tokens
//! that are held remain, so an undone opening neither crosses the mark nor comes back over it.

use jeton_core::entry::TeamFact;
use jeton_core::id::{LotNo, TeamId};
use jeton_core::lot::Draw;
use jeton_core::tokens::Tokens;
use rusqlite::params;

use super::filling::Filling;
use super::reader::ViewsReader;
use crate::entry::{Position, Sealed};
use crate::error::StoreError;
use crate::sqlite::{Failure, all, count, whole};

/// N1: little remains when it is less than one part in so many of what live lots were granted.
const LITTLE: i64 = 5;

/// An entry by which a team's tokens became few, and what they were after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowBalance {
    pub position: Position,
    /// Of the lots that have not ended, in thousandths.
    pub granted: u64,
    /// What is not spent of them, held tokens included, in thousandths.
    pub remaining: u64,
}

impl Filling<'_> {
    /// Follows what remains of a team's tokens.
    pub(super) fn remains(&mut self, sealed: &Sealed, team: &TeamId, fact: &TeamFact) -> Result<(), StoreError> {
        match fact {
            TeamFact::LotCredited(lot) => self.lot_begins(team, lot.lot, lot.granted)?,
            TeamFact::ChargeMade(charge) => self.drawn(team, &charge.draws)?,
            TeamFact::JobCommitted(job) => self.drawn(team, job.funds.draws())?,
            TeamFact::LotExpired { lot, .. } => self.lot_ends(team, *lot)?,
            TeamFact::LotClosed(lot) => self.lot_ends(team, lot.lot)?,
            TeamFact::TeamSet(_)
            | TeamFact::MemberSet { .. }
            | TeamFact::MemberDeactivated { .. }
            | TeamFact::MemberErased { .. }
            | TeamFact::AssignmentSet { .. }
            | TeamFact::AssignmentRemoved { .. }
            | TeamFact::SeatSet { .. }
            | TeamFact::SeatRemoved { .. }
            | TeamFact::SeatBegun { .. }
            | TeamFact::DefaultAccessSet { .. }
            | TeamFact::BlockedProductsSet { .. }
            | TeamFact::GroupSet { .. }
            | TeamFact::GroupRemoved { .. }
            | TeamFact::CapSet { .. }
            | TeamFact::CapRemoved { .. }
            | TeamFact::RequiredTagsSet { .. }
            | TeamFact::PlanSet { .. }
            | TeamFact::AgreementSet { .. }
            | TeamFact::AgreementRemoved { .. }
            | TeamFact::CreditsGranted { .. }
            | TeamFact::OrderPlaced(_)
            | TeamFact::PaymentRecorded { .. }
            | TeamFact::InvoiceOverdue { .. }
            | TeamFact::SessionOpened(_)
            | TeamFact::SessionRevived { .. }
            | TeamFact::SessionClosed { .. }
            | TeamFact::SessionLost { .. }
            | TeamFact::SessionEnded { .. }
            | TeamFact::RunUndone { .. }
            | TeamFact::HoldReleased { .. }
            | TeamFact::CoverContinued { .. }
            | TeamFact::RenewalRefused { .. }
            | TeamFact::RenewalDeferred { .. }
            | TeamFact::SessionReturned { .. }
            | TeamFact::JobHeld(_)
            | TeamFact::JobExtended { .. }
            | TeamFact::JobReleased { .. }
            | TeamFact::Refused { .. } => return Ok(()),
        }
        self.is_little(sealed.position, team)
    }

    fn lot_begins(&mut self, team: &TeamId, lot: LotNo, granted: Tokens) -> Result<(), StoreError> {
        let granted = whole(granted.in_thousandths());
        self.execute(
            "INSERT INTO live_lots (team, lot, granted, remaining) VALUES (?1, ?2, ?3, ?3)",
            params![team.as_str(), lot.0, granted],
        )?;
        self.execute(
            "INSERT INTO remaining (team, granted, remaining, low) VALUES (?1, ?2, ?2, 0)
             ON CONFLICT DO UPDATE SET
                 granted = granted + excluded.granted,
                 remaining = remaining + excluded.remaining",
            params![team.as_str(), granted],
        )
    }

    /// What a hold that outlived its lot still spends is of no lot that lives (P4).
    fn drawn(&mut self, team: &TeamId, draws: &[Draw]) -> Result<(), StoreError> {
        for draw in draws {
            let tokens = whole(draw.tokens.in_thousandths());
            let lives = self.changed(
                "UPDATE live_lots SET remaining = remaining - ?3 WHERE team = ?1 AND lot = ?2",
                params![team.as_str(), draw.lot.0, tokens],
            )?;
            if lives > 0 {
                self.execute(
                    "UPDATE remaining SET remaining = remaining - ?2 WHERE team = ?1",
                    params![team.as_str(), tokens],
                )?;
            }
        }
        Ok(())
    }

    fn lot_ends(&mut self, team: &TeamId, lot: LotNo) -> Result<(), StoreError> {
        let ended: Option<(i64, i64)> = self.first(
            "DELETE FROM live_lots WHERE team = ?1 AND lot = ?2 RETURNING granted, remaining",
            params![team.as_str(), lot.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let Some((granted, remaining)) = ended else { return Ok(()) };
        self.execute(
            "UPDATE remaining SET granted = granted - ?2, remaining = remaining - ?3 WHERE team = ?1",
            params![team.as_str(), granted, remaining],
        )
    }

    /// Once per crossing, and armed again when it has passed.
    fn is_little(&mut self, position: Position, team: &TeamId) -> Result<(), StoreError> {
        let crossed: Option<(i64, i64, bool)> = self.first(
            "UPDATE remaining SET low = NOT low
             WHERE team = ?1 AND low <> (remaining * ?2 < granted) RETURNING granted, remaining, low",
            params![team.as_str(), LITTLE],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        if let Some((granted, remaining, true)) = crossed {
            self.execute(
                "INSERT INTO low_balances (position, granted, remaining) VALUES (?1, ?2, ?3)",
                params![whole(position), granted, remaining],
            )?;
        }
        Ok(())
    }
}

impl ViewsReader {
    /// The entries after a position, up to another, by which a team's tokens became few, in order.
    pub fn low_balances(&self, after: Position, until: Position) -> Result<Vec<LowBalance>, StoreError> {
        self.pool().read(|connection| {
            all(
                connection,
                "SELECT position, granted, remaining FROM low_balances
                 WHERE position > ?1 AND position <= ?2 ORDER BY position",
                params![whole(after), whole(until)],
                |row| {
                    let whole = |column| count(row.get_ref(column)?).map_err(Failure::from);
                    Ok(LowBalance { position: whole(0)?, granted: whole(1)?, remaining: whole(2)? })
                },
            )
        })
    }
}
