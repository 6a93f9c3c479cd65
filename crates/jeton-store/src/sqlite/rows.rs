//! Rows and their types: how each is written, and how each is read.

use rusqlite::types::{FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::Failure;
use crate::batch::Beside;
use crate::checkpoint::Checkpoint;
use crate::enrolments::EnrolmentRow;
use crate::entry::{Position, Sealed};
use crate::error::StoreError;
use crate::keys::KeyRow;
use crate::people::{Device, Person};
use crate::presence::{Lease, Presence};
use crate::verify::Difference;

/// A count or position as SQLite keeps it. None of ours comes near 2⁶³.
pub(crate) fn whole(number: u64) -> i64 {
    i64::try_from(number).expect("a position, number or count is below 2^63")
}

/// A stored count or position.
pub(crate) fn count(value: ValueRef<'_>) -> FromSqlResult<u64> {
    let number = value.as_i64()?;
    u64::try_from(number).map_err(|_| FromSqlError::OutOfRange(number))
}

pub(crate) fn last_position(connection: &Connection) -> Result<Position, Failure> {
    let last: Option<i64> =
        connection.prepare_cached("SELECT max(position) FROM log")?.query_row([], |row| row.get(0))?;
    Ok(last.map_or(0, |last| u64::try_from(last).unwrap_or(0)))
}

/// Conflict when the position is taken.
pub(crate) fn append(connection: &Connection, entry: &Sealed) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO log (position, stream, seq, at, body, hash, commit_hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            whole(entry.position),
            entry.stream,
            whole(entry.seq),
            entry.at,
            entry.body,
            entry.hash,
            entry.commit,
        ])?;
    Ok(())
}

/// The columns of [`sealed`].
pub(crate) const SEALED: &str = "position, stream, seq, at, body, hash, commit_hash";

/// An entry, or what is wrong with its row.
pub(crate) fn sealed(row: &Row<'_>) -> Result<Result<Sealed, Difference>, Failure> {
    let values = (
        row.get_ref(0)?,
        row.get_ref(1)?,
        row.get_ref(2)?,
        row.get_ref(3)?,
        row.get_ref(4)?,
        row.get_ref(5)?,
        row.get_ref(6)?,
    );
    let (position, stream, seq, at, body, hash, commit) = values;
    let whole_row = || -> FromSqlResult<Sealed> {
        Ok(Sealed {
            position: count(position)?,
            stream: stream.as_str()?.into(),
            seq: count(seq)?,
            at: at.as_i64()?,
            body: body.as_blob()?.into(),
            hash: bytes(hash.as_blob()?)?,
            commit: commit.as_blob_or_null()?.map(bytes).transpose()?,
        })
    };
    Ok(whole_row().map_err(|error| Difference {
        stream: String::from_utf8_lossy(stream.as_bytes().unwrap_or_default()).into_owned(),
        seq: count(seq).unwrap_or(0),
        position: count(position).unwrap_or(0),
        what: format!("its stored row cannot be read: {error}"),
    }))
}

