//! Formulas over other metrics.

use super::{Value, Within};
use crate::run::Books;

/// Adds what is made of other metrics.
pub fn add(books: &Books, values: &mut Vec<Value>) {
    let exact = |name, value| (name, value, Within::Rounding);
    values.push(exact("cost_per_request_usd", books.metric("cost_usd") / books.metric("requests")));
}
