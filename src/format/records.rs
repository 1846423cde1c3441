//! Header and index records as bytes. The one file that knows bincode (2.0.1, frozen: little-endian, variable-length
//! integers, no type information, so a record's layout is fixed by the format's version).

use bincode::config::Config;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cursor::Malformed;
use super::error::FormatError;

/// The largest record that is read, bytes: an index of a million blocks fits.
pub(crate) const RECORD_LIMIT: usize = 256 << 20;

/// A record as bytes.
pub(crate) fn encode_record<T: Serialize>(what: &'static str, record: &T) -> Result<Vec<u8>, FormatError> {
    bincode::serde::encode_to_vec(record, bincode::config::standard())
        .map_err(|error| FormatError::Encode { what, reason: error.to_string() })
}

/// A record out of exactly these bytes.
///
/// bincode allocates a string before it finds that its bytes are missing; its limit is chosen by the number of bytes
/// there are, so that a hostile record of a few bytes cannot claim more than 1 MiB.
pub(crate) fn decode_record<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, Malformed> {
    let config = bincode::config::standard();
    if bytes.len() < 1 << 16 {
        decode_with(what, bytes, config.with_limit::<{ 1 << 20 }>())
    } else if bytes.len() < 1 << 22 {
        decode_with(what, bytes, config.with_limit::<{ 1 << 24 }>())
    } else {
        decode_with(what, bytes, config.with_limit::<RECORD_LIMIT>())
    }
}

fn decode_with<T: DeserializeOwned>(what: &'static str, bytes: &[u8], config: impl Config) -> Result<T, Malformed> {
    let (record, used) = bincode::serde::decode_from_slice(bytes, config)
        .map_err(|error| Malformed::new(format!("the {what} does not decode: {error}")))?;
    if used == bytes.len() {
        Ok(record)
    } else {
        Err(Malformed::new(format!("{} bytes are left over after the {what}", bytes.len() - used)))
    }
}
