//! Backups of an installation, and what is made of them.
//!
//! What always holds: a backup was verified before it has its name, and again after it was copied into its new folder.
//! It has all that the installation goes on with: `jeton.db` as it was at one moment, and the signing keys of leases
//! and checkpoints, so that old leases and checkpoints stay good. It does not have what is made again (`views.db`) nor
//! the configuration file. The thread that makes it is the least urgent of the process, so that charges do not wait.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ed25519_dalek::SigningKey;
use jeton_core::time::Instant;
use jeton_engine::{Epoch, Machine as _, RESTORED, ThisMachine, begin_epoch};
use jeton_store::verify::Unverified;
use jeton_store::{Backup, Folder, Kind, Part, Reader, Restoring, StoreError, Unnamed, Watch};

use super::{CHECKPOINT_KEY, LEASE_KEY, Running, extent, standing_key, stored, write_key};
use crate::configuration::Configuration;
use crate::control::{BackedUp, BackupWanted, Extent, KindName, Restored};
use crate::failure::{Failure, refused, unavailable};

/// When a copy was made, in the backup.
const COPIED_AT: &str = "copied_at";
/// Which version of the program made it.
const MADE_BY: &str = "made_by";

/// A backup of a folder that no server has.
pub(crate) async fn back_up(
    configuration: &Configuration,
    wanted: &BackupWanted,
    watch: Watch,
) -> Result<BackedUp, Failure> {
    let (dir, to) = (configuration.data.clone(), wanted.to.clone());
    least_urgent(move || {
        let examined = Folder::open_read_only(&dir).map_err(|error| stored(&error))?;
        made(&dir, examined.kind, &to, &watch, |to, parts, watch| examined.back_up(to, parts, watch))
    })
    .await
}

impl Running {
    /// A backup while serving: everything that was answered before is in it.
    pub(crate) async fn back_up(&self, wanted: &BackupWanted, watch: Watch) -> Result<BackedUp, Failure> {
        // So that the copy itself is signed up to its end, as far as it can be.
        if let Err(not_now) = self.asks.checkpoint().await {
            tracing::warn!(%not_now, "the backup has no fresh checkpoint");
        }
        let (folder, kind, to, watch) = (self.store.clone(), self.kind, wanted.to.clone(), self.or_stopped(watch));
        let backed_up = least_urgent(move || {
            made(folder.path(), kind, &to, &watch, |to, parts, watch| folder.back_up(to, parts, watch))
        })
        .await?;
        tracing::info!(file = %backed_up.file.display(), entries = backed_up.extent.entries, "a backup was made");
        Ok(backed_up)
    }
}

/// Makes a backup by `copy`, verifies it, and gives it its name.
fn made(
    dir: &Path,
    kind: Kind,
    to: &Path,
    watch: &Watch,
    copy: impl FnOnce(&Path, &[Part], &Watch) -> Result<Unnamed, StoreError>,
) -> Result<BackedUp, Failure> {
    let copied_at = wall();
    let to = if to.is_dir() { to.join(format!("jeton-{}.backup", copied_at.compact())) } else { to.to_owned() };
    let mut parts = vec![part(COPIED_AT, copied_at.to_string()), part(MADE_BY, env!("CARGO_PKG_VERSION"))];
    for name in [LEASE_KEY, CHECKPOINT_KEY] {
        let key = standing_key(&dir.join("keys").join(name))?.ok_or_else(|| {
            refused(format!("keys/{name} is missing in {}, so a backup would be of no use", dir.display()))
        })?;
        parts.push(part(&key_part(name), key.to_bytes()));
    }
    let unnamed = copy(&to, &parts, watch).map_err(|error| stored(&error))?;
    let backup = unnamed.open().map_err(|error| stored(&error))?;
    let (extent, last) =
        verified(&backup, &backup.reader, watch, "the copy is not what it has to be, and was removed")?;
    drop(backup);
    unnamed.name().map_err(|error| stored(&error))?;
    let bytes = fs::metadata(&to).map_or(0, |metadata| metadata.len());
    Ok(BackedUp { file: to, bytes, kind: kind_name(kind), copied_at: told(copied_at), last: last.map(told), extent })
}

