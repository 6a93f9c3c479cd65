//! The environment as a source of settings: `JETON_` and the name of the setting in capitals.
//!
//! What always holds: a variable that begins with `JETON_` and is no setting is an error, since a setting that is
//! silently not taken costs more than a start that fails. An empty variable says nothing, as in most programs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;

use super::{LeaseAlgorithm, LogFormat, SETTINGS, Settings, nearest, value_of};
use crate::failure::{Failure, usage};

const PREFIX: &str = "JETON_";
/// Names the configuration file, and is no setting of that file.
const CONFIG: &str = "config";

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) settings: Settings,
    /// `JETON_CONFIG`: the configuration file.
    pub(super) config: Option<PathBuf>,
}

pub(super) fn read(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Environment, Failure> {
    let mut environment = Environment::default();
    for (variable, value) in variables {
        // A name that is not UTF-8 can be no setting; what can be read of it decides whether it was meant to be one.
        let variable = variable.to_string_lossy();
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        take(&mut environment, &variable, &name.to_lowercase(), value)?;
    }
    Ok(environment)
}

fn take(environment: &mut Environment, variable: &str, name: &str, value: OsString) -> Result<(), Failure> {
    // `JETON_listen` is not `JETON_LISTEN`: one spelling only.
    let exact = variable == format!("{PREFIX}{}", name.to_uppercase());
    if !exact || (name != CONFIG && value_of(name).is_none()) {
        let names = SETTINGS.iter().map(|setting| setting.name).chain([CONFIG]);
        let meant = nearest(name, names).to_uppercase();
        return Err(usage(format!("unknown variable {variable} in the environment, did you mean {PREFIX}{meant}?")));
    }
    if value.is_empty() {
        return Ok(());
    }
    let settings = &mut environment.settings;
    match name {
        CONFIG => environment.config = Some(value.into()),
        "data" => settings.data = Some(value.into()),
        "listen" => settings.listen = Some(parse(variable, name, value)?),
        "sandbox" => settings.sandbox = Some(parse(variable, name, value)?),
        "clock" => settings.clock = Some(parse(variable, name, value)?),
        "demo" => settings.demo = Some(parse(variable, name, value)?),
        "demo_seed" => settings.demo_seed = Some(parse(variable, name, value)?),
        "issuer" => settings.issuer = Some(parse(variable, name, value)?),
        "lease_algorithm" => settings.lease_algorithm = Some(parse::<LeaseAlgorithm>(variable, name, value)?),
        "log_format" => settings.log_format = Some(parse::<LogFormat>(variable, name, value)?),
        "log" => settings.log = Some(parse(variable, name, value)?),
        "clock_jump_s" => settings.clock_jump_s = Some(parse(variable, name, value)?),
        "queue" => settings.queue = Some(parse(variable, name, value)?),
        "silence_s" => settings.silence_s = Some(parse(variable, name, value)?),
        "rate_limit_per_s" => settings.rate_limit_per_s = Some(parse(variable, name, value)?),
        "rate_limit_all" => settings.rate_limit_all = Some(parse(variable, name, value)?),
        "disk_warn_mb" => settings.disk_warn_mb = Some(parse(variable, name, value)?),
        "disk_refuse_mb" => settings.disk_refuse_mb = Some(parse(variable, name, value)?),
        other => unreachable!("{other} is in SETTINGS and has no line here"),
    }
    Ok(())
}

fn parse<T: FromStr>(variable: &str, name: &str, value: OsString) -> Result<T, Failure> {
    let value = value.into_string().map_err(|_| usage(format!("{variable} in the environment is not UTF-8")))?;
    value.parse().map_err(|_| {
        let wanted = value_of(name).expect("the name was found among the settings");
        usage(format!("{variable} in the environment must be {wanted}, and is {value:?}"))
    })
}

impl FromStr for LeaseAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <Self as ValueEnum>::from_str(text, false)
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <Self as ValueEnum>::from_str(text, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(variable: &str, value: &str) -> Result<Environment, String> {
        read([(OsString::from(variable), OsString::from(value))]).map_err(|failure| failure.to_string())
    }

    #[test]
    fn every_setting_is_read_from_the_environment() {
        for (name, value) in [
            ("data", "/srv/jeton"),
            ("listen", "[::1]:80"),
            ("sandbox", "true"),
            ("clock", "2026-03-02T08:00:00Z"),
            ("demo", "false"),
            ("issuer", "https://tokens.example"),
            ("lease_algorithm", "EdDSA"),
            ("log_format", "json"),
            ("log", "debug"),
            ("clock_jump_s", "30"),
            ("queue", "16"),
            ("silence_s", "5"),
            ("rate_limit_per_s", "0"),
            ("rate_limit_all", "true"),
        ] {
            assert!(value_of(name).is_some(), "{name}");
            let environment = read_one(&format!("JETON_{}", name.to_uppercase()), value).unwrap();
            assert_ne!(environment.settings, Settings::default(), "{name}");
        }
        assert_eq!(read_one("JETON_CONFIG", "/etc/jeton.toml").unwrap().config, Some("/etc/jeton.toml".into()));
    }

    #[test]
    fn an_unknown_variable_names_the_nearest_one() {
        assert_eq!(
            read_one("JETON_LISEN", "127.0.0.1:1").unwrap_err(),
            "unknown variable JETON_LISEN in the environment, did you mean JETON_LISTEN?"
        );
        assert!(read_one("JETON_listen", "127.0.0.1:1").unwrap_err().ends_with("did you mean JETON_LISTEN?"));
        assert!(read_one("JETON_CONFIGURATION", "x").unwrap_err().ends_with("did you mean JETON_CONFIG?"));
    }

    #[test]
    fn a_bad_value_names_the_variable_and_what_it_must_be() {
        assert_eq!(
            read_one("JETON_SANDBOX", "yes").unwrap_err(),
            "JETON_SANDBOX in the environment must be true or false, and is \"yes\""
        );
        assert!(read_one("JETON_QUEUE", "0").is_err());
        assert!(read_one("JETON_LOG_FORMAT", "xml").is_err());
    }

    #[test]
    fn what_is_empty_or_not_ours_says_nothing() {
        assert_eq!(read_one("JETON_LISTEN", "").unwrap().settings, Settings::default());
        assert_eq!(read_one("JETONS", "7").unwrap().settings, Settings::default());
    }
}
