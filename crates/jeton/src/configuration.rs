//! What the process is told about how to run: flags before environment before file before default.
//!
//! What always holds: this is the only place that reads the environment. A setting has one name everywhere (`listen`
//! in the file, `JETON_LISTEN` in the environment, `--listen` on the command line), and a name that is not a setting
//! is an error that says the nearest one that is. Errors say where they are: the file and line, the variable, or
//! (by clap) the flag. Nothing is opened, bound or created here.

mod environment;
mod file;
mod settings;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, usage};

pub(crate) use self::settings::SETTINGS;
use self::settings::value_of;

/// How the process runs, complete and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Configuration {
    /// The data folder: jeton.db, views.db, keys, lock, control.sock.
    pub(crate) data: PathBuf,
    /// Where the API is served; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Whether the clock is the integrator's and nothing leaves the machine.
    pub(crate) sandbox: bool,
    /// The later instant at which the sandbox's clock starts: until it, the server was down. Only with `sandbox`.
    pub(crate) clock: Option<Timestamp>,
    /// Whether a new folder is filled with the demo, and the demo's keys are printed.
    pub(crate) demo: bool,
    /// What chance in a new demo begins with; a random number when nothing is said. Only with `demo`.
    pub(crate) demo_seed: Option<u64>,
    /// `iss` of the leases; what a folder was made with holds for it, `jeton` for a new one.
    pub(crate) issuer: Option<String>,
    /// How the leases name their algorithm; what a folder was made with holds for it, `Ed25519` for a new one.
    pub(crate) lease_algorithm: Option<LeaseAlgorithm>,
    pub(crate) log_format: LogFormat,
    /// What is logged, as `tracing` filters are written; without one, each command has its own default.
    pub(crate) log: Option<String>,
    /// By how many seconds the wall clock may part from the steady clock before nothing is decided (W9).
    pub(crate) clock_jump_s: NonZeroU64,
    /// How many commands may wait for the engine; one more is answered with 503.
    pub(crate) queue: NonZeroUsize,
    /// For how many seconds a connection may say nothing, or not take its answer.
    pub(crate) silence_s: NonZeroU64,
    /// Requests a second that one key of a team, member or partner may make in the long run, and twice as many at once;
    /// 0: as many as it likes.
    pub(crate) rate_limit_per_s: u32,
    /// Whether keys of the vendor and of products are limited, too.
    pub(crate) rate_limit_all: bool,
    /// Below so many megabytes of room the log warns; 0: never.
    pub(crate) disk_warn_mb: u32,
    /// Below so many megabytes of room nothing new is begun; 0: never.
    pub(crate) disk_refuse_mb: u32,
}

/// How leases name the algorithm of their signature, which is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
pub(crate) enum LeaseAlgorithm {
    /// As RFC 9864 has it
    #[value(name = "Ed25519")]
    Ed25519,
    /// As older libraries know it (RFC 8037)
    #[value(name = "EdDSA")]
    #[serde(rename = "EdDSA")]
    EdDsa,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What one source says; what it does not say is left to the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) data: Option<PathBuf>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) sandbox: Option<bool>,
    pub(crate) clock: Option<Timestamp>,
    pub(crate) demo: Option<bool>,
    pub(crate) demo_seed: Option<u64>,
    pub(crate) issuer: Option<String>,
    pub(crate) lease_algorithm: Option<LeaseAlgorithm>,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) log: Option<String>,
    pub(crate) clock_jump_s: Option<NonZeroU64>,
    pub(crate) queue: Option<NonZeroUsize>,
    pub(crate) silence_s: Option<NonZeroU64>,
    pub(crate) rate_limit_per_s: Option<u32>,
    pub(crate) rate_limit_all: Option<bool>,
    pub(crate) disk_warn_mb: Option<u32>,
    pub(crate) disk_refuse_mb: Option<u32>,
}

/// Where settings can come from, handed in so that a test can hand in others.
pub(crate) struct Sources {
    /// The flags of the command line.
    pub(crate) flags: Settings,
    /// The file that `--config` names.
    pub(crate) config: Option<PathBuf>,
    /// All variables of the process; those that do not begin with `JETON_` are not looked at.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// The working folder: without `--config` or `JETON_CONFIG`, its `jeton.toml` is read if there is one.
    pub(crate) folder: PathBuf,
}

impl Sources {
    /// The sources of this process.
    pub(crate) fn of_process(flags: Settings, config: Option<PathBuf>) -> Self {
        Self { flags, config, environment: std::env::vars_os().collect(), folder: PathBuf::from(".") }
    }
}

impl Configuration {
    /// Reads every source, the weaker ones too, so that an error in a file does not hide behind a flag.
    /// Every error is of the kind `Usage`.
    pub(crate) fn load(sources: Sources) -> Result<Self, Failure> {
        let environment = environment::read(sources.environment)?;
        let file = match sources.config.or(environment.config) {
            Some(path) => file::read(&path)?,
            None => file::read_if_there(&sources.folder.join("jeton.toml"))?,
        };
        sources.flags.or(environment.settings).or(file).complete()
    }