/// Makes an installation from a backup, in the empty folder that is configured, and begins a new epoch there.
pub(crate) async fn restore(configuration: &Configuration, file: &Path, watch: Watch) -> Result<Restored, Failure> {
    let (dir, file) = (configuration.data.clone(), file.to_owned());
    super::blocking(move || {
        let backup = Backup::open(&file).map_err(|error| stored(&error))?;
        let restoring = Restoring::begin(&backup, &dir, &watch).map_err(|error| stored(&error))?;
        let keys = restoring.path().join("keys");
        let restored = finished(&backup, restoring, &keys, &watch);
        if restored.is_err() && !dir.join("jeton.db").exists() {
            // Without its log the folder is nothing; so that the next try finds it empty.
            let _ = fs::remove_dir_all(&keys);
            let _ = fs::remove_dir(&dir);
        }
        restored
    })
    .await
}

fn finished(backup: &Backup, restoring: Restoring, keys: &Path, watch: &Watch) -> Result<Restored, Failure> {
    let copied_at = instant(backup, COPIED_AT)?;
    let complaint = "the backup is not what it has to be, and was not restored";
    let (extent, last) = verified(backup, &restoring.reader(), watch, complaint)?;
    for name in [LEASE_KEY, CHECKPOINT_KEY] {
        write_key(keys, name, &key(backup, name)?.to_bytes())?;
    }
    let word = Epoch::word(copied_at, wall());
    let folder = restoring.finish(&[(RESTORED, word.as_str())]).map_err(|error| stored(&error))?;
    let mut writer = folder.writer().map_err(|error| stored(&error))?;
    let epoch = begin_epoch(&folder.reader(), &mut writer).map_err(|error| stored(&error))?;
    Ok(Restored {
        data: folder.path().to_owned(),
        kind: kind_name(backup.kind),
        copied_at: told(copied_at),
        last: last.map(told),
        epoch: epoch.map_or(1, |epoch| epoch.epoch),
        extent,
    })
}

/// V1 to V3 over a copy, with the key that it brings; and the instant of its last entry.
fn verified(
    backup: &Backup,
    log: &Reader,
    watch: &Watch,
    complaint: &str,
) -> Result<(Extent, Option<Instant>), Failure> {
    let signer = key(backup, CHECKPOINT_KEY)?.verifying_key().to_bytes();
    key(backup, LEASE_KEY)?;
    let found = jeton_engine::verify(log, None, Some(signer), None, watch).map_err(|unverified| match unverified {
        Unverified::Difference(difference) => refused(format!("{complaint}: {difference}; see `jeton verify`")),
        Unverified::Store(error) => stored(&error),
    })?;
    let last = log.entry(found.entries).map_err(|error| stored(&error))?;
    Ok((extent(&found), last.and_then(|entry| Instant::from_micros(entry.at))))
}

fn key(backup: &Backup, name: &str) -> Result<SigningKey, Failure> {
    let seed = backup.part(&key_part(name)).and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    let seed = seed.ok_or_else(|| refused(format!("the backup has no keys/{name}, so nothing can go on from it")))?;
    Ok(SigningKey::from_bytes(&seed))
}

fn instant(backup: &Backup, name: &str) -> Result<Instant, Failure> {
    let text = backup.part(name).and_then(|text| std::str::from_utf8(text).ok());
    let instant = text.and_then(|text| text.parse().ok());
    instant.ok_or_else(|| refused(format!("the backup does not say its {name}; it was made by another program")))
}

fn key_part(name: &str) -> String {
    format!("keys/{name}")
}

fn part(name: &str, content: impl Into<Vec<u8>>) -> Part {
    Part { name: name.to_owned(), content: content.into() }
}

/// Does what takes long on a thread that every other one goes before.
async fn least_urgent<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (done, ended) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("backup".to_owned()).spawn(move || {
        // In Linux this is of the thread alone.
        if let Err(error) = rustix::process::setpriority_process(None, 19) {
            tracing::debug!(%error, "the backup is as urgent as everything else");
        }
        let _ = done.send(work());
    });
    thread.context("no thread could be started").map_err(unavailable)?;
    ended.await.context("it was cut off").map_err(unavailable)?
}

/// The wall clock of this machine: only to be told, since nothing is decided by it.
fn wall() -> Instant {
    let clamped = ThisMachine.wall().clamp(Instant::FIRST.micros(), Instant::LAST.micros());
    Instant::from_micros(clamped).expect("a clamped number of microseconds is an instant")
}

fn told(at: Instant) -> jeton_client::Instant {
    jeton_client::Instant::new(at.to_string())
}

fn kind_name(kind: Kind) -> KindName {
    match kind {
        Kind::Real => KindName::Real,
        Kind::Sandbox => KindName::Sandbox,
    }
}

/// Where a backup is to lie, said by a client that may be in another working folder than the server.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).with_context(|| format!("cannot tell where {} is", path.display())).map_err(unavailable)
}
