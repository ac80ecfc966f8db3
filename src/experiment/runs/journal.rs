//! `runs.bin`: the finished runs of a folder, one record after the other.
//!
//! ```text
//! record: magic (8 bytes) | run (u64) | length (u64) | MD5 of run, length and body | body
//! ```
//! Records are only ever added, in whatever order runs finish; the last one of a
//! run counts. Numbers are little-endian. A record that was cut short by a kill or
//! a full disk, or that has a flipped bit, fails its checksum; reading goes on at
//! the next magic, so that damage costs only the runs that it hit. One file, not
//! one for each run: a million small files are more than many clusters allow.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use md5::{Digest, Md5};

/// What every record begins with. The last byte is the format's version.
const MAGIC: [u8; 8] = *b"\xF7wtrun\n\x01";
const HEADER: usize = 8 + 8 + 8 + 16;

/// A journal, open for reading and adding.
#[derive(Debug)]
pub(super) struct Journal {
    inner: Mutex<Inner>,
    damage: Vec<u64>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    /// Where the next record goes.
    end: u64,
    /// Where the body of a run's last record is, and its length.
    bodies: BTreeMap<usize, (u64, u64)>,
}

fn checksum(run: u64, length: u64, body: &[u8]) -> [u8; 16] {
    let sum = Md5::new().chain_update(run.to_le_bytes()).chain_update(length.to_le_bytes());
    sum.chain_update(body).finalize().into()
}

impl Journal {
    /// Opens a journal, an empty one if there is none, reads all of it, and cuts
    /// off a torn end.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let (inner, damage) = scan(file)?;
        if inner.end < inner.file.metadata()?.len() {
            inner.file.set_len(inner.end)?;
        }
        Ok(Journal { inner: Mutex::new(inner), damage })
    }

    /// Opens a journal that nothing is added to.
    pub(super) fn open_finished(path: &Path) -> io::Result<Self> {
        let (inner, damage) = scan(File::open(path)?)?;
        Ok(Journal { inner: Mutex::new(inner), damage })
    }

    /// The offsets of what is no sound record.
    pub(super) fn damage(&self) -> &[u64] {
        &self.damage
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Every change is made last and at once: a panic leaves nothing half done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runs that have a record.
    pub(super) fn runs(&self) -> Vec<usize> {
        self.lock().bodies.keys().copied().collect()
    }

    /// Whether a run has a record.
    pub(super) fn has(&self, run: usize) -> bool {
        self.lock().bodies.contains_key(&run)
    }

    /// From here on the run has no record.
    pub(super) fn forget(&self, run: usize) {
        self.lock().bodies.remove(&run);
    }

    /// Adds a record. On failure nothing of it stays.
    pub(super) fn add(&self, run: usize, body: &[u8]) -> io::Result<()> {
        let (number, length) = (run as u64, body.len() as u64);
        let mut record = Vec::with_capacity(HEADER + body.len());
        record.extend(MAGIC);
        record.extend(number.to_le_bytes());
        record.extend(length.to_le_bytes());
        record.extend(checksum(number, length, body));
        record.extend(body);
        let inner = &mut *self.lock();
        let start = inner.end;
        let written = inner.file.seek(SeekFrom::Start(start));
        if let Err(error) = written.and_then(|_| inner.file.write_all(&record)) {
            // Should this fail too, the checksum tells.
            let _ = inner.file.set_len(start);
            return Err(error);
        }
        inner.end = start + record.len() as u64;
        inner.bodies.insert(run, (start + HEADER as u64, length));
        Ok(())
    }

    /// The body of a run's record, if there is a sound one.
    pub(super) fn read(&self, run: usize) -> Option<Vec<u8>> {
        let mut inner = self.lock();
        let (start, length) = *inner.bodies.get(&run)?;
        inner.file.seek(SeekFrom::Start(start - HEADER as u64)).ok()?;
        let mut record = vec![0; HEADER + usize::try_from(length).ok()?];
        inner.file.read_exact(&mut record).ok()?;
        let (header, body) = record.split_at(HEADER);
        // The disk may have changed its mind since the journal was opened.
        (header[24..] == checksum(run as u64, length, body)).then(|| body.to_vec())
    }
}

