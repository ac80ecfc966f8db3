//! Where everything goes. Measured from the outside in: titles and legend
//! first, then room for ticks and labels, and the rest is for the data.

use crate::experiment::charts::ThemeSpec;
use crate::report::figure::axis::{Axis, Scale};
use crate::report::figure::canvas::{Align, Canvas, Drawn, Font, Plot, Rect, px, svg};
use crate::report::figure::grammar::{Figure, Panel};
use crate::report::figure::text::{Weight, shorten, whole, width, wrap};
use crate::report::figure::theme::{
    AXIS, FAINT_INK, GRID, INK, LABEL, MINOR_GRID, PAD, SUBTITLE, TICK, TITLE, WIDTH,
};
use crate::report::figure::{legend, marks};

const TITLE_ROW: f64 = 22.0;
const SUBTITLE_ROW: f64 = 16.5;
const TICK_ROW: f64 = 14.0;
/// From an axis to its tick labels.
const TICK_GAP: f64 = 7.0;
const LABEL_ROW: f64 = 21.0;
const HEADING_ROW: f64 = 15.0;
/// From a heading to its panel.
const HEADING_GAP: f64 = 7.0;
/// The most lines of a heading.
const HEADING_LINES: usize = 3;
const COLUMN_GAP: f64 = 20.0;
const ROW_GAP: f64 = 14.0;
/// The longest category that is written from bottom to top in full.
const TURNED: f64 = 130.0;

const TITLE_FONT: Font = Font { size: TITLE, weight: Weight::Bold, color: INK };
const SUBTITLE_FONT: Font = Font { size: SUBTITLE, weight: Weight::Regular, color: FAINT_INK };
const LABEL_FONT: Font = Font { size: LABEL, weight: Weight::Regular, color: INK };
const TICK_FONT: Font = Font { size: TICK, weight: Weight::Regular, color: FAINT_INK };
const HEADING_FONT: Font = Font { size: LABEL, weight: Weight::Bold, color: INK };

/// Draws a figure as an SVG document.
pub(crate) fn draw(figure: &Figure, theme: ThemeSpec) -> Result<String, String> {
    let layout = Layout::of(figure);
    let size = (WIDTH, layout.height);
    svg(theme, size, &figure.title, &figure.subtitle, |canvas| {
        layout.draw_head(canvas)?;
        for (panel, place) in figure.panels.iter().zip(&layout.places) {
            draw_panel(canvas, figure, panel, place, &layout)?;
        }
        Ok(())
    })
}

/// The places of all that is not data.
struct Layout<'a> {
    figure: &'a Figure,
    title: Vec<String>,
    subtitle: Vec<String>,
    legend_top: f64,
    /// Names stand at the ends of lines, rather than in rows above.
    at_ends: bool,
    height: f64,
    places: Vec<Place>,
}

/// The place of a panel.
struct Place {
    /// Where the data go.
    plot: Rect,
    heading: Vec<String>,
    /// Top of the heading.
    top: f64,
    /// Left end of the panel's room.
    left: f64,
    names: Names,
}

/// How the labels of a horizontal axis are written.
enum Names {
    /// In lines, from left to right.
    Level(Vec<Vec<String>>),
    /// From bottom to top.
    Turned(Vec<String>),
}

impl<'a> Layout<'a> {
    fn of(figure: &'a Figure) -> Self {
        let room = WIDTH - 2.0 * PAD;
        let title = wrap(&figure.title, TITLE, Weight::Bold, room, 2);
        let subtitle = wrap(&figure.subtitle, SUBTITLE, Weight::Regular, room, 4);
        let ends = figure.legend.as_ref().filter(|_| figure.panels.len() == 1);
        let ends = ends.and_then(|legend| legend::ends_width(legend, figure.height));
        let mut top = PAD + title.len() as f64 * TITLE_ROW + 4.0;
        if !figure.subtitle.is_empty() {
            top += subtitle.len() as f64 * SUBTITLE_ROW;
        }
        let legend_top = top + 6.0;
        top = legend_top + 6.0;
        if let Some(legend) = figure.legend.as_ref().filter(|_| ends.is_none()) {
            top += legend::height(legend, room) + 2.0;
        }
        let at_ends = ends.is_some();
        let mut layout =
            Layout { figure, title, subtitle, legend_top, at_ends, height: 0.0, places: vec![] };
        layout.place_panels(top, ends);
        layout
    }

