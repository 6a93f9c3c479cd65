//! Everything of a team, to be taken away: what it is set to and its whole ledger, line by line.
//!
//! What always holds: all lines are of one position of the log, which the first of them names; the last one counts all
//! that came before, so that an export that was cut off is seen to be. A part is made when the one before has been
//! taken, so who takes them slowly holds up nobody, and costs no more than what the team is set to.
//!
//! Names of people are those of now: an erasure that comes between two lines is an erasure (V5).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jeton_core::catalogue::Catalogue;
use jeton_core::id::{MemberId, ProductKey, TeamId};
use jeton_core::team::Team;
use jeton_core::time::Instant;
use jeton_store::Position;
use jeton_store::stored::team_stream;
use serde::Serialize;
use serde_json::{Value, json};

use crate::contract::{Assignment, BlockedProducts, DefaultAccess, RequiredTags};
use crate::entries::Teller;
use crate::members::{self, codes, products, told_seat};
use crate::teams::{self, known};
use crate::{App, Caller, Failure, Inner, Operation, Target, authorise, groups, wire};

/// The form of the lines. It rises when a reader of the former would take one for something else.
const FORMAT: u32 = 1;
/// Members, and entries, of a part.
const PART: usize = 500;

/// An export that is under way.
pub struct Export {
    app: App,
    of: Arc<Of>,
    next: Next,
    counts: BTreeMap<&'static str, u64>,
}

/// What is exported, as it stood.
struct Of {
    /// Of its state what it is set to, and no more.
    team: Team,
    catalogue: Arc<Catalogue>,
    at: Instant,
    position: Position,
    /// How often the refusals that were repeated were.
    repeats: HashMap<u64, u64>,
}

/// What comes next.
#[derive(Clone)]
enum Next {
    Settings,
    Members { after: Option<MemberId> },
    Entries { after: u64 },
    End,
    Nothing,
}

/// Lines that have been made, and what comes after them.
struct Part {
    lines: Vec<u8>,
    counts: BTreeMap<&'static str, u64>,
    next: Next,
}

impl App {
    /// Everything of a team. `unknown_team` when there is none.
    pub async fn export_team(&self, caller: &Caller, team: &str) -> Result<Export, Failure> {
        authorise(caller, Operation::ExportTeam, Target::team(team))?;
        let id = known(team)?;
        let wanted = id.clone();
        let seen = self.inner.engine.read_with_repeats(id.clone(), move |sight| {
            sight.team(&wanted).map(|(team, _)| (settings_of(team), sight.now))
        });
        let seen = seen.await?;
        let (team, at) = seen.value.ok_or(Failure::NotFound { code: "unknown_team" })?;
        let position = seen.position;
        let of = self.after(position, move |inner| {
            let repeats = inner.log.repeats(id.as_str())?.into_iter().collect();
            Ok(Of { team, catalogue: inner.engine.catalogue(), at, position, repeats })
        });
        Ok(Export { app: self.clone(), of: Arc::new(of.await?), next: Next::Settings, counts: BTreeMap::new() })
    }
}

impl Export {
    /// The next lines, each with its end; `None` when all have come. After a failure nothing comes any more.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, Failure>> {
        if let Next::Nothing = self.next {
            return None;
        }
        let (inner, of, next) = (self.app.inner.clone(), self.of.clone(), self.next.clone());
        if let Next::End = next {
            self.next = Next::Nothing;
            return Some(Ok(self.last_line()));
        }
        let made = tokio::task::spawn_blocking(move || of.part(&inner, &next)).await;
        let part = made.unwrap_or(Err(Failure::Internal));
        self.next = part.as_ref().map_or(Next::Nothing, |part| part.next.clone());
        Some(part.map(|part| {
            for (kind, count) in part.counts {
                *self.counts.entry(kind).or_default() += count;
            }
            part.lines
        }))
    }

    fn last_line(&self) -> Vec<u8> {
        let mut part = Part::before(Next::Nothing);
        part.line("end", &json!({"position": self.of.position, "counts": self.counts}));
        part.lines
    }
}

impl Of {
    fn part(&self, inner: &Inner, next: &Next) -> Result<Part, Failure> {
        match next {
            Next::Settings => Ok(self.settings(inner)),
            Next::Members { after } => Ok(self.members(inner, after.as_ref())),
            Next::Entries { after } => self.entries(inner, *after),
            Next::End | Next::Nothing => Ok(Part::before(Next::Nothing)),
        }
    }

