//! Names beside marks, where they hide neither marks nor each other.

use crate::report::figure::canvas::{Align, Rect};

/// From a mark to its name.
const GAP: f64 = 5.0;
/// From a mark to the end of the line that leads to its name.
const AWAY: [f64; 5] = [18.0, 30.0, 44.0, 60.0, 80.0];

/// Where a name stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Named {
    /// The place of its baseline.
    pub at: (f64, f64),
    /// Which point of the text lies there.
    pub align: Align,
    /// A line from near the mark to the name, where they are apart.
    pub leader: Option<[(f64, f64); 2]>,
}

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

    /// Where a name of this width and height stands: right above its mark, below it, or at a
    /// side of it; if all of that is taken, further away with a thin line to its mark. None
    /// if there is no room.
    pub(crate) fn place(&mut self, mark: Rect, size: (f64, f64)) -> Option<Named> {
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
                return Some(self.take(rect, align, None));
            }
        }
        for distance in AWAY {
            let slant = distance * core::f64::consts::FRAC_1_SQRT_2;
            for (across, down) in [
                (slant, -slant),
                (slant, slant),
                (-slant, -slant),
                (-slant, slant),
                (0.0, -distance),
                (0.0, distance),
            ] {
                let end = (middle + across, level + down);
                let align = match across {
                    _ if across > 0.0 => Align::Left,
                    _ if across < 0.0 => Align::Right,
                    _ => Align::Center,
                };
                let left = match align {
                    Align::Left => end.0 + 2.0,
                    Align::Right => end.0 - 2.0 - width,
                    Align::Center => end.0 - width / 2.0,
                };
                let top = match align {
                    Align::Center if down < 0.0 => end.1 - 2.0 - height,
                    Align::Center => end.1 + 2.0,
                    _ => end.1 - height / 2.0,
                };
                let rect = Rect { left, top, width, height };
                if self.is_free(&rect) {
                    let part = 6.0 / distance;
                    let from = (middle + across * part, level + down * part);
                    return Some(self.take(rect, align, Some([from, end])));
                }
            }
        }
        None
    }

    fn take(&mut self, rect: Rect, align: Align, leader: Option<[(f64, f64); 2]>) -> Named {
        self.taken.push(rect);
        let at = match align {
            Align::Left => rect.left,
            Align::Center => rect.left + rect.width / 2.0,
            Align::Right => rect.right(),
        };
        Named { at: (at, rect.bottom()), align, leader }
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
        let mut side = |mark: &Rect| {
            let named = naming.place(*mark, (20.0, 8.0))?;
            Some((named.at.1, named.leader.is_some()))
        };
        assert_eq!(side(&marks[0]), Some((41.0, false)), "above");
        assert_eq!(side(&marks[1]), Some((67.0, false)), "below");
        assert_eq!(side(&marks[2]), Some((41.0, false)), "above again");
        let further = side(&around(52.0, 50.0));
        assert_eq!(further.map(|it| it.1), Some(true), "further away, with a line to it");
    }

    #[test]
    fn names_stay_within_the_panel() {
        let bounds = Rect { left: 0.0, top: 0.0, width: 100.0, height: 100.0 };
        let mut naming = Naming::new(bounds, Vec::new());
        let named = naming.place(around(96.0, 4.0), (20.0, 8.0)).map(|it| (it.at, it.align));
        assert_eq!(named, Some(((87.0, 8.0), Align::Right)));
        assert_eq!(naming.place(around(50.0, 50.0), (120.0, 8.0)), None, "too wide for it");
    }
}
