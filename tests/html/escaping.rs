//! Nothing that a user wrote is taken for a part of the page.

use std::fs;

use crate::browser::Browser;
use crate::experiments::{HARM, harmful};
use crate::support::Bench;

#[test]
fn words_of_users_stay_words() {
    let (_bench, page) = harmful();
    let html = fs::read_to_string(&page).expect("a page");
    assert_eq!(html.matches("<script").count(), 1, "only our own");
    assert_eq!(html.matches("<style").count(), 1, "only our own");
    assert!(!html.contains("<img") && !html.contains("<svg onload"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[test]
fn a_browser_shows_harmful_words_and_runs_none() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = harmful();
    browser.open(&page);
    assert_eq!(browser.troubles(), "");
    let count = |what: &str| format!("document.{what}.length");
    assert_eq!(browser.value(&count("scripts")), 1);
    assert_eq!(browser.value(&count("images")), 0);
    assert_eq!(browser.value(&count("querySelectorAll('[onload], [onerror], [onclick]')")), 0);
    assert_eq!(browser.value("document.querySelector('.lead').textContent"), HARM[0]);
    let svg = "[...document.querySelectorAll('svg text')].map((it) => it.textContent)";
    let words = browser.value(svg).to_string();
    assert!(words.contains("<script>"), "the words are in the charts: {words}");
}

#[test]
fn an_unknown_table_with_harmful_words_is_shown_as_it_is() {
    let Some(mut browser) = Browser::start() else { return };
    let bench = Bench::new("name: x\nduration: 1m\n");
    let folder = bench.run(&["--quiet", "--format", "csv"]);
    let word = HARM[1].replace('"', "\"\"");
    fs::write(folder.join("later.csv"), format!("what,<b>n\n\"{word}\",7\n")).expect("a file");
    let output = bench.windtunnel(&["plot", "results/x", "--format", "html"]);
    assert!(output.status.success());
    browser.open(&folder.join("report.html"));
    assert_eq!(browser.troubles(), "");
    let cell = "document.querySelector('#table-later td').textContent";
    assert_eq!(browser.value(cell), HARM[1]);
    let head = "document.querySelectorAll('#table-later th')[1].textContent";
    assert_eq!(browser.value(head), "<b>n");
}
