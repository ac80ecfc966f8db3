//! Made-up results folders.

use std::path::Path;

use windtunnel::report::csv::write_table;
use windtunnel::stats::{Cell, Table};

/// A system whose figures look like a cache's: more capacity, more hits.
pub struct Folder {
    /// Swept paths with their values; the points are their grid.
    pub sweep: Vec<(&'static str, Vec<Cell>)>,
    /// How many replications each point has.
    pub replications: usize,
    /// How wide the intervals are, relative to the mean.
    pub noise: f64,
}

/// The metrics of a point as a function of its place in the sweep (0 to 1 for
/// each path) and of noise.
fn metrics(place: &[f64], noise: f64) -> Vec<(&'static str, f64)> {
    let first = place.first().copied().unwrap_or(0.5);
    let second = place.get(1).copied().unwrap_or(0.3);
    let hits = (0.08 + 0.62 * first * (0.75 + 0.25 * second)) * (1.0 + 0.3 * noise);
    let p99 = (4.2 - 2.1 * first - 0.9 * second) * (1.0 + noise);
    vec![
        ("requests", 19_366.0),
        ("errors", (3.0 + 20.0 * second).floor()),
        ("cache_hit_rate", hits.clamp(0.0, 1.0)),
        ("e2e_p50_s", p99 / 5.0),
        ("e2e_p99_s", p99),
        ("cost_per_request_usd", 0.0123 * (1.0 - hits) * (1.0 + 0.2 * noise)),
    ]
}

/// A number from -1 to 1 that looks random.
pub fn wobble(seed: usize) -> f64 {
    let mixed = (seed as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed >> 40) as f64 / f64::from(1 << 23) - 1.0
}

impl Folder {
    /// The swept paths.
    pub fn swept(&self) -> Vec<String> {
        self.sweep.iter().map(|(path, _)| (*path).to_owned()).collect()
    }

    /// Each point: the index of its value on each path.
    fn points(&self) -> Vec<Vec<usize>> {
        let mut points = vec![Vec::new()];
        for (_, values) in &self.sweep {
            points = points
                .iter()
                .flat_map(|p: &Vec<usize>| (0..values.len()).map(move |i| [&p[..], &[i]].concat()))
                .collect();
        }
        points
    }

    fn place(&self, point: &[usize]) -> Vec<f64> {
        let part = |(i, (_, values)): (&usize, &(_, Vec<Cell>))| {
            if values.len() > 1 { *i as f64 / (values.len() - 1) as f64 } else { 0.5 }
        };
        point.iter().zip(&self.sweep).map(part).collect()
    }

    fn values(&self, point: &[usize]) -> Vec<Cell> {
        point.iter().zip(&self.sweep).map(|(i, (_, values))| values[*i].clone()).collect()
    }

    /// The table of points.
    pub fn points_table(&self) -> Table {
        let mut columns = vec!["point".to_owned()];
        columns.extend(self.swept());
        for (name, _) in metrics(&[], 0.0) {
            columns.extend(["", "_lo95", "_hi95"].map(|end| format!("{name}{end}")));
        }
        let mut table = Table::new(columns);
        for (number, point) in self.points().iter().enumerate() {
            let mut row = vec![Cell::Int(number as i64)];
            row.extend(self.values(point));
            let noise = 0.2 * self.noise * wobble(number);
            for (name, value) in metrics(&self.place(point), noise) {
                let counts = ["requests", "errors"].contains(&name);
                let half = if counts || self.replications < 2 { 0.0 } else { self.noise * value };
                row.extend([value, value - half, value + half].map(Cell::from));
            }
            table.push(row);
        }
        table
    }

