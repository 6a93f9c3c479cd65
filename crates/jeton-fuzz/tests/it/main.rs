//! The kept corpus and seeded mutations of it through every target: what libFuzzer does, as far as a stable toolchain
//! can. One test a target, each in a process of its own.

#[cfg(test)]
mod house;
#[cfg(test)]
mod targets;
