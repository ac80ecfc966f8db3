//! Sizes, and what things look like: a [`Style`] names its [`Paint`] by purpose, and
//! the theme says which colour that is.

use plotters::style::RGBColor;

use crate::experiment::charts::ThemeSpec;

/// What a colour is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Paint {
    /// What the figure is drawn on.
    Paper,
    Ink,
    FaintInk,
    Axis,
    Grid,
    MinorGrid,
    /// The series with this number.
    Series(usize),
    /// The same, faded: what stands back behind what matters.
    Faded(usize),
    /// A value on a scale of colours, from 0 to 1.
    Scale(f64),
    /// A time in which an alert fired.
    Alert,
}

pub(crate) const INK: Paint = Paint::Ink;
pub(crate) const FAINT_INK: Paint = Paint::FaintInk;
pub(crate) const AXIS: Paint = Paint::Axis;
pub(crate) const GRID: Paint = Paint::Grid;
pub(crate) const MINOR_GRID: Paint = Paint::MinorGrid;

/// Colours that series have before the same come again, dashed.
pub(crate) const COLORS: usize = 8;

/// The colours of a theme.
#[derive(Debug)]
struct Colors {
    paper: RGBColor,
    ink: RGBColor,
    faint_ink: RGBColor,
    axis: RGBColor,
    grid: RGBColor,
    minor_grid: RGBColor,
    alert: RGBColor,
    lines: [RGBColor; COLORS],
    fills: [RGBColor; COLORS],
    /// Evenly spaced along the scale.
    scale: &'static [RGBColor],
}

/// The palette of Okabe and Ito (2008), "Color Universal Design", which people
/// with colour vision deficiencies can tell apart; the yellow comes last
/// because it is faint on white.
const OKABE_ITO: [RGBColor; COLORS] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(240, 228, 66),
];

/// The same hues, light enough for a dark ground.
const ON_DARK: [RGBColor; COLORS] = [
    RGBColor(74, 163, 223),
    RGBColor(240, 128, 60),
    RGBColor(40, 190, 150),
    RGBColor(222, 150, 192),
    RGBColor(240, 178, 50),
    RGBColor(156, 210, 245),
    RGBColor(236, 236, 236),
    RGBColor(244, 234, 110),
];

/// Viridis (van der Walt and Smith, 2015), ten of its colours: its lightness rises
/// evenly, also for the colour-blind and on grey paper.
const VIRIDIS: [RGBColor; 10] = [
    RGBColor(68, 1, 84),
    RGBColor(72, 40, 120),
    RGBColor(62, 73, 137),
    RGBColor(49, 104, 142),
    RGBColor(38, 130, 142),
    RGBColor(31, 158, 137),
    RGBColor(53, 183, 121),
    RGBColor(110, 206, 88),
    RGBColor(181, 222, 43),
    RGBColor(253, 231, 37),
];

const fn grey(level: u8) -> RGBColor {
    RGBColor(level, level, level)
}

const LIGHT: Colors = Colors {
    paper: RGBColor(255, 255, 255),
    ink: grey(26),
    faint_ink: grey(89),
    axis: grey(110),
    grid: grey(224),
    minor_grid: grey(240),
    alert: RGBColor(200, 30, 60),
    lines: OKABE_ITO,
    fills: OKABE_ITO,
    scale: &VIRIDIS,
};

const DARK: Colors = Colors {
    paper: RGBColor(22, 25, 30),
    ink: grey(233),
    faint_ink: grey(176),
    axis: grey(140),
    grid: RGBColor(50, 55, 62),
    minor_grid: RGBColor(36, 40, 46),
    alert: RGBColor(255, 110, 130),
    lines: ON_DARK,
    fills: ON_DARK,
    scale: &VIRIDIS,
};

/// Greys: dark ones for lines, which their dashes and markers tell apart; far apart
/// ones for fills, which have an outline.
const PRINT: Colors = Colors {
    paper: RGBColor(255, 255, 255),
    ink: grey(0),
    faint_ink: grey(60),
    axis: grey(90),
    grid: grey(222),
    minor_grid: grey(240),
    alert: grey(90),
    lines: [grey(0), grey(90), grey(40), grey(120), grey(20), grey(105), grey(60), grey(130)],
    fills: [grey(60), grey(190), grey(120), grey(230), grey(30), grey(160), grey(90), grey(210)],
    scale: &[grey(247), grey(70)],
};

/// Dashes of the print theme's lines.
const DASHES: [Option<(f64, f64)>; COLORS] = [
    None,
    Some((7.0, 4.0)),
    Some((2.0, 3.0)),
    Some((14.0, 4.0)),
    Some((4.0, 2.0)),
    Some((2.0, 6.0)),
    Some((10.0, 8.0)),
    Some((20.0, 3.0)),
];

const fn colors(theme: ThemeSpec) -> &'static Colors {
    match theme {
        ThemeSpec::Light => &LIGHT,
        ThemeSpec::Dark => &DARK,
        ThemeSpec::Print => &PRINT,
    }
}

impl Paint {
    /// Its colour in lines, markers and text.
    pub(crate) fn line(self, theme: ThemeSpec) -> RGBColor {
        let colors = colors(theme);
        match self {
            Paint::Paper => colors.paper,
            Paint::Ink => colors.ink,
            Paint::FaintInk => colors.faint_ink,
            Paint::Axis => colors.axis,
            Paint::Grid => colors.grid,
            Paint::MinorGrid => colors.minor_grid,
            Paint::Alert => colors.alert,
            Paint::Series(series) => colors.lines[series % COLORS],
            Paint::Faded(series) => between(colors.paper, colors.lines[series % COLORS], FADED),
            Paint::Scale(part) => mixed(colors.scale, part),
        }
    }