/// Finds every sound record of a file, and the offsets of what is none.
fn scan(file: File) -> io::Result<(Inner, Vec<u64>)> {
    let size = file.metadata()?.len();
    let mut reader = BufReader::with_capacity(1 << 16, &file);
    let (mut bodies, mut damage) = (BTreeMap::new(), Vec::new());
    let (mut at, mut end, mut sound) = (0, 0, true);
    while at < size {
        if let Some((run, length)) = record_at(&mut reader, size - at)? {
            bodies.insert(run, (at + HEADER as u64, length));
            at += HEADER as u64 + length;
            (end, sound) = (at, true);
        } else {
            // A stretch of rubbish is one damage.
            if sound {
                damage.push(at);
            }
            sound = false;
            at = next_magic(&mut reader, at + 1)?.unwrap_or(size);
            reader.seek(SeekFrom::Start(at))?;
        }
    }
    drop(reader);
    Ok((Inner { file, end, bodies }, damage))
}

/// The run and length of the record that the reader is at, if it is sound.
fn record_at(reader: &mut impl Read, left: u64) -> io::Result<Option<(usize, u64)>> {
    if left < HEADER as u64 {
        return Ok(None);
    }
    let mut header = [0; HEADER];
    reader.read_exact(&mut header)?;
    let number = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("8 bytes"));
    let (run, length) = (number(8), number(16));
    if header[..8] != MAGIC || length > left - HEADER as u64 {
        return Ok(None);
    }
    let (Ok(run_index), Ok(size)) = (usize::try_from(run), usize::try_from(length)) else {
        return Ok(None);
    };
    let mut body = vec![0; size];
    reader.read_exact(&mut body)?;
    Ok((header[24..] == checksum(run, length, &body)).then_some((run_index, length)))
}

/// The offset of the next magic from `at` on.
fn next_magic(reader: &mut (impl BufRead + Seek), at: u64) -> io::Result<Option<u64>> {
    reader.seek(SeekFrom::Start(at))?;
    let mut last = [0; MAGIC.len()];
    for (read, byte) in reader.bytes().enumerate() {
        last.rotate_left(1);
        last[MAGIC.len() - 1] = byte?;
        if read + 1 >= MAGIC.len() && last == MAGIC {
            return Ok(Some(at + (read + 1 - MAGIC.len()) as u64));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A journal of runs 0 to 9 whose bodies hold the magic themselves.
    fn ten(path: &Path) -> Vec<Vec<u8>> {
        let journal = Journal::open(path).expect("a journal");
        let bodies: Vec<Vec<u8>> =
            (0..10u8).map(|run| [&MAGIC[..], &vec![run; 50 * usize::from(run)]].concat()).collect();
        for (run, body) in bodies.iter().enumerate() {
            journal.add(run, body).expect("written");
        }
        bodies
    }

    #[test]
    fn any_flipped_bit_costs_one_run_and_is_noticed() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("runs.bin");
        let bodies = ten(&path);
        let whole = std::fs::read(&path).expect("bytes");
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << (at % 8);
            std::fs::write(&path, bytes).expect("written");
            let journal = Journal::open(&path).expect("a journal");
            assert_eq!(journal.damage().len(), 1, "byte {at}");
            let read: Vec<_> = (0..10).map(|run| journal.read(run)).collect();
            let lost = read.iter().filter(|body| body.is_none()).count();
            assert_eq!(lost, 1, "byte {at}");
            for (body, read) in bodies.iter().zip(read) {
                assert!(read.is_none_or(|read| read == *body), "byte {at}");
            }
        }
    }

    #[test]
    fn a_journal_cut_short_anywhere_goes_on_where_it_was_sound() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("runs.bin");
        let bodies = ten(&path);
        let whole = std::fs::read(&path).expect("bytes");
        for size in (0..whole.len()).step_by(11) {
            std::fs::write(&path, &whole[..size]).expect("written");
            let journal = Journal::open(&path).expect("a journal");
            for (run, body) in bodies.iter().enumerate() {
                if journal.read(run).is_none() {
                    journal.add(run, body).expect("written");
                }
                assert_eq!(journal.read(run).as_ref(), Some(body));
            }
            assert_eq!(std::fs::read(&path).expect("bytes"), whole, "cut to {size}");
        }
    }

    #[test]
    fn the_last_record_of_a_run_counts() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("runs.bin");
        let journal = Journal::open(&path).expect("a journal");
        journal.add(3, b"first").expect("written");
        journal.add(3, b"second").expect("written");
        assert_eq!(journal.read(3).as_deref(), Some(&b"second"[..]));
        let again = Journal::open_finished(&path).expect("a journal");
        assert_eq!(again.read(3).as_deref(), Some(&b"second"[..]));
        assert_eq!(again.read(4), None);
    }
}
