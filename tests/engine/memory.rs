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
    per_unit: usize,
    pub free: VecDeque<usize>,
    /// The unit that a block belongs to.
    unit_of: Vec<Option<usize>>,
    pub units: Vec<Unit>,
    pub known: BTreeMap<Name, usize>,
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
            let name = self.units[unit].name;
            if self.known.get(&name) == Some(&unit) {
                self.known.remove(&name);
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

    /// The first `whole` units of a sequence get their names.
    pub fn name(&mut self, sequence: &mut Sequence, whole: usize) {
        for nth in sequence.named..whole {
            let name = sequence.name(nth);
            if !self.known.contains_key(&name) {
                let blocks: Vec<usize> = sequence.own.drain(..self.per_unit).collect();
                for block in &blocks {
                    self.unit_of[*block] = Some(self.units.len());
                }
                self.known.insert(name, self.units.len());
                sequence.units.push(self.units.len());
                self.units.push(Unit { name, users: 1, blocks });
            }
        }
        sequence.named = sequence.named.max(whole);
    }

    /// A sequence gives back its blocks. If it `returns` it names all that are full.
    pub fn give_back(&mut self, sequence: &mut Sequence, per_id: u32, returns: bool) {
        let full = (sequence.computed / per_id) as usize;
        self.name(sequence, if returns { full } else { full.min(sequence.chain.len()) });
        self.free.extend(sequence.own.drain(..));
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
        known.retain(|name, unit| name.0 != arrival || units[*unit].users > 0);
    }
}
