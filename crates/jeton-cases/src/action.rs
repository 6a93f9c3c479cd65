//! The column `does`: one verb and what it needs. The verbs `silent`, `beats` and `restart` are the reader's own
//! and never reach a [`World`](crate::World).

use crate::calendar::Calendar;
use crate::case::{Access, Action, CapOf, Per};
use crate::offer;

/// What a line of the table does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Act(Action),
    /// The session's client falls silent: no automatic beat from this instant on.
    Silent(String),
    /// A beat now, and one every two minutes from now on.
    Beats(String),
    /// From now on the messages of the session's client report activity: that of their own instant, and from
    /// `until_micros` on that one.
    Active {
        session: String,
        until_micros: i64,
    },
    /// Down and up again at the same instant.
    Restart,
}

/// Reads the column. The error says what is wrong, without the place.
pub(crate) fn parse(text: &str, calendar: &Calendar) -> Result<Deed, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let instant = |day: &str, time: &str| calendar.instant(&format!("{day} {time}"));
    let deed = match words.as_slice() {
        ["silent", session] => Deed::Silent((*session).to_owned()),
        ["beats", session] => Deed::Beats((*session).to_owned()),
        ["active", session] => Deed::Active { session: (*session).to_owned(), until_micros: i64::MAX },
        ["active", session, "until", day, time] => {
            Deed::Active { session: (*session).to_owned(), until_micros: instant(day, time)? }
        }
        ["restart"] => Deed::Restart,
        words => match message(words, calendar).or_else(|| job(words)).or_else(|| setting(words, calendar)) {
            Some(action) => Deed::Act(action?),
            None => return Err(format!("`{text}` is nothing that a case can do; cases/README.md lists the verbs")),
        },
    };
    Ok(deed)
}

/// What clients of sessions do, and the server.
fn message(words: &[&str], calendar: &Calendar) -> Option<Result<Action, String>> {
    let instant = |day: &str, time: &str| calendar.instant(&format!("{day} {time}"));
    Some(Ok(match words {
        ["look"] => Action::Look,
        ["down"] => Action::Down,
        ["up"] => Action::Up,
        ["quote", product] => Action::Quote { product: (*product).to_owned() },
        ["open", product, "by", members, "members", "at", "once"] => {
            let product = (*product).to_owned();
            return Some(number(members).map(|members| Action::OpenByMany { product, members }));
        }
        ["open", product, "as", session, rest @ ..] => return Some(opening(product, session, rest)),
        ["beat", session] => Action::Beat { session: (*session).to_owned(), active_at_micros: None },
        ["beat", session, "active", "at", day, time] => {
            let session = (*session).to_owned();
            let at = instant(day, time);
            return Some(at.map(|at| Action::Beat { session, active_at_micros: Some(at) }));
        }
        ["close", session] => Action::Close { session: (*session).to_owned(), active_at_micros: None },
        ["close", session, "active", "at", day, time] => {
            let session = (*session).to_owned();
            let at = instant(day, time);
            return Some(at.map(|at| Action::Close { session, active_at_micros: Some(at) }));
        }
        _ => return None,
    }))
}

/// What is done with jobs.
fn job(words: &[&str]) -> Option<Result<Action, String>> {
    Some(Ok(match words {
        ["job", job, "of", rest @ ..] => return Some(holding(job, rest)),
        ["quote", "job", "of", parts @ .., "on", product] => {
            let product = (*product).to_owned();
            return Some(offer::parts(parts).map(|parts| Action::QuoteJob { product, parts }));
        }
        ["commit", job] => Action::CommitJob { job: (*job).to_owned(), parts: None },
        ["commit", job, "with", parts @ ..] => {
            let job = (*job).to_owned();
            return Some(offer::parts(parts).map(|parts| Action::CommitJob { job, parts: Some(parts) }));
        }
        ["extend", job] => Action::ExtendJob { job: (*job).to_owned() },
        ["release", job] => Action::ReleaseJob { job: (*job).to_owned() },
        ["look", "at", job] => Action::LookAtJob { job: (*job).to_owned() },
        _ => return None,
    }))
}

