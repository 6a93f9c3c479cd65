//! What a team has and has spent: balance, charges, usage; and the installation's checkpoint (V2, W10).

use std::collections::{BTreeMap, BTreeSet};

use jeton_core::entry::{ChargeMade, JobCommitted, TeamFact};
use jeton_core::id::{MemberKey, ProductCode, ProductKey, TeamId};
use jeton_core::lot::Lot;
use jeton_core::money::{Currency, ExactAmount};
use jeton_core::time::Day;
use jeton_store::stored::AnyEntry;
use jeton_store::{Group, GroupBy, Position, Sealed, UsageAsked};
use serde::{Deserialize, Serialize};

use crate::contract::{
    Balance, Charge, ChargesQuery, Checkpoint, Date, Decimal, Explanation, LotBalance, UsageQuery, UsageRow,
};
use crate::jobs::told_part;
use crate::teams::known;
use crate::{App, Caller, Failure, Inner, Operation, Page, PageRequest, Target, authorise, refusals, wire};

/// By how many things a report may be grouped at once.
const GROUPS: usize = 8;

const UNKNOWN_CHARGE: Failure = Failure::NotFound { code: "unknown_charge" };

/// What a usage report is grouped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageBy {
    Product,
    Member,
    /// The usage day of W10.
    Day,
    /// The month of the usage day.
    Month,
    /// The value of a tag (L2).
    Tag(String),
}

/// Which use is to be reported, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRequest {
    /// The first usage day; `None`: from the beginning.
    pub from: Option<Date>,
    /// The last usage day, included; `None`: until now.
    pub to: Option<Date>,
    /// At least one, none twice.
    pub by: Vec<UsageBy>,
    pub member: Option<String>,
    pub product: Option<String>,
}

/// A page of a usage report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReport {
    /// The zone of the team, whose days these are.
    pub time_zone: String,
    /// Every currency that occurs in the whole report, sorted.
    pub currencies: Vec<String>,
    pub rows: Page<UsageRow>,
}

impl UsageBy {
    /// By its name in the public contract: `product`, `member`, `day`, `month`, or `tag:` and the tag.
    fn named(name: &str) -> Option<Self> {
        match name {
            "product" => Some(Self::Product),
            "member" => Some(Self::Member),
            "day" => Some(Self::Day),
            "month" => Some(Self::Month),
            other => other.strip_prefix("tag:").filter(|tag| !tag.is_empty()).map(|tag| Self::Tag(tag.to_owned())),
        }
    }

    /// Its name in the public contract.
    pub fn name(&self) -> String {
        match self {
            Self::Product => "product".to_owned(),
            Self::Member => "member".to_owned(),
            Self::Day => "day".to_owned(),
            Self::Month => "month".to_owned(),
            Self::Tag(tag) => format!("tag:{tag}"),
        }
    }
}

impl TryFrom<UsageQuery> for UsageRequest {
    type Error = Failure;

    /// Reads `group_by`; the days are read by the use case, which knows the calendar.
    fn try_from(query: UsageQuery) -> Result<Self, Failure> {
        let mut by = Vec::new();
        for name in query.group_by.as_deref().unwrap_or("product").split(',') {
            match UsageBy::named(name) {
                Some(known) if !by.contains(&known) && by.len() < GROUPS => by.push(known),
                Some(_) | None => {
                    let detail = "group_by: one or more of product, member, day, month and tag:NAME, none twice, 8 at most, commas between";
                    return Err(Failure::bad_request("group_by", detail));
                }
            }
        }
        Ok(Self { from: query.from, to: query.to, by, member: query.member, product: query.product })
    }
}

impl App {
    /// What a team has, lot by lot, in the order of their ends.
    pub async fn balance(&self, caller: &Caller, team: &str) -> Result<Balance, Failure> {
        authorise(caller, Operation::GetBalance, Target::team(team))?;
        let id = known(team)?;
        let seen = self.see(&id, |team, _, _| {
            let lots = &team.lots;
            let balance = Balance {
                granted: wire::tokens(lots.granted()),
                available: wire::tokens(lots.available()),
                held: wire::tokens(lots.held()),
                overdue: !team.overdue.is_empty(),
                lots: Vec::new(),
            };
            Ok((balance, lots.iter().cloned().collect::<Vec<Lot>>()))
        });
        let seen = seen.await?;
        let (balance, mut lots) = seen.value;
        self.after(seen.position, move |inner| {
            lots.extend(inner.closed_lots(&id)?);
            lots.sort_by_key(|lot| (lot.ends_at, lot.quantity, lot.purchased_at, lot.lot));
            // One that was closed since it was looked at stands in both: its last figures are those of the ledger.
            lots.dedup_by_key(|lot| lot.lot);
            Ok(Balance { lots: lots.iter().map(told_lot).collect(), ..balance })
        })
        .await
    }

