//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::failure::Failure;
use crate::experiment::Progress;

/// The progress of what Ctrl-C asks to stop, and the second time ends at once.
pub(super) fn stopped_by_ctrl_c() -> Result<Arc<Progress>, Failure> {
    let progress = Arc::new(Progress::default());
    let stop = Arc::clone(&progress);
    ctrlc::set_handler(move || {
        if stop.stop.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Failure::Run(format!("error: cannot catch Ctrl-C: {error}")))?;
    Ok(progress)
}
