//! The numbers of a block's layout: tags of tables and numbers of columns. Part of the file format.

use crate::format::dimension::{Dimension, ThreadColumn};
use crate::format::schema::EventKind;

/// Which table of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TableTag {
    /// Columns of all events, in sequence order.
    Sequence,
    Dimension(Dimension),
    Event(EventKind),
}

/// Tags below this are not event tables.
const FIRST_EVENT_TAG: u64 = 16;

impl TableTag {
    pub(super) fn number(self) -> u64 {
        match self {
            TableTag::Sequence => 0,
            TableTag::Dimension(dimension) => dimension as u64,
            TableTag::Event(kind) => FIRST_EVENT_TAG + u64::from(kind.0),
        }
    }

    /// `None` for a table that this version does not know.
    pub(super) fn of_number(number: u64) -> Option<TableTag> {
        if let Some(kind) = number.checked_sub(FIRST_EVENT_TAG) {
            return u16::try_from(kind).ok().map(|kind| TableTag::Event(EventKind(kind)));
        }
        if number == 0 {
            return Some(TableTag::Sequence);
        }
        DIMENSIONS.into_iter().find(|&dimension| dimension as u64 == number).map(TableTag::Dimension)
    }
}

/// All dimensions, in file order.
pub(super) const DIMENSIONS: [Dimension; 5] =
    [Dimension::Thread, Dimension::Fd, Dimension::Container, Dimension::User, Dimension::Group];

/// Column numbers of the sequence table.
pub(super) mod sequence {
    /// Times, ns since the epoch.
    pub(in crate::format::block) const TS_NS: u16 = 1;
    /// `evt.num`.
    pub(in crate::format::block) const NUM: u16 = 2;
    /// Processors.
    pub(in crate::format::block) const CPU: u16 = 3;
    /// The place of each event's table among the block's event tables.
    pub(in crate::format::block) const TABLE: u16 = 4;
    // From 5 on: how each figure of `Tally` differs from what is expected, see `tallies`.

    /// What the column is called.
    pub(in crate::format::block) fn name(column: u16) -> String {
        match column {
            TS_NS => "time".to_owned(),
            NUM => "number".to_owned(),
            CPU => "cpu".to_owned(),
            TABLE => "kind".to_owned(),
            other => match crate::format::dimension::Tally::of_number(other) {
                Some(tally) => format!("{tally:?}").to_lowercase(),
                None => format!("column {other}"),
            },
        }
    }
}

/// Column numbers of event tables.
pub(super) mod event {
    /// Row of the thread table.
    pub(in crate::format::block) const THREAD: u16 = 1;
    /// Row of the descriptor table; null for none.
    pub(in crate::format::block) const FD: u16 = 2;
    /// Resolved path.
    pub(in crate::format::block) const PATH: u16 = 3;
    /// Resolved source path.
    pub(in crate::format::block) const SOURCE_PATH: u16 = 4;
    /// Rows of the descriptor table that a list means: for each a number one higher, 0 for one that is not known, as
    /// varints.
    pub(in crate::format::block) const FD_LIST: u16 = 5;
    /// The first parameter; the others follow.
    pub(in crate::format::block) const FIRST_PARAM: u16 = 16;

    /// What the column is called.
    pub(in crate::format::block) fn name(kind: crate::format::schema::EventKind, column: u16) -> String {
        let param = || {
            let at = usize::from(column.checked_sub(FIRST_PARAM)?);
            kind.info()?.params.get(at)
        };
        match column {
            THREAD => "thread".to_owned(),
            FD => "fd".to_owned(),
            PATH => "path".to_owned(),
            SOURCE_PATH => "source path".to_owned(),
            FD_LIST => "fd list".to_owned(),
            other => param().map_or_else(|| format!("column {other}"), |param| format!("evt.arg.{}", param.name)),
        }
    }
}

/// What the numbers of a column refer to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reference {
    /// Nothing: they are plain numbers.
    None,
    /// Rows of a dimension table.
    Row { dimension: Dimension, nullable: bool },
    /// Rows of the same table before the row itself, so that following them ends.
    EarlierRow,
}

/// What the numbers of a column refer to.
pub(super) fn reference_of(tag: TableTag, column: u16) -> Reference {
    let row = |dimension, nullable| Reference::Row { dimension, nullable };
    match tag {
        TableTag::Event(_) if column == event::THREAD => row(Dimension::Thread, false),
        TableTag::Event(_) if column == event::FD => row(Dimension::Fd, true),
        TableTag::Dimension(Dimension::Thread) => {
            const PARENT: u16 = ThreadColumn::Parent as u16;
            const SESSION_LEADER: u16 = ThreadColumn::SessionLeader as u16;
            const GROUP_LEADER: u16 = ThreadColumn::GroupLeader as u16;
            const INNER_GROUP_LEADER: u16 = ThreadColumn::InnerGroupLeader as u16;
            const STDIN: u16 = ThreadColumn::Stdin as u16;
            const STDERR: u16 = ThreadColumn::Stderr as u16;
            const USER: u16 = ThreadColumn::User as u16;
            const LOGIN_USER: u16 = ThreadColumn::LoginUser as u16;
            const GROUP: u16 = ThreadColumn::Group as u16;
            const CONTAINER: u16 = ThreadColumn::Container as u16;
            match column {
                PARENT | SESSION_LEADER | GROUP_LEADER | INNER_GROUP_LEADER => Reference::EarlierRow,
                STDIN..=STDERR => row(Dimension::Fd, true),
                USER | LOGIN_USER => row(Dimension::User, true),
                GROUP => row(Dimension::Group, true),
                CONTAINER => row(Dimension::Container, true),
                _ => Reference::None,
            }
        }
        TableTag::Event(_) | TableTag::Sequence | TableTag::Dimension(_) => Reference::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_from_their_numbers() {
        let all = DIMENSIONS.into_iter().map(TableTag::Dimension);
        for tag in all.chain([TableTag::Sequence, TableTag::Event(EventKind(0)), TableTag::Event(EventKind(511))]) {
            assert_eq!(TableTag::of_number(tag.number()), Some(tag));
        }
        assert_eq!(TableTag::of_number(6), None);
        assert_eq!(TableTag::of_number(u64::MAX), None);
    }
}
