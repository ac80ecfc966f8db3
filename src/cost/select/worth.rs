//! Models as they compare for one request.

use super::Ask;
use crate::cost::ModelId;
use crate::cost::demand::Quality;

/// A model's quality and its estimate in pico-dollars.
#[derive(Clone, Copy, Debug)]
pub(in crate::cost) struct Worth {
    pub model: ModelId,
    pub quality: Quality,
    /// The quality as a number from 0 to 1.
    pub share: f64,
    pub picos: u64,
}

/// The cheapest affordable model of at least this quality, the first of the file
/// among equals.
#[inline]
pub(super) fn cheapest(ask: &Ask, least: Quality) -> Option<Worth> {
    let mut cheapest: Option<Worth> = None;
    ask.each_affordable(least, |worth| {
        if cheapest.is_none_or(|cheapest| worth.picos < cheapest.picos) {
            cheapest = Some(worth);
        }
    });
    cheapest
}

/// The best affordable model; of equally good ones the cheapest.
#[inline]
pub(super) fn best(ask: &Ask) -> Option<Worth> {
    let mut best: Option<Worth> = None;
    for worth in ask.best_first() {
        match best {
            Some(best) if worth.quality < best.quality => break,
            Some(best) if worth.picos >= best.picos => {}
            _ => best = Some(worth),
        }
    }
    best
}
