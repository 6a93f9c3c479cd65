//! Members and their assignments, brought in by the hundred thousand.
//!
//! What always holds: every row is read and looked at before anything is done, and a file with a bad row does nothing:
//! all that is wrong with it is told at once, by line. Then what differs from what stands is written, in groups that let
//! others go between; what is so already is not written again. So a file can be sent as often as one likes, also after
//! an import that was broken off.
//!
//! What it does not do: take away. Who is not in the file stays as they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read};

use futures_util::future::join_all;
use jeton_core::decision::{AccessAsked, TeamCommand};
use jeton_core::entry::{Access, Role as CoreRole};
use jeton_core::id::{MemberId, MemberKey, ProductCode, ProductKey, TeamId};
use jeton_core::limits;
use jeton_core::team::Team;
use jeton_store::Beside;
use serde::Deserialize;
use serde::de::value::StrDeserializer;

use crate::contract::{BadRow, MembersImported, Role};
use crate::members::{core_role, email, next_member};
use crate::teams::known;
use crate::{App, Caller, Failure, Operation, Over, Target, authorise, wire};

/// Rows of a file, at most.
const MOST_ROWS: usize = 100_000;
/// Bad rows that are told; there may be more.
const MOST_TOLD: usize = 1_000;
/// Bytes of the line that names the columns, at most.
const HEADER_BYTES: u64 = 4_096;
/// Commands that wait for the engine at a time: a part of its queue, so that others find room.
const GROUP: usize = 256;

const COLUMNS: [&str; 5] = ["member", "email", "name", "role", "products"];

/// A row that can be written.
struct Row {
    id: MemberId,
    email: String,
    name: String,
    role: CoreRole,
    products: Assigned,
}

/// What a row says of an assignment.
enum Assigned {
    /// The file has no such column.
    AsItIs,
    ToNothing,
    To(AccessAsked),
}

/// What a file has.
#[derive(Default)]
struct File {
    rows: Vec<Row>,
    bad: Vec<BadRow>,
    /// All that are bad, those that are not told included.
    bad_count: u64,
}

/// What is to be done for a row.
struct Change {
    row: Row,
    key: MemberKey,
    is_new: bool,
    /// The member themselves.
    member: bool,
    /// The name or address of a member.
    person: bool,
    assignment: Option<TeamCommand>,
}

impl App {
    /// Writes the members of a file, and what they are assigned to; with `dry_run`, says what that would do. A file with
    /// bad rows does nothing.
    pub async fn import_members(
        &self,
        caller: &Caller,
        team: &str,
        csv: impl Read + Send + 'static,
        dry_run: bool,
    ) -> Result<MembersImported, Failure> {
        authorise(caller, Operation::ImportMembers, Target::team(team))?;
        let id = known(team)?;
        self.see(&id, |_, _, _| Ok(())).await?;
        let catalogue = self.inner.engine.catalogue();
        let known = move |code: &ProductCode| catalogue.product_called(code).is_some();
        let read = tokio::task::spawn_blocking(move || read(csv, &known)).await;
        let file = read.map_err(|_| Failure::Internal)??;
        if file.bad_count > 0 {
            return Err(Failure::BadRows { count: file.bad_count, rows: file.bad });
        }
        let (app, caller) = (self.clone(), caller.clone());
        self.unbroken(async move { app.import(&caller, &id, file.rows, dry_run).await }).await
    }

