//! Members, what they may open with tokens, and the seats that they hold (A1, A2).

use std::collections::BTreeSet;

use jeton_core::catalogue::Catalogue;
use jeton_core::decision::{AccessAsked, TeamCommand};
use jeton_core::entry::{Access, Plan, Role as CoreRole, Span};
use jeton_core::id::{MemberId, MemberKey, ProductCode, ProductKey, TeamId};
use jeton_core::team::{self, Team};
use jeton_store::{Beside, Person};

use crate::contract::{
    Assignment, BlockedProducts, DefaultAccess, ErasedMember, Member, MemberPut, Products, Role, Seat, SeatPut,
    SeatReassign,
};
use crate::people::Known;
use crate::teams::known;
use crate::{
    App, Caller, Failure, IfMatch, Inner, Operation, Page, PageRequest, Put, Read, Target, authorise, plans, wire,
};

const UNKNOWN_MEMBER: Failure = Failure::NotFound { code: "unknown_member" };

impl App {
    /// The members of a team, by id.
    pub async fn list_members(&self, caller: &Caller, team: &str, page: PageRequest) -> Result<Page<Member>, Failure> {
        authorise(caller, Operation::ListMembers, Target::team(team))?;
        let (id, after) = (known(team)?, page.after::<MemberId>()?);
        let following = self.inner.people.following(&id, after.as_ref(), usize::from(page.limit) + 1);
        let keys = following.clone();
        let seen = self.see(&id, move |team, _, sight| {
            Ok(keys.iter().map(|key| Seen::of(team, *key, sight.catalogue)).collect::<Vec<_>>())
        });
        let members = seen.await?.value;
        let rows = following.iter().zip(members).filter_map(|(key, member)| {
            let told = self.told_member(&id, *key, member?)?;
            Some((told.member.clone(), told))
        });
        Ok(Page::of(rows, page.limit))
    }

    /// A member. `unknown_member` when there is none.
    pub async fn member(&self, caller: &Caller, team: &str, member: &str) -> Result<Read<Member>, Failure> {
        authorise(caller, Operation::GetMember, Target::member(team, member))?;
        let (id, key) = self.known_member(team, member)?;
        let seen = self.see(&id, move |team, _, sight| Ok(Seen::of(team, key, sight.catalogue)));
        let member = seen.await?.value.ok_or(UNKNOWN_MEMBER)?;
        let revision = Some(member.standing.revision.0);
        let body = self.told_member(&id, key, member).ok_or(UNKNOWN_MEMBER)?;
        Ok(Read { revision, body })
    }

