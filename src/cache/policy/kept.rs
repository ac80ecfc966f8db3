//! Where policies keep their entries: what is the same for all that keep them alike.

/// [`Policy`](super::Policy)'s access to entries that are in `self.table`.
macro_rules! kept_in_table {
    () => {
        #[inline]
        fn table(&self) -> &Table {
            &self.table
        }

        #[inline]
        fn table_mut(&mut self) -> &mut Table {
            &mut self.table
        }
    };
}

/// The same for entries that are in `self.segments`, which weigh what leaves them.
macro_rules! kept_in_segments {
    () => {
        #[inline]
        fn table(&self) -> &Table {
            self.segments.table()
        }

        #[inline]
        fn table_mut(&mut self) -> &mut Table {
            self.segments.table_mut()
        }

        #[inline]
        fn remove(&mut self, slot: Slot) {
            self.segments.remove(slot);
        }
    };
}
