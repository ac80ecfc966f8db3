//! Ctrl-C and SIGTERM: heard within a second, whatever the program is at.
//!
//! What runs looks at a flag now and then, and ends in good order. Where that takes longer
//! than [`PATIENCE`] (an event, a file or a chart that takes long), and where nothing
//! looks at a flag (reading, checking), the program ends here: what is unfinished is
//! removed, and finished runs are in their journal, which no kill can harm.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use std::{io, process, thread};

use super::failure::Failure;
use crate::experiment::Progress;
use crate::unfinished;

/// How long the orderly way may take.
const PATIENCE: Duration = Duration::from_millis(700);
/// How long a message may take, to someone who perhaps does not read.
const SAYING: Duration = Duration::from_millis(50);
/// The exit status.
pub(super) const STATUS: u8 = 130;

/// What looks at a flag.
struct Listener {
    stop: Box<dyn Fn() + Send>,
    message: Box<dyn Fn() -> String + Send>,
}

static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);
static ASKED: AtomicBool = AtomicBool::new(false);
static LEAVING: AtomicBool = AtomicBool::new(false);

/// From now on signals are heard.
pub(super) fn catch() -> Result<(), Failure> {
    ctrlc::set_handler(heard)
        .map_err(|error| Failure::Run(format!("error: cannot catch Ctrl-C: {error}")))
}

/// From now on the program ends in good order: `stop` asks for that, and `message` is
/// what to say if it takes too long. Takes the place of who listened before.
pub(super) fn listen(
    stop: impl Fn() + Send + 'static,
    message: impl Fn() -> String + Send + 'static,
) {
    let listener = Listener { stop: Box::new(stop), message: Box::new(message) };
    *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
}

/// Ctrl-C asks `progress` to stop from now on.
pub(super) fn stop_by_ctrl_c(
    progress: &Arc<Progress>,
    message: impl Fn(&Progress) -> String + Send + 'static,
) {
    let (stopped, told) = (Arc::clone(progress), Arc::clone(progress));
    listen(move || stopped.stop.store(true, Ordering::Relaxed), move || message(&told));
}

/// Whether somebody asked to stop: then nothing more is begun or published.
pub(super) fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Waits for the end if the program is just being ended: what fails now does so because
/// its files were removed.
pub(super) fn wait_if_leaving() {
    while LEAVING.load(Ordering::Acquire) {
        thread::park();
    }
}

/// A signal came; this is a thread of its own.
fn heard() {
    let again = ASKED.swap(true, Ordering::Relaxed);
    let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
    match &*listener {
        Some(listener) if !again => (listener.stop)(),
        _ => leave(listener.as_ref()),
    }
    drop(listener);
    // The second signal is to be heard meanwhile.
    thread::spawn(|| {
        thread::sleep(PATIENCE);
        leave(LISTENER.lock().unwrap_or_else(PoisonError::into_inner).as_ref());
    });
}

/// Ends the program.
fn leave(listener: Option<&Listener>) -> ! {
    LEAVING.store(true, Ordering::Release);
    let _kept_until_the_end = unfinished::remove_all();
    let message = listener.map_or_else(|| "interrupted".to_owned(), |it| (it.message)());
    let (said, done) = mpsc::channel();
    thread::spawn(move || {
        let _ = writeln!(io::stderr(), "{message}");
        let _ = said.send(());
    });
    let _ = done.recv_timeout(SAYING);
    process::exit(i32::from(STATUS));
}
