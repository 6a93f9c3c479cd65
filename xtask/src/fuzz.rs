//! `cargo xtask fuzz`: the targets of jeton-fuzz under libFuzzer, which needs a nightly toolchain.
//!
//! What always holds: what it finds on the way lies below `fuzz/target`; only inputs that reach code which no kept one
//! reaches are added to `fuzz/corpus`, and none is taken away. Not part of CI, whose tests run the same targets over
//! the same corpus with the toolchain of the project.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::{needs, program, workspace};

/// Bytes of an input, at most, as in jeton-fuzz.
const MOST_BYTES: &str = "-max_len=4096";

/// Runs one target, or all of them one after the other, each for so many seconds.
pub(crate) fn run(target: Option<&str>, seconds: u32) -> Result<()> {
    needs::cargo_tool(&needs::FUZZ)?;
    let all = targets()?;
    let chosen: Vec<&String> = all.iter().filter(|name| target.is_none_or(|target| target == **name)).collect();
    ensure!(!chosen.is_empty(), "there is no such target; there are {}", all.join(", "));
    for name in chosen {
        let kept = format!("fuzz/corpus/{name}");
        let found = format!("fuzz/target/found/{name}");
        fs::create_dir_all(workspace::root().join(&found)).with_context(|| format!("cannot make {found}"))?;
        let time = format!("-max_total_time={seconds}");
        libfuzzer(name, &[&found, &kept, "--", &time, MOST_BYTES])?;
        libfuzzer(name, &[&kept, &found, "--", "-merge=1", MOST_BYTES])?;
    }
    Ok(())
}

fn libfuzzer(target: &str, arguments: &[&str]) -> Result<()> {
    program::run("cargo", &[&["+nightly", "fuzz", "run", "--fuzz-dir", "fuzz", target], arguments].concat())
}

/// The programs that there are.
fn targets() -> Result<Vec<String>> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .map(|entry| Ok(entry?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}
