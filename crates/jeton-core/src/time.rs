//! Instants, elapsed time, and the calendar of a time zone.
//!
//! An [`Instant`] is UTC with microseconds (rules, *Words*) and lies in the years 2000 to 2200. Windows and
//! intervals are elapsed time, whatever the clocks on the wall do; days, months and ends of days are computed
//! in a [`Zone`]. Nothing here reads a clock.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not an instant, a day or a zone. The text says what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotATime(&'static str);

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for NotATime {}

const MICROS_PER_SECOND: i64 = 1_000_000;

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// 2000-01-01T00:00:00Z, the first instant that Jeton knows.
    pub const FIRST: Self = Self(946_684_800 * MICROS_PER_SECOND);
    /// 2200-01-01T00:00:00Z, the end of the instants that Jeton knows.
    pub const LAST: Self = Self(7_258_118_400 * MICROS_PER_SECOND);

    /// From microseconds since 1970; `None` outside the years 2000 to 2200.
    pub fn from_micros(micros: i64) -> Option<Self> {
        (Self::FIRST.0..=Self::LAST.0).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down: the `NumericDate` of RFC 7519.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This instant and `elapsed` more; never past [`Instant::LAST`].
    #[must_use]
    pub fn plus(self, elapsed: Elapsed) -> Self {
        Self(self.0.saturating_add(elapsed.0).min(Self::LAST.0))
    }

    /// The instant after this one, a microsecond later.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(Elapsed(1))
    }

    /// The time from `earlier` to this instant; nothing when `earlier` is later.
    pub fn since(self, earlier: Self) -> Elapsed {
        Elapsed(self.0.saturating_sub(earlier.0).max(0))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).expect("an instant lies in the years that the calendar knows")
    }
}

impl Instant {
    /// To the second, as names of files have it: `20260302T080000Z`.
    pub fn compact(self) -> String {
        let text = self.to_string();
        let second = text.split(['.', 'Z']).next().unwrap_or_default();
        second.chars().filter(|character| !matches!(character, '-' | ':')).chain(['Z']).collect()
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl FromStr for Instant {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        const EXPECTED: NotATime =
            NotATime("an instant is RFC 3339 in the years 2000 to 2200, like 2026-03-02T08:00:00Z");
        if !is_rfc_3339(text) {
            return Err(EXPECTED);
        }
        let timestamp: Timestamp = text.parse().map_err(|_| EXPECTED)?;
        Self::from_micros(timestamp.as_microsecond()).ok_or(EXPECTED)
    }
}

/// Whether a text has the form of RFC 3339, with at most six decimals: the calendar knows other forms, too, and would
/// cut further decimals off, so that two texts would name one instant.
fn is_rfc_3339(text: &str) -> bool {
    let form = |text: &str, form: &str| {
        text.len() == form.len()
            && text
                .bytes()
                .zip(form.bytes())
                .all(|(byte, of)| if of == b'0' { byte.is_ascii_digit() } else { byte == of })
    };
    let Some((second, rest)) = text.split_at_checked(19) else { return false };
    let decimals = rest.strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let zone = &rest[decimals.map_or(0, |decimals| decimals + 1)..];
    let offset = |of: &str| form(zone, of) && zone[1..3] < *"24" && zone[4..6] < *"60";
    form(second, "0000-00-00T00:00:00")
        && decimals.is_none_or(|decimals| (1..=6).contains(&decimals))
        && (zone == "Z" || offset("+00:00") || offset("-00:00"))
}

/// A length of time in microseconds, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Elapsed(i64);

impl Elapsed {
    /// A window: 24 hours, 86,400 elapsed seconds.
    pub const WINDOW: Self = Self::seconds(86_400);
    /// No time at all.
    pub const NONE: Self = Self(0);

    /// So many seconds.
    pub const fn seconds(seconds: u32) -> Self {
        // `From` is not const: a u32 always fits.
        #[expect(clippy::as_conversions, reason = "From is not const, and u32 fits in i64")]
        Self(seconds as i64 * MICROS_PER_SECOND)
    }

