//! Instants, days and time zones.

use jeton_core::time::{Day, Instant, Zone};

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // One to be read, and behind a space a time zone.
    let (text, zone) = text.split_once(' ').unwrap_or((text, "UTC"));
    let zone = zone.parse::<Zone>().ok();
    if let Some(zone) = &zone {
        assert_eq!(zone.name().parse::<Zone>().ok().as_ref(), Some(zone), "{}", zone.name());
    }
    if let Ok(at) = text.parse::<Instant>() {
        // Nothing of it is rounded away.
        let decimals = text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
        assert!(decimals <= 6 && text.len() >= 20 && text.is_ascii(), "{text:?}");
        assert!((Instant::FIRST..=Instant::LAST).contains(&at), "{text:?}");
        let written = at.to_string();
        assert_eq!(written.parse::<Instant>().ok(), Some(at), "{text:?} is written {written:?}");
        assert!(written.ends_with('Z') && written.is_ascii(), "{written:?}");
        assert_eq!(Instant::from_micros(at.micros()), Some(at));
        let json = serde_json::to_string(&at).expect("an instant is JSON");
        assert_eq!(serde_json::from_str::<Instant>(&json).ok(), Some(at));
        assert!(at.next() >= at && at.next().since(at).micros() <= 1);
        if let Some(zone) = &zone {
            let day = zone.day_of(at);
            let end = zone.end_of(day);
            assert!(end > at || end == Instant::LAST, "{text:?} lies past the end of its day, {end}");
        }
    }
    if let Ok(day) = text.parse::<Day>() {
        assert_eq!(day.to_string(), text);
        assert!((2000..=2200).contains(&day.year()), "{text:?}");
        let later = day.days_on(u16::MAX);
        assert!(later > day && day.one_year_on() > day && day.days_on(0) == day, "{text:?}");
        if let Some(zone) = &zone {
            let (end, next) = (zone.end_of(day), zone.end_of(day.days_on(1)));
            assert!(end <= next, "{text:?} ends after the day behind it");
        }
    }
}
