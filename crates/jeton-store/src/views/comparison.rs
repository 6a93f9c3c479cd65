//! The views that are kept, compared with views that are made from the log alone.

use rusqlite::types::Value;
use rusqlite::{Connection, Rows};

use super::Views;
use super::reader::ViewsReader;
use crate::entry::Position;
use crate::error::StoreError;
use crate::ports::Reader;
use crate::progress::{Step, Watch};
use crate::sqlite::{Failure, count};
use crate::stored;

/// How many entries are filled in at a time.
const PAGE: usize = 4_096;

/// Every table but the follower's own row, with the columns of its key.
const TABLES: [(&str, &str); 12] = [
    ("ids", "scope, id"),
    ("entries", "stream, seq"),
    ("session_ends", "team, session"),
    ("session_returns", "team, session, position"),
    ("job_ends", "team, job"),
    ("charges", "team, seq"),
    ("orders", "team, id"),
    ("closed_lots", "team, lot"),
    ("live_lots", "team, lot"),
    ("remaining", "team"),
    ("low_balances", "position"),
    ("usage", "team, day, product, member, currency, tags"),
];

impl ViewsReader {
    /// What differs first between these views and those that the log gives up to the same position; nothing when
    /// they are the same.
    pub(crate) fn compared_with_anew(&self, log: &Reader, watch: &Watch) -> Result<Option<String>, StoreError> {
        // A snapshot, so that a follower that goes on meanwhile does not disturb.
        self.pool().read(|connection| {
            let snapshot = connection.unchecked_transaction()?;
            let position =
                snapshot.query_row("SELECT position FROM follower", [], |row| Ok(count(row.get_ref(0)?)?))?;
            let anew = match made(log, position, watch) {
                Ok(anew) => anew,
                Err(error) => return Ok(Err(error)),
            };
            for (table, key) in TABLES {
                let query = format!("SELECT * FROM {table} ORDER BY {key}");
                if let Some(difference) = difference(&snapshot, anew.connection(), &query)? {
                    return Ok(Ok(Some(format!("in {table}, {difference}"))));
                }
            }
            Ok(Ok(None))
        })?
    }
}

fn made(log: &Reader, until: Position, watch: &Watch) -> Result<Views, StoreError> {
    let mut views = Views::in_memory()?;
    while views.position() < until {
        watch.tell(Step::Views, views.position(), until)?;
        let mut page = log.read(views.position(), PAGE)?;
        page.retain(|sealed| sealed.position <= until);
        if page.is_empty() {
            return Err(StoreError::Corrupt("the views go on where the log has ended".to_owned()));
        }
        let mut filling = views.begin()?;
        for sealed in &page {
            filling.fill(sealed, &stored::decode(sealed)?)?;
        }
        filling.commit()?;
    }
    Ok(views)
}

fn difference(kept: &Connection, anew: &Connection, query: &str) -> Result<Option<String>, Failure> {
    let (mut kept, mut anew) = (kept.prepare(query)?, anew.prepare(query)?);
    let columns = anew.column_count();
    let (mut kept, mut anew) = (kept.query([])?, anew.query([])?);
    loop {
        let (stands, should) = (next(&mut kept, columns)?, next(&mut anew, columns)?);
        if stands != should {
            let show = |row: Option<Vec<Value>>| row.map_or_else(|| "nothing".to_owned(), |row| format!("{row:?}"));
            return Ok(Some(format!("{} stands where the log gives {}", show(stands), show(should))));
        }
        if should.is_none() {
            return Ok(None);
        }
    }
}

fn next(rows: &mut Rows<'_>, columns: usize) -> Result<Option<Vec<Value>>, Failure> {
    match rows.next()? {
        Some(row) => Ok(Some((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?)),
        None => Ok(None),
    }
}
