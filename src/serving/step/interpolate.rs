//! Straight lines between measured values, and beyond them.

/// The cell of an ascending axis for `x`, and where in it: 0 is its beginning, less is
/// before the first value and more than 1 beyond the last.
pub(super) fn cell(axis: &[u64], x: f64) -> (usize, f64) {
    let Some(last) = axis.len().checked_sub(2) else { return (0, 0.0) };
    let below = axis.partition_point(|node| *node as f64 <= x).saturating_sub(1).min(last);
    let (from, to) = (axis[below] as f64, axis[below + 1] as f64);
    (below, (x - from) / (to - from))
}

/// On the line through two values; beyond the second never below it: nothing is faster for
/// more work.
pub(super) fn between(first: f64, second: f64, share: f64) -> f64 {
    let value = first + (second - first) * share;
    if share > 1.0 { value.max(second) } else { value }
}

/// A straight line in whole numbers, so that it is the same from wherever it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Where it is looked at.
    pub first: i128,
    /// For each further token.
    pub slope: i128,
    /// How many tokens it holds for; `u64::MAX`: for ever.
    pub tokens: u64,
}

/// The line on which a figure is at `x`, of which `value` tells that at each node of an
/// ascending axis. Before the first it is level; beyond the last the last two go on, if that
/// is not downwards.
pub(super) fn line_at(axis: &[u64], x: u64, value: impl Fn(usize) -> i128) -> Line {
    let next = axis.partition_point(|node| *node <= x);
    if next == 0 {
        return Line { first: value(0), slope: 0, tokens: axis[0] - x };
    }
    let (from, below) = (axis[next - 1], value(next - 1));
    let (slope, tokens) = match axis.get(next) {
        // Rounded towards zero, so that the line stays between its ends.
        Some(to) => ((value(next) - below) / i128::from(to - from), to - x),
        None if next == 1 => (0, u64::MAX),
        None => {
            let rise = (below - value(next - 2)).max(0);
            (rise / i128::from(from - axis[next - 2]), u64::MAX)
        }
    };
    Line { first: below + slope * i128::from(x - from), slope, tokens }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_tells_where_in_it_or_beyond() {
        let axis = [10, 20, 40];
        let cells = [5.0, 10.0, 15.0, 30.0, 40.0, 60.0].map(|x| cell(&axis, x));
        assert_eq!(cells, [(0, -0.5), (0, 0.0), (0, 0.5), (1, 0.5), (1, 1.0), (1, 2.0)]);
        assert_eq!((cell(&[7], 99.0), cell(&[], 1.0)), ((0, 0.0), (0, 0.0)));
        assert_eq!((between(2.0, 6.0, 0.5), between(6.0, 2.0, 1.5)), (4.0, 2.0));
    }

    #[test]
    fn a_line_is_the_same_from_wherever_it_is_looked_at() {
        let (axis, values) = ([10, 20, 40], [100, 205, 165]);
        let at = |x: u64| line_at(&axis, x, |nth| values[nth]);
        assert_eq!(at(4), Line { first: 100, slope: 0, tokens: 6 });
        assert_eq!(at(13), Line { first: 130, slope: 10, tokens: 7 });
        assert_eq!(at(20), Line { first: 205, slope: -2, tokens: 20 });
        assert_eq!(at(90), Line { first: 165, slope: 0, tokens: u64::MAX }, "not downwards");
        for x in 4..60 {
            let line = at(x);
            if line.tokens > 1 {
                assert_eq!(at(x + 1).first, line.first + line.slope, "{x}");
            }
        }
    }
}
