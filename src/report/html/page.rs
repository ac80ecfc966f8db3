//! The frame of a page: head, contents, sections.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::html::content_security_policy::policy;
use crate::report::html::svg::Styles;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A page.
pub(crate) struct Page {
    pub title: String,
    /// What kind of results these are.
    pub kind: &'static str,
    /// What was asked, or found.
    pub lead: String,
    pub facts: Vec<(&'static str, String)>,
    pub sections: Vec<Section>,
}

/// A section of a page, with what the contents name of it.
pub(crate) struct Section {
    pub id: &'static str,
    pub title: &'static str,
    pub body: Markup,
    /// Links to what is in it, and what that is called.
    pub entries: Vec<(String, String)>,
}

impl Section {
    /// A section that is short enough to need no contents.
    pub(crate) fn new(id: &'static str, title: &'static str, body: Markup) -> Self {
        Section { id, title, body, entries: Vec::new() }
    }
}

impl Page {
    /// The whole document, with the styles of its charts.
    pub(crate) fn document(&self, styles: &Styles) -> String {
        let style = format!("{STYLE}{}", styles.css());
        let title = format!("{} · windtunnel", self.title);
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy(&style, SCRIPT));
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="no-referrer";
                    meta name="color-scheme" content="light dark";
                    // Without it, a browser asks the server for one.
                    link rel="icon" href="data:,";
                    title { (title) }
                    style { (PreEscaped(&style)) }
                }
                body {
                    a.skip href="#main" { "Skip to the results" }
                    (self.header())
                    (self.contents())
                    main id="main" tabindex="-1" {
                        @for section in &self.sections {
                            section aria-labelledby=(section.id) {
                                h2 id=(section.id) { (section.title) }
                                (section.body)
                            }
                        }
                    }
                    footer { "Made by windtunnel " (env!("CARGO_PKG_VERSION")) "." }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string() + "\n"
    }

    fn header(&self) -> Markup {
        html! {
            header {
                p.kind { (self.kind) }
                h1 { (self.title) }
                @if !self.lead.is_empty() { p.lead { (self.lead) } }
                dl.facts {
                    @for (name, value) in &self.facts {
                        div { dt { (name) } dd { (value) } }
                    }
                }
            }
        }
    }

    fn contents(&self) -> Markup {
        html! {
            nav aria-labelledby="contents" {
                h2 id="contents" { "Contents" }
                ol {
                    @for section in &self.sections {
                        li {
                            a href={ "#" (section.id) } { (section.title) }
                            @if !section.entries.is_empty() {
                                ul {
                                    @for (id, title) in &section.entries {
                                        li { a href={ "#" (id) } { (title) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
