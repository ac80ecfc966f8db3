//! The kernel against queueing theory: each simulated mean agrees with its closed
//! form within the 99.9 % confidence interval of 24 replications.

#[path = "support/queueing.rs"]
mod support;

use support::{Runs, Service, System, erlang_b, erlang_c, replicate};
use windtunnel::kernel::StationConfig;

const SECS: u64 = 100_000;

#[test]
fn mm1_has_the_length_and_times_of_theory() {
    let (rate, mean) = (1.0, 0.7);
    let load = rate * mean;
    let runs = Runs::of(System::new(1, rate, Service::Exponential(mean)), SECS);
    runs.assert("L", load / (1.0 - load), 0.0165, |run| run.in_system);
    runs.assert("Lq", load * load / (1.0 - load), 0.022, |run| run.in_queue);
    runs.assert("W", mean / (1.0 - load), 0.0165, |run| run.sojourn);
    runs.assert("Wq", load * mean / (1.0 - load), 0.022, |run| run.wait);
    runs.assert("utilization", load, 0.0055, |run| run.utilization);
}

#[test]
fn mmc_waits_as_erlang_c_says() {
    let (servers, rate, mean) = (5, 1.0, 3.75);
    let load: f64 = rate * mean;
    let runs = Runs::of(System::new(servers, rate, Service::Exponential(mean)), SECS);
    let waits = erlang_c(servers, load);
    runs.assert("share that waits", waits, 0.022, |run| run.waited);
    runs.assert("Wq", waits * mean / (f64::from(servers) - load), 0.044, |run| run.wait);
    runs.assert("utilization", load / f64::from(servers), 0.0055, |run| run.utilization);
}

#[test]
fn mmcc_blocks_as_erlang_b_says() {
    let (servers, rate, mean) = (10, 1.0, 8.0);
    let mut system = System::new(servers, rate, Service::Exponential(mean));
    system.station.capacity = Some(u64::from(servers));
    let runs = Runs::of(system, SECS);
    let blocked = erlang_b(servers, rate * mean);
    runs.assert("share refused", blocked, 0.0275, |run| run.refused);
    runs.assert("L", rate * mean * (1.0 - blocked), 0.0055, |run| run.in_system);
}

#[test]
fn md1_waits_half_as_long_as_mm1() {
    let (rate, mean) = (1.0, 0.7);
    let runs = Runs::of(System::new(1, rate, Service::Constant(mean)), SECS);
    let wait = rate * mean * mean / (2.0 * (1.0 - rate * mean));
    runs.assert("Wq", wait, 0.0165, |run| run.wait);
    runs.assert("W", wait + mean, 0.011, |run| run.sojourn);
}

#[test]
fn mg1_waits_as_pollaczek_and_khinchine_say() {
    let services = [Service::Lognormal(0.6, 1.0), Service::Hyperexponential(0.9, 0.4, 2.4)];
    for service in services {
        let rate = 1.0;
        let runs = Runs::of(System::new(1, rate, service), SECS);
        let wait = rate * service.second_moment() / (2.0 * (1.0 - rate * service.mean()));
        runs.assert("Wq", wait, 0.0385, |run| run.wait);
        runs.assert("Lq", rate * wait, 0.044, |run| run.in_queue);
    }
}

#[test]
fn priorities_wait_as_cobham_says() {
    let (rate, mean, urgent) = (1.0, 0.75, 0.4);
    let service = Service::Exponential(mean);
    let runs = Runs::of(System::new(1, rate, service).with_priorities(urgent), SECS);
    let residual = rate * service.second_moment() / 2.0;
    let (first, all) = (1.0 - rate * urgent * mean, 1.0 - rate * mean);
    runs.assert("Wq of the urgent", residual / first, 0.0165, |run| run.class_wait[0]);
    runs.assert("Wq of the others", residual / (first * all), 0.0385, |run| run.class_wait[1]);
    // The order of service moves waiting between classes and makes none.
    runs.assert("Wq", residual / all, 0.033, |run| run.wait);
}

#[test]
fn unlimited_servers_hold_a_poisson_number() {
    let (rate, mean) = (1.0, 4.0);
    let mut system = System::new(1, rate, Service::Lognormal(mean, 0.8));
    system.station = StationConfig { servers: None, ..system.station };
    let runs = Runs::of(system, SECS);
    runs.assert("L", rate * mean, 0.011, |run| run.in_system);
    runs.assert("W", mean, 0.011, |run| run.sojourn);
}

/// Exponential patience makes M/M/1 a birth-death chain (Palm's Erlang A): death
/// rate `1 / mean + (n - 1) / patience` with `n` in the system.
#[test]
fn the_impatient_leave_as_erlang_a_says() {
    let (rate, mean, patience) = (1.2, 1.0, 2.0);
    let mut system = System::new(1, rate, Service::Exponential(mean));
    system.patience = Some(patience);
    let (mut weight, mut total, mut waiting) = (1.0, 1.0, 0.0);
    for n in 1..200 {
        weight *= rate / (1.0 / mean + f64::from(n - 1) / patience);
        total += weight;
        waiting += weight * f64::from(n - 1);
    }
    let queue = waiting / total;
    let runs = Runs::of(system, SECS);
    runs.assert("Lq", queue, 0.0165, |run| run.in_queue);
    runs.assert("share that leaves", queue / patience / rate, 0.0165, |run| run.abandoned);
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_last_bit() {
    let mut system = System::new(3, 1.0, Service::Lognormal(2.5, 1.2)).with_priorities(0.3);
    system.patience = Some(5.0);
    let first = replicate(system, 7, 0, 5000);
    assert_eq!(first, replicate(system, 7, 0, 5000));
    assert_ne!(first, replicate(system, 7, 1, 5000));
    assert_ne!(first, replicate(system, 8, 0, 5000));
}
