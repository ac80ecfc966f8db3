//! Finding the place of a maximum.

/// (sqrt 5 - 1) / 2.
const GOLDEN: f64 = 0.618_033_988_749_895;

/// Where a function of one maximum between `low` and `high` has it, by golden
/// sections (J. Kiefer: Sequential minimax search for a maximum. Proceedings of the
/// American Mathematical Society 4(3), 1953). Within `(high - low) 1e-9`.
pub(super) fn maximum(low: f64, high: f64, of: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (low, high);
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (of(a), of(b));
    for _ in 0..44 {
        if at_a >= at_b {
            high = b;
            (b, at_b) = (a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = of(a);
        } else {
            low = a;
            (a, at_a) = (b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = of(b);
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_found_inside_and_at_an_end() {
        assert!((maximum(-3.0, 10.0, |x| -(x - 2.5) * (x - 2.5)) - 2.5).abs() < 1e-6);
        assert!((maximum(0.0, 1.0, |x| x) - 1.0).abs() < 1e-6);
        assert!(maximum(0.0, 1.0, |x| -x) < 1e-6);
    }
}