    fn place_panels(&mut self, mut top: f64, ends: Option<f64>) {
        let panels = &self.figure.panels;
        let columns = self.figure.columns.clamp(1, panels.len().max(1));
        let lefts: Vec<f64> = (0..columns)
            .map(|column| panels.iter().skip(column).step_by(columns).map(left_room))
            .map(|rooms| rooms.fold(0.0, f64::max))
            .collect();
        let right = ends.unwrap_or_else(|| panels.iter().map(right_room).fold(0.0, f64::max));
        let gaps = (columns - 1) as f64 * COLUMN_GAP;
        let taken = lefts.iter().sum::<f64>() + columns as f64 * right + gaps;
        let wide = (WIDTH - 2.0 * PAD - taken) / columns as f64;
        for row in panels.chunks(columns) {
            let headings: Vec<Vec<String>> = row
                .iter()
                .zip(&lefts)
                .map(|(panel, left)| heading_lines(panel, left + wide))
                .collect();
            let rooms = row.iter().zip(&headings).map(|(panel, lines)| heading_room(panel, lines));
            let heading = rooms.fold(0.0, f64::max);
            let plot_top = top + heading + 6.0;
            let length = |panel: &Panel| panel.y.length.unwrap_or(self.figure.height);
            let height = row.iter().map(length).fold(0.0, f64::max);
            let mut bottom: f64 = 0.0;
            let mut left = PAD;
            for ((panel, left_room), lines) in row.iter().zip(&lefts).zip(headings) {
                // Short headings stand as near to their panels as long ones.
                let top = top + heading - heading_room(panel, &lines);
                let names = Names::of(panel, wide);
                let plot = Rect { left: left + left_room, top: plot_top, width: wide, height };
                bottom = bottom.max(bottom_room(panel, &names));
                self.places.push(Place { plot, heading: lines, top, left, names });
                left = plot.right() + right + COLUMN_GAP;
            }
            top = plot_top + height + bottom + ROW_GAP;
        }
        self.height = libm::ceil(top - ROW_GAP + PAD * 0.7);
    }

    fn draw_head(&self, canvas: &Canvas) -> Drawn {
        let mut baseline = PAD + 13.0;
        for line in &self.title {
            canvas.text(line, (PAD, baseline), Align::Left, TITLE_FONT)?;
            baseline += TITLE_ROW;
        }
        baseline -= 1.5;
        for line in self.subtitle.iter().filter(|line| !line.is_empty()) {
            canvas.text(line, (PAD, baseline), Align::Left, SUBTITLE_FONT)?;
            baseline += SUBTITLE_ROW;
        }
        match &self.figure.legend {
            Some(legend) if !self.at_ends => {
                legend::draw(canvas, legend, (PAD, self.legend_top), WIDTH - 2.0 * PAD)
            }
            _ => Ok(()),
        }
    }
}

fn left_room(panel: &Panel) -> f64 {
    let ticks = panel.y.ticks.iter().map(|tick| width(&tick.label, TICK, Weight::Regular));
    let label = if panel.y.label.is_empty() { 0.0 } else { LABEL_ROW };
    label + ticks.fold(0.0, f64::max) + TICK_GAP
}

/// Room for the half of the last tick's label that stands out.
fn right_room(panel: &Panel) -> f64 {
    let last = panel.x.ticks.last().filter(|_| panel.x_labels && panel.x.scale != Scale::Category);
    last.map_or(6.0, |tick| (width(&tick.label, TICK, Weight::Regular) / 2.0).max(6.0))
}

fn heading_room(panel: &Panel, lines: &[String]) -> f64 {
    let rows = if panel.legend.is_some() { lines.len().max(1) } else { lines.len() };
    if rows == 0 { 0.0 } else { rows as f64 * HEADING_ROW + HEADING_GAP }
}

