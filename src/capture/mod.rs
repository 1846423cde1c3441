//! From kernel facts to rows: live recording, state, containers, and the recorder that joins them. No rules in here.

#[cfg(feature = "record")]
pub mod live;
pub mod raw;
