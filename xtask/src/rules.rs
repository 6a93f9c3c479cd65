//! The table of proofs in docs/testing.md: by which cases and tests each rule is held.
//!
//! A case proves the rules that its line `rules` names, and the worked example that its file is named after
//! (`cases/e05-….case`); a test proves the rules that its name begins with (`fn w8_w11_…`).
//!
//! What always holds: the table has every rule, and says of one that nothing proves that nothing does. It is a failure
//! when that is a rule of those that must be proven, and, for `--check`, when the table is not what the tree says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::{self, SourceFile};

const DOCUMENT: &str = "docs/testing.md";
const BEGIN: &str = "<!-- What follows is written by `cargo xtask rules`. -->";
const END: &str = "<!-- What `cargo xtask rules` writes ends here. -->";

/// The chapters of docs/rules.md with the number of their last rule, and the worked examples; whether each must be
/// proven. Orders, credits and notices are not all built: they are shown when there is something of them.
const CHAPTERS: [Chapter; 9] = [
    Chapter { letter: 'C', last: 5, is_whole: true },
    Chapter { letter: 'P', last: 11, is_whole: false },
    Chapter { letter: 'A', last: 3, is_whole: true },
    Chapter { letter: 'W', last: 11, is_whole: true },
    Chapter { letter: 'R', last: 2, is_whole: true },
    Chapter { letter: 'L', last: 2, is_whole: true },
    Chapter { letter: 'N', last: 2, is_whole: false },
    Chapter { letter: 'V', last: 6, is_whole: true },
    Chapter { letter: 'E', last: 19, is_whole: false },
];

struct Chapter {
    letter: char,
    last: u8,
    is_whole: bool,
}

/// A rule by its place: chapter, then number.
type Rule = (usize, u8);

/// What proves a rule: names of cases, and names of tests by their crate.
#[derive(Debug, Default, PartialEq, Eq)]
struct Proofs {
    cases: BTreeSet<String>,
    tests: BTreeMap<String, BTreeSet<String>>,
}

/// Writes the table; fails when a rule that must be proven is not, and writes it all the same.
pub(crate) fn write() -> Result<()> {
    let files = workspace::source_files(workspace::root())?;
    let proofs = proofs(&files)?;
    let path = workspace::root().join(DOCUMENT);
    fs::write(&path, with_table(document(&files)?, &table(&proofs))?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    all_proven(&proofs)
}

/// Fails when the table is not what the tree says, or a rule that must be proven is not.
pub(crate) fn check() -> Result<()> {
    let files = workspace::source_files(workspace::root())?;
    let proofs = proofs(&files)?;
    let kept = document(&files)?;
    ensure!(
        kept == with_table(kept, &table(&proofs))?,
        "{DOCUMENT}: the table of proofs is not what the tree says; run `cargo xtask rules`"
    );
    all_proven(&proofs)
}

fn document(files: &[SourceFile]) -> Result<&str> {
    let found = files.iter().find(|file| file.path == DOCUMENT);
    found.map(|file| file.text.as_str()).with_context(|| format!("{DOCUMENT} is missing"))
}

/// Every rule with what proves it.
fn proofs(files: &[SourceFile]) -> Result<BTreeMap<Rule, Proofs>> {
    let all = CHAPTERS.iter().enumerate().flat_map(|(place, of)| (1..=of.last).map(move |number| (place, number)));
    let mut proofs: BTreeMap<Rule, Proofs> = all.map(|rule| (rule, Proofs::default())).collect();
    for file in files {
        let cases = file.path.strip_prefix("cases/").and_then(|name| name.strip_suffix(".case"));
        if let Some(case) = cases {
            for rule in rules_of_case(case, &file.text).with_context(|| file.path.clone())? {
                proofs.entry(rule).or_default().cases.insert(case.to_owned());
            }
        } else if let Some(krate) = crate_of(&file.path).filter(|_| file.has_extension("rs")) {
            for test in tests(file) {
                for rule in rules_of_test(test) {
                    let of_crate = proofs.entry(rule).or_default().tests.entry(krate.to_owned()).or_default();
                    of_crate.insert(test.to_owned());
                }
            }
        }
    }
    Ok(proofs)
}

/// The rules that a case says it proves; it must know them.
fn rules_of_case(name: &str, text: &str) -> Result<BTreeSet<Rule>> {
    let mut rules = BTreeSet::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("rules ")) {
        for word in line.split(',').map(str::trim) {
            rules.insert(rule(word).with_context(|| format!("`{word}` is no rule"))?);
        }
    }
    ensure!(!rules.is_empty(), "it has no line `rules`");
    // `e05` is the fifth worked example; what other names begin with stands in the line, too.
    let first = name.split('-').next().unwrap_or_default();
    rules.extend(rule(&first.to_uppercase().replacen("E0", "E", 1)));
    Ok(rules)
}

