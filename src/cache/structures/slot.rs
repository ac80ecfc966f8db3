//! Names of entries and of lists.

/// Where an entry lives, from its insertion to its removal; then the slot is
/// used again. Whatever else is known of an entry is kept in arrays by slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(pub(in crate::cache) u32);

impl Slot {
    pub(in crate::cache) const NONE: Slot = Slot(u32::MAX);

    /// As the index of an array.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One of a table's lists. Its ends meet in a slot that is no entry, so that
/// linking and unlinking have no special cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List(pub(in crate::cache) u32);

impl List {
    /// The `n`th list of a table.
    pub const fn nth(n: u32) -> List {
        List(n)
    }

    /// Its place among the table's lists.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
