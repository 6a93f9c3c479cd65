//! Configuration of a team: members, seats, access, groups, caps, required tags, agreements, credits, plans.
//!
//! Each is a resource that may be written again: the same changes nothing, another replaces what stands, and
//! `If-Match` guards what the caller last saw.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::cap::{CapOf, CapSpec};
use crate::catalogue::IfMatch;
use crate::decision::{AccessAsked, AgreementAsked, CapAsked, CapOfAsked, Decision, Granted, GroupAsked, room};
use crate::entry::{Access, AgreementSpec, ClosedBy, GroupSpec, JobRelease, Plan, Role, Span, TeamFact, TeamProfile};
use crate::id::{AgreementId, CapId, GrantId, GroupId, MemberKey, ProductCode, ProductKey};
use crate::limits;
use crate::refusal::{Limit, Refusal, Unknown};
use crate::time::Instant;
use crate::tokens::Tokens;

/// `If-Match`, where it was sent.
type Condition<'c> = Option<&'c IfMatch>;

impl Decision<'_> {
    pub(crate) fn set_team(&mut self, profile: TeamProfile, if_match: Condition<'_>) -> Result<Granted, Refusal> {
        let standing = self.team.profile.as_ref().map(|standing| *standing == profile);
        let standing = standing.map(|same| (self.team.profile_revision.0, same));
        self.configure(standing, if_match, || TeamFact::TeamSet(profile))
    }

    pub(crate) fn set_member(
        &mut self,
        member: MemberKey,
        role: Role,
        person_changed: bool,
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let standing = self.team.members.get(&member);
        if standing.is_some_and(|standing| standing.erased) {
            return Err(Refusal::Unknown(Unknown::Member));
        }
        if standing.is_none() {
            room(self.team.members.len(), limits::MEMBERS, Limit::Members)?;
        }
        let standing =
            standing.map(|standing| (standing.revision.0, standing.active && standing.role == role && !person_changed));
        IfMatch::check(if_match, standing.map(|(revision, _)| revision))?;
        if role == Role::PrimaryAdmin && standing.is_none_or(|(_, same)| !same) {
            // At most one: naming another makes the former a secondary admin (rules, *member*).
            let former: Vec<MemberKey> = self
                .team
                .members
                .iter()
                .filter(|(key, other)| **key != member && other.role == Role::PrimaryAdmin)
                .map(|(key, _)| *key)
                .collect();
            for former in former {
                let was_active = self.team.members[&former].active;
                self.emit(TeamFact::MemberSet { member: former, role: Role::SecondaryAdmin });
                if !was_active {
                    self.emit(TeamFact::MemberDeactivated { member: former });
                }
            }
        }
        self.configure(standing, None, || TeamFact::MemberSet { member, role })
    }

    /// V5: ends what the member has open as an admin's close does, releases their jobs, withdraws their seats, and
    /// forgets who it was. One who was erased before is answered alike.
    pub(crate) fn erase_member(&mut self, member: Option<MemberKey>) -> Result<Granted, Refusal> {
        let standing = member.and_then(|member| Some((member, self.team.members.get(&member)?)));
        let (member, standing) = standing.ok_or(Refusal::Unknown(Unknown::Member))?;
        if standing.erased {
            return Ok(Granted::Configured { created: false, revision: standing.revision.0 });
        }
        let open = self.team.open_sessions().filter(|(_, session)| session.member == member);
        for session in open.map(|(_, session)| session.id.clone()).collect::<Vec<_>>() {
            self.close_session(&session, None, ClosedBy::Admin);
        }
        let held = self.team.jobs().filter(|(_, job)| job.member == member);
        for job in held.map(|(number, _)| number).collect::<Vec<_>>() {
            self.end_job(job, JobRelease::Released);
        }
        let seats = self.team.seats.range((member, ProductKey(0))..=(member, ProductKey(u32::MAX)));
        for product in seats.map(|((_, product), _)| *product).collect::<Vec<_>>() {
            self.emit(TeamFact::SeatRemoved { member, product });
        }
        let revision = self.emit(TeamFact::MemberErased { member }).0;
        Ok(Granted::Configured { created: false, revision })
    }

    pub(crate) fn deactivate(
        &mut self,
        member: Option<MemberKey>,
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let member = self.known_member(member)?;
        let standing = &self.team.members[&member];
        let standing = Some((standing.revision.0, !standing.active));
        self.configure(standing, if_match, || TeamFact::MemberDeactivated { member })
    }

    pub(crate) fn assign(
        &mut self,
        member: Option<MemberKey>,
        products: AccessAsked,
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let member = self.known_member(member)?;
        let products = self.access(products)?;
        let standing = self.team.members[&member].assignment.as_ref();
        let standing = standing.map(|(access, revision)| (revision.0, *access == products));
        self.configure(standing, if_match, || TeamFact::AssignmentSet { member, products })
    }

    pub(crate) fn unassign(&mut self, member: Option<MemberKey>, if_match: Condition<'_>) -> Result<Granted, Refusal> {
        let member = self.known_member(member)?;
        let standing = self.team.members[&member].assignment.as_ref().map(|(_, revision)| revision.0);
        self.remove(standing, Unknown::Assignment, if_match, TeamFact::AssignmentRemoved { member })
    }

    pub(crate) fn set_seat(
        &mut self,
        member: MemberKey,
        product: ProductKey,
        (span, plan): (Span, Option<Plan>),
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let standing = self.team.seats.get(&(member, product));
        if standing.is_none() {
            room(self.team.seats.len(), limits::SEATS, Limit::Seats)?;
        }
        let now = self.now;
        let cover_ends = standing.map(|_| if span.contains(now) { span.end } else { now });
        let standing = standing.map(|seat| (seat.revision.0, seat.span == span && seat.plan == plan));
        let fact = || TeamFact::SeatSet { member, product, span, cover_ends, plan };
        let granted = self.configure(standing, if_match, fact);
        // A seat that is in force from its entry on has begun.
        self.run_due();
        granted
    }

    pub(crate) fn remove_seat(
        &mut self,
        member: Option<MemberKey>,
        product: &ProductCode,
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let member = self.known_member(member)?;
        let product = self.known_product(product)?;
        let standing = self.team.seats.get(&(member, product)).map(|seat| seat.revision.0);
        self.remove(standing, Unknown::Seat, if_match, TeamFact::SeatRemoved { member, product })
    }

    pub(crate) fn reassign_seat(
        &mut self,
        product: &ProductCode,
        from: Option<MemberKey>,
        to: Option<MemberKey>,
    ) -> Result<Granted, Refusal> {
        let from = self.known_member(from)?;
        let to = self.known_member(to)?;
        let product = self.known_product(product)?;
        let seat = self.team.seats.get(&(from, product)).ok_or(Refusal::Unknown(Unknown::Seat))?;
        let terms = (seat.span, seat.plan);
        if self.team.seats.contains_key(&(to, product)) {
            return Err(Refusal::SeatTaken);
        }
        self.emit(TeamFact::SeatRemoved { member: from, product });
        self.set_seat(to, product, terms, None)
    }

    pub(crate) fn set_default_access(
        &mut self,
        products: Option<AccessAsked>,
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let products = products.map(|asked| self.access(asked)).transpose()?;
        let standing = Some((self.team.default_access_revision, self.team.default_access == products));
        self.configure(standing, if_match, || TeamFact::DefaultAccessSet { products })
    }

    pub(crate) fn block(&mut self, products: &[ProductCode], if_match: Condition<'_>) -> Result<Granted, Refusal> {
        let products = self.known_products(products)?;
        let standing = Some((self.team.blocked_revision, self.team.blocked == products));
        self.configure(standing, if_match, || TeamFact::BlockedProductsSet { products })
    }

    /// A1: the products of a group are everybody's who is in it.
    pub(crate) fn set_group(
        &mut self,
        group: GroupId,
        asked: GroupAsked,
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let members = asked.members.into_iter().map(|member| self.known_member(member)).collect::<Result<_, _>>()?;
        let products = asked.products.map(|asked| self.access(asked)).transpose()?;
        let spec = GroupSpec { name: asked.name, members, products };
        let standing = self.team.groups.get(&group).map(|standing| (standing.revision.0, standing.spec == spec));
        if standing.is_none() {
            room(self.team.groups.len(), limits::GROUPS, Limit::Groups)?;
        }
        self.configure(standing, if_match, || TeamFact::GroupSet { group, spec })
    }

    pub(crate) fn remove_group(&mut self, group: GroupId, if_match: Condition<'_>) -> Result<Granted, Refusal> {
        let standing = self.team.groups.get(&group).map(|standing| standing.revision.0);
        self.remove(standing, Unknown::Group, if_match, TeamFact::GroupRemoved { group })
    }

    /// L1.
    pub(crate) fn set_cap(&mut self, cap: CapId, asked: CapAsked, if_match: Condition<'_>) -> Result<Granted, Refusal> {
        let of = match asked.of {
            CapOfAsked::Member(member) => CapOf::Member(self.known_member(member)?),
            CapOfAsked::Group(group) if self.team.groups.contains_key(&group) => CapOf::Group(group),
            CapOfAsked::Group(_) => return Err(Refusal::Unknown(Unknown::Group)),
            CapOfAsked::Product(code) => CapOf::Product(self.known_product(&code)?),
            CapOfAsked::Team => CapOf::Team,
        };
        let spec = CapSpec { of, per: asked.per, tokens: asked.tokens, strength: asked.strength };
        let standing = self.team.caps.get(&cap).map(|standing| (standing.revision.0, standing.spec == spec));
        if standing.is_none() {
            room(self.team.caps.len(), limits::CAPS, Limit::Caps)?;
        }
        self.configure(standing, if_match, || TeamFact::CapSet { cap, spec })
    }

    pub(crate) fn remove_cap(&mut self, cap: CapId, if_match: Condition<'_>) -> Result<Granted, Refusal> {
        let standing = self.team.caps.get(&cap).map(|standing| standing.revision.0);
        self.remove(standing, Unknown::Cap, if_match, TeamFact::CapRemoved { cap })
    }

    /// L2.
    pub(crate) fn require_tags(&mut self, tags: BTreeSet<String>, if_match: Condition<'_>) -> Result<Granted, Refusal> {
        let standing = Some((self.team.required_tags_revision, self.team.required_tags == tags));
        self.configure(standing, if_match, || TeamFact::RequiredTagsSet { tags })
    }

    /// P11.
    pub(crate) fn set_plan(&mut self, plan: Plan, span: Span, if_match: Condition<'_>) -> Result<Granted, Refusal> {
        let standing = self.team.plan.map(|(standing, of, revision)| (revision.0, (standing, of) == (plan, span)));
        self.configure(standing, if_match, || TeamFact::PlanSet { plan, span })
    }

    /// P9. What has begun is never changed but in its end (C2).
    pub(crate) fn set_agreement(
        &mut self,
        agreement: AgreementId,
        asked: AgreementAsked,
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let by_key = |(code, offer)| Ok((self.known_product(&code)?, offer));
        let rates = asked.rates.into_iter().map(by_key).collect::<Result<BTreeMap<_, _>, Refusal>>()?;
        if asked.price_list.as_ref().is_some_and(|list| !self.catalogue.price_lists.contains_key(list)) {
            return Err(Refusal::Unknown(Unknown::PriceList));
        }
        let spec = AgreementSpec { span: asked.span, rates, price_list: asked.price_list };
        let standing = self.team.agreements.get(&agreement);
        if standing.is_none() {
            room(self.team.agreements.len(), limits::AGREEMENTS, Limit::Agreements)?;
        }
        let revision = standing.map(|standing| (standing.revision.0, standing.spec == spec));
        IfMatch::check(if_match, revision.map(|(revision, _)| revision))?;
        if let Some(begun) = standing.map(|standing| &standing.spec).filter(|spec| spec.span.start <= self.now)
            && *begun != spec
        {
            let ends_well = spec.span.end >= self.now && begun.span.end > self.now;
            let same =
                AgreementSpec { span: begun.span, ..spec.clone() } == *begun && begun.span.start == spec.span.start;
            if !same || !ends_well {
                return Err(Refusal::RateInForce { starts_at: begun.span.start });
            }
        }
        self.configure(revision, None, || TeamFact::AgreementSet { agreement, spec: Box::new(spec) })
    }

    pub(crate) fn remove_agreement(
        &mut self,
        agreement: AgreementId,
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let standing = self.team.agreements.get(&agreement).ok_or(Refusal::Unknown(Unknown::Agreement))?;
        let (revision, starts_at) = (standing.revision.0, standing.spec.span.start);
        IfMatch::check(if_match, Some(revision))?;
        if starts_at <= self.now {
            return Err(Refusal::RateInForce { starts_at });
        }
        self.remove(Some(revision), Unknown::Agreement, None, TeamFact::AgreementRemoved { agreement })
    }

    /// P10.
    pub(crate) fn grant_credits(
        &mut self,
        member: Option<MemberKey>,
        grant: GrantId,
        (credits, ends_at): (Tokens, Instant),
        if_match: Condition<'_>,
    ) -> Result<Granted, Refusal> {
        let member = self.known_member(member)?;
        // One that is over is forgotten by the next entry: what is answered must not depend on whether there was one.
        let standing = self.team.credits.get(member, &grant).filter(|standing| !standing.is_over(self.now));
        if standing.is_none() {
            let standing = self.team.credits.of(member).filter(|(_, grant)| !grant.is_over(self.now));
            room(standing.count(), limits::GRANTS, Limit::Grants)?;
        }
        let used = standing.map_or(Tokens::ZERO, |standing| standing.held + standing.spent);
        let revision =
            standing.map(|standing| (standing.revision.0, (standing.credits, standing.ends_at) == (credits, ends_at)));
        IfMatch::check(if_match, revision.map(|(revision, _)| revision))?;
        if credits < used {
            return Err(Refusal::CreditsUsed { used });
        }
        self.configure(revision, None, || TeamFact::CreditsGranted { member, grant, credits, ends_at })
    }

    /// Writes a configuration unless it stands already: `standing` is its revision, and whether it is the same.
    fn configure(
        &mut self,
        standing: Option<(u64, bool)>,
        if_match: Condition<'_>,
        fact: impl FnOnce() -> TeamFact,
    ) -> Result<Granted, Refusal> {
        IfMatch::check(if_match, standing.map(|(revision, _)| revision))?;
        if let Some((revision, true)) = standing {
            return Ok(Granted::Configured { created: false, revision });
        }
        let revision = self.emit(fact()).0;
        Ok(Granted::Configured { created: standing.is_none(), revision })
    }

    /// Removes a configuration: `standing` is its revision.
    fn remove(
        &mut self,
        standing: Option<u64>,
        what: Unknown,
        if_match: Condition<'_>,
        fact: TeamFact,
    ) -> Result<Granted, Refusal> {
        let standing = standing.ok_or(Refusal::Unknown(what))?;
        IfMatch::check(if_match, Some(standing))?;
        let revision = self.emit(fact).0;
        Ok(Granted::Configured { created: false, revision })
    }

    fn known_products(&self, codes: &[ProductCode]) -> Result<BTreeSet<ProductKey>, Refusal> {
        codes.iter().map(|code| self.known_product(code)).collect()
    }

    fn access(&self, asked: AccessAsked) -> Result<Access, Refusal> {
        Ok(match asked {
            AccessAsked::All => Access::All,
            AccessAsked::Named(codes) => Access::Named(self.known_products(&codes)?),
        })
    }
}
