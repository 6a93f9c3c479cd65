//! The binary from outside: a real `jeton serve` on a folder of its own, spoken to over HTTP and the command line.
//!
//! What always holds: nothing here knows the crates behind the binary (the SDK is before it), and nobody waits for a while; what is waited
//! for is a line of output, an answer, or the end of a process. All of it is one test binary, to be linked once.

// As a module of tests, so that tests may unwrap in what they share.
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bad_days;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod enrolling;
#[cfg(test)]
mod erasing;
#[cfg(test)]
mod events;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod operating;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod paperwork;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod repeat;
#[cfg(test)]
mod schemathesis;
#[cfg(test)]
mod sdk;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tamper;
#[cfg(test)]
mod thousand_members;
#[cfg(test)]
mod views;
