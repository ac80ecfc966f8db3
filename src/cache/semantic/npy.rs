//! `.npy` files, `NumPy`'s: matrices of real numbers, rows contiguous.
//!
//! The format is NEP 1 (R. Kern, "A Simple File Format for `NumPy` Arrays", 2007):
//! a magic string, a version, the length of the header, and the header, which is
//! a Python dictionary with `descr`, `fortran_order` and `shape`. Ours is a
//! strict reader of the few headers that vectors have: the crates that read all
//! of them bring a parser of Python literals and a family of number types along.

use std::path::Path;

use super::vectors::Vectors;

/// A type of numbers, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Real {
    F16,
    F32,
    F64,
}

impl Real {
    fn named(descr: &str) -> Option<Self> {
        match descr {
            "<f2" => Some(Real::F16),
            "<f4" => Some(Real::F32),
            "<f8" => Some(Real::F64),
            _ => None,
        }
    }

    const fn bytes(self) -> usize {
        match self {
            Real::F16 => 2,
            Real::F32 => 4,
            Real::F64 => 8,
        }
    }

    fn read(self, bytes: &[u8]) -> f64 {
        let bits = bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        match self {
            Real::F16 => of_half(bits as u16),
            Real::F32 => f64::from(f32::from_bits(bits as u32)),
            Real::F64 => f64::from_bits(bits),
        }
    }
}

