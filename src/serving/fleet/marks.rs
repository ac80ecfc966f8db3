//! Replicas that are to be looked at again.

/// A list in which each replica is once at most.
#[derive(Clone, Debug)]
pub struct Marks {
    marked: Vec<bool>,
    list: Vec<u32>,
}

impl Marks {
    /// All of `replicas` are marked.
    pub fn all(replicas: u32) -> Self {
        Marks { marked: vec![true; replicas as usize], list: (0..replicas).collect() }
    }

    /// Marks a replica.
    #[inline]
    pub fn mark(&mut self, replica: u32) {
        if !std::mem::replace(&mut self.marked[replica as usize], true) {
            self.list.push(replica);
        }
    }

    /// Marks all replicas.
    pub fn mark_all(&mut self) {
        (0..self.marked.len() as u32).for_each(|replica| self.mark(replica));
    }

    /// Takes the mark from the replica that got it last.
    #[inline]
    pub fn take(&mut self) -> Option<u32> {
        let replica = self.list.pop()?;
        self.marked[replica as usize] = false;
        Some(replica)
    }
}
