//! `jeton init`: a new installation, with a configuration file that explains itself and a first key.
//!
//! What always holds: nothing that is there is touched. The key is shown this once.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use jeton_client::{ApiKeyPost, ScopeName};
use serde::Serialize;

use super::{print, print_json};
use crate::composition::{self, Purpose};
use crate::configuration::{Configuration, SETTINGS, Settings};
use crate::failure::{Failure, refused, unavailable, usage};

/// Make a new installation: a configuration file, the data folder, a first vendor key
///
/// The file has every setting with what it means, its default and what may stand there; what is said by flags or the
/// environment is set in it. The folder is made, or is empty. Nothing that is there is written over. The key is shown
/// this once; make others by `jeton keys create`.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Flags {
    /// Where the server is to be reached [default: 127.0.0.1:7878]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,

    /// Make a sandbox, for integrators: the clock is its user's
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    sandbox: Option<bool>,

    /// Who signs the leases (their `iss`), for as long as the folder lives [default: jeton]
    #[arg(long, value_name = "TEXT")]
    issuer: Option<String>,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  jeton init --data /var/lib/jeton --config /etc/jeton.toml --issuer https://tokens.example
  jeton check --config /etc/jeton.toml
  jeton serve --config /etc/jeton.toml";

impl Flags {
    pub(crate) fn settings(&self) -> Settings {
        Settings { listen: self.listen, sandbox: self.sandbox, issuer: self.issuer.clone(), ..Settings::default() }
    }
}

/// What was made.
#[derive(Serialize)]
struct Made {
    config: PathBuf,
    data: PathBuf,
    key: String,
}

/// `said` is what flags and environment say, `config` the file that is to be made.
pub(crate) async fn run(
    configuration: &Configuration,
    said: Settings,
    config: &Path,
    flags: Flags,
) -> Result<(), Failure> {
    let (config, data) = (composition::absolute(config)?, composition::absolute(&configuration.data)?);
    if fs::read_dir(&data).is_ok_and(|mut found| found.next().is_some()) {
        return Err(refused(format!(
            "{} is not empty; choose another folder by --data, or serve the one that is there",
            data.display()
        )));
    }
    write(&config, &text(&Settings { data: Some(data.clone()), ..said })?)?;
    let key = match first_key(configuration).await {
        Ok(key) => key,
        Err(failure) => {
            // Of this command alone: it was made a moment ago.
            let _ = fs::remove_file(&config);
            return Err(failure);
        }
    };
    let made = Made { config, data, key };
    if flags.json {
        return print_json(&made);
    }
    let Made { config, data, key } = made;
    let config = config.display();
    print(&format!(
        "configuration {config}\ndata folder {}\nvendor key {key}\n\n\
         Keep the key: it is not shown again. Next:\n  jeton check --config {config}\n  jeton serve --config {config}",
        data.display()
    ))
}

async fn first_key(configuration: &Configuration) -> Result<String, Failure> {
    // As it will be served: a sandbox or not, with its issuer; the demo's key would be another.
    let configuration = Configuration { demo: false, demo_seed: None, ..configuration.clone() };
    let wanted = ApiKeyPost { label: Some("first".to_owned()), ..ApiKeyPost::of(ScopeName::Vendor) };
    let running = composition::open(&configuration, Purpose::Serve).await?;
    let created = running.create_key(&wanted).await;
    running.close().await?;
    Ok(created?.key)
}

fn write(config: &Path, text: &str) -> Result<(), Failure> {
    let told = || format!("the configuration file {}", config.display());
    let made = OpenOptions::new().write(true).create_new(true).open(config);
    if made.as_ref().is_err_and(|error| error.kind() == std::io::ErrorKind::AlreadyExists) {
        return Err(refused(format!(
            "{} is there already; choose another file by --config, or serve with the one that is there",
            config.display()
        )));
    }
    let mut file = made.with_context(told).map_err(unavailable)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(told).map_err(unavailable)
}

const HEAD: &str = "\
# The configuration of jeton.
#
# Each setting is taken from the command line, else from the environment, else from here, else it has its default, which
# stands here behind a #. `jeton check` says whether all of it will do.
";

/// The file, with what was said set in it.
fn text(said: &Settings) -> Result<String, Failure> {
    let said = toml::Table::try_from(said).context("what was said cannot stand in a file").map_err(usage)?;
    let mut text = HEAD.to_owned();
    for setting in &SETTINGS {
        let (name, value, default, means) = (setting.name, setting.value, setting.default, setting.means);
        let mut first = means.chars();
        let capital = first.next().map(|letter| letter.to_uppercase().chain(first).collect::<String>());
        let (flag, variable) = (name.replace('_', "-"), name.to_uppercase());
        let line = match said.get(name) {
            Some(set) => format!("{name} = {set}"),
            None if default.is_empty() => format!("#{name} ="),
            None => format!("#{name} = {default}"),
        };
        let means = capital.unwrap_or_default();
        let _ = write!(text, "\n# {means}.\n# It is {value}. Also --{flag}, JETON_{variable}.\n{line}\n");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Sources;

    fn read(text: &str) -> Configuration {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("jeton.toml");
        fs::write(&file, text).unwrap();
        let folder = folder.path().to_owned();
        let sources = Sources { flags: Settings::default(), config: Some(file), environment: Vec::new(), folder };
        Configuration { data: "data".into(), ..Configuration::load(sources).unwrap() }
    }

    #[test]
    fn the_file_says_every_default_as_it_is() {
        let nothing = read("");
        let commented = text(&Settings::default()).unwrap();
        assert_eq!(read(&commented), nothing);
        let lines: Vec<&str> = commented
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .filter(|line| !line.ends_with(" ="))
            .collect();
        assert_eq!(
            lines.iter().filter(|line| line.contains(" = ")).count(),
            SETTINGS.len() - 2,
            "but two that have none"
        );
        let all = read(&lines.join("\n"));
        // What a new folder is made with, and what another command would log, is not said by nothing.
        let all = Configuration { issuer: None, lease_algorithm: None, log: None, ..all };
        assert_eq!(all, nothing);
    }

    #[test]
    fn what_was_said_is_set_in_the_file() {
        let said = Settings {
            listen: Some("[::1]:80".parse().unwrap()),
            sandbox: Some(true),
            clock: Some("2026-03-02T08:00:00Z".parse().unwrap()),
            issuer: Some("say \"us\"".to_owned()),
            ..Settings::default()
        };
        let configuration = read(&text(&said).unwrap());
        assert_eq!(configuration.listen, said.listen.unwrap());
        assert_eq!((configuration.sandbox, configuration.clock), (true, said.clock));
        assert_eq!(configuration.issuer, said.issuer);
    }
}
