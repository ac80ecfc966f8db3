//! The least cost at which the mean quality of a window is high enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::worth::{Worth, affordable};
use super::{Ask, default_threshold};
use crate::cost::Choice;
use crate::spec::{Fraction, Problems};

/// The cheapest way to a mean quality: some requests may get a worse model if
/// others get a better one.
///
/// Over a window of requests this is a linear program: choose a model for each
/// such that the cost is least and the mean quality meets the floor. Its answer
/// (a fractional knapsack over each request's convex hull of models; Sinha and
/// Zoltners, Operations Research 1979) is a price of quality: each request goes to
/// the model with the least `estimate - price x quality`. The price solved for
/// one window serves the next, and the balance of quality so far says on which
/// side of it a request that is on the edge falls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FloorSpec {
    /// The least mean quality. Default 0.8.
    pub quality: Fraction,
    /// Requests in a window. Default 500.
    pub window: u32,
}

impl Default for FloorSpec {
    fn default() -> Self {
        FloorSpec { quality: default_threshold(), window: 500 }
    }
}

const MOST_WINDOW: u32 = 1_000_000;

impl FloorSpec {
    pub(super) fn check(&self, problems: &mut Problems) {
        if !(1..=MOST_WINDOW).contains(&self.window) {
            problems.at("window", |p| p.error(format!("expected 1 to {MOST_WINDOW} requests")));
        }
    }
}

/// A better model for a request: what it adds.
#[derive(Clone, Copy, Debug)]
struct Upgrade {
    quality: f64,
    picos: f64,
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Floor {
    quality: f64,
    window: u32,
    /// Requests of the present window.
    seen: u32,
    /// Their upgrades, and the sum of what their cheapest models have.
    upgrades: Vec<Upgrade>,
    base: f64,
    /// Pico-dollars that quality is worth; infinite until a window is over.
    price: f64,
    /// Quality above the floor so far, summed over requests.
    balance: f64,
    /// Room for the hull of a request.
    hull: Vec<Worth>,
}

impl Floor {
    pub fn new(spec: &FloorSpec) -> Self {
        Floor {
            quality: spec.quality.get(),
            window: spec.window,
            seen: 0,
            upgrades: Vec::new(),
            base: 0.0,
            price: f64::NAN,
            balance: 0.0,
            hull: Vec::new(),
        }
    }

    pub fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        self.find_hull(ask);
        let first = *self.hull.first()?;
        self.base += quality(&first);
        self.upgrades.extend(self.hull.windows(2).map(|pair| upgrade(&pair[0], &pair[1])));
        self.seen += 1;
        // A request on the edge: up where quality is owed, down where it is not.
        let edge = if self.balance < 0.0 { 1.0 + 1e-9 } else { 1.0 - 1e-9 };
        let (price, balance, floor) = (self.price, self.balance, self.quality);
        let worth_it = |upgrade: Upgrade, from: &Worth| {
            if price.is_nan() {
                // The first window: only what is owed.
                return balance + quality(from) < floor;
            }
            upgrade.picos <= price * edge * upgrade.quality
        };
        let steps =
            self.hull.windows(2).take_while(|pair| worth_it(upgrade(&pair[0], &pair[1]), &pair[0]));
        let chosen = self.hull[steps.count()];
        self.balance += quality(&chosen) - self.quality;
        if self.seen == self.window {
            self.solve();
        }
        ask.choice(chosen.model)
    }

    /// The affordable models that are best at some price of quality, from the
    /// cheapest up.
    fn find_hull(&mut self, ask: &Ask) {
        let hull = &mut self.hull;
        hull.clear();
        hull.extend(affordable(ask, |_| true));
        hull.sort_unstable_by_key(|worth| {
            (worth.picos, std::cmp::Reverse(worth.quality), worth.model)
        });
        let mut kept = 0;
        for index in 0..hull.len() {
            let next = hull[index];
            if kept > 0 && next.quality <= hull[kept - 1].quality {
                continue;
            }
            while kept > 1 && is_above(&hull[kept - 2], &hull[kept - 1], &next) {
                kept -= 1;
            }
            hull[kept] = next;
            kept += 1;
        }
        hull.truncate(kept);
    }

    /// The price of quality at which the window would just have met the floor.
    fn solve(&mut self) {
        let mut owed = self.quality * f64::from(self.seen) - self.base;
        let ratio = |upgrade: &Upgrade| upgrade.picos / upgrade.quality;
        self.upgrades.sort_unstable_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        self.price = 0.0;
        for upgrade in &self.upgrades {
            if owed <= 0.0 {
                break;
            }
            owed -= upgrade.quality;
            self.price = ratio(upgrade);
        }
        self.upgrades.clear();
        (self.seen, self.base) = (0, 0.0);
        // What is owed or spare beyond a window is forgotten, so that one bad
        // window is not paid for by all that follow.
        let most = f64::from(self.window);
        self.balance = self.balance.clamp(-most, most);
    }
}

fn quality(worth: &Worth) -> f64 {
    f64::from(worth.quality.billionths()) / 1e9
}

fn upgrade(from: &Worth, to: &Worth) -> Upgrade {
    Upgrade { quality: quality(to) - quality(from), picos: to.picos as f64 - from.picos as f64 }
}

/// Whether `middle` is no better than a mix of its neighbours.
fn is_above(low: &Worth, middle: &Worth, high: &Worth) -> bool {
    let (first, second) = (upgrade(low, middle), upgrade(middle, high));
    first.picos * second.quality >= second.picos * first.quality
}
