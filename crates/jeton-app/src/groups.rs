//! Groups: members who share an access, and whose use can be capped together (A1, L1).

use std::ops::Bound;

use jeton_core::catalogue::Catalogue;
use jeton_core::decision::{GroupAsked, TeamCommand};
use jeton_core::entry::GroupSpec;
use jeton_core::id::{GroupId, TeamId};
use jeton_core::team;

use crate::contract::{Group, GroupPut, Products};
use crate::members::{asked, products, sorted};
use crate::teams::known;
use crate::{App, Caller, Failure, IfMatch, Inner, Operation, Page, PageRequest, Put, Read, Target, authorise, wire};

pub(crate) const UNKNOWN_GROUP: Failure = Failure::NotFound { code: "unknown_group" };

impl App {
    /// The groups of a team, by id.
    pub async fn list_groups(&self, caller: &Caller, team: &str, page: PageRequest) -> Result<Page<Group>, Failure> {
        authorise(caller, Operation::ListGroups, Target::team(team))?;
        let (id, after) = (known(team)?, page.after::<GroupId>()?);
        let most = usize::from(page.limit) + 1;
        let seen = self.see(&id, move |team, _, sight| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let following = team.groups.range::<GroupId, _>((from, Bound::Unbounded)).take(most);
            Ok(following
                .map(|(group, standing)| (group.clone(), Seen::of(standing, sight.catalogue)))
                .collect::<Vec<_>>())
        });
        let rows = seen.await?.value;
        let rows = rows.into_iter().map(|(group, seen)| (group.to_string(), self.told_group(&id, &group, seen)));
        Ok(Page::of(rows, page.limit))
    }

    /// A group. `unknown_group` when there is none.
    pub async fn group(&self, caller: &Caller, team: &str, group: &str) -> Result<Read<Group>, Failure> {
        authorise(caller, Operation::GetGroup, Target::team(team))?;
        let (id, group) = (known(team)?, known_group(group)?);
        let wanted = group.clone();
        let seen = self.see(&id, move |team, _, sight| {
            let standing = team.groups.get(&wanted).ok_or(UNKNOWN_GROUP)?;
            Ok((standing.revision.0, Seen::of(standing, sight.catalogue)))
        });
        let (revision, seen) = seen.await?.value;
        Ok(Read { revision: Some(revision), body: self.told_group(&id, &group, seen) })
    }

    /// Writes a group: what its members are assigned to, if it assigns them to something (A1).
    pub async fn put_group(
        &self,
        caller: &Caller,
        team: &str,
        group: &str,
        body: GroupPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Group>, Failure> {
        authorise(caller, Operation::PutGroup, Target::team(team))?;
        let id = known(team)?;
        let group: GroupId = wire::parse("group", group)?;
        let mut names = body.members;
        names.sort();
        names.dedup();
        let key_of = |member: &String| Ok(self.named_member(team, member)?.1);
        let asked = GroupAsked {
            name: wire::name("name", &body.name)?,
            members: names.iter().map(key_of).collect::<Result<_, Failure>>()?,
            products: body.products.as_ref().map(|products| asked("products", products)).transpose()?,
        };
        let command = TeamCommand::SetGroup { group: group.clone(), asked, if_match };
        let (created, revision) = self.configure(caller, &id, command, Vec::new()).await?;
        let (name, products) = (body.name, body.products.map(sorted));
        Ok(Put { created, revision, body: Group { group: group.to_string(), name, members: names, products } })
    }

    /// Removes a group. Caps that name it count nothing until there is one of its id again.
    pub async fn delete_group(
        &self,
        caller: &Caller,
        team: &str,
        group: &str,
        if_match: Option<IfMatch>,
    ) -> Result<(), Failure> {
        authorise(caller, Operation::DeleteGroup, Target::team(team))?;
        let command = TeamCommand::RemoveGroup { group: known_group(group)?, if_match };
        self.configure(caller, &known(team)?, command, Vec::new()).await.map(|_| ())
    }

    fn told_group(&self, team: &TeamId, group: &GroupId, seen: Seen) -> Group {
        told_group(&self.inner, team, group, seen)
    }
}

/// A group of a team that was seen.
pub(crate) fn told(inner: &Inner, team: &TeamId, id: &GroupId, group: &team::Group, catalogue: &Catalogue) -> Group {
    told_group(inner, team, id, Seen::of(group, catalogue))
}

fn told_group(inner: &Inner, team: &TeamId, group: &GroupId, Seen { spec, products }: Seen) -> Group {
    let name_of = |member| inner.people.name_of(team, member);
    let mut members: Vec<String> = spec.members.into_iter().map(name_of).collect();
    members.sort();
    Group { group: group.to_string(), name: spec.name, members, products }
}

/// A group as it was seen, its members yet without names.
struct Seen {
    spec: GroupSpec,
    products: Option<Products>,
}

impl Seen {
    fn of(standing: &team::Group, catalogue: &Catalogue) -> Self {
        let products = standing.spec.products.as_ref().map(|access| products(access, catalogue));
        Self { spec: standing.spec.clone(), products }
    }
}

/// A group in a path: what cannot be an id is the id of no group.
pub(crate) fn known_group(group: &str) -> Result<GroupId, Failure> {
    group.parse().map_err(|_| UNKNOWN_GROUP)
}
