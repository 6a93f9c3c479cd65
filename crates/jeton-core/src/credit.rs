//! Cloud credits: free, for jobs only, never mixed with tokens (P10).
//!
//! A grant belongs to one member. Credits cost what tokens cost; they are in no lot, no cap and no balance.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{GrantId, MemberKey, Seq};
use crate::time::Instant;
use crate::tokens::Tokens;

/// Credits of one grant that a job holds or has spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditDraw {
    pub grant: GrantId,
    pub credits: Tokens,
}

/// What the vendor granted a member, and where it is. Always: credits = available + held + spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub credits: Tokens,
    /// The first instant at which they can no longer be had.
    pub ends_at: Instant,
    pub held: Tokens,
    pub spent: Tokens,
    pub revision: Seq,
}

impl Grant {
    /// What can still be had while it lasts.
    pub fn available(&self) -> Tokens {
        self.credits - self.held - self.spent
    }

    /// Whether it has ended by `at`, and nothing of it is held: it is not known any more.
    pub fn is_over(&self, at: Instant) -> bool {
        self.ends_at <= at && self.held.is_zero()
    }
}

/// The grants of a team's members.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credits {
    /// Left when the grant has ended and nothing of it is held.
    all: BTreeMap<MemberKey, BTreeMap<GrantId, Grant>>,
}

impl Credits {
    /// By member and id.
    pub fn get(&self, member: MemberKey, grant: &GrantId) -> Option<&Grant> {
        self.all.get(&member)?.get(grant)
    }

    /// A member's grants, by id.
    pub fn of(&self, member: MemberKey) -> impl Iterator<Item = (&GrantId, &Grant)> {
        self.all.get(&member).into_iter().flatten()
    }

    /// How many are kept, of all members.
    pub(crate) fn len(&self) -> usize {
        self.all.values().map(BTreeMap::len).sum()
    }

    /// What a member can have at `now`.
    pub fn available(&self, member: MemberKey, now: Instant) -> Tokens {
        self.of(member).filter(|(_, grant)| grant.ends_at > now).map(|(_, grant)| grant.available()).sum()
    }

    /// From which grants so much is drawn: the earliest end first, then by id. `None` when it is not enough.
    pub(crate) fn choose(&self, member: MemberKey, credits: Tokens, now: Instant) -> Option<Vec<CreditDraw>> {
        let mut standing: Vec<_> = self.of(member).filter(|(_, grant)| grant.ends_at > now).collect();
        standing.sort_by_key(|(id, grant)| (grant.ends_at, *id));
        let (mut draws, mut missing) = (Vec::new(), credits);
        for (id, grant) in standing {
            let credits = grant.available().min(missing);
            if !credits.is_zero() {
                missing -= credits;
                draws.push(CreditDraw { grant: id.clone(), credits });
            }
        }
        missing.is_zero().then_some(draws)
    }

    pub(crate) fn grant(&mut self, member: MemberKey, id: &GrantId, credits: Tokens, ends_at: Instant, revision: Seq) {
        let grants = self.all.entry(member).or_default();
        let standing = grants.get(id);
        let (held, spent) = standing.map_or((Tokens::ZERO, Tokens::ZERO), |grant| (grant.held, grant.spent));
        grants.insert(id.clone(), Grant { credits, ends_at, held, spent, revision });
    }

    pub(crate) fn hold(&mut self, member: MemberKey, draws: &[CreditDraw]) {
        self.each(member, draws, |grant, credits| grant.held += credits);
    }

    pub(crate) fn release(&mut self, member: MemberKey, draws: &[CreditDraw]) {
        self.each(member, draws, |grant, credits| grant.held -= credits);
    }

    pub(crate) fn spend(&mut self, member: MemberKey, draws: &[CreditDraw]) {
        self.each(member, draws, |grant, credits| {
            grant.held -= credits;
            grant.spent += credits;
        });
    }

    fn each(&mut self, member: MemberKey, draws: &[CreditDraw], change: impl Fn(&mut Grant, Tokens)) {
        for draw in draws {
            let grant = self.all.get_mut(&member).and_then(|grants| grants.get_mut(&draw.grant));
            change(grant.expect("a grant of which something is held is kept"), draw.credits);
        }
    }

    /// Drops a grant that has ended by `at`, unless something of it is held.
    pub(crate) fn forget(&mut self, member: MemberKey, id: &GrantId, at: Instant) {
        let Some(grants) = self.all.get_mut(&member) else { return };
        if grants.get(id).is_some_and(|grant| grant.is_over(at)) {
            grants.remove(id);
        }
        if grants.is_empty() {
            self.all.remove(&member);
        }
    }
}
