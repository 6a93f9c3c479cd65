//! Every setting as people meet it: one table, from which the errors, the file of `jeton init` and the documentation are
//! made.

/// A setting.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// What its value must be, completing "must be …".
    pub(crate) value: &'static str,
    /// As a file has it; empty where there is none.
    pub(crate) default: &'static str,
    /// What it is for.
    pub(crate) means: &'static str,
}

impl Setting {
    const fn new(name: &'static str, value: &'static str, default: &'static str, means: &'static str) -> Self {
        Self { name, value, default, means }
    }
}

/// Every setting, in the order in which they are listed to people.
pub(crate) const SETTINGS: [Setting; 17] = [
    Setting::new(
        "data",
        "the path of the data folder",
        r#""jeton-data""#,
        "the folder of the installation; in a file, relative to that file",
    ),
    Setting::new(
        "listen",
        "an address and port such as 127.0.0.1:7878 or [::1]:7878",
        r#""127.0.0.1:7878""#,
        "where the API is served; port 0 takes a free one",
    ),
    Setting::new("sandbox", "true or false", "false", "whether the clock is its user's, for integrators"),
    Setting::new(
        "clock",
        "an instant such as \"2026-03-02T08:00:00Z\"",
        "",
        "with `sandbox`: start at this later instant, as if the server had been down until it",
    ),
    Setting::new(
        "demo",
        "true or false",
        "false",
        "fill a new folder with the demo, and print fresh keys in place of the demo's former ones",
    ),
    Setting::new(
        "demo_seed",
        "a whole number",
        "",
        "with `demo`: what chance in a new demo begins with, drawn at random by default; the same seed and the same end \
         give the same eight weeks",
    ),
    Setting::new(
        "issuer",
        "a text",
        r#""jeton""#,
        "`iss` of leases; written into a new folder, and a start with another is refused",
    ),
    Setting::new(
        "lease_algorithm",
        "Ed25519 or EdDSA",
        r#""Ed25519""#,
        "how leases name their algorithm; `EdDSA` for older libraries; written into a new folder likewise",
    ),
    Setting::new(
        "log_format",
        "text or json",
        r#""text""#,
        "how a line of the log is written; `json` is one object a line",
    ),
    Setting::new(
        "log",
        "a filter such as info or jeton_engine=debug,warn",
        r#""info""#,
        "what is logged, as a filter such as `jeton_engine=debug,warn`; other commands than `serve` say `warn`",
    ),
    Setting::new(
        "clock_jump_s",
        "a whole number of seconds, at least 1",
        "60",
        "by how many seconds the machine's two clocks may part before nothing is decided (W9)",
    ),
    Setting::new(
        "queue",
        "a whole number of commands, at least 1",
        "4096",
        "how many requests may wait for a decision; one more is answered with 503",
    ),
    Setting::new(
        "silence_s",
        "a whole number of seconds, at least 1",
        "15",
        "for how many seconds a connection may say nothing, or not take its answer, before it is closed",
    ),
    Setting::new(
        "rate_limit_per_s",
        "a whole number of requests, 0 for no limit",
        "50",
        "requests a second of one key of a team, member or partner, twice as many at once; 0: no limit",
    ),
    Setting::new(
        "rate_limit_all",
        "true or false",
        "false",
        "whether keys of the vendor and of products are measured, too",
    ),
    Setting::new(
        "disk_warn_mb",
        "a whole number of megabytes, 0 for never",
        "1024",
        "below so much room on the folder's disk the log warns; 0: never",
    ),
    Setting::new(
        "disk_refuse_mb",
        "a whole number of megabytes, 0 for never",
        "64",
        "below so much room nothing new is begun, so that what is open can go on and the server can stop; 0: never",
    ),
];

/// What the value of a setting must be; of a name that is no setting, nothing.
pub(super) fn value_of(name: &str) -> Option<&'static str> {
    SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.value)
}
