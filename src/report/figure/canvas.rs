//! The sheet that a figure is drawn on: plotters' SVG backend in tenths of a
//! pixel, because plotters counts in whole units and lines should not jump.

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontFamily, RGBColor, TextStyle};

use crate::experiment::charts::ThemeSpec;
use crate::report::figure::text::{Weight, clean};
use crate::report::figure::theme::{Marker, Paint, Style};

/// Units of the SVG's coordinates per px.
const UNITS: f64 = 10.0;
/// First the embedded font, then what other readers of the SVG may have.
const FONTS: &str = "Noto Sans, Helvetica, Arial, sans-serif";

/// The coordinates of a panel: linear both ways, logarithms are taken before.
pub(crate) type Plot<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Why drawing failed, in plotters' words.
pub(crate) type Drawn = Result<(), String>;

pub(crate) fn reason(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A rectangle in px.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    /// The rectangle between two corners.
    pub(crate) fn between([a, b]: [(f64, f64); 2]) -> Rect {
        Rect {
            left: a.0.min(b.0),
            top: a.1.min(b.1),
            width: (a.0 - b.0).abs(),
            height: (a.1 - b.1).abs(),
        }
    }
    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
    }
    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// Where a text's given point lies in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

/// Size, weight and colour of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Font {
    pub size: f64,
    pub weight: Weight,
    pub color: Paint,
}

/// A sheet; coordinates are in px from the upper left corner.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    pub theme: ThemeSpec,
}

/// Draws an SVG of this size in px.
pub(crate) fn svg(
    theme: ThemeSpec,
    (width, height): (f64, f64),
    title: &str,
    description: &str,
    draw: impl FnOnce(&Canvas) -> Drawn,
) -> Result<String, String> {
    let mut body = String::new();
    {
        let size = (units(width) as u32, units(height) as u32);
        let area = SVGBackend::with_string(&mut body, size).into_drawing_area();
        let canvas = Canvas { area, theme };
        canvas.area.fill(&Paint::Paper.fill(theme)).map_err(reason)?;
        draw(&canvas)?;
        canvas.area.present().map_err(reason)?;
    }
    // plotters' own opening tag knows one size only; what it draws follows.
    let drawn = body.split_once('\n').map_or("", |(_, drawn)| drawn);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\" role=\"img\" stroke-linejoin=\"round\">\n\
         <title>{}</title>\n<desc>{}</desc>\n{drawn}",
        units(width),
        units(height),
        escape(title),
        escape(description),
    ))
}

