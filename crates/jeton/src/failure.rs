//! How a command can fail, and the exit status of each way.
//!
//! What always holds: whoever fails has said which way it is, since a script that reads the exit status depends on
//! it. There is therefore no conversion from other errors; `refused`, `usage` and `unavailable` are called where it
//! is known. The sentence inside is for people and says what to do.

use std::fmt;
use std::process::ExitCode;

use anyhow::Error;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A rule refused it, or what was to be shown is not true. Exit status 1.
    Refused(Error),
    /// It was asked in a way that cannot be understood: flags, environment, configuration file. Exit status 2.
    Usage(Error),
    /// It could be done, but not now or not here: the folder is taken, the disk is full, the address is in use.
    /// Exit status 3.
    Unavailable(Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Refused(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Unavailable(_) => ExitCode::from(3),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) | Self::Usage(error) | Self::Unavailable(error) => {
                // The whole chain on one line: what was tried, then why it did not work.
                write!(formatter, "{error:#}")
            }
        }
    }
}

/// A failure of the kind `Refused`, from a sentence or an error.
pub(crate) fn refused(cause: impl Into<Cause>) -> Failure {
    Failure::Refused(cause.into().0)
}

/// A failure of the kind `Usage`, from a sentence or an error.
pub(crate) fn usage(cause: impl Into<Cause>) -> Failure {
    Failure::Usage(cause.into().0)
}

/// A failure of the kind `Unavailable`, from a sentence or an error.
pub(crate) fn unavailable(cause: impl Into<Cause>) -> Failure {
    Failure::Unavailable(cause.into().0)
}

/// What may stand inside a failure: a sentence, or an error with its context.
pub(crate) struct Cause(Error);

impl From<String> for Cause {
    fn from(sentence: String) -> Self {
        Self(Error::msg(sentence))
    }
}

impl From<&'static str> for Cause {
    fn from(sentence: &'static str) -> Self {
        Self(Error::msg(sentence))
    }
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        Self(error)
    }
}
