//! A wind tunnel for LLM systems: a deterministic discrete-event simulator of
//! workflows and agents, gateways, caches, budgets and model servers.
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
//! Everything moves on one virtual clock. The modules, in the order in which data
//! flows:
//!
//! - [`experiment`] reads a YAML file, reports every mistake with its place, and
//!   makes of it sweep points and numbered runs. Its parts' specs are beside the
//!   parts: [`workload::WorkloadSpec`], [`pipeline::PipelineSpec`],
//!   [`cache::CacheSpec`], [`serving::ModelSpec`], [`cost::CostSpec`].
//! - [`workload`] says who asks what and when.
//! - [`orchestration`] runs the workflows and agents that a request begins, whose calls
//!   are requests again.
//! - [`pipeline`] is the stages and the request's parameters.
//! - [`cache`] keeps answers, level by level.
//! - [`cost`] knows prices and budgets and chooses the model.
//! - [`serving`] says how long a model works and who waits for it.
//! - [`system`] wires these parts into one [`kernel::Model`] and measures.
//! - [`report`] turns the runs' tables into CSV files, charts and a summary.
//! - [`cli`] is the program.
//!
//! Below them all, and useful without them, are [`kernel`], a simulation library,
//! and [`stats`]; [`spec`] has the units that people write (`250ms`, `20/s`).
//!
//! # From a program
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use windtunnel::experiment::{Overrides, load::Document, prepare};
//! use windtunnel::kernel::Streams;
//! use windtunnel::system::{self, METRICS};
//!
//! let yaml = "
//! duration: 1m
//! workload: { arrivals: { poisson: { rate: 20/s } } }
//! cache: { levels: [ { name: l1, capacity: 100 } ] }
//! ";
//! let document = Document::from_text("example.yaml", yaml).expect("YAML");
//! let prepared = prepare(&document, &Overrides::default()).expect("a sound experiment");
//! let streams = Streams::new(prepared.outline.experiment.seed, 0);
//! let run = system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None)?;
//! let hit_rate = METRICS.iter().position(|metric| metric.name == "cache_hit_rate").unwrap();
//! assert!(run.metrics[hit_rate] > 0.1);
//! # Ok::<(), windtunnel::system::RunError>(())
//! ```
//!
//! # Determinism
//!
//! The same file and seed give the same bytes: time is whole nanoseconds, ties are
//! broken by sequence, every source of randomness has a `ChaCha` stream of its own
//! keyed by (seed, replication, name), and neither a wall clock nor a thread count
//! nor a hash map's order touches any result.

pub mod cache;
pub mod cli;
pub mod cost;
pub mod experiment;
pub mod kernel;
pub mod orchestration;
pub mod pipeline;
pub mod report;
pub mod serving;
pub mod spec;
pub mod stats;
pub mod system;
pub mod workload;
