//! Where a reader of events stands: after how much of the log.

use std::fmt;
use std::str::FromStr;

use jeton_store::Position;

/// Up to where a reader was told everything: an entry of the log, and so many events of the next one.
///
/// It is written as the position, `12`; between the events of entry 13 as `12.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    position: Position,
    further: usize,
}

impl Place {
    /// After all that an entry is; 0 is before the first.
    pub const fn after(position: Position) -> Self {
        Self { position, further: 0 }
    }

    /// After so many events of an entry, of which there are more.
    pub(super) const fn within(entry: Position, told: usize) -> Self {
        Self { position: entry.saturating_sub(1), further: told }
    }

    /// The last entry of which everything was told.
    pub(super) const fn position(self) -> Position {
        self.position
    }

    /// How many events of the next entry were told.
    pub(super) const fn further(self) -> usize {
        self.further
    }

    /// Whether a log that ends so has come here.
    pub(super) const fn is_in_log(self, end: Position) -> bool {
        self.position < end || (self.position == end && self.further == 0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.further {
            0 => write!(formatter, "{}", self.position),
            further => write!(formatter, "{}.{further}", self.position),
        }
    }
}

/// It is no place that was told to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (position, further) = text.split_once('.').unwrap_or((text, "0"));
        let place =
            Self { position: position.parse().map_err(|_| NoPlace)?, further: further.parse().map_err(|_| NoPlace)? };
        // One place, one text: `+12`, `012` and `12.0` are none.
        if place.to_string() == text { Ok(place) } else { Err(NoPlace) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_written_in_one_way() {
        for text in ["0", "12", "12.1", "0.3", "18446744073709551615"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in
            ["", "-1", "+1", "012", "12.0", "12.01", "12.", ".1", "1.2.3", "a", "1e1", " 1", "18446744073709551616"]
        {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
    }

    #[test]
    fn a_place_is_in_a_log_that_has_come_so_far() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        for (text, ends) in [("0", true), ("12", true), ("13", false), ("11.1", true), ("12.1", false)] {
            assert_eq!(place(text).is_in_log(12), ends, "{text}");
        }
    }
}
