//! Cloud credits of members (P10).

use jeton_core::credit::Grant;
use jeton_core::decision::TeamCommand;
use jeton_core::id::GrantId;
use jeton_core::time::Instant;
use jeton_core::tokens::Tokens;

use crate::contract::{Credits, CreditsPut};
use crate::{App, Caller, Failure, IfMatch, Operation, Page, PageRequest, Put, Read, Target, authorise, wire};

const UNKNOWN_GRANT: Failure = Failure::NotFound { code: "unknown_grant" };

impl App {
    /// The grants of a member that have not ended, or of which something is held, by id.
    pub async fn list_credits(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        page: PageRequest,
    ) -> Result<Page<Credits>, Failure> {
        authorise(caller, Operation::ListCredits, Target::member(team, member))?;
        let (id, key) = self.known_member(team, member)?;
        let (member, after) = (member.to_owned(), page.after::<GrantId>()?);
        let seen = self.see(&id, move |team, _, sight| {
            let standing = team.credits.of(key).filter(|(_, grant)| !grant.is_over(sight.now));
            let following = standing.filter(|(grant, _)| after.as_ref().is_none_or(|after| *grant > after));
            let rows = following.map(|(grant, of)| (grant.to_string(), told(&member, grant, of)));
            Ok(Page::of(rows, page.limit))
        });
        Ok(seen.await?.value)
    }

    /// A grant. `unknown_grant` when there is none, or it has ended and nothing of it is held.
    pub async fn credits(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        grant: &str,
    ) -> Result<Read<Credits>, Failure> {
        authorise(caller, Operation::GetCredits, Target::member(team, member))?;
        let (id, key) = self.known_member(team, member)?;
        let grant: GrantId = grant.parse().map_err(|_| UNKNOWN_GRANT)?;
        let member = member.to_owned();
        let seen = self.see(&id, move |team, _, sight| {
            let standing = team.credits.get(key, &grant).filter(|standing| !standing.is_over(sight.now));
            let standing = standing.ok_or(UNKNOWN_GRANT)?;
            Ok(Read { revision: Some(standing.revision.0), body: told(&member, &grant, standing) })
        });
        Ok(seen.await?.value)
    }

    /// Grants a member credits, or changes how many or until when (P10).
    pub async fn put_credits(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        grant: &str,
        body: CreditsPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Credits>, Failure> {
        authorise(caller, Operation::PutCredits, Target::member(team, member))?;
        let (id, member_key) = self.named_member(team, member)?;
        let grant: GrantId = wire::parse("grant", grant)?;
        let credits: Tokens = wire::parse("credits", body.credits.as_str())?;
        let ends_at: Instant = wire::parse("ends_at", body.ends_at.as_str())?;
        let command =
            TeamCommand::GrantCredits { member: member_key, grant: grant.clone(), credits, ends_at, if_match };
        let (created, revision) = self.configure(caller, &id, command, Vec::new()).await?;
        let wanted = grant.clone();
        let seen = self.see(&id, move |team, _, _| {
            let standing = member_key.and_then(|member| team.credits.get(member, &wanted));
            Ok(standing.map_or((Tokens::ZERO, Tokens::ZERO), |standing| (standing.held, standing.spent)))
        });
        let (held, spent) = seen.await?.value;
        let body = Credits {
            member: member.to_owned(),
            grant: grant.to_string(),
            credits: wire::tokens(credits),
            available: wire::tokens(credits.less(held).less(spent)),
            held: wire::tokens(held),
            spent: wire::tokens(spent),
            ends_at: wire::instant(ends_at),
        };
        Ok(Put { created, revision, body })
    }
}

fn told(member: &str, id: &GrantId, grant: &Grant) -> Credits {
    Credits {
        member: member.to_owned(),
        grant: id.to_string(),
        credits: wire::tokens(grant.credits),
        available: wire::tokens(grant.available()),
        held: wire::tokens(grant.held),
        spent: wire::tokens(grant.spent),
        ends_at: wire::instant(grant.ends_at),
    }
}
