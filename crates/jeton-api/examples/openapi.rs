//! Prints the OpenAPI document, for `cargo xtask openapi`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let document = jeton_api::openapi().to_pretty_json().expect("the document has string keys only");
    std::io::stdout().write_all(format!("{document}\n").as_bytes())
}
