//! A smaller file that fails in the same way.

use std::time::{Duration, Instant};

use serde_yaml::Value;

use crate::run::{Verdict, try_system};

/// The most files that are tried.
const MOST_TRIES: usize = 300;

/// What ends late is tried less often.
const MOST_TIME: Duration = Duration::from_secs(100);

/// What must stay, or the file would run for long and say less.
const KEPT: [&str; 5] = ["name", "seed", "requests", "replications", "every"];

/// A place in a file.
#[derive(Clone, Debug)]
enum Place {
    Key(Value),
    Item(usize),
}

/// Drops and simplifies parts of `experiment` while the same kind of failure is among its
/// failures.
pub fn shrunk(experiment: &Value, kind: &str, label: &str) -> Value {
    let mut smallest = experiment.clone();
    let (mut tries, began) = (0, Instant::now());
    loop {
        let before = smallest.clone();
        for simpler in [removed, smaller] {
            let mut at = 0;
            loop {
                let places = places(&smallest);
                let Some(place) = places.get(at) else { break };
                at += 1;
                let mut candidate = smallest.clone();
                if !simpler(&mut candidate, place) || candidate == smallest {
                    continue;
                }
                tries += 1;
                if tries > MOST_TRIES || began.elapsed() > MOST_TIME {
                    return smallest;
                }
                if fails(&candidate, kind, label) {
                    smallest = candidate;
                    at -= 1;
                }
            }
        }
        if smallest == before {
            return smallest;
        }
    }
}

fn fails(experiment: &Value, kind: &str, label: &str) -> bool {
    match try_system(experiment, label) {
        Verdict::Invalid(_) => false,
        Verdict::Ran(failures) => failures.iter().any(|failure| failure.kind == kind),
    }
}

/// All places, what holds others before these.
fn places(value: &Value) -> Vec<Vec<Place>> {
    let children: Vec<(Place, &Value)> = match value {
        Value::Mapping(map) => map.iter().map(|(key, it)| (Place::Key(key.clone()), it)).collect(),
        Value::Sequence(items) => {
            items.iter().enumerate().map(|(at, it)| (Place::Item(at), it)).collect()
        }
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (place, child) in children {
        found.push(vec![place.clone()]);
        found.extend(places(child).into_iter().map(|rest| [vec![place.clone()], rest].concat()));
    }
    found
}

/// What holds the last part of a place.
fn parent<'v>(value: &'v mut Value, place: &[Place]) -> Option<&'v mut Value> {
    place[..place.len() - 1].iter().try_fold(value, |value, step| match step {
        Place::Key(key) => value.get_mut(key),
        Place::Item(at) => value.get_mut(*at),
    })
}

/// Without what stands there.
fn removed(value: &mut Value, place: &[Place]) -> bool {
    let top = place.len() == 1;
    let Some((parent, last)) = parent(value, place).zip(place.last()) else { return false };
    match (parent, last) {
        (Value::Mapping(map), Place::Key(key)) => {
            let kept =
                key.as_str().is_some_and(|key| KEPT.contains(&key) && (top || key == "every"));
            !kept && map.remove(key).is_some()
        }
        (Value::Sequence(items), Place::Item(at)) => {
            items.remove(*at);
            true
        }
        _ => false,
    }
}

/// With less there: half of a number, nothing in a block.
fn smaller(value: &mut Value, place: &[Place]) -> bool {
    let seed = matches!(place, [Place::Key(key)] if key == "seed" || key == "replications");
    let Some((parent, last)) = parent(value, place).zip(place.last()) else { return false };
    let there = match last {
        Place::Key(key) => parent.get_mut(key),
        Place::Item(at) => parent.get_mut(*at),
    };
    let Some(there) = there else { return false };
    match there {
        Value::Mapping(map) if !map.is_empty() => map.clear(),
        Value::Number(number) if !seed && number.as_u64().is_some_and(|it| it > 1) => {
            *there = Value::from(number.as_u64().unwrap_or(2) / 2);
        }
        _ => return false,
    }
    true
}
