//! Finds the case files and reads them: settings, table, closing blocks. Every problem is told with file and line,
//! and all files are read before any is.

use std::fmt;
use std::path::Path;

use crate::action::{self, Deed};
use crate::beats::Beating;
use crate::calendar::Calendar;
use crate::case::{Action, Case, Expectation, Step};
use crate::setup::Header;
use crate::{closing, expectation};

/// Something in a case file that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    pub line: usize,
    pub what: String,
}

impl Problem {
    pub(crate) fn new(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// All cases of the repository, by name. Panics with every problem when a file cannot be read.
pub fn load_all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases");
    load(&folder).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("cases that cannot be read:\n{}", problems.join("\n"))
    })
}

/// All `*.case` files of a folder, by name.
pub fn load(folder: &Path) -> Result<Vec<Case>, Vec<Problem>> {
    let unreadable =
        |path: &Path, error: &std::io::Error| vec![Problem::new(&path.display().to_string(), 0, error.to_string())];
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        if path.extension().is_some_and(|ending| ending == "case") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut cases = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        match std::fs::read_to_string(&path) {
            Ok(text) => match read(&name, &text) {
                Ok(case) => cases.push(case),
                Err(mut found) => problems.append(&mut found),
            },
            Err(error) => problems.append(&mut unreadable(&path, &error)),
        }
    }
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

/// One case from its text.
pub fn read(name: &str, text: &str) -> Result<Case, Vec<Problem>> {
    let mut reader = Reader { file: format!("cases/{name}.case"), problems: Vec::new() };
    match reader.case(name, text) {
        Some(case) if reader.problems.is_empty() => Ok(case),
        Some(_) | None => Err(reader.problems),
    }
}

/// One line of the table, as it stands there.
struct Row {
    line: usize,
    at_micros: i64,
    who: Option<String>,
    deed: Deed,
    expect: Vec<Expectation>,
}

struct Reader {
    file: String,
    problems: Vec<Problem>,
}

impl Reader {
    fn case(&mut self, name: &str, text: &str) -> Option<Case> {
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.trim()))
            .filter(|(line, text)| *line == 1 || !(text.is_empty() || text.starts_with('#')))
            .peekable();

        let (_, first) = lines.next().unwrap_or((1, ""));
        let title = first.strip_prefix('#').unwrap_or_default().trim();
        self.require(1, !title.is_empty(), "the first line is `# ` and what happens, in words");

        let mut header = Header::default();
        while let Some((line, text)) = lines.next_if(|(_, text)| !text.contains('|')) {
            if let Err(what) = header.take(text) {
                self.problem(line, what);
            }
        }
        let (line, columns) = lines.next().unwrap_or((1, ""));
        let columns: Vec<&str> = columns.split('|').map(str::trim).collect();
        self.require(
            line,
            columns == ["at", "who", "does", "expect"],
            "the table begins with at | who | does | expect",
        );
        self.require(line, !header.rules.is_empty(), "a case names its `rules`");
        let calendar = self.take(header.calendar(&self.file, line))?;

        let mut rows = Vec::new();
        while let Some((line, text)) = lines.next_if(|(_, text)| !closing::Reader::begins(text)) {
            if let Err(what) = row(line, text, &calendar, &mut rows) {
                self.problem(line, what);
            }
        }
        let mut closing = closing::Reader::default();
        let mut last = line;
        for (line, text) in lines {
            last = line;
            if let Err(what) = closing.take(line, text, &calendar) {
                self.problem(line, what);
            }
        }
        let closing = closing.finish().map_err(|what| Problem::new(&self.file, last, what));
        let closing = self.take(closing)?;
        let begins_at_micros = calendar.week_begins_micros().map_err(|what| Problem::new(&self.file, line, what));
        let begins_at_micros = self.take(begins_at_micros)?;
        Some(Case {
            name: name.to_owned(),
            file: self.file.clone(),
            title: title.to_owned(),
            rules: header.rules.clone(),
            setup: header.setup(begins_at_micros),
            steps: self.steps(begins_at_micros, rows),
            closing,
            calendar,
        })
    }

    /// The rows with the automatic beats between them.
    fn steps(&mut self, begins_at_micros: i64, rows: Vec<Row>) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut beating = Beating::new();
        let mut now_micros = begins_at_micros;
        for row in rows {
            self.require(row.line, row.at_micros >= now_micros, "this is earlier than the line before, or the week");
            now_micros = row.at_micros;
            steps.append(&mut beating.before(row.at_micros));
            if let Err(what) = beating.note(row.line, row.at_micros, row.who.as_deref(), &row.deed, &row.expect) {
                self.problem(row.line, what);
            }
            let active = |session: &str| beating.active_at(session, row.at_micros);
            let actions = match row.deed {
                Deed::Act(Action::Beat { session, active_at_micros: None }) | Deed::Beats(session) => {
                    let active_at_micros = active(&session);
                    vec![Action::Beat { session, active_at_micros }]
                }
                Deed::Act(Action::Close { session, active_at_micros: None }) if row.who.as_deref() != Some("admin") => {
                    let active_at_micros = active(&session);
                    vec![Action::Close { session, active_at_micros }]
                }
                Deed::Act(action) => vec![action],
                Deed::Silent(_) | Deed::Active { .. } => vec![Action::Look],
                Deed::Restart => vec![Action::Down, Action::Up],
            };
            let last = actions.len() - 1;
            for (index, action) in actions.into_iter().enumerate() {
                steps.push(Step {
                    line: row.line,
                    at_micros: row.at_micros,
                    who: row.who.clone(),
                    action,
                    expect: if index == last { row.expect.clone() } else { Vec::new() },
                    automatic: false,
                });
            }
        }
        steps
    }

    fn problem(&mut self, line: usize, what: impl Into<String>) {
        self.problems.push(Problem::new(&self.file, line, what));
    }

    fn require(&mut self, line: usize, holds: bool, what: &str) {
        if !holds {
            self.problem(line, what);
        }
    }

    fn take<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.problems.push(problem)).ok()
    }
}

