//! `jeton check`: whether what is configured can be served here, line by line.
//!
//! What always holds: nothing is changed. Each line is ok, a warning, or wrong, and what is not ok says what to do. Exit
//! status 1 when something is wrong.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use tokio::net::TcpListener;

use super::{print, print_json};
use crate::composition::{self, Looked};
use crate::configuration::Configuration;
use crate::control::Client;
use crate::failure::{Failure, refused};

/// Look whether what is configured can be served here: folder, files, disk, clock, address
///
/// Each line is ok, a warning, or wrong with what to do about it. Works beside a running server, and changes nothing.
/// The configuration itself is read first: a mistake in it is exit status 2. Exit status 1 when something is wrong.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Flags {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  jeton check --config /etc/jeton.toml
  jeton check --data /var/lib/jeton --json";

/// Slower than this, a commit is felt.
const SLOW: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Warning,
    Wrong,
}

/// What was found of one thing.
#[derive(Serialize)]
struct Found {
    what: &'static str,
    state: State,
    says: String,
    /// What to do; nothing where it is ok.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Serialize)]
struct Printed<'a> {
    good: bool,
    checks: &'a [Found],
}

pub(crate) async fn run(configuration: &Configuration, flags: Flags) -> Result<(), Failure> {
    let found = look(configuration).await;
    let wrong = found.iter().filter(|found| found.state == State::Wrong).count();
    if flags.json {
        print_json(&Printed { good: wrong == 0, checks: &found })?;
    } else {
        print(&told(&found))?;
    }
    match wrong {
        0 => Ok(()),
        1 => Err(refused("one thing is wrong")),
        several => Err(refused(format!("{several} things are wrong"))),
    }
}

async fn look(configuration: &Configuration) -> Vec<Found> {
    let Configuration { data, listen, .. } = configuration;
    let mut found = vec![ok("configuration", format!("it can be read; the data folder is {}", data.display()))];
    let there = data.is_dir();
    if there {
        found.push(folder(data));
        found.push(keys(data));
    } else {
        let says = format!("{} is not there", data.display());
        found.push(warning("folder", says, "it is made by the first start, or by `jeton init`; else correct `data`"));
    }
    let mut last = None;
    match Client::connect(data).await {
        Ok(Some(server)) => match server.readiness().await {
            Ok(readiness) => {
                last = readiness.last.as_ref().and_then(|at| at.as_str().parse::<Timestamp>().ok());
                found.push(match readiness.not_now {
                    None => ok("server", "it runs, and is ready".to_owned()),
                    Some(why) => wrong("server", format!("it runs, and is not ready: {why}"), "see its log"),
                });
            }
            Err(failure) => {
                found.push(wrong("server", failure.to_string(), "see its log; stop it, and start it again"));
            }
        },
        Ok(None) => {
            if there && data.join("jeton.db").exists() {
                let (files, newest) = files(configuration);
                found.push(files);
                last = newest;
            }
            found.push(address(*listen).await);
        }
        Err(failure) => found.push(wrong("server", failure.to_string(), "run this as the user that owns the folder")),
    }
    found.push(disk(configuration));
    found.push(clock(configuration, last));
    found
}

/// Owner and modes of the folder and of what is in it.
fn folder(data: &Path) -> Found {
    const WHAT: &str = "folder";
    let user = rustix::process::geteuid().as_raw();
    let Ok(inside) = fs::read_dir(data) else {
        return wrong(WHAT, format!("{} cannot be read", data.display()), "run this as the user that owns it");
    };
    let inside = inside.filter_map(Result::ok).map(|entry| entry.path());
    let mut open = Vec::new();
    for path in [data.to_owned()].into_iter().chain(inside) {
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.uid() != user {
            return wrong(
                WHAT,
                format!("{} is of user {}, and this is user {user}", path.display(), metadata.uid()),
                format!("run this, and the server, as one user; or `chown -R` the folder {}", data.display()),
            );
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            open.push(path);
        }
    }
    match open.first() {
        None => ok(WHAT, format!("{} is its owner's alone", data.display())),
        Some(first) => wrong(
            WHAT,
            format!("{} can be used by others than its owner", first.display()),
            format!(
                "`chmod -R u=rwX,go= {}`: who reads it reads names, who writes it may do everything",
                data.display()
            ),
        ),
    }
}

/// The signing keys: there, and of their length.
fn keys(data: &Path) -> Found {
    const WHAT: &str = "keys";
    if !data.join("jeton.db").exists() {
        return ok(WHAT, "they are made by the first start".to_owned());
    }
    for name in ["lease.key", "checkpoint.key"] {
        let path: PathBuf = data.join("keys").join(name);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.len() == 32 => {}
            Ok(_) => {
                let says = format!("{} is not a key of 32 bytes", path.display());
                return wrong(WHAT, says, "restore the last backup, and take the key from there");
            }
            Err(_) => {
                let says = format!("{} is missing or cannot be read", path.display());
                return wrong(WHAT, says, "restore the last backup, and take the key from there");
            }
        }
    }
    ok(WHAT, "both are there".to_owned())
}

