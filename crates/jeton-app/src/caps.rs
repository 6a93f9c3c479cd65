//! Caps: limits in tokens that a team sets for itself (L1).

use jeton_core::cap::{Cap as CoreCap, CapOf as CoreOf, CapSpec, Per, Strength};
use jeton_core::catalogue::Catalogue;
use jeton_core::decision::{CapAsked, CapOfAsked, TeamCommand};
use jeton_core::id::{CapId, TeamId};
use jeton_core::team::Team;
use jeton_core::time::Instant;
use jeton_core::tokens::Tokens;
use jeton_engine::Sight;

use crate::contract::{Cap, CapOf, CapPer, CapPut};
use crate::groups::known_group;
use crate::members::known_product;
use crate::refusals::Naming;
use crate::teams::known;
use crate::{App, Caller, Failure, IfMatch, Operation, Page, PageRequest, Put, Read, Target, authorise, wire};

const UNKNOWN_CAP: Failure = Failure::NotFound { code: "unknown_cap" };

impl App {
    /// The caps of a team, by id, each with what is used of it.
    pub async fn list_caps(&self, caller: &Caller, team: &str, page: PageRequest) -> Result<Page<Cap>, Failure> {
        authorise(caller, Operation::ListCaps, Target::team(team))?;
        let (id, after) = (known(team)?, page.after::<CapId>()?);
        let most = usize::from(page.limit) + 1;
        let seen = self.see(&id, move |team, _, sight| {
            let following = team.caps.iter().filter(|(cap, _)| after.as_ref().is_none_or(|after| *cap > after));
            Ok(following.take(most).map(|(cap, standing)| (cap.clone(), Seen::of(team, standing, sight))).collect())
        });
        let rows: Vec<(CapId, Seen)> = seen.await?.value;
        let rows = rows.iter().map(|(cap, seen)| (cap.to_string(), self.told_cap(&id, cap, seen)));
        Ok(Page::of(rows, page.limit))
    }

    /// A cap, with what is used of it. `unknown_cap` when there is none.
    pub async fn cap(&self, caller: &Caller, team: &str, cap: &str) -> Result<Read<Cap>, Failure> {
        authorise(caller, Operation::GetCap, Target::team(team))?;
        let (id, cap) = (known(team)?, known_cap(cap)?);
        let wanted = cap.clone();
        let seen = self.see(&id, move |team, _, sight| {
            let standing = team.caps.get(&wanted).ok_or(UNKNOWN_CAP)?;
            Ok((standing.revision.0, Seen::of(team, standing, sight)))
        });
        let (revision, seen) = seen.await?.value;
        Ok(Read { revision: Some(revision), body: self.told_cap(&id, &cap, &seen) })
    }

    /// Writes a cap (L1). What was used before counts too.
    pub async fn put_cap(
        &self,
        caller: &Caller,
        team: &str,
        cap: &str,
        body: CapPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Cap>, Failure> {
        authorise(caller, Operation::PutCap, Target::team(team))?;
        let id = known(team)?;
        let cap: CapId = wire::parse("cap", cap)?;
        let of = match &body.of {
            CapOf::Member(member) => CapOfAsked::Member(self.named_member(team, member)?.1),
            CapOf::Group(group) => CapOfAsked::Group(known_group(group)?),
            CapOf::Product(product) => CapOfAsked::Product(known_product(product)?),
            CapOf::Team => CapOfAsked::Team,
        };
        let per = match body.per {
            CapPer::Day => Per::Day,
            CapPer::Month => Per::Month,
        };
        let tokens: Tokens = wire::parse("tokens", body.tokens.as_str())?;
        let strength = if body.hard { Strength::Hard } else { Strength::Soft };
        let asked = CapAsked { of: of.clone(), per, tokens, strength };
        let command = TeamCommand::SetCap { cap: cap.clone(), asked, if_match };
        let (created, revision) = self.configure(caller, &id, command, Vec::new()).await?;
        let seen = self.see(&id, move |team, _, sight| {
            let of = whose(of, sight.catalogue).ok_or(Failure::Internal)?;
            Ok(used(team, &of, per, sight.now))
        });
        let used = wire::tokens(seen.await?.value);
        let CapPut { of, per, hard, .. } = body;
        let body = Cap { cap: cap.to_string(), of, per, tokens: wire::tokens(tokens), hard, used };
        Ok(Put { created, revision, body })
    }

    /// Removes a cap.
    pub async fn delete_cap(
        &self,
        caller: &Caller,
        team: &str,
        cap: &str,
        if_match: Option<IfMatch>,
    ) -> Result<(), Failure> {
        authorise(caller, Operation::DeleteCap, Target::team(team))?;
        let command = TeamCommand::RemoveCap { cap: known_cap(cap)?, if_match };
        self.configure(caller, &known(team)?, command, Vec::new()).await.map(|_| ())
    }

    fn told_cap(&self, team: &TeamId, cap: &CapId, seen: &Seen) -> Cap {
        let CapSpec { of, per, tokens, strength } = &seen.spec;
        Cap {
            cap: cap.to_string(),
            of: Naming { inner: &self.inner, team, member: None }.cap_of(of),
            per: match per {
                Per::Day => CapPer::Day,
                Per::Month => CapPer::Month,
            },
            tokens: wire::tokens(*tokens),
            hard: *strength == Strength::Hard,
            used: wire::tokens(seen.used),
        }
    }
}

/// A cap as it was seen, its member yet without a name.
struct Seen {
    spec: CapSpec,
    used: Tokens,
}

impl Seen {
    fn of(team: &Team, standing: &CoreCap, sight: &Sight<'_>) -> Self {
        let spec = standing.spec.clone();
        Self { used: used(team, &spec.of, spec.per, sight.now), spec }
    }
}

/// What is charged and held in the day or month that it is now where the team is.
fn used(team: &Team, of: &CoreOf, per: Per, now: Instant) -> Tokens {
    team.profile.as_ref().map_or(Tokens::ZERO, |profile| team.spending.used(of, per, profile.time_zone.day_of(now)))
}

/// Whose use was asked to be capped, where it is known.
fn whose(of: CapOfAsked, catalogue: &Catalogue) -> Option<CoreOf> {
    Some(match of {
        CapOfAsked::Member(member) => CoreOf::Member(member?),
        CapOfAsked::Group(group) => CoreOf::Group(group),
        CapOfAsked::Product(code) => CoreOf::Product(catalogue.product_called(&code)?.key),
        CapOfAsked::Team => CoreOf::Team,
    })
}

/// A cap in a path: what cannot be an id is the id of no cap.
fn known_cap(cap: &str) -> Result<CapId, Failure> {
    cap.parse().map_err(|_| UNKNOWN_CAP)
}
