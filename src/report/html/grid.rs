//! A table in a page.

use maud::{Markup, html};

/// A table as it is shown.
#[derive(Debug, Default)]
pub(crate) struct Grid {
    /// Tells it from others in the page.
    pub id: String,
    /// The file that has all of it, if it is not made for the page.
    pub file: Option<String>,
    pub caption: String,
    pub columns: Vec<Head>,
    pub rows: Vec<Vec<String>>,
    /// What is not shown; may be empty.
    pub note: String,
}

/// The head of a column.
#[derive(Debug)]
pub(crate) struct Head {
    pub title: String,
    /// Whether it holds names, which are sorted as such and aligned to the left.
    pub is_name: bool,
}

/// A table of a file with more columns than this is not printed: the file is meant.
const PRINTED: usize = 12;

impl Grid {
    /// The table in a box of its own, in which a wide one scrolls.
    pub(crate) fn markup(&self) -> Markup {
        let caption = format!("{}-caption", self.id);
        let instead = self.file.as_ref().filter(|_| self.columns.len() > PRINTED);
        html! {
            @if let Some(file) = instead {
                p.instead { "Too wide for paper: " (self.columns.len()) " columns, in " (file) "." }
            }
            div.scroll.table.wide[instead.is_some()] id=(self.id) role="region" aria-labelledby=(caption) tabindex="0" {
                table {
                    caption { span id=(caption) { (self.caption) } }
                    thead { tr { @for head in &self.columns { (head.markup()) } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                @for (cell, head) in row.iter().zip(&self.columns) {
                                    @if head.is_name { td.t { (cell) } } @else { td { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
            @if !self.note.is_empty() { p.note { (self.note) } }
        }
    }
}

impl Head {
    fn markup(&self) -> Markup {
        html! {
            @if self.is_name { th.t scope="col" { (self.title) } }
            @else { th scope="col" { (self.title) } }
        }
    }
}
