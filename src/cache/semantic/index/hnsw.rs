//! A hierarchical navigable small world.
//!
//! Yu. A. Malkov, D. A. Yashunin: Efficient and robust approximate nearest
//! neighbor search using hierarchical navigable small world graphs. IEEE TPAMI
//! 42(4), 2020 (arXiv 1603.09320): insertion (algorithm 1), the heuristic that
//! chooses neighbours (algorithm 4, pruned connections kept), search (5).
//!
//! The paper has no deletion, and a cache deletes as often as it inserts. Here a
//! node really leaves: whoever linked to it links to the nearest of its
//! neighbours instead, in the manner of `FreshDiskANN` (A. Singh et al., arXiv
//! 2105.09613, algorithm 4), and a node that nobody links to any more is linked
//! from its own nearest neighbour. A test measures what recall is left after the
//! entries have been replaced many times over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::graph::Graph;
use super::search::{Near, Search};
use crate::cache::semantic::vectors::{Vectors, dot};
use crate::kernel::Stream;
use crate::spec::Problems;

/// A navigable graph over the entries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HnswSpec {
    /// Links of an entry; twice as many in the lowest layer. Default: 16.
    pub m: u32,
    /// Candidates looked at when an entry is linked. Default: 100.
    pub ef_construction: u32,
    /// Candidates looked at in a search: more find the nearest more surely and
    /// take longer. Default: 64.
    pub ef_search: u32,
}

impl Default for HnswSpec {
    fn default() -> Self {
        HnswSpec { m: 16, ef_construction: 100, ef_search: 64 }
    }
}

impl HnswSpec {
    pub(in crate::cache::semantic) fn check(&self, problems: &mut Problems) {
        if !(2..=256).contains(&self.m) {
            problems.at("m", |p| p.error("expected 2 to 256 links"));
        }
        for (name, value) in
            [("ef_construction", self.ef_construction), ("ef_search", self.ef_search)]
        {
            if !(1..=100_000).contains(&value) {
                problems.at(name, |p| p.error("expected 1 to 100000 candidates"));
            }
        }
    }
}

/// No node is above this layer; with `m` of 2 one in 10^9 would be.
const HIGHEST: usize = 30;

/// The index.
#[derive(Clone, Debug)]
pub struct Hnsw {
    links: usize,
    ef_construction: usize,
    ef_search: usize,
    vectors: Vectors,
    graph: Graph,
    /// Where every search begins: a node of the highest layer.
    top: Option<u32>,
    search: Search,
    levels: Stream,
}

impl Hnsw {
    /// No vectors yet; the levels of nodes are drawn from `levels`.
    pub fn new(spec: &HnswSpec, dimensions: usize, levels: Stream) -> Self {
        Hnsw {
            links: spec.m as usize,
            ef_construction: spec.ef_construction as usize,
            ef_search: spec.ef_search as usize,
            vectors: Vectors::new(dimensions),
            graph: Graph::default(),
            top: None,
            search: Search::default(),
            levels,
        }
    }

    /// The slot of the nearest vector that was found, and its similarity.
    pub fn nearest(&mut self, vector: &[f32]) -> Option<(usize, f32)> {
        let start = self.descend(vector, 0)?;
        self.search_layer(vector, &[start], self.ef_search, 0);
        self.search.found.first().map(|near| (near.slot as usize, near.similarity))
    }

    /// Puts a vector into a free slot.
    pub fn insert(&mut self, slot: usize, vector: &[f32]) {
        let level = self.draw_level();
        self.vectors.set(slot, vector);
        let slot = slot as u32;
        let start = self.descend(vector, level);
        self.graph.add(slot, level);
        let (Some(start), Some(top)) = (start, self.top) else {
            self.top = Some(slot);
            return;
        };
        let highest = self.graph.level(top);
        let mut starts = vec![start];
        for layer in (0..=level.min(highest)).rev() {
            self.search_layer(vector, &starts, self.ef_construction, layer);
            std::mem::swap(&mut starts, &mut self.search.found);
            for neighbour in self.choose(&starts, self.links) {
                self.graph.link(slot, neighbour, layer);
                self.graph.link(neighbour, slot, layer);
                self.prune(neighbour, layer);
            }
        }
        if level > highest {
            self.top = Some(slot);
        }
    }

