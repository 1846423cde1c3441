//! Times of audit events: RFC 3339, as the API server writes them.

/// Nanoseconds since the epoch; `None` for what is no such time, and for times before 1970 or after 2261.
pub(super) fn parse_time(text: &[u8]) -> Option<u64> {
    let mut at = Cursor { text, at: 0 };
    let year = at.digits(4)?;
    at.byte(b"-")?;
    let month = at.digits(2).filter(|month| (1..=12).contains(month))?;
    at.byte(b"-")?;
    let day = at.digits(2).filter(|day| (1..=days_of(year, month)).contains(day))?;
    at.byte(b"Tt")?;
    let hour = at.digits(2).filter(|hour| *hour < 24)?;
    at.byte(b":")?;
    let minute = at.digits(2).filter(|minute| *minute < 60)?;
    at.byte(b":")?;
    let second = at.digits(2).filter(|second| *second < 60)?;
    let nanos = at.fraction()?;
    let offset_minutes = at.offset()?;
    if at.at != text.len() {
        return None;
    }
    let minutes = (days_since_epoch(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    let ns = (minutes * 60 + second).checked_mul(1_000_000_000)?.checked_add(nanos)?;
    u64::try_from(ns).ok()
}

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.text.get(self.at..self.at + count)?;
        self.at += count;
        digits.iter().try_fold(0, |number, digit| {
            if digit.is_ascii_digit() { Some(number * 10 + i64::from(digit - b'0')) } else { None }
        })
    }

    fn byte(&mut self, wanted: &[u8]) -> Option<u8> {
        let byte = *self.text.get(self.at).filter(|byte| wanted.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Nanoseconds of `.544952`; digits beyond the ninth are dropped.
    fn fraction(&mut self) -> Option<i64> {
        if self.byte(b".").is_none() {
            return Some(0);
        }
        let (mut nanos, mut unit) = (0, 100_000_000);
        let start = self.at;
        while let Some(digit) = self.text.get(self.at).filter(|byte| byte.is_ascii_digit()) {
            nanos += i64::from(digit - b'0') * unit;
            unit /= 10;
            self.at += 1;
        }
        (self.at > start).then_some(nanos)
    }

    /// Minutes east of Greenwich.
    fn offset(&mut self) -> Option<i64> {
        match self.byte(b"Zz+-")? {
            sign @ (b'+' | b'-') => {
                let hours = self.digits(2).filter(|hours| *hours <= 24)?;
                self.byte(b":")?;
                let minutes = hours * 60 + self.digits(2).filter(|minutes| *minutes < 60)?;
                Some(if sign == b'-' { -minutes } else { minutes })
            }
            _ => Some(0),
        }
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; years from 0 on.
fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let in_year: i64 = (1..month).map(|month| days_of(year, month)).sum();
    // 719,162 days lie between the first days of the years 1 and 1970
    before * 365 + leap_days + in_year + day - 1 - 719_162
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2018-10-26T13:13:03.544952Z", Some(1_540_559_583_544_952_000)),
            ("2018-10-26T15:13:03.544952+02:00", Some(1_540_559_583_544_952_000)),
            ("2018-10-26T13:13:03.5449521234567Z", Some(1_540_559_583_544_952_123)),
            ("2000-02-29T23:59:59.999999999Z", Some(951_868_799_999_999_999)),
            ("2261-12-31T23:59:59Z", Some(9_214_646_399_000_000_000)),
            ("2018-10-26t13:13:03z", Some(1_540_559_583_000_000_000)),
        ] {
            assert_eq!(parse_time(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2018-10-26",
            "2018-10-26T13:13:03",
            "2018-10-26 13:13:03Z",
            "2018-13-26T13:13:03Z",
            "2018-02-29T13:13:03Z",
            "2018-10-26T24:00:00Z",
            "2018-10-26T13:13:60Z",
            "2018-10-26T13:13:03.Z",
            "2018-10-26T13:13:03+0200",
            "2018-10-26T13:13:03Zx",
            "1969-12-31T23:59:59Z",
            "9999-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "+018-10-26T13:13:03Z",
        ] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }
}