/// A heading in lines; beside a legend it has one.
fn heading_lines(panel: &Panel, room: f64) -> Vec<String> {
    let heading = panel.heading.as_str();
    match &panel.legend {
        _ if heading.is_empty() => Vec::new(),
        Some(legend) => {
            let left = room - legend::single_row(legend) - 16.0;
            vec![shorten(heading, LABEL, Weight::Bold, left.max(room / 3.0))]
        }
        None => wrap(heading, LABEL, Weight::Bold, room, HEADING_LINES),
    }
}

fn bottom_room(panel: &Panel, names: &Names) -> f64 {
    if !panel.x_labels {
        return 0.0;
    }
    let ticks = match names {
        Names::Level(all) => {
            all.iter().map(Vec::len).max().unwrap_or(0) as f64 * TICK_ROW + TICK_GAP
        }
        Names::Turned(all) => {
            let widths = all.iter().map(|name| width(name, TICK, Weight::Regular));
            widths.fold(0.0, f64::max) + TICK_GAP + 4.0
        }
    };
    let label = if panel.x.label.is_empty() { 0.0 } else { LABEL_ROW - 3.0 };
    ticks + label
}

impl Names {
    fn of(panel: &Panel, wide: f64) -> Names {
        let labels = panel.x.ticks.iter().map(|tick| tick.label.as_str());
        if panel.x.scale != Scale::Category {
            return Names::Level(labels.map(|label| vec![label.to_owned()]).collect());
        }
        let slot = wide / (panel.x.high - panel.x.low) - 6.0;
        let lines: Vec<Vec<String>> =
            labels.clone().map(|name| wrap(name, TICK, Weight::Regular, slot, 3)).collect();
        if lines.iter().all(|lines| whole(lines)) {
            return Names::Level(lines);
        }
        let cut = |name| shorten(name, TICK, Weight::Regular, TURNED);
        Names::Turned(labels.map(cut).collect())
    }
}

fn draw_panel(
    canvas: &Canvas,
    figure: &Figure,
    panel: &Panel,
    place: &Place,
    layout: &Layout,
) -> Drawn {
    let range = |axis: &Axis| axis.coordinate(axis.low)..axis.coordinate(axis.high);
    let mut plot = canvas.plot(place.plot, range(&panel.x), range(&panel.y))?;
    draw_heading(canvas, panel, place)?;
    draw_grid(canvas, &plot, panel, place.plot)?;
    marks::draw(canvas, &mut plot, panel)?;
    draw_y(canvas, &plot, panel, place)?;
    draw_x(canvas, &plot, panel, place)?;
    match &figure.legend {
        Some(legend) if layout.at_ends => {
            // What is too large to be drawn must not overflow.
            let inside =
                |axis: &Axis, value: f64| axis.coordinate(value.clamp(axis.low, axis.high));
            let end = |(x, y)| px(plot.backend_coord(&(inside(&panel.x, x), inside(&panel.y, y))));
            let ends: Vec<_> = legend.entries.iter().filter_map(|e| e.end).map(end).collect();
            legend::draw_ends(canvas, legend, place.plot, &ends)
        }
        _ => Ok(()),
    }
}

fn draw_heading(canvas: &Canvas, panel: &Panel, place: &Place) -> Drawn {
    let left = place.left;
    for (i, line) in place.heading.iter().enumerate() {
        let baseline = place.top + (i + 1) as f64 * HEADING_ROW;
        canvas.text(line, (left, baseline), Align::Left, HEADING_FONT)?;
    }
    if let Some(legend) = &panel.legend {
        let x = (place.plot.right() - legend::single_row(legend)).max(left);
        legend::draw(canvas, legend, (x, place.top + 1.5), f64::INFINITY)?;
    }
    Ok(())
}

/// To the middle of a px, where a thin line is sharp.
fn sharp(px: f64) -> f64 {
    libm::floor(px) + 0.5
}

fn x_of(plot: &Plot, panel: &Panel, value: f64) -> f64 {
    px(plot.backend_coord(&(panel.x.coordinate(value), panel.y.coordinate(panel.y.low)))).0
}

fn y_of(plot: &Plot, panel: &Panel, value: f64) -> f64 {
    px(plot.backend_coord(&(panel.x.coordinate(panel.x.low), panel.y.coordinate(value)))).1
}