    /// Takes the vector of a slot out.
    pub fn remove(&mut self, slot: usize) {
        let slot = slot as u32;
        for layer in 0..=self.graph.level(slot) {
            let (into, out) = self.graph.isolate(slot, layer);
            for from in into {
                self.link_to_nearest(from, &out, layer);
            }
            for lost in out {
                if self.graph.is_lost(lost, layer) {
                    self.find(lost, layer);
                }
            }
        }
        self.graph.free(slot);
        if self.top == Some(slot) {
            self.top = self.graph.highest();
        }
    }

    /// The exponentially falling levels of the paper's section 4.1, with the
    /// factor 1 / ln m.
    fn draw_level(&mut self) -> usize {
        let level = -libm::log(self.levels.uniform()) / libm::log(self.links as f64);
        (level as usize).min(HIGHEST)
    }

    /// Walks greedily down from the top; the nearest node met in the layer above
    /// `layer`, or the top if that is no higher.
    fn descend(&mut self, vector: &[f32], layer: usize) -> Option<Near> {
        let top = self.top?;
        let similarity = dot(vector, self.vectors.row(top as usize));
        let mut near = Near { similarity, slot: top };
        for layer in (layer + 1..=self.graph.level(top)).rev() {
            self.search_layer(vector, &[near], 1, layer);
            near = *self.search.found.first()?;
        }
        Some(near)
    }

    fn search_layer(&mut self, vector: &[f32], starts: &[Near], most: usize, layer: usize) {
        self.search.layer(vector, starts, most, layer, (&self.graph, &self.vectors));
    }

    fn similarity(&self, a: u32, b: u32) -> f32 {
        dot(self.vectors.row(a as usize), self.vectors.row(b as usize))
    }

    /// At most `most` of the candidates, the nearest first: those that are nearer
    /// to the node than to any chosen before them, then the nearest of the rest.
    fn choose(&self, candidates: &[Near], most: usize) -> Vec<u32> {
        let mut chosen: Vec<u32> = Vec::with_capacity(most);
        let mut rest = Vec::new();
        for near in candidates {
            if chosen.len() == most {
                break;
            }
            let spread =
                chosen.iter().all(|other| self.similarity(near.slot, *other) < near.similarity);
            if spread { chosen.push(near.slot) } else { rest.push(near.slot) }
        }
        let missing = most - chosen.len();
        chosen.extend(rest.into_iter().take(missing));
        chosen
    }

    /// Drops links of a node that has too many.
    fn prune(&mut self, slot: u32, layer: usize) {
        let most = if layer == 0 { 2 * self.links } else { self.links };
        let out = self.graph.out(slot, layer);
        if out.len() <= most {
            return;
        }
        let mut candidates: Vec<Near> = out
            .iter()
            .map(|other| Near { similarity: self.similarity(slot, *other), slot: *other })
            .collect();
        candidates.sort_unstable_by(|a, b| b.cmp(a));
        let chosen = self.choose(&candidates, most);
        self.graph.relink(slot, &chosen, layer);
    }

    /// Links a node to the nearest of `candidates` that it is not linked to.
    fn link_to_nearest(&mut self, from: u32, candidates: &[u32], layer: usize) -> Option<u32> {
        let linked = self.graph.out(from, layer);
        let fresh = candidates.iter().filter(|to| **to != from && !linked.contains(to));
        let nearest = fresh.map(|to| Near { similarity: self.similarity(from, *to), slot: *to });
        let to = nearest.max()?.slot;
        self.graph.link(from, to, layer);
        Some(to)
    }

