//! What all tables share: that they must be there, and where a problem belongs.

use crate::serving::step::operators::files::{Frame, Tables};
use crate::spec::{Path, Problem};

/// Which experts of a mixture are chosen how often, in the tables' words.
#[derive(Clone, Copy, Debug)]
pub(in crate::serving::step::operators) struct Choice<'a> {
    pub distribution: &'a str,
}

/// A table that must be there.
pub(super) fn needed(tables: &Tables<'_>, operator: &str, dtype: &str) -> Result<Frame, Problem> {
    let found = tables.table(operator, dtype).map_err(|why| problem("tables", why))?;
    found.ok_or_else(|| {
        let message = format!("no table `{operator}` of {}, or an older version", tables.name());
        problem("tables", message)
            .help("a folder of CSV files has them as GPU-ENGINEVERSION-OPERATOR-DTYPE.csv")
    })
}

/// A problem of the spec's field.
pub(super) fn problem(field: &str, message: String) -> Problem {
    Problem::error(Path::parse(field), message)
}