    /// The charges of a team, newest first, narrowed to what the key may see.
    pub async fn list_charges(
        &self,
        caller: &Caller,
        team: &str,
        query: ChargesQuery,
        page: PageRequest,
    ) -> Result<Page<Charge>, Failure> {
        let member = caller.scope.member_or(query.member.as_deref());
        authorise(caller, Operation::ListCharges, Target::use_of(team, member))?;
        let id = known(team)?;
        let member = member.map(|member| self.member_key(team, member)).transpose()?;
        let product = query.product.as_deref().map(|product| self.product_key(product)).transpose()?;
        let before = page.after::<u64>()?.unwrap_or(u64::MAX);
        let position = self.see(&id, |_, _, _| Ok(())).await?.position;
        self.after(position, move |inner| {
            let limit = usize::from(page.limit) + 1;
            let positions = inner.views.charges(id.as_str(), member, product, before, limit)?;
            let mut rows = Vec::new();
            for (sealed, charge) in inner.charges(&positions)? {
                rows.push((sealed.seq.to_string(), inner.told_charge(&id, &sealed, &charge)?));
            }
            Ok(Page::of(rows, page.limit))
        })
        .await
    }

    /// A charge. `unknown_charge` when there is none.
    pub async fn charge(&self, caller: &Caller, team: &str, charge: &str) -> Result<Charge, Failure> {
        let (id, sealed, made) = self.found_charge(caller, Operation::GetCharge, team, charge).await?;
        self.inner.told_charge(&id, &sealed, &made)
    }

    /// Why a charge was made (V6). `unknown_charge` when there is none.
    pub async fn explain_charge(&self, caller: &Caller, team: &str, charge: &str) -> Result<Explanation, Failure> {
        let (id, sealed, made) = self.found_charge(caller, Operation::ExplainCharge, team, charge).await?;
        let seen = self.see(&id, |team, _, _| Ok(team.lots.iter().cloned().collect::<Vec<Lot>>()));
        let seen = seen.await?;
        let lots = seen.value;
        self.after(seen.position, move |inner| inner.explain(&id, &sealed, &made, lots)).await
    }

    /// A page of the usage report, narrowed to what the key may see. Its rows are in the order of `by`.
    pub async fn usage(
        &self,
        caller: &Caller,
        team: &str,
        request: &UsageRequest,
        page: PageRequest,
    ) -> Result<UsageReport, Failure> {
        let member = caller.scope.member_or(request.member.as_deref());
        authorise(caller, Operation::GetUsage, Target::use_of(team, member))?;
        let id = known(team)?;
        let member = member.map(|member| self.member_key(team, member)).transpose()?;
        let product = request.product.as_deref().map(|product| self.product_key(product)).transpose()?;
        let from = day("from", request.from.as_ref(), "2000-01-01")?;
        let to = day("to", request.to.as_ref(), "2200-12-31")?;
        let by: Vec<GroupBy> = request.by.iter().map(group_by).collect();
        let names = request.by.clone();
        let after = page.after::<Groups>()?;
        let seen = self.see(&id, |team, _, _| {
            Ok(team.profile.as_ref().map_or_else(String::new, |profile| profile.time_zone.name().to_owned()))
        });
        let seen = seen.await?;
        let time_zone = seen.value;
        self.after(seen.position, move |inner| {
            let asked = UsageAsked { team: id.as_str(), from, to, member, product, by: &by };
            let rows = inner.views.usage(&asked)?;
            let currencies: BTreeSet<String> = rows.iter().flat_map(|row| row.amounts.keys().cloned()).collect();
            let mut told = Vec::new();
            let place = |row: &jeton_store::UsageRow| Groups(row.groups.iter().map(Key::of).collect());
            let following = rows.iter().map(|row| (place(row), row));
            for (place, row) in following.filter(|(place, _)| after.as_ref().is_none_or(|after| place > after)) {
                let mut line = UsageRow {
                    product: None,
                    member: None,
                    day: None,
                    month: None,
                    tags: BTreeMap::new(),
                    tokens: wire::tokens(row.tokens),
                    amount: row.amounts.iter().map(|(code, amount)| (code.clone(), money(code, *amount))).collect(),
                    launches: row.launches,
                    days: row.days,
                    members: row.members,
                };
                for (name, group) in names.iter().zip(&row.groups) {
                    match (name, group) {
                        (UsageBy::Product, Group::Product(product)) => {
                            line.product = Some(inner.product_code(*product)?.to_string());
                        }
                        (UsageBy::Member, Group::Member(member)) => {
                            line.member = Some(inner.people.name_of(&id, *member));
                        }
                        (UsageBy::Day, Group::Text(day)) => line.day = Some(day.clone()),
                        (UsageBy::Month, Group::Text(month)) => line.month = Some(month.clone()),
                        (UsageBy::Tag(tag), Group::Text(value)) => {
                            line.tags.insert(tag.clone(), Some(value.clone()));
                        }
                        (UsageBy::Tag(tag), _) => {
                            line.tags.insert(tag.clone(), None);
                        }
                        _ => return Err(Failure::Internal),
                    }
                }
                told.push((place.to_string(), line));
                if told.len() > usize::from(page.limit) {
                    break;
                }
            }
            let rows = Page::of(told, page.limit);
            Ok(UsageReport { time_zone, currencies: currencies.into_iter().collect(), rows })
        })
        .await
    }

