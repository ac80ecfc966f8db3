//! Marks drawn with plotters' own elements in a panel's coordinates.

use plotters::prelude::*;

use crate::report::figure::axis::{Axis, Scale};
use crate::report::figure::canvas::{Align, Canvas, Drawn, Font, Plot, Rect, length, px, reason};
use crate::report::figure::grammar::{Mark, Panel};
use crate::report::figure::place_names::{Named, Naming};
use crate::report::figure::text::{Weight, width};
use crate::report::figure::theme::{AXIS, FAINT_INK, INK, Paint, SUBTITLE, Style};

const LINE: f64 = 2.0;
/// Size of names beside marks.
const NAME: f64 = SUBTITLE - 1.0;

/// Draws a panel's marks in their order.
pub(crate) fn draw(canvas: &Canvas, plot: &mut Plot, panel: &Panel) -> Drawn {
    let place = |&(x, y): &(f64, f64)| (panel.x.coordinate(x), panel.y.coordinate(y));
    let places = |points: &[(f64, f64)]| points.iter().map(place).collect::<Vec<_>>();
    // In lanes the shades are what is shown.
    let has_lanes = panel.y.scale == Scale::Category;
    if panel.marks.iter().all(|mark| shows_nothing(mark, has_lanes)) {
        let middle = |axis: &Axis| axis.coordinate(axis.low).midpoint(axis.coordinate(axis.high));
        let centre = px(plot.backend_coord(&(middle(&panel.x), middle(&panel.y))));
        let font = Font { size: SUBTITLE, weight: Weight::Regular, color: FAINT_INK };
        canvas.text("not measured", centre, Align::Center, font)?;
    }
    let mut naming = naming(plot, panel);
    for mark in &panel.marks {
        match mark {
            Mark::Area { outline, style, opacity } => {
                let area = {
                    let color = style.color.fill(canvas.theme);
                    Polygon::new(places(outline), color.mix(*opacity).filled())
                };
                plot.draw_series([area]).map_err(reason)?;
            }
            // A line of one point has no length: it shows as a marker, unless
            // the panel's lines have markers anyway.
            Mark::Line { points, style } if points.len() == 1 => {
                if !panel.marks.iter().any(|mark| matches!(mark, Mark::Markers { .. })) {
                    canvas.marker(px(plot.backend_coord(&place(&points[0]))), *style)?;
                }
            }
            Mark::Line { points, style } => line(canvas, plot, places(points), *style)?,
            Mark::Markers { points, style } => {
                for point in places(points) {
                    canvas.marker(px(plot.backend_coord(&point)), *style)?;
                }
            }
            Mark::Hollow { points, style } => {
                for point in places(points) {
                    canvas.hollow(px(plot.backend_coord(&point)), *style)?;
                }
            }
            Mark::Bar { left, right, value, style } => {
                let foot = base(&panel.y);
                let corners = [(*left, foot), (*right, panel.y.coordinate(*value))];
                let rect = Rect::between(corners.map(|it| px(plot.backend_coord(&it))));
                canvas.fill(rect, style.color)?;
            }
            Mark::Whisker { x, low, high, style } => {
                let ends = [low, high].map(|y| px(plot.backend_coord(&place(&(*x, *y)))));
                whisker(canvas, ends, *style)?;
            }
            Mark::Text { x, y, text } => {
                let (x, y) = px(plot.backend_coord(&place(&(*x, *y))));
                let font = Font { size: SUBTITLE - 1.0, weight: Weight::Regular, color: INK };
                canvas.text(text, (x, y - 5.0), Align::Center, font)?;
            }
            Mark::Name { x, low, high, text } => {
                let ends = [low, high].map(|y| px(plot.backend_coord(&place(&(*x, *y)))));
                let font = Font { size: NAME, weight: Weight::Regular, color: INK };
                let size = (width(text, NAME, font.weight), 0.75 * NAME);
                let mark = around(ends);
                if let Some(Named { at, align, leader }) = naming.place(mark, size) {
                    if let Some([from, to]) = leader {
                        canvas.line(from, to, canvas.stroke(AXIS, 0.6))?;
                    }
                    canvas.text(text, at, align, font)?;
                }
            }
            Mark::Tile { corners, paint, text } => {
                let corners = corners.map(|it| px(plot.backend_coord(&place(&it))));
                tile(canvas, Rect::between(corners), *paint, text)?;
            }
        }
    }
    Ok(())
}

