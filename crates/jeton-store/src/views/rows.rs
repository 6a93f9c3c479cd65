//! What each entry adds to the views.

use jeton_core::entry::{ChargeMade, Entry, JobCommitted, Launch, OpeningCover, SessionOpened, Tags, TeamFact};
use jeton_core::id::{JobNo, MemberKey, ProductKey, SessionNo, TeamId};
use jeton_core::lot::Draw;
use jeton_core::money::{Currency, ExactAmount};
use jeton_core::time::Day;
use jeton_core::tokens::Tokens;
use rusqlite::params;

use super::filling::Filling;
use crate::entry::Sealed;
use crate::error::StoreError;
use crate::sqlite::whole;
use crate::stored::AnyEntry;

/// The scope of session ids, which are unique in the installation.
pub const SESSIONS: &str = "session";

/// The scope of job ids, which are unique in the installation.
pub const JOBS: &str = "job";

/// The scope of a team's order ids.
pub fn orders_of(team: &str) -> String {
    format!("order:{team}")
}

/// One row of use: what was spent, and how often it was opened, on one day.
struct Used<'e> {
    day: Day,
    member: MemberKey,
    product: ProductKey,
    tags: &'e Tags,
    /// What was spent, in its currency; none where only launches count.
    spent: Option<(Currency, Tokens, ExactAmount)>,
    launches: u32,
}

