//! The reference's memory: blocks one by one, in lists that are searched from end to end.

use std::collections::{BTreeMap, VecDeque};

use super::Sequence;

/// 0 and a caller's id, or a sequence and the place of a unit in it.
pub type Name = (u64, u64);

pub struct Unit {
    name: Name,
    pub users: u32,
    pub blocks: Vec<usize>,
}

/// Blocks one by one.
pub struct Memory {
    pub total: usize,
    per_id: u32,
    block_size: u32,
    pub free: VecDeque<usize>,
    /// The unit that a block belongs to.
    unit_of: Vec<Option<usize>>,
    pub units: Vec<Unit>,
    /// Units of a name, in the order in which they got it.
    known: BTreeMap<Name, Vec<usize>>,
}

impl Memory {
    pub fn new(total: usize, per_id: u32, block_size: u32) -> Self {
        Memory {
            total,
            per_id,
            block_size,
            free: (0..total).collect(),
            unit_of: vec![None; total],
            units: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    /// The unit of a name that is found.
    pub fn find(&self, name: Name) -> Option<usize> {
        self.known.get(&name)?.first().copied()
    }

    pub fn take(&mut self, count: u32) -> Vec<usize> {
        (0..count).map(|_| self.take_one()).collect()
    }

    fn take_one(&mut self) -> usize {
        let block = self.free.pop_front().expect("a free block");
        if let Some(unit) = self.unit_of[block] {
            let name = self.units[unit].name;
            if let Some(all) = self.known.get_mut(&name) {
                all.retain(|other| *other != unit);
            }
            for other in std::mem::take(&mut self.units[unit].blocks) {
                self.unit_of[other] = None;
            }
        }
        block
    }

    fn release(&mut self, unit: usize) {
        self.units[unit].users -= 1;
        if self.units[unit].users == 0 {
            self.free.extend(&self.units[unit].blocks);
        }
    }

    pub fn hold(&mut self, unit: usize) {
        if self.units[unit].users == 0 {
            let blocks = &self.units[unit].blocks;
            self.free.retain(|block| !blocks.contains(block));
        }
        self.units[unit].users += 1;
    }

    /// A step that is scheduled computes `chunk` tokens of a sequence, in blocks of its own.
    pub fn compute(&mut self, sequence: &mut Sequence, chunk: u32) {
        let computed = sequence.computed + chunk;
        sequence.hashed = sequence.hashed.max(computed.min(sequence.input + sequence.made));
        // What a decoding sequence fills gets its name when it leaves.
        if sequence.prefills || sequence.left_out {
            let whole = (computed / self.per_id) as usize;
            self.name(sequence, whole.min(sequence.chain.len()));
        }
    }

    /// The first `whole` units of a sequence get their names.
    fn name(&mut self, sequence: &mut Sequence, whole: usize) {
        for nth in sequence.units.len()..whole {
            let name = sequence.name(nth);
            let blocks = (self.per_id / self.block_size) as usize;
            let blocks: Vec<usize> = sequence.own.drain(..blocks).collect();
            for block in &blocks {
                self.unit_of[*block] = Some(self.units.len());
            }
            self.known.entry(name).or_default().push(self.units.len());
            sequence.units.push(self.units.len());
            self.units.push(Unit { name, users: 1, blocks });
        }
    }

    /// A sequence gives back its blocks. If it `returns` it names all that are full.
    pub fn give_back(&mut self, sequence: &mut Sequence, caching: bool, returns: bool) {
        let units = (sequence.hashed / self.per_id) as usize;
        let named = if returns && caching { units } else { units.min(sequence.chain.len()) };
        self.name(sequence, named);
        let blocks = sequence.units.len() as u32 * (self.per_id / self.block_size);
        let full = if caching { sequence.hashed / self.block_size - blocks } else { 0 };
        let partial = sequence.own.split_off(full as usize);
        self.free.extend(sequence.own.drain(..));
        for block in partial {
            self.free.push_front(block);
        }
        for unit in sequence.units.drain(..).rev() {
            self.release(unit);
        }
    }

    /// Nobody looks any more for what the sequence that came as `arrival` kept.
    pub fn forget_all_of(&mut self, arrival: u64) {
        self.known.retain(|name, _| name.0 != arrival);
    }

    /// The same for that of it which is not in use.
    pub fn forget_unused_of(&mut self, arrival: u64) {
        let Memory { known, units, .. } = self;
        for (_, all) in known.iter_mut().filter(|(name, _)| name.0 == arrival) {
            all.retain(|unit| units[*unit].users > 0);
        }
    }
}
