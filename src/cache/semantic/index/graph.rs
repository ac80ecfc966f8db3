//! The layered graph of an HNSW index: who is linked to whom.

/// One node's links in one layer.
#[derive(Clone, Debug, Default)]
struct Links {
    out: Vec<u32>,
    /// Who links to it: only so can a node leave without a trace.
    into: Vec<u32>,
}

/// Nodes by slot, each in the layers from 0 up to its own level.
#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    layers: Vec<Vec<Links>>,
    /// One more than a node's level; 0 where there is no node.
    heights: Vec<u8>,
}

impl Graph {
    /// Adds a node without links.
    pub fn add(&mut self, slot: u32, level: usize) {
        let slot = slot as usize;
        if slot >= self.layers.len() {
            self.layers.resize_with(slot + 1, Vec::new);
            self.heights.resize(slot + 1, 0);
        }
        debug_assert_eq!(self.heights[slot], 0, "the slot is free");
        let height = level + 1;
        if self.layers[slot].len() < height {
            self.layers[slot].resize_with(height, Links::default);
        }
        self.heights[slot] = height as u8;
    }

    /// A node's level.
    pub fn level(&self, slot: u32) -> usize {
        usize::from(self.heights[slot as usize]).saturating_sub(1)
    }

    /// Some node of the highest level.
    pub fn highest(&self) -> Option<u32> {
        // Of equals the last, which is as good as any.
        let nodes = self.heights.iter().zip(0..).filter(|(height, _)| **height > 0);
        nodes.max_by_key(|(height, _)| **height).map(|(_, slot)| slot)
    }

    /// Whom a node links to.
    #[inline]
    pub fn out(&self, slot: u32, layer: usize) -> &[u32] {
        &self.layers[slot as usize][layer].out
    }

    /// Links `from` to `to`, which it is not linked to yet.
    pub fn link(&mut self, from: u32, to: u32, layer: usize) {
        debug_assert!(from != to && !self.out(from, layer).contains(&to));
        self.layers[from as usize][layer].out.push(to);
        self.layers[to as usize][layer].into.push(from);
    }

    /// Makes `to` the only nodes that `from` links to.
    pub fn relink(&mut self, from: u32, to: &[u32], layer: usize) {
        let mut out = std::mem::take(&mut self.layers[from as usize][layer].out);
        for old in out.drain(..) {
            forget(&mut self.layers[old as usize][layer].into, from);
        }
        self.layers[from as usize][layer].out = out;
        for new in to {
            self.link(from, *new, layer);
        }
    }

    /// Takes all of a node's links in a layer away. Gives those that linked to
    /// it, and those that it linked to.
    pub fn isolate(&mut self, slot: u32, layer: usize) -> (Vec<u32>, Vec<u32>) {
        let Links { out, into } = std::mem::take(&mut self.layers[slot as usize][layer]);
        for to in &out {
            forget(&mut self.layers[*to as usize][layer].into, slot);
        }
        for from in &into {
            forget(&mut self.layers[*from as usize][layer].out, slot);
        }
        (into, out)
    }

    /// Whether nobody links to a node.
    pub fn is_lost(&self, slot: u32, layer: usize) -> bool {
        self.layers[slot as usize][layer].into.is_empty()
    }

    /// Frees a slot whose node has no links left.
    pub fn free(&mut self, slot: u32) {
        debug_assert!(self.layers[slot as usize].iter().all(|links| links.into.is_empty()));
        self.heights[slot as usize] = 0;
    }
}

fn forget(list: &mut Vec<u32>, slot: u32) {
    if let Some(place) = list.iter().position(|other| *other == slot) {
        list.swap_remove(place);
    }
}
