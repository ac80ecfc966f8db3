//! The page on paper.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::browser::Browser;
use crate::experiments::sweep;

#[test]
fn it_prints_on_a_few_pages_light_on_dark_screens_too() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    let mut sizes = Vec::new();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        browser.open(&page);
        let paper = json!({ "printBackground": true, "preferCSSPageSize": true,
                            "paperWidth": 8.27, "paperHeight": 11.69 });
        let printed = browser.call("Page.printToPDF", &paper);
        let pdf = STANDARD.decode(printed["data"].as_str().expect("a file")).expect("base64");
        assert!(pdf.starts_with(b"%PDF-"));
        let text = String::from_utf8_lossy(&pdf);
        let pages = text.matches("/Type /Page\n").count();
        assert!((4..=16).contains(&pages), "{pages} pages");
        sizes.push((pages, pdf.len() / 1000));
    }
    assert_eq!(sizes[0], sizes[1], "paper is white whatever the screen");
}

#[test]
fn paper_shows_the_experiment_and_no_controls() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    browser.call("Emulation.setEmulatedMedia", &json!({ "media": "print" }));
    let shown = |selector: &str| {
        format!("getComputedStyle(document.querySelector('{selector}')).display !== 'none'")
    };
    assert_eq!(browser.value(&shown("nav")), false);
    assert_eq!(browser.value(&shown(".skip")), false);
    assert_eq!(browser.value(&shown("figure")), true);
    browser.value("dispatchEvent(new Event('beforeprint'))");
    assert_eq!(browser.value("document.querySelector('details').open"), true);
}
