//! Files as bytes, lines, rows and values: what all formats read with. Whatever cannot be
//! kept as it stands in the file is refused, with file, line and column.

pub(in crate::workload) mod bytes;
pub(crate) mod document;
pub(super) mod error;
pub(super) mod items;
pub(in crate::workload) mod json;
pub(in crate::workload) mod lines;
pub(super) mod nested;
pub(super) mod number;
pub(in crate::workload) mod position;
pub(in crate::workload) mod stamp;
pub(in crate::workload) mod table;
pub(super) mod text;
pub(crate) mod typed_rows;
pub(crate) mod unique;
mod zstd;

/// A field's beginning, for an error.
pub(super) fn shown(field: &[u8]) -> String {
    String::from_utf8_lossy(field).chars().take(40).collect()
}
