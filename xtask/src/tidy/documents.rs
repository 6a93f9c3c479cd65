//! Rules about what is written for people: it must not rot.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Findings, cells, file, quoted};
use crate::workspace::{Package, SourceFile};

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const DEPENDENCIES: &str = "docs/dependencies.md";
const DECISIONS: &str = "docs/adr/";
const BOOK: &str = "docs/SUMMARY.md";
/// Pages for who works on the project: they lie beside the book's, and point out of it.
const NO_PAGES_OF_THE_BOOK: [&str; 3] = [BOOK, DEPENDENCIES, "docs/testing.md"];

/// Each direct dependency has its line in docs/dependencies.md, and each line its dependency.
pub(super) fn dependencies(files: &[SourceFile], packages: &[Package]) -> Findings {
    let document = match file(files, DEPENDENCIES) {
        Ok(document) => document,
        Err(findings) => return findings,
    };
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let used: BTreeSet<&str> = packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| !ours.contains(name))
        .collect();
    let explained: BTreeSet<&str> =
        document.text.lines().filter_map(cells).filter_map(|row| row.first().copied()).flat_map(quoted).collect();
    let unexplained = used
        .difference(&explained)
        .map(|name| format!("{DEPENDENCIES}: has no line for {name}: what for, why this, and what not"));
    let unused = explained.difference(&used).map(|name| format!("{DEPENDENCIES}: explains {name}, which nothing uses"));
    unexplained.chain(unused).collect()
}

/// Each page of docs/adr is linked from ARCHITECTURE.md or from docs/adr/README.md.
pub(super) fn decisions(files: &[SourceFile]) -> Findings {
    let index = format!("{DECISIONS}README.md");
    let linked: BTreeSet<String> = files
        .iter()
        .filter(|file| file.path == ARCHITECTURE || file.path == index)
        .flat_map(|file| targets(&file.text))
        .filter_map(|(_, target)| target.rsplit('/').next().map(str::to_owned))
        .collect();
    files
        .iter()
        .filter(|file| file.path != index)
        .filter_map(|file| file.path.strip_prefix(DECISIONS))
        .filter(|page| !linked.contains(*page))
        .map(|page| format!("{DECISIONS}{page}: is linked neither from {ARCHITECTURE} nor from {index}"))
        .collect()
}

/// No link within the tree leads nowhere.
pub(super) fn links(files: &[SourceFile], root: &Path) -> Findings {
    let documents = files.iter().filter(|file| file.has_extension("md"));
    documents
        .flat_map(|file| {
            let folder = root.join(&file.path).parent().expect("a file lies in a folder").to_owned();
            let lost = targets(&file.text).filter(move |(_, target)| !folder.join(target).exists());
            lost.map(|(line, target)| format!("{}:{line}: links to {target}, which is not there", file.path))
        })
        .collect()
}

/// Each page in docs is one of the book or of those that are none, and no page of the book links to what is not in it:
/// whoever reads the book has no source tree.
pub(super) fn book(files: &[SourceFile]) -> Findings {
    let summary = match file(files, BOOK) {
        Ok(summary) => summary,
        Err(findings) => return findings,
    };
    let named: BTreeSet<String> = targets(&summary.text).map(|(_, target)| within(BOOK, target)).collect();
    let pages = files.iter().filter(|file| file.path.starts_with("docs/") && file.has_extension("md"));
    let (inside, outside): (Vec<_>, Vec<_>) = pages.partition(|page| named.contains(&page.path));
    let lost = outside
        .iter()
        .filter(|page| !NO_PAGES_OF_THE_BOOK.contains(&page.path.as_str()))
        .map(|page| format!("{}: is not named in {BOOK}", page.path));
    let leaving = inside.iter().flat_map(|page| {
        let targets = targets(&page.text).map(|(line, target)| (line, within(&page.path, target)));
        targets.filter(|(_, target)| !named.contains(target)).map(|(line, target)| {
            format!("{}:{line}: links out of the book, to {target}: say where it is instead", page.path)
        })
    });
    lost.chain(leaving).collect()
}

