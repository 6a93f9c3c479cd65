//! `DIR/control.sock`: how a command works beside the server that has the data folder.
//!
//! One process has the folder. While a server has it, the other commands ask that server over this socket, and it
//! does what they would have done, through the same use cases; without a server they open the folder themselves.
//!
//! What always holds: who can reach the socket may do everything (it is 0600 in a folder of 0700, so that is the
//! owner of the data). The messages are between two runs of the same binary and no public contract.

mod client;
mod server;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use jeton_client::Instant;
use serde::{Deserialize, Serialize};

use crate::composition::Progress;

pub(crate) use self::client::Client;
pub(crate) use self::server::{Socket, router};

/// `POST /keys` takes what `POST /v1/api-keys` takes, and answers the key itself, which is shown this once.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyCreated {
    pub(crate) key: String,
}

/// `POST /clock/accept`: the wall clock is to be taken as it is (W9).
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockAcceptance {}

/// What was taken.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockAccepted {
    /// The instant that the wall clock showed and from which decisions go on.
    pub(crate) at: Instant,
    /// The last instant before it, of the newest entry; none in an empty folder.
    pub(crate) last: Option<Instant>,
}

/// `POST /verify`: V1 to V3 over all of the folder.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verification {
    /// The text of a signed checkpoint that was kept outside, which the log must still contain (V2).
    pub(crate) expect: Option<String>,
}

/// What was found.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verified {
    /// Everything is as it was written, and adds up.
    Holds(Extent),
    /// The first thing that is not.
    Differs(Difference),
}

/// How much was looked at.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extent {
    pub(crate) entries: u64,
    pub(crate) streams: u64,
    /// Stored checkpoints, whose signatures were checked.
    pub(crate) checkpoints: u64,
    /// The hash of the last commit, in hexadecimal.
    pub(crate) commit: String,
}

/// The first thing that is not as it must be. What is not known of its place is not there.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    /// The stream, such as `team:acme`.
    pub(crate) stream: Option<String>,
    /// The entry's number within its stream, from 1.
    pub(crate) seq: Option<u64>,
    /// The entry's position in the log, from 1.
    pub(crate) position: Option<u64>,
    /// What is wrong, as a sentence.
    pub(crate) what: String,
}

/// `POST /readiness`: whether the server can answer now.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Readiness {
    /// Why not, as a sentence.
    pub(crate) not_now: Option<String>,
    /// Of the newest entry; none of an empty log.
    pub(crate) last: Option<Instant>,
}

/// `POST /backup`: a backup, made by the server.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BackupWanted {
    /// Absolute: a file that is not there, or a folder for one that is named by the instant.
    pub(crate) to: PathBuf,
}

/// What kind of installation a folder has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KindName {
    Real,
    Sandbox,
}

impl fmt::Display for KindName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Real => "real",
            Self::Sandbox => "sandbox",
        })
    }
}

/// The backup that was made.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackedUp {
    pub(crate) file: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) kind: KindName,
    /// By the wall clock of the machine. All that was answered before is in the backup.
    pub(crate) copied_at: Instant,
    /// Of the newest entry; none of an empty log.
    pub(crate) last: Option<Instant>,
    #[serde(flatten)]
    pub(crate) extent: Extent,
}

/// What was made of a backup. Told by the command itself, since no server can have the folder.
#[derive(Debug, Serialize)]
pub(crate) struct Restored {
    pub(crate) data: PathBuf,
    pub(crate) kind: KindName,
    pub(crate) copied_at: Instant,
    /// Of the newest entry of the copy; none of an empty log.
    pub(crate) last: Option<Instant>,
    /// The life of the installation that has begun.
    pub(crate) epoch: u32,
    #[serde(flatten)]
    pub(crate) extent: Extent,
}

/// What takes long is answered by lines, of which the last is the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line<Answer> {
    Progress(Progress),
    Answer(Answer),
    Declined { status: u16, detail: String },
}

/// What the socket answers instead, with 409 for refused, 400 for usage, 503 for unavailable.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declined {
    detail: String,
}

/// The socket's path in a form that the kernel takes: 108 bytes are all that it allows, and data folders lie deeper.
struct Address {
    path: PathBuf,
    /// Kept open while the path goes through its descriptor.
    _folder: Option<File>,
}

impl Address {
    const LONGEST: usize = 107;

