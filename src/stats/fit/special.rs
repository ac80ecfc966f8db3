//! Special functions that distributions need.

/// The standard normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// The incomplete gamma function P(a, x), the share of a gamma variate of shape a
/// and scale 1 that is at most `x`: by its series below a + 1 and by a continued
/// fraction above (NIST Digital Library of Mathematical Functions, 8.11.4 and 8.9.2,
/// the latter by Lentz's method). Relative error about 1e-13.
pub fn gamma_cdf(shape: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = libm::exp(shape * libm::log(x) - x - libm::lgamma(shape));
    if x < shape + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / shape, 1.0 / shape, shape);
        for _ in 0..100_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return (front * sum).min(1.0);
    }
    let mut part = x + 1.0 - shape;
    let (mut above, mut below) = (1.0 / f64::MIN_POSITIVE, 1.0 / part);
    let mut fraction = below;
    for i in 1..100_000 {
        let i = f64::from(i);
        let step = -i * (i - shape);
        part += 2.0;
        below = 1.0 / away_from_zero(step * below + part);
        above = away_from_zero(part + step / above);
        let factor = above * below;
        fraction *= factor;
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (1.0 - front * fraction).clamp(0.0, 1.0)
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { value }
}

/// The probability that a Poisson variate of this mean is at most `k`; 0 or 1 where
/// that is ten standard deviations and more away.
pub fn poisson_cdf(k: f64, mean: f64) -> f64 {
    if k < 0.0 {
        return 0.0;
    }
    let far = 10.0 * mean.sqrt() + 10.0;
    if k > mean + far {
        1.0
    } else if k < mean - far {
        0.0
    } else {
        1.0 - gamma_cdf(libm::floor(k) + 1.0, mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_are_met() {
        // P(1, x) = 1 - e^-x; P(1/2, x) = erf(sqrt x).
        for x in [0.001, 0.5, 1.9, 2.1, 7.0, 40.0] {
            assert!((gamma_cdf(1.0, x) - (1.0 - libm::exp(-x))).abs() < 1e-14, "{x}");
            assert!((gamma_cdf(0.5, x) - libm::erf(x.sqrt())).abs() < 1e-13, "{x}");
        }
        // P(a, a) near 1/2 + 1 / (3 sqrt(2 pi a)) (DLMF 8.11.12).
        let a = 10_000.0;
        assert!(
            (gamma_cdf(a, a) - 0.5 - 1.0 / (3.0 * (std::f64::consts::TAU * a).sqrt())).abs() < 1e-6
        );
        assert!((normal_cdf(1.959_963_984_540_054) - 0.975).abs() < 1e-15);
    }

    #[test]
    fn poisson_probabilities_add_up() {
        for mean in [0.01, 0.7, 3.0, 42.0] {
            let (mut term, mut sum) = (libm::exp(-mean), 0.0);
            for k in 0..100 {
                sum += term;
                term *= mean / f64::from(k + 1);
                assert!((poisson_cdf(f64::from(k), mean) - sum).abs() < 1e-12, "{k} of {mean}");
            }
        }
        assert_eq!(poisson_cdf(-1.0, 3.0), 0.0);
        assert_eq!((poisson_cdf(1e6, 1e3), poisson_cdf(10.0, 1e6)), (1.0, 0.0));
    }
}
