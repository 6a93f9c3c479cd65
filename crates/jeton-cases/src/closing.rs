//! The blocks after the table: `charges:`, `usage:` and `available:`.

use crate::action::tokens;
use crate::calendar::Calendar;
use crate::case::{Charge, ChargeOf, Closing, UsageDay};
use crate::offer;

/// Which block a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    Charges,
    Usage,
}

/// Takes the closing blocks line by line.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    block: Option<Block>,
    charges: Option<(usize, Vec<Charge>)>,
    usage: Option<Vec<UsageDay>>,
    available: Option<(usize, String)>,
}

impl Reader {
    /// Whether this line begins a block, and so ends the table.
    pub(crate) fn begins(text: &str) -> bool {
        ["charges:", "usage:", "available:"].iter().any(|block| text.starts_with(block))
    }

    pub(crate) fn take(&mut self, line: usize, text: &str, calendar: &Calendar) -> Result<(), String> {
        if let Some(amount) = text.strip_prefix("available:") {
            self.available = Some((line, tokens(amount.trim())?));
            self.block = None;
        } else if let Some(rest) = text.strip_prefix("charges:") {
            self.block = Some(Block::Charges);
            self.charges = Some((line, Vec::new()));
            self.nothing_or_rows(rest)?;
        } else if let Some(rest) = text.strip_prefix("usage:") {
            self.block = Some(Block::Usage);
            self.usage = Some(Vec::new());
            self.nothing_or_rows(rest)?;
        } else {
            self.row(line, text, calendar)?;
        }
        Ok(())
    }

    /// A block either says `nothing` beside its name, or has rows.
    fn nothing_or_rows(&mut self, rest: &str) -> Result<(), String> {
        match rest.trim() {
            "" => Ok(()),
            "nothing" => {
                self.block = None;
                Ok(())
            }
            other => Err(format!("`{other}` beside a block's name; rows follow on lines of their own")),
        }
    }

    fn row(&mut self, line: usize, text: &str, calendar: &Calendar) -> Result<(), String> {
        match (self.block, &mut self.charges, &mut self.usage) {
            (Some(Block::Charges), Some((_, charges)), _) => {
                charges.push(charge(line, text, calendar)?);
            }
            (Some(Block::Usage), _, Some(usage)) => usage.push(usage_day(line, text, calendar)?),
            _ => return Err(format!("`{text}` belongs to no block")),
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Closing, String> {
        let (line, charges) = self.charges.ok_or("a case closes with `charges:`, be it `charges: nothing`")?;
        Ok(Closing { charges, usage: self.usage, available: self.available, line })
    }
}

/// `ana | autocad | 7 | Mon 08:00 | C 3, A 4`, `ana | renders | 6 | job j1 | tagged project bridge`
fn charge(line: usize, text: &str, calendar: &Calendar) -> Result<Charge, String> {
    let columns: Vec<&str> = text.split('|').map(str::trim).collect();
    let [member, product, amount, of, more @ ..] = columns.as_slice() else {
        return Err("a charge is member | product | tokens | window start, or job [| order tokens, …]".to_owned());
    };
    let (mut draws, mut tags) = (None, None);
    for column in more {
        let words: Vec<&str> = column.split_whitespace().collect();
        match words.as_slice() {
            ["tagged", "nothing"] => tags = Some(offer::no_tags()),
            ["tagged", rest @ ..] => tags = Some(offer::tags(rest)?),
            _ => draws = Some(column),
        }
    }
    let draw = |draw: &str| {
        let (order, amount) = draw.trim().split_once(' ').ok_or(format!("`{draw}` is no order and tokens"))?;
        Ok((order.to_owned(), tokens(amount.trim())?))
    };
    Ok(Charge {
        line,
        member: (*member != "any").then(|| (*member).to_owned()),
        product: (*product).to_owned(),
        tokens: tokens(amount)?,
        of: match of.strip_prefix("job ") {
            Some(job) => ChargeOf::Job(job.trim().to_owned()),
            None => ChargeOf::Window(calendar.instant(of)?),
        },
        tags,
        draws: draws.map(|draws| draws.split(',').map(draw).collect::<Result<_, String>>()).transpose()?,
    })
}

/// `Mon | tokens 7 | launches 4 | days 1`
fn usage_day(line: usize, text: &str, calendar: &Calendar) -> Result<UsageDay, String> {
    let columns: Vec<Vec<&str>> = text.split('|').map(|column| column.split_whitespace().collect()).collect();
    let columns: Vec<&[&str]> = columns.iter().map(Vec::as_slice).collect();
    let [[day], ["tokens", amount], ["launches", launches], ["days", days]] = columns.as_slice() else {
        return Err("a day's use is `Mon | tokens 7 | launches 4 | days 1`".to_owned());
    };
    let count = |text: &str| text.parse::<u64>().map_err(|_| format!("`{text}` is no whole number"));
    Ok(UsageDay {
        line,
        day: calendar.day(day)?,
        tokens: tokens(amount)?,
        launches: count(launches)?,
        days: count(days)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Closing, String> {
        let calendar = Calendar::new("UTC", "1970-01-05").unwrap();
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            reader.take(index + 1, line, &calendar)?;
        }
        reader.finish()
    }

    #[test]
    fn blocks_are_read() {
        let closing = read(
            "charges:\nana | autocad | 7 | Mon 00:00 | C 3, A 4\nany | mudbox | 0.5 | Mon 00:00\n\
             ana | renders | 6 | job j1 | tagged project bridge\nusage:\nMon | tokens 7.5 | launches 4 | days 2\navailable: 92.5",
        )
        .unwrap();
        assert_eq!(closing.charges[0].draws, Some(vec![("C".into(), "3".into()), ("A".into(), "4".into())]));
        assert_eq!(closing.charges[1].member, None);
        assert_eq!(closing.charges[1].of, ChargeOf::Window(345_600_000_000));
        assert_eq!((&closing.charges[2].of, &closing.charges[2].draws), (&ChargeOf::Job("j1".into()), &None));
        assert_eq!(closing.charges[2].tags.as_ref().map(std::collections::BTreeMap::len), Some(1));
        assert_eq!(
            closing.usage,
            Some(vec![UsageDay { line: 6, day: "1970-01-05".into(), tokens: "7.5".into(), launches: 4, days: 2 }])
        );
        assert_eq!(closing.available, Some((7, "92.5".into())));
    }

    #[test]
    fn bad_blocks_are_refused() {
        assert!(read("available: 5").unwrap_err().contains("charges:"));
        assert!(read("charges: 7").is_err());
        assert!(read("charges: nothing\nana | autocad | 7 | Mon 00:00").is_err());
        assert!(read("charges:\nana | autocad | 7").is_err());
        assert!(read("charges: nothing\nusage:\nMon | launches 4").is_err());
        assert!(read("charges: nothing\nusage: nothing").is_ok());
    }
}
