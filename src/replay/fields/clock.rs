//! Nanoseconds since the epoch as people write them, in the local time zone (`TZ`).

use std::io::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::access::TimeStyle;

/// Appends a time in the local time zone.
pub fn write_time(style: TimeStyle, ts_ns: u64, out: &mut Vec<u8>) {
    let Ok(timestamp) = Timestamp::from_nanosecond(i128::from(ts_ns)) else {
        return write(out, format_args!("{ts_ns}"));
    };
    let zone = TimeZone::system();
    let local = zone.to_datetime(timestamp);
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    let nanos = local.subsec_nanosecond();
    let (year, month, day) = (local.year(), local.month(), local.day());
    match style {
        TimeStyle::Clock => write(out, format_args!("{hour:02}:{minute:02}:{second:02}.{nanos:09}")),
        TimeStyle::ClockSeconds => write(out, format_args!("{hour:02}:{minute:02}:{second:02}")),
        TimeStyle::DateTime => {
            write(out, format_args!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{nanos:09}"));
        }
        TimeStyle::DateTimeSeconds => {
            write(out, format_args!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"));
        }
        TimeStyle::Iso8601 => {
            let offset_s = zone.to_offset(timestamp).seconds();
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
