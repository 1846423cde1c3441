//! From kernel facts to rows: live recording, state, containers, and the recorder that joins them. No rules in here.

pub mod raw;
