//! The configuration file: TOML, the settings at the top level under their names.
//!
//! What always holds: every error says the file and the line. A relative `data` is relative to the file, so that a
//! file means the same from wherever the process is started.

use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;

use anyhow::Context;
use toml::de::DeTable;

use super::{SETTINGS, Settings, nearest, shown, value_of};
use crate::failure::{Failure, usage};

/// The settings of a file that was asked for; that it is missing is an error.
pub(super) fn read(path: &Path) -> Result<Settings, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration file {}", shown(path)))
        .map_err(usage)?;
    parse(path, &text)
}

/// The settings of a file that nobody asked for: none, if it is missing.
pub(super) fn read_if_there(path: &Path) -> Result<Settings, Failure> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Settings::default()),
        Ok(_) | Err(_) => read(path),
    }
}

fn parse(path: &Path, text: &str) -> Result<Settings, Failure> {
    let at = |offset: usize, sentence: &str| {
        let line = text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1;
        usage(format!("{}:{line}: {sentence}", shown(path)))
    };
    let start = |span: Option<Range<usize>>| span.map_or(0, |span| span.start);

    // First the names, with their places: serde alone would not tell which setting was probably meant.
    let table = DeTable::parse(text).map_err(|error| at(start(error.span()), error.message().trim()))?;
    for name in table.get_ref().keys() {
        let wrong = name.get_ref();
        if value_of(wrong).is_none() {
            let names = SETTINGS.each_ref().map(|setting| setting.name);
            let sentence = format!(
                "unknown setting `{wrong}`, did you mean `{}`? The settings are {}",
                nearest(wrong, names),
                names.join(", ")
            );
            return Err(at(name.span().start, &sentence));
        }
    }

    let mut settings: Settings = toml::from_str(text).map_err(|error| {
        let offset = start(error.span());
        let name = table.get_ref().iter().find(|(_, value)| value.span().contains(&offset));
        let sentence = match name.and_then(|(name, _)| Some((name.get_ref(), value_of(name.get_ref())?))) {
            Some((name, value)) => format!("`{name}` must be {value}: {}", error.message().trim()),
            None => error.message().trim().to_owned(),
        };
        at(offset, &sentence)
    })?;
    if let (Some(data), Some(folder)) = (&settings.data, path.parent()) {
        settings.data = Some(folder.join(data));
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse(Path::new("etc/jeton.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn every_setting_can_stand_in_a_file() {
        let settings = parse(
            Path::new("etc/jeton.toml"),
            r#"
            data = "data"
            listen = "[::1]:80"
            sandbox = true
            clock = "2026-03-02T08:00:00Z"
            demo = true
            issuer = "https://tokens.example"
            lease_algorithm = "EdDSA"
            log_format = "json"
            log = "debug"
            clock_jump_s = 30
            queue = 16
            silence_s = 5
            rate_limit_per_s = 0
            rate_limit_all = true
            disk_warn_mb = 10
            disk_refuse_mb = 0
            "#,
        )
        .unwrap();
        assert_eq!(settings.data.as_deref(), Some(Path::new("etc/data")));
        assert_eq!(settings.clock_jump_s.unwrap().get(), 30);
        // All of them are there: nothing is left to a weaker source.
        let weaker = Settings { queue: None, ..Settings::default() };
        assert_eq!(settings.clone().or(weaker), settings);
        assert!(settings.listen.is_some() && settings.sandbox.is_some() && settings.clock.is_some());
        assert!(settings.demo.is_some() && settings.issuer.is_some() && settings.log_format.is_some());
        assert!(settings.lease_algorithm.is_some());
        assert!(settings.log.is_some() && settings.queue.is_some());
        assert_eq!(settings.silence_s.unwrap().get(), 5);
        assert_eq!((settings.rate_limit_per_s, settings.rate_limit_all), (Some(0), Some(true)));
        assert_eq!((settings.disk_warn_mb, settings.disk_refuse_mb), (Some(10), Some(0)));
    }

    #[test]
    fn an_unknown_setting_names_the_line_and_the_nearest_one() {
        let sentence = refusal("# a comment\nqueue = 1\nlisen = \"127.0.0.1:1\"\n");
        assert!(
            sentence.starts_with("etc/jeton.toml:3: unknown setting `lisen`, did you mean `listen`?"),
            "{sentence}"
        );
    }

    #[test]
    fn a_section_is_an_unknown_setting_too() {
        assert!(refusal("[server]\nlisten = \"127.0.0.1:1\"\n").contains("etc/jeton.toml:1: unknown setting `server`"));
    }

    #[test]
    fn a_bad_value_names_the_line_the_setting_and_what_it_must_be() {
        let sentence = refusal("queue = 1\n\nlisten = \"here\"\n");
        assert!(
            sentence.starts_with("etc/jeton.toml:3: `listen` must be an address and port such as 127.0.0.1:7878"),
            "{sentence}"
        );
        for (text, name) in [
            ("sandbox = \"yes\"", "sandbox"),
            ("clock = \"tomorrow\"", "clock"),
            ("log_format = \"xml\"", "log_format"),
            ("clock_jump_s = -1", "clock_jump_s"),
            ("queue = 0", "queue"),
            ("rate_limit_per_s = -1", "rate_limit_per_s"),
        ] {
            let sentence = refusal(text);
            assert!(sentence.starts_with(&format!("etc/jeton.toml:1: `{name}` must be ")), "{sentence}");
        }
    }

    #[test]
    fn what_is_not_toml_names_the_line() {
        assert!(refusal("queue = 1\nlisten 127\n").starts_with("etc/jeton.toml:2: "));
        assert!(refusal("queue = 1\nqueue = 2\n").starts_with("etc/jeton.toml:2: "));
    }
}
