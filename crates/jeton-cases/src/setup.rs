//! The lines before the table: title, rules, zone, week, products, undo intervals, members, tokens. Lines that are
//! missing have the defaults of the worked examples.

use crate::action::{number, tokens};
use crate::calendar::Calendar;
use crate::case::{Access, Member, Offer, Product, Setup};
use crate::load::Problem;
use crate::offer;

/// The settings as they are read, before zone and week make instants of them.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) rules: Vec<String>,
    zone: String,
    week: Option<String>,
    products: Vec<Product>,
    members: Vec<Member>,
    tokens: u32,
}

impl Default for Header {
    fn default() -> Self {
        let per_day = |code: &str, tokens: &str| product(code, Some(Offer::PerDay(tokens.to_owned())));
        Self {
            rules: Vec::new(),
            zone: "UTC".to_owned(),
            week: None,
            products: vec![per_day("autocad", "7"), per_day("revit", "10"), per_day("mudbox", "1")],
            members: vec![Member { name: "ana".to_owned(), access: Access::Everything }],
            tokens: 1000,
        }
    }
}

impl Header {
    /// One line: its key, and what follows. `undo`, `unassigned` and `assigned` change products and members that
    /// were named before.
    pub(crate) fn take(&mut self, text: &str) -> Result<(), String> {
        let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_end_matches(',')).collect();
        match words.as_slice() {
            ["rules", rules @ ..] if !rules.is_empty() => {
                self.rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
            }
            ["zone", zone] => (*zone).clone_into(&mut self.zone),
            ["week", monday] => self.week = Some((*monday).to_owned()),
            ["products", products @ ..] if !products.is_empty() => self.products = price(products)?,
            ["undo", interval] => {
                let undo_interval_s = seconds(interval)?;
                for product in &mut self.products {
                    product.undo_interval_s = undo_interval_s;
                }
            }
            ["undo", code, interval] => self.product(code)?.undo_interval_s = seconds(interval)?,
            ["idle", code] => self.product(code)?.idle_after_s = Some(15 * 60),
            ["idle", code, "after", interval] => self.product(code)?.idle_after_s = Some(seconds(interval)?),
            ["min", "balance", code, balance] => self.product(code)?.min_balance = tokens(balance)?,
            ["results", code, ..] => {
                // Here commas part.
                let results: Vec<&str> = text.split_whitespace().skip(2).collect();
                let offer = offer::offer(&results)?;
                if !matches!(offer, Offer::Results(_)) {
                    return Err(format!("`{text}` names no result"));
                }
                self.products.push(product(code, Some(offer)));
            }
            ["members", members @ ..] if !members.is_empty() => {
                let everything = |name: &&str| Member { name: (*name).to_owned(), access: Access::Everything };
                self.members = members.iter().map(everything).collect();
            }
            ["unassigned", member] => self.member(member)?.access = Access::Unassigned,
            ["assigned", member, products @ ..] if !products.is_empty() => {
                let products = products.iter().map(|product| (*product).to_owned()).collect();
                self.member(member)?.access = Access::Products(products);
            }
            ["tokens", quantity] => self.tokens = number(quantity)?,
            _ => {
                return Err(format!("`{text}` is no setting of a case; cases/README.md lists them"));
            }
        }
        Ok(())
    }

    fn product(&mut self, code: &str) -> Result<&mut Product, String> {
        let product = self.products.iter_mut().find(|product| product.code == code);
        product.ok_or_else(|| format!("`{code}` is not among the products"))
    }

    fn member(&mut self, name: &str) -> Result<&mut Member, String> {
        let member = self.members.iter_mut().find(|member| member.name == name);
        member.ok_or_else(|| format!("`{name}` is not among the members"))
    }

    /// The calendar of zone and week; the line is where the table begins.
    pub(crate) fn calendar(&self, file: &str, line: usize) -> Result<Calendar, Problem> {
        let week = self.week.as_deref().ok_or("a case has a `week`, like `week 2026-03-02`".to_owned());
        week.and_then(|week| Calendar::new(&self.zone, week)).map_err(|what| Problem::new(file, line, what))
    }

    pub(crate) fn setup(self, begins_at_micros: i64) -> Setup {
        Setup { begins_at_micros, zone: self.zone, products: self.products, members: self.members, tokens: self.tokens }
    }
}

fn product(code: &str, offer: Option<Offer>) -> Product {
    let (code, min_balance) = (code.to_owned(), "0".to_owned());
    Product { code, offer, undo_interval_s: 300, idle_after_s: None, min_balance }
}

/// `autocad 7 sketch none`
fn price(words: &[&str]) -> Result<Vec<Product>, String> {
    let mut products = Vec::new();
    for pair in words.chunks(2) {
        let [code, per_day] = pair else {
            return Err(format!("`{}` has no rate; `none` keeps it off the rate sheet", pair.join(" ")));
        };
        let offer = if *per_day == "none" { None } else { Some(Offer::PerDay(tokens(per_day)?)) };
        products.push(product(code, offer));
    }
    Ok(products)
}

/// `5m`, `90s` or `0s`.
fn seconds(text: &str) -> Result<u32, String> {
    let (number, unit_s) = match (text.strip_suffix('m'), text.strip_suffix('s')) {
        (Some(number), _) => (number, 60),
        (None, Some(number)) => (number, 1),
        (None, None) => ("", 0),
    };
    let seconds = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit_s));
    seconds.ok_or_else(|| format!("`{text}` is no time like 5m or 90s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_taken_in_their_order() {
        let mut header = Header::default();
        for line in [
            "products autocad 7, sketch none",
            "undo 1m",
            "undo autocad 0s",
            "idle autocad after 20m",
            "idle sketch",
            "min balance sketch 0.5",
            "results renders image 2 each, video 0.5 minute up",
            "members ana, ben, cleo",
            "unassigned ben",
            "assigned cleo autocad, sketch",
            "tokens 0",
        ] {
            header.take(line).unwrap();
        }
        let setup = header.setup(0);
        assert_eq!(setup.products[0].undo_interval_s, 0);
        let (offer, undo_interval_s, min_balance) = (None, 60, "0.5".into());
        let sketch = Product { code: "sketch".into(), offer, undo_interval_s, idle_after_s: Some(900), min_balance };
        assert_eq!(setup.products[1], sketch);
        assert_eq!(setup.products[0].idle_after_s, Some(1200));
        assert!(matches!(&setup.products[2].offer, Some(Offer::Results(results)) if results.len() == 2));
        assert_eq!(setup.members[0].access, Access::Everything);
        assert_eq!(setup.members[1].access, Access::Unassigned);
        assert_eq!(setup.members[2].access, Access::Products(vec!["autocad".into(), "sketch".into()]));
        assert_eq!(setup.tokens, 0);
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for line in [
            "colour red",
            "undo 5h",
            "undo sketch 5m",
            "unassigned zoe",
            "tokens many",
            "products autocad",
            "idle sketch",
            "results renders 7",
            "rules",
        ] {
            assert!(Header::default().take(line).is_err(), "{line}");
        }
    }
}
