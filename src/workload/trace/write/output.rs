//! A file that appears whole or not at all.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::unfinished::Unfinished;

/// A file under a temporary name beside its place; it is removed if it is never
/// finished.
pub(super) struct Output {
    target: PathBuf,
    draft: PathBuf,
    stream: Stream,
    /// Until it is finished.
    unfinished: Option<Unfinished>,
}

enum Stream {
    Plain(BufWriter<File>),
    Gzip(BufWriter<GzEncoder<File>>),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Output {
    pub fn create(target: &Path) -> io::Result<Self> {
        let name = target.file_name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "expected the name of a file")
        })?;
        let name = name.to_string_lossy();
        if name.ends_with(".zst") {
            let why = "zstd is read, but not written: let the name end in .gz";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let draft = target.with_file_name(format!(".{name}.{}.partial", std::process::id()));
        let unfinished = Some(Unfinished::at(&draft));
        let file = File::create(&draft)?;
        let stream = if name.ends_with(".gz") {
            let packed = GzEncoder::new(file, Compression::default());
            Stream::Gzip(BufWriter::with_capacity(1 << 16, packed))
        } else {
            Stream::Plain(BufWriter::with_capacity(1 << 16, file))
        };
        Ok(Output { target: target.to_path_buf(), draft, stream, unfinished })
    }

    /// Writes what is left and gives the file its name.
    pub fn finish(mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(file) => file.flush()?,
            Stream::Gzip(packed) => {
                packed.flush()?;
                packed.get_mut().try_finish()?;
            }
        }
        match self.unfinished.take() {
            Some(unfinished) => unfinished.settle(|| fs::rename(&self.draft, &self.target)),
            None => Ok(()),
        }
    }
}

impl Write for Output {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Plain(file) => file.write(bytes),
            Stream::Gzip(packed) => packed.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(file) => file.flush(),
            Stream::Gzip(packed) => packed.flush(),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.draft.exists() {
            // Nobody can be told that it could not be removed.
            let _ = fs::remove_file(&self.draft);
        }
    }
}
