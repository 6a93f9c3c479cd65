//! Prints the vectors of leases, which readers in every language are held against:
//! `cargo run -q -p jeton-client --features sdk --example lease_vectors > crates/jeton-client/tests/vectors/leases.json`

#[path = "../tests/vectors/made.rs"]
mod made;

fn main() {
    println!("{:#}", made::vectors());
}
