//! What a figure is made of: panels of marks on axes.

use crate::report::figure::axis::Axis;
use crate::report::figure::theme::{Marker, Paint, Style};

/// A figure and the name of its file, without extension.
pub(crate) struct NamedFigure {
    pub name: String,
    pub figure: Figure,
}

/// A drawing of one or more panels.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What is to be learnt.
    pub title: String,
    /// Under which conditions.
    pub subtitle: String,
    /// The series that all panels share.
    pub legend: Option<Legend>,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row.
    pub columns: usize,
    /// The height in px of each panel's plotting area.
    pub height: f64,
}

/// The series of a figure or panel.
#[derive(Clone, Debug)]
pub(crate) struct Legend {
    /// What tells the series apart, such as a swept path in words.
    pub heading: String,
    pub entries: Vec<Entry>,
    pub sample: Sample,
    /// Whether names stand at the ends of the lines if there is room.
    pub at_ends: bool,
}

/// A series in a legend.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub name: String,
    pub style: Style,
    /// Whether its marker has an empty middle.
    pub hollow: bool,
    /// Where its line ends, in the units of the data.
    pub end: Option<(f64, f64)>,
}

/// What stands beside a series' name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    Line,
    LineAndMarker,
    Marker,
    Bar,
}

/// One pair of axes and what is drawn between them.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    /// Stands above the panel; empty for none.
    pub heading: String,
    /// The series of this panel alone.
    pub legend: Option<Legend>,
    pub x: Axis,
    pub y: Axis,
    /// Whether the horizontal axis has labels here, or further below.
    pub x_labels: bool,
    /// What is drawn, from the lowest layer up.
    pub marks: Vec<Mark>,
}

/// Something drawn in a panel, in the units of the data.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// A transparent area, such as an interval.
    Area { outline: Vec<(f64, f64)>, style: Style, opacity: f64 },
    /// A line without gaps.
    Line { points: Vec<(f64, f64)>, style: Style },
    /// Markers at data points.
    Markers { points: Vec<(f64, f64)>, style: Style },
    /// Markers with an empty middle, in place of full ones below them.
    Hollow { points: Vec<(f64, f64)>, style: Style },
    /// A bar from zero.
    Bar { left: f64, right: f64, value: f64, style: Style },
    /// An interval at a data point.
    Whisker { x: f64, low: f64, high: f64, style: Style },
    /// A few characters above a place.
    Text { x: f64, y: f64, text: String },
    /// The name of what is drawn at `x` from `low` to `high`, where there is room for it.
    Name { x: f64, low: f64, high: f64, text: String },
    /// A rectangle between two corners, with text inside if that fits.
    Tile { corners: [(f64, f64); 2], paint: Paint, text: String },
}

impl Figure {
    /// The figure with a legend of what hollow marks are, if there are any: at the panel,
    /// where the legend's names stand at the ends of lines.
    pub(crate) fn with_hollow(mut self, name: &str) -> Figure {
        let is_hollow =
            |mark: &Mark| matches!(mark, Mark::Hollow { points, .. } if !points.is_empty());
        if !self.panels.iter().any(|panel| panel.marks.iter().any(is_hollow)) {
            return self;
        }
        let entry = Entry::hollow(name);
        match (&mut self.legend, self.panels.as_mut_slice()) {
            (Some(legend), [panel]) if legend.at_ends && panel.legend.is_none() => {
                panel.legend = Some(Legend::above("", vec![entry], Sample::Marker));
            }
            (Some(legend), _) => legend.entries.push(entry),
            (legend @ None, _) => {
                *legend = Some(Legend::above("", vec![entry], Sample::Marker));
            }
        }
        self
    }
}

impl Legend {
    /// A legend in rows above the panels.
    pub(crate) fn above(heading: &str, entries: Vec<Entry>, sample: Sample) -> Self {
        Legend { heading: heading.to_owned(), entries, sample, at_ends: false }
    }
}

impl Entry {
    /// What markers with an empty middle are, of whichever series.
    pub(crate) fn hollow(name: &str) -> Self {
        let style = Style { color: Paint::FaintInk, marker: Marker::Circle, dash: None };
        Entry { hollow: true, ..Entry::new(name, style) }
    }

    /// A series without a line's end.
    pub(crate) fn new(name: impl Into<String>, style: Style) -> Self {
        Entry { name: name.into(), style, hollow: false, end: None }
    }
}

impl Panel {
    /// The only panel of a figure.
    pub(crate) fn alone(x: Axis, y: Axis, marks: Vec<Mark>) -> Self {
        Panel { heading: String::new(), legend: None, x, y, x_labels: true, marks }
    }
}
