//! Legends: rows above the panels, or names at the ends of lines.

use crate::report::figure::canvas::{Align, Canvas, Drawn, Font, Rect};
use crate::report::figure::grammar::{Entry, Legend, Sample};
use crate::report::figure::spread_labels::spread;
use crate::report::figure::text::{Weight, shorten, width, wrap};
use crate::report::figure::theme::{AXIS, FAINT_INK, INK, SUBTITLE};

/// Height of a row.
pub(crate) const ROW: f64 = 19.0;
const LINE: f64 = 26.0;
const BAR: f64 = 11.0;
const GAP: f64 = 6.0;
const BETWEEN: f64 = 18.0;
/// The widest name that is not shortened.
const NAME: f64 = 230.0;

const fn font(weight: Weight) -> Font {
    match weight {
        Weight::Regular => Font { size: SUBTITLE, weight, color: INK },
        Weight::Bold => Font { size: SUBTITLE, weight, color: FAINT_INK },
    }
}

/// Text of a row and where it starts, in px from the left.
struct Item<'a> {
    left: f64,
    row: usize,
    text: String,
    entry: Option<&'a Entry>,
}

fn sample_width(sample: Sample) -> f64 {
    match sample {
        Sample::Line | Sample::LineAndMarker => LINE,
        Sample::Bar | Sample::Marker => BAR,
    }
}

/// Places the heading and the entries in rows of this width.
fn arrange(legend: &Legend, room: f64) -> Vec<Item<'_>> {
    let (mut left, mut row) = (0.0, 0);
    let mut items = Vec::new();
    if !legend.heading.is_empty() {
        let text = shorten(&legend.heading, SUBTITLE, Weight::Bold, room / 2.0);
        left += width(&text, SUBTITLE, Weight::Bold) + BETWEEN;
        items.push(Item { left: 0.0, row, text, entry: None });
    }
    let sample = sample_width(legend.sample) + GAP;
    for entry in &legend.entries {
        let text = shorten(&entry.name, SUBTITLE, Weight::Regular, NAME.min(room - sample));
        let wide = sample + width(&text, SUBTITLE, Weight::Regular);
        if left > 0.0 && left + wide > room {
            (left, row) = (0.0, row + 1);
        }
        items.push(Item { left, row, text, entry: Some(entry) });
        left += wide + BETWEEN;
    }
    items
}

/// The height of the legend in rows of this width.
pub(crate) fn height(legend: &Legend, room: f64) -> f64 {
    arrange(legend, room).last().map_or(0.0, |item| (item.row + 1) as f64 * ROW)
}

/// The width of the legend in a single row.
pub(crate) fn single_row(legend: &Legend) -> f64 {
    let items = arrange(legend, f64::INFINITY);
    items.last().map_or(0.0, |item| {
        let sample = if item.entry.is_some() { sample_width(legend.sample) + GAP } else { 0.0 };
        item.left + sample + width(&item.text, SUBTITLE, Weight::Regular)
    })
}

/// Draws the legend from its upper left corner.
pub(crate) fn draw(canvas: &Canvas, legend: &Legend, (x, y): (f64, f64), room: f64) -> Drawn {
    for item in arrange(legend, room) {
        let left = x + item.left;
        let baseline = y + item.row as f64 * ROW + 13.0;
        let Some(entry) = item.entry else {
            canvas.text(&item.text, (left, baseline), Align::Left, font(Weight::Bold))?;
            continue;
        };
        draw_sample(canvas, legend.sample, entry, (left, baseline - 4.2))?;
        let text = left + sample_width(legend.sample) + GAP;
        canvas.text(&item.text, (text, baseline), Align::Left, font(Weight::Regular))?;
    }
    Ok(())
}

