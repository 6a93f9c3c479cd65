//! Completions and manual pages: of every command, and read by the programs that they are for.

use std::collections::BTreeSet;
use std::process::Command;

use crate::support::process::Folder;

/// The commands of which `jeton help` tells, below one.
fn commands(folder: &Folder, of: &[&str]) -> Vec<String> {
    let help = folder.plain_jeton(&[of, &["--help"]].concat(), &[]).stdout;
    let list = help.split("Commands:\n").nth(1).unwrap_or_default();
    let list = list.split("\n\n").next().unwrap_or_default();
    let named = list.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
    named.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_shell_is_told_of_every_command() {
    let folder = Folder::new();
    let commands = commands(&folder, &[]);
    assert!(commands.len() > 5, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let told = folder.plain_jeton(&["completions", shell], &[]);
        assert_eq!(told.code, Some(0), "{shell}: {}", told.stderr);
        for command in &commands {
            assert!(told.stdout.contains(command.as_str()), "{shell}: {command}");
        }
    }
    // bash itself finds nothing wrong with what it is given, and completes by it.
    let script = folder.beside("jeton.bash");
    std::fs::write(&script, folder.plain_jeton(&["completions", "bash"], &[]).stdout).unwrap();
    let try_it = "source \"$1\"; COMP_WORDS=(jeton ba); COMP_CWORD=1; _jeton jeton ba jeton; echo \"${COMPREPLY[*]}\"";
    let completed = Command::new("bash").args(["-euc", try_it, "bash"]).arg(&script).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&completed.stdout).trim(), "backup", "{completed:?}");
}

#[test]
fn every_command_has_its_manual_page() {
    let folder = Folder::new();
    let pages = folder.beside("man1");
    let written = folder.plain_jeton(&["man", pages.to_str().unwrap()], &[]);
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    let found: BTreeSet<String> =
        std::fs::read_dir(&pages).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut expected = BTreeSet::from(["jeton.1".to_owned()]);
    for command in commands(&folder, &[]) {
        expected.extend(commands(&folder, &[&command]).into_iter().map(|below| format!("jeton-{command}-{below}.1")));
        expected.insert(format!("jeton-{command}.1"));
    }
    assert!(expected.is_subset(&found), "{:?}", expected.difference(&found));
    let page = std::fs::read_to_string(pages.join("jeton-backup.1")).unwrap();
    for part in [".TH", ".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", "jeton restore"] {
        assert!(page.contains(part), "{part}");
    }
}
