//! Executes a case against a world, and compares: the one place that does. Beside what the case expects it holds
//! every case to four things: nothing is refused that the case does not say is, every charge of a window was told by
//! exactly the message that made it, every charge of a job is what its answer said that it spent, and the draws of a
//! charge are its tokens.

use std::collections::{BTreeMap, BTreeSet};

use crate::case::{Action, Case, Charge, ChargeOf, Expectation, JobState, Step, UsageDay, Warned};
use crate::world::{ChargeSeen, JobSeen, Observed, Refused, State, WarningSeen, World};

/// Takes all steps in order and compares. The error has a line for everything that is not as it should be, each
/// with file and line; a failure of the world itself ends the case.
pub fn run(case: &Case, world: &mut dyn World) -> Result<(), String> {
    let (told, committed) = (BTreeSet::new(), BTreeMap::new());
    let mut comparison = Comparison { case, differences: Vec::new(), told, committed };
    let outcome = comparison.run(world);
    if let Err(failure) = outcome {
        comparison.differences.push(failure);
    }
    if comparison.differences.is_empty() { Ok(()) } else { Err(comparison.differences.join("\n")) }
}

struct Comparison<'a> {
    case: &'a Case,
    differences: Vec<String>,
    /// The charges that any answer has told of.
    told: BTreeSet<String>,
    /// What any answer has told that a job has spent.
    committed: BTreeMap<String, String>,
}

