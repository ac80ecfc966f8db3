//! Models as they compare for one request.

use super::{Ask, Offer};
use crate::cost::ModelId;
use crate::cost::budget::Allowance;
use crate::cost::demand::Quality;

/// A model's quality and its estimate in pico-dollars.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worth {
    pub model: ModelId,
    pub quality: Quality,
    pub picos: u64,
}

/// The affordable ones of the models that `wanted` takes, in the order of the
/// file.
#[inline]
pub(super) fn affordable(
    ask: &Ask,
    wanted: impl Fn(&Offer) -> bool,
) -> impl Iterator<Item = Worth> {
    let most = match ask.allowance {
        Allowance::Left(left) => left.picos().clamp(0, i128::from(u64::MAX)) as u64,
        Allowance::NoBudget | Allowance::Unlimited => u64::MAX,
        Allowance::Nothing => 0,
    };
    let nothing = ask.allowance == Allowance::Nothing;
    let wanted = move |offer: &Offer| !nothing && wanted(offer);
    let offers = ask.offers.iter().zip(0..).filter(move |(offer, _)| wanted(offer));
    let worths = offers.map(move |(offer, index)| {
        let model = ModelId(index);
        Worth { model, quality: offer.quality, picos: ask.picos(model, offer) }
    });
    worths.filter(move |worth| worth.picos <= most)
}

/// The cheapest affordable model, the first of the file among equals.
#[inline]
pub(super) fn cheapest(ask: &Ask, wanted: impl Fn(&Offer) -> bool) -> Option<Worth> {
    affordable(ask, wanted).min_by_key(|worth| worth.picos)
}

/// The best affordable model; of equally good ones the cheapest.
#[inline]
pub(super) fn best(ask: &Ask) -> Option<Worth> {
    let rank = |worth: &Worth| (worth.quality, std::cmp::Reverse(worth.picos));
    affordable(ask, |_| true)
        .reduce(|best, next| if rank(&next) > rank(&best) { next } else { best })
}