    /// Makes a node that nobody links to reachable again: its nearest neighbour
    /// links to it, one link too many if need be.
    fn find(&mut self, lost: u32, layer: usize) {
        let out = self.graph.out(lost, layer).iter();
        let neighbours = out.map(|to| Near { similarity: self.similarity(lost, *to), slot: *to });
        if let Some(nearest) = neighbours.max() {
            self.graph.link(nearest.slot, lost, layer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::semantic::index::Exact;
    use crate::kernel::Streams;

    /// Vectors around some centres, as embeddings of questions are.
    fn clustered(count: usize, dimensions: usize, seed: u64) -> Vectors {
        let mut stream = Streams::new(seed, 0).stream("vectors");
        let centres: Vec<Vec<f64>> =
            (0..50).map(|_| (0..dimensions).map(|_| stream.normal()).collect()).collect();
        let mut vectors = Vectors::new(dimensions);
        for _ in 0..count {
            let centre = &centres[stream.below(50) as usize];
            let vector: Vec<f64> = centre.iter().map(|x| x + 0.8 * stream.normal()).collect();
            vectors.push_scaled(&vector).unwrap();
        }
        vectors
    }

    fn empty(dimensions: usize) -> Hnsw {
        Hnsw::new(&HnswSpec::default(), dimensions, Streams::new(1, 0).stream("levels"))
    }

    /// The share of queries whose nearest is found.
    fn recall(index: &mut Hnsw, exact: &Exact, queries: &Vectors) -> f64 {
        let found = (0..queries.len())
            .filter(|row| index.nearest(queries.row(*row)) == exact.nearest(queries.row(*row)));
        found.count() as f64 / queries.len() as f64
    }

    #[test]
    fn nearly_all_nearest_are_found_and_after_many_replacements_too() {
        let (dimensions, held) = (48, 2000);
        let vectors = clustered(12_000, dimensions, 3);
        let queries = clustered(500, dimensions, 3);
        let (mut index, mut exact) = (empty(dimensions), Exact::new(dimensions));
        for row in 0..held {
            index.insert(row, vectors.row(row));
            exact.insert(row, vectors.row(row));
        }
        let fresh = recall(&mut index, &exact, &queries);
        assert!(fresh >= 0.99, "{fresh}");
        // Five times over, in random order.
        let mut stream = Streams::new(5, 0).stream("evictions");
        for row in held..vectors.len() {
            let slot = stream.below(held as u64) as usize;
            index.remove(slot);
            exact.remove(slot);
            index.insert(slot, vectors.row(row));
            exact.insert(slot, vectors.row(row));
        }
        let churned = recall(&mut index, &exact, &queries);
        assert!(churned >= 0.985, "{churned}, {fresh} when fresh");
    }

    #[test]
    fn every_vector_finds_itself_until_it_is_removed() {
        let vectors = clustered(600, 16, 1);
        let mut index = empty(16);
        for row in 0..600 {
            index.insert(row, vectors.row(row));
        }
        for row in 0..600 {
            let (slot, similarity) = index.nearest(vectors.row(row)).unwrap();
            assert!((similarity - 1.0).abs() < 1e-6);
            assert_eq!(slot, row);
            index.remove(row);
            assert_ne!(index.nearest(vectors.row(row)).map(|(slot, _)| slot), Some(row));
        }
        assert_eq!(index.nearest(vectors.row(0)), None);
        index.insert(3, vectors.row(9));
        assert_eq!(index.nearest(vectors.row(0)).unwrap().0, 3);
    }

    #[test]
    fn the_same_seed_gives_the_same_answers() {
        let vectors = clustered(1500, 24, 2);
        let run = || {
            let mut index = empty(24);
            for row in 0..1000 {
                index.insert(row, vectors.row(row));
            }
            (1000..1500)
                .map(|row| {
                    let found = index.nearest(vectors.row(row)).unwrap();
                    index.remove(found.0);
                    index.insert(found.0, vectors.row(row));
                    (found.0, found.1.to_bits())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
    }
}
