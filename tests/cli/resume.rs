//! What is finished survives: Ctrl-C, kill -9, a full disk, damaged files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::determinism::SWEEP;
use crate::support::{Bench, assert_same, stderr, windtunnel};

fn start(bench: &Bench, arguments: &[&str]) -> Child {
    windtunnel(&[&["run", "experiment.yaml"], arguments].concat())
        .current_dir(bench.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

/// Waits until the journal of a running sweep holds something.
fn wait_for_runs(child: &mut Child, partial: &Path) {
    let journal = partial.join("runs.bin");
    while fs::metadata(&journal).map_or(0, |file| file.len()) == 0 {
        assert_eq!(child.try_wait().expect("a status"), None, "it was to run for longer");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn interrupt(child: &mut Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill");
    assert!(sent.success(), "the program was still running");
    assert_eq!(child.wait().expect("a status").code(), Some(130), "interrupted");
}

/// A sweep that Ctrl-C stopped after its first runs; its folder of kept runs.
fn interrupted(bench: &Bench, out: &str) -> PathBuf {
    let partial = bench.path().join(out).join(".sweep.partial");
    let mut child = start(bench, &["--jobs", "1", "--out", out]);
    wait_for_runs(&mut child, &partial);
    interrupt(&mut child);
    partial
}

#[test]
fn an_interrupted_sweep_resumes_to_the_same_bytes() {
    let bench = Bench::new(SWEEP);
    let whole = bench.run(&["--out", "whole"]);
    let partial = interrupted(&bench, "resumed");
    let output = bench.run(&["--out", "resumed", "--resume"]);
    assert_same(&whole, &output);
    assert!(!partial.exists(), "nothing is left behind");
}

/// What is told, and what does the damage.
type Damage<'d> = (&'static str, Box<dyn Fn() + 'd>);

#[test]
fn damaged_runs_are_named_and_run_again() {
    let bench = Bench::new(SWEEP);
    let whole = bench.run(&["--out", "whole"]);
    let partial = interrupted(&bench, "resumed");
    let journal = partial.join("runs.bin");
    let sound = fs::read(&journal).expect("a journal");
    let requests = fs::read(partial.join("requests-0.csv")).expect("the first run's requests");
    let damage: [Damage<'_>; 3] = [
        (
            "`resumed/.sweep.partial/runs.bin` is damaged at byte 0",
            Box::new(|| {
                let mut flipped = sound.clone();
                flipped[100] ^= 4;
                fs::write(&journal, flipped).expect("written");
            }),
        ),
        (
            "runs.bin` is damaged at byte",
            Box::new(|| {
                fs::write(&journal, &sound[..sound.len() - 1]).expect("written");
            }),
        ),
        (
            "`resumed/.sweep.partial/requests-0.csv` is damaged",
            Box::new(|| {
                let path = partial.join("requests-0.csv");
                fs::write(path, &requests[..requests.len() / 2]).expect("written");
            }),
        ),
    ];
    let kept = bench.path().join("kept");
    copy(&partial, &kept);
    for (message, harm) in damage {
        copy(&kept, &partial);
        harm();
        let resumed = bench.windtunnel(&["run", "experiment.yaml", "--out", "resumed", "--resume"]);
        let told = stderr(&resumed);
        assert!(resumed.status.success(), "{told}");
        assert!(told.contains(message) && told.contains("what is lost is run again"), "{told}");
        assert_same(&whole, &bench.path().join("resumed/sweep"));
        fs::remove_dir_all(bench.path().join("resumed")).expect("removed");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[test]
fn what_is_dropped_is_told() {
    let bench = Bench::new(SWEEP);
    interrupted(&bench, "results");
    let told = |seed: &str| {
        let run = ["run", "experiment.yaml", "--resume", "--replications", "1", "--seed", seed];
        stderr(&bench.windtunnel(&run))
    };
    let first = told("9");
    assert!(first.contains("of an interrupted run") && first.contains("another exper"), "{first}");
    let second = told("8");
    assert!(
        second.contains("are of another experiment") && second.contains("replaced"),
        "{second}"
    );
    assert!(!told("8").contains("warning"), "they are complete");
}

#[test]
fn a_second_process_on_one_folder_is_refused() {
    let bench = Bench::new(SWEEP);
    let whole = bench.run(&["--out", "whole"]);
    let partial = bench.path().join("shared/.sweep.partial");
    let mut first = start(&bench, &["--jobs", "1", "--out", "shared"]);
    wait_for_runs(&mut first, &partial);
    for resume in [&["--resume"][..], &[]] {
        let arguments = [&["run", "experiment.yaml", "--out", "shared"], resume].concat();
        let second = bench.windtunnel(&arguments);
        assert_eq!(second.status.code(), Some(2));
        let told = stderr(&second);
        assert!(told.contains(".sweep.partial` is in use by another windtunnel"), "{told}");
    }
    // A kill leaves no lock behind.
    first.kill().expect("killed");
    first.wait().expect("a status");
    assert_same(&whole, &bench.run(&["--out", "shared", "--resume"]));
}

#[test]
fn killed_ten_times_and_resumed_gives_the_same_bytes() {
    kill_and_resume(10, 1);
}

#[test]
#[ignore = "takes a minute"]
fn killed_fifty_times_and_resumed_gives_the_same_bytes() {
    kill_and_resume(50, 2);
}

/// Kills the sweep after random delays, anywhere from its start to the moment that
/// its results are put in their place, resuming each time.
fn kill_and_resume(kills: usize, seed: u64) {
    let bench = Bench::new(SWEEP);
    let began = Instant::now();
    let whole = bench.run(&["--out", "whole", "--format", "csv,svg"]);
    let span = began.elapsed();
    let mut state = seed;
    let (mut killed, mut finished) = (0, 0);
    while killed < kills {
        // Knuth's MMIX generator; a fifth of its delays would outlast the sweep.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let delay = span.mul_f64(1.2 * (state >> 11) as f64 / (1u64 << 53) as f64);
        let mut child = start(&bench, &["--out", "killed", "--resume", "--format", "csv,svg"]);
        std::thread::sleep(delay);
        if child.try_wait().expect("a status").is_none() {
            child.kill().expect("killed");
            killed += 1;
        }
        if child.wait().expect("a status").success() {
            assert_same(&whole, &bench.path().join("killed/sweep"));
            fs::remove_dir_all(bench.path().join("killed")).expect("removed");
            finished += 1;
        }
    }
    assert_same(&whole, &bench.run(&["--out", "killed", "--resume", "--format", "csv,svg"]));
    let left = bench.path().join("killed/.sweep.partial");
    assert!(!left.exists(), "nothing is left behind");
    println!("seed {seed}: {killed} kills, {finished} sweeps finished between them");
}

/// A file system of a few blocks, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: PathBuf, kib: u32) -> Option<Self> {
        fs::create_dir_all(&at).expect("a folder");
        let size = format!("size={kib}k");
        let mut mount = Command::new("mount");
        let mount = mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(at));
        }
        eprintln!("SKIPPED: a small file system cannot be mounted here (that takes root)");
        None
    }

    fn grow(&self) {
        let mut mount = Command::new("mount");
        let grown = mount.args(["-o", "remount,size=64m"]).arg(&self.0).status();
        assert!(grown.expect("mount").success(), "the disk grew");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_the_sweep_goes_on_when_there_is_room() {
    let bench = Bench::new(SWEEP);
    let whole = bench.run(&["--out", "whole"]);
    // Full while the runs are kept, and while the results are made of them.
    let kept: u64 = crate::support::bytes(&whole)
        .iter()
        .filter(|(name, _)| name.starts_with("requests") || name.starts_with("traces"))
        .map(|(_, bytes)| bytes.len() as u64 / 1024)
        .sum();
    for kib in [kept / 4, kept * 3 / 2] {
        let out = bench.path().join(format!("disk-{kib}"));
        let Some(disk) = SmallDisk::mount(out.clone(), kib as u32) else { return };
        let out = out.to_str().expect("a path");
        let full = bench.windtunnel(&["run", "experiment.yaml", "--out", out]);
        let told = stderr(&full);
        assert_eq!(full.status.code(), Some(1), "{told}");
        assert!(told.contains("No space left on device"), "{told}");
        assert!(told.contains("are kept in") && told.contains("continue with --resume"), "{told}");
        assert!(!Path::new(out).join("sweep").exists(), "no half results");
        disk.grow();
        assert_same(&whole, &bench.run(&["--out", out, "--resume"]));
    }
}
