//! Teams, and the settings of the installation that hold for all of them.

use jeton_core::catalogue::{self as core, VendorCommand};
use jeton_core::decision::TeamCommand;
use jeton_core::entry::TeamProfile;
use jeton_core::id::TeamId;

use crate::contract::{Settings, SettingsPut, Team, TeamPut};
use crate::prices::country;
use crate::{App, Caller, Failure, IfMatch, Operation, Page, PageRequest, Put, Read, Target, authorise, wire};

impl App {
    /// The settings in force.
    pub async fn settings(&self, caller: &Caller) -> Result<Read<Settings>, Failure> {
        authorise(caller, Operation::GetSettings, Target::installation())?;
        self.see_catalogue(|sight| {
            let revision = Some(sight.catalogue.settings_revision);
            Ok(Read { revision, body: told(&sight.catalogue.settings) })
        })
        .await
    }

    /// Writes the settings; what is left out has its default.
    pub async fn put_settings(
        &self,
        caller: &Caller,
        body: SettingsPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Settings>, Failure> {
        authorise(caller, Operation::PutSettings, Target::installation())?;
        let settings = settings(&body)?;
        let (created, revision) = self.write(caller, VendorCommand::SetSettings(settings.clone()), if_match).await?;
        Ok(Put { created, revision, body: told(&settings) })
    }

    /// The teams, by id.
    pub async fn list_teams(&self, caller: &Caller, page: PageRequest) -> Result<Page<Team>, Failure> {
        authorise(caller, Operation::ListTeams, Target::installation())?;
        let after = page.after::<TeamId>()?;
        self.see_catalogue(move |sight| {
            let following = sight.teams().filter(|team| after.as_ref().is_none_or(|after| team.id > *after));
            let rows =
                following.filter_map(|team| Some((team.id.to_string(), told_team(&team.id, team.profile.as_ref()?))));
            Ok(Page::of(rows, page.limit))
        })
        .await
    }

    /// A team. `unknown_team` when there is none.
    pub async fn team(&self, caller: &Caller, team: &str) -> Result<Read<Team>, Failure> {
        authorise(caller, Operation::GetTeam, Target::team(team))?;
        let id = known(team)?;
        let seen = self.see(&id, |team, _, _| {
            let profile = team.profile.as_ref().ok_or(Failure::Internal)?;
            Ok(Read { revision: Some(team.profile_revision.0), body: told_team(&team.id, profile) })
        });
        Ok(seen.await?.value)
    }

    /// Writes a team.
    pub async fn put_team(
        &self,
        caller: &Caller,
        team: &str,
        body: TeamPut,
        if_match: Option<IfMatch>,
    ) -> Result<Put<Team>, Failure> {
        authorise(caller, Operation::PutTeam, Target::team(team))?;
        let id: TeamId = wire::parse("team", team)?;
        let profile = TeamProfile {
            name: wire::name("name", &body.name)?,
            country: country("country", &body.country)?,
            currency: wire::parse("currency", &body.currency)?,
            time_zone: wire::parse("time_zone", &body.time_zone)?,
            locale: locale(&body.locale)?,
            ask_before_charge: body.ask_before_charge.unwrap_or(false),
        };
        let command = TeamCommand::SetTeam { profile: profile.clone(), if_match };
        let (created, revision) = self.configure(caller, &id, command, Vec::new()).await?;
        Ok(Put { created, revision, body: told_team(&id, &profile) })
    }
}

/// A team in a path: what cannot be an id is the id of no team.
pub(crate) fn known(team: &str) -> Result<TeamId, Failure> {
    team.parse().map_err(|_| Failure::NotFound { code: "unknown_team" })
}

/// A language tag (BCP 47).
fn locale(text: &str) -> Result<String, Failure> {
    let plain = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let language = text.split('-').next().unwrap_or_default();
    if text.len() <= 35 && (2..=3).contains(&language.len()) && text.split('-').all(plain) {
        Ok(text.to_owned())
    } else {
        Err(Failure::bad_request("locale", "a locale is a language tag of BCP 47, like fr or en-GB"))
    }
}

/// The longest of the settings that are times, in seconds.
const DAY_S: u32 = 86_400;

fn settings(body: &SettingsPut) -> Result<core::Settings, Failure> {
    let rules = core::Settings::default();
    let within = |field: &str, given: Option<u32>, default: u32, range: std::ops::RangeInclusive<u32>| {
        let value = given.unwrap_or(default);
        if range.contains(&value) {
            return Ok(value);
        }
        let detail = format!("it is from {} to {}", range.start(), range.end());
        Err(Failure::bad_request(field, detail))
    };
    let heartbeat_s = within("heartbeat_s", body.heartbeat_s, rules.heartbeat_s, 1..=DAY_S)?;
    let lost_after_s = within("lost_after_s", body.lost_after_s, rules.lost_after_s, 1..=DAY_S)?;
    if lost_after_s <= heartbeat_s {
        return Err(Failure::bad_request("lost_after_s", "a session is lost after more than one heartbeat_s"));
    }
    let due_days = u32::from(rules.invoice_due_days);
    let invoice_due_days = within("invoice_due_days", body.invoice_due_days, due_days, 0..=365)?;
    Ok(core::Settings {
        devices: within("devices", body.devices, rules.devices, 1..=32)?,
        undone_limit: within("undone_limit", body.undone_limit, rules.undone_limit, 1..=1_000)?,
        heartbeat_s,
        lost_after_s,
        revive_within_s: within("revive_within_s", body.revive_within_s, rules.revive_within_s, 0..=DAY_S)?,
        unfunded_s: within("unfunded_s", body.unfunded_s, rules.unfunded_s, 0..=DAY_S)?,
        invoice_due_days: u16::try_from(invoice_due_days).unwrap_or(rules.invoice_due_days),
        job_hold_s: within("job_hold_s", body.job_hold_s, rules.job_hold_s, 1..=30 * DAY_S)?,
    })
}

pub(crate) fn told(settings: &core::Settings) -> Settings {
    Settings {
        devices: settings.devices,
        undone_limit: settings.undone_limit,
        heartbeat_s: settings.heartbeat_s,
        lost_after_s: settings.lost_after_s,
        revive_within_s: settings.revive_within_s,
        unfunded_s: settings.unfunded_s,
        invoice_due_days: u32::from(settings.invoice_due_days),
        job_hold_s: settings.job_hold_s,
    }
}

pub(crate) fn told_team(id: &TeamId, profile: &TeamProfile) -> Team {
    Team {
        team: id.to_string(),
        name: profile.name.clone(),
        country: profile.country.clone(),
        currency: profile.currency.code().to_owned(),
        time_zone: profile.time_zone.name().to_owned(),
        locale: profile.locale.clone(),
        ask_before_charge: profile.ask_before_charge,
    }
}