/// The rules that a test's name begins with.
fn rules_of_test(name: &str) -> impl Iterator<Item = Rule> {
    let words = name.split('_').map(|word| word.starts_with(char::is_lowercase).then(|| rule(&word.to_uppercase())));
    words.map_while(Option::flatten)
}

/// `W4`, as its chapter and number.
fn rule(text: &str) -> Option<Rule> {
    let letter = text.chars().next()?;
    let place = CHAPTERS.iter().position(|of| of.letter == letter)?;
    let digits = text.get(letter.len_utf8()..)?;
    let number: u8 = digits.parse().ok().filter(|number: &u8| number.to_string() == digits)?;
    (1..=CHAPTERS[place].last).contains(&number).then_some((place, number))
}

/// The names of the functions that only tests have: in a folder of tests, or below `#[cfg(test)]`.
fn tests(file: &SourceFile) -> impl Iterator<Item = &str> {
    let in_tests = file.path.contains("/tests/");
    let lines = file.text.lines().skip_while(move |line| !in_tests && line.trim() != "#[cfg(test)]");
    lines.filter_map(|line| {
        let line = line.trim_start();
        let line =
            ["pub(crate) ", "pub ", "async "].iter().fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
        line.strip_prefix("fn ")?.split(['(', '<']).next()
    })
}

fn crate_of(path: &str) -> Option<&str> {
    let folder = path.strip_prefix("crates/")?.split('/').next()?;
    Some(folder.strip_prefix("jeton-").unwrap_or(folder))
}

/// The table, with an empty line around it, so that it is one.
fn table(proofs: &BTreeMap<Rule, Proofs>) -> String {
    let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let row = |(rule, Proofs { cases, tests }): (&Rule, &Proofs)| {
        let cases: Vec<String> = cases.iter().map(|case| format!("[{case}](../cases/{case}.case)")).collect();
        let of_crate = |(name, tests): (&String, &BTreeSet<String>)| {
            let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
            format!("{name}: {}", tests.join(", "))
        };
        let tests: Vec<String> = tests.iter().map(of_crate).collect();
        format!("| {} | {} | {} |", name(*rule), or_none(cases.join(", ")), or_none(tests.join("; ")))
    };
    let rows: Vec<String> = proofs.iter().map(row).collect();
    format!("\n| rule | cases | tests, by crate |\n|---|---|---|\n{}\n\n", rows.join("\n"))
}

fn name((place, number): Rule) -> String {
    format!("{}{number}", CHAPTERS[place].letter)
}

