//! The HTTP face in process: a whole application over a store in memory and a sandbox's clock, asked through the
//! router as a client asks it.
//!
//! What always holds, and is looked at in every answer of every test: it has a request id, whatever is not done is a
//! problem whose parts agree with each other, and nothing is the server's failure.

// As a module of tests, so that tests may unwrap in what they share.
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod conformity;
#[cfg(test)]
mod document;
#[cfg(test)]
mod enrolling;
#[cfg(test)]
mod entries;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod events;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod exporting;
mod grants;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod house;
#[cfg(test)]
mod idle;
#[cfg(test)]
mod importing;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod limits;
mod lists;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod pace;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod random;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod shop;
#[cfg(test)]
mod usage;
#[cfg(test)]
mod writing;