/// `3 image and 1.5 minute on renders [tagged project bridge]`
fn holding(job: &str, words: &[&str]) -> Result<Action, String> {
    let on = words.iter().position(|word| *word == "on").ok_or("a job is `on` a product")?;
    let (product, tags) = match &words[on + 1..] {
        [product] => (product, offer::no_tags()),
        [product, "tagged", tags @ ..] => (product, offer::tags(tags)?),
        other => return Err(format!("`{}` is no product, nor tags after one", other.join(" "))),
    };
    let parts = offer::parts(&words[..on])?;
    Ok(Action::HoldJob { job: job.to_owned(), product: (*product).to_owned(), parts, tags })
}

/// What team and vendor set. `None`: these words are none of it.
fn setting(words: &[&str], calendar: &Calendar) -> Option<Result<Action, String>> {
    match setting_or_not(words, calendar) {
        Ok(Some(action)) => Some(Ok(action)),
        Ok(None) => None,
        Err(what) => Some(Err(what)),
    }
}

fn setting_or_not(words: &[&str], calendar: &Calendar) -> Result<Option<Action>, String> {
    let instant = |day: &str, time: &str| calendar.instant(&format!("{day} {time}"));
    Ok(Some(match words {
        ["seat", product, "for", member, "from", from_day, from_time, "to", to_day, to_time, rest @ ..] => {
            let plan = match rest {
                [] => None,
                ["with", "plan", plan] => Some((*plan).to_owned()),
                other => return Err(format!("`{}` is not `with plan PLAN`", other.join(" "))),
            };
            Action::Seat {
                product: (*product).to_owned(),
                member: (*member).to_owned(),
                starts_at_micros: instant(from_day, from_time)?,
                ends_at_micros: instant(to_day, to_time)?,
                plan,
            }
        }
        ["withdraw", "seat", product, "from", member] => {
            Action::WithdrawSeat { product: (*product).to_owned(), member: (*member).to_owned() }
        }
        ["assign", member, "to", products @ ..] => {
            Action::Assign { member: (*member).to_owned(), access: access(products)? }
        }
        ["unassign", member] => Action::Assign { member: (*member).to_owned(), access: Access::Unassigned },
        ["default", "access", products @ ..] => Action::DefaultAccess { access: access(products)? },
        ["group", group, "has", rest @ ..] => {
            let parting =
                rest.iter().position(|word| *word == "for").ok_or("a group is `for` something, or nothing")?;
            let (members, products) = (names(&rest[..parting]), access(&rest[parting + 1..])?);
            Action::Group { group: (*group).to_owned(), members, access: products }
        }
        ["remove", "group", group] => Action::RemoveGroup { group: (*group).to_owned() },
        ["cap", cap, "of", of @ .., amount, "a", per, strength] => Action::Cap {
            cap: (*cap).to_owned(),
            of: cap_of(of)?,
            tokens: tokens(amount)?,
            per: match *per {
                "day" => Per::Day,
                "month" => Per::Month,
                other => return Err(format!("a cap is a day or a month, not `{other}`")),
            },
            hard: match *strength {
                "hard" => true,
                "soft" => false,
                other => return Err(format!("a cap is hard or soft, not `{other}`")),
            },
        },
        ["remove", "cap", cap] => Action::RemoveCap { cap: (*cap).to_owned() },
        ["require", "no", "tags"] => Action::RequireTags { tags: Vec::new() },
        ["require", "tags", tags @ ..] if !tags.is_empty() => Action::RequireTags { tags: names(tags) },
        [
            "agreement",
            agreement,
            "from",
            from_day,
            from_time,
            "to",
            to_day,
            to_time,
            "with",
            rates @ ..,
            "priced",
            "by",
            list,
        ] => Action::Agreement {
            agreement: (*agreement).to_owned(),
            starts_at_micros: instant(from_day, from_time)?,
            ends_at_micros: instant(to_day, to_time)?,
            rates: offer::offers(rates)?,
            price_list: Some((*list).to_owned()),
        },
        ["agreement", agreement, "from", from_day, from_time, "to", to_day, to_time, "with", rates @ ..] => {
            Action::Agreement {
                agreement: (*agreement).to_owned(),
                starts_at_micros: instant(from_day, from_time)?,
                ends_at_micros: instant(to_day, to_time)?,
                rates: offer::offers(rates)?,
                price_list: None,
            }
        }
        ["remove", "agreement", agreement] => Action::RemoveAgreement { agreement: (*agreement).to_owned() },
        ["price", "list", list, "at", unit_price, "in", country] => Action::PriceList {
            list: (*list).to_owned(),
            unit_price: (*unit_price).to_owned(),
            country: (*country).to_owned(),
        },
        ["credits", grant, "of", credits, "for", member, "until", day, time] => Action::Credits {
            grant: (*grant).to_owned(),
            member: (*member).to_owned(),
            credits: tokens(credits)?,
            ends_at_micros: instant(day, time)?,
        },
        ["plan", plan, "from", from_day, from_time, "to", to_day, to_time] => Action::Plan {
            plan: (*plan).to_owned(),
            starts_at_micros: instant(from_day, from_time)?,
            ends_at_micros: instant(to_day, to_time)?,
        },
        ["deactivate", member] => Action::Deactivate { member: (*member).to_owned() },
        ["erase", member] => Action::Erase { member: (*member).to_owned() },
        ["block", "nothing"] => Action::Block { products: Vec::new() },
        ["block", products @ ..] if !products.is_empty() => Action::Block { products: names(products) },
        ["order", order, "of", quantity, "on", "invoice"] => {
            Action::Order { order: (*order).to_owned(), quantity: number(quantity)? }
        }
        ["pay", order] => Action::Pay { order: (*order).to_owned() },
        ["rate", product, offered @ .., "from", day, time] => Action::Rate {
            product: (*product).to_owned(),
            offer: offer::offer(offered)?,
            effective_at_micros: instant(day, time)?,
        },
        _ => return Ok(None),
    }))
}