/// The document with this between its two marks.
fn with_table(document: &str, table: &str) -> Result<String> {
    let parts = document.split_once(&format!("{BEGIN}\n")).zip(document.split_once(END));
    let Some(((before, _), (_, after))) = parts.filter(|((before, _), (until, _))| before.len() < until.len()) else {
        bail!("{DOCUMENT}: needs the lines `{BEGIN}` and `{END}`, around the table of proofs");
    };
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

fn all_proven(proofs: &BTreeMap<Rule, Proofs>) -> Result<()> {
    let unproven = proofs.iter().filter(|((place, _), of)| CHAPTERS[*place].is_whole && **of == Proofs::default());
    let unproven: Vec<String> = unproven.map(|(rule, _)| name(*rule)).collect();
    ensure!(
        unproven.is_empty(),
        "nothing proves {}: write a case that names it in its line `rules`, or a test whose name begins with it",
        unproven.join(", ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    /// What is said of a rule.
    fn row(proofs: &BTreeMap<Rule, Proofs>, name: &str) -> String {
        let table = table(proofs);
        let row = table.lines().find(|line| line.starts_with(&format!("| {name} |")));
        row.expect("every rule has its row").to_owned()
    }

    #[test]
    fn a_case_proves_what_its_line_names_and_the_example_that_it_is() {
        let files = [
            file("cases/e05-a-second.case", "# E5\nrules  W1, W2\nweek   2026-03-02\n"),
            file("cases/README.md", "rules W4\n"),
        ];
        let proofs = proofs(&files).unwrap();
        for rule in ["E5", "W1", "W2"] {
            let expected = format!("| {rule} | [e05-a-second](../cases/e05-a-second.case) | - |");
            assert_eq!(row(&proofs, rule), expected);
        }
        assert_eq!(row(&proofs, "W4"), "| W4 | - | - |");
    }

    #[test]
    fn a_case_of_no_rule_is_found() {
        for text in ["rules  W12\n", "rules  W04\n", "rules  W1 W2\n", "rules  X1\n", "week 2026-03-02\n"] {
            assert!(proofs(&[file("cases/a.case", text)]).is_err(), "{text}");
        }
    }

    #[test]
    fn a_test_proves_what_its_name_begins_with() {
        let files = [
            file(
                "crates/jeton-core/tests/a.rs",
                "    fn w8_w11_a_lease_ends() {\n    pub(crate) fn w8_lost(store: S) {\n",
            ),
            file(
                "crates/jeton/tests/it/b.rs",
                "async fn w8_lost() {\nfn w12_is_no_rule() {\nfn way_4_w8() {\nfn W8_no() {",
            ),
            file(
                "crates/jeton-app/src/c.rs",
                "fn w8_in_the_code() {\n#[cfg(test)]\nmod tests {\n    fn v6_told<T>() {\n",
            ),
        ];
        let proofs = proofs(&files).unwrap();
        assert_eq!(row(&proofs, "W8"), "| W8 | - | core: `w8_lost`, `w8_w11_a_lease_ends`; jeton: `w8_lost` |");
        assert_eq!(row(&proofs, "W11"), "| W11 | - | core: `w8_w11_a_lease_ends` |");
        assert_eq!(row(&proofs, "V6"), "| V6 | - | app: `v6_told` |");
    }

    #[test]
    fn what_must_be_proven_and_is_not_is_told() {
        let all = |without: &str| {
            let named = CHAPTERS.iter().filter(|of| of.is_whole);
            let rules = named.flat_map(|of| (1..=of.last).map(|number| format!("{}{number}", of.letter)));
            let others = rules.filter(|rule| rule != without);
            let tests: Vec<String> = others.map(|rule| format!("fn {}_a() {{", rule.to_lowercase())).collect();
            proofs(&[file("crates/jeton-core/tests/a.rs", &tests.join("\n"))]).unwrap()
        };
        assert!(all_proven(&all("none")).is_ok(), "of P, N and E nothing is asked");
        let why = all_proven(&all("L2")).unwrap_err().to_string();
        assert!(why.starts_with("nothing proves L2: "), "{why}");
    }

    #[test]
    fn the_table_stands_between_its_marks_and_nothing_else_changes() {
        let document = format!("# Tests\n{BEGIN}\nold\n{END}\n\n## More\n");
        let written = with_table(&document, "new\n").unwrap();
        assert_eq!(written, format!("# Tests\n{BEGIN}\nnew\n{END}\n\n## More\n"));
        assert_eq!(with_table(&written, "new\n").unwrap(), written);
        for without in ["# Tests\n".to_owned(), format!("{BEGIN}\n"), format!("{END}\n{BEGIN}\n")] {
            assert!(with_table(&without, "new\n").is_err(), "{without}");
        }
    }
}