/// The value of an IEEE 754 half.
fn of_half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    sign * match exponent {
        0 => libm::ldexp(fraction, -24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => libm::ldexp(1024.0 + fraction, exponent - 25),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Header {
    real: Real,
    rows: usize,
    columns: usize,
}

/// Reads files of the same width as one long list of vectors, scaled to unit
/// length.
///
/// # Errors
/// What is wrong with which file.
pub fn read(files: &[impl AsRef<Path>]) -> Result<Vectors, String> {
    let mut vectors: Option<Vectors> = None;
    for file in files {
        let name = file.as_ref().display();
        let bytes = std::fs::read(file).map_err(|error| format!("{name}: {error}"))?;
        append(&bytes, &mut vectors).map_err(|why| format!("{name}: {why}"))?;
    }
    vectors.ok_or_else(|| "there are no files".to_owned())
}

fn append(bytes: &[u8], all: &mut Option<Vectors>) -> Result<(), String> {
    let (header, data) = split(bytes)?;
    let Header { real, rows, columns } = parse(header)?;
    let expected = rows.checked_mul(columns).and_then(|count| count.checked_mul(real.bytes()));
    if expected != Some(data.len()) {
        return Err(format!("{rows} x {columns} numbers do not fill {} bytes", data.len()));
    }
    if rows == 0 || columns == 0 {
        return Err(format!("{rows} x {columns} numbers: expected at least one vector"));
    }
    let vectors = all.get_or_insert_with(|| Vectors::new(columns));
    if vectors.dimensions() != columns {
        let before = vectors.dimensions();
        return Err(format!("its vectors have {columns} numbers, those before it {before}"));
    }
    let mut vector = Vec::with_capacity(columns);
    for (row, bytes) in data.chunks_exact(columns * real.bytes()).enumerate() {
        vector.clear();
        vector.extend(bytes.chunks_exact(real.bytes()).map(|number| real.read(number)));
        vectors.push_scaled(&vector).map_err(|_| format!("row {row} has no direction"))?;
    }
    Ok(())
}

/// The header and the data.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("this is not a .npy file")?;
    let cut = || "the file ends within its header".to_owned();
    let (version, rest) = rest.split_at_checked(2).ok_or_else(cut)?;
    let length_bytes = match version[0] {
        1 => 2,
        2 | 3 => 4,
        other => return Err(format!("version {other} of the format is not known")),
    };
    let (length, rest) = rest.split_at_checked(length_bytes).ok_or_else(cut)?;
    let length = length.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let header = std::str::from_utf8(header).map_err(|_| "its header is not text")?;
    Ok((header, data))
}

fn parse(header: &str) -> Result<Header, String> {
    let odd = || format!("its header is `{}`", header.trim());
    let value = |key: &str| {
        let start = header.find(&format!("'{key}':"))? + key.len() + 3;
        Some(header[start..].trim_start())
    };
    let descr = value("descr").and_then(|text| text.strip_prefix('\'')).ok_or_else(odd)?;
    let descr = descr.split('\'').next().unwrap_or_default();
    let real = Real::named(descr).ok_or_else(|| {
        format!("its numbers are `{descr}`: expected `<f2`, `<f4` or `<f8` (float16 to float64)")
    })?;
    if !value("fortran_order").ok_or_else(odd)?.starts_with("False") {
        return Err("its columns are contiguous: save it with numpy.ascontiguousarray".to_owned());
    }
    let shape = value("shape").and_then(|text| text.strip_prefix('(')).ok_or_else(odd)?;
    let shape = shape.split(')').next().unwrap_or_default();
    let sides: Option<Vec<usize>> = shape
        .split(',')
        .map(str::trim)
        .filter(|side| !side.is_empty())
        .map(|side| side.parse().ok())
        .collect();
    match sides.as_deref() {
        Some(&[rows, columns]) => Ok(Header { real, rows, columns }),
        _ => Err(format!("its shape is ({shape}): expected two dimensions")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::semantic::vectors::dot;

    fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY".to_vec();
        bytes.extend([version, 0]);
        match version {
            1 => bytes.extend((header.len() as u16).to_le_bytes()),
            _ => bytes.extend((header.len() as u32).to_le_bytes()),
        }
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}   \n")
    }

    #[test]
    fn all_three_widths_and_versions_give_the_same_vectors() {
        let numbers = [3.0f32, -4.0, 0.5, 0.0];
        let f4: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        let f8: Vec<u8> = numbers.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect();
        // numpy.float16([3, -4, 0.5, 0]).tobytes()
        let f2 = [0x00, 0x42, 0x00, 0xc4, 0x00, 0x38, 0x00, 0x00];
        let mut all = None;
        append(&file(1, &header("<f4", "(2, 2)"), &f4), &mut all).unwrap();
        append(&file(2, &header("<f8", "(2, 2)"), &f8), &mut all).unwrap();
        append(&file(3, &header("<f2", "(2, 2)"), &f2), &mut all).unwrap();
        let vectors = all.unwrap();
        assert_eq!(vectors.len(), 6);
        for row in 0..6 {
            let expected: &[f32] = if row % 2 == 0 { &[0.6, -0.8] } else { &[1.0, 0.0] };
            assert_eq!(&vectors.row(row)[..2], expected, "{row}");
        }
        assert!(dot(vectors.row(0), vectors.row(3)) - 0.6 < 1e-7);
    }

    #[test]
    fn halves_are_exact() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x03ff, 6.097_555_160_522_461e-5),
            (0x8000, 0.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(of_half(bits), value);
        }
        assert!(of_half(0x7c01).is_nan());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |bytes: &[u8]| append(bytes, &mut None).unwrap_err();
        assert_eq!(wrong(b"PK"), "this is not a .npy file");
        assert_eq!(wrong(&file(1, &header("<f4", "(2, 2)"), &[])[..9]), wrong(b"\x93NUMPY\x01\0"));
        assert!(wrong(&file(9, "", &[])).contains("version 9"));
        assert!(wrong(&file(1, &header("<i8", "(1, 1)"), &[0; 8])).contains("`<i8`"));
        assert!(wrong(&file(1, &header(">f4", "(1, 1)"), &[0; 4])).contains("`>f4`"));
        assert!(wrong(&file(1, &header("<f4", "(4,)"), &[0; 16])).contains("two dimensions"));
        assert!(wrong(&file(1, &header("<f4", "(2, 1)"), &[0; 4])).contains("do not fill 4 bytes"));
        assert!(wrong(&file(1, &header("<f4", "(0, 4)"), &[])).contains("at least one"));
        assert!(wrong(&file(1, &header("<f4", "(1, 1)"), &[0; 4])).contains("row 0 has no"));
        let columns = header("<f4", "(1, 1)").replace("False", "True");
        assert!(wrong(&file(1, &columns, &[0; 4])).contains("contiguous"));
        let huge = header("<f8", "(18446744073709551615, 2)");
        assert!(wrong(&file(1, &huge, &[])).contains("do not fill"));
    }
}
