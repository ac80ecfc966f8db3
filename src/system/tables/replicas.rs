//! What the replicas did: `replicas.csv`, and their sums.

use crate::cost::ModelId;
use crate::kernel::{Duration, Time};
use crate::serving::fleet::{DisaggregateSpec, Node, Server};
use crate::serving::resilience::Breaker;
use crate::stats::{Cell, Table};
use crate::system::model::System;
use crate::system::setup::Setup;
use crate::system::upstream::Sent;

/// Adds up what all replicas did, and gives a row for each: their time is that of the window,
/// their work goes on until `over`.
pub fn collect(system: &mut System<'_>, setup: &Setup, over: Time) -> Table {
    let mut table = Table::new([
        "model",
        "replica",
        "requests",
        "refused",
        "completed",
        "failed",
        "crashes",
        "breaker_opened",
        "up_s",
        "served_s",
        "down_s",
        "on_s",
        "utilization",
        "server_cost_usd",
        "batch_mean",
        "kv_use_mean",
        "kv_use_max",
        "preemptions",
        "seats_use_mean",
    ]);
    let window = over.since(system.observers.measures.window_start);
    let System { upstream, observers, charge, .. } = system;
    let measures = &mut observers.measures;
    if !measures.has_fleets {
        return table;
    }
    let mut engines = Engines::default();
    for (index, (name, model)) in setup.models.iter().enumerate() {
        let (model_id, gpus) = (ModelId(index as u32), u64::from(model.server.gpus_each()));
        let mut of_model = Engines::default();
        for replica in 0..upstream.models[index].fleet.len() as usize {
            let sent = upstream.sent_to(index as u32, replica as u32);
            let node = &mut upstream.models[index].fleet.nodes_mut()[replica];
            let on = Duration(u64::try_from(node.on_ns(over)).unwrap_or(u64::MAX));
            let cost = charge.optimizer.charge_servers(model_id, gpus, on);
            measures.serve_hours(model_id.0, gpus, on, cost);
            let sums = &mut measures.replicas;
            sums.up_s += node.up_s(over);
            sums.down_s += node.down_s(over);
            let of_replica = node.breaker.as_ref().map(Breaker::opened);
            // It is the deployment that is left out: it is told with the first.
            let of_deployment = || (replica == 0).then(|| upstream.groups.opened(index as u32));
            let opened = of_replica.or_else(|| of_deployment().flatten());
            sums.breaker_opened += opened.unwrap_or_default();
            sums.on_s += node.on_ns(over) as f64 / 1e9;
            let split = model.server.disaggregate.as_ref().filter(|split| split.prefill > 0);
            if let Some((busy, most)) = split.and(node.busy_s(over)) {
                let side = usize::from(split.is_some_and(|it| replica >= it.prefill as usize));
                sums.sides[side].busy_s += busy;
                sums.sides[side].most_s += most;
            }
            let mut row = vec![name.as_str().into(), name_of(split, replica)];
            row.extend(of_node(node, sent, opened, over));
            row.push(Cell::Num(cost.usd()));
            row.extend(of_model.add(node, window, over));
            if let Server::Engine(batching) = &node.server {
                measures.itl.merge_longer(batching.engine().inter_token(), batching.after(1));
            }
            table.push(row);
        }
        // The most of what its engines have, or its stations.
        let busy = measures.busy[index].map_or(f64::NAN, |(busy, most)| busy / most);
        let most = if of_model.up > 0.0 { of_model.saturation() } else { busy };
        measures.saturation = measures.saturation.max(most);
        engines.join(&of_model);
    }
    measures.replicas.mean = measures.replicas.up_s / measures.window_s();
    measures.replicas.batch_mean = engines.batch / engines.busy;
    measures.replicas.kv_mean = engines.kv / engines.up;
    measures.replicas.preemptions = engines.preemptions;
    table
}

/// A replica's number, and what it is there for where prompts are computed apart.
fn name_of(split: Option<&DisaggregateSpec>, replica: usize) -> Cell {
    match split {
        Some(split) if replica < split.prefill as usize => {
            format!("prefill {replica}").as_str().into()
        }
        Some(_) => format!("decode {replica}").as_str().into(),
        None => (replica as u64).into(),
    }
}

fn of_node(node: &mut Node, sent: Sent, opened: Option<u64>, over: Time) -> [Cell; 11] {
    let busy = node.busy_s(over).filter(|(_, most)| *most > 0.0);
    [
        sent.requests.into(),
        sent.refused.into(),
        sent.completed.into(),
        sent.failed.into(),
        node.crashes.into(),
        opened.into(),
        Cell::Num(node.up_s(over)),
        Cell::Num(node.served_s(over)),
        Cell::Num(node.down_s(over)),
        Cell::Num(node.on_ns(over) as f64 / 1e9),
        busy.map(|(busy, most)| busy / most).into(),
    ]
}

/// What all engines did.
#[derive(Default)]
struct Engines {
    /// Sequences x seconds of steps, and seconds of steps.
    batch: f64,
    busy: f64,
    /// Share of memory in use x seconds, the same of sequences that they may work on at a
    /// time, and seconds of serving.
    kv: f64,
    seats: f64,
    up: f64,
    preemptions: u64,
}

impl Engines {
    /// The last columns of a replica, which are empty where it is no engine.
    fn add(&mut self, node: &mut Node, window: Duration, over: Time) -> [Cell; 5] {
        let up = node.served_s(over);
        let Server::Engine(batching) = &mut node.server else {
            return [const { Cell::Empty }; 5];
        };
        let most = f64::from(batching.max_num_seqs());
        let stats = batching.engine_mut().stats(over);
        // What is off or down holds nothing.
        let kv = stats.kv_mean * window.as_secs_f64();
        let running = stats.running_mean / most * window.as_secs_f64();
        self.batch += stats.batch_mean * stats.busy_s;
        self.busy += stats.busy_s;
        self.kv += kv;
        self.seats += running;
        self.up += up;
        self.preemptions += stats.preemptions;
        let while_up = |area: f64| Cell::from((up > 0.0).then(|| area / up));
        [
            Cell::Num(stats.batch_mean),
            while_up(kv),
            Cell::Num(stats.kv_max),
            stats.preemptions.into(),
            while_up(running),
        ]
    }

    fn join(&mut self, other: &Engines) {
        self.batch += other.batch;
        self.busy += other.busy;
        self.kv += other.kv;
        self.seats += other.seats;
        self.up += other.up;
        self.preemptions += other.preemptions;
    }

    /// The share in use of what they have least of: memory or sequences.
    fn saturation(&self) -> f64 {
        self.kv.max(self.seats) / self.up
    }
}
