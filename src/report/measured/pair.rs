//! Requests, measured and predicted.

use crate::experiment::calibrate::Predicted;
use crate::workload::measured::Measured;

/// Which part of the requests one is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It was fitted to.
    Fitted,
    /// It was kept from the fit.
    HeldOut,
    /// Nothing was fitted.
    All,
}

impl Part {
    /// As it stands in tables.
    pub fn name(self) -> &'static str {
        match self {
            Part::Fitted => "fitted",
            Part::HeldOut => "held out",
            Part::All => "all",
        }
    }
}

/// A completed request, and what the simulation says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Which part it is of.
    pub part: Part,
    /// What was measured.
    pub measured: Measured,
    /// What was predicted; none if it was not answered in the simulation.
    pub predicted: Option<Predicted>,
}

/// The completed requests with what was predicted of them, and whether they were fitted to.
pub fn pairs(rows: &[Measured], predicted: &[Option<Predicted>], used: &[bool]) -> Vec<Pair> {
    let fitted = used.iter().any(|used| *used);
    let part = |used: bool| match (fitted, used) {
        (false, _) => Part::All,
        (true, true) => Part::Fitted,
        (true, false) => Part::HeldOut,
    };
    let done = rows.iter().filter(|row| row.completed);
    let pair = |((row, predicted), used): ((&Measured, &Option<Predicted>), &bool)| Pair {
        part: part(*used),
        measured: row.clone(),
        predicted: *predicted,
    };
    done.zip(predicted).zip(used).map(pair).collect()
}

/// A time of a request.
pub(super) struct Times {
    /// Its name in tables.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    pub measured: fn(&Measured) -> Option<f64>,
    pub predicted: fn(&Predicted) -> Option<f64>,
}

/// The times that are compared.
pub(super) const TIMES: [Times; 3] = [
    Times {
        name: "ttft",
        title: "TTFT",
        measured: |it| it.ttft_s,
        predicted: |it| Some(it.ttft_s),
    },
    Times { name: "tpot", title: "TPOT", measured: |it| it.tpot_s, predicted: |it| it.tpot_s },
    Times { name: "e2e", title: "E2E", measured: |it| it.e2e_s, predicted: |it| Some(it.e2e_s) },
];
