//! What the page of the SDK shows is what is compiled.

#[test]
fn the_program_on_the_page_is_the_example() {
    let page = include_str!("../../../docs/sdk.md");
    let example = include_str!("../examples/metered.rs");
    let (_, program) = example.split_once("\n\n").unwrap();
    assert!(page.contains(&format!("```rust\n{program}```")), "copy crates/jeton-client/examples/metered.rs");
    assert!(example.lines().count() <= 35, "a program of 30 lines");
}
