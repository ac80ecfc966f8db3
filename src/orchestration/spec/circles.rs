//! Steps that wait for each other, and agents that hand over to each other for ever.

use indexmap::IndexMap;

use crate::orchestration::patterns::Steps;
use crate::spec::NonNegative;

/// A circle among steps, each of which waits for the next.
pub(super) fn circle_of(steps: &Steps) -> Option<Vec<&str>> {
    fn visit<'s>(
        steps: &'s Steps,
        index: usize,
        state: &mut [u8],
        way: &mut Vec<usize>,
    ) -> Option<Vec<&'s str>> {
        if state[index] == 2 {
            return None;
        }
        if state[index] == 1 {
            let first = way.iter().position(|it| *it == index).unwrap_or(0);
            let circle = way[first..].iter().chain([&index]);
            return Some(circle.map(|it| steps.get_index(*it).map_or("", |it| it.0)).collect());
        }
        state[index] = 1;
        way.push(index);
        let (_, step) = steps.get_index(index)?;
        let before = step.waits_for(steps);
        let found = before.into_iter().find_map(|it| visit(steps, it, state, way));
        way.pop();
        state[index] = 2;
        found
    }
    let mut state = vec![0; steps.len()];
    (0..steps.len()).find_map(|index| visit(steps, index, &mut state, &mut Vec::new()))
}

/// Agents from the first of which no way leads to an end.
pub(super) fn endless(
    hand_off: &IndexMap<String, IndexMap<String, NonNegative>>,
) -> Option<Vec<&str>> {
    let mut way: Vec<&str> = vec![hand_off.keys().next()?];
    let mut next = 0;
    while let Some(name) = way.get(next) {
        let row = hand_off.get(*name).filter(|row| !row.is_empty())?;
        for (to, _) in row.iter().filter(|(_, weight)| weight.get() > 0.0) {
            if to == "end" {
                return None;
            }
            if !way.contains(&to.as_str()) {
                way.push(to);
            }
        }
        next += 1;
    }
    way.push(way[0]);
    Some(way)
}
