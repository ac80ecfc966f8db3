//! What was asked for, in which order.

/// The accesses of a trace. Objects are numbered from 0 in the order of their
/// first access.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccessTrace {
    pub(super) ids: Vec<u32>,
    /// By access; empty if every access has size 1.
    pub(super) sizes: Vec<u32>,
    pub(super) sized: bool,
    pub(super) objects: u32,
    pub(super) footprint: u64,
    /// By access, in nanoseconds; empty unless they were asked for.
    pub(super) times: Vec<i128>,
    pub(super) zero_sizes: u64,
    pub(super) out_of_order: u64,
    pub(super) skipped: u64,
    pub(super) first_bad: Option<String>,
    pub(super) notes: Vec<String>,
}

impl AccessTrace {
    /// A trace of these objects, which are renumbered; with a size in bytes for
    /// each access, of at least 1, or all of size 1.
    ///
    /// # Panics
    /// If there is not a size for each access.
    pub fn from_ids(ids: &[u32], sizes: Option<Vec<u32>>) -> Self {
        let mut trace = AccessTrace { sized: sizes.is_some(), ..AccessTrace::default() };
        trace.sizes = sizes.unwrap_or_default();
        trace.sizes.iter_mut().for_each(|size| *size = (*size).max(1));
        assert!(!trace.sized || trace.sizes.len() == ids.len(), "a size for each access");
        let most = ids.iter().max().map_or(0, |id| *id as usize + 1);
        let mut numbers = vec![None; most];
        for (at, id) in ids.iter().enumerate() {
            let number = *numbers[*id as usize].get_or_insert_with(|| {
                trace.objects += 1;
                trace.footprint += u64::from(trace.sizes.get(at).copied().unwrap_or(1));
                trace.objects - 1
            });
            trace.ids.push(number);
        }
        trace
    }

    /// How many accesses there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The objects accessed, in order.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The size of each access in bytes; `None` if all are 1.
    pub fn sizes(&self) -> Option<&[u32]> {
        self.sized.then_some(&self.sizes[..])
    }

    /// Objects and sizes of the accesses, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let size = |at: usize| if self.sized { self.sizes[at] } else { 1 };
        self.ids.iter().enumerate().map(move |(at, id)| (*id, size(at)))
    }

    /// How many distinct objects there are.
    pub fn objects(&self) -> u64 {
        u64::from(self.objects)
    }

    /// The size of all distinct objects together, each as at its first access,
    /// in bytes.
    pub fn footprint(&self) -> u64 {
        self.footprint
    }

    /// The times of the accesses in nanoseconds, if they were asked for and are known.
    pub fn times(&self) -> Option<&[i128]> {
        (self.times.len() == self.ids.len()).then_some(&self.times[..])
    }

    /// Accesses of size 0, which weigh 1 byte.
    pub fn zero_sizes(&self) -> u64 {
        self.zero_sizes
    }

    /// Accesses with a time before that of the access before them. They are
    /// replayed in the file's order.
    pub fn out_of_order(&self) -> u64 {
        self.out_of_order
    }

    /// Bad rows that were left out.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// What there is that matters and is not used.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The first of them: file, line and what is wrong.
    pub fn first_bad(&self) -> Option<&str> {
        self.first_bad.as_deref()
    }
}