fn draw_sample(
    canvas: &Canvas,
    sample: Sample,
    entry: &Entry,
    (left, middle): (f64, f64),
) -> Drawn {
    let style = entry.style;
    if entry.hollow {
        return canvas.hollow((left + sample_width(sample) / 2.0, middle), style);
    }
    if sample == Sample::Bar {
        let rect = Rect { left, top: middle - BAR / 2.0, width: BAR, height: BAR };
        return canvas.fill(rect, style.color);
    }
    if sample != Sample::Marker {
        canvas.sample((left, middle), (left + LINE, middle), style)?;
    }
    if sample != Sample::Line {
        canvas.marker((left + sample_width(sample) / 2.0, middle), style)?;
    }
    Ok(())
}

/// Height of a name at the end of a line.
const END_ROW: f64 = 15.5;
/// Room for the leader from a line to its name.
const LEADER: f64 = 16.0;
/// The widest name at the end of a line.
const END_NAME: f64 = 150.0;
const HEADING_ROWS: usize = 3;

fn end_heading(legend: &Legend) -> Vec<String> {
    if legend.heading.is_empty() {
        return Vec::new();
    }
    let names = legend.entries.iter().map(|e| width(&e.name, SUBTITLE, Weight::Regular));
    let room = names.fold(70.0, f64::max).min(END_NAME) + 12.0;
    wrap(&legend.heading, SUBTITLE, Weight::Bold, room, HEADING_ROWS)
}

/// The width of the column of names at the ends of the lines, or `None` if
/// there are too many for this height.
pub(crate) fn ends_width(legend: &Legend, height: f64) -> Option<f64> {
    let heading = end_heading(legend);
    let rows = legend.entries.len() as f64 * END_ROW + heading.len() as f64 * END_ROW;
    if !legend.at_ends || rows > height || legend.entries.iter().any(|e| e.end.is_none()) {
        return None;
    }
    let name = |e: &Entry| width(&e.name, SUBTITLE, Weight::Regular).min(END_NAME) + 12.0;
    let heading = heading.iter().map(|line| width(line, SUBTITLE, Weight::Bold));
    let widest = legend.entries.iter().map(name).chain(heading).fold(0.0, f64::max);
    Some(LEADER + widest)
}

/// Draws the names beside a plot; `ends` are where the lines end, in px.
pub(crate) fn draw_ends(
    canvas: &Canvas,
    legend: &Legend,
    plot: Rect,
    ends: &[(f64, f64)],
) -> Drawn {
    let heading = end_heading(legend);
    let left = plot.right() + LEADER;
    // The heading's lines stand above the first name and give way with it.
    let first = ends.iter().map(|(_, y)| *y).fold(plot.bottom(), f64::min);
    let above = (1..=heading.len()).rev().map(|row| first - 0.1 - row as f64 * END_ROW);
    let wanted: Vec<f64> = above.chain(ends.iter().map(|(_, y)| *y)).collect();
    let Some(centres) = spread(&wanted, END_ROW, plot.top - 8.0, plot.bottom() + 8.0) else {
        return Ok(());
    };
    let (above, beside) = centres.split_at(heading.len());
    for (line, centre) in heading.iter().zip(above) {
        canvas.text(line, (left, centre + 4.2), Align::Left, font(Weight::Bold))?;
    }
    for ((entry, end), &centre) in legend.entries.iter().zip(ends).zip(beside) {
        // A leader from a line that ends earlier would run through the others.
        if plot.right() - end.0 < 0.06 * plot.width {
            draw_leader(canvas, *end, plot.right() + 3.0, (left - 2.0, centre))?;
        }
        canvas.marker((left + 3.0, centre), entry.style)?;
        let name = shorten(&entry.name, SUBTITLE, Weight::Regular, END_NAME);
        let baseline = (left + 12.0, centre + 4.2);
        canvas.text(&name, baseline, Align::Left, font(Weight::Regular))?;
    }
    Ok(())
}

/// A thin line from the end of a series to its name, level up to `bend`.
fn draw_leader(canvas: &Canvas, end: (f64, f64), bend: f64, name: (f64, f64)) -> Drawn {
    let from = end.0 + 6.0;
    if from < bend {
        canvas.line((from, end.1), (bend, end.1), canvas.stroke(AXIS, 0.6))?;
    }
    canvas.line((bend, end.1), name, canvas.stroke(AXIS, 0.6))
}
