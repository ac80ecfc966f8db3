//! Scales by logarithms on which zero has a place.

use crate::experiment::charts::ScaleSpec;
use crate::report::figure::axis::drawable;
use crate::report::figure::ticks::outwards;

/// The place of a value on a scale that is linear up to `linear` on either side of zero, and
/// logarithmic further away (Webber, "A bi-symmetric log transformation for wide-range data",
/// 2013).
pub(crate) fn symlog(value: f64, linear: f64) -> f64 {
    libm::copysign(libm::log10(1.0 + value.abs() / linear), value)
}

/// The value at a place of such a scale.
pub(crate) fn symexp(place: f64, linear: f64) -> f64 {
    libm::copysign((libm::pow(10.0, place.abs()) - 1.0) * linear, place)
}

/// How far from zero a scale is linear that was asked to be logarithmic and has values that
/// are not positive: to a round number next to the smallest size of those that are not zero,
/// at least a millionth of the largest. `None` for other scales, and where there is nothing
/// but zeros.
pub(crate) fn linear_part(scale: ScaleSpec, values: &[f64]) -> Option<f64> {
    let shown = || values.iter().copied().filter(|value| drawable(*value));
    if scale != ScaleSpec::Log || shown().all(|value| value > 0.0) {
        return None;
    }
    let sizes = || shown().map(f64::abs).filter(|size| *size >= 1e-280);
    let (least, most) = (sizes().reduce(f64::min)?, sizes().reduce(f64::max)?);
    // A size that is round itself is the number.
    Some(outwards(least.max(most / 1e6) * (1.0 + 1e-6), -1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_values_are_each_others_inverse() {
        for value in [-4000.0, -0.5, 0.0, 0.02, 1.0, 12.5, 1e6] {
            let back = symexp(symlog(value, 0.02), 0.02);
            assert!((back - value).abs() <= 1e-9 * value.abs(), "{value}: {back}");
        }
    }

    #[test]
    fn a_scale_is_linear_up_to_the_smallest_that_is_not_zero() {
        let of = |values: &[f64]| linear_part(ScaleSpec::Log, values);
        assert_eq!(of(&[0.0, 1.0, 4.0]), Some(1.0));
        assert_eq!(of(&[0.0, 0.03, -7.0]), Some(0.02));
        assert_eq!(of(&[0.0, 1e-12, 1.0]), Some(1e-6));
        assert_eq!(of(&[1.0, 4.0]), None);
        assert_eq!(of(&[0.0, 0.0]), None);
        assert_eq!(linear_part(ScaleSpec::Auto, &[0.0, 1.0]), None);
    }
}