/// Names must not hide markers, nor their intervals.
fn naming(plot: &Plot, panel: &Panel) -> Naming {
    let at =
        |x: f64, y: f64| px(plot.backend_coord(&(panel.x.coordinate(x), panel.y.coordinate(y))));
    let mut taken = Vec::new();
    for mark in &panel.marks {
        match mark {
            Mark::Markers { points, .. } | Mark::Hollow { points, .. } => {
                taken.extend(points.iter().map(|(x, y)| around([at(*x, *y); 2])));
            }
            Mark::Whisker { x, low, high, .. } => {
                taken.push(around([at(*x, *low), at(*x, *high)]));
            }
            _ => {}
        }
    }
    let (x, y) = (&panel.x, &panel.y);
    Naming::new(Rect::between([at(x.low, y.low), at(x.high, y.high)]), taken)
}

/// What a marker at each end of a line takes up.
fn around(ends: [(f64, f64); 2]) -> Rect {
    /// Half a marker's width.
    const HALF: f64 = 4.5;
    let Rect { left, top, width, height } = Rect::between(ends);
    Rect {
        left: left - HALF,
        top: top - HALF,
        width: width + 2.0 * HALF,
        height: height + 2.0 * HALF,
    }
}

fn shows_nothing(mark: &Mark, has_lanes: bool) -> bool {
    match mark {
        // A shade says nothing of what was measured.
        Mark::Area { style, .. } if style.color == Paint::Alert => !has_lanes,
        Mark::Area { outline: points, .. }
        | Mark::Line { points, .. }
        | Mark::Markers { points, .. }
        | Mark::Hollow { points, .. } => points.is_empty(),
        Mark::Bar { .. }
        | Mark::Whisker { .. }
        | Mark::Text { .. }
        | Mark::Name { .. }
        | Mark::Tile { .. } => false,
    }
}

/// Where bars stand: at zero, or at the end nearest to it.
fn base(axis: &Axis) -> f64 {
    axis.coordinate(0.0_f64.clamp(axis.low, axis.high))
}

fn line(canvas: &Canvas, plot: &mut Plot, points: Vec<(f64, f64)>, style: Style) -> Drawn {
    let stroke = canvas.stroke(style.color, LINE);
    match style.dashes(canvas.theme) {
        None => plot.draw_series(LineSeries::new(points, stroke)).map_err(reason)?,
        Some((dash, gap)) => {
            let line = DashedLineSeries::new(points, length(dash), length(gap), stroke);
            plot.draw_series(line).map_err(reason)?
        }
    };
    Ok(())
}

/// An interval with caps; plotters' own error bar adds a ring at the mean.
fn whisker(canvas: &Canvas, [low, high]: [(f64, f64); 2], style: Style) -> Drawn {
    let stroke = canvas.stroke(style.color, 1.3);
    canvas.line(low, high, stroke)?;
    for (x, y) in [low, high] {
        canvas.line((x - 3.5, y), (x + 3.5, y), stroke)?;
    }
    Ok(())
}

/// A rectangle with text in its middle, in whichever of light and dark reads well.
fn tile(canvas: &Canvas, rect: Rect, paint: Paint, text: &str) -> Drawn {
    /// From the text to the sides.
    const MARGIN: f64 = 6.0;
    const SIZE: f64 = SUBTITLE - 1.0;
    canvas.fill(rect, paint)?;
    if width(text, SIZE, Weight::Regular) + MARGIN > rect.width || rect.height < SIZE {
        return Ok(());
    }
    let middle = (rect.left + rect.width / 2.0, rect.top + rect.height / 2.0 + 0.36 * SIZE);
    canvas.label(text, middle, SIZE, paint.is_dark(canvas.theme))
}
