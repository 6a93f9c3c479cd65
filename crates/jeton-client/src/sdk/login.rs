//! Who is logged in on this machine: the server, the member and the key, in a file of its owner alone.
//!
//! What always holds: the key is never printed, wiped from memory when it is dropped, and the file is refused when
//! others may read it.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::folders;

/// The name of the file in the folder of the configuration.
const FILE: &str = "login.json";

/// A member's key on this machine.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    /// Where the server is: `https://tokens.example`.
    pub server: String,
    pub team: String,
    pub member: String,
    /// What this machine is called, the same at every opening (W3).
    pub device: String,
    /// The secret of the key: `jtn_…`.
    pub key: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, team, member, device, key: _ } = self;
        write!(f, "Login({team}/{member} on {device}, at {server})")
    }
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// There is no file: nobody has logged in here.
    #[error("nobody is logged in on this machine ({}); run `jeton login --server URL --code CODE`", .0.display())]
    NotThere(PathBuf),
    /// Others may read it, and with it the key.
    #[error("others may read {}; make it yours alone by `chmod 600`, and log in anew if somebody may have", .0.display())]
    OpenToOthers(PathBuf),
    /// It cannot be read or written, or is not what `jeton login` writes.
    #[error("{} is of no use: {cause}", path.display())]
    Unusable { path: PathBuf, cause: String },
    /// Neither `XDG_CONFIG_HOME` nor `HOME` says where it would be.
    #[error("neither XDG_CONFIG_HOME nor HOME says where the login is kept")]
    NoFolder,
}

impl Login {
    /// Where it is kept: `$XDG_CONFIG_HOME/jeton/login.json`, else `~/.config/jeton/login.json`.
    pub fn path() -> Result<PathBuf, LoginError> {
        Ok(folders::configuration().ok_or(LoginError::NoFolder)?.join(FILE))
    }

    /// Who is logged in here.
    pub fn load() -> Result<Self, LoginError> {
        Self::load_from(&Self::path()?)
    }

    /// Who is logged in by this file.
    pub fn load_from(path: &Path) -> Result<Self, LoginError> {
        let unusable =
            |cause: &dyn fmt::Display| LoginError::Unusable { path: path.to_owned(), cause: cause.to_string() };
        let about = match fs::metadata(path) {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LoginError::NotThere(path.to_owned()));
            }
            Err(error) => return Err(unusable(&error)),
        };
        if about.permissions().mode() & 0o077 != 0 {
            return Err(LoginError::OpenToOthers(path.to_owned()));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| unusable(&error))?);
        serde_json::from_str(&text).map_err(|error| unusable(&error))
    }

    /// Keeps it on this machine, in place of whoever was logged in, and says where.
    pub fn save(&self) -> Result<PathBuf, LoginError> {
        let path = Self::path()?;
        let unusable = |cause: &dyn fmt::Display| LoginError::Unusable { path: path.clone(), cause: cause.to_string() };
        let folder = folders::configuration().ok_or(LoginError::NoFolder)?;
        let text = Zeroizing::new(serde_json::to_vec_pretty(self).map_err(|error| unusable(&error))?);
        folders::make(&folder).map_err(|error| unusable(&error))?;
        folders::write(&folder, FILE, &text).map_err(|error| unusable(&error))?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_refused_when_others_may_read_it_and_never_shows_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        assert!(matches!(Login::load_from(&path), Err(LoginError::NotThere(_))));
        let login = Login {
            server: "http://127.0.0.1:7878".to_owned(),
            team: "acme".to_owned(),
            member: "ana".to_owned(),
            device: "laptop".to_owned(),
            key: Zeroizing::new("jtn_secret".to_owned()),
        };
        folders::write(folder.path(), FILE, &serde_json::to_vec(&login).unwrap()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Login::load_from(&path).unwrap();
        assert_eq!(read.key.as_str(), "jtn_secret");
        assert!(!format!("{read:?}").contains("secret"), "{read:?}");

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Login::load_from(&path), Err(LoginError::OpenToOthers(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "{}").unwrap();
        assert!(matches!(Login::load_from(&path), Err(LoginError::Unusable { .. })));
    }
}