fn cap_of(words: &[&str]) -> Result<CapOf, String> {
    match words {
        ["member", member] => Ok(CapOf::Member((*member).to_owned())),
        ["group", group] => Ok(CapOf::Group((*group).to_owned())),
        ["product", product] => Ok(CapOf::Product((*product).to_owned())),
        ["team"] => Ok(CapOf::Team),
        other => Err(format!("a cap is of a member, a group, a product or the team, not `{}`", other.join(" "))),
    }
}

/// `on DEVICE`, `version V` and `in TEAM` in any order, then `tagged` and tags.
fn opening(product: &str, session: &str, rest: &[&str]) -> Result<Action, String> {
    let mut device = "laptop".to_owned();
    let mut version = None;
    let mut team = None;
    let tagged = rest.iter().position(|word| *word == "tagged");
    let (rest, tags) = match tagged {
        Some(tagged) => (&rest[..tagged], offer::tags(&rest[tagged + 1..])?),
        None => (rest, offer::no_tags()),
    };
    for pair in rest.chunks(2) {
        match pair {
            ["on", name] => (*name).clone_into(&mut device),
            ["version", name] => version = Some((*name).to_owned()),
            ["in", name] => team = Some((*name).to_owned()),
            other => {
                return Err(format!(
                    "`{}` is none of `on DEVICE`, `version V`, `in TEAM`, `tagged …`",
                    other.join(" ")
                ));
            }
        }
    }
    Ok(Action::Open { product: product.to_owned(), session: session.to_owned(), device, version, team, tags })
}

fn access(words: &[&str]) -> Result<Access, String> {
    match words {
        [] => Err("say `everything` or the products".to_owned()),
        ["everything"] => Ok(Access::Everything),
        ["nothing"] => Ok(Access::Unassigned),
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
                tags: offer::no_tags(),
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
