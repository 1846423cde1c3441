//! Points in time and durations as people type them, and durations as people read them.

use std::time::Duration;

use jiff::civil;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

/// A point in time as typed for `--from` or `--to`; some forms mean something only beside a capture's start.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TimePoint {
    /// A date and time with its offset.
    Absolute(Timestamp),
    /// A date and time without an offset: local time.
    Local(civil::DateTime),
    /// A time of day: local time, on the day the capture starts, or the next day if that is before its start by more
    /// than half a day.
    TimeOfDay(civil::Time),
    /// So long after the capture's start.
    AfterStart(Duration),
}

impl TimePoint {
    /// Reads one of the forms. The error says which forms there are.
    pub(crate) fn parse(text: &str) -> Result<TimePoint, String> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix('+') {
            return parse_duration(rest).map(TimePoint::AfterStart);
        }
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(TimePoint::Absolute(timestamp));
        }
        if let Ok(zoned) = text.parse::<Zoned>() {
            return Ok(TimePoint::Absolute(zoned.timestamp()));
        }
        // jiff takes a time as a date-time's part and the other way round, so the form decides which is tried
        let looks_like_a_time = text.as_bytes().get(2) == Some(&b':');
        if looks_like_a_time {
            if let Ok(time) = text.parse::<civil::Time>() {
                return Ok(TimePoint::TimeOfDay(time));
            }
        } else if let Ok(date_time) = text.parse::<civil::DateTime>() {
            return Ok(TimePoint::Local(date_time));
        }
        Err("a time such as 2026-11-21T14:05:00Z, 14:05:00 or +10s is wanted".to_owned())
    }

    /// Nanoseconds since the epoch, for a capture that starts at `start_ns`. `None` where that is before 1970 or beyond
    /// what a capture can hold.
    pub(crate) fn resolve(&self, start_ns: u64, zone: &TimeZone) -> Option<u64> {
        let timestamp = match self {
            TimePoint::Absolute(timestamp) => *timestamp,
            TimePoint::Local(date_time) => date_time.to_zoned(zone.clone()).ok()?.timestamp(),
            TimePoint::AfterStart(duration) => {
                return start_ns.checked_add(u64::try_from(duration.as_nanos()).ok()?);
            }
            TimePoint::TimeOfDay(time) => {
                let start = Timestamp::from_nanosecond(i128::from(start_ns)).ok()?.to_zoned(zone.clone());
                let same_day = start.date().to_datetime(*time).to_zoned(zone.clone()).ok()?;
                let early = same_day.timestamp() < start.timestamp().checked_sub(Span::new().hours(12)).ok()?;
                let day = if early { start.date().tomorrow().ok()? } else { start.date() };
                day.to_datetime(*time).to_zoned(zone.clone()).ok()?.timestamp()
            }
        };
        u64::try_from(timestamp.as_nanosecond()).ok()
    }
}

/// Reads `500ms`, `30s`, `5m`, `1h30m`; a bare number means seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    const WANTED: &str = "a time such as 500ms, 30s, 5m or 1h30m is wanted";
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return positive(Duration::from_secs(seconds));
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_ascii_alphabetic()).len();
        let (unit, after) = after.split_at(letters);
        let number: u64 = number.parse().map_err(|_| WANTED.to_owned())?;
        let unit_ns: u64 = match unit {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" | "min" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return Err(WANTED.to_owned()),
        };
        let part_ns = number.checked_mul(unit_ns).ok_or("too long")?;
        total = total.checked_add(Duration::from_nanos(part_ns)).ok_or("too long")?;
        rest = after.trim_start();
    }
    positive(total)
}

fn positive(duration: Duration) -> Result<Duration, String> {
    if duration.is_zero() { Err("a time above zero is wanted".to_owned()) } else { Ok(duration) }
}

/// A point in time as `2026-11-21 14:05:00.123456789 +01:00`, in the zone given.
pub(crate) fn show_time(ts_ns: u64, zone: &TimeZone) -> String {
    match Timestamp::from_nanosecond(i128::from(ts_ns)) {
        Ok(timestamp) => timestamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S.%9f %:z").to_string(),
        Err(_) => format!("{ts_ns} ns"),
    }
}

/// A length of time in at most two units: `417 ms`, `12.3 s`, `3 m 05 s`, `2 h 07 m`.
pub(crate) fn show_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if duration < Duration::from_millis(1) {
        format!("{} us", duration.as_micros())
    } else if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else if seconds < 60 {
        format!("{}.{} s", seconds, duration.subsec_millis() / 100)
    } else if seconds < 3600 {
        format!("{} m {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// 2026-11-21 23:50:00 UTC.
    const START_NS: u64 = 1_795_305_000_000_000_000;

    fn resolved(text: &str) -> String {
        let ts_ns = TimePoint::parse(text).unwrap().resolve(START_NS, &TimeZone::UTC).unwrap();
        show_time(ts_ns, &TimeZone::UTC)
    }

    #[test]
    fn absolute_times_stand_on_their_own() {
        assert_eq!(resolved("2026-11-21T14:05:00Z"), "2026-11-21 14:05:00.000000000 +00:00");
        assert_eq!(resolved("2026-11-21T14:05:00.5+02:00"), "2026-11-21 12:05:00.500000000 +00:00");
        assert_eq!(resolved("2026-11-21 14:05:00"), "2026-11-21 14:05:00.000000000 +00:00");
    }

    #[test]
    fn a_time_of_day_is_on_the_day_of_the_start_or_after_midnight() {
        assert_eq!(resolved("23:55:00"), "2026-11-21 23:55:00.000000000 +00:00");
        assert_eq!(resolved("23:55:00.25"), "2026-11-21 23:55:00.250000000 +00:00");
        assert_eq!(resolved("00:10:00"), "2026-11-22 00:10:00.000000000 +00:00");
        assert_eq!(resolved("23:40"), "2026-11-21 23:40:00.000000000 +00:00");
    }

    #[test]
    fn a_plus_counts_from_the_start() {
        assert_eq!(resolved("+10s"), "2026-11-21 23:50:10.000000000 +00:00");
        assert_eq!(resolved("+1h30m"), "2026-11-22 01:20:00.000000000 +00:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "25:00:00", "+", "10s", "14:05:00 tomorrow", "2026-13-01T00:00:00Z"] {
            assert!(TimePoint::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_add_their_parts() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse_duration("90"), Ok(Duration::from_secs(90)));
        for text in ["", "0s", "s", "5x", "-5s", "99999999999999999999s", "99999999999h"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_read_well() {
        assert_eq!(show_duration(Duration::from_micros(7)), "7 us");
        assert_eq!(show_duration(Duration::from_millis(417)), "417 ms");
        assert_eq!(show_duration(Duration::from_millis(12_345)), "12.3 s");
        assert_eq!(show_duration(Duration::from_secs(185)), "3 m 05 s");
        assert_eq!(show_duration(Duration::from_secs(7_620)), "2 h 07 m");
    }
}