    /// In microseconds.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Half of it, rounded down.
    #[must_use]
    pub fn half(self) -> Self {
        Self(self.0 / 2)
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// A calendar day, `2026-03-02`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

impl Day {
    /// The same day one year on; 29 February becomes 28 February (P4).
    #[must_use]
    pub fn one_year_on(self) -> Self {
        Self(self.0.saturating_add(1.year()))
    }

    /// So many days later.
    #[must_use]
    pub fn days_on(self, days: u16) -> Self {
        Self(self.0.saturating_add(i32::from(days).days()))
    }

    /// The first day of its month, which stands for the month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        Self(self.0.first_of_month())
    }

    /// The calendar year.
    pub fn year(self) -> i16 {
        self.0.year()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        const EXPECTED: NotATime = NotATime("a day is written like 2026-03-02, in the years 2000 to 2200");
        if text.len() != 10 {
            return Err(EXPECTED);
        }
        let date: Date = text.parse().map_err(|_| EXPECTED)?;
        if !(2000..=2200).contains(&date.year()) {
            return Err(EXPECTED);
        }
        Ok(Self(date))
    }
}

/// An IANA time zone, `Europe/Paris`. The rules of all zones are part of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone's name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The day on which `at` falls here.
    pub fn day_of(&self, at: Instant) -> Day {
        Day(self.0.to_datetime(at.timestamp()).date())
    }

    /// The end of a day here: the first instant of the next one.
    pub fn end_of(&self, day: Day) -> Instant {
        let next = day.0.saturating_add(1.day());
        let start = next
            .to_zoned_datetime(self.0.clone())
            .and_then(|midnight| midnight.start_of_day())
            .expect("every day of the years 2000 to 2200 has a start in every zone");
        let micros = start.timestamp().as_microsecond();
        Instant(micros.clamp(Instant::FIRST.0, Instant::LAST.0))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        const EXPECTED: NotATime = NotATime("a time zone is an IANA name, like Europe/Paris");
        if text == "UTC" {
            return Ok(Self::UTC);
        }
        if text.len() > 64 {
            return Err(EXPECTED);
        }
        TimeZone::get(text).map(Self).map_err(|_| EXPECTED)
    }
}

/// Types that stand as text in entries and in the public contract.
macro_rules! as_text {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $type;
                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str("a text")
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    )+};
}
pub(crate) use as_text;

as_text!(Instant, Day, Zone);

/// `Zone` for people: used where a profile is shown.
impl From<&Zone> for String {
    fn from(zone: &Zone) -> Self {
        zone.name().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn files_are_named_by_the_second() {
        for at in ["2026-03-02T08:00:00Z", "2026-03-02T08:00:00.000001Z"] {
            assert_eq!(at.parse::<Instant>().unwrap().compact(), "20260302T080000Z");
        }
    }

    #[test]
    fn instants_read_and_write_as_rfc_3339() {
        for text in ["2026-03-02T08:00:00Z", "2026-03-02T08:00:00.000001Z", "2000-01-01T00:00:00Z"] {
            assert_eq!(at(text).to_string(), text);
        }
        assert_eq!(at("2026-03-02T09:00:00+01:00"), at("2026-03-02T08:00:00Z"));
        for bad in [
            "",
            "2026-03-02",
            "1999-12-31T23:59:59Z",
            "2200-01-01T00:00:01Z",
            "20000-01-01T00:00:00Z",
            "now",
            "2026-03-02 08:00:00Z",
            "2026-03-02T08:00:00.0000009Z",
            "2026-03-02T08:00:00.Z",
            "2026-03-02T08:00:00+24:01",
            "2026-03-02T08:00Z",
        ] {
            assert!(bad.parse::<Instant>().is_err(), "{bad}");
        }
    }

    #[test]
    fn p4_a_year_from_29_february_is_28_february() {
        let day: Day = "2028-02-29".parse().unwrap();
        assert_eq!(day.one_year_on().to_string(), "2029-02-28");
    }

    #[test]
    fn a_day_ends_where_the_next_one_starts_in_its_zone() {
        let paris: Zone = "Europe/Paris".parse().unwrap();
        let day = paris.day_of(at("2026-03-01T23:30:00Z"));
        assert_eq!(day.to_string(), "2026-03-02");
        assert_eq!(paris.end_of(day), at("2026-03-02T23:00:00Z"));
        assert!("Europe/Lutetia".parse::<Zone>().is_err());
    }

    #[test]
    fn p4_a_day_without_midnight_starts_later() {
        // Clocks in Cairo went from 00:00 to 01:00 on 2026-04-24: the day before ends at that jump.
        let cairo: Zone = "Africa/Cairo".parse().unwrap();
        let day: Day = "2026-04-23".parse().unwrap();
        assert_eq!(cairo.end_of(day), at("2026-04-23T22:00:00Z"));
    }
}
