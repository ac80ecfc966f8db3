//! The reference's memory: blocks one by one, in lists that are searched from end to end.

use std::collections::{BTreeMap, VecDeque};

use super::Sequence;

pub struct Unit {
    id: u64,
    pub users: u32,
    pub blocks: Vec<usize>,
}

/// Blocks one by one.
pub struct Memory {
    pub total: usize,
    per_unit: usize,
    pub free: VecDeque<usize>,
    /// The unit that a block belongs to.
    unit_of: Vec<Option<usize>>,
    pub units: Vec<Unit>,
    pub known: BTreeMap<u64, usize>,
}

impl Memory {
    pub fn new(total: usize, per_unit: usize) -> Self {
        Memory {
            total,
            per_unit,
            free: (0..total).collect(),
            unit_of: vec![None; total],
            units: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    pub fn take(&mut self, count: u32) -> Vec<usize> {
        (0..count).map(|_| self.take_one()).collect()
    }

    fn take_one(&mut self) -> usize {
        let block = self.free.pop_front().expect("a free block");
        if let Some(unit) = self.unit_of[block] {
            self.known.remove(&self.units[unit].id);
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

    pub fn name(&mut self, sequence: &mut Sequence, filled: u32, per_id: u32) {
        let whole = ((filled / per_id) as usize).min(sequence.chain.len());
        for nth in sequence.named..whole {
            let id = sequence.chain[nth];
            if !self.known.contains_key(&id) {
                let blocks: Vec<usize> = sequence.own.drain(..self.per_unit).collect();
                for block in &blocks {
                    self.unit_of[*block] = Some(self.units.len());
                }
                self.known.insert(id, self.units.len());
                sequence.units.push(self.units.len());
                self.units.push(Unit { id, users: 1, blocks });
            }
        }
        sequence.named = sequence.named.max(whole);
    }

    pub fn give_back(&mut self, sequence: &mut Sequence, per_id: u32) {
        self.name(sequence, sequence.computed, per_id);
        self.free.extend(sequence.own.drain(..));
        for unit in sequence.units.drain(..).rev() {
            self.release(unit);
        }
    }
}