    /// What flags and environment alone say, completed; and the file that would have been read, which is yet to be made.
    pub(crate) fn load_without_file(sources: Sources) -> Result<(Self, Settings, PathBuf), Failure> {
        let environment = environment::read(sources.environment)?;
        let file = sources.config.or(environment.config).unwrap_or_else(|| sources.folder.join("jeton.toml"));
        let said = sources.flags.or(environment.settings);
        Ok((said.clone().complete()?, said, file))
    }

    /// The filter of the log, with the command's own default.
    pub(crate) fn log_or<'a>(&'a self, default: &'a str) -> &'a str {
        self.log.as_deref().unwrap_or(default)
    }
}

impl Settings {
    fn or(self, weaker: Self) -> Self {
        Self {
            data: self.data.or(weaker.data),
            listen: self.listen.or(weaker.listen),
            sandbox: self.sandbox.or(weaker.sandbox),
            clock: self.clock.or(weaker.clock),
            demo: self.demo.or(weaker.demo),
            demo_seed: self.demo_seed.or(weaker.demo_seed),
            issuer: self.issuer.or(weaker.issuer),
            lease_algorithm: self.lease_algorithm.or(weaker.lease_algorithm),
            log_format: self.log_format.or(weaker.log_format),
            log: self.log.or(weaker.log),
            clock_jump_s: self.clock_jump_s.or(weaker.clock_jump_s),
            queue: self.queue.or(weaker.queue),
            silence_s: self.silence_s.or(weaker.silence_s),
            rate_limit_per_s: self.rate_limit_per_s.or(weaker.rate_limit_per_s),
            rate_limit_all: self.rate_limit_all.or(weaker.rate_limit_all),
            disk_warn_mb: self.disk_warn_mb.or(weaker.disk_warn_mb),
            disk_refuse_mb: self.disk_refuse_mb.or(weaker.disk_refuse_mb),
        }
    }

    /// Fills in the defaults and checks what only all settings together can tell.
    fn complete(self) -> Result<Configuration, Failure> {
        let configuration = Configuration {
            data: self.data.unwrap_or_else(|| PathBuf::from("jeton-data")),
            listen: self.listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 7878))),
            sandbox: self.sandbox.unwrap_or(false),
            clock: self.clock,
            demo: self.demo.unwrap_or(false),
            demo_seed: self.demo_seed,
            issuer: self.issuer,
            lease_algorithm: self.lease_algorithm,
            log_format: self.log_format.unwrap_or(LogFormat::Text),
            log: self.log,
            clock_jump_s: self.clock_jump_s.unwrap_or(const { NonZeroU64::new(60).expect("60 is not 0") }),
            queue: self.queue.unwrap_or(const { NonZeroUsize::new(4096).expect("4096 is not 0") }),
            silence_s: self.silence_s.unwrap_or(const { NonZeroU64::new(15).expect("15 is not 0") }),
            rate_limit_per_s: self.rate_limit_per_s.unwrap_or(50),
            rate_limit_all: self.rate_limit_all.unwrap_or(false),
            disk_warn_mb: self.disk_warn_mb.unwrap_or(1_024),
            disk_refuse_mb: self.disk_refuse_mb.unwrap_or(64),
        };
        if configuration.data.as_os_str().is_empty() {
            return Err(usage("`data` is empty; name the data folder"));
        }
        if configuration.issuer.as_ref().is_some_and(|issuer| !(1..=200).contains(&issuer.chars().count())) {
            return Err(usage("`issuer` must have 1 to 200 characters"));
        }
        if configuration.demo_seed.is_some() && !configuration.demo {
            return Err(usage("`demo_seed` needs `demo`: chance is the demo's alone"));
        }
        if let Some(clock) = configuration.clock {
            if !configuration.sandbox {
                return Err(usage("`clock` needs `sandbox`: only a sandbox's clock can be set"));
            }
            if clock < FIRST_INSTANT || clock > LAST_INSTANT {
                return Err(usage(format!(
                    "`clock` must lie between {FIRST_INSTANT} and {LAST_INSTANT}, and is {clock}"
                )));
            }
        }
        Ok(configuration)
    }
}

/// 2000-01-01T00:00:00Z; earlier instants are past the limits of the contract.
const FIRST_INSTANT: Timestamp = Timestamp::constant(946_684_800, 0);
/// 2200-01-01T00:00:00Z; later instants are past the limits of the contract.
const LAST_INSTANT: Timestamp = Timestamp::constant(7_258_118_400, 0);

/// Of `names` the one that is most like `wrong`: the one that was probably meant.
fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> &'a str {
    let wrong = wrong.to_lowercase().replace('-', "_");
    names
        .into_iter()
        .min_by_key(|name| strsim::damerau_levenshtein(&wrong, &name.to_lowercase()))
        .expect("there is at least one setting")
}

