//! The choice of the charts' colours.

use crate::experiment::charts::ThemeSpec;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Theme {
    /// Dark on white
    Light,
    /// Light on a dark ground
    Dark,
    /// Black, greys and dashes, for paper
    Print,
}

impl Theme {
    pub(super) const fn spec(self) -> ThemeSpec {
        match self {
            Theme::Light => ThemeSpec::Light,
            Theme::Dark => ThemeSpec::Dark,
            Theme::Print => ThemeSpec::Print,
        }
    }
}