    /// Writes a member, and makes one active that was not.
    pub async fn put_member(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        body: MemberPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Member>, Failure> {
        authorise(caller, Operation::PutMember, Target::team(team))?;
        let team_id = known(team)?;
        let id: MemberId = wire::parse("member", member)?;
        let (email, name) = (email(&body.email)?, wire::name("name", &body.name)?);
        let role = core_role(body.role);
        let (app, caller) = (self.clone(), caller.clone());
        self.unbroken(
            async move { app.write_member(&caller, team_id, id, email, name, (body.role, role), if_match).await },
        )
        .await
    }

    /// Deactivates a member, and revokes their keys. One that is inactive stays so.
    pub async fn deactivate_member(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        if_match: Option<IfMatch>,
    ) -> Result<(), Failure> {
        authorise(caller, Operation::DeactivateMember, Target::team(team))?;
        let (id, member) = self.named_member(team, member)?;
        let (app, caller) = (self.clone(), caller.clone());
        self.unbroken(async move { app.deactivate_with_keys(&caller, id, member, if_match).await }).await
    }

    /// Erases a person (V5): ends their sessions, seats and keys, and forgets id, name, address and devices. What they
    /// used stays, under the name that is answered. Asked again of the same server, it is answered alike.
    pub async fn erase_member(&self, caller: &Caller, team: &str, member: &str) -> Result<ErasedMember, Failure> {
        authorise(caller, Operation::EraseMember, Target::team(team))?;
        let id = known(team)?;
        let member: Option<MemberId> = member.parse().ok();
        let (app, caller) = (self.clone(), caller.clone());
        self.unbroken(async move { app.erase(&caller, &id, member.as_ref()).await }).await
    }

    /// What a member is assigned to. `unknown_assignment` when to nothing.
    pub async fn assignment(&self, caller: &Caller, team: &str, member: &str) -> Result<Read<Assignment>, Failure> {
        authorise(caller, Operation::GetAssignment, Target::team(team))?;
        let (id, key) = self.known_member(team, member)?;
        let seen = self.see(&id, move |team, _, sight| {
            let member = team.members.get(&key).ok_or(UNKNOWN_MEMBER)?;
            let standing = member.assignment.as_ref().ok_or(Failure::NotFound { code: "unknown_assignment" })?;
            let body = Assignment { products: products(&standing.0, sight.catalogue) };
            Ok(Read { revision: Some(standing.1.0), body })
        });
        Ok(seen.await?.value)
    }

    /// Assigns a member to tokens (A1).
    pub async fn put_assignment(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        body: Assignment,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Assignment>, Failure> {
        authorise(caller, Operation::PutAssignment, Target::team(team))?;
        let (id, member_key) = self.named_member(team, member)?;
        let products = asked("products", &body.products)?;
        let command = TeamCommand::SetAssignment { member: member_key, products, if_match };
        let (created, revision) = self.configure(caller, &id, command, Vec::new()).await?;
        Ok(Put { created, revision, body: Assignment { products: sorted(body.products) } })
    }

    /// Takes a member's assignment away.
    pub async fn delete_assignment(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        if_match: Option<IfMatch>,
    ) -> Result<(), Failure> {
        authorise(caller, Operation::DeleteAssignment, Target::team(team))?;
        let (id, member) = self.named_member(team, member)?;
        let command = TeamCommand::RemoveAssignment { member, if_match };
        self.configure(caller, &id, command, Vec::new()).await.map(|_| ())
    }

    /// The seats of a member, by product.
    pub async fn list_seats(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        page: PageRequest,
    ) -> Result<Page<Seat>, Failure> {
        authorise(caller, Operation::ListSeats, Target::team(team))?;
        let (id, key) = self.known_member(team, member)?;
        let (member, after) = (member.to_owned(), page.after::<ProductCode>()?);
        let seen = self.see(&id, move |team, _, sight| {
            let own = team.seats.range((key, ProductKey(0))..=(key, ProductKey(u32::MAX)));
            let mut rows: Vec<(String, Seat)> = own
                .filter_map(|((_, product), seat)| Some((sight.catalogue.product(*product)?.code.to_string(), seat)))
                .filter(|(code, _)| after.as_ref().is_none_or(|after| code.as_str() > after.as_str()))
                .map(|(code, seat)| (code.clone(), told_seat(&member, &code, seat.span, seat.plan)))
                .collect();
            rows.sort_by(|one, other| one.0.cmp(&other.0));
            Ok(Page::of(rows, page.limit))
        });
        Ok(seen.await?.value)
    }

    /// A member's seat of a product. `unknown_seat` when there is none.
    pub async fn seat(&self, caller: &Caller, team: &str, member: &str, product: &str) -> Result<Read<Seat>, Failure> {
        authorise(caller, Operation::GetSeat, Target::team(team))?;
        let (id, key) = self.known_member(team, member)?;
        let code = known_product(product)?;
        let member = member.to_owned();
        let seen = self.see(&id, move |team, _, sight| {
            let product = sight.catalogue.product_called(&code).ok_or(UNKNOWN_PRODUCT)?.key;
            let seat = team.seats.get(&(key, product)).ok_or(Failure::NotFound { code: "unknown_seat" })?;
            let body = told_seat(&member, code.as_str(), seat.span, seat.plan);
            Ok(Read { revision: Some(seat.revision.0), body })
        });
        Ok(seen.await?.value)
    }

    /// Grants a member a seat of a product, or changes when it holds (A2).
    pub async fn put_seat(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        product: &str,
        body: SeatPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Seat>, Failure> {
        authorise(caller, Operation::PutSeat, Target::team(team))?;
        let (id, member_key) = self.named_member(team, member)?;
        let code = known_product(product)?;
        let span = wire::span(&body.starts_at, &body.ends_at)?;
        let plan = body.plan.map(plans::asked);
        let command = TeamCommand::SetSeat { member: member_key, product: code, span, plan, if_match };
        let (created, revision) = self.configure(caller, &id, command, Vec::new()).await?;
        Ok(Put { created, revision, body: told_seat(member, product, span, plan) })
    }

    /// Withdraws a seat at once (A2).
    pub async fn delete_seat(
        &self,
        caller: &Caller,
        team: &str,
        member: &str,
        product: &str,
        if_match: Option<IfMatch>,
    ) -> Result<(), Failure> {
        authorise(caller, Operation::DeleteSeat, Target::team(team))?;
        let (id, member) = self.named_member(team, member)?;
        let command = TeamCommand::RemoveSeat { member, product: known_product(product)?, if_match };
        self.configure(caller, &id, command, Vec::new()).await.map(|_| ())
    }

    /// Moves a seat of a product from one member to another, who must not hold one. The seat of the other is the
    /// answer.
    pub async fn reassign_seat(
        &self,
        caller: &Caller,
        team: &str,
        product: &str,
        body: SeatReassign,
    ) -> Result<Seat, Failure> {
        authorise(caller, Operation::ReassignSeat, Target::team(team))?;
        let (id, from) = self.named_member(team, &body.from)?;
        let (_, to) = self.named_member(team, &body.to)?;
        let command = TeamCommand::ReassignSeat { product: known_product(product)?, from, to };
        self.configure(caller, &id, command, Vec::new()).await?;
        let operator = Caller { scope: crate::Scope::Vendor, key: caller.key.clone() };
        Ok(self.seat(&operator, team, &body.to, product).await?.body)
    }

    /// What every member has without an assignment of their own.
    pub async fn default_access(&self, caller: &Caller, team: &str) -> Result<Read<DefaultAccess>, Failure> {
        authorise(caller, Operation::GetDefaultAccess, Target::team(team))?;
        let id = known(team)?;
        let seen = self.see(&id, |team, _, sight| {
            let products = team.default_access.as_ref().map(|access| products(access, sight.catalogue));
            Ok(Read { revision: Some(team.default_access_revision), body: DefaultAccess { products } })
        });
        Ok(seen.await?.value)
    }

    /// Writes what every member has without an assignment of their own (A1).
    pub async fn put_default_access(
        &self,
        caller: &Caller,
        team: &str,
        body: DefaultAccess,
        if_match: Option<IfMatch>,
    ) -> Result<Put<DefaultAccess>, Failure> {
        authorise(caller, Operation::PutDefaultAccess, Target::team(team))?;
        let products = body.products.as_ref().map(|products| asked("products", products)).transpose()?;
        let command = TeamCommand::SetDefaultAccess { products, if_match };
        let (created, revision) = self.configure(caller, &known(team)?, command, Vec::new()).await?;
        Ok(Put { created, revision, body: DefaultAccess { products: body.products.map(sorted) } })
    }

    /// The products that nobody in the team has with tokens.
    pub async fn blocked_products(&self, caller: &Caller, team: &str) -> Result<Read<BlockedProducts>, Failure> {
        authorise(caller, Operation::GetBlockedProducts, Target::team(team))?;
        let id = known(team)?;
        let seen = self.see(&id, |team, _, sight| {
            let products = codes(&team.blocked, sight.catalogue);
            Ok(Read { revision: Some(team.blocked_revision), body: BlockedProducts { products } })
        });
        Ok(seen.await?.value)
    }

    /// Writes the products that nobody in the team has with tokens (A1).
    pub async fn put_blocked_products(
        &self,
        caller: &Caller,
        team: &str,
        body: BlockedProducts,
        if_match: Option<IfMatch>,
    ) -> Result<Put<BlockedProducts>, Failure> {
        authorise(caller, Operation::PutBlockedProducts, Target::team(team))?;
        let command = TeamCommand::SetBlockedProducts { products: parsed("products", &body.products)?, if_match };
        let (created, revision) = self.configure(caller, &known(team)?, command, Vec::new()).await?;
        let Products::Named(products) = sorted(Products::Named(body.products)) else { return Err(Failure::Internal) };
        Ok(Put { created, revision, body: BlockedProducts { products } })
    }

    #[expect(clippy::too_many_arguments, reason = "they are what was read from one request")]
    async fn write_member(
        &self,
        caller: &Caller,
        team: TeamId,
        id: MemberId,
        email: String,
        name: String,
        (told_role, role): (Role, CoreRole),
        if_match: Option<IfMatch>,
    ) -> Result<Put<Member>, Failure> {
        // One writer of members at a time: the key of a new one is the next.
        let _writing = self.inner.people.writing.lock().await;
        let standing = self.inner.people.key(&team, &id);
        let known = standing.and_then(|key| self.inner.people.person(&team, key));
        let person_changed = known.as_ref().is_none_or(|known| known.email != email || known.name != name);
        let key = match standing {
            Some(key) => key,
            None => self.next_member(&team).await?,
        };
        let person = self.inner.people.row(&team, key, &id, email, name);
        let command = TeamCommand::SetMember { member: key, role, person_changed, if_match };
        let beside = if person_changed { vec![Beside::Person(person.clone())] } else { Vec::new() };
        let (created, revision) = self.configure(caller, &team, command, beside).await?;
        if person_changed {
            self.inner.people.learn(&team, &person);
        }
        let seen = self.see(&team, move |team, _, sight| Ok(Seen::of(team, key, sight.catalogue)));
        let (groups, access) = seen.await?.value.map(|seen| (seen.groups(), seen.access)).unwrap_or_default();
        let Person { id: member, email, name, .. } = person;
        let body = Member { member, email, name, role: told_role, active: true, groups, access };
        Ok(Put { created, revision, body })
    }

    async fn next_member(&self, team: &TeamId) -> Result<MemberKey, Failure> {
        let seen = self.see(team, |team, _, _| Ok(next_member(team)));
        Ok(seen.await?.value)
    }

    async fn erase(&self, caller: &Caller, team: &TeamId, id: Option<&MemberId>) -> Result<ErasedMember, Failure> {
        let people = &self.inner.people;
        let _writing = people.writing.lock().await;
        let standing = id.and_then(|id| people.key(team, id));
        // Asked of the ledger, too, when nobody is known by this id any more, so that it is said what is not there.
        let member = standing.or_else(|| id.and_then(|id| people.erased(team, id)));
        self.erase_with_keys(caller, team, member).await?;
        let member = member.ok_or(Failure::Internal)?;
        people.forget(team, member);
        self.inner.events.erased();
        Ok(ErasedMember { member: people.name_of(team, member) })
    }

    /// A member by name, whom the ledger may yet not know; the team's own absence is for the engine to say.
    pub(crate) fn named_member(&self, team: &str, member: &str) -> Result<(TeamId, Option<MemberKey>), Failure> {
        let id = known(team)?;
        let key = member.parse().ok().and_then(|member| self.inner.people.key(&id, &member));
        Ok((id, key))
    }

    /// A member by name. `unknown_member` when there is none.
    pub(crate) fn known_member(&self, team: &str, member: &str) -> Result<(TeamId, MemberKey), Failure> {
        let (id, key) = self.named_member(team, member)?;
        Ok((id, key.ok_or(UNKNOWN_MEMBER)?))
    }

    fn told_member(&self, team: &TeamId, key: MemberKey, seen: Seen) -> Option<Member> {
        told_member(&self.inner, team, key, seen)
    }
}

/// A member of a team that was seen; nobody, when they have no name any more.
pub(crate) fn told_as_seen(inner: &Inner, team: &Team, key: MemberKey, catalogue: &Catalogue) -> Option<Member> {
    told_member(inner, &team.id, key, Seen::of(team, key, catalogue)?)
}

fn told_member(inner: &Inner, team: &TeamId, key: MemberKey, seen: Seen) -> Option<Member> {
    let known = inner.people.person(team, key)?;
    let role = match seen.standing.role {
        CoreRole::PrimaryAdmin => Role::PrimaryAdmin,
        CoreRole::SecondaryAdmin => Role::SecondaryAdmin,
        CoreRole::Billing => Role::Billing,
        CoreRole::Member => Role::Member,
    };
    let (groups, active) = (seen.groups(), seen.standing.active);
    let Known { id, email, name, .. } = known;
    Some(Member { member: id.to_string(), email, name, role, active, groups, access: seen.access })
}

/// The key that a new member gets: one that nobody has had, the erased included.
pub(crate) fn next_member(team: &Team) -> MemberKey {
    MemberKey(team.members.last_key_value().map_or(0, |(last, _)| last.0) + 1)
}

pub(crate) fn core_role(role: Role) -> CoreRole {
    match role {
        Role::PrimaryAdmin => CoreRole::PrimaryAdmin,
        Role::SecondaryAdmin => CoreRole::SecondaryAdmin,
        Role::Billing => CoreRole::Billing,
        Role::Member => CoreRole::Member,
    }
}

/// A member as it was seen, yet without a name.
struct Seen {
    standing: team::Member,
    /// What they may have with tokens by all that assigns them (A1).
    access: Option<Products>,
}

impl Seen {
    fn of(team: &Team, key: MemberKey, catalogue: &Catalogue) -> Option<Self> {
        let standing = team.members.get(&key)?.clone();
        let mut named: Option<BTreeSet<ProductKey>> = None;
        for access in team.access_of(key) {
            match access {
                Access::All => return Some(Self { standing, access: Some(Products::All) }),
                Access::Named(products) => named.get_or_insert_default().extend(products),
            }
        }
        Some(Self { standing, access: named.map(|products| Products::Named(codes(&products, catalogue))) })
    }

    fn groups(&self) -> Vec<String> {
        self.standing.groups.iter().map(ToString::to_string).collect()
    }
}

const UNKNOWN_PRODUCT: Failure = Failure::NotFound { code: "unknown_product" };

/// A product in a path: what cannot be a code is the code of no product.
pub(crate) fn known_product(product: &str) -> Result<ProductCode, Failure> {
    product.parse().map_err(|_| UNKNOWN_PRODUCT)
}

pub(crate) fn email(text: &str) -> Result<String, Failure> {
    let parts = text.split_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let plain = text.len() <= 254 && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if parts.is_some() && plain {
        Ok(text.to_owned())
    } else {
        Err(Failure::bad_request("email", "an e-mail address has an @ with something on both sides, and no spaces"))
    }
}

/// Access as it was asked for; what cannot be a code names its place.
pub(crate) fn asked(field: &str, products: &Products) -> Result<AccessAsked, Failure> {
    Ok(match products {
        Products::All => AccessAsked::All,
        Products::Named(codes) => AccessAsked::Named(parsed(field, codes)?),
    })
}

fn parsed(field: &str, codes: &[String]) -> Result<Vec<ProductCode>, Failure> {
    codes.iter().enumerate().map(|(index, code)| wire::parse(&format!("{field}[{index}]"), code)).collect()
}

/// As it will be read: a set, in order.
pub(crate) fn sorted(products: Products) -> Products {
    match products {
        Products::All => Products::All,
        Products::Named(mut codes) => {
            codes.sort();
            codes.dedup();
            Products::Named(codes)
        }
    }
}

/// Access by the codes of products.
pub(crate) fn products(access: &Access, catalogue: &Catalogue) -> Products {
    match access {
        Access::All => Products::All,
        Access::Named(keys) => Products::Named(codes(keys, catalogue)),
    }
}

pub(crate) fn codes(keys: &BTreeSet<ProductKey>, catalogue: &Catalogue) -> Vec<String> {
    let mut codes: Vec<String> =
        keys.iter().filter_map(|key| catalogue.product(*key)).map(|product| product.code.to_string()).collect();
    codes.sort();
    codes
}

pub(crate) fn told_seat(member: &str, product: &str, span: Span, plan: Option<Plan>) -> Seat {
    Seat {
        member: member.to_owned(),
        product: product.to_owned(),
        starts_at: wire::instant(span.start),
        ends_at: wire::instant(span.end),
        plan: plan.map(plans::told),
    }
}
