//! What the views are asked: charges, orders, lots that are closed, ends of sessions, use.

use std::collections::{BTreeMap, HashMap};

use jeton_core::id::{MemberKey, ProductKey};
use jeton_core::money::ExactAmount;
use jeton_core::time::Day;
use jeton_core::tokens::Tokens;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::reader::ViewsReader;
use crate::entry::Position;
use crate::error::StoreError;
use crate::sqlite::{Failure, all, count, whole};

/// Where the entries of an order are in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    pub placed: Position,
    pub credited: Option<Position>,
    pub paid: Option<Position>,
}

/// How use is grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    Product,
    Member,
    Day,
    Month,
    /// By the value of a tag; what does not carry it is a group of its own.
    Tag(String),
}

/// What a row of use is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    Product(ProductKey),
    Member(MemberKey),
    /// A day `2026-03-02`, a month `2026-03`, or the value of a tag.
    Text(String),
    Untagged,
}

/// Which use is asked for.
#[derive(Debug, Clone)]
pub struct UsageAsked<'a> {
    pub team: &'a str,
    pub from: Day,
    pub to: Day,
    pub member: Option<MemberKey>,
    pub product: Option<ProductKey>,
    /// At least one.
    pub by: &'a [GroupBy],
}

/// Use of one group, or of one combination of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    pub groups: Vec<Group>,
    pub tokens: Tokens,
    /// By the code of the currency, exact.
    pub amounts: BTreeMap<String, ExactAmount>,
    pub launches: u64,
    /// Distinct pairs of member and usage day (W10).
    pub days: u64,
    pub members: u64,
}

impl ViewsReader {
    /// Where an entry of a stream is.
    pub fn position_of(&self, stream: &str, seq: u64) -> Result<Option<Position>, StoreError> {
        self.one("SELECT position FROM entries WHERE stream = ?1 AND seq = ?2", stream, seq)
    }

    /// Where at most `limit` charges of a team before `before_seq` are, newest first; of one member and of one product
    /// where they are named.
    pub fn charges(
        &self,
        team: &str,
        member: Option<MemberKey>,
        product: Option<ProductKey>,
        before_seq: u64,
        limit: usize,
    ) -> Result<Vec<Position>, StoreError> {
        let (before, limit) = (whole_or_most(before_seq), i64::try_from(limit).unwrap_or(i64::MAX));
        let (member, product) = (member.map(|member| member.0), product.map(|product| product.0));
        self.pool().read(|connection| {
            all(
                connection,
                "SELECT position FROM charges WHERE team = ?1 AND seq < ?2
                 AND (?3 IS NULL OR member = ?3) AND (?4 IS NULL OR product = ?4)
                 ORDER BY seq DESC LIMIT ?5",
                params![team, before, member, product, limit],
                |row| Ok(count(row.get_ref(0)?)?),
            )
        })
    }

    /// Where a charge is.
    pub fn charge(&self, team: &str, seq: u64) -> Result<Option<Position>, StoreError> {
        self.one("SELECT position FROM charges WHERE team = ?1 AND seq = ?2", team, seq)
    }

    /// Where a session ended, if it has.
    pub fn session_end(&self, team: &str, session: u64) -> Result<Option<Position>, StoreError> {
        self.one("SELECT position FROM session_ends WHERE team = ?1 AND session = ?2", team, session)
    }

