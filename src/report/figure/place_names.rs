//! Names beside marks, where they hide neither marks nor each other.

use crate::report::figure::canvas::{Align, Rect};

/// From a mark to its name.
const GAP: f64 = 5.0;

/// Finds a place for the name of each mark in turn; what has a name already is in the
/// way of the next.
#[derive(Debug)]
pub(crate) struct Naming {
    bounds: Rect,
    taken: Vec<Rect>,
}

impl Naming {
    /// Within `bounds`; `taken` is where names must not be.
    pub(crate) fn new(bounds: Rect, taken: Vec<Rect>) -> Self {
        Naming { bounds, taken }
    }

    /// Where a name of this width and height stands next to a mark: above it, below it,
    /// or at a side of it. That is the place of its baseline, and which point of the text
    /// lies there. None if there is no room.
    pub(crate) fn place(&mut self, mark: Rect, size: (f64, f64)) -> Option<((f64, f64), Align)> {
        let (width, height) = size;
        let (middle, level) = (mark.left + mark.width / 2.0, mark.top + mark.height / 2.0);
        let lefts = [middle - width / 2.0, mark.right() + GAP, mark.left - GAP - width];
        let above = (lefts[0], mark.top - GAP - height, Align::Center);
        let below = (lefts[0], mark.bottom() + GAP, Align::Center);
        let right = (lefts[1], level - height / 2.0, Align::Left);
        let left = (lefts[2], level - height / 2.0, Align::Right);
        for (x, top, align) in [above, below, right, left] {
            let rect = Rect { left: x, top, width, height };
            if self.is_free(&rect) {
                self.taken.push(rect);
                let at = match align {
                    Align::Left => x,
                    Align::Center => middle,
                    Align::Right => x + width,
                };
                return Some(((at, rect.bottom()), align));
            }
        }
        None
    }

    fn is_free(&self, rect: &Rect) -> bool {
        let all = &self.bounds;
        let inside = rect.left >= all.left
            && rect.right() <= all.right()
            && rect.top >= all.top
            && rect.bottom() <= all.bottom();
        inside && !self.taken.iter().any(|other| meet(rect, other))
    }
}

fn meet(a: &Rect, b: &Rect) -> bool {
    a.left < b.right() && b.left < a.right() && a.top < b.bottom() && b.top < a.bottom()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(x: f64, y: f64) -> Rect {
        Rect { left: x - 4.0, top: y - 4.0, width: 8.0, height: 8.0 }
    }

    #[test]
    fn names_of_neighbours_stand_on_different_sides() {
        let marks = [around(50.0, 50.0), around(62.0, 50.0), around(74.0, 50.0)];
        let bounds = Rect { left: 40.0, top: 0.0, width: 60.0, height: 100.0 };
        let mut naming = Naming::new(bounds, marks.to_vec());
        let mut side = |mark: &Rect| naming.place(*mark, (20.0, 8.0)).map(|it| it.0.1);
        assert_eq!(side(&marks[0]), Some(41.0), "above");
        assert_eq!(side(&marks[1]), Some(67.0), "below");
        assert_eq!(side(&marks[2]), Some(41.0), "above again");
        assert_eq!(side(&around(52.0, 50.0)), None, "all sides are taken");
    }

    #[test]
    fn names_stay_within_the_panel() {
        let bounds = Rect { left: 0.0, top: 0.0, width: 100.0, height: 100.0 };
        let mut naming = Naming::new(bounds, Vec::new());
        let place = naming.place(around(96.0, 4.0), (20.0, 8.0));
        assert_eq!(place, Some(((87.0, 8.0), Align::Right)));
    }
}