impl Comparison<'_> {
    fn run(&mut self, world: &mut dyn World) -> Result<(), String> {
        for step in &self.case.steps {
            let failed = |what: String| format!("{}: the world failed: {what}", place(self.case, step));
            let observed = world.perform(step.at_micros, step.who.as_deref(), &step.action).map_err(failed)?;
            if observed.job.is_none() {
                self.told.extend(observed.charged.iter().map(|charged| charged.charge.clone()));
            }
            if let Some(JobSeen { job, state: JobState::Committed, tokens, .. }) = &observed.job {
                self.committed.insert(job.clone(), tokens.clone());
            }
            let mut differences = unexpected(step, &observed);
            for expectation in &step.expect {
                if let Some(difference) = self.difference(expectation, &observed, world).map_err(failed)? {
                    differences.push(difference);
                }
            }
            let place = place(self.case, step);
            self.differences.extend(differences.into_iter().map(|difference| format!("{place}: {difference}")));
        }
        let failed = |what| format!("{}:{}: the world failed: {what}", self.case.file, self.case.closing.line);
        self.close(world).map_err(failed)
    }

    /// What is not as expected, if anything.
    fn difference(
        &self,
        expectation: &Expectation,
        seen: &Observed,
        world: &mut dyn World,
    ) -> Result<Option<String>, String> {
        let show = |at_micros: i64| self.case.calendar.show(at_micros);
        let show_some = |at_micros: Option<i64>| at_micros.map_or_else(|| "none".to_owned(), show);
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        Ok(match expectation {
            Expectation::Open => {
                differs("the session", "open", &format!("{:?}", seen.state), seen.state == Some(State::Open))
            }
            Expectation::Ended => {
                let ended = match &seen.refused {
                    None => seen.state == Some(State::Ended),
                    Some(refused) => refused.code == "session_ended",
                };
                differs("the session", "ended", &format!("{:?}, {:?}", seen.state, seen.refused), ended)
            }
            Expectation::Idle => {
                let idle = seen.state == Some(State::Idle) && seen.cover.is_none() && seen.charged.is_empty();
                differs("the session", "idle", &format!("{:?}, {:?}", seen.state, seen.refused), idle)
            }
            Expectation::Warned(warnings) => {
                let says = |(expected, seen): (&Warned, &WarningSeen)| {
                    expected.code == seen.code && has(&seen.figures, &expected.figures)
                };
                let same = warnings.len() == seen.warnings.len() && warnings.iter().zip(&seen.warnings).all(says);
                differs("the warnings", &format!("{warnings:?}"), &format!("{:?}", seen.warnings), same)
            }
            Expectation::Job(state) => {
                let is = |job: &JobSeen| job.state == *state && seen.refused.is_none();
                differs("the job", &format!("{state:?}"), &format!("{:?}", seen.job), seen.job.as_ref().is_some_and(is))
            }
            Expectation::Tokens(amount) => {
                let of_job = seen.job.as_ref().map(|job| job.tokens.clone());
                differs("tokens", amount, &text(&of_job), of_job.as_ref() == Some(amount))
            }
            Expectation::Credits(amount) => {
                let of_job = seen.job.as_ref().map(|job| job.credits.clone());
                differs("credits", amount, &text(&of_job), of_job.as_ref() == Some(amount))
            }
            Expectation::Lapses(at) => {
                let of_job = seen.job.as_ref().map(|job| job.lapses_at_micros);
                differs("the lapse", &show(*at), &show_some(of_job), of_job == Some(*at))
            }
            Expectation::Required(amount) => {
                differs("required", amount, &text(&seen.required), seen.required.as_ref() == Some(amount))
            }
            Expectation::Remaining(amount) => {
                differs("remaining", amount, &text(&seen.remaining), seen.remaining.as_ref() == Some(amount))
            }
            Expectation::UnitPrice(price) => {
                differs("the unit price", price, &text(&seen.unit_price), seen.unit_price.as_ref() == Some(price))
            }
            Expectation::Plan(plan) => {
                let in_force = world.plan()?;
                differs("the plan", plan, &text(&in_force), in_force.as_ref().is_none_or(|seen| seen == plan))
            }
            Expectation::Cover(cover) => {
                differs("cover", &format!("{cover:?}"), &format!("{:?}", seen.cover), *cover == seen.cover)
            }
            Expectation::Hold(hold) => differs("the hold", &text(hold), &text(&seen.hold), *hold == seen.hold),
            Expectation::UndoUntil(until) => differs(
                "the undo interval's end",
                &show(*until),
                &show_some(seen.undo_ends_at_micros),
                seen.undo_ends_at_micros == Some(*until),
            ),
            Expectation::Window { start_micros, end_micros } => {
                let same = seen.window_micros.is_some_and(|(start, end)| {
                    end == *end_micros && start_micros.is_none_or(|expected| expected == start)
                });
                let shown = seen.window_micros.map(|(start, end)| format!("{} .. {}", show(start), show(end)));
                let expected = start_micros.map_or_else(String::new, |start| format!("{} ", show(start)));
                differs("the window", &format!("{expected}.. {}", show(*end_micros)), &text(&shown), same)
            }
            Expectation::Charged(charges) => {
                let mut expected = charges.clone();
                let mut made: Vec<(String, i64)> = Vec::new();
                for charged in &seen.charged {
                    made.push((charged.tokens.clone(), charged.window_micros.map_or(i64::MIN, |(start, _)| start)));
                }
                expected.sort();
                made.sort();
                let list = |charges: &[(String, i64)]| {
                    let shown: Vec<String> =
                        charges.iter().map(|(tokens, start)| format!("{tokens} from {}", show(*start))).collect();
                    if shown.is_empty() { "nothing".to_owned() } else { shown.join(" and ") }
                };
                differs("the charge", &list(&expected), &list(&made), expected == made)
            }
            Expectation::NextCharge(at) => differs(
                "the next charge",
                &show(*at),
                &show_some(seen.next_charge_at_micros),
                seen.next_charge_at_micros == Some(*at),
            ),
            Expectation::Refused { code, figures, sessions } => {
                let same = seen.state != Some(State::Unfunded)
                    && seen.refused.as_ref().is_some_and(|refused| says(refused, code, figures, sessions));
                differs("the refusal", &wanted(code, figures, sessions), &format!("{:?}", seen.refused), same)
            }
            Expectation::Unfunded { code, figures, until_micros } => {
                let same = seen.state == Some(State::Unfunded)
                    && seen.ends_at_micros == Some(*until_micros)
                    && seen.refused.as_ref().is_some_and(|refused| says(refused, code, figures, &[]));
                let seen = format!("{:?} until {}, {:?}", seen.state, show_some(seen.ends_at_micros), seen.refused);
                let expected = format!("unfunded until {}, {}", show(*until_micros), wanted(code, figures, &[]));
                differs("the session", &expected, &seen, same)
            }
            Expectation::Available(amount) => balance_differs("available", amount, &world.balance()?.available),
            Expectation::Held(amount) => balance_differs("held", amount, &world.balance()?.held),
            Expectation::Granted(amount) => balance_differs("granted", amount, &world.balance()?.granted),
            Expectation::Overdue(overdue) => {
                let seen = world.balance()?.overdue;
                differs("overdue", &overdue.to_string(), &seen.to_string(), seen == *overdue)
            }
            Expectation::Live(sessions) => {
                let expected: BTreeSet<&str> = sessions.iter().map(String::as_str).collect();
                let live = world.live_sessions()?;
                let live: BTreeSet<&str> = live.iter().map(String::as_str).collect();
                differs("live sessions", &format!("{expected:?}"), &format!("{live:?}"), expected == live)
            }
            Expectation::Many { covered, refused, code } => {
                let expected = (*covered, BTreeMap::from([(code.clone(), *refused)]));
                let many = seen.many.clone().unwrap_or_default();
                let seen = (many.covered, many.refused);
                differs("of the many", &format!("{expected:?}"), &format!("{seen:?}"), expected == seen)
            }
        })
    }

    fn close(&mut self, world: &mut dyn World) -> Result<(), String> {
        let closing = &self.case.closing;
        let seen = world.charges()?;
        let mut differences = self.charges_differ(&closing.charges, &seen);
        if let Some((line, amount)) = &closing.available
            && let Some(difference) = balance_differs("available", amount, &world.balance()?.available)
        {
            differences.push((*line, difference));
        }
        if let Some(expected) = &closing.usage {
            let last_micros = self.case.steps.last().map_or(self.case.setup.begins_at_micros, |step| step.at_micros);
            let first_day = self.case.calendar.day_of(self.case.setup.begins_at_micros, 0);
            let last_day = self.case.calendar.day_of(last_micros, 1);
            if let Some(seen) = world.usage(&first_day, &last_day)? {
                let seen: Vec<UsageDay> = seen
                    .into_iter()
                    .map(|day| UsageDay {
                        line: 0,
                        day: day.day,
                        tokens: day.tokens,
                        launches: day.launches,
                        days: day.days,
                    })
                    .collect();
                differences.extend(usage_differs(closing.line, expected, &seen));
            }
        }
        let file = &self.case.file;
        self.differences.extend(differences.into_iter().map(|(line, what)| format!("{file}:{line}: {what}")));
        Ok(())
    }

    fn charges_differ(&self, expected: &[Charge], seen: &[ChargeSeen]) -> Vec<(usize, String)> {
        let mut differences = Vec::new();
        let mut left: Vec<&ChargeSeen> = seen.iter().collect();
        for charge in expected {
            match left.iter().position(|seen| is(charge, seen)) {
                Some(index) => {
                    left.remove(index);
                }
                None => differences.push((charge.line, "this charge was not made".to_owned())),
            }
        }
        let closing_line = self.case.closing.line;
        for charge in left {
            let start = charge.window_micros.map(|(start, _)| self.case.calendar.show(start));
            differences.push((closing_line, format!("a charge too many, from {start:?}: {charge:?}")));
        }
        for charge in seen {
            let drawn: Option<u64> = charge.draws.iter().map(|(_, tokens)| thousandths(tokens)).sum();
            if drawn.is_none() || drawn != thousandths(&charge.tokens) {
                differences.push((closing_line, format!("the draws are not the tokens of {charge:?} (P5)")));
            }
        }
        let at_once = self.case.steps.iter().any(|step| matches!(step.action, Action::OpenByMany { .. }));
        let of_windows = seen.iter().filter(|charge| charge.job.is_none());
        let made: BTreeSet<String> = of_windows.map(|charge| charge.charge.clone()).collect();
        let of_job = |charge: &ChargeSeen| Some((charge.job.clone()?, charge.tokens.clone()));
        let jobs: BTreeMap<String, String> = seen.iter().filter_map(of_job).collect();
        if jobs != self.committed {
            let told = &self.committed;
            differences.push((closing_line, format!("the ledger has the jobs {jobs:?}, the answers told of {told:?}")));
        }
        if !at_once && made != self.told {
            let told = &self.told;
            differences
                .push((closing_line, format!("the ledger has the charges {made:?}, the answers told of {told:?}")));
        }
        differences
    }
}

