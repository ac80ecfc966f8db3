//! Tables are sorted by click and by keyboard.

use serde_json::Value;

use crate::browser::Browser;
use crate::experiments::sweep;

/// The texts of a column of the table of points, from top to bottom.
fn column(browser: &mut Browser, name: &str) -> Vec<String> {
    let texts = browser.value(&format!(
        "(() => {{ const table = document.querySelector('#table-points table');
           const heads = [...table.tHead.rows[0].cells];
           const at = heads.findIndex((head) => head.textContent === '{name}');
           heads.forEach((head) => head.id = '');
           heads[at].id = 'sorted';
           return [...table.tBodies[0].rows].map((row) => row.cells[at].textContent); }})()"
    ));
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    texts.as_array().expect("texts").iter().map(text).collect()
}

fn numbers(texts: &[String]) -> Vec<f64> {
    let number = |text: &String| {
        let first = text.split(' ').next().expect("a word").replace(',', "");
        first.parse().expect("a number")
    };
    texts.iter().map(number).collect()
}

fn rising(values: &[f64]) -> bool {
    values.is_sorted()
}

fn order(browser: &mut Browser) -> Value {
    browser.value("document.querySelector('#sorted').getAttribute('aria-sort')")
}

#[test]
fn a_click_sorts_numbers_with_intervals_by_their_means() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    let before = column(&mut browser, "requests");
    let hits = column(&mut browser, "cache_hits");
    assert!(hits.iter().all(|text| text.contains(" ± ")), "{hits:?}");
    assert!(!rising(&numbers(&hits)), "there is something to sort");
    browser.click("#sorted button");
    assert_eq!(order(&mut browser), "ascending");
    assert!(rising(&numbers(&column(&mut browser, "cache_hits"))));
    browser.click("#sorted button");
    assert_eq!(order(&mut browser), "descending");
    let mut falling = numbers(&column(&mut browser, "cache_hits"));
    falling.reverse();
    assert!(rising(&falling));
    browser.click("#sorted button");
    assert_eq!(order(&mut browser), Value::Null);
    assert_eq!(column(&mut browser, "requests"), before, "as they were");
    assert_eq!(browser.troubles(), "");
}

#[test]
fn rows_stay_together_and_numbers_in_swept_values_are_in_order() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    let pairs = |browser: &mut Browser| {
        let points = column(browser, "point");
        let capacities = column(browser, "cache.levels.l1.capacity");
        points.into_iter().zip(capacities).collect::<Vec<_>>()
    };
    let mut before = pairs(&mut browser);
    browser.click("#sorted button");
    browser.click("#sorted button");
    let mut after = pairs(&mut browser);
    assert_eq!(after[0].1, "100");
    assert_eq!(after[7].1, "5");
    before.sort();
    after.sort();
    assert_eq!(before, after);
}

#[test]
fn enter_and_space_sort_what_has_the_focus() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    column(&mut browser, "cache_hits");
    browser.value("document.querySelector('#sorted button').focus()");
    browser.press("Enter");
    assert_eq!(order(&mut browser), "ascending");
    assert!(rising(&numbers(&column(&mut browser, "cache_hits"))));
    browser.press(" ");
    assert_eq!(order(&mut browser), "descending");
    let focus = browser.value("document.activeElement.parentElement.id");
    assert_eq!(focus, "sorted", "the focus stays");
}

#[test]
fn only_one_column_claims_to_be_sorted() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    for name in ["cache_hits", "e2e_p99_s"] {
        column(&mut browser, name);
        browser.click("#sorted button");
    }
    let sorted = browser.value("document.querySelectorAll('#table-points [aria-sort]').length");
    assert_eq!(sorted, 1);
}
