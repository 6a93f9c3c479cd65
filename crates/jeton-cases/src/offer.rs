//! What is offered, and what is asked for: `7` a day, `image 2 each` or `video 0.5 minute up`, `3 image and 1.5 minute`.

use crate::action::tokens;
use crate::case::{Offer, Part, ResultRate, Rounding, Tags};

/// What one item says of a product: `7`, or `image 2 each [up|nearest|none]`.
pub(crate) enum Item {
    PerDay(String),
    Result(ResultRate),
}

/// The words after a product's code.
pub(crate) fn item(words: &[&str]) -> Result<Item, String> {
    let (result, amount, unit, rounding) = match words {
        [per_day] => return Ok(Item::PerDay(tokens(per_day)?)),
        [result, amount, unit] | [result, amount, unit, "none"] => (result, amount, unit, Rounding::None),
        [result, amount, unit, "up"] => (result, amount, unit, Rounding::Up),
        [result, amount, unit, "nearest"] => (result, amount, unit, Rounding::Nearest),
        other => return Err(format!("`{}` is neither tokens per day nor like `image 2 each up`", other.join(" "))),
    };
    let (result, unit) = ((*result).to_owned(), (*unit).to_owned());
    Ok(Item::Result(ResultRate { result, tokens: tokens(amount)?, unit, rounding }))
}

/// One product's items, parted by commas.
pub(crate) fn offer(words: &[&str]) -> Result<Offer, String> {
    let mut offers = Vec::new();
    for words in parted(words) {
        add(&mut offers, "", item(&words)?)?;
    }
    match <[_; 1]>::try_from(offers) {
        Ok([(_, offer)]) => Ok(offer),
        Err(_) => Err("an offer is tokens per day, or results".to_owned()),
    }
}

/// `autocad 5, renders image 1.5 each, renders video 1 minute`: items of several products, parted by commas.
pub(crate) fn offers(words: &[&str]) -> Result<Vec<(String, Offer)>, String> {
    let mut offers = Vec::new();
    for words in parted(words) {
        let [product, rest @ ..] = words.as_slice() else { return Err("between two commas is nothing".to_owned()) };
        add(&mut offers, product, item(rest)?)?;
    }
    Ok(offers)
}

fn add(offers: &mut Vec<(String, Offer)>, product: &str, item: Item) -> Result<(), String> {
    let standing = offers.iter_mut().find(|(of, _)| of == product).map(|(_, offer)| offer);
    match (standing, item) {
        (Some(Offer::Results(results)), Item::Result(result)) => results.push(result),
        (Some(_), _) => return Err(format!("`{product}` is offered by the day and by results, or twice")),
        (None, Item::PerDay(per_day)) => offers.push((product.to_owned(), Offer::PerDay(per_day))),
        (None, Item::Result(result)) => offers.push((product.to_owned(), Offer::Results(vec![result]))),
    }
    Ok(())
}

/// Words in the groups that commas make of them.
fn parted<'w>(words: &[&'w str]) -> Vec<Vec<&'w str>> {
    let mut groups = vec![Vec::new()];
    for word in words {
        let (word, ends) = word.strip_suffix(',').map_or((*word, false), |word| (word, true));
        groups.last_mut().expect("there is always one").push(word);
        if ends {
            groups.push(Vec::new());
        }
    }
    groups
}

/// `3 image and 1.5 minute`.
pub(crate) fn parts(words: &[&str]) -> Result<Vec<Part>, String> {
    let part = |part: &[&str]| match part {
        [quantity, result] => Ok(Part { result: (*result).to_owned(), quantity: tokens(quantity)? }),
        other => Err(format!("`{}` is no part like `3 image`", other.join(" "))),
    };
    words.split(|word| *word == "and").map(part).collect()
}

/// `project bridge, cost-centre 12`; `""` is an empty value.
pub(crate) fn tags(words: &[&str]) -> Result<Tags, String> {
    let mut tags = Tags::new();
    for pair in words.chunks(2) {
        let [key, value] = pair else { return Err(format!("the tag `{}` has no value", pair.join(" "))) };
        let value = value.trim_end_matches(',');
        tags.insert((*key).to_owned(), if value == "\"\"" { String::new() } else { value.to_owned() });
    }
    if tags.is_empty() { Err("`tagged` names tags".to_owned()) } else { Ok(tags) }
}

pub(crate) fn no_tags() -> Tags {
    Tags::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    fn result(result: &str, tokens: &str, unit: &str, rounding: Rounding) -> ResultRate {
        ResultRate { result: result.into(), tokens: tokens.into(), unit: unit.into(), rounding }
    }

    #[test]
    fn an_offer_is_by_the_day_or_by_results() {
        assert_eq!(offer(&words("7")), Ok(Offer::PerDay("7".into())));
        let results =
            vec![result("image", "2", "each", Rounding::None), result("video", "0.5", "minute", Rounding::Up)];
        assert_eq!(offer(&words("image 2 each, video 0.5 minute up")), Ok(Offer::Results(results.clone())));
        assert_eq!(
            offers(&words("autocad 5, renders image 2 each, renders video 0.5 minute up")),
            Ok(vec![("autocad".into(), Offer::PerDay("5".into())), ("renders".into(), Offer::Results(results))])
        );
        for bad in ["7, 8", "7, image 2 each", "image 2", "image 2 each down", "image 2 each,"] {
            assert!(offer(&words(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn parts_and_tags_are_lists() {
        let part = |result: &str, quantity: &str| Part { result: result.into(), quantity: quantity.into() };
        assert_eq!(parts(&words("3 image and 1.5 minute")), Ok(vec![part("image", "3"), part("minute", "1.5")]));
        assert!(parts(&words("3 image 2 minute")).is_err());
        assert!(parts(&[]).is_err());
        let expected = Tags::from([("project".into(), "bridge".into()), ("cost-centre".into(), String::new())]);
        assert_eq!(tags(&words("project bridge, cost-centre \"\"")), Ok(expected));
        assert!(tags(&words("project")).is_err());
        assert!(tags(&[]).is_err());
    }
}