/// Whether the message went well, where the case does not say otherwise.
fn unexpected(step: &Step, seen: &Observed) -> Vec<String> {
    let said = step.expect.iter().any(|expectation| {
        matches!(expectation, Expectation::Refused { .. } | Expectation::Unfunded { .. } | Expectation::Ended)
    });
    let ended_alive = seen.state == Some(State::Ended) && !matches!(step.action, Action::Close { .. });
    let refused = match seen.state {
        Some(State::Unfunded) => !step.automatic,
        Some(State::Open | State::Idle | State::Ended) | None => seen.refused.is_some(),
    };
    if said || !(refused || ended_alive) {
        Vec::new()
    } else {
        vec![format!("not expected: {:?}, {:?}", seen.state, seen.refused)]
    }
}

fn differs(what: &str, expected: &str, seen: &str, same: bool) -> Option<String> {
    (!same).then(|| format!("{what}: expected {expected}, seen {seen}"))
}

fn balance_differs(what: &str, expected: &str, seen: &str) -> Option<String> {
    differs(what, expected, seen, expected == seen)
}

/// Whether a refusal has this code, at least these figures, and, when some are named, exactly these sessions.
fn says(refused: &Refused, code: &str, figures: &[(String, String)], sessions: &[String]) -> bool {
    let expected: BTreeSet<&String> = sessions.iter().collect();
    let seen: BTreeSet<&String> = refused.sessions.iter().collect();
    refused.code == code && has(&refused.figures, figures) && (expected.is_empty() || expected == seen)
}