fn escape(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn units(px: f64) -> i32 {
    libm::round(px * UNITS) as i32
}

fn at((x, y): (f64, f64)) -> (i32, i32) {
    (units(x), units(y))
}

impl<'b> Canvas<'b> {
    /// A solid stroke of this width in px.
    pub(crate) fn stroke(&self, paint: Paint, px: f64) -> ShapeStyle {
        let color = paint.line(self.theme).to_rgba();
        ShapeStyle { color, filled: false, stroke_width: units(px) as u32 }
    }

    /// A panel's coordinates over a rectangle.
    pub(crate) fn plot(
        &self,
        rect: Rect,
        x: std::ops::Range<f64>,
        y: std::ops::Range<f64>,
    ) -> Result<Plot<'_, 'b>, String> {
        let (left, top) = at((rect.left, rect.top));
        let (width, height) = (units(rect.width) as u32, units(rect.height) as u32);
        let area = self.area.clone().shrink((left, top), (width, height));
        ChartBuilder::on(&area).build_cartesian_2d(x, y).map_err(reason)
    }

    /// Text on a baseline.
    pub(crate) fn text(&self, text: &str, (x, y): (f64, f64), align: Align, font: Font) -> Drawn {
        self.write(text, (x, y), align, font, FontTransform::None)
    }

    /// Text from bottom to top; `x` is its baseline.
    pub(crate) fn turned(&self, text: &str, (x, y): (f64, f64), align: Align, font: Font) -> Drawn {
        self.write(text, (x, y), align, font, FontTransform::Rotate270)
    }

    fn write(
        &self,
        text: &str,
        (x, y): (f64, f64),
        align: Align,
        font: Font,
        turn: FontTransform,
    ) -> Drawn {
        let color = font.color.line(self.theme);
        self.write_in(text, (x, y), align, (font.size, font.weight, color), turn)
    }

    fn write_in(
        &self,
        text: &str,
        (x, y): (f64, f64),
        align: Align,
        (size, weight, color): (f64, Weight, RGBColor),
        turn: FontTransform,
    ) -> Drawn {
        if text.is_empty() {
            return Ok(());
        }
        // The backend sets the baseline 0.76 em below a `Top` anchor.
        let drop = 0.76 * size;
        let place = match turn {
            FontTransform::None => (x, y - drop),
            _ => (x - drop, y),
        };
        let h_pos = match align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        let weight = match weight {
            Weight::Regular => FontStyle::Normal,
            Weight::Bold => FontStyle::Bold,
        };
        let family = FontFamily::Name(FONTS);
        let style = TextStyle::from((family, backend_size(size), weight).into_font())
            .color(&color)
            .transform(turn)
            .pos(Pos::new(h_pos, VPos::Top));
        self.area.draw(&Text::new(clean(text), at(place), style)).map_err(reason)
    }

    /// A straight line.
    pub(crate) fn line(&self, from: (f64, f64), to: (f64, f64), style: ShapeStyle) -> Drawn {
        self.area.draw(&PathElement::new(vec![at(from), at(to)], style)).map_err(reason)
    }

    /// A filled rectangle.
    pub(crate) fn fill(&self, rect: Rect, paint: Paint) -> Drawn {
        let corners = [at((rect.left, rect.top)), at((rect.right(), rect.bottom()))];
        let color = paint.fill(self.theme);
        self.area.draw(&Rectangle::new(corners, color.filled())).map_err(reason)?;
        if !self.outlines(paint) {
            return Ok(());
        }
        let outline = self.stroke(Paint::Ink, 0.8);
        self.area.draw(&Rectangle::new(corners, outline)).map_err(reason)
    }

    /// Whether what is filled has an outline: light greys would be lost on paper.
    fn outlines(&self, paint: Paint) -> bool {
        self.theme == ThemeSpec::Print && matches!(paint, Paint::Series(_) | Paint::Faded(_))
    }

    /// Text on a fill, centred: almost white or almost black in every theme.
    pub(crate) fn label(&self, text: &str, place: (f64, f64), size: f64, light: bool) -> Drawn {
        let color = if light { RGBColor(254, 254, 254) } else { RGBColor(1, 1, 1) };
        let weight = Weight::Regular;
        self.write_in(text, place, Align::Center, (size, weight, color), FontTransform::None)
    }

    /// A piece of a series' line.
    pub(crate) fn sample(&self, from: (f64, f64), to: (f64, f64), style: Style) -> Drawn {
        match style.dashes(self.theme) {
            None => self.line(from, to, self.stroke(style.color, 2.0)),
            Some((dash, gap)) => {
                let (dash, gap) = (units(dash), units(gap));
                let points = [at(from), at(to)];
                let line = DashedPathElement::new(points, dash, gap, self.stroke(style.color, 2.0));
                self.area.draw(&line).map_err(reason)
            }
        }
    }

    /// A marker of a series; a rim of paper keeps it apart from lines below it.
    pub(crate) fn marker(&self, center: (f64, f64), style: Style) -> Drawn {
        let color = style.color.line(self.theme);
        let paper = self.paper();
        match style.marker {
            Marker::Circle => {
                self.disc(center, 4.9, paper)?;
                self.disc(center, 3.7, color)
            }
            Marker::Ring => {
                self.disc(center, 4.4, color)?;
                self.disc(center, 2.5, paper)
            }
            Marker::Square => self.polygon(center, &[45.0, 135.0, 225.0, 315.0], 4.7, color),
            Marker::Diamond => self.polygon(center, &[0.0, 90.0, 180.0, 270.0], 5.1, color),
            Marker::Triangle => self.polygon(center, &[90.0, 210.0, 330.0], 5.2, color),
            Marker::Nabla => self.polygon(center, &[270.0, 30.0, 150.0], 5.2, color),
            Marker::Pointer => self.polygon(center, &[0.0, 120.0, 240.0], 5.2, color),
            Marker::Cross => self.strokes(center, 3.3, 3.3, (2.0, color)),
            Marker::Nothing => Ok(()),
            Marker::Plus => self.strokes(center, 4.4, 0.0, (2.0, color)),
        }
    }

    /// The same marker with an empty middle, on top of it.
    pub(crate) fn hollow(&self, center: (f64, f64), style: Style) -> Drawn {
        let paper = self.paper();
        match style.marker {
            Marker::Circle | Marker::Ring => {
                self.disc(center, 4.6, style.color.line(self.theme))?;
                self.disc(center, 2.9, paper)
            }
            Marker::Cross | Marker::Plus => {
                let (long, wide) =
                    if style.marker == Marker::Cross { (3.3, 3.3) } else { (4.4, 0.0) };
                let color = style.color.line(self.theme);
                self.strokes(center, long, wide, (4.0, color))?;
                self.crossed(center, (long - 0.6, wide - 0.6_f64.min(wide)), (1.4, paper))
            }
            Marker::Nothing => Ok(()),
            Marker::Square
            | Marker::Diamond
            | Marker::Triangle
            | Marker::Nabla
            | Marker::Pointer => {
                self.marker(center, style)?;
                let (angles, radius): (&[f64], f64) = match style.marker {
                    Marker::Square => (&[45.0, 135.0, 225.0, 315.0], 2.7),
                    Marker::Diamond => (&[0.0, 90.0, 180.0, 270.0], 2.9),
                    Marker::Triangle => (&[90.0, 210.0, 330.0], 2.5),
                    Marker::Nabla => (&[270.0, 30.0, 150.0], 2.5),
                    _ => (&[0.0, 120.0, 240.0], 2.5),
                };
                self.polygon_alone(center, angles, radius, paper)
            }
        }
    }

    fn paper(&self) -> RGBColor {
        Paint::Paper.line(self.theme)
    }

    fn disc(&self, center: (f64, f64), radius: f64, color: RGBColor) -> Drawn {
        self.area.draw(&Circle::new(at(center), units(radius), color.filled())).map_err(reason)
    }

    fn polygon(&self, center: (f64, f64), angles: &[f64], radius: f64, color: RGBColor) -> Drawn {
        self.polygon_alone(center, angles, radius + 1.6, self.paper())?;
        self.polygon_alone(center, angles, radius, color)
    }

    fn polygon_alone(
        &self,
        (x, y): (f64, f64),
        angles: &[f64],
        radius: f64,
        color: RGBColor,
    ) -> Drawn {
        let corner = |angle: &f64| {
            let turn = angle.to_radians();
            at((x + radius * libm::cos(turn), y - radius * libm::sin(turn)))
        };
        let corners: Vec<_> = angles.iter().map(corner).collect();
        self.area.draw(&Polygon::new(corners, color.filled())).map_err(reason)
    }

    /// Two strokes that cross, with a rim of paper.
    fn strokes(
        &self,
        center: (f64, f64),
        long: f64,
        wide: f64,
        (width, color): (f64, RGBColor),
    ) -> Drawn {
        self.crossed(center, (long, wide), (width + 2.2, self.paper()))?;
        self.crossed(center, (long, wide), (width, color))
    }

    fn crossed(
        &self,
        (x, y): (f64, f64),
        (long, wide): (f64, f64),
        (width, color): (f64, RGBColor),
    ) -> Drawn {
        let color = color.to_rgba();
        let style = ShapeStyle { color, filled: false, stroke_width: units(width) as u32 };
        self.line((x - long, y - wide), (x + long, y + wide), style)?;
        self.line((x - wide, y + long), (x + wide, y - long), style)
    }
}

/// The size that the backend, which divides it by 1.24, writes as a short number.
fn backend_size(px: f64) -> f64 {
    let wanted = px * UNITS;
    let near = wanted * 1.24;
    let written = |size: &f64| (size / 1.24).to_string().len();
    [near, near.next_down(), near.next_up()].into_iter().min_by_key(written).unwrap_or(near)
}

/// A place that plotters computed, in px.
pub(crate) fn px((x, y): (i32, i32)) -> (f64, f64) {
    (f64::from(x) / UNITS, f64::from(y) / UNITS)
}

/// A length in px in the backend's units.
pub(crate) fn length(px: f64) -> i32 {
    units(px)
}
