//! One event of a `.scap` file, whose parameters lie in the reader's buffer.

/// An event. Its parameters are bytes as the recorder laid them down; [`crate::format::schema::codes::code_info`] says
/// what each means.
#[derive(Clone, Copy, Debug)]
pub struct ScapEvent<'a> {
    /// The event's code; always one that [`crate::format::schema::codes::code_info`] knows.
    pub code: u16,
    /// The processor it happened on.
    pub cpu: u16,
    /// Flags of the block, 0 where the block has none.
    pub flags: u32,
    /// Nanoseconds since the epoch.
    pub ts_ns: u64,
    /// The thread that did it; -1 for events without one.
    pub tid: i64,
    /// The lengths of the parameters, in two or four bytes each.
    lengths: &'a [u8],
    /// Whether a length takes four bytes.
    is_large: bool,
    /// The parameters, one after the other. As long as all lengths together.
    data: &'a [u8],
}

impl<'a> ScapEvent<'a> {
    /// How many parameters the event has: what its code has today, or fewer (of an older recording) or more (of a newer
    /// one).
    pub fn param_count(&self) -> usize {
        self.lengths.len() / if self.is_large { 4 } else { 2 }
    }

    /// The bytes of a parameter; `None` when the event does not have that many. An empty slice is a parameter that is
    /// there and has no value.
    pub fn param(&self, at: usize) -> Option<&'a [u8]> {
        self.params().nth(at)
    }

    /// Every parameter in order. Cheaper than asking for one after the other.
    pub fn params(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        Params { lengths: self.lengths, is_large: self.is_large, data: self.data }
    }
}

struct Params<'a> {
    lengths: &'a [u8],
    is_large: bool,
    data: &'a [u8],
}

impl<'a> Iterator for Params<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let length = if self.is_large {
            let (length, rest) = self.lengths.split_first_chunk::<4>()?;
            self.lengths = rest;
            usize::try_from(u32::from_le_bytes(*length)).ok()?
        } else {
            let (length, rest) = self.lengths.split_first_chunk::<2>()?;
            self.lengths = rest;
            usize::from(u16::from_le_bytes(*length))
        };
        let (param, rest) = self.data.split_at_checked(length)?;
        self.data = rest;
        Some(param)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.lengths.len() / if self.is_large { 4 } else { 2 };
        (left, Some(left))
    }
}

impl ExactSizeIterator for Params<'_> {}
