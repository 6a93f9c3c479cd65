//! Rules about every file: how long it is, and what must not stand in it. And how long the model of the rules is.

use std::path::Path;

use super::Findings;
use crate::workspace::SourceFile;

/// A file tells one story; one of more lines than this tells two.
const MOST_LINES: usize = 900;

/// Made by a program, or data: nobody reads them from top to bottom.
const NOT_READ: [&str; 2] = ["lock", "json"];

/// No file is too long to be read.
pub(super) fn lengths(files: &[SourceFile]) -> Findings {
    files
        .iter()
        .filter(|file| !NOT_READ.iter().any(|extension| file.has_extension(extension)))
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(file, lines)| format!("{}: has {lines} lines, more than {MOST_LINES}; make two of it", file.path))
        .collect()
}

/// Where the model stands, what its length may be, and where the lengths of its crate are written down.
const MODEL: &str = "crates/jeton-model/src/";
const MOST_LINES_OF_THE_MODEL: usize = 500;
const MODEL_TABLE: &str = "docs/testing.md";

/// The model of windows, lots, caps, idle time and undo is short enough to be read beside the rules, and it is written
/// down truly how long it and each file beside it is.
pub(super) fn model(files: &[SourceFile]) -> Findings {
    let table = match super::file(files, MODEL_TABLE) {
        Ok(table) => table,
        Err(missing) => return missing,
    };
    let rooms = files.iter().filter_map(|file| Some((file.path.strip_prefix(MODEL)?, file.text.lines().count())));
    let rooms: Vec<(&str, usize)> = rooms.collect();
    let of_the_model = rooms.iter().filter(|(room, _)| *room == "model.rs" || room.starts_with("model/"));
    let together: usize = of_the_model.map(|(_, lines)| lines).sum();
    let written = |room: &str, lines: usize| {
        let row = [format!("`{room}`"), lines.to_string()];
        table.text.lines().filter_map(super::cells).any(|cells| cells.iter().take(2).eq(&row))
    };
    let length = match together {
        0 => Some(format!("{MODEL}model.rs: is missing, and the model of the rules stands in it")),
        1..=MOST_LINES_OF_THE_MODEL => None,
        _ => Some(format!(
            "{MODEL}model.rs: has {together} lines with its folder, more than {MOST_LINES_OF_THE_MODEL}; tell it in \
             fewer, or move what is not of windows, lots, caps, idle time or undo to a file beside it"
        )),
    };
    let unwritten = rooms.iter().filter(|(room, lines)| !written(room, *lines)).map(|(room, lines)| {
        format!("{MODEL}{room}: has {lines} lines; write so in its row of the model's table in {MODEL_TABLE}")
    });
    length.into_iter().chain(unwritten).collect()
}

/// Nothing is left for later behind a face that works.
pub(super) fn left_for_later(files: &[SourceFile]) -> Findings {
    // Put together here, so that this file does not find itself.
    let macros = [concat!("to", "do!("), concat!("unimpl", "emented!(")];
    let code = files.iter().filter(|file| file.has_extension("rs"));
    code.flat_map(|file| {
        let lines = file.lines().filter(move |(_, line)| macros.iter().any(|name| line.contains(name)));
        lines.map(|(number, _)| format!("{}:{number}: leaves something for later", file.path))
    })
    .collect()
}

/// No file knows where it lies on somebody's machine.
pub(super) fn absolute_paths(files: &[SourceFile], root: &Path) -> Findings {
    let root = root.display().to_string();
    let machines = [root.as_str(), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];
    files
        .iter()
        .flat_map(|file| {
            let lines = file.lines().filter(move |(_, line)| machines.iter().any(|path| stands_in(path, line)));
            lines.map(|(number, _)| format!("{}:{number}: names a path of one machine", file.path))
        })
        .collect()
}

/// Whether `path` begins a path in `line`, and is not the end or middle of another, as in `https://host/home/`.
fn stands_in(path: &str, line: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|character| character.is_alphanumeric() || "/.-_~}".contains(character))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: String) -> SourceFile {
        SourceFile { path: path.to_owned(), text }
    }

    #[test]
    fn a_file_may_have_900_lines_and_not_one_more() {
        let files = [
            file("long.rs", "\n".repeat(901)),
            file("enough.rs", "\n".repeat(900)),
            file("Cargo.lock", "\n".repeat(5_000)),
        ];
        assert_eq!(lengths(&files), ["long.rs: has 901 lines, more than 900; make two of it"]);
    }

    #[test]
    fn the_model_may_have_500_lines_and_not_one_more() {
        let house = |frame: usize, table: &str| {
            [
                file("crates/jeton-model/src/model.rs", "\n".repeat(frame)),
                file("crates/jeton-model/src/model/undo.rs", "\n".repeat(100)),
                file("crates/jeton-model/src/jobs.rs", "\n".repeat(300)),
                file("docs/testing.md", format!("| `model/undo.rs` | 100 | W2 |\n| `jobs.rs` | 300 | R |\n{table}")),
            ]
        };
        assert_eq!(model(&house(400, "| `model.rs` | 400 | facts |")), [""; 0]);
        assert_eq!(
            model(&house(401, "| `model.rs` | 401 | facts |")),
            [
                "crates/jeton-model/src/model.rs: has 501 lines with its folder, more than 500; tell it in fewer, or move \
              what is not of windows, lots, caps, idle time or undo to a file beside it"
            ]
        );
        assert_eq!(
            model(&house(399, "| `model.rs` | 400 | facts |")),
            [
                "crates/jeton-model/src/model.rs: has 399 lines; write so in its row of the model's table in docs/testing.md"
            ]
        );
        assert_eq!(
            model(&[file("docs/testing.md", String::new())]),
            ["crates/jeton-model/src/model.rs: is missing, and the model of the rules stands in it"]
        );
    }

    #[test]
    fn what_is_left_for_later_is_found_with_its_line() {
        let files = [file("a.rs", format!("fn a() {{\n    {}\"b\")\n}}\n", concat!("to", "do!(")))];
        assert_eq!(left_for_later(&files), ["a.rs:2: leaves something for later"]);
    }

    #[test]
    fn a_path_of_a_machine_is_found_and_a_part_of_an_address_is_not() {
        let root = Path::new("/srv/build/jeton");
        let files = [file("a.md", "see /srv/build/jeton/docs\n\nhttps://host/srv/build/jeton\n".to_owned())];
        assert_eq!(absolute_paths(&files, root), ["a.md:1: names a path of one machine"]);
    }
}
