//! All tests of the workspace.

use anyhow::Result;

use crate::{needs, program};

/// Installs what the tests need, then runs the examples in the documentation and every test.
pub(crate) fn run() -> Result<()> {
    needs::programs()?;
    needs::python()?;
    needs::node_packages()?;
    needs::cargo_tool(&needs::NEXTEST)?;
    // The examples first: they are few, and the last line is then the sum of all tests.
    program::run("cargo", &["test", "--locked", "--quiet", "--workspace", "--doc"])?;
    program::run("cargo", &["nextest", "run", "--locked", "--workspace", "--no-tests", "fail"])
}