/// The path of what a page links to.
fn within(page: &str, target: &str) -> String {
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for part in target.split('/') {
        match part {
            "." => {}
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.join("/")
}

/// Each paragraph of ARCHITECTURE.md that begins with **Invariant:** ends in `Held by` and the backticked names of what
/// holds it: test functions, rules of this program, or lints of Cargo.toml and clippy.toml; and those exist.
pub(super) fn invariants(files: &[SourceFile]) -> Findings {
    let architecture = match file(files, ARCHITECTURE) {
        Ok(architecture) => architecture,
        Err(findings) => return findings,
    };
    let mut findings = Findings::new();
    for paragraph in architecture.text.split("\n\n") {
        let Some(invariant) = paragraph.trim().strip_prefix("**Invariant:**") else { continue };
        let names: Vec<&str> =
            invariant.split_once("Held by").map(|(_, names)| quoted(names).collect()).unwrap_or_default();
        let start: String = invariant.trim().chars().take(60).collect();
        if names.is_empty() {
            findings.push(format!("{ARCHITECTURE}: \"{start}…\" does not say by what it is `Held by`"));
        }
        for name in names.iter().filter(|name| !exists(files, name)) {
            findings.push(format!("{ARCHITECTURE}: \"{start}…\" is held by {name}, which is not there"));
        }
    }
    findings
}

/// Whether `name` is a function of the code, or a lint that is set.
fn exists(files: &[SourceFile], name: &str) -> bool {
    let function = format!("fn {name}");
    files.iter().any(|file| {
        let named = |text: &str, what: &str| {
            text.match_indices(what).any(|(at, _)| {
                let after = text.get(at + what.len()..).and_then(|rest| rest.chars().next());
                !after.is_some_and(|character| character.is_alphanumeric() || character == '_')
            })
        };
        match file.path.as_str() {
            "Cargo.toml" | "clippy.toml" => named(&file.text, name),
            _ => file.has_extension("rs") && named(&file.text, &function),
        }
    })
}

/// The links of a Markdown text to files of the tree, with the line of each.
fn targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(index, line)| {
        let ends = line.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let targets = ends.map(|(target, _)| target.split('#').next().unwrap_or_default());
        targets
            .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
            .map(move |target| (index + 1, target))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn text(path: &str, text: &str) -> SourceFile {
        SourceFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_dependency_without_a_line_and_a_line_without_a_dependency_are_found() {
        let document = text(DEPENDENCIES, "| take | for |\n|---|---|\n| `serde`, `toml` | files |\n");
        let dependency = |name: &str| Dependency { name: name.to_owned(), kind: None };
        let dependencies_of = vec![dependency("serde"), dependency("clap"), dependency("jeton-core")];
        let packages = [
            Package { name: "jeton".to_owned(), dependencies: dependencies_of },
            Package { name: "jeton-core".to_owned(), dependencies: Vec::new() },
        ];
        assert_eq!(
            dependencies(&[document], &packages),
            [
                "docs/dependencies.md: has no line for clap: what for, why this, and what not",
                "docs/dependencies.md: explains toml, which nothing uses",
            ]
        );
    }

    #[test]
    fn a_page_beside_the_book_and_a_link_out_of_it_are_found() {
        let files = [
            text(BOOK, "- [Rules](rules.md)\n- [Why](adr/0001-why.md)"),
            text("docs/rules.md", "[why](adr/0001-why.md#because), [more](https://rules.example)\n[how](../README.md)"),
            text("docs/adr/0001-why.md", "[rules](../rules.md) [tests](../testing.md)"),
            text("docs/testing.md", "[how](../README.md)"),
            text("docs/lost.md", ""),
        ];
        assert_eq!(
            book(&files),
            [
                "docs/lost.md: is not named in docs/SUMMARY.md",
                "docs/rules.md:2: links out of the book, to README.md: say where it is instead",
                "docs/adr/0001-why.md:1: links out of the book, to docs/testing.md: say where it is instead",
            ]
        );
    }

    #[test]
    fn a_decision_that_nobody_links_is_found() {
        let files = [
            text(ARCHITECTURE, "See [one writer](docs/adr/0001-one-writer.md)."),
            text("docs/adr/README.md", "- [log](0002-log.md)"),
            text("docs/adr/0001-one-writer.md", ""),
            text("docs/adr/0002-log.md", ""),
            text("docs/adr/0003-lost.md", ""),
        ];
        assert_eq!(
            decisions(&files),
            ["docs/adr/0003-lost.md: is linked neither from ARCHITECTURE.md nor from docs/adr/README.md"]
        );
    }

    #[test]
    fn a_link_to_nothing_is_found_with_its_line() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("there.md"), "").unwrap();
        let files = [text("README.md", "[a](there.md#part) [b](https://host/x)\n[c](lost.md) [d](#below)\n")];
        assert_eq!(links(&files, root.path()), ["README.md:2: links to lost.md, which is not there"]);
    }

    #[test]
    fn an_invariant_must_be_held_by_something_that_exists() {
        let files = [
            text(
                ARCHITECTURE,
                "**Invariant:** core is pure. Held by `rooms` and `unsafe_code`.\n\n\
                 **Invariant:** no clock is read. Held by `lost`.\n\n\
                 **Invariant:** all is well.\n",
            ),
            text("xtask/src/tidy/rooms.rs", "pub(super) fn rooms() {}\nfn lost_and_found() {}"),
            text("Cargo.toml", "unsafe_code = \"forbid\""),
        ];
        assert_eq!(
            invariants(&files),
            [
                "ARCHITECTURE.md: \"no clock is read. Held by `lost`.…\" is held by lost, which is not there",
                "ARCHITECTURE.md: \"all is well.…\" does not say by what it is `Held by`",
            ]
        );
    }
}