    fn settings(&self, inner: &Inner) -> Part {
        let Self { team, catalogue, .. } = self;
        let mut part = Part::before(Next::Members { after: None });
        let head = json!({
            "format": FORMAT, "team": team.id, "position": self.position, "seq": team.seq, "at": wire::instant(self.at)
        });
        part.line("export", &head);
        part.lines_of("team", team.profile.iter().map(|profile| teams::told_team(&team.id, profile)));
        let default_access = team.default_access.as_ref().map(|access| products(access, catalogue));
        part.lines_of("default_access", [DefaultAccess { products: default_access }]);
        part.lines_of("blocked_products", [BlockedProducts { products: codes(&team.blocked, catalogue) }]);
        part.lines_of("required_tags", [RequiredTags { tags: team.required_tags.iter().cloned().collect() }]);
        let group = |(id, group)| groups::told(inner, &team.id, id, group, catalogue);
        part.lines_of("group", team.groups.iter().map(group));
        part
    }

    fn members(&self, inner: &Inner, after: Option<&MemberId>) -> Part {
        let Self { team, catalogue, .. } = self;
        let following = inner.people.named_following(&team.id, after, PART);
        let mut part = Part::before(Next::Entries { after: 0 });
        if let Some(last) = following.last().filter(|_| following.len() == PART) {
            part.next = Next::Members { after: Some(last.0.clone()) };
        }
        for (_, key) in following {
            let Some(told) = members::told_as_seen(inner, team, key, catalogue) else { continue };
            let member = told.member.clone();
            part.lines_of("member", [told]);
            let assignment = team.members[&key].assignment.as_ref().map(|(access, _)| {
                let Value::Object(mut line) = json!(Assignment { products: products(access, catalogue) }) else {
                    return Value::Null;
                };
                line.insert("member".to_owned(), json!(member));
                Value::Object(line)
            });
            part.lines_of("assignment", assignment);
            let seats = team.seats.range((key, ProductKey(0))..=(key, ProductKey(u32::MAX)));
            part.lines_of(
                "seat",
                seats.filter_map(|((_, product), seat)| {
                    let code = catalogue.product(*product)?.code.as_str();
                    Some(told_seat(&member, code, seat.span, seat.plan))
                }),
            );
        }
        part
    }

    fn entries(&self, inner: &Inner, after: u64) -> Result<Part, Failure> {
        let id = &self.team.id;
        let positions = inner.views.positions(&team_stream(id), after, PART)?;
        // A teller of each part, so that what it has looked up is no more than the part needs.
        let mut teller = Teller::new(inner, id.clone());
        let mut part = Part::before(Next::End);
        for sealed in inner.log.entries(&positions)?.into_iter().filter(|sealed| sealed.seq <= self.team.seq) {
            let mut entry = teller.entry(&sealed)?;
            if let Some(count) = self.repeats.get(&sealed.seq) {
                entry.facts.insert("repeats".to_owned(), json!(count));
            }
            let is_last = sealed.seq == self.team.seq;
            part.next = if is_last { Next::End } else { Next::Entries { after: sealed.seq } };
            let Value::Object(mut line) = json!(entry) else { return Err(Failure::Internal) };
            // Each line has one kind; that of an entry is its own fact's.
            line.insert("entry".to_owned(), json!(entry.kind));
            line.remove("kind");
            part.lines_of("entry", [line]);
        }
        Ok(part)
    }
}

impl Part {
    fn before(next: Next) -> Self {
        Self { lines: Vec::new(), counts: BTreeMap::new(), next }
    }

    fn lines_of<T: Serialize>(&mut self, kind: &'static str, rows: impl IntoIterator<Item = T>) {
        for row in rows {
            self.line(kind, &row);
            *self.counts.entry(kind).or_default() += 1;
        }
    }

    fn line<T: Serialize>(&mut self, kind: &'static str, of: &T) {
        #[derive(Serialize)]
        struct Line<'a, T> {
            kind: &'static str,
            #[serde(flatten)]
            of: &'a T,
        }
        serde_json::to_writer(&mut self.lines, &Line { kind, of })
            .expect("what is told can be written, into memory too");
        self.lines.push(b'\n');
    }
}

/// Of a team's state what it is set to: the rest is told by its entries.
fn settings_of(team: &Team) -> Team {
    let mut of = Team::new(team.id.clone());
    of.seq = team.seq;
    of.profile.clone_from(&team.profile);
    of.members.clone_from(&team.members);
    of.seats.clone_from(&team.seats);
    of.default_access.clone_from(&team.default_access);
    of.blocked.clone_from(&team.blocked);
    of.groups.clone_from(&team.groups);
    of.required_tags.clone_from(&team.required_tags);
    of
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("team", &self.of.team.id).finish_non_exhaustive()
    }
}

/// The team that is exported.
impl Export {
    /// Its id.
    pub fn team(&self) -> &TeamId {
        &self.of.team.id
    }
}