/// Writes one row beside the log.
pub(crate) fn write(connection: &Connection, row: &Beside) -> Result<(), Failure> {
    match row {
        Beside::Person(person) => {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO people (team, member, id, email, name, salt)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![person.team, person.member, person.id, person.email, person.name, person.salt,])?;
        }
        Beside::PersonErased { team, member } => {
            connection
                .prepare_cached("DELETE FROM people WHERE team = ?1 AND member = ?2")?
                .execute(params![team, member])?;
            connection
                .prepare_cached("DELETE FROM devices WHERE team = ?1 AND member = ?2")?
                .execute(params![team, member])?;
        }
        Beside::Device(device) => {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO devices (team, member, device, name)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![device.team, device.member, device.device.cast_signed(), device.name,])?;
        }
        Beside::Key(key) => {
            let new = connection
                .prepare_cached(
                    "INSERT INTO keys (id, hash, scope, label, created_at, ends_at, revoked_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    key.id,
                    key.hash,
                    key.scope,
                    key.label,
                    key.created_at,
                    key.ends_at,
                    key.revoked_at,
                ])?;
            if new == 0 {
                return Err(key_taken(&key.id).into());
            }
        }
        Beside::KeyRevoked { id, at } => {
            let known = connection
                .prepare_cached("UPDATE keys SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1")?
                .execute(params![id, at])?;
            if known == 0 {
                return Err(key_unknown(id).into());
            }
        }
        Beside::KeyErased { id, at } => {
            let known = connection
                .prepare_cached("UPDATE keys SET revoked_at = coalesce(revoked_at, ?2), label = '' WHERE id = ?1")?
                .execute(params![id, at])?;
            if known == 0 {
                return Err(key_unknown(id).into());
            }
        }
        Beside::Enrolment(enrolment) => {
            let new = connection
                .prepare_cached(
                    "INSERT INTO enrolments
                     (id, hash, team, member, created_at, ends_at, used_at, withdrawn_at, key)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
                )?
                .execute(params![
                    enrolment.id,
                    enrolment.hash,
                    enrolment.team,
                    enrolment.member,
                    enrolment.created_at,
                    enrolment.ends_at,
                    enrolment.used_at,
                    enrolment.withdrawn_at,
                    enrolment.key,
                ])?;
            if new == 0 {
                return Err(enrolment_taken(&enrolment.id).into());
            }
        }
        Beside::EnrolmentUsed { id, key, at } => {
            let good = connection
                .prepare_cached(
                    "UPDATE enrolments SET used_at = ?3, key = ?2
                     WHERE id = ?1 AND used_at IS NULL AND withdrawn_at IS NULL",
                )?
                .execute(params![id, key, at])?;
            if good == 0 {
                return Err(enrolment_over(id).into());
            }
        }
        Beside::EnrolmentWithdrawn { id, at } => {
            let known = connection
                .prepare_cached(
                    "UPDATE enrolments SET withdrawn_at = iif(used_at IS NULL, coalesce(withdrawn_at, ?2), withdrawn_at)
                     WHERE id = ?1",
                )?
                .execute(params![id, at])?;
            if known == 0 {
                return Err(enrolment_unknown(id).into());
            }
        }
        Beside::Presence(presence) => {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO presence
                     (team, session, proven_from, last_proof, last_activity,
                      lease_issued_at, lease_until, lease_cover)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![
                    presence.team,
                    whole(presence.session),
                    presence.proven_from,
                    presence.last_proof,
                    presence.last_activity,
                    presence.lease.as_ref().map(|lease| lease.issued_at),
                    presence.lease.as_ref().map(|lease| lease.until),
                    presence.lease.as_ref().map(|lease| &lease.cover),
                ])?;
        }
        Beside::PresenceGone { team, session } => {
            connection
                .prepare_cached("DELETE FROM presence WHERE team = ?1 AND session = ?2")?
                .execute(params![team, whole(*session)])?;
        }
        Beside::Life(at) => {
            connection.prepare_cached("INSERT OR REPLACE INTO life (one, at) VALUES (1, ?1)")?.execute([at])?;
        }
        Beside::Repeats { team, seq, count } => {
            connection
                .prepare_cached(
                    "INSERT INTO repeats (team, seq, count) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET count = count + excluded.count",
                )?
                .execute(params![team, whole(*seq), whole(*count)])?;
        }
        Beside::Checkpoint(checkpoint) => {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO checkpoints
                     (position, at, commit_hash, stream, seq, public_key, signature)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![
                    whole(checkpoint.position),
                    checkpoint.at,
                    checkpoint.commit,
                    checkpoint.stream,
                    whole(checkpoint.seq),
                    checkpoint.public_key,
                    checkpoint.signature,
                ])?;
        }
        Beside::Meta { key, value } => {
            connection
                .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
                .execute(params![key, value])?;
        }
    }
    Ok(())
}

/// The id of a new key is taken.
pub(crate) fn key_taken(id: &str) -> StoreError {
    StoreError::Conflict(format!("there is a key {id} already; draw another id"))
}

/// A key that is to be revoked is not there.
pub(crate) fn key_unknown(id: &str) -> StoreError {
    StoreError::Conflict(format!("there is no key {id}; list the keys to find its id"))
}

/// The id of a new enrolment is taken.
pub(crate) fn enrolment_taken(id: &str) -> StoreError {
    StoreError::Conflict(format!("there is an enrolment {id} already; draw another id"))
}

/// A code was to be used that is not good.
pub(crate) fn enrolment_over(id: &str) -> StoreError {
    StoreError::Conflict(format!("the enrolment {id} is unknown, used or withdrawn; its code is good once"))
}

/// An enrolment that is to be withdrawn is not there.
pub(crate) fn enrolment_unknown(id: &str) -> StoreError {
    StoreError::Conflict(format!("there is no enrolment {id}; list the member's enrolments to find its id"))
}

pub(crate) fn people(connection: &Connection) -> Result<Vec<Person>, Failure> {
    all(connection, "SELECT team, member, id, email, name, salt FROM people ORDER BY team, member", [], |row| {
        Ok(Person {
            team: row.get(0)?,
            member: row.get(1)?,
            id: row.get(2)?,
            email: row.get(3)?,
            name: row.get(4)?,
            salt: row.get(5)?,
        })
    })
}

pub(crate) fn devices(connection: &Connection, team: &str) -> Result<Vec<Device>, Failure> {
    let mut devices =
        all(connection, "SELECT team, member, device, name FROM devices WHERE team = ?1", [team], |row| {
            Ok(Device {
                team: row.get(0)?,
                member: row.get(1)?,
                device: row.get::<_, i64>(2)?.cast_unsigned(),
                name: row.get(3)?,
            })
        })?;
    // SQLite sorts the numbers as signed ones.
    devices.sort_unstable_by_key(|device| (device.member, device.device));
    Ok(devices)
}

