//! The least cost at which the mean quality of a window is high enough.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::Ask;
use super::selector::{Known, Select, SelectorSpec, default_threshold};
use super::worth::Worth;
use crate::cost::demand::Quality;
use crate::cost::{Choice, ModelId};
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

/// A model on the hull of a request.
#[derive(Clone, Copy, Debug)]
struct Corner {
    model: ModelId,
    quality: f64,
    billionths: i64,
    picos: f64,
}

/// A better model for a request: what it adds, in billionths of quality, and what
/// a unit of that costs in pico-dollars.
#[derive(Clone, Copy, Debug)]
struct Upgrade {
    billionths: i64,
    ratio: f64,
}

impl SelectorSpec for FloorSpec {
    fn check(&self, _: &Known<'_>, problems: &mut Problems) {
        if !(1..=MOST_WINDOW).contains(&self.window) {
            problems.at("window", |p| p.error(format!("expected 1 to {MOST_WINDOW} requests")));
        }
    }
}

#[derive(Clone, Debug)]
pub(in crate::cost) struct Floor {
    quality: f64,
    window: u32,
    /// Requests of the present window.
    seen: u32,
    /// Their upgrades, and the sum of what their cheapest models have, in
    /// billionths.
    upgrades: Vec<Upgrade>,
    base: i64,
    /// Pico-dollars that quality is worth; unknown until a window is over.
    price: f64,
    /// Quality above the floor so far, summed over requests.
    balance: f64,
    /// All models from the cheapest up: the order of one request is nearly that of
    /// the next.
    sorted: Vec<Worth>,
    /// Room for the hull of a request.
    hull: Vec<Corner>,
}

impl Floor {
    pub fn new(spec: &FloorSpec) -> Self {
        Floor {
            quality: spec.quality.get(),
            window: spec.window,
            seen: 0,
            upgrades: Vec::new(),
            base: 0,
            price: f64::NAN,
            balance: 0.0,
            sorted: Vec::new(),
            hull: Vec::new(),
        }
    }

    /// The affordable models that are best at some price of quality, from the
    /// cheapest up.
    fn find_hull(&mut self, ask: &Ask) {
        self.sort(ask);
        let hull = &mut self.hull;
        hull.clear();
        for worth in self.sorted.iter().filter(|worth| ask.pays_for(worth)) {
            if hull.last().is_some_and(|last| worth.share <= last.quality) {
                continue;
            }
            let next = Corner {
                model: worth.model,
                quality: worth.share,
                billionths: worth.quality.billionths().into(),
                picos: worth.picos as f64,
            };
            while let [.., low, middle] = hull[..]
                && low.is_cut_off(&middle, &next)
            {
                hull.pop();
            }
            hull.push(next);
        }
    }

    /// Sorts the models by what they would cost now, of equally dear ones the best
    /// first: by insertion, for few of them change places.
    fn sort(&mut self, ask: &Ask) {
        let sorted = &mut self.sorted;
        if sorted.is_empty() {
            sorted.extend(ask.all());
        }
        let before = |a: &Worth, b: &Worth| {
            a.picos < b.picos || a.picos == b.picos && (a.quality, b.model) > (b.quality, a.model)
        };
        for index in 0..sorted.len() {
            let worth = ask.worth(sorted[index].model);
            let mut place = index;
            while place > 0 && before(&worth, &sorted[place - 1]) {
                sorted[place] = sorted[place - 1];
                place -= 1;
            }
            sorted[place] = worth;
        }
    }

    /// The price of quality at which the window would just have met the floor: that
    /// of the upgrade at which those before it add up to what is owed. It is found
    /// by halving, without sorting the others.
    fn solve(&mut self) {
        let floor = i64::from(Quality::new(self.quality).billionths());
        let mut owed = floor * i64::from(self.seen) - self.base;
        let mut left = self.upgrades.as_mut_slice();
        self.price = 0.0;
        while owed > 0 && !left.is_empty() {
            let middle = (left.len() - 1) / 2;
            let by_ratio = |a: &Upgrade, b: &Upgrade| a.ratio.total_cmp(&b.ratio);
            self.price = left.select_nth_unstable_by(middle, by_ratio).1.ratio;
            let sum: i64 = left[..=middle].iter().map(|it| it.billionths).sum();
            left = if sum < owed {
                owed -= sum;
                &mut left[middle + 1..]
            } else if middle == 0 {
                break;
            } else {
                &mut left[..=middle]
            };
        }
        self.upgrades.clear();
        (self.seen, self.base) = (0, 0);
        // What is owed or spare beyond a window is forgotten, so that one bad
        // window is not paid for by all that follow.
        let most = f64::from(self.window);
        self.balance = self.balance.clamp(-most, most);
    }
}

impl Select for Floor {
    fn choose(&mut self, ask: &Ask) -> Option<Choice> {
        self.find_hull(ask);
        self.base += self.hull.first()?.billionths;
        self.seen += 1;
        // A request on the edge: up where quality is owed, down where it is not.
        let edge = if self.balance < 0.0 { 1.0 + 1e-9 } else { 1.0 - 1e-9 };
        let most = self.price * edge;
        let (mut chosen, mut more) = (0, true);
        for (index, pair) in self.hull.windows(2).enumerate() {
            let (quality, picos) = pair[0].upgrade(&pair[1]);
            let billionths = pair[1].billionths - pair[0].billionths;
            self.upgrades.push(Upgrade { billionths, ratio: picos / quality });
            more &= if most.is_nan() {
                // The first window: only what is owed.
                self.balance + pair[0].quality < self.quality
            } else {
                picos <= most * quality
            };
            chosen += usize::from(more);
            debug_assert!(!more || chosen == index + 1);
        }
        let chosen = self.hull[chosen];
        self.balance += chosen.quality - self.quality;
        if self.seen == self.window {
            self.solve();
        }
        ask.choice(chosen.model)
    }
}

impl Corner {
    /// What going up to `to` adds in quality and pico-dollars.
    fn upgrade(&self, to: &Corner) -> (f64, f64) {
        (to.quality - self.quality, to.picos - self.picos)
    }

    /// Whether `middle` is no better than a mix of this and `high`.
    fn is_cut_off(&self, middle: &Corner, high: &Corner) -> bool {
        let (first, second) = (self.upgrade(middle), middle.upgrade(high));
        first.1 * second.0 >= second.1 * first.0
    }
}
