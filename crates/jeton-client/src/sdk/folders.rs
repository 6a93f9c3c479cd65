//! Where this machine keeps what a person has here: the one place of the SDK that reads the environment.
//!
//! What always holds: the folders are those of the XDG base directories, a relative one is passed over as the
//! specification says, files are readable by their owner alone, and a file is there whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// `$XDG_CONFIG_HOME/jeton`, else `~/.config/jeton`; `None` when neither is known.
pub fn configuration() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

/// `$XDG_STATE_HOME/jeton`, else `~/.local/state/jeton`; `None` when neither is known.
pub fn state() -> Option<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state")
}

#[expect(clippy::disallowed_methods, reason = "this is the one place of the SDK where the environment is read")]
fn folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| Some(absolute("HOME")?.join(below_home)))?;
    Some(base.join("jeton"))
}

/// Makes a folder, and those above it, for its owner alone (0700).
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Writes a file for its owner alone (0600); whoever reads meanwhile sees the old one or the new one.
pub(crate) fn write(path: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let beside = path.join(format!(".{name}.{}", std::process::id()));
    let written = create(&beside, text).and_then(|()| fs::rename(&beside, path.join(name)));
    if written.is_err() {
        // What is left of it is of no use; that it cannot be removed either says nothing new.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}
