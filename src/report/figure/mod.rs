//! A small grammar of figures: panels of marks on axes, drawn by plotters.
//!
//! A chart kind says what is to be seen as a [`Figure`]; where titles, ticks,
//! legends and labels go is decided here, from the widths of the embedded
//! font, so that nothing is clipped and nothing overlaps.

pub(crate) mod axis;
mod canvas;
mod grammar;
mod layout;
mod legend;
mod marks;
mod place_names;
pub(crate) mod png;
mod spread_labels;
pub(crate) mod symlog;
mod text;
pub(crate) mod theme;
mod ticks;

pub(crate) use axis::Axis;
pub(crate) use grammar::{Entry, Figure, Legend, Mark, NamedFigure, Panel, Sample};
pub(crate) use theme::{Marker, Paint, Style, band, style};
pub(crate) use ticks::Tick;

use crate::experiment::charts::ThemeSpec;

impl Figure {
    /// The figure as an SVG document.
    pub(crate) fn to_svg(&self, theme: ThemeSpec) -> Result<String, String> {
        layout::draw(self, theme)
    }
}
