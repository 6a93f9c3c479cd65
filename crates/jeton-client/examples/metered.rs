//! A program that is metered: it opens its product, listens while it works, and closes it at the end.

use std::error::Error;

use jeton_client::sdk::{self, Change, Client, Login, Opening};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new(Login::load()?)?;
    let opening = Opening::of("autocad").version("2026");
    let session = match client.open(opening).await {
        Ok(session) => session,
        Err(sdk::Error::Refused(refusal)) => return Err(format!("not today: {}", refusal.detail()).into()),
        Err(error) => return Err(error.into()),
    };
    let mut changes = session.changes();
    let mut work = std::pin::pin!(tokio::signal::ctrl_c()); // whatever the program does
    loop {
        tokio::select! {
            _ = &mut work => break,
            change = changes.next() => match change {
                Some(Change::RenewalSoon { at, tokens }) => println!("{tokens} more tokens at {at}, if you go on"),
                Some(Change::Unfunded { refusal, ends_at }) => println!("save until {ends_at}: {refusal}"),
                Some(Change::Stop { .. }) | None => break,
                Some(_) => {}
            },
        }
    }
    let closed = session.close().await?;
    println!("closed; {} charges were made by that", closed.charged.len());
    Ok(())
}