/// The files' form and kind; and the instant of the newest entry.
fn files(configuration: &Configuration) -> (Found, Option<Timestamp>) {
    const WHAT: &str = "files";
    match composition::looked_at(&configuration.data) {
        Ok(Looked::At(stored)) => {
            let last = stored.last.and_then(|micros| Timestamp::from_microsecond(micros).ok());
            let kind = if stored.sandbox { "a sandbox" } else { "a real installation" };
            let found = if stored.sandbox == configuration.sandbox {
                ok(WHAT, format!("they are of this version, and of {kind}"))
            } else {
                let remedy = "set `sandbox` as the folder was made, or choose another folder";
                wrong(WHAT, format!("they are of {kind}, and `sandbox` is {}", configuration.sandbox), remedy)
            };
            (found, last)
        }
        Ok(Looked::Outdated(told)) => {
            (warning(WHAT, told, "the next start copies them beside, and brings them up to date"), None)
        }
        Err(failure) => (wrong(WHAT, failure.to_string(), "see `jeton verify`, and docs/operating.md"), None),
    }
}

async fn address(listen: std::net::SocketAddr) -> Found {
    match TcpListener::bind(listen).await {
        Ok(_) => ok("address", format!("{listen} is free")),
        Err(error) => wrong(
            "address",
            format!("{listen} cannot be listened on: {error}"),
            "choose another by `listen`, or stop who has it",
        ),
    }
}

fn disk(configuration: &Configuration) -> Found {
    const WHAT: &str = "disk";
    let absolute = composition::absolute(&configuration.data).unwrap_or_else(|_| configuration.data.clone());
    let Some(there) = absolute.ancestors().find(|folder| folder.is_dir()) else {
        return wrong(WHAT, format!("there is no folder above {}", absolute.display()), "correct `data`");
    };
    let disk = match composition::disk(there) {
        Ok(disk) => disk,
        Err(error) => return wrong(WHAT, format!("{} cannot be asked: {error}", there.display()), "look at the disk"),
    };
    let free = disk.free_mb;
    let (warn, refuse) = (u64::from(configuration.disk_warn_mb), u64::from(configuration.disk_refuse_mb));
    let Some(durable) = disk.durable else {
        let remedy = "make it writable for the user that runs jeton, or choose another by `data`";
        return wrong(WHAT, format!("{} cannot be written", there.display()), remedy);
    };
    let says = format!("{free} MB are free, and 4 kB are durable in {} µs", durable.as_micros());
    if free < refuse {
        wrong(WHAT, says, format!("make room: below {refuse} MB (`disk_refuse_mb`) nothing new is begun"))
    } else if free < warn {
        warning(WHAT, says, format!("make room: it is below {warn} MB (`disk_warn_mb`)"))
    } else if durable > SLOW {
        warning(WHAT, says, "every answer waits for a commit: choose a faster disk, on this machine")
    } else {
        ok(WHAT, says)
    }
}

fn clock(configuration: &Configuration, last: Option<Timestamp>) -> Found {
    const WHAT: &str = "clock";
    if configuration.sandbox {
        return ok(WHAT, "a sandbox's is its user's".to_owned());
    }
    let clocks = composition::clocks();
    let Ok(wall) = Timestamp::from_microsecond(clocks.wall) else {
        return wrong(WHAT, "the wall clock shows no time that is known".to_owned(), "set it right");
    };
    let shown = Timestamp::from_second(wall.as_second()).unwrap_or(wall);
    let jump = i64::try_from(configuration.clock_jump_s.get()).unwrap_or(i64::MAX);
    if let Some(last) = last.filter(|last| last.as_second().saturating_sub(wall.as_second()) > jump) {
        return wrong(
            WHAT,
            format!("it says {shown}, which is before the newest entry, of {last}"),
            "set it right; if it is right, `jeton clock accept` (W9)",
        );
    }
    if clocks.synchronised {
        ok(WHAT, format!("it says {shown}, and is synchronised"))
    } else {
        let remedy = "let chrony or systemd-timesyncd keep it: a jump that nobody explains stops decisions (W9)";
        warning(WHAT, format!("it says {shown}, and the kernel does not call it synchronised"), remedy)
    }
}

fn ok(what: &'static str, says: String) -> Found {
    Found { what, state: State::Ok, says, remedy: None }
}

fn warning(what: &'static str, says: String, remedy: impl Into<String>) -> Found {
    Found { what, state: State::Warning, says, remedy: Some(remedy.into()) }
}

fn wrong(what: &'static str, says: String, remedy: impl Into<String>) -> Found {
    Found { what, state: State::Wrong, says, remedy: Some(remedy.into()) }
}

/// A line for each, and below it what to do.
fn told(found: &[Found]) -> String {
    let mut text = String::new();
    for Found { what, state, says, remedy } in found {
        let state = match state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Wrong => "WRONG",
        };
        let _ = writeln!(text, "{state:<8} {what:<14} {says}");
        if let Some(remedy) = remedy {
            let _ = writeln!(text, "{:<8} {:<14} -> {remedy}", "", "");
        }
    }
    text.trim_end().to_owned()
}