    /// Where a session last came back after idling, before a position.
    pub fn session_return(&self, team: &str, session: u64, before: Position) -> Result<Option<Position>, StoreError> {
        self.pool().read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT MAX(position) FROM session_returns WHERE team = ?1 AND session = ?2 AND position < ?3",
            )?;
            let found: Option<i64> =
                statement.query_row(params![team, whole_or_most(session), whole_or_most(before)], |row| row.get(0))?;
            Ok(found.and_then(|position| Position::try_from(position).ok()))
        })
    }

    /// Where a job was last committed or released, or lapsed.
    pub fn job_end(&self, team: &str, job: u64) -> Result<Option<Position>, StoreError> {
        self.one("SELECT position FROM job_ends WHERE team = ?1 AND job = ?2", team, job)
    }

    /// One order.
    pub fn order(&self, team: &str, id: &str) -> Result<Option<OrderRow>, StoreError> {
        self.pool().read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT placed, credited, paid FROM orders WHERE team = ?1 AND id = ?2")?;
            statement.query_row(params![team, id], |row| Ok(order(row))).optional()?.transpose()
        })
    }

    /// At most `limit` orders placed after a position, in the order of placing.
    pub fn orders(&self, team: &str, after: Position, limit: usize) -> Result<Vec<OrderRow>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.pool().read(|connection| {
            all(
                connection,
                "SELECT placed, credited, paid FROM orders WHERE team = ?1 AND placed > ?2 ORDER BY placed LIMIT ?3",
                params![team, whole_or_most(after), limit],
                order,
            )
        })
    }

    /// Where the last figures of a team's closed lots are, by number.
    pub fn closed_lots(&self, team: &str) -> Result<Vec<Position>, StoreError> {
        self.pool().read(|connection| {
            let sql = "SELECT position FROM closed_lots WHERE team = ?1 ORDER BY lot";
            all(connection, sql, params![team], |row| Ok(count(row.get_ref(0)?)?))
        })
    }

    /// Use of a team from one day to another, both included, grouped by each of `by` and narrowed to a member and
    /// a product where they are given. Rows are in the order of their groups.
    pub fn usage(&self, asked: &UsageAsked<'_>) -> Result<Vec<UsageRow>, StoreError> {
        let mut parameters = vec![
            Value::from(asked.team.to_owned()),
            Value::from(asked.from.to_string()),
            Value::from(asked.to.to_string()),
            asked.member.map_or(Value::Null, |member| Value::from(member.0)),
            asked.product.map_or(Value::Null, |product| Value::from(product.0)),
        ];
        let keys: Vec<String> = asked.by.iter().map(|by| by.key(&mut parameters)).collect();
        let keys = keys.join(", ");
        let within = "FROM usage WHERE team = ?1 AND day BETWEEN ?2 AND ?3 \
                      AND (?4 IS NULL OR member = ?4) AND (?5 IS NULL OR product = ?5)";
        let grouped: Vec<String> = (1..=asked.by.len()).map(|index| index.to_string()).collect();
        let grouped = grouped.join(", ");
        let counted = format!(
            "SELECT {keys}, SUM(tokens), SUM(launches), COUNT(DISTINCT member || ' ' || day), COUNT(DISTINCT member) \
             {within} GROUP BY {grouped} ORDER BY {grouped}"
        );
        let paid = format!(
            "SELECT {keys}, currency, SUM(units), SUM(billionths) {within} AND currency <> '' GROUP BY {grouped}, currency"
        );
        let after = asked.by.len();
        self.pool().read(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            let mut rows = all(&snapshot, &counted, params_from_iter(&parameters), |row| {
                Ok(UsageRow {
                    groups: groups(asked.by, row)?,
                    tokens: Tokens::thousandths(count(row.get_ref(after)?)?),
                    amounts: BTreeMap::new(),
                    launches: count(row.get_ref(after + 1)?)?,
                    days: count(row.get_ref(after + 2)?)?,
                    members: count(row.get_ref(after + 3)?)?,
                })
            })?;
            let amounts: Vec<(Vec<Group>, String, ExactAmount)> =
                all(&snapshot, &paid, params_from_iter(&parameters), |row| {
                    let (currency, units, billionths) = (row.get(after)?, row.get(after + 1)?, row.get(after + 2)?);
                    Ok((groups(asked.by, row)?, currency, ExactAmount::from_parts(units, billionths)))
                })?;
            let mut by_groups: HashMap<Vec<Group>, usize> = HashMap::new();
            for (index, row) in rows.iter().enumerate() {
                by_groups.insert(row.groups.clone(), index);
            }
            for (groups, currency, amount) in amounts {
                if let Some(index) = by_groups.get(&groups) {
                    rows[*index].amounts.insert(currency, amount);
                }
            }
            Ok(rows)
        })
    }

    fn one(&self, sql: &str, name: &str, number: u64) -> Result<Option<Position>, StoreError> {
        self.pool().read(|connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row(params![name, whole_or_most(number)], |row| Ok(count(row.get_ref(0)?)?));
            Ok(found.optional()?)
        })
    }
}

fn order(row: &Row<'_>) -> Result<OrderRow, Failure> {
    let position = |index: usize| -> Result<Option<Position>, Failure> {
        let value = row.get_ref(index)?;
        Ok(if value == ValueRef::Null { None } else { Some(count(value)?) })
    };
    Ok(OrderRow { placed: count(row.get_ref(0)?)?, credited: position(1)?, paid: position(2)? })
}

impl GroupBy {
    /// The expression that it groups by; the name of a tag becomes one more parameter.
    fn key(&self, parameters: &mut Vec<Value>) -> String {
        match self {
            Self::Product => "product".to_owned(),
            Self::Member => "member".to_owned(),
            Self::Day => "day".to_owned(),
            Self::Month => "substr(day, 1, 7)".to_owned(),
            Self::Tag(tag) => {
                parameters.push(Value::from(tag.clone()));
                let number = parameters.len();
                format!(
                    "(SELECT value FROM json_each(CASE tags WHEN '' THEN '{{}}' ELSE tags END) WHERE key = ?{number})"
                )
            }
        }
    }
}

fn groups(by: &[GroupBy], row: &Row<'_>) -> Result<Vec<Group>, Failure> {
    by.iter().enumerate().map(|(index, by)| group(by, row.get_ref(index)?)).collect()
}

fn group(by: &GroupBy, value: ValueRef<'_>) -> Result<Group, Failure> {
    let number = || -> Result<u32, Failure> { Ok(u32::try_from(count(value)?).unwrap_or(u32::MAX)) };
    Ok(match (by, value) {
        (GroupBy::Product, _) => Group::Product(ProductKey(number()?)),
        (GroupBy::Member, _) => Group::Member(MemberKey(number()?)),
        (GroupBy::Tag(_), ValueRef::Null) => Group::Untagged,
        (GroupBy::Day | GroupBy::Month | GroupBy::Tag(_), value) => Group::Text(value.as_str()?.to_owned()),
    })
}

/// What clients ask for may be larger than any number that is stored.
fn whole_or_most(number: u64) -> i64 {
    if i64::try_from(number).is_ok() { whole(number) } else { i64::MAX }
}