impl Filling<'_> {
    /// Follows the log by one entry, with everything that it adds.
    pub fn fill(&mut self, sealed: &Sealed, entry: &AnyEntry) -> Result<(), StoreError> {
        self.follow(sealed)?;
        match entry {
            AnyEntry::Team(team, entry) => {
                self.fill_team(sealed, team, entry)?;
                self.remains(sealed, team, &entry.fact)
            }
            AnyEntry::Vendor(_) | AnyEntry::Series(..) => Ok(()),
        }
    }

    fn fill_team(&mut self, sealed: &Sealed, team: &TeamId, entry: &Entry<TeamFact>) -> Result<(), StoreError> {
        let (name, position) = (team.as_str(), whole(sealed.position));
        match &entry.fact {
            TeamFact::SessionOpened(opened) => self.session_opened(sealed, team, opened),
            // What a running cover takes in again is no launch (W8); a held one counts when that is settled.
            TeamFact::SessionRevived { session, .. } => self
                .execute("DELETE FROM session_ends WHERE team = ?1 AND session = ?2", params![name, whole(session.0)]),
            TeamFact::SessionClosed { session, .. }
            | TeamFact::SessionLost { session, .. }
            | TeamFact::SessionEnded { session, .. } => self.session_ended(sealed, team, *session),
            // Who comes back counts with the hold or charge that it makes; a cover that runs takes it in again.
            TeamFact::SessionReturned { session, .. } => self.execute(
                "INSERT INTO session_returns (team, session, position) VALUES (?1, ?2, ?3)",
                params![name, whole(session.0), position],
            ),
            TeamFact::ChargeMade(charge) => self.charge_made(sealed, team, charge),
            TeamFact::JobHeld(held) => self.id_opened(JOBS, held.job.as_str(), &sealed.stream, sealed.position),
            TeamFact::JobCommitted(committed) => self.job_committed(sealed, team, committed),
            TeamFact::JobReleased { job, .. } => self.job_ended(sealed, team, *job),
            TeamFact::RunUndone { member, product, runs } => {
                for run in runs {
                    self.launched(team, (*member, *product), &run.launches)?;
                }
                Ok(())
            }
            TeamFact::SeatBegun { member, product, launches, .. } => self.launched(team, (*member, *product), launches),
            TeamFact::OrderPlaced(placed) => {
                self.id_opened(&orders_of(name), placed.order.as_str(), &sealed.stream, sealed.position)?;
                self.execute(
                    "INSERT INTO orders (team, id, placed) VALUES (?1, ?2, ?3)",
                    params![name, placed.order.as_str(), position],
                )
            }
            TeamFact::LotCredited(lot) => self.execute(
                "UPDATE orders SET credited = ?3 WHERE team = ?1 AND id = ?2",
                params![name, lot.order.as_str(), position],
            ),
            TeamFact::PaymentRecorded { order, .. } => self.execute(
                "UPDATE orders SET paid = ?3 WHERE team = ?1 AND id = ?2",
                params![name, order.as_str(), position],
            ),
            TeamFact::LotClosed(lot) => self.execute(
                "INSERT INTO closed_lots (team, lot, position) VALUES (?1, ?2, ?3)",
                params![name, lot.lot.0, position],
            ),
            TeamFact::TeamSet(_)
            | TeamFact::MemberSet { .. }
            | TeamFact::MemberDeactivated { .. }
            | TeamFact::MemberErased { .. }
            | TeamFact::AssignmentSet { .. }
            | TeamFact::AssignmentRemoved { .. }
            | TeamFact::SeatSet { .. }
            | TeamFact::SeatRemoved { .. }
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
            | TeamFact::InvoiceOverdue { .. }
            | TeamFact::JobExtended { .. }
            | TeamFact::RenewalDeferred { .. }
            | TeamFact::LotExpired { .. }
            | TeamFact::HoldReleased { .. }
            | TeamFact::CoverContinued { .. }
            | TeamFact::RenewalRefused { .. }
            | TeamFact::Refused { .. } => Ok(()),
        }
    }

    fn session_opened(&mut self, sealed: &Sealed, team: &TeamId, opened: &SessionOpened) -> Result<(), StoreError> {
        self.id_opened(SESSIONS, opened.session.as_str(), &sealed.stream, sealed.position)?;
        // W10: a launch counts on the usage day of what covers it; a held one when that is settled.
        let day = match &opened.cover {
            OpeningCover::Seat { .. } => opened.day,
            OpeningCover::Window { day, .. } => *day,
            OpeningCover::Joined { .. } | OpeningCover::Hold(_) | OpeningCover::Charge => return Ok(()),
        };
        let (member, product, tags) = (opened.member, opened.product, &opened.tags);
        self.used(team, &Used { day, member, product, tags, spent: None, launches: 1 })
    }

    fn session_ended(&mut self, sealed: &Sealed, team: &TeamId, session: SessionNo) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO session_ends (team, session, position) VALUES (?1, ?2, ?3)",
            params![team.as_str(), whole(session.0), whole(sealed.position)],
        )
    }

    fn job_ended(&mut self, sealed: &Sealed, team: &TeamId, job: JobNo) -> Result<(), StoreError> {
        self.execute(
            "INSERT OR REPLACE INTO job_ends (team, job, position) VALUES (?1, ?2, ?3)",
            params![team.as_str(), whole(job.0), whole(sealed.position)],
        )
    }

    fn job_committed(&mut self, sealed: &Sealed, team: &TeamId, job: &JobCommitted) -> Result<(), StoreError> {
        self.job_ended(sealed, team, job.number)?;
        let (day, member, product, tags) = (job.day, job.member, job.product, &job.tags);
        let used = Used { day, member, product, tags, spent: None, launches: 0 };
        self.charged(sealed, team, &used, job.funds.draws())
    }

    fn charge_made(&mut self, sealed: &Sealed, team: &TeamId, charge: &ChargeMade) -> Result<(), StoreError> {
        let (day, member, product, tags) = (charge.day, charge.member, charge.product, &charge.tags);
        let used = Used { day, member, product, tags, spent: None, launches: 0 };
        self.charged(sealed, team, &used, &charge.draws)?;
        self.launched(team, (member, product), &charge.launches)
    }

    /// A charge, and what it spent.
    fn charged(&mut self, sealed: &Sealed, team: &TeamId, used: &Used<'_>, draws: &[Draw]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO charges (team, seq, member, product, position) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![team.as_str(), whole(sealed.seq), used.member.0, used.product.0, whole(sealed.position)],
        )?;
        for draw in draws {
            let spent = Some((draw.currency, draw.tokens, draw.unit_price.amount_of(draw.tokens)));
            self.used(team, &Used { spent, ..*used })?;
        }
        if draws.is_empty() {
            // A rate of 0, or credits: use is recorded, no token is charged (C3, P10).
            self.used(team, used)?;
        }
        Ok(())
    }

    fn launched(
        &mut self,
        team: &TeamId,
        (member, product): (MemberKey, ProductKey),
        launches: &[Launch],
    ) -> Result<(), StoreError> {
        for launch in launches {
            let (day, tags, launches) = (launch.day, &launch.tags, launch.count);
            self.used(team, &Used { day, member, product, tags, spent: None, launches })?;
        }
        Ok(())
    }

    fn used(&mut self, team: &TeamId, used: &Used<'_>) -> Result<(), StoreError> {
        let (currency, tokens, amount) = match used.spent {
            Some((currency, tokens, amount)) => (currency.code(), tokens, amount),
            None => ("", Tokens::ZERO, ExactAmount::default()),
        };
        let (units, billionths) = amount.parts();
        let tags = if used.tags.is_empty() { String::new() } else { in_json(used.tags) };
        self.execute(
            "INSERT INTO usage (team, day, product, member, currency, tags, tokens, units, billionths, launches)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT DO UPDATE SET
                 tokens = tokens + excluded.tokens,
                 units = units + excluded.units,
                 billionths = billionths + excluded.billionths,
                 launches = launches + excluded.launches",
            params![
                team.as_str(),
                used.day.to_string(),
                used.product.0,
                used.member.0,
                currency,
                tags,
                whole(tokens.in_thousandths()),
                units,
                billionths,
                used.launches
            ],
        )
    }
}

fn in_json(tags: &Tags) -> String {
    serde_json::to_string(tags).expect("a map of texts is JSON")
}
