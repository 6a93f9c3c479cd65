//! Instants as a case writes them: `Mon 08:00` in the case's week and zone, `2026-03-09 08:00:00.000001` on any
//! day. Ambiguous local times (the night in which the clocks change) are refused; there UTC has to be written.

use jiff::civil::{Date, Time};
use jiff::tz::{self, TimeZone};
use jiff::{Timestamp, ToSpan};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The case's zone and week.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    monday: Date,
}

impl Calendar {
    /// `zone` is an IANA name, `monday` the first day of the week, like `2026-03-02`.
    pub fn new(zone: &str, monday: &str) -> Result<Self, String> {
        let zone = tz::db().get(zone).map_err(|_| format!("`{zone}` is no time zone"))?;
        let monday: Date = monday.parse().map_err(|_| format!("`{monday}` is no day like 2026-03-02"))?;
        if DAYS[usize::try_from(monday.weekday().to_monday_zero_offset()).expect("0 to 6")] != "Mon" {
            return Err(format!("a week begins on a Monday, and {monday} is none"));
        }
        Ok(Self { zone, monday })
    }

    /// The beginning of the week's Monday.
    pub fn week_begins_micros(&self) -> Result<i64, String> {
        self.instant("Mon 00:00")
    }

    /// `Mon`, or a date.
    pub fn day(&self, text: &str) -> Result<String, String> {
        self.date(text).map(|date| date.to_string())
    }

    /// The date of an instant in the case's zone, so many days later.
    pub fn day_of(&self, at_micros: i64, days_later: i32) -> String {
        let date = timestamp(at_micros).to_zoned_datetime(self.zone.clone()).date();
        date.checked_add(days_later.days()).expect("cases are of this millennium").to_string()
    }

    /// `Mon 08:00`, `Mon 08:00:00.000001`, `2026-03-09 08:00`, or RFC 3339 in UTC.
    pub fn instant(&self, text: &str) -> Result<i64, String> {
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(instant.as_microsecond());
        }
        let expected = || format!("`{text}` is no instant like `Mon 08:00` or `2026-03-02 08:00:00.000001`");
        let (day, time) = text.split_once(' ').ok_or_else(expected)?;
        let time: Time = time.trim().parse().map_err(|_| expected())?;
        let local = self.date(day)?.to_datetime(time);
        let zoned = self
            .zone
            .to_ambiguous_zoned_datetime(local)
            .unambiguous()
            .map_err(|_| format!("`{text}` is not one instant in this zone; write it in UTC"))?;
        Ok(zoned.timestamp().as_microsecond())
    }

    /// The instant with its day of the week, in the case's zone.
    pub fn show(&self, at_micros: i64) -> String {
        let zoned = timestamp(at_micros).to_zoned_datetime(self.zone.clone());
        let day = DAYS[usize::try_from(zoned.date().weekday().to_monday_zero_offset()).expect("0 to 6")];
        format!("{day} {} {}", zoned.date(), zoned.time())
    }

    fn date(&self, text: &str) -> Result<Date, String> {
        if let Some(offset) = DAYS.iter().position(|day| *day == text) {
            let offset = i32::try_from(offset).expect("0 to 6");
            return Ok(self.monday.checked_add(offset.days()).expect("cases are of this millennium"));
        }
        text.parse().map_err(|_| format!("`{text}` is no day like `Mon` or `2026-03-02`"))
    }
}

/// An instant as the public contract writes it: RFC 3339 in UTC.
pub fn rfc3339(at_micros: i64) -> String {
    timestamp(at_micros).to_string()
}

/// The instant of a text as the public contract writes it.
pub fn parse_rfc3339(text: &str) -> Result<i64, String> {
    let instant: Timestamp = text.parse().map_err(|_| format!("`{text}` is no instant like 2026-03-02T08:00:00Z"))?;
    Ok(instant.as_microsecond())
}

fn timestamp(at_micros: i64) -> Timestamp {
    Timestamp::from_microsecond(at_micros).expect("cases are of this millennium")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paris() -> Calendar {
        Calendar::new("Europe/Paris", "2026-03-23").unwrap()
    }

    #[test]
    fn days_and_times_are_of_the_zone_and_the_week() {
        let monday = paris().instant("Mon 08:00").unwrap();
        assert_eq!(rfc3339(monday), "2026-03-23T07:00:00Z");
        assert_eq!(rfc3339(paris().instant("Sun 21:00").unwrap()), "2026-03-29T19:00:00Z");
        assert_eq!(paris().instant("2026-03-23 08:00:00.000001").unwrap(), monday + 1);
        assert_eq!(paris().instant("2026-03-23T07:00:00Z").unwrap(), monday);
        assert_eq!(paris().show(monday + 1), "Mon 2026-03-23 08:00:00.000001");
        assert_eq!(paris().day_of(monday, 1), "2026-03-24");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        assert!(paris().instant("Sun 02:30").unwrap_err().contains("not one instant"));
        assert!(paris().instant("Mon").is_err());
        assert!(paris().instant("Mon 25:00").is_err());
        assert!(paris().instant("Lun 08:00").is_err());
        assert!(Calendar::new("Europe/Pariss", "2026-03-23").is_err());
        assert!(Calendar::new("UTC", "2026-03-24").unwrap_err().contains("Monday"));
    }
}
