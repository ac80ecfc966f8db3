//! A wind tunnel for LLM systems: a deterministic discrete-event simulator of
//! workflows and agents, gateways, caches, budgets and model servers.
//!
//! The program and its files are in the book (`docs/`). This is a tour of the library, in
//! the order in which data flows.
//!
//! # One request's way
//!
//! ```text
//!  workload ──► orchestration ──► pipeline ───────────────────────► metrics ──► results ──► charts
//!  arrivals      a request is a    validate · preprocess · key       counts      CSV         SVG/PNG
//!  prompts       one-step          └► caches (L1 ► ... ► semantic)   latencies   manifest
//!  users         workflow, or      └► cost: choose model, budget
//!  traces        begins many       └► serving: queue, work
//!                      ▲           └► postprocess · store · charge · format · log
//!                      └───────────── answers, of which further calls are made
//! ```
//!
//! Everything moves on one virtual clock. A module may use only those before it here:
//!
//! | module | what it is |
//! |---|---|
//! | [`kernel`], [`spec`], [`stats`] | a simulation library that knows no LLM; units that people write; statistics |
//! | [`workload`] | who asks what and when |
//! | [`cache`] | keeps answers, level by level; eviction policies; prefixes |
//! | [`cost`] | prices, budgets, the choice of a model |
//! | [`serving`] | how long a model works and who waits for it |
//! | [`gateway`] | who is let through to the models first |
//! | [`pipeline`] | the stages and the request's parameters |
//! | [`orchestration`] | the workflows and agents that a request begins |
//! | [`system`] | a request's stages through all parts, in one [`kernel::Model`]; an agenda of what is to end; what is measured |
//! | [`experiment`] | a YAML file, checked, made into points and numbered runs |
//! | [`report`] | tables to CSV files, charts and a summary |
//! | [`cli`] | the program |
//!
//! # Time
//!
//! A simulation is a clock that jumps from event to event, of whole nanoseconds. A
//! [`kernel::Model`] says what each event does; a [`kernel::Station`] is servers with a queue
//! before them; each source of randomness has a [`kernel::Stream`] of its own. Here, one server
//! whose customers come once a second on average and take 0.7 s: M/M/1, of which theory
//! knows the mean wait, held against it by ten replications and a [`stats::mean_ci95`].
//!
//! ```
//! use windtunnel::kernel::{
//!     Admission, Duration, Model, Scheduler, Simulation, Station, StationConfig, Stream, Streams, Time,
//! };
//! use windtunnel::stats::mean_ci95;
//!
//! enum Event { Arrival, Departure }
//! struct Desk { clerk: Station<()>, gaps: Stream, services: Stream }
//!
//! impl Model for Desk {
//!     type Event = Event;
//!     fn handle(&mut self, event: Event, sim: &mut Scheduler<Event>) {
//!         let begins = match event {
//!             Event::Arrival => {
//!                 sim.schedule_in(self.gaps.exponential_span(1.0), Event::Arrival);
//!                 self.clerk.arrive(sim.now(), (), 0) == Admission::Start
//!             }
//!             Event::Departure => self.clerk.finish(sim.now()).is_some(),
//!         };
//!         if begins {
//!             sim.schedule_in(self.services.exponential_span(0.7), Event::Departure);
//!         }
//!     }
//! }
//!
//! let waits: Vec<f64> = (0..10).map(|replication| {
//!     let streams = Streams::new(42, replication);
//!     let clerk = Station::new(StationConfig::new(1));
//!     let (gaps, services) = (streams.stream("gaps"), streams.stream("services"));
//!     let mut sim = Simulation::new(Desk { clerk, gaps, services });
//!     sim.scheduler_mut().schedule_in(Duration::ZERO, Event::Arrival);
//!     sim.run_until(Time::from_secs(20_000));
//!     sim.model.clerk.counts().wait_mean_s()
//! }).collect();
//! let wait = mean_ci95(&waits);
//! let theory = 0.7 * 0.7 / (1.0 - 0.7); // seconds
//! assert!((wait.mean - theory).abs() < 2.0 * wait.half_width && wait.half_width < 0.1);
//! ```
//!
//! # Requests, and a cache before them
//!
//! A [`workload::WorkloadSpec`] is what a file says of who asks; a [`workload::Plan`] the same
//! made ready; its [`workload::Source`] yields [`workload::Incoming`] requests in the order of their
//! times, lengths in tenths of a token. A [`cache::Policy`] keeps entries by
//! [`cache::Key`] within a [`spec::Capacity`]. Which policy is best for these requests, and how
//! good could any be?
//!
//! ```
//! use windtunnel::cache::{Item, Key, PolicySpec, policy::Belady};
//! use windtunnel::kernel::Streams;
//! use windtunnel::spec::Capacity;
//! use windtunnel::workload::{DataPaths, Plan, WorkloadSpec};
//!
//! let spec: WorkloadSpec = serde_json::from_str(
//!     r#"{ "prompts": { "zipf": { "count": 5000, "exponent": 0.9 } } }"#,
//! ).unwrap();
//! let streams = Streams::new(42, 0);
//! let requests = Plan::new(&spec, &DataPaths::default()).unwrap().source(&streams).unwrap();
//! let trace: Vec<Item> =
//!     requests.take(50_000).map(|request| Item::unit(Key(request.unwrap().prompt.0))).collect();
//!
//! let capacity = Capacity::Entries(250);
//! let most = Belady::replay(capacity, &trace);
//! let hits = |policy: &PolicySpec| {
//!     policy.build(capacity, streams.stream("lots")).replay(trace.iter().copied())
//! };
//! let policies = PolicySpec::all();
//! assert!(policies.iter().all(|policy| hits(policy) <= most));
//! let best = policies.iter().max_by_key(|policy| hits(policy)).unwrap();
//! assert!(hits(best) > hits(&PolicySpec::Lru), "{} is better than LRU", best.name());
//! ```
//!
//! From here a request that misses is priced and given a model ([`cost`] has an example), waits for a
//! server and is served ([`serving`]); a workflow makes further requests of its answer
//! ([`orchestration`]).
//!
//! # An experiment
//!
//! [`experiment::load`] reads a file, [`experiment::prepare()`] makes every point of it, and finds every
//! mistake; [`system::run`] runs a replication of a point. Its [`system::RunTables`] are the
//! metrics, in the order of [`system::METRICS`] (seconds, dollars, counts: the unit is the name's
//! suffix), and the tables of parts.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use windtunnel::experiment::{Overrides, load::Document, prepare};
//! use windtunnel::kernel::Streams;
//! use windtunnel::stats::paired_difference;
//! use windtunnel::system::{self, METRICS};
//!
//! let yaml = "
//! duration: 2m
//! workload: { arrivals: { poisson: { rate: 20/s } } }
//! cache: { levels: [ { name: l1, capacity: 100 } ] }
//! models: { m: { price: { per_token: $0.00001 }, server: { tokens: {} } } }
//! ";
//! let document = Document::from_text("example.yaml", yaml).expect("YAML");
//! // The cost of a request in each of five replications, with so large a cache.
//! let costs = |capacity: u64| -> Vec<f64> {
//!     let sets = vec![format!("cache.levels.l1.capacity={capacity}")];
//!     let overrides = Overrides { sets, ..Overrides::default() };
//!     let prepared = prepare(&document, &overrides).expect("a sound experiment");
//!     let cost = METRICS.iter().position(|metric| metric.name == "cost_per_request_usd").unwrap();
//!     (0..5).map(|replication| {
//!         let streams = Streams::new(prepared.resolved.experiment.seed, replication);
//!         let run = system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None);
//!         run.expect("it ends").metrics[cost]
//!     }).collect()
//! };
//! // Replications meet the same requests in both: they are compared in pairs.
//! let found = paired_difference(&costs(100), &costs(1000), 0.95);
//! assert!(found.difference < -found.half_width, "ten times the entries are cheaper, for sure");
//! ```
//!
//! What the program does with all runs of a sweep is [`experiment::execute()`] on a
//! [`experiment::Workspace`], [`report::write_results`] and [`report::redraw`].
//!
//! # Determinism
//!
//! The same file and seed give the same bytes: time is whole nanoseconds, money whole
//! pico-dollars, ties are broken by sequence, every source of randomness has a `ChaCha`
//! stream of its own keyed by (seed, replication, name), and neither a wall clock nor a
//! thread count nor a hash map's order touches any result.

pub mod cache;
pub mod cli;
pub mod cost;
pub mod experiment;
pub mod gateway;
pub mod kernel;
pub mod orchestration;
pub mod pipeline;
pub mod report;
pub mod serving;
pub mod spec;
pub mod stats;
pub mod system;
mod unfinished;
pub mod workload;