    /// The newest signed checkpoint; `unknown_checkpoint` before the first entry.
    pub async fn checkpoint(&self, caller: &Caller) -> Result<Checkpoint, Failure> {
        authorise(caller, Operation::GetCheckpoint, Target::installation())?;
        let decided = self.inner.engine.checkpoint().await?;
        let checkpoint = decided.outcome.map_err(|refusal| refusals::plain(&refusal))?;
        let checkpoint = checkpoint.ok_or(Failure::NotFound { code: "unknown_checkpoint" })?;
        Ok(Checkpoint {
            position: checkpoint.position,
            at: wire::micros(checkpoint.at),
            commit: wire::hex(&checkpoint.commit),
            stream: checkpoint.stream,
            seq: checkpoint.seq,
            public_key: wire::hex(&checkpoint.public_key),
            signature: wire::hex(&checkpoint.signature),
        })
    }

    /// A charge that the caller may see.
    async fn found_charge(
        &self,
        caller: &Caller,
        operation: Operation,
        team: &str,
        charge: &str,
    ) -> Result<(TeamId, Sealed, Spent), Failure> {
        // Whose charge it is, is known only once it is found; what may never be asked is refused before.
        if !operation.is_open_to(caller.scope.name()) {
            return Err(Failure::Forbidden);
        }
        if caller.scope.team_or(None).is_some_and(|own| own != team) {
            return Err(Failure::NotFound { code: "unknown_team" });
        }
        let id = known(team)?;
        let position = self.see(&id, |_, _, _| Ok(())).await?.position;
        let seq = wire::charge_number(charge).ok_or(UNKNOWN_CHARGE)?;
        let of = id.clone();
        let (sealed, made) = self
            .after(position, move |inner| {
                let position = inner.views.charge(of.as_str(), seq)?.ok_or(UNKNOWN_CHARGE)?;
                inner.charges(&[position])?.pop().ok_or(UNKNOWN_CHARGE)
            })
            .await?;
        let member = self.inner.people.name_of(&id, made.member());
        authorise(caller, operation, Target::charge(team, &member))?;
        Ok((id, sealed, made))
    }

    /// A member that a list is narrowed to.
    pub(crate) fn member_key(&self, team: &str, member: &str) -> Result<MemberKey, Failure> {
        self.named_member(team, member)?.1.ok_or(Failure::NotFound { code: "unknown_member" })
    }

    /// A product that a list is narrowed to.
    pub(crate) fn product_key(&self, product: &str) -> Result<ProductKey, Failure> {
        let code: ProductCode = wire::parse("product", product)?;
        let catalogue = self.inner.engine.catalogue();
        let found = catalogue.product_called(&code).map(|product| product.key);
        found.ok_or(Failure::NotFound { code: "unknown_product" })
    }
}

/// A charge, by what it pays for.
pub(crate) enum Spent {
    Window(Box<ChargeMade>),
    Job(Box<JobCommitted>),
}

impl Spent {
    fn member(&self) -> MemberKey {
        match self {
            Self::Window(charge) => charge.member,
            Self::Job(job) => job.member,
        }
    }
}

impl Inner {
    fn charges(&self, positions: &[Position]) -> Result<Vec<(Sealed, Spent)>, Failure> {
        let made = |(sealed, entry)| match entry {
            AnyEntry::Team(_, jeton_core::entry::Entry { fact: TeamFact::ChargeMade(charge), .. }) => {
                Ok((sealed, Spent::Window(charge)))
            }
            AnyEntry::Team(_, jeton_core::entry::Entry { fact: TeamFact::JobCommitted(job), .. }) => {
                Ok((sealed, Spent::Job(job)))
            }
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        };
        self.entries(positions)?.into_iter().map(made).collect()
    }

