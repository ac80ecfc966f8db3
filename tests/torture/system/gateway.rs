//! The gateway before the models.

use super::Names;
use crate::block::{Block, block, one};
use crate::draw::Draw;

/// A queue of any order, by what every system has: SLO classes, or users of all kinds.
pub fn gateway(draw: &mut Draw, names: &Names) -> Block {
    let by = draw.pick(&["slo_class", "class", "team", "key", "user"]);
    let flow = if by == "slo_class" { draw.name(&names.slo_classes) } else { "default".to_owned() };
    let mut queue = block()
        .set("concurrency", draw.pick(&[1, 1, 2, 5, 50]))
        .set("by", by)
        .maybe(draw, 0.3, "capacity", |d| d.pick(&[0, 1, 10]))
        .maybe(draw, 0.2, "capacity_per_flow", |d| d.pick(&[0, 1, 3]))
        .maybe(draw, 0.4, "ttl", Draw::time);
    queue = match draw.below(4) {
        0 => queue,
        1 => queue.set("order", one("deadline", block().set(&flow, draw.time()))),
        2 => queue.set("order", one("priority", vec![flow])),
        _ => {
            let weights = block().set(&flow, draw.pick(&[0.1, 1.0, 3.0]));
            let turns = block().set("quantum", draw.pick(&[1, 100, 1000])).set("weights", weights);
            queue.set("order", one("deficit_round_robin", turns))
        }
    };
    block().set("queue", queue)
}