    async fn import(
        &self,
        caller: &Caller,
        team: &TeamId,
        rows: Vec<Row>,
        dry_run: bool,
    ) -> Result<MembersImported, Failure> {
        let mut told = MembersImported { rows: count(rows.len()), created: 0, changed: 0, unchanged: 0, dry_run };
        let new = rows.iter().filter(|row| self.inner.people.key(team, &row.id).is_none()).count();
        self.see(team, move |team, _, _| {
            if team.members.len().saturating_add(new) > limits::MEMBERS {
                return Err(Failure::Limit { name: "members", value: count(limits::MEMBERS), over: Over::Stock });
            }
            Ok(())
        })
        .await?;
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let group: Vec<Row> = rows.by_ref().take(GROUP).collect();
            self.import_group(caller, team, group, &mut told).await?;
        }
        Ok(told)
    }

    /// One group. The pen is laid down after it, so that whoever else writes members waits for a group at most.
    async fn import_group(
        &self,
        caller: &Caller,
        team: &TeamId,
        group: Vec<Row>,
        told: &mut MembersImported,
    ) -> Result<(), Failure> {
        let _writing = self.inner.people.writing.lock().await;
        let asked: Vec<(Row, Option<MemberKey>, bool)> = group
            .into_iter()
            .map(|row| {
                let key = self.inner.people.key(team, &row.id);
                let known = key.and_then(|key| self.inner.people.person(team, key));
                let person = known.is_none_or(|known| known.email != row.email || known.name != row.name);
                (row, key, person)
            })
            .collect();
        let seen = self.see(team, move |team, _, sight| {
            let mut next = next_member(team);
            let product = |code: &ProductCode| sight.catalogue.product_called(code).map(|product| product.key);
            let change = |(row, key, person): (Row, Option<MemberKey>, bool)| {
                let key = key.unwrap_or_else(|| {
                    let new = next;
                    next = MemberKey(new.0 + 1);
                    new
                });
                change(team, row, key, person, &product)
            };
            Ok(asked.into_iter().map(change).collect::<Vec<Change>>())
        });
        let changes = seen.await?.value;
        for change in &changes {
            match (change.is_new, change.member || change.assignment.is_some()) {
                (true, _) => told.created += 1,
                (false, true) => told.changed += 1,
                (false, false) => told.unchanged += 1,
            }
        }
        if told.dry_run { Ok(()) } else { self.write_changes(caller, team, changes).await }
    }

    /// All members of a group wait together, and then all assignments: the engine writes them in few commits.
    async fn write_changes(&self, caller: &Caller, team: &TeamId, changes: Vec<Change>) -> Result<(), Failure> {
        let mut members = Vec::new();
        let mut assignments = Vec::new();
        for Change { row, key, member, person, assignment, .. } in changes {
            if member {
                let row_of = self.inner.people.row(team, key, &row.id, row.email, row.name);
                let beside = if person { vec![Beside::Person(row_of.clone())] } else { Vec::new() };
                let command =
                    TeamCommand::SetMember { member: key, role: row.role, person_changed: person, if_match: None };
                members.push((person.then_some(row_of), command, beside));
            }
            assignments.extend(assignment);
        }
        let sent = members.into_iter().map(|(person, command, beside)| async move {
            self.command(caller, team, command, beside).await?;
            if let Some(person) = person {
                self.inner.people.learn(team, &person);
            }
            Ok(())
        });
        join_all(sent).await.into_iter().collect::<Result<(), Failure>>()?;
        let sent = assignments.into_iter().map(|command| self.command(caller, team, command, Vec::new()));
        join_all(sent).await.into_iter().collect()
    }

    async fn command(
        &self,
        caller: &Caller,
        team: &TeamId,
        command: TeamCommand,
        beside: Vec<Beside>,
    ) -> Result<(), Failure> {
        self.configure(caller, team, command, beside).await.map(|_| ())
    }
}

/// What a row changes.
fn change(
    team: &Team,
    row: Row,
    key: MemberKey,
    person: bool,
    product: &impl Fn(&ProductCode) -> Option<ProductKey>,
) -> Change {
    let standing = team.members.get(&key);
    let member = person || standing.is_none_or(|standing| !standing.active || standing.role != row.role);
    let assigned = standing.and_then(|standing| standing.assignment.as_ref()).map(|(access, _)| access);
    let assignment = match (&row.products, assigned) {
        (Assigned::AsItIs, _) | (Assigned::ToNothing, None) => None,
        (Assigned::ToNothing, Some(_)) => Some(TeamCommand::RemoveAssignment { member: Some(key), if_match: None }),
        (Assigned::To(asked), assigned) => {
            let same = match (asked, assigned) {
                (AccessAsked::All, Some(Access::All)) => true,
                (AccessAsked::Named(codes), Some(Access::Named(keys))) => {
                    codes.iter().filter_map(product).collect::<BTreeSet<_>>() == *keys
                }
                (AccessAsked::All | AccessAsked::Named(_), _) => false,
            };
            let products = asked.clone();
            (!same).then_some(TeamCommand::SetAssignment { member: Some(key), products, if_match: None })
        }
    };
    Change { row, key, is_new: standing.is_none(), member, person, assignment }
}

/// Reads a file to its end, or to where it has too many rows.
fn read(csv: impl Read, is_product: &impl Fn(&ProductCode) -> bool) -> Result<File, Failure> {
    let mut input = BufReader::new(csv);
    let (columns, delimiter) = columns(&mut input)?;
    let mut records =
        csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(input);
    let mut file = File::default();
    let mut lines = HashMap::new();
    let mut primary_admin = None;
    let mut record = csv::ByteRecord::new();
    while records.read_byte_record(&mut record).map_err(|error| broken(&error))? {
        // The line that names the columns is not counted by the reader.
        let line = record.position().map_or(0, csv::Position::line) + 1;
        if file.rows.len() + usize::try_from(file.bad_count).unwrap_or(usize::MAX) >= MOST_ROWS {
            return Err(Failure::Limit { name: "rows", value: count(MOST_ROWS), over: Over::Request });
        }
        let row = row(&columns, &record, is_product).and_then(|row| {
            if let Some(before) = lines.insert(row.id.clone(), line) {
                return Err(("member", format!("this member stands in line {before}, too")));
            }
            if row.role == CoreRole::PrimaryAdmin
                && let Some(before) = primary_admin.replace(line)
            {
                return Err((
                    "role",
                    format!("a team has one primary_admin at most, and line {before} names one, too"),
                ));
            }
            Ok(row)
        });
        match row {
            Ok(row) => file.rows.push(row),
            Err((field, detail)) => {
                file.bad_count += 1;
                if file.bad.len() < MOST_TOLD {
                    file.bad.push(BadRow { line, field: field.to_owned(), detail });
                }
            }
        }
    }
    Ok(file)
}