    pub(crate) fn told_charge(&self, team: &TeamId, sealed: &Sealed, spent: &Spent) -> Result<Charge, Failure> {
        let (charge, at) = (format!("c{}", sealed.seq), wire::micros(sealed.at));
        let member = self.people.name_of(team, spent.member());
        Ok(match spent {
            Spent::Window(made) => Charge {
                charge,
                at,
                member,
                product: self.product_code(made.product)?.to_string(),
                results: None,
                window: Some(wire::window(made.window)),
                tokens: wire::tokens(made.tokens()),
                draws: made.draws.iter().map(wire::draw).collect(),
                credits: None,
                tags: made.tags.clone(),
                session: Some(made.session.to_string()),
                job: None,
            },
            Spent::Job(job) => Charge {
                charge,
                at,
                member,
                product: self.product_code(job.product)?.to_string(),
                results: Some(job.parts.iter().map(told_part).collect()),
                window: None,
                tokens: wire::tokens(job.funds.tokens()),
                draws: job.funds.draws().iter().map(wire::draw).collect(),
                credits: wire::credit_draws(&job.funds),
                tags: job.tags.clone(),
                session: None,
                job: Some(job.job.to_string()),
            },
        })
    }

    /// The lots of a team that have been closed, with their last figures.
    pub(crate) fn closed_lots(&self, team: &TeamId) -> Result<Vec<Lot>, Failure> {
        let positions = self.views.closed_lots(team.as_str())?;
        let closed = |(_, entry)| match entry {
            AnyEntry::Team(_, jeton_core::entry::Entry { fact: TeamFact::LotClosed(lot), .. }) => Ok(*lot),
            AnyEntry::Team(..) | AnyEntry::Vendor(_) | AnyEntry::Series(..) => Err(Failure::Internal),
        };
        self.entries(&positions)?.into_iter().map(closed).collect()
    }
}

fn told_lot(lot: &Lot) -> LotBalance {
    LotBalance {
        lot: format!("l{}", lot.lot),
        order: lot.order.to_string(),
        team_of_order: lot.team_of_order.to_string(),
        currency: lot.currency.code().to_owned(),
        unit_price: Decimal::new(lot.unit_price.in_currency(lot.currency)),
        quantity: lot.quantity.in_thousandths() / 1000,
        granted: wire::tokens(lot.granted),
        available: wire::tokens(lot.available),
        held: wire::tokens(lot.held),
        spent: wire::tokens(lot.spent),
        expired: wire::tokens(lot.expired),
        returned: wire::tokens(lot.returned),
        moved_out: wire::tokens(lot.moved_out),
        ends_at: wire::instant(lot.ends_at),
    }
}

pub(crate) fn money(code: &str, amount: ExactAmount) -> Decimal {
    match code.parse::<Currency>() {
        Ok(currency) => Decimal::new(amount.rounded(currency).in_currency(currency)),
        Err(_) => Decimal::new("0"),
    }
}

/// The groups of a row of use: its place in the report, whatever rows come and go beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Groups(Vec<Key>);

/// What a row is grouped by, in the order in which the views sort it: what has no tag comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Key {
    Untagged,
    Number(u32),
    Text(String),
}

impl Key {
    fn of(group: &Group) -> Self {
        match group {
            Group::Product(product) => Self::Number(product.0),
            Group::Member(member) => Self::Number(member.0),
            Group::Text(text) => Self::Text(text.clone()),
            Group::Untagged => Self::Untagged,
        }
    }
}

impl std::fmt::Display for Groups {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&serde_json::to_string(self).map_err(|_| std::fmt::Error)?)
    }
}

impl std::str::FromStr for Groups {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

fn day(field: &str, asked: Option<&Date>, otherwise: &str) -> Result<Day, Failure> {
    wire::parse(field, asked.map_or(otherwise, Date::as_str))
}

fn group_by(by: &UsageBy) -> GroupBy {
    match by {
        UsageBy::Product => GroupBy::Product,
        UsageBy::Member => GroupBy::Member,
        UsageBy::Day => GroupBy::Day,
        UsageBy::Month => GroupBy::Month,
        UsageBy::Tag(tag) => GroupBy::Tag(tag.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped(by: Option<&str>) -> Result<Vec<UsageBy>, Failure> {
        let query = UsageQuery { group_by: by.map(str::to_owned), ..UsageQuery::default() };
        UsageRequest::try_from(query).map(|request| request.by)
    }

    #[test]
    fn usage_is_grouped_by_one_or_more_names() {
        assert_eq!(grouped(None), Ok(vec![UsageBy::Product]));
        assert_eq!(grouped(Some("member,month")), Ok(vec![UsageBy::Member, UsageBy::Month]));
        assert_eq!(grouped(Some("tag:project")), Ok(vec![UsageBy::Tag("project".to_owned())]));
        for bad in ["", "product,product", "tag:", "Product", "product,"] {
            assert!(grouped(Some(bad)).is_err(), "{bad}");
        }
    }
}
