//! Tables in a terminal.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, LineStyle, Table as Grid, presets};

/// How the table may look on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Columns of the terminal; `None` for as wide as it takes.
    pub width: Option<u16>,
    /// Whether the header may be bold: on a terminal, and `NO_COLOR` unset.
    pub color: bool,
}

/// An empty table in the house style.
pub(crate) fn grid(terminal: Terminal) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    if let Some(width) = terminal.width {
        grid.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    grid
}

/// A table as text, its header bold on a terminal that can show it.
pub(crate) fn lines(grid: &Grid, terminal: Terminal) -> String {
    let mut text = String::new();
    for (i, line) in grid.lines().enumerate() {
        let line = line.trim_end();
        // The first line is the rule above the header.
        let bold = terminal.color && i == 1;
        let (on, off) = if bold { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
        let _ = writeln!(text, "{on}{line}{off}");
    }
    text
}
