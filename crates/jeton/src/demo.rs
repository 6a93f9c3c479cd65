//! `--demo`: a new folder gets the reference catalogue and eight weeks of three teams that end today; any folder gets
//! what is missing of the catalogue, and fresh keys in place of the demo's former ones.
//!
//! What always holds: all of it is decided by the engine, by messages that anybody could have sent, at the instants of
//! that past; the same seed and the same end give the same entries of the teams. A folder with a log is never filled,
//! and a new one gets the whole past or none. What was made of a demo is left as it is: a second start goes on, and the
//! time between was quiet.

mod cast;
mod catalogue;
mod chance;
mod plot;
mod script;
mod walk;

use std::fmt::Write as _;

use jeton_app::{App, Caller, PageRequest};
use jeton_client::{ApiKeyPost, ScopeName};
use jeton_core::time::Instant;
use jeton_engine::{Machine, ThisMachine};
use jeton_store::{Beginning, Kind, Reader};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::{Deserialize, Serialize};

use crate::composition::{self, stored};
use crate::configuration::Configuration;
use crate::failure::{Failure, refused, unavailable, usage};

/// Under which key it is stored that a folder's past was made, and how.
const MADE: &str = "demo";
/// What the demo's keys are known by.
const LABEL: &str = "demo";
/// How much of the catalogue is put into one commit of a new folder.
const AT_ONCE: usize = 16;
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// How a folder's past was made.
#[derive(Debug, Serialize, Deserialize)]
struct Made {
    seed: u64,
    ends_at: Instant,
}

/// What is to be told of a demo, and the keys that were made at this start.
#[derive(Debug)]
pub(crate) struct Demo {
    made: Option<Made>,
    sandbox: bool,
    vendor_key: String,
    /// Of a team and of its first member, where there are any.
    team_key: Option<String>,
    member_key: Option<String>,
}

/// Gives a folder without a log its past.
///
/// `Usage` when a sandbox's clock is so early that there is no room for a past.
pub(crate) async fn make(configuration: &Configuration, metrics: &PrometheusHandle) -> Result<(), Failure> {
    let Some(beginning) = Beginning::of(&configuration.data).map_err(|error| stored(&error))? else { return Ok(()) };
    let kind = if configuration.sandbox { Kind::Sandbox } else { Kind::Real };
    let asked = configuration.clock.map(jiff::Timestamp::as_microsecond);
    // To the minute, so that it can be said and asked for again.
    let today = asked.unwrap_or_else(|| ThisMachine.wall() / MICROS_PER_MINUTE * MICROS_PER_MINUTE);
    let ends_at = Instant::from_micros(today).ok_or_else(|| usage("`clock` is in the years 2000 to 2200"))?;
    let first = "2001-04-01T00:00:00Z".parse().expect("an instant");
    if ends_at < first {
        return Err(usage(format!(
            "the demo's past begins more than a year before `clock`, which is {first} or later"
        )));
    }
    let seed = configuration.demo_seed.unwrap_or_else(|| u64::from(u32::from_be_bytes(jeton_app::random())));
    tracing::info!(seed, %ends_at, "making the demo");
    let past = plot::past(seed, ends_at);
    let made = serde_json::to_string(&Made { seed, ends_at }).expect("a number and an instant are JSON");
    let (walk, app) = composition::walk(configuration, &beginning, metrics, past.begins_at, (MADE, made))?;
    catalogue::load(&app, AT_ONCE).await?;
    drop(app);
    let lived = tokio::task::spawn_blocking(move || walk::live_through(&walk, past).map(|()| walk)).await;
    let walk = lived.map_err(|_| unavailable("the demo could not be made"))??;
    walk::come_to_the_end(&walk, ends_at, kind).await?;
    walk.end().await;
    beginning.end().map_err(|error| stored(&error))
}