fn has(seen: &BTreeMap<String, String>, figures: &[(String, String)]) -> bool {
    figures.iter().all(|(name, amount)| seen.get(name) == Some(amount))
}

fn wanted(code: &str, figures: &[(String, String)], sessions: &[String]) -> String {
    format!("{code} {figures:?} {sessions:?}")
}

fn is(expected: &Charge, seen: &ChargeSeen) -> bool {
    let mut drawn = seen.draws.clone();
    drawn.sort();
    let draws_are = |draws: &Vec<(String, String)>| {
        let mut expected = draws.clone();
        expected.sort();
        expected == drawn
    };
    expected.member.as_ref().is_none_or(|member| *member == seen.member)
        && expected.product == seen.product
        && expected.tokens == seen.tokens
        && match &expected.of {
            ChargeOf::Window(start) => {
                seen.job.is_none() && seen.window_micros == Some((*start, start + 86_400_000_000))
            }
            ChargeOf::Job(job) => seen.job.as_ref() == Some(job) && seen.window_micros.is_none(),
        }
        && expected.tags.as_ref().is_none_or(|tags| *tags == seen.tags)
        && expected.draws.as_ref().is_none_or(draws_are)
}

fn usage_differs(line: usize, expected: &[UsageDay], seen: &[UsageDay]) -> Vec<(usize, String)> {
    let mut differences = Vec::new();
    for day in expected {
        let found = seen.iter().find(|seen| seen.day == day.day);
        let same = found
            .is_some_and(|seen| seen.tokens == day.tokens && seen.launches == day.launches && seen.days == day.days);
        differences.extend(
            differs("use", &show_day(day), &found.map_or("none".to_owned(), show_day), same)
                .map(|what| (day.line, what)),
        );
    }
    for day in seen {
        let used = day.tokens != "0" || day.launches != 0 || day.days != 0;
        if used && !expected.iter().any(|expected| expected.day == day.day) {
            differences.push((line, format!("use on a day without any: {}", show_day(day))));
        }
    }
    differences
}

fn show_day(day: &UsageDay) -> String {
    format!("{} | tokens {} | launches {} | days {}", day.day, day.tokens, day.launches, day.days)
}

fn thousandths(tokens: &str) -> Option<u64> {
    let (whole, decimals) = tokens.split_once('.').unwrap_or((tokens, ""));
    let decimals: u64 = format!("{decimals:0<3}").parse().ok()?;
    Some(whole.parse::<u64>().ok()? * 1000 + decimals)
}

