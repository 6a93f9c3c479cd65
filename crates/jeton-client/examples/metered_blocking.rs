//! The same without a runtime: the session beats on a thread of its own, whatever the program is busy with.

use std::error::Error;
use std::time::Duration;

use jeton_client::blocking::Client;
use jeton_client::sdk::{Change, Login, Opening};

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new(Login::load()?)?;
    let session = client.open(Opening::of("autocad").version("2026"))?;
    let mut changes = session.changes();
    for step in 1..=10 {
        println!("step {step} of 10"); // whatever the program does
        session.active();
        while let Some(change) = changes.next_within(Duration::from_millis(10)) {
            if let Change::RenewalSoon { at, tokens } = &change {
                println!("{tokens} more tokens at {at}, if you go on");
            }
            if let Change::Unfunded { refusal, ends_at } = &change {
                println!("save until {ends_at}: {refusal}");
            }
            if let Change::Stop { .. } = &change {
                return Ok(());
            }
        }
    }
    let closed = session.close()?;
    println!("closed; {} charges were made by that", closed.charged.len());
    Ok(())
}