    fn of(folder: &Path) -> io::Result<Self> {
        let path = folder.join("control.sock");
        if path.as_os_str().len() <= Self::LONGEST {
            return Ok(Self { path, _folder: None });
        }
        let open = File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/control.sock", open.as_raw_fd()));
        Ok(Self { path, _folder: Some(open) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::Router;
    use axum::routing::post;
    use tokio::net::UnixListener;

    use super::*;
    use crate::composition::Watch;
    use crate::failure::Failure;

    /// A folder too deep for the kernel's 108 bytes, and a socket in it that answers `/verify` with `status`.
    fn folder_served(status: u16, body: &'static str) -> tempfile::TempDir {
        let folder = tempfile::Builder::new().prefix(&"deep".repeat(40)).tempdir().unwrap();
        let address = Address::of(folder.path()).unwrap();
        let listener = UnixListener::bind(&address.path).unwrap();
        let status = axum::http::StatusCode::from_u16(status).unwrap();
        let router = Router::new().route("/verify", post(async move || (status, body)));
        tokio::spawn(axum::serve(listener, router).into_future());
        folder
    }

    async fn ask(folder: &Path) -> Result<Verified, Failure> {
        let client = Client::connect(folder).await.unwrap().expect("a server listens");
        client.verify(&Verification { expect: None }, Watch::nobody()).await
    }

    #[tokio::test]
    async fn a_command_asks_the_server_that_has_the_folder() {
        let folder = folder_served(
            200,
            "{\"progress\":{\"step\":\"recompute\",\"done\":1,\"of\":3}}\n\
             {\"answer\":{\"holds\":{\"entries\":3,\"streams\":2,\"checkpoints\":1,\"commit\":\"0a\"}}}\n",
        );
        let extent = Extent { entries: 3, streams: 2, checkpoints: 1, commit: "0a".to_owned() };
        assert_eq!(ask(folder.path()).await.unwrap(), Verified::Holds(extent));
    }

    #[tokio::test]
    async fn what_the_server_declines_keeps_its_kind_and_sentence() {
        let body = r#"{"detail":"the team a1 is not known"}"#;
        for (status, exit) in [(409, "Refused"), (400, "Usage"), (503, "Unavailable")] {
            let folder = folder_served(status, body);
            let failure = ask(folder.path()).await.unwrap_err();
            assert!(format!("{failure:?}").starts_with(exit), "{failure:?}");
            assert_eq!(failure.to_string(), "the team a1 is not known");
        }
    }

    #[tokio::test]
    async fn what_is_declined_half_way_keeps_its_kind_and_sentence() {
        for (status, exit) in [(409, "Refused"), (400, "Usage"), (503, "Unavailable")] {
            let body = format!(
                "{{\"progress\":{{\"step\":\"copy\",\"done\":1,\"of\":3}}}}\n\
                 {{\"declined\":{{\"status\":{status},\"detail\":\"the disk is full\"}}}}\n"
            );
            let folder = folder_served(200, body.leak());
            let failure = ask(folder.path()).await.unwrap_err();
            assert!(format!("{failure:?}").starts_with(exit), "{failure:?}");
            assert_eq!(failure.to_string(), "the disk is full");
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_cut_off_is_no_answer() {
        let folder = folder_served(200, "{\"progress\":{\"step\":\"copy\",\"done\":1,\"of\":3}}\n{\"ans");
        let failure = ask(folder.path()).await.unwrap_err();
        assert!(matches!(failure, Failure::Unavailable(_)), "{failure:?}");
    }

    #[tokio::test]
    async fn without_a_server_there_is_nobody_to_ask() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Client::connect(folder.path()).await.unwrap().is_none());
        assert!(Client::connect(&folder.path().join("missing")).await.unwrap().is_none());

        // A socket that a killed server left behind.
        drop(std::os::unix::net::UnixListener::bind(folder.path().join("control.sock")).unwrap());
        assert!(Client::connect(folder.path()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_socket_is_the_owners_alone_and_replaces_a_stale_one() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("control.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let (socket, listener) = Socket::bind(folder.path()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let connected = tokio::time::timeout(Duration::from_secs(5), Client::connect(folder.path())).await;
        assert!(connected.unwrap().unwrap().is_some());

        socket.remove();
        drop(listener);
        assert!(!path.exists());
    }
}