fn draw_grid(canvas: &Canvas, plot: &Plot, panel: &Panel, rect: Rect) -> Drawn {
    let upright = |value: f64, color| {
        let x = sharp(x_of(plot, panel, value));
        canvas.line((x, rect.top), (x, rect.bottom()), canvas.stroke(color, 1.0))
    };
    let level = |value: f64, color| {
        let y = sharp(y_of(plot, panel, value));
        canvas.line((rect.left, y), (rect.right(), y), canvas.stroke(color, 1.0))
    };
    panel.y.minor.iter().try_for_each(|v| level(*v, MINOR_GRID))?;
    if panel.x.scale != Scale::Category {
        panel.x.ticks.iter().try_for_each(|tick| upright(tick.at, GRID))?;
    }
    if panel.y.scale == Scale::Category {
        return Ok(());
    }
    panel.y.ticks.iter().try_for_each(|tick| level(tick.at, GRID))
}

fn draw_y(canvas: &Canvas, plot: &Plot, panel: &Panel, place: &Place) -> Drawn {
    let rect = place.plot;
    for tick in &panel.y.ticks {
        let baseline = y_of(plot, panel, tick.at) + 0.36 * TICK;
        canvas.text(&tick.label, (rect.left - TICK_GAP, baseline), Align::Right, TICK_FONT)?;
    }
    if panel.y.label.is_empty() {
        return Ok(());
    }
    let label = shorten(&panel.y.label, LABEL, Weight::Regular, rect.height + 40.0);
    let middle = rect.top + rect.height / 2.0;
    let ticks = panel.y.ticks.iter().map(|tick| width(&tick.label, TICK, Weight::Regular));
    let x = rect.left - ticks.fold(0.0, f64::max) - TICK_GAP - 9.0;
    canvas.turned(&label, (x, middle), Align::Center, LABEL_FONT)
}

fn draw_x(canvas: &Canvas, plot: &Plot, panel: &Panel, place: &Place) -> Drawn {
    let rect = place.plot;
    let zero = match panel.y.scale {
        Scale::Category => panel.y.low,
        _ => 0.0_f64.clamp(panel.y.low, panel.y.high),
    };
    let foot = sharp(y_of(plot, panel, zero));
    canvas.line((rect.left, foot), (rect.right(), foot), canvas.stroke(AXIS, 1.0))?;
    if panel.x.scale != Scale::Category {
        for tick in &panel.x.ticks {
            let x = sharp(x_of(plot, panel, tick.at));
            canvas.line((x, rect.bottom()), (x, rect.bottom() + 4.0), canvas.stroke(AXIS, 1.0))?;
        }
    }
    if !panel.x_labels {
        return Ok(());
    }
    draw_names(canvas, plot, panel, place)?;
    let below = rect.bottom() + bottom_room(panel, &place.names) - 2.0;
    let label = shorten(&panel.x.label, LABEL, Weight::Regular, rect.width + 60.0);
    canvas.text(&label, (rect.left + rect.width / 2.0, below), Align::Center, LABEL_FONT)
}

fn draw_names(canvas: &Canvas, plot: &Plot, panel: &Panel, place: &Place) -> Drawn {
    let top = place.plot.bottom() + TICK_GAP;
    match &place.names {
        Names::Level(names) => {
            let mut free = f64::NEG_INFINITY;
            for (tick, lines) in panel.x.ticks.iter().zip(names) {
                let x = x_of(plot, panel, tick.at);
                let widths = lines.iter().map(|line| width(line, TICK, Weight::Regular));
                let half = widths.fold(0.0, f64::max) / 2.0;
                if x - half < free {
                    continue;
                }
                free = x + half + 4.0;
                for (i, line) in lines.iter().enumerate() {
                    let baseline = top + 9.5 + i as f64 * TICK_ROW;
                    canvas.text(line, (x, baseline), Align::Center, TICK_FONT)?;
                }
            }
        }
        Names::Turned(names) => {
            for (tick, name) in panel.x.ticks.iter().zip(names) {
                let x = x_of(plot, panel, tick.at) + 0.36 * TICK;
                canvas.turned(name, (x, top), Align::Right, TICK_FONT)?;
            }
        }
    }
    Ok(())
}