    /// Writes all tables.
    pub fn write(&self, dir: &Path) {
        let write = |name: &str, table: &Table| write_table(&dir.join(name), table).unwrap();
        write("points.csv", &self.points_table());
        let mut runs = Table::new(["point", "replication", "requests", "e2e_p99_s"]);
        let mut levels = Table::new(["point", "replication", "level", "lookups", "hits"]);
        let mut models = Table::new(["point", "replication", "model", "requests", "cost_usd"]);
        let mut latency = Table::new(["point", "replication", "quantile", "e2e_s", "ttft_s"]);
        let mut timeline = Table::new([
            "point",
            "replication",
            "time_s",
            "arrivals_rps",
            "completions_rps",
            "errors_rps",
            "in_flight",
            "queue",
            "utilization",
            "cache_hit_rate",
            "spend_usd",
            "charged_usd",
        ]);
        for (number, point) in self.points().iter().enumerate() {
            let place = self.place(point);
            let first = place.first().copied().unwrap_or(0.5);
            let second = place.get(1).copied().unwrap_or(0.3);
            for replication in 0..self.replications {
                let seed = 1000 * number + 37 * replication;
                let noise = self.noise * wobble(seed);
                let key = || vec![Cell::Int(number as i64), Cell::Int(replication as i64)];
                let row = |cells: Vec<Cell>| [key(), cells].concat();
                let p99 = (4.2 - 2.1 * first - 0.9 * second) * (1.0 + noise);
                runs.push(row(vec![Cell::Int(19_366), p99.into()]));
                for (i, (level, share)) in
                    [("l1", 0.2), ("l2", 0.3), ("l3", 0.1)].iter().enumerate()
                {
                    let lookups = 19_366.0 / (i + 1) as f64;
                    let hits = (lookups * share * (0.5 + first) * (1.0 + noise)).floor();
                    levels.push(row(vec![
                        (*level).into(),
                        Cell::Num(lookups.floor()),
                        hits.into(),
                    ]));
                }
                for (model, share) in [("gpt-4", 0.12), ("gpt-3.5", 0.55), ("local-llama", 0.33)] {
                    let requests = (19_366.0 * share * (1.0 + noise)).floor();
                    models.push(row(vec![model.into(), requests.into(), (requests * 0.01).into()]));
                }
                for i in 0..=102_usize {
                    let q: Option<f64> = [0.995, 0.999, 1.0].get(i.wrapping_sub(100)).copied();
                    let q: f64 = q.unwrap_or(i as f64 / 100.0);
                    let hit = 0.1 + 0.6 * first;
                    let miss: f64 = ((q - hit) / (1.0 - hit)).clamp(0.0, 0.9999);
                    let slow = -libm::log(1.0 - miss) * (0.9 - 0.4 * second) * (1.0 + noise);
                    let e2e = if q < hit { 0.01 } else { 0.1 + slow };
                    latency.push(row(vec![q.into(), e2e.into(), (e2e / 3.0).into()]));
                }
                for step in 0..60_usize {
                    let minute = step as f64;
                    let wave = libm::sin(minute / 60.0 * std::f64::consts::TAU);
                    let jitter = 1.0 + 0.1 * wobble(seed + 7 * step);
                    let arrivals = (20.0 + 8.0 * wave) * jitter;
                    let warm = 1.0 - libm::exp(-minute / 8.0);
                    let spend = arrivals * 0.012 * (1.3 - first) * (minute + 1.0) * 3.0;
                    timeline.push(row([
                        minute * 60.0,
                        arrivals,
                        arrivals * (0.97 + 0.02 * wave),
                        0.2 * arrivals * (wave - 0.8).max(0.0),
                        arrivals * (1.4 - 0.6 * first),
                        (8.0 * (wave - 0.3)).max(0.0) * (1.5 - first) * jitter,
                        (0.7 + 0.25 * wave - 0.2 * first) * jitter.min(1.02),
                        (0.1 + 0.6 * first) * warm * jitter.min(1.0),
                        spend,
                        spend,
                    ]
                    .map(Cell::from)
                    .to_vec()));
                }
            }
        }
        for (name, table) in [
            ("runs.csv", runs),
            ("levels.csv", levels),
            ("models.csv", models),
            ("latency.csv", latency),
            ("timeline.csv", timeline),
        ] {
            write(name, &table);
        }
    }
}

/// A made-up `breakdown.csv`: answers by model and user of the first points.
pub fn write_breakdown(dir: &Path, points: i64) {
    let mut table = Table::new(["point", "replication", "time_s", "by", "name", "answers_rps"]);
    let parts = [("gpt-4", 3.0), ("gpt-3.5", 8.0), ("local-llama", 5.0)];
    let users: Vec<String> = (0..20).map(|i| format!("user-{i:02}")).collect();
    let users =
        users.iter().enumerate().map(|(i, name)| ("user", name.as_str(), 9.0 / (i + 1) as f64));
    let all: Vec<_> =
        parts.map(|(name, rate)| ("model", name, rate)).into_iter().chain(users).collect();
    for (point, step) in (0..points).flat_map(|point| (1..=60).map(move |step| (point, step))) {
        for (i, (by, name, rate)) in all.iter().enumerate() {
            let turn = f64::from(step) / 60.0 * std::f64::consts::TAU + i as f64;
            let rate = rate * (1.0 + 0.4 * libm::sin(turn) + 0.05 * wobble(step as usize + 7 * i));
            let place = [Cell::Int(point), Cell::Int(0), Cell::Num(f64::from(step) * 60.0)];
            table.push([place.to_vec(), vec![(*by).into(), (*name).into(), rate.into()]].concat());
        }
    }
    write_table(&dir.join("breakdown.csv"), &table).unwrap();
}

/// A made-up `gantt.csv`: an agent's steps, some of them at once.
pub fn write_gantt(dir: &Path) {
    let mut table = Table::new(["lane", "label", "start_s", "end_s", "kind"]);
    for (lane, label, start, end, kind) in [
        ("planner", "plan", 0.0, 2.1, "model"),
        ("researcher", "search the web", 2.1, 3.4, "tool"),
        ("researcher", "read a", 3.4, 6.0, "model"),
        ("researcher", "read b", 3.4, 7.2, "model"),
        ("researcher", "read c", 3.4, 5.1, "model"),
        ("coder", "write", 2.1, 8.5, "model"),
        ("coder", "run tests", 8.5, 9.1, "tool"),
        ("coder", "wait", 9.1, 9.3, "queue"),
        ("a reviewer with a name that is far too long for a label", "review", 9.3, 12.0, "model"),
        ("planner", "answer", 12.0, 14.2, "model"),
    ] {
        table.push(vec![lane.into(), label.into(), start.into(), end.into(), kind.into()]);
    }
    write_table(&dir.join("gantt.csv"), &table).unwrap();
}

/// Cells of names.
pub fn names(names: &[&str]) -> Vec<Cell> {
    names.iter().map(|name| Cell::from(*name)).collect()
}

/// Cells of counts.
pub fn counts(counts: &[i64]) -> Vec<Cell> {
    counts.iter().copied().map(Cell::Int).collect()
}
