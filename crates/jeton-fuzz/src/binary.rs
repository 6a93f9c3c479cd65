//! The parts of the binary that read what people write: a binary has no library that could be used from here, so
//! they are built once more. The files in `binary/` are links to the binary's own.

#[expect(dead_code, reason = "the binary uses the rest")]
pub(crate) mod configuration;
#[expect(dead_code, reason = "the binary uses the rest")]
pub(crate) mod failure;
