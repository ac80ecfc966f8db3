//! Which points a line may join: those that differ along it alone.

use crate::report::results::panels::{Observation, SweptMetric};

/// Whether a line along `x` through these observations, one for each value of `series`, would
/// join points that differ in more than that: in paths that neither stay as they are nor go
/// along with `x`. So it is where points were drawn at random: of `drawn` paths two never go
/// together, even if few points look like it.
pub(crate) fn joins_strangers(
    data: &SweptMetric,
    observations: &[Observation],
    x: usize,
    series: Option<usize>,
    drawn: &[String],
) -> bool {
    let others: Vec<usize> = (0..data.dimensions.len())
        .filter(|d| *d != x && Some(*d) != series && data.dimensions[*d].levels.len() > 1)
        .collect();
    let mut sorted: Vec<&Observation> = observations.iter().collect();
    sorted.sort_by_key(|o| (series.map(|s| o.at[s]), o.at[x]));
    let is_drawn = |d: usize| drawn.contains(&data.dimensions[d].path);
    let mut lines = sorted.chunk_by(|a, b| series.map(|s| a.at[s]) == series.map(|s| b.at[s]));
    let strange = |line: &[&Observation], other: usize| {
        let steps = || line.windows(2).map(|pair| (pair[0].at[other], pair[1].at[other]));
        let stays = steps().all(|(a, b)| a == b);
        let goes_along = steps().all(|(a, b)| a <= b) || steps().all(|(a, b)| a >= b);
        !stays && (!goes_along || is_drawn(x) && is_drawn(other))
    };
    lines.any(|line| others.iter().any(|other| strange(line, *other)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::results::dimension::Dimension;
    use crate::report::results::panels::Interval;
    use crate::stats::Cell;

    /// Points by their values on the paths `a`, `b` and `c`.
    fn strangers(points: &[[i64; 3]], series: Option<usize>) -> bool {
        among(points, series, &[])
    }

    fn among(points: &[[i64; 3]], series: Option<usize>, drawn: &[String]) -> bool {
        let dimension = |d: usize, name: &str| {
            Dimension::new(name, points.iter().map(|point| Cell::Int(point[d])))
        };
        let dimensions = vec![dimension(0, "a"), dimension(1, "b"), dimension(2, "c")];
        let observation = |point: &[i64; 3]| Observation {
            at: dimensions.iter().zip(point).map(|(d, v)| d.find(&Cell::Int(*v))).collect(),
            value: 1.0,
            low: 1.0,
            high: 1.0,
            overloaded: false,
        };
        let observations: Vec<Observation> = points.iter().map(observation).collect();
        let data = SweptMetric { dimensions, observations: Vec::new(), interval: Interval::None };
        joins_strangers(&data, &observations, 0, series, drawn)
    }

    #[test]
    fn points_at_random_are_strangers_and_those_side_by_side_are_not() {
        assert!(strangers(&[[1, 7, 0], [2, 3, 0], [3, 9, 0]], None));
        assert!(!strangers(&[[1, 7, 0], [2, 7, 0], [3, 7, 0]], None), "one path");
        assert!(!strangers(&[[1, 3, 0], [2, 5, 0], [3, 9, 0]], None), "zipped");
        assert!(!strangers(&[[1, 9, 0], [2, 5, 0], [3, 3, 0]], None), "zipped, falling");
        assert!(!strangers(&[[1, 3, 0], [2, 3, 0], [3, 9, 0]], None), "zipped, with a repeat");
        let grid = [[1, 3, 0], [1, 5, 0], [2, 3, 0], [2, 5, 0]];
        assert!(!strangers(&grid, Some(1)), "a line for each value");
        assert!(strangers(&[[1, 3, 7], [2, 3, 2], [3, 3, 5], [1, 5, 1]], Some(1)));
        let drawn = ["a", "b"].map(str::to_owned);
        assert!(among(&[[1, 3, 0], [2, 5, 0], [3, 9, 0]], None, &drawn), "in line by chance");
    }
}
