//! Who may use whom: the table of rooms in ARCHITECTURE.md against what `cargo metadata` says.
//!
//! The table has the heads `crate` and `may use`. A cell of `may use` names crates of ours (`core` or `jeton-core`,
//! remarks in parentheses), or `nobody`, `none of ours`, `-`, or `all`. It bounds what a crate is built from; what only
//! its tests use is not bounded, since they put the house together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, cells, file, quoted};
use crate::workspace::{Package, SourceFile};

const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// Each crate is in the table, each row is a crate, and no crate uses one that its row does not name.
pub(super) fn rooms(files: &[SourceFile], packages: &[Package]) -> Findings {
    let architecture = match file(files, ARCHITECTURE) {
        Ok(architecture) => architecture,
        Err(findings) => return findings,
    };
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let table = match table(&architecture.text, &ours) {
        Ok(table) => table,
        Err(finding) => return vec![format!("{ARCHITECTURE}: {finding}")],
    };

    let mut findings = Findings::new();
    for package in packages {
        let Some(may_use) = table.get(package.name.as_str()) else {
            findings.push(format!("{ARCHITECTURE}: the table of rooms has no row for {}", package.name));
            continue;
        };
        let built_from = package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"));
        for used in built_from.filter(|dependency| ours.contains(dependency.name.as_str())) {
            if !may_use.contains(used.name.as_str()) {
                findings.push(format!(
                    "{}: uses {}, which its row in the table of rooms in {ARCHITECTURE} does not name",
                    package.name, used.name
                ));
            }
        }
    }
    findings
}

/// For each crate of the table those that it may use.
fn table<'a>(text: &str, ours: &BTreeSet<&'a str>) -> Result<BTreeMap<&'a str, BTreeSet<&'a str>>, String> {
    let mut rows = text.lines().skip_while(|line| heads(line).is_none());
    let Some(may_use) = rows.next().and_then(heads) else {
        return Err("has no table of rooms with the heads `crate` and `may use`".to_owned());
    };
    let own = |name: &str| {
        let name = name.trim().trim_matches('`');
        ours.iter().find(|own| **own == name || own.strip_prefix("jeton-") == Some(name)).copied()
    };

    let mut table = BTreeMap::new();
    for row in rows.take_while(|line| line.trim_start().starts_with('|')).filter_map(cells) {
        let (Some(first), Some(used)) = (row.first(), row.get(may_use)) else {
            return Err(format!("the table of rooms has a short row: {row:?}"));
        };
        let name = quoted(first).next().unwrap_or(first);
        let name = own(name).ok_or_else(|| format!("the table of rooms has a row for {name}, which is no crate"))?;
        let used = without_remarks(used);
        let used: BTreeSet<&str> = match used.trim() {
            "" | "-" | "–" | "nobody" | "none of ours" => BTreeSet::new(),
            "all" => ours.iter().copied().filter(|name| *name != "xtask").collect(),
            names => names
                .split(',')
                .map(|name| own(name).ok_or_else(|| format!("the table of rooms names {name}, which is no crate")))
                .collect::<Result<_, _>>()?,
        };
        table.insert(name, used);
    }
    Ok(table)
}

/// The place of `may use`, if the line is the heads of the table.
fn heads(line: &str) -> Option<usize> {
    let cells = cells(line)?;
    (cells.first() == Some(&"crate")).then(|| cells.iter().position(|cell| *cell == "may use")).flatten()
}

/// `core, store (views only)` is `core, store `.
fn without_remarks(cell: &str) -> String {
    cell.split('(')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    const TABLE: &str = "\
# Rooms
| crate | is | may use |
|---|---|---|
| `jeton-core` | words and rules | nobody |
| `jeton-store` | the log | core (views only) |
| `jeton` | the binary | all |
";

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Package {
        let dependencies = uses
            .iter()
            .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: kind.map(str::to_owned) })
            .collect();
        Package { name: name.to_owned(), dependencies }
    }

    fn found(table: &str, packages: &[Package]) -> Findings {
        rooms(&[SourceFile { path: ARCHITECTURE.to_owned(), text: table.to_owned() }], packages)
    }

    fn house() -> [Package; 3] {
        [
            package("jeton-core", &[("serde", None), ("jeton-store", Some("dev"))]),
            package("jeton-store", &[("jeton-core", None)]),
            package("jeton", &[("jeton-core", None), ("jeton-store", None)]),
        ]
    }

    #[test]
    fn a_house_as_drawn_is_tidy() {
        assert_eq!(found(TABLE, &house()), Findings::new());
    }

    #[test]
    fn a_crate_that_uses_one_it_may_not_is_found() {
        let [_, store, binary] = house();
        let core = package("jeton-core", &[("jeton-store", None)]);
        let findings = found(TABLE, &[core, store, binary]);
        assert_eq!(
            findings,
            ["jeton-core: uses jeton-store, which its row in the table of rooms in ARCHITECTURE.md does not name"]
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
        let [core, store, binary] = house();
        let engine = package("jeton-engine", &[]);
        assert_eq!(
            found(TABLE, &[core, store, binary, engine]),
            ["ARCHITECTURE.md: the table of rooms has no row for jeton-engine"]
        );
        let [core, _, binary] = house();
        assert_eq!(
            found(TABLE, &[core, binary]),
            ["ARCHITECTURE.md: the table of rooms has a row for jeton-store, which is no crate"]
        );
    }

    #[test]
    fn a_table_that_is_missing_is_found() {
        assert_eq!(
            found("# Rooms\n", &house()),
            ["ARCHITECTURE.md: has no table of rooms with the heads `crate` and `may use`"]
        );
        assert_eq!(rooms(&[], &house()).len(), 1);
    }
}