/// Loads what is missing of the catalogue, and makes the keys.
pub(crate) async fn load(app: &App, log: &Reader, sandbox: bool) -> Result<Demo, Failure> {
    let made = log.meta(MADE).map_err(|error| stored(&error))?;
    let made: Option<Made> = made.and_then(|made| serde_json::from_str(&made).ok());
    catalogue::load(app, 1).await?;
    for former in former_keys(app)? {
        app.revoke_api_key(&Caller::operator(), &former).await.map_err(|failure| failed(&failure))?;
    }
    let vendor = app.create_key_on_the_folder(&key(ScopeName::Vendor)).await.map_err(|failure| failed(&failure))?;
    let vendor_key = vendor.secret.ok_or_else(|| refused("the demo's key was made before"))?;
    let (mut team_key, mut member_key) = (None, None);
    if made.is_some() {
        // Whoever has been erased meanwhile gets none.
        let made = async |scope| app.create_key_on_the_folder(&key(scope)).await.ok().and_then(|made| made.secret);
        team_key = made(ScopeName::Team).await;
        member_key = made(ScopeName::Member).await;
    }
    Ok(Demo { made, sandbox, vendor_key, team_key, member_key })
}

impl Demo {
    /// What people are told of it: where to look, the keys, and three commands to try.
    pub(crate) fn told(&self, base: &str) -> String {
        let (team, (member, _)) = (&cast::ATELIER, cast::ATELIER.members[0]);
        let mut text = String::new();
        if let Some(Made { seed, ends_at }) = &self.made {
            let clock = if self.sandbox { format!(" --clock {ends_at}") } else { String::new() };
            let _ = writeln!(text, "demo 8 weeks until {ends_at}, seed {seed} (again: --demo-seed {seed}{clock})");
            for troupe in cast::TROUPES {
                let cast::Troupe { team, name, place, members, .. } = troupe;
                let _ = writeln!(text, "team {team}: {name}, {place}, {} members", members.len());
            }
        }
        let _ = write!(text, "vendor key {}", self.vendor_key);
        if let Some(key) = &self.team_key {
            let _ = write!(text, "\nkey of team {} {key}", team.team);
        }
        if let Some(key) = &self.member_key {
            let _ = write!(text, "\nkey of member {}/{member} {key}", team.team);
        }
        let _ = write!(text, "\nlook at {base}/openapi.json");
        if let (Some(team_key), Some(member_key)) = (&self.team_key, &self.member_key) {
            let get = |key: &str, path: &str| format!("curl -H 'Authorization: Bearer {key}' '{base}{path}'");
            let used = get(team_key, &format!("/v1/teams/{}/usage?group_by=product", team.team));
            let overdue = get(&self.vendor_key, &format!("/v1/teams/{}/balance", cast::CARAVELLE.team));
            let quote = get(member_key, "/v1/sessions/quote");
            let body = format!(r#"{{"team": "{}", "member": "{member}", "product": "navisworks"}}"#, team.team);
            let quote = format!("{quote} -H 'Content-Type: application/json' -d '{body}'");
            let _ = write!(text, "\ntry\n  {used}\n  {overdue}\n  {quote}");
        }
        text
    }
}

/// A key of the demo: the vendor's, that of a team, or of its first member.
fn key(scope: ScopeName) -> ApiKeyPost {
    let of_team = matches!(scope, ScopeName::Team | ScopeName::Member);
    let member = matches!(scope, ScopeName::Member).then(|| cast::ATELIER.members[0].0.to_owned());
    let team = of_team.then(|| cast::ATELIER.team.to_owned());
    ApiKeyPost { team, member, label: Some(LABEL.to_owned()), ..ApiKeyPost::of(scope) }
}

/// The demo's keys of earlier starts that are still good.
fn former_keys(app: &App) -> Result<Vec<String>, Failure> {
    let (mut former, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: 100, after };
        let page = app.list_api_keys(&Caller::operator(), &page).map_err(|failure| failed(&failure))?;
        let ours = page.items.into_iter().filter(|key| key.label.as_deref() == Some(LABEL) && key.revoked_at.is_none());
        former.extend(ours.map(|key| key.key));
        after = page.next;
        if after.is_none() {
            return Ok(former);
        }
    }
}

fn failed(failure: &jeton_app::Failure) -> Failure {
    refused(format!("the demo could not be loaded: {failure}"))
}
