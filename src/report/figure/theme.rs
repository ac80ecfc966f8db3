//! Colours, sizes and the look of a series.

use plotters::style::RGBColor;

/// The palette of Okabe and Ito (2008), "Color Universal Design", which people
/// with colour vision deficiencies can tell apart; the yellow comes last
/// because it is faint on white.
const PALETTE: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(240, 228, 66),
];

pub(crate) const INK: RGBColor = RGBColor(26, 26, 26);
pub(crate) const FAINT_INK: RGBColor = RGBColor(89, 89, 89);
pub(crate) const AXIS: RGBColor = RGBColor(110, 110, 110);
pub(crate) const GRID: RGBColor = RGBColor(224, 224, 224);
pub(crate) const MINOR_GRID: RGBColor = RGBColor(240, 240, 240);

/// How opaque the band of an interval is: 15 %, and less where more than four
/// may lie over one another.
pub(crate) fn band(series: usize) -> f64 {
    0.15 * (4.0 / series.max(1) as f64).min(1.0)
}

/// Font sizes in px.
pub(crate) const TITLE: f64 = 17.0;
pub(crate) const SUBTITLE: f64 = 12.0;
pub(crate) const LABEL: f64 = 12.5;
pub(crate) const TICK: f64 = 11.5;

/// Width of a whole figure in px.
pub(crate) const WIDTH: f64 = 720.0;
/// White space around it.
pub(crate) const PAD: f64 = 18.0;

/// The shape at a data point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Nabla,
    Ring,
    Cross,
    Plus,
    /// No shape: a line alone.
    Nothing,
}

/// What tells a series from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Look {
    pub color: RGBColor,
    pub marker: Marker,
    /// Lengths of dash and gap in px; `None` for a solid line.
    pub dash: Option<(f64, f64)>,
}

/// The look of the series with this number: eight colours, then the same
/// colours dashed with the next marker, then dotted.
pub(crate) fn look(series: usize) -> Look {
    use Marker::{Circle, Cross, Diamond, Nabla, Plus, Ring, Square, Triangle};
    const MARKERS: [Marker; 8] = [Circle, Square, Triangle, Diamond, Nabla, Ring, Cross, Plus];
    let round = series / PALETTE.len();
    Look {
        color: PALETTE[series % PALETTE.len()],
        marker: MARKERS[(series + round) % MARKERS.len()],
        dash: [None, Some((6.0, 4.0)), Some((2.0, 3.0))][round % 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_dozen_series_look_different() {
        for a in 0..24 {
            for b in 0..a {
                assert_ne!(look(a), look(b), "{a} and {b}");
            }
        }
    }
}
