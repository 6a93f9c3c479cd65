//! Members from a file, read as it arrives.
//!
//! What always holds: of a body at most 64 MB are read, a piece at a time, and never more than a few pieces wait to be
//! looked at. The member called `import` is a member like any other, whose path the import would else hide.

use std::io::{self, Read};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::routing::{MethodRouter, get};
use http_body_util::BodyExt;
use jeton_app::{App, Failure, Over};
use jeton_client::{ImportQuery, MembersImported};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::Face;
use crate::answer::{self, Answer};
use crate::authentication::Authenticated;
use crate::members::{MemberPath, deactivate_member, get_member, put_member};
use crate::path::Path;
use crate::query::Query;
use crate::teams::TeamPath;

pub(crate) const IMPORT_PATH: &str = "/v1/teams/{team}/members/import";
/// How long an import may take until its answer begins.
pub(crate) const IMPORT: Duration = Duration::from_mins(10);

/// Bytes of a file, at most.
const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// How long the next piece of a file may be on its way.
const ARRIVAL: Duration = Duration::from_secs(8);
/// Pieces that wait to be looked at.
const WAITING: usize = 4;

/// The member called `import`.
pub(crate) fn called_import() -> MethodRouter<Face> {
    let path = |team: TeamPath| Path(MemberPath { team: team.team, member: "import".to_owned() });
    get(move |app, caller, Path(team): Path<TeamPath>| get_member(app, caller, path(team)))
        .put(move |app, caller, Path(team): Path<TeamPath>, condition, body| {
            put_member(app, caller, path(team), condition, body)
        })
        .delete(move |app, caller, Path(team): Path<TeamPath>, condition| {
            deactivate_member(app, caller, path(team), condition)
        })
}

/// Import members
///
/// Writes the members of a CSV file, and what they are assigned to. The first line names the columns, in any order, with
/// commas or semicolons between: `member`, `email`, `name`, `role`, and, if assignments are to be written, `products`: `all`,
/// or codes with spaces between, or nothing. Up to 64 MB and 100,000 rows. With a bad row nothing is done, and `bad_rows`
/// tells all that is wrong by line; what stands as the file says is left alone, so it can be sent again at any time. Who
/// is not in the file stays; who was deactivated and is in it is active again.
#[utoipa::path(
    post, path = "/v1/teams/{team}/members/import", tag = "Teams",
    params(TeamPath, ImportQuery),
    request_body(
        content = String, content_type = "text/csv",
        example = json!("member,email,name,role,products\ncarl,carl@acme.example,Carl Blanc,member,all\n")
    ),
    responses(
        (status = 200, description = "What was done, or with `dry_run` would be.", body = MembersImported),
        (
            status = 400,
            description = "`bad_rows`, with the `count` and the first 1,000 `rows`, each `{line, field, detail}`; \
                           `bad_request` about the first line; `limit`: `rows`."
        ),
        (status = 404, description = "`unknown_team`"),
        (status = 409, description = "`limit`: the team would have more members than it may have."),
        (status = 413, description = "`limit`: the file is larger than 64 MB."),
    )
)]
pub(crate) async fn import_members(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<TeamPath>,
    Query(query): Query<ImportQuery>,
    body: Body,
) -> Answer {
    let (sender, pieces) = mpsc::channel(WAITING);
    let file = Arriving { pieces, piece: Bytes::new() };
    let imported = app.import_members(&caller, &path.team, file, query.dry_run);
    let (imported, ()) = tokio::join!(imported, receive(body, sender));
    Ok(answer::told(imported?))
}

/// Hands on what arrives, for as long as somebody takes it.
async fn receive(mut body: Body, sender: mpsc::Sender<Result<Bytes, Failure>>) {
    let mut bytes = 0_u64;
    loop {
        let piece = match timeout(ARRIVAL, body.frame()).await {
            Ok(None) => return,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(piece) => Ok(piece),
                Err(_trailers) => continue,
            },
            Ok(Some(Err(_))) => Err(Failure::bad_request("body", "The body broke off before its end.")),
            Err(_) => Err(Failure::bad_request("body", "Nothing more of the body came. Send it at once.")),
        };
        let piece = piece.and_then(|piece| {
            bytes += u64::try_from(piece.len()).unwrap_or(u64::MAX);
            let limit = Failure::Limit { name: "file", value: FILE_BYTES, over: Over::Body };
            if bytes > FILE_BYTES { Err(limit) } else { Ok(piece) }
        });
        let is_over = piece.is_err();
        if sender.send(piece).await.is_err() || is_over {
            return;
        }
    }
}

/// A file that is still arriving, for who may wait for it.
struct Arriving {
    pieces: mpsc::Receiver<Result<Bytes, Failure>>,
    piece: Bytes,
}

impl Read for Arriving {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(failure)) => return Err(io::Error::other(failure)),
                None => return Ok(0),
            }
        }
        let taken = self.piece.len().min(into.len());
        into[..taken].copy_from_slice(&self.piece.split_to(taken));
        Ok(taken)
    }
}
