//! Nanoseconds since the epoch as people write them, in the local time zone (`TZ`).

use std::cell::Cell;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::access::TimeStyle;

/// An offset from UTC never changes within such a stretch: zones change at whole quarters of an hour.
const STRETCH_S: u64 = 900;

thread_local! {
    /// The local offset of the stretch that was asked for last.
    static LAST_OFFSET: Cell<Option<(u64, Offset)>> = const { Cell::new(None) };
}

/// Whether times of this process are printed in UTC whatever `TZ` says.
static IN_UTC: AtomicBool = AtomicBool::new(false);

/// From now on local times are those of UTC: for output that must be the same wherever it is made. Call it before any
/// time is printed.
pub fn print_in_utc() {
    IN_UTC.store(true, Ordering::Relaxed);
}

/// Appends a time in the local time zone.
pub fn write_time(style: TimeStyle, ts_ns: u64, out: &mut Vec<u8>) {
    let Ok(timestamp) = Timestamp::from_nanosecond(i128::from(ts_ns)) else {
        return write(out, format_args!("{ts_ns}"));
    };
    let stretch = ts_ns / 1_000_000_000 / STRETCH_S;
    let offset = match LAST_OFFSET.get() {
        Some((last, offset)) if last == stretch => offset,
        _ => {
            let in_utc = IN_UTC.load(Ordering::Relaxed);
            let offset = if in_utc { Offset::UTC } else { TimeZone::system().to_offset(timestamp) };
            LAST_OFFSET.set(Some((stretch, offset)));
            offset
        }
    };
    write_local(style, offset.to_datetime(timestamp), offset, out);
}

fn write_local(style: TimeStyle, local: DateTime, offset: Offset, out: &mut Vec<u8>) {
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    let nanos = local.subsec_nanosecond();
    let (year, month, day) = (local.year(), local.month(), local.day());
    match style {
        TimeStyle::Clock => {
            write_two_digits(hour, out);
            out.push(b':');
            write_two_digits(minute, out);
            out.push(b':');
            write_two_digits(second, out);
            out.push(b'.');
            let mut left = nanos.unsigned_abs();
            let mut digits = [b'0'; 9];
            for digit in digits.iter_mut().rev() {
                *digit += u8::try_from(left % 10).unwrap_or_default();
                left /= 10;
            }
            out.extend_from_slice(&digits);
        }
        TimeStyle::ClockSeconds => write(out, format_args!("{hour:02}:{minute:02}:{second:02}")),
        TimeStyle::DateTime => {
            write(out, format_args!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{nanos:09}"));
        }
        TimeStyle::DateTimeSeconds => {
            write(out, format_args!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"));
        }
        TimeStyle::Iso8601 => {
            let offset_s = offset.seconds();
            let (sign, offset_min) = (if offset_s < 0 { '-' } else { '+' }, offset_s.unsigned_abs() / 60);
            let (offset_h, offset_min) = (offset_min / 60, offset_min % 60);
            write(
                out,
                format_args!(
                    "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}\
                     {sign}{offset_h:02}{offset_min:02}"
                ),
            );
        }
    }
}

fn write_two_digits(number: i8, out: &mut Vec<u8>) {
    let number = number.unsigned_abs();
    out.extend([b'0' + number / 10 % 10, b'0' + number % 10]);
}

/// Appends a time in UTC as `2006-01-02T15:04:05.123456789Z`, the `time` of JSON alerts.
pub fn write_utc(ts_ns: u64, out: &mut Vec<u8>) {
    match Timestamp::from_nanosecond(i128::from(ts_ns)) {
        Ok(timestamp) => write(out, format_args!("{timestamp:.9}")),
        Err(_) => write(out, format_args!("{ts_ns}")),
    }
}

/// Appends a time in UTC as `2006-01-02 15:04:05.123456789`: how a time among an event's parameters is printed.
pub fn write_utc_datetime(ts_ns: u64, out: &mut Vec<u8>) {
    let start = out.len();
    write_utc(ts_ns, out);
    if let Some(text) = out.get_mut(start..)
        && text.last() == Some(&b'Z')
    {
        for byte in text.iter_mut() {
            if *byte == b'T' {
                *byte = b' ';
            }
        }
        out.pop();
    }
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a Vec cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_their_styles() {
        // 2026-01-02 03:04:05.000000006 UTC, in a zone of half hours behind it.
        let offset = Offset::from_seconds(-(3 * 3600 + 1800)).expect("a valid offset");
        let timestamp = Timestamp::from_nanosecond(1_767_323_045_000_000_006).expect("a valid time");
        for (style, expected) in [
            (TimeStyle::Clock, "23:34:05.000000006"),
            (TimeStyle::ClockSeconds, "23:34:05"),
            (TimeStyle::DateTime, "2026-01-01 23:34:05.000000006"),
            (TimeStyle::DateTimeSeconds, "2026-01-01 23:34:05"),
            (TimeStyle::Iso8601, "2026-01-01T23:34:05.000000006-0330"),
        ] {
            let mut out = Vec::new();
            write_local(style, offset.to_datetime(timestamp), offset, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
    }

    #[test]
    fn universal_time_has_nine_digits() {
        let mut out = Vec::new();
        write_utc(1_767_323_045_000_000_000, &mut out);
        out.push(b' ');
        write_utc_datetime(1_767_323_045_120_000_000, &mut out);
        out.push(b' ');
        write_utc_datetime(u64::MAX, &mut out);
        let expected = "2026-01-02T03:04:05.000000000Z 2026-01-02 03:04:05.120000000 2554-07-21 23:34:33.709551615";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }
}
