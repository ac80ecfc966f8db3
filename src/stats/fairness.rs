//! How evenly something is shared.

/// Jain's index of what each has: 1 where all have the same, 1/n where one of n has
/// everything; NaN where nobody has anything (Jain, Chiu, Hawe: A quantitative measure of
/// fairness. DEC-TR-301, 1984).
///
/// ```
/// use windtunnel::stats::jain;
///
/// assert_eq!(jain([2.0, 2.0, 2.0]), 1.0);
/// assert_eq!(jain([5.0, 0.0, 0.0, 0.0]), 0.25);
/// assert!(jain([0.0, 0.0]).is_nan());
/// ```
pub fn jain(shares: impl IntoIterator<Item = f64>) -> f64 {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for share in shares {
        count += 1.0;
        sum += share;
        squares += share * share;
    }
    if squares > 0.0 { sum * sum / (count * squares) } else { f64::NAN }
}
