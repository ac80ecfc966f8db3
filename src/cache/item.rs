//! What a cache is asked for and stores.

use super::Key;

/// What is asked for and stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Its id.
    pub key: Key,
    /// What it takes, in the unit of the capacity. Where entries are counted,
    /// and under an unbounded capacity, it is taken to be 1.
    pub weight: u32,
    /// What it costs to make again, US dollars; 1 where unknown.
    pub cost: f32,
}

impl Item {
    /// An item of which nothing matters but its id: of weight and cost 1.
    pub const fn unit(key: Key) -> Self {
        Item::new(key, 1)
    }

    /// An item of unknown cost.
    pub const fn new(key: Key, weight: u32) -> Self {
        Item { key, weight, cost: 1.0 }
    }
}