fn place(case: &Case, step: &Step) -> String {
    let what = if step.automatic { "the client's own beat at" } else { "at" };
    format!("{}:{}: {what} {}", case.file, step.line, case.calendar.show(step.at_micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{Cover, Tags};
    use crate::load::read;
    use crate::world::{Balance, Charged, UsageSeen};

    const CASE: &str = "# One opening\nrules W1\nweek 2026-03-02\n\nat | who | does | expect\n\
        Mon 08:00 | ana | open autocad as s1 | cover tokens, hold nothing, charged 7 from Mon 08:00, available 993\n\
        Mon 08:01 | ana | close s1 | ended\n\
        charges:\nana | autocad | 7 | Mon 08:00 | start 7\nusage:\nMon | tokens 7 | launches 1 | days 1\navailable: 993\n";

    /// Answers every message with the same script.
    struct Script {
        opening: Observed,
        charges: Vec<ChargeSeen>,
        available: &'static str,
        launches: u64,
    }

    const EIGHT: i64 = 1_772_438_400_000_000;

    fn script() -> Script {
        let window_micros = Some((EIGHT, EIGHT + 86_400_000_000));
        Script {
            opening: Observed {
                state: Some(State::Open),
                cover: Some(Cover::Tokens),
                window_micros,
                charged: vec![Charged { charge: "c1".into(), tokens: "7".into(), window_micros }],
                ..Observed::default()
            },
            charges: vec![ChargeSeen {
                charge: "c1".into(),
                member: "ana".into(),
                product: "autocad".into(),
                tokens: "7".into(),
                window_micros,
                job: None,
                tags: Tags::new(),
                draws: vec![("start".into(), "7".into())],
            }],
            available: "993",
            launches: 1,
        }
    }

    impl World for Script {
        fn perform(&mut self, _: i64, _: Option<&str>, action: &Action) -> Result<Observed, String> {
            if matches!(action, Action::Open { .. }) {
                Ok(self.opening.clone())
            } else {
                Ok(Observed { state: Some(State::Ended), ..Observed::default() })
            }
        }

        fn balance(&mut self) -> Result<Balance, String> {
            Ok(Balance { available: self.available.into(), ..Balance::default() })
        }

        fn plan(&mut self) -> Result<Option<String>, String> {
            Err("nobody asked".into())
        }

        fn live_sessions(&mut self) -> Result<Vec<String>, String> {
            Err("nobody asked".into())
        }

        fn charges(&mut self) -> Result<Vec<ChargeSeen>, String> {
            Ok(self.charges.clone())
        }

        fn usage(&mut self, first_day: &str, last_day: &str) -> Result<Option<Vec<UsageSeen>>, String> {
            assert_eq!((first_day, last_day), ("2026-03-02", "2026-03-03"));
            let tokens = "7".into();
            Ok(Some(vec![UsageSeen { day: first_day.into(), tokens, launches: self.launches, days: 1 }]))
        }
    }

    fn differences(mut script: Script) -> String {
        run(&read("one", CASE).unwrap(), &mut script).err().unwrap_or_default()
    }

    #[test]
    fn what_is_as_expected_passes() {
        assert_eq!(differences(script()), "");
    }

    #[test]
    fn every_difference_is_told_with_its_line() {
        let mut other = script();
        other.opening.cover = Some(Cover::Window);
        other.opening.hold = Some("7".into());
        other.opening.charged.clear();
        other.available = "1000";
        other.launches = 2;
        let told = differences(other);
        for part in [
            "cases/one.case:6: at Mon 2026-03-02 08:00:00: cover: expected Some(Tokens), seen Some(Window)",
            "the hold: expected nothing, seen 7",
            "the charge: expected 7 from Mon 2026-03-02 08:00:00, seen nothing",
            "available: expected 993, seen 1000",
            "cases/one.case:8: the ledger has the charges {\"c1\"}, the answers told of {}",
            "cases/one.case:11: use: expected 2026-03-02 | tokens 7 | launches 1 | days 1",
            "cases/one.case:12: available: expected 993, seen 1000",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn a_refusal_that_the_case_does_not_say_is_a_difference() {
        let mut other = script();
        other.opening.refused = Some(Refused { code: "not_assigned".into(), ..Refused::default() });
        assert!(differences(other).contains("not expected"));
    }

    #[test]
    fn charges_missing_or_too_many_are_told() {
        let mut other = script();
        other.charges[0].draws = vec![("start".into(), "6.5".into())];
        let told = differences(other);
        assert!(told.contains("cases/one.case:9: this charge was not made"), "{told}");
        assert!(told.contains("a charge too many"), "{told}");
        assert!(told.contains("(P5)"), "{told}");
    }
}
