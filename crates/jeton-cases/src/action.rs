//! The column `does`: one verb and what it needs. The verbs `silent`, `beats` and `restart` are the reader's own
//! and never reach a [`World`](crate::World).

use crate::calendar::Calendar;
use crate::case::{Access, Action};

/// What a line of the table does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Act(Action),
    /// The session's client falls silent: no automatic beat from this instant on.
    Silent(String),
    /// A beat now, and one every two minutes from now on.
    Beats(String),
    /// Down and up again at the same instant.
    Restart,
}

/// Reads the column. The error says what is wrong, without the place.
pub(crate) fn parse(text: &str, calendar: &Calendar) -> Result<Deed, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let instant = |day: &str, time: &str| calendar.instant(&format!("{day} {time}"));
    let action = match words.as_slice() {
        ["look"] => Action::Look,
        ["open", product, "by", members, "members", "at", "once"] => {
            Action::OpenByMany { product: (*product).to_owned(), members: number(members)? }
        }
        ["open", product, "as", session, rest @ ..] => opening(product, session, rest)?,
        ["beat", session] => Action::Beat { session: (*session).to_owned() },
        ["close", session] => Action::Close { session: (*session).to_owned() },
        ["quote", product] => Action::Quote { product: (*product).to_owned() },
        ["silent", session] => return Ok(Deed::Silent((*session).to_owned())),
        ["beats", session] => return Ok(Deed::Beats((*session).to_owned())),
        ["seat", product, "for", member, "from", from_day, from_time, "to", to_day, to_time] => Action::Seat {
            product: (*product).to_owned(),
            member: (*member).to_owned(),
            starts_at_micros: instant(from_day, from_time)?,
            ends_at_micros: instant(to_day, to_time)?,
        },
        ["withdraw", "seat", product, "from", member] => {
            Action::WithdrawSeat { product: (*product).to_owned(), member: (*member).to_owned() }
        }
        ["assign", member, "to", products @ ..] => {
            Action::Assign { member: (*member).to_owned(), access: access(products)? }
        }
        ["unassign", member] => Action::Assign { member: (*member).to_owned(), access: Access::Unassigned },
        ["deactivate", member] => Action::Deactivate { member: (*member).to_owned() },
        ["erase", member] => Action::Erase { member: (*member).to_owned() },
        ["block", "nothing"] => Action::Block { products: Vec::new() },
        ["block", products @ ..] if !products.is_empty() => Action::Block { products: names(products) },
        ["order", order, "of", quantity, "on", "invoice"] => {
            Action::Order { order: (*order).to_owned(), quantity: number(quantity)? }
        }
        ["pay", order] => Action::Pay { order: (*order).to_owned() },
        ["rate", product, per_day, "from", day, time] => Action::Rate {
            product: (*product).to_owned(),
            per_day: tokens(per_day)?,
            effective_at_micros: instant(day, time)?,
        },
        ["down"] => Action::Down,
        ["up"] => Action::Up,
        ["restart"] => return Ok(Deed::Restart),
        _ => {
            return Err(format!("`{text}` is nothing that a case can do; cases/README.md lists the verbs"));
        }
    };
    Ok(Deed::Act(action))
}

/// `on DEVICE`, `version V` and `in TEAM` in any order.
fn opening(product: &str, session: &str, rest: &[&str]) -> Result<Action, String> {
    let mut device = "laptop".to_owned();
    let mut version = None;
    let mut team = None;
    for pair in rest.chunks(2) {
        match pair {
            ["on", name] => (*name).clone_into(&mut device),
            ["version", name] => version = Some((*name).to_owned()),
            ["in", name] => team = Some((*name).to_owned()),
            other => {
                return Err(format!("`{}` is neither `on DEVICE`, `version V` nor `in TEAM`", other.join(" ")));
            }
        }
    }
    Ok(Action::Open { product: product.to_owned(), session: session.to_owned(), device, version, team })
}

fn access(words: &[&str]) -> Result<Access, String> {
    match words {
        [] => Err("say `everything` or the products".to_owned()),
        ["everything"] => Ok(Access::Everything),
        products => Ok(Access::Products(names(products))),
    }
}

/// Words that may be parted by commas.
fn names(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| word.trim_end_matches(',').to_owned()).collect()
}

pub(crate) fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is no whole number"))
}

/// A decimal string of at most three decimals, without trailing zeros.
pub(crate) fn tokens(text: &str) -> Result<String, String> {
    let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let decimals_fit = decimals.is_none_or(|rest| digits(rest) && rest.len() <= 3 && !rest.ends_with('0'));
    if digits(whole) && (whole == "0" || !whole.starts_with('0')) && decimals_fit {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is no number of tokens like 7 or 0.5"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Deed, String> {
        parse(text, &Calendar::new("UTC", "2026-03-02").unwrap())
    }

    #[test]
    fn an_opening_names_device_version_and_team() {
        assert_eq!(
            read("open autocad as s1 version 2025 on desk in globex"),
            Ok(Deed::Act(Action::Open {
                product: "autocad".into(),
                session: "s1".into(),
                device: "desk".into(),
                version: Some("2025".into()),
                team: Some("globex".into()),
            }))
        );
        assert!(read("open autocad as s1 at home").is_err());
        assert!(read("open autocad").is_err());
    }

    #[test]
    fn instants_of_a_deed_are_read_in_the_calendar() {
        let Ok(Deed::Act(Action::Rate { effective_at_micros, .. })) = read("rate autocad 8.5 from Mon 00:00:00.000001")
        else {
            panic!("a rate");
        };
        assert_eq!(effective_at_micros, 1_772_409_600_000_001);
        assert!(read("rate autocad 8.50 from Mon 00:00").is_err());
    }

    #[test]
    fn lists_may_have_commas() {
        let products = vec!["autocad".to_owned(), "revit".to_owned()];
        assert_eq!(read("block autocad, revit"), Ok(Deed::Act(Action::Block { products: products.clone() })));
        assert_eq!(read("block nothing"), Ok(Deed::Act(Action::Block { products: Vec::new() })));
        assert_eq!(
            read("assign ana to autocad, revit"),
            Ok(Deed::Act(Action::Assign { member: "ana".into(), access: Access::Products(products) }))
        );
        assert!(read("assign ana to").is_err());
        assert!(read("block").is_err());
    }

    #[test]
    fn tokens_are_written_as_the_contract_writes_them() {
        for good in ["0", "7", "0.5", "10.125", "1000"] {
            assert_eq!(tokens(good), Ok(good.to_owned()));
        }
        for bad in ["", "07", "7.", ".5", "7.0", "0.0001", "-1", "1e3"] {
            assert!(tokens(bad).is_err(), "{bad}");
        }
    }
}
