//! The SDK: what a program does to be metered, and what it can rely on.
//!
//! A [`Client`] is made from a [`Login`] (`jeton login` writes it) and opens a product as a [`Session`], which beats by
//! itself, keeps the newest lease, tells what changes, and is closed at the end. What a program does beside is to
//! listen: to say what a renewal will cost before it does, to let the member save when there is nothing to go on with,
//! and to stop when it is told to.
//!
//! ```no_run
//! # async fn program() -> Result<(), Box<dyn std::error::Error>> {
//! use jeton_client::sdk::{Client, Login, Opening};
//!
//! let client = Client::new(Login::load()?)?;
//! let session = client.open(Opening::of("autocad").version("2026")).await?;
//! // … the program runs …
//! let closed = session.close().await?;
//! println!("{} charges", closed.charged.len());
//! # Ok(())
//! # }
//! ```
//!
//! What always holds: opening never takes longer than the client's patience; a refusal ([`Error::Refused`]) is told
//! apart from a server that cannot be reached ([`Error::Unreachable`]); nobody is charged for time in which the program
//! did not run. A lease is verified here, by public keys alone ([`verify`]).
//!
//! What it does not do: stop the program, and read the wall clock for anything that the server's time or the time since
//! the machine's start can tell. It needs a tokio runtime with time and I/O; [`blocking`](crate::blocking) brings one.
//! It is for Linux.

mod change;
mod client;
mod error;
pub mod folders;
mod keeper;
mod lease;
mod login;
mod machine;
mod notes;
mod server_time;
mod session;
mod state;
mod transport;

pub use change::{Change, Reason, Standing};
pub use client::{Client, ClientBuilder, Opening, enrol};
pub use error::{Error, MayNotStart, Refusal, Unreachable};
pub use lease::{GRACE, Holder, LeaseClaims, LeaseRefusal, Standing as LeaseStanding, verify};
pub use login::{Login, LoginError};
pub use machine::{Machine, ThisMachine, Waiting};
pub use notes::Leave;
pub use session::{Changes, Session};
