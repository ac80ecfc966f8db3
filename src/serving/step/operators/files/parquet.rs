//! Tables as parquet files.

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::frame::{Column, Frame};

/// Reads the bytes of a parquet file whose columns are plain: one value or none in a row.
pub(super) fn read(name: &str, content: Vec<u8>) -> Result<Frame, String> {
    read_all(content)
        .map(|(rows, columns)| Frame { name: name.to_owned(), rows, columns })
        .map_err(|why| format!("{name}: {why}"))
}

type Columns = Vec<(String, Column)>;

/// What no model of steps asks for.
const NOT_READ: [&str; 7] =
    ["framework", "version", "device", "op_name", "beam_width", "power", "power_limit"];

fn read_all(content: Vec<u8>) -> Result<(usize, Columns), String> {
    let reader = SerializedFileReader::new(Bytes::from(content)).map_err(|it| it.to_string())?;
    let file = reader.metadata().file_metadata();
    let rows = usize::try_from(file.num_rows()).unwrap_or(0);
    if rows == 0 {
        return Err("there is no row".to_owned());
    }
    let mut columns: Columns = Vec::new();
    for (nth, described) in file.schema_descr().columns().iter().enumerate() {
        let name = described.name();
        if NOT_READ.contains(&name) {
            continue;
        }
        if described.max_rep_level() > 0 || described.max_def_level() > 1 {
            return Err(format!("the column `{name}` is nested"));
        }
        // A column with holes is as good as none.
        if let Some(column) = column(&reader, nth).map_err(|why| format!("`{name}`: {why}"))? {
            columns.push((name.to_owned(), column));
        }
    }
    Ok((rows, columns))
}

/// The `nth` column, of all groups of rows.
fn column(reader: &SerializedFileReader<Bytes>, nth: usize) -> Result<Option<Column>, String> {
    let mut numbers: Vec<f64> = Vec::new();
    let (mut words, mut of_row): (Vec<String>, Vec<u32>) = (Vec::new(), Vec::new());
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).map_err(|it| it.to_string())?;
        let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        let of_group: Option<Vec<f64>> =
            match group.get_column_reader(nth).map_err(|it| it.to_string())? {
                ColumnReader::Int32ColumnReader(it) => {
                    values(it, rows)?.map(|all| all.into_iter().map(f64::from).collect())
                }
                ColumnReader::Int64ColumnReader(it) => {
                    values(it, rows)?.map(|all| all.into_iter().map(|it| it as f64).collect())
                }
                ColumnReader::FloatColumnReader(it) => {
                    values(it, rows)?.map(|all| all.into_iter().map(f64::from).collect())
                }
                ColumnReader::DoubleColumnReader(it) => values(it, rows)?,
                ColumnReader::ByteArrayColumnReader(it) => {
                    let Some(all) = values(it, rows)? else { return Ok(None) };
                    of_row.extend(all.iter().map(|word| numbered(&mut words, word)));
                    continue;
                }
                _ => return Ok(None),
            };
        let Some(of_group) = of_group else { return Ok(None) };
        numbers.extend(of_group);
    }
    let column =
        if of_row.is_empty() { Column::Numbers(numbers) } else { Column::Words { words, of_row } };
    Ok(Some(column))
}

/// The values of a column, one for each row; `None` if a row has none.
fn values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
) -> Result<Option<Vec<T::T>>, String> {
    let (mut found, mut read) = (Vec::with_capacity(rows), 0);
    while read < rows {
        let mut levels = Vec::new();
        let (records, ..) = reader
            .read_records(rows - read, Some(&mut levels), None, &mut found)
            .map_err(|error| error.to_string())?;
        if records == 0 {
            return Err("it ends before its rows do".to_owned());
        }
        read += records;
    }
    Ok((found.len() == rows).then_some(found))
}

/// Which of the words it is; there are few.
fn numbered(known: &mut Vec<String>, word: &ByteArray) -> u32 {
    let bytes = word.data();
    let at = known.iter().position(|it| it.as_bytes() == bytes).unwrap_or_else(|| {
        known.push(String::from_utf8_lossy(bytes).into_owned());
        known.len() - 1
    });
    at as u32
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::Arc;

    use parquet::basic::{Compression, ZstdLevel};
    use parquet::data_type::{ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;

    const SCHEMA: &str = "message it { optional binary gemm_dtype (UTF8); optional int64 m;
        optional int64 n; optional int64 k; optional double latency; optional double power; }";
    const DTYPES: [&str; 3] = ["bfloat16", "fp8", "bfloat16"];
    const SIZES: [[i64; 3]; 3] = [[1, 8, 16], [2, 8, 16], [4, 8, 16]];
    const MILLIS: [f64; 3] = [0.001, 0.0025, 0.003];

    /// A file of three rows, of which only one has a power.
    fn file(compression: Compression) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut writer =
            SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut nth = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            let all = Some([1i16; 3].as_slice());
            match nth {
                0 => {
                    let words = DTYPES.map(ByteArray::from);
                    column.typed::<ByteArrayType>().write_batch(&words, all, None).unwrap();
                }
                1..=3 => {
                    let sizes = SIZES.map(|sizes| sizes[nth - 1]);
                    column.typed::<Int64Type>().write_batch(&sizes, all, None).unwrap();
                }
                4 => {
                    column.typed::<DoubleType>().write_batch(&MILLIS, all, None).unwrap();
                }
                _ => {
                    let one = Some([0i16, 1, 0].as_slice());
                    column.typed::<DoubleType>().write_batch(&[7.0], one, None).unwrap();
                }
            }
            column.close().unwrap();
            nth += 1;
        }
        group.close().unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn the_same_table_is_the_same_as_csv() {
        let mut text = "gemm_dtype,m,n,k,latency_ms\n".to_owned();
        for ((dtype, [m, n, k]), millis) in DTYPES.iter().zip(SIZES).zip(MILLIS) {
            writeln!(text, "{dtype},{m},{n},{k},{millis}").unwrap();
        }
        let csv = super::super::csv::read("a.csv", text.as_bytes()).unwrap();
        let zstd = Compression::ZSTD(ZstdLevel::default());
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, zstd] {
            let frame = read("a.parquet", file(compression)).unwrap();
            let rows = |frame: &Frame| {
                let mut rows = frame.all();
                frame.keep(&mut rows, "gemm_dtype", "bf16");
                frame.sizes(&rows, ["m", "n", "k"]).unwrap()
            };
            assert_eq!(rows(&frame), rows(&csv));
            assert_eq!(rows(&frame), [([1, 8, 16], 1.0), ([4, 8, 16], 3.0)]);
            assert!(!frame.has("power"), "a column with holes");
        }
    }

    #[test]
    fn a_file_that_is_none_is_refused() {
        let whole = file(Compression::SNAPPY);
        for cut in 0..whole.len() {
            assert!(read("a.parquet", whole[..cut].to_vec()).is_err(), "{cut} bytes");
        }
        assert!(read("a.parquet", Vec::new()).unwrap_err().starts_with("a.parquet: "));
    }
}