pub(crate) fn device_name(
    connection: &Connection,
    team: &str,
    member: u32,
    device: u64,
) -> Result<Option<String>, Failure> {
    Ok(connection
        .prepare_cached("SELECT name FROM devices WHERE team = ?1 AND member = ?2 AND device = ?3")?
        .query_row(params![team, member, device.cast_signed()], |row| row.get(0))
        .optional()?)
}

pub(crate) fn keys(connection: &Connection) -> Result<Vec<KeyRow>, Failure> {
    all(connection, "SELECT id, hash, scope, label, created_at, ends_at, revoked_at FROM keys ORDER BY id", [], |row| {
        Ok(KeyRow {
            id: row.get(0)?,
            hash: row.get(1)?,
            scope: row.get(2)?,
            label: row.get(3)?,
            created_at: row.get(4)?,
            ends_at: row.get(5)?,
            revoked_at: row.get(6)?,
        })
    })
}

pub(crate) fn enrolments(connection: &Connection) -> Result<Vec<EnrolmentRow>, Failure> {
    all(
        connection,
        "SELECT id, hash, team, member, created_at, ends_at, used_at, withdrawn_at, key FROM enrolments ORDER BY id",
        [],
        |row| {
            Ok(EnrolmentRow {
                id: row.get(0)?,
                hash: row.get(1)?,
                team: row.get(2)?,
                member: row.get(3)?,
                created_at: row.get(4)?,
                ends_at: row.get(5)?,
                used_at: row.get(6)?,
                withdrawn_at: row.get(7)?,
                key: row.get(8)?,
            })
        },
    )
}

pub(crate) fn presence(connection: &Connection) -> Result<Vec<Presence>, Failure> {
    all(
        connection,
        "SELECT team, session, proven_from, last_proof, last_activity, lease_issued_at, lease_until, lease_cover
         FROM presence ORDER BY team, session",
        [],
        |row| {
            let lease =
                (row.get::<_, Option<i64>>(5)?, row.get::<_, Option<i64>>(6)?, row.get::<_, Option<String>>(7)?);
            let lease = if let (Some(issued_at), Some(until), Some(cover)) = lease {
                Some(Lease { issued_at, until, cover })
            } else {
                None
            };
            Ok(Presence {
                team: row.get(0)?,
                session: count(row.get_ref(1)?)?,
                proven_from: row.get(2)?,
                last_proof: row.get(3)?,
                last_activity: row.get(4)?,
                lease,
            })
        },
    )
}

pub(crate) fn life(connection: &Connection) -> Result<Option<i64>, Failure> {
    Ok(connection.prepare_cached("SELECT at FROM life")?.query_row([], |row| row.get(0)).optional()?)
}

pub(crate) fn repeats(connection: &Connection, team: &str) -> Result<Vec<(u64, u64)>, Failure> {
    all(connection, "SELECT seq, count FROM repeats WHERE team = ?1 ORDER BY seq", [team], |row| {
        Ok((count(row.get_ref(0)?)?, count(row.get_ref(1)?)?))
    })
}

pub(crate) fn meta(connection: &Connection, key: &str) -> Result<Option<String>, Failure> {
    Ok(connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

/// Those after a position, in order.
pub(crate) fn checkpoints(connection: &Connection, after: i64, limit: i64) -> Result<Vec<Checkpoint>, Failure> {
    all(
        connection,
        "SELECT position, at, commit_hash, stream, seq, public_key, signature FROM checkpoints
         WHERE position > ?1 ORDER BY position LIMIT ?2",
        [after, limit],
        checkpoint,
    )
}

pub(crate) fn newest_checkpoint(connection: &Connection) -> Result<Option<Checkpoint>, Failure> {
    let newest = all(
        connection,
        "SELECT position, at, commit_hash, stream, seq, public_key, signature FROM checkpoints
         ORDER BY position DESC LIMIT 1",
        [],
        checkpoint,
    )?;
    Ok(newest.into_iter().next())
}

fn checkpoint(row: &Row<'_>) -> Result<Checkpoint, Failure> {
    Ok(Checkpoint {
        position: count(row.get_ref(0)?)?,
        at: row.get(1)?,
        commit: row.get(2)?,
        stream: row.get(3)?,
        seq: count(row.get_ref(4)?)?,
        public_key: row.get(5)?,
        signature: row.get(6)?,
    })
}

/// Every row that a query finds.
pub(crate) fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn bytes<const N: usize>(blob: &[u8]) -> FromSqlResult<[u8; N]> {
    blob.try_into().map_err(|_| FromSqlError::InvalidBlobSize { expected_size: N, blob_size: blob.len() })
}