/// A line of the table; one with nothing but its last column goes on with the expectations of the line before.
fn row(line: usize, text: &str, calendar: &Calendar, rows: &mut Vec<Row>) -> Result<(), String> {
    let columns: Vec<&str> = text.split('|').map(str::trim).collect();
    let (at, who, does, expect) = match columns.as_slice() {
        [at, who, does] => (at, who, does, &""),
        [at, who, does, expect] => (at, who, does, expect),
        _ => return Err("a line of the table has the columns at | who | does | expect".to_owned()),
    };
    if at.is_empty() && who.is_empty() && does.is_empty() {
        let before = rows.last_mut().ok_or("this goes on with no line")?;
        return expectation::parse(expect, calendar, &mut before.expect);
    }
    let mut row = Row {
        line,
        at_micros: calendar.instant(at)?,
        who: (!who.is_empty()).then(|| (*who).to_owned()),
        deed: action::parse(does, calendar)?,
        expect: Vec::new(),
    };
    expectation::parse(expect, calendar, &mut row.expect)?;
    rows.push(row);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "# A title\nrules W1\nweek 2026-03-02\n\nat | who | does | expect\n";

    fn good(table: &str) -> Case {
        read("test", &format!("{HEAD}{table}\ncharges: nothing\n")).unwrap()
    }

    fn bad(text: &str) -> Vec<String> {
        read("test", text).unwrap_err().iter().map(ToString::to_string).collect()
    }

    /// Minutes after Monday 08:00 of every beat.
    fn beats(case: &Case) -> Vec<(String, i64)> {
        let eight = case.calendar.instant("Mon 08:00").unwrap();
        let beat = |step: &Step| match (&step.action, step.automatic) {
            (Action::Beat { session, .. }, true) => Some((session.clone(), (step.at_micros - eight) / 60_000_000)),
            _ => None,
        };
        case.steps.iter().filter_map(beat).collect()
    }

    fn of(session: &str, minutes: &[i64]) -> Vec<(String, i64)> {
        minutes.iter().map(|minute| (session.to_owned(), *minute)).collect()
    }

    #[test]
    fn a_client_beats_every_two_minutes_until_before_its_close() {
        let case = good("Mon 08:00 | ana | open autocad as s1 |\nMon 08:06 | ana | close s1 |\nMon 09:00 | | look |");
        assert_eq!(beats(&case), of("s1", &[2, 4]));
        assert_eq!(case.steps.len(), 5);
    }

    #[test]
    fn a_beat_of_the_table_stands_for_the_automatic_one() {
        let case =
            good("Mon 08:00 | ana | open autocad as s1 |\nMon 08:04 | ana | beat s1 | open\nMon 08:07 | | look |");
        assert_eq!(beats(&case), of("s1", &[2, 6]));
    }

    #[test]
    fn silence_ends_the_beats_and_beats_resumes_them() {
        let case = good(
            "Mon 08:00 | ana | open autocad as s1 |\nMon 08:02 | ana | silent s1 |\n\
             Mon 08:07 | ana | beats s1 |\nMon 08:12 | | look |",
        );
        assert_eq!(beats(&case), of("s1", &[9, 11]));
        assert!(matches!(&case.steps[2].action, Action::Beat { session, .. } if session == "s1"));
    }

    #[test]
    fn the_messages_of_a_client_report_the_activity_that_was_told() {
        let case = good(
            "Mon 08:00 | ana | open autocad as s1 |\nMon 08:03 | ana | active s1 until Mon 08:05 |\n\
             Mon 08:07 | ana | beat s1 |\nMon 08:08 | ana | beat s1 active at Mon 08:06 |\nMon 08:09 | ana | active s1 |\n\
             Mon 08:11 | admin | close s1 | ended\nMon 08:11 | ana | close s1 | ended",
        );
        let eight = case.calendar.instant("Mon 08:00").unwrap();
        let active = |step: &Step| {
            let (Action::Beat { active_at_micros, .. } | Action::Close { active_at_micros, .. }) = step.action else {
                return None;
            };
            Some(active_at_micros.map(|at| (at - eight) / 60_000_000))
        };
        let reported: Vec<_> = case.steps.iter().filter_map(active).collect();
        assert_eq!(reported, [None, Some(4), Some(5), Some(5), Some(6), Some(10), None, Some(11)]);
    }

    #[test]
    fn nobody_beats_while_the_server_is_down_nor_after_a_refusal() {
        let case = good(
            "Mon 08:00 | ana | open autocad as s1 |\nMon 08:01 | ben | open autocad as s2 | refused not_assigned\n\
             Mon 08:03 | server | down |\nMon 08:06 | server | up |\nMon 08:08 | ana | beat s1 | ended\n\
             Mon 08:20 | | look |",
        );
        assert_eq!(beats(&case), of("s1", &[2, 6]));
    }

    #[test]
    fn beats_of_several_clients_are_in_the_order_of_their_instants() {
        let case = good(
            "Mon 08:00 | ana | open autocad as s1 |\nMon 08:02 | ben | open autocad as s2 |\nMon 08:05 | | look |",
        );
        let expected = [of("s1", &[2]), of("s1", &[4]), of("s2", &[4])].concat();
        assert_eq!(beats(&case), expected);
        let order: Vec<i64> = case.steps.iter().map(|step| step.at_micros).collect();
        assert!(order.is_sorted());
    }

    #[test]
    fn a_line_may_go_on_and_a_restart_is_down_and_up() {
        let case = good(
            "Mon 08:00 | ana | open autocad as s1 | hold 7\n| | | available 993\nMon 08:01 | server | restart | held 7",
        );
        assert_eq!(case.steps[0].expect.len(), 2);
        assert_eq!((&case.steps[1].action, case.steps[1].expect.len()), (&Action::Down, 0));
        assert_eq!((&case.steps[2].action, case.steps[2].expect.len()), (&Action::Up, 1));
    }

    #[test]
    fn every_problem_has_its_line() {
        assert_eq!(
            bad(&format!(
                "{HEAD}Mon 08:00 | ana | opens autocad |\nMon 07:00 | ana | beat s1 | hole 7\n\
                 Mon 06:00 | ana | beat s1 |\nMon 05:00 | | look |\n"
            )),
            [
                "cases/test.case:6: `opens autocad` is nothing that a case can do; cases/README.md lists the verbs",
                "cases/test.case:7: `hole 7` is nothing that a case can expect; cases/README.md lists them",
                "cases/test.case:5: a case closes with `charges:`, be it `charges: nothing`",
            ]
        );
        assert_eq!(
            bad(&format!("{HEAD}Mon 06:00 | ana | beat s1 |\nMon 05:00 | | look |\ncharges: nothing\n")),
            [
                "cases/test.case:6: no line before has opened `s1`",
                "cases/test.case:7: this is earlier than the line before, or the week",
            ]
        );
        assert_eq!(
            bad("A title\ncolour red\n"),
            [
                "cases/test.case:1: the first line is `# ` and what happens, in words",
                "cases/test.case:2: `colour red` is no setting of a case; cases/README.md lists them",
                "cases/test.case:1: the table begins with at | who | does | expect",
                "cases/test.case:1: a case names its `rules`",
                "cases/test.case:1: a case has a `week`, like `week 2026-03-02`",
            ]
        );
        assert!(
            bad(&format!("{HEAD}Mon 08:00 | server | down |\nMon 08:01 | | look |\ncharges: nothing\n"))[0]
                .ends_with("7: the server is down")
        );
    }

    #[test]
    fn all_cases_of_the_repository_can_be_read() {
        let cases = load_all();
        assert!(cases.len() > 40, "{}", cases.len());
    }
}