    /// Its colour in areas.
    pub(crate) fn fill(self, theme: ThemeSpec) -> RGBColor {
        match self {
            Paint::Series(series) => colors(theme).fills[series % COLORS],
            other => other.line(theme),
        }
    }

    /// Whether text on it should be light.
    pub(crate) fn is_dark(self, theme: ThemeSpec) -> bool {
        luminance(self.fill(theme)) < 0.22
    }
}

/// How much of its colour a faded series has.
const FADED: f64 = 0.38;

/// The colour at a place of a scale, between its neighbours.
fn mixed(scale: &[RGBColor], part: f64) -> RGBColor {
    let place = part.clamp(0.0, 1.0) * (scale.len() - 1) as f64;
    let first = (libm::floor(place) as usize).min(scale.len() - 2);
    between(scale[first], scale[first + 1], place - first as f64)
}

/// The colour so far on the way from one to another.
fn between(a: RGBColor, b: RGBColor, part: f64) -> RGBColor {
    let mix = |a: u8, b: u8| {
        libm::round(f64::from(a) + (f64::from(b) - f64::from(a)) * part).clamp(0.0, 255.0) as u8
    };
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// Relative luminance as WCAG 2 defines it, from 0 to 1.
fn luminance(color: RGBColor) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { libm::pow((c + 0.055) / 1.055, 2.4) }
    };
    0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
}

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
/// Empty space around it.
pub(crate) const PAD: f64 = 18.0;

/// The shape at a data point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Nabla,
    /// A triangle that points to the right.
    Pointer,
    Ring,
    Cross,
    Plus,
    /// No shape: a line alone.
    Nothing,
}

/// What tells a series from the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    pub color: Paint,
    pub marker: Marker,
    /// Lengths of dash and gap in px; `None` for a solid line.
    pub dash: Option<(f64, f64)>,
}

impl Style {
    /// A line that is no series: no difference, a bound.
    pub(crate) const REFERENCE: Style =
        Style { color: AXIS, marker: Marker::Nothing, dash: Some((4.0, 3.0)) };
}

/// The style of the series with this number: eight colours, then the same
/// colours dashed with the next marker, then dotted.
pub(crate) fn style(series: usize) -> Style {
    use Marker::Circle;
    use Marker::Cross;
    use Marker::Diamond;
    use Marker::Nabla;
    use Marker::Plus;
    use Marker::Pointer;
    use Marker::Square;
    use Marker::Triangle;
    const MARKERS: [Marker; 8] = [Circle, Square, Triangle, Diamond, Nabla, Pointer, Cross, Plus];
    let round = series / COLORS;
    Style {
        color: Paint::Series(series % COLORS),
        marker: MARKERS[(series + round) % MARKERS.len()],
        dash: [None, Some((6.0, 4.0)), Some((2.0, 3.0))][round % 3],
    }
}

impl Style {
    /// The same, faded.
    pub(crate) fn faded(self) -> Style {
        match self.color {
            Paint::Series(series) => Style { color: Paint::Faded(series), ..self },
            _ => self,
        }
    }

    /// The dashes of its lines: greys need them from the first series on.
    pub(crate) fn dashes(self, theme: ThemeSpec) -> Option<(f64, f64)> {
        match (theme, self.color, self.dash) {
            (ThemeSpec::Print, Paint::Series(series), None) => DASHES[series % COLORS],
            (_, _, dash) => dash,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEMES: [ThemeSpec; 3] = [ThemeSpec::Light, ThemeSpec::Dark, ThemeSpec::Print];

    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_in_every_theme() {
        // WCAG 2.2, success criterion 1.4.3.
        for theme in THEMES {
            let paper = Paint::Paper.line(theme);
            for paint in [Paint::Ink, Paint::FaintInk, Paint::Alert] {
                assert!(contrast(paint.line(theme), paper) >= 4.5, "{paint:?} {theme:?}");
            }
        }
    }

    #[test]
    fn lines_stand_out_where_the_palette_is_our_own() {
        // WCAG 2.2, success criterion 1.4.11.
        for theme in [ThemeSpec::Dark, ThemeSpec::Print] {
            for series in 0..COLORS {
                let color = Paint::Series(series).line(theme);
                assert!(contrast(color, Paint::Paper.line(theme)) >= 3.0, "{series} {theme:?}");
            }
        }
    }

    #[test]
    fn a_scale_of_colours_rises_or_falls_evenly_in_lightness() {
        // CIE L*, from luminance.
        let lightness =
            |part: f64, theme| 116.0 * libm::cbrt(luminance(Paint::Scale(part).fill(theme))) - 16.0;
        for theme in THEMES {
            let steps: Vec<f64> = (0..10)
                .map(|i| {
                    let at = f64::from(i) / 10.0;
                    lightness(at + 0.1, theme) - lightness(at, theme)
                })
                .collect();
            let mean = steps.iter().sum::<f64>() / 10.0;
            let even = steps.iter().all(|step| (step / mean - 1.0).abs() < 0.35);
            assert!(even && mean.abs() > 5.0, "{theme:?}: {steps:?}");
        }
    }

    #[test]
    fn print_needs_no_colours() {
        for a in 0..COLORS {
            let grey = Paint::Series(a).line(ThemeSpec::Print);
            assert!(grey.0 == grey.1 && grey.1 == grey.2);
            for b in 0..a {
                let dashes = |i| style(i).dashes(ThemeSpec::Print);
                assert_ne!(dashes(a), dashes(b), "{a} and {b}");
            }
        }
    }

    #[test]
    fn two_dozen_series_look_different() {
        for a in 0..24 {
            for b in 0..a {
                assert_ne!(style(a), style(b), "{a} and {b}");
            }
        }
    }
}
