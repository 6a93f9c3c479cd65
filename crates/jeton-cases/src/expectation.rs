//! The column `expect`: what has to be so right after a step, parted by commas.

use crate::action::{number, tokens};
use crate::calendar::Calendar;
use crate::case::{Cover, Expectation, JobState, Warned};

/// Reads the column into `expected`, so that a line that goes on adds to it. The error says what is wrong, without
/// the place.
pub(crate) fn parse(text: &str, calendar: &Calendar, expected: &mut Vec<Expectation>) -> Result<(), String> {
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let words: Vec<&str> = item.split_whitespace().collect();
        match one(&words, calendar)? {
            Some(Expectation::Charged(more)) => charged(more, expected)?,
            Some(Expectation::Warned(more)) => warned(more, expected)?,
            Some(expectation) => expected.push(expectation),
            None => {
                return Err(format!("`{item}` is nothing that a case can expect; cases/README.md lists them"));
            }
        }
    }
    Ok(())
}

/// All charges that a line names are one expectation: these and no other.
fn charged(more: Vec<(String, i64)>, expected: &mut Vec<Expectation>) -> Result<(), String> {
    for expectation in &mut *expected {
        if let Expectation::Charged(charges) = expectation {
            if charges.is_empty() || more.is_empty() {
                return Err("`charged nothing` and a charge in one line".to_owned());
            }
            charges.extend(more);
            return Ok(());
        }
    }
    expected.push(Expectation::Charged(more));
    Ok(())
}

/// So are all warnings.
fn warned(more: Vec<Warned>, expected: &mut Vec<Expectation>) -> Result<(), String> {
    for expectation in &mut *expected {
        if let Expectation::Warned(warnings) = expectation {
            if warnings.is_empty() || more.is_empty() {
                return Err("`warned nothing` and a warning in one line".to_owned());
            }
            warnings.extend(more);
            return Ok(());
        }
    }
    expected.push(Expectation::Warned(more));
    Ok(())
}

fn one(words: &[&str], calendar: &Calendar) -> Result<Option<Expectation>, String> {
    let instant = |day: &str, time: &str| calendar.instant(&format!("{day} {time}"));
    Ok(Some(match words {
        ["open"] => Expectation::Open,
        ["ended"] => Expectation::Ended,
        ["idle"] => Expectation::Idle,
        ["warned", "nothing"] => Expectation::Warned(Vec::new()),
        ["warned", code, figures @ ..] => {
            let (figures, _) = figures_and_sessions(figures)?;
            Expectation::Warned(vec![Warned { code: (*code).to_owned(), figures }])
        }
        ["held"] => Expectation::Job(JobState::Held),
        ["committed"] => Expectation::Job(JobState::Committed),
        ["released"] => Expectation::Job(JobState::Released),
        ["lapsed"] => Expectation::Job(JobState::Lapsed),
        ["lapses", day, time] => Expectation::Lapses(instant(day, time)?),
        ["tokens", amount] => Expectation::Tokens(tokens(amount)?),
        ["credits", amount] => Expectation::Credits(tokens(amount)?),
        ["required", amount] => Expectation::Required(tokens(amount)?),
        ["remaining", amount] => Expectation::Remaining(tokens(amount)?),
        ["unit", "price", price] => Expectation::UnitPrice((*price).to_owned()),
        ["plan", plan] => Expectation::Plan((*plan).to_owned()),
        ["cover", "tokens"] => Expectation::Cover(Some(Cover::Tokens)),
        ["cover", "window"] => Expectation::Cover(Some(Cover::Window)),
        ["cover", "seat"] => Expectation::Cover(Some(Cover::Seat)),
        ["cover", "nothing"] => Expectation::Cover(None),
        ["hold", "nothing"] => Expectation::Hold(None),
        ["hold", held] => Expectation::Hold(Some(tokens(held)?)),
        ["undo", "until", day, time] => Expectation::UndoUntil(instant(day, time)?),
        ["window", "until", day, time] => Expectation::Window { start_micros: None, end_micros: instant(day, time)? },
        ["window", start_day, start_time, "..", end_day, end_time] => Expectation::Window {
            start_micros: Some(instant(start_day, start_time)?),
            end_micros: instant(end_day, end_time)?,
        },
        ["charged", "nothing"] => Expectation::Charged(Vec::new()),
        ["charged", amount, "from", day, time] => Expectation::Charged(vec![(tokens(amount)?, instant(day, time)?)]),
        ["next", "charge", day, time] => Expectation::NextCharge(instant(day, time)?),
        ["refused", code, figures @ ..] => {
            let (figures, sessions) = figures_and_sessions(figures)?;
            Expectation::Refused { code: (*code).to_owned(), figures, sessions }
        }
        ["unfunded", code, figures @ .., "until", day, time] => {
            let (figures, sessions) = figures_and_sessions(figures)?;
            if !sessions.is_empty() {
                return Err("a renewal looks at no devices (W5)".to_owned());
            }
            Expectation::Unfunded { code: (*code).to_owned(), figures, until_micros: instant(day, time)? }
        }
        ["available", amount] => Expectation::Available(tokens(amount)?),
        ["held", amount] => Expectation::Held(tokens(amount)?),
        ["granted", amount] => Expectation::Granted(tokens(amount)?),
        ["overdue"] => Expectation::Overdue(true),
        ["not", "overdue"] => Expectation::Overdue(false),
        ["live", "nothing"] => Expectation::Live(Vec::new()),
        ["live", sessions @ ..] if !sessions.is_empty() => {
            Expectation::Live(sessions.iter().map(|session| (*session).to_owned()).collect())
        }
        [covered, "covered", "and", refused, "refused", code] => {
            Expectation::Many { covered: number(covered)?, refused: number(refused)?, code: (*code).to_owned() }
        }
        _ => return Ok(None),
    }))
}

