//! What the tests share: places, clocks, a running engine, and the words that it is asked in.

pub(crate) mod asks;
pub(crate) mod clocks;
pub(crate) mod place;
pub(crate) mod server;
