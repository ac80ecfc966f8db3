//! Everybody can reach and read everything: by keyboard, by ear, on a narrow screen, on a
//! light and a dark one.

use std::fs;

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::experiments::{harmful, sweep};
use crate::support::root;

/// What can take the focus, in the order of the document.
const CONTROLS: &str = "[...document.querySelectorAll(
    'a[href], button, summary, [tabindex=\"0\"]')]";

#[test]
fn tab_reaches_every_control_in_order() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.resize(400, 800);
    browser.open(&page);
    let hidden = "document.querySelector('details').open = true";
    browser.value(hidden);
    let count = browser.value(&format!("{CONTROLS}.length")).as_u64().expect("a count");
    assert!(count > 60, "{count}");
    for expected in 0..count {
        browser.press("Tab");
        let at = browser.value(&format!("{CONTROLS}.indexOf(document.activeElement)"));
        let what = browser.value("document.activeElement.outerHTML.slice(0, 200)");
        assert_eq!(at, expected, "{what}");
        if expected % 10 == 0 {
            let style = "getComputedStyle(document.activeElement).outlineStyle";
            assert_eq!(browser.value(style), "solid", "the focus can be seen: {what}");
        }
    }
}

#[test]
fn the_skip_link_leads_to_the_results() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    browser.press("Tab");
    let left = browser.value("document.activeElement.getBoundingClientRect().left");
    assert!(left.as_f64().expect("a place") >= 0.0, "it can be seen when it has the focus");
    browser.press("Enter");
    assert_eq!(browser.value("document.activeElement.id"), "main");
}

#[test]
fn the_body_never_scrolls_sideways() {
    let Some(mut browser) = Browser::start() else { return };
    for (_bench, page) in [sweep(), harmful()] {
        for width in [320, 400, 768, 1280, 1920] {
            browser.resize(width, 800);
            browser.open(&page);
            browser.value("document.querySelector('details').open = true");
            let wide = browser.value("document.documentElement.scrollWidth");
            assert!(wide.as_u64().expect("px") <= u64::from(width), "{wide} of {width} px");
        }
    }
}

#[test]
fn every_shipped_page_fits_a_telephone_and_is_quiet() {
    let Some(mut browser) = Browser::start() else { return };
    browser.resize(400, 800);
    let mut pages = 0;
    for entry in fs::read_dir(root().join("results")).expect("a folder") {
        let page = entry.expect("an entry").path().join("report.html");
        if !page.exists() {
            continue;
        }
        browser.open(&page);
        assert_eq!(browser.troubles(), "", "{}", page.display());
        let wide = browser.value("document.documentElement.scrollWidth");
        // The bar beside a page that scrolls takes some of it.
        let fits = wide.as_u64().is_some_and(|wide| wide <= 400);
        assert!(fits, "{} is {wide} px wide", page.display());
        pages += 1;
    }
    assert!(pages > 20, "{pages}");
}

/// The nodes of the accessibility tree with a role, and their names.
fn named(tree: &Value, role: &str) -> Vec<String> {
    let nodes = tree["nodes"].as_array().expect("nodes");
    let is = |node: &&Value| node["ignored"] != true && node["role"]["value"] == role;
    let name = |node: &Value| node["name"]["value"].as_str().unwrap_or_default().to_owned();
    nodes.iter().filter(is).map(name).collect()
}

#[test]
fn charts_tables_and_boxes_have_names() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    let tree = browser.call("Accessibility.getFullAXTree", &json!({}));
    let charts = browser.value("document.querySelectorAll('svg').length");
    let images = named(&tree, "image");
    assert_eq!(json!(images.len()), charts);
    assert!(images.len() == 4 && images.iter().all(|name| !name.is_empty()), "{images:?}");
    assert!(images[0].contains("hit rate"), "{images:?}");
    for role in ["table", "region", "navigation", "columnheader", "heading"] {
        let names = named(&tree, role);
        assert!(!names.is_empty() && names.iter().all(|name| !name.is_empty()), "{role} {names:?}");
    }
}

#[test]
fn headings_are_in_order_and_links_lead_somewhere() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    let levels = "[...document.querySelectorAll('h1, h2, h3, h4')].map((it) => +it.tagName[1])";
    let levels: Vec<u64> = serde_json::from_value(browser.value(levels)).expect("levels");
    assert_eq!(levels[0], 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    let ids = "[...document.querySelectorAll('[id]')].map((it) => it.id)";
    let mut ids: Vec<String> = serde_json::from_value(browser.value(ids)).expect("ids");
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "no id is there twice");
    let dead = "[...document.querySelectorAll('a')].map((it) => it.getAttribute('href'))
        .filter((it) => !(it[0] === '#' && document.getElementById(it.slice(1))))";
    assert_eq!(browser.value(dead), json!([]));
}

/// The least contrast of text with what it stands on, as WCAG 2 defines it.
const CONTRAST: &str = "(() => {
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = (color) => {
        const [r, g, b] = color.map((c) => c / 255).map(
            (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (it) => {
        if (it instanceof SVGElement) {
            const paper = it.ownerSVGElement.querySelector('rect');
            return parse(getComputedStyle(paper).fill);
        }
        for (; it; it = it.parentElement) {
            const color = parse(getComputedStyle(it).backgroundColor);
            if (color.length < 4 || color[3] > 0) return color;
        }
        return [255, 255, 255];
    };
    const texts = 'p, li, dt, dd, a:not(.skip), td, th, caption, figcaption, code, summary, h1, h2, h3, svg text';
    let least = [99, ''];
    for (const it of document.querySelectorAll(texts)) {
        const style = getComputedStyle(it);
        const ink = parse(it instanceof SVGElement ? style.fill : style.color);
        const [a, b] = [light(ink), light(ground(it))];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < least[0]) least = [contrast, it.outerHTML];
    }
    return least;
})()";

#[test]
fn text_can_be_read_on_light_and_dark_screens() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    let mut grounds = Vec::new();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        browser.open(&page);
        let least = browser.value(CONTRAST);
        assert!(least[0].as_f64().expect("a ratio") >= 4.5, "{scheme}: {least}");
        grounds.push(browser.value(
            "[getComputedStyle(document.body).backgroundColor,
              getComputedStyle(document.querySelector('svg rect')).fill]",
        ));
    }
    assert_ne!(grounds[0][0], grounds[1][0], "the page follows");
    assert_ne!(grounds[0][1], grounds[1][1], "and so do its charts");
}

#[test]
fn the_text_of_charts_can_be_selected() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    browser.open(&page);
    let selected = browser.value(
        "(() => { getSelection().selectAllChildren(document.querySelector('svg'));
           return getSelection().toString(); })()",
    );
    let title = browser.value("document.querySelector('svg text').textContent");
    let title = title.as_str().expect("a title");
    assert!(selected.as_str().expect("a text").contains(title), "{selected}");
}