/// Which column stands where, and what separates them. A byte order mark is passed over.
fn columns(input: &mut impl BufRead) -> Result<(BTreeMap<&'static str, usize>, u8), Failure> {
    let mut first = Vec::new();
    input.take(HEADER_BYTES).read_until(b'\n', &mut first).map_err(|error| unread(&error))?;
    let text = std::str::from_utf8(&first).map_err(|_| named("it is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim_end();
    let delimiter = if text.contains(';') { b';' } else { b',' };
    let names = text.split(char::from(delimiter)).map(|name| name.trim().trim_matches('"'));
    let mut columns = BTreeMap::new();
    for (place, name) in names.enumerate() {
        let Some(column) = COLUMNS.iter().find(|column| **column == name) else {
            let shown: String = name.chars().take(40).collect();
            return Err(named(&format!("{shown:?} is no column; there are {}", COLUMNS.join(", "))));
        };
        if columns.insert(*column, place).is_some() {
            return Err(named(&format!("{column} is there twice")));
        }
    }
    match COLUMNS.iter().take(4).find(|column| !columns.contains_key(**column)) {
        Some(missing) => Err(named(&format!("{missing} is missing; only products may be left out"))),
        None => Ok((columns, delimiter)),
    }
}

type Bad = (&'static str, String);

fn row(
    columns: &BTreeMap<&'static str, usize>,
    record: &csv::ByteRecord,
    is_product: &impl Fn(&ProductCode) -> bool,
) -> Result<Row, Bad> {
    if record.len() != columns.len() {
        return Err(("row", format!("it has {} fields, and the first line names {}", record.len(), columns.len())));
    }
    let field = |column: &'static str| -> Result<Option<&str>, Bad> {
        let Some(place) = columns.get(column) else { return Ok(None) };
        let bytes = record.get(*place).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| (column, "it is not UTF-8".to_owned()))?;
        Ok(Some(text.trim()))
    };
    let required = |column| field(column).map(Option::unwrap_or_default);
    let told = |column: &'static str| move |failure: Failure| (column, failure.to_string());
    let id = required("member")?.parse::<MemberId>().map_err(|error| ("member", error.to_string()))?;
    let role = Role::deserialize(StrDeserializer::<serde::de::value::Error>::new(required("role")?))
        .map_err(|_| ("role", "a role is primary_admin, secondary_admin, billing or member".to_owned()))?;
    let products = field("products")?.map_or(Ok(Assigned::AsItIs), |text| assigned(text, is_product))?;
    Ok(Row {
        id,
        email: email(required("email")?).map_err(told("email"))?,
        name: wire::name("name", required("name")?).map_err(told("name"))?,
        role: core_role(role),
        products,
    })
}

fn assigned(text: &str, is_product: &impl Fn(&ProductCode) -> bool) -> Result<Assigned, Bad> {
    match text {
        "" => return Ok(Assigned::ToNothing),
        "all" => return Ok(Assigned::To(AccessAsked::All)),
        _ => {}
    }
    let mut codes = Vec::new();
    for name in text.split_whitespace() {
        let code: Option<ProductCode> = name.parse().ok().filter(is_product);
        let shown = || name.chars().take(64).collect::<String>();
        codes.push(code.ok_or_else(|| ("products", format!("there is no product {:?}", shown())))?);
    }
    Ok(Assigned::To(AccessAsked::Named(codes)))
}

fn named(detail: &str) -> Failure {
    Failure::bad_request(
        "body",
        format!("The first line names the columns, with commas or semicolons between: {detail}."),
    )
}

fn broken(error: &csv::Error) -> Failure {
    if let csv::ErrorKind::Io(error) = error.kind() {
        return unread(error);
    }
    Failure::bad_request("body", "The file cannot be read as CSV.")
}

/// Why the file came to no end is known to who hands it in: it says so in the error.
fn unread(error: &std::io::Error) -> Failure {
    let known = error.get_ref().and_then(|inner| inner.downcast_ref::<Failure>());
    known.cloned().unwrap_or_else(|| Failure::bad_request("body", "The body broke off before its end."))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