/// A figure's name and its tokens.
type Figure = (String, String);

/// Figures that are words.
const WORDS: [&str; 4] = ["cap", "per", "result", "state"];

/// `required 7 available 6`, and `sessions s1 s2 s3` or `tags project cost-centre` at the end.
fn figures_and_sessions(words: &[&str]) -> Result<(Vec<Figure>, Vec<String>), String> {
    let mut figures = Vec::new();
    let mut rest = words;
    loop {
        match rest {
            [] => return Ok((figures, Vec::new())),
            ["sessions", sessions @ ..] if !sessions.is_empty() => {
                return Ok((figures, sessions.iter().map(|session| (*session).to_owned()).collect()));
            }
            ["tags", tags @ ..] if !tags.is_empty() => {
                let mut tags = tags.to_vec();
                tags.sort_unstable();
                figures.push(("tags".to_owned(), tags.join(" ")));
                return Ok((figures, Vec::new()));
            }
            [name, word, more @ ..] if WORDS.contains(name) => {
                figures.push(((*name).to_owned(), (*word).to_owned()));
                rest = more;
            }
            [name, amount, more @ ..] => {
                figures.push(((*name).to_owned(), tokens(amount)?));
                rest = more;
            }
            [name] => return Err(format!("the figure `{name}` has no value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Expectation>, String> {
        let mut expected = Vec::new();
        parse(text, &Calendar::new("UTC", "1970-01-05").unwrap(), &mut expected).map(|()| expected)
    }

    #[test]
    fn items_are_parted_by_commas() {
        assert_eq!(
            read("cover tokens, hold 7, undo until Mon 00:05"),
            Ok(vec![
                Expectation::Cover(Some(Cover::Tokens)),
                Expectation::Hold(Some("7".into())),
                Expectation::UndoUntil(345_900_000_000),
            ])
        );
        assert_eq!(read(""), Ok(Vec::new()));
        assert!(read("cover all").is_err());
    }

    #[test]
    fn charges_of_a_line_are_one_expectation() {
        assert_eq!(
            read("charged 7 from Mon 00:00, cover tokens, charged 7 from Mon 00:00:00.000001"),
            Ok(vec![
                Expectation::Charged(vec![("7".into(), 345_600_000_000), ("7".into(), 345_600_000_001)]),
                Expectation::Cover(Some(Cover::Tokens)),
            ])
        );
        assert!(read("charged nothing, charged 7 from Mon 00:00").is_err());
    }

    #[test]
    fn a_refusal_has_figures_and_sessions() {
        assert_eq!(
            read("refused too_many_devices sessions s1 s2"),
            Ok(vec![Expectation::Refused {
                code: "too_many_devices".into(),
                figures: Vec::new(),
                sessions: vec!["s1".into(), "s2".into()],
            }])
        );
        assert_eq!(
            read("unfunded insufficient_tokens shortfall 7 until Mon 00:00"),
            Ok(vec![Expectation::Unfunded {
                code: "insufficient_tokens".into(),
                figures: vec![("shortfall".into(), "7".into())],
                until_micros: 345_600_000_000,
            }])
        );
        assert!(read("refused insufficient_tokens shortfall").is_err());
        assert_eq!(
            read("refused tag_required tags project cost-centre"),
            Ok(vec![Expectation::Refused {
                code: "tag_required".into(),
                figures: vec![("tags".into(), "cost-centre project".into())],
                sessions: Vec::new(),
            }])
        );
    }

    #[test]
    fn warnings_of_a_line_are_one_expectation() {
        let warned = |cap: &str| Warned { code: "cap_passed".into(), figures: vec![("cap".into(), cap.into())] };
        assert_eq!(
            read("warned cap_passed cap A, held, warned cap_passed cap B"),
            Ok(vec![Expectation::Warned(vec![warned("A"), warned("B")]), Expectation::Job(JobState::Held)])
        );
        assert!(read("warned nothing, warned cap_passed").is_err());
    }
}