/// The path as people are shown it: `./jeton.toml` is `jeton.toml`.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(folder: &Path) -> Sources {
        Sources {
            flags: Settings::default(),
            config: None,
            environment: vec![("PATH".into(), "/bin".into())],
            folder: folder.to_owned(),
        }
    }

    fn refusal(sources: Sources) -> String {
        let failure = Configuration::load(sources).unwrap_err();
        assert!(matches!(failure, Failure::Usage(_)), "{failure:?}");
        failure.to_string()
    }

    #[test]
    fn nothing_said_gives_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let configuration = Configuration::load(sources(folder.path())).unwrap();
        assert_eq!(configuration.listen.to_string(), "127.0.0.1:7878");
        assert_eq!(configuration.data, Path::new("jeton-data"));
        assert_eq!(configuration.clock_jump_s.get(), 60);
        assert_eq!(configuration.queue.get(), 4096);
        assert_eq!((configuration.rate_limit_per_s, configuration.rate_limit_all), (50, false));
        assert!(!configuration.sandbox && !configuration.demo);
    }

    #[test]
    fn flags_go_before_environment_before_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jeton.toml"), "queue = 1\nclock_jump_s = 1\nissuer = \"file\"\n").unwrap();
        let mut sources = sources(folder.path());
        sources.environment.push(("JETON_QUEUE".into(), "2".into()));
        sources.environment.push(("JETON_CLOCK_JUMP_S".into(), "2".into()));
        sources.flags.queue = NonZeroUsize::new(3);
        let configuration = Configuration::load(sources).unwrap();
        assert_eq!(configuration.queue.get(), 3);
        assert_eq!(configuration.clock_jump_s.get(), 2);
        assert_eq!(configuration.issuer.as_deref(), Some("file"));
    }

    #[test]
    fn a_flag_does_not_hide_an_error_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jeton.toml"), "queue = 0\n").unwrap();
        let mut sources = sources(folder.path());
        sources.flags.queue = NonZeroUsize::new(3);
        assert!(refusal(sources).contains("jeton.toml:1: `queue` must be"));
    }

    #[test]
    fn the_file_is_named_by_flag_or_environment_and_must_then_exist() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("other.toml"), "issuer = \"other\"\n").unwrap();
        let mut named = sources(folder.path());
        named.environment.push(("JETON_CONFIG".into(), folder.path().join("other.toml").into()));
        assert_eq!(Configuration::load(named).unwrap().issuer.as_deref(), Some("other"));

        let mut missing = sources(folder.path());
        missing.config = Some(folder.path().join("missing.toml"));
        assert!(refusal(missing).contains("missing.toml"));
    }

    #[test]
    fn a_clock_is_a_sandboxs_and_within_the_limits() {
        let folder = tempfile::tempdir().unwrap();
        let mut real = sources(folder.path());
        real.flags.clock = Some("2026-03-02T08:00:00Z".parse().unwrap());
        assert_eq!(refusal(real), "`clock` needs `sandbox`: only a sandbox's clock can be set");

        for (instant, good) in [
            ("1999-12-31T23:59:59.999999Z", false),
            ("2000-01-01T00:00:00Z", true),
            ("2200-01-01T00:00:00Z", true),
            ("2200-01-01T00:00:00.000001Z", false),
        ] {
            let mut sandbox = sources(folder.path());
            sandbox.flags.sandbox = Some(true);
            sandbox.flags.clock = Some(instant.parse().unwrap());
            assert_eq!(Configuration::load(sandbox).is_ok(), good, "{instant}");
        }
    }

    #[test]
    fn the_documentation_has_every_setting_as_the_table_says_it() {
        let rows: Vec<String> = SETTINGS
            .iter()
            .map(|setting| {
                let (name, default, means) = (setting.name, setting.default, setting.means);
                let (flag, variable) = (name.replace('_', "-"), name.to_uppercase());
                let default = match default.trim_matches('"') {
                    "" => String::new(),
                    default => format!("`{default}` "),
                };
                format!("| `{name}` | `--{flag}` | `JETON_{variable}` | {default}| {means} |")
            })
            .collect();
        let document =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operating.md")).unwrap();
        let rows = rows.join("\n");
        assert!(document.contains(&format!("\n{rows}\n")), "docs/operating.md has to have these rows:\n{rows}");
    }

    #[test]
    fn the_nearest_name_is_the_one_probably_meant() {
        let names = || SETTINGS.iter().map(|setting| setting.name);
        for (wrong, right) in [
            ("lisen", "listen"),
            ("log-format", "log_format"),
            ("Data", "data"),
            ("quueue", "queue"),
            ("sandobx", "sandbox"),
            ("clock_jump", "clock_jump_s"),
        ] {
            assert_eq!(nearest(wrong, names()), right);
        }
    }
}
