//! What holds for the books of every run.

use std::collections::HashSet;

use windtunnel::stats::{Cell, Table};
use windtunnel::system::{METRICS, Warmup};

use crate::run::{Books, Failure, failure};

/// No run of a few hundred requests has more.
const MOST_EVENTS: f64 = 5e6;

/// What was found not to hold.
#[derive(Default)]
pub struct Found(Vec<Failure>);

impl Found {
    /// What was found, by name.
    pub fn kinds(&self) -> Vec<&str> {
        self.0.iter().map(|failure| failure.kind.as_str()).collect()
    }

    /// Two amounts are the same, but for rounding.
    pub fn same(&mut self, kind: &str, left: f64, right: f64) {
        let size = left.abs().max(right.abs());
        let near = (left - right).abs() <= 1e-9 + 1e-9 * size;
        self.holds(kind, near || left.is_nan() && right.is_nan(), || format!("{left} and {right}"));
    }

    /// One is at most the other, but for rounding; what is not measured is no more than anything.
    pub fn at_most(&mut self, kind: &str, part: f64, whole: f64) {
        let above = part > whole + 1e-9 + 1e-9 * whole.abs();
        self.holds(kind, !above, || format!("{part} > {whole}"));
    }

    /// A share, or not measured.
    pub fn share(&mut self, kind: &str, value: f64) {
        let within = value.is_nan() || (-1e-9..=1.0 + 1e-9).contains(&value);
        self.holds(kind, within, || value.to_string());
    }

    /// Anything; each kind is told once.
    pub fn holds(&mut self, kind: &str, it_does: bool, detail: impl FnOnce() -> String) {
        if !it_does && self.0.iter().all(|known| known.kind != kind) {
            self.0.push(failure(kind, detail()));
        }
    }
}

/// A column's numbers; NaN where there are none.
pub fn column(table: &Table, name: &str) -> Vec<f64> {
    let Some(index) = table.column(name) else { return Vec::new() };
    let value = |row: &Vec<Cell>| match &row[index] {
        Cell::Int(value) => *value as f64,
        Cell::Num(value) => *value,
        Cell::Text(text) => text.parse().unwrap_or(f64::NAN),
        Cell::Empty => f64::NAN,
    };
    table.rows.iter().map(value).collect()
}

/// A column's sum, of what is there.
pub fn sum(table: &Table, name: &str) -> f64 {
    column(table, name).into_iter().filter(|value| !value.is_nan()).sum()
}

/// A column's texts.
pub fn texts<'t>(table: &'t Table, name: &str) -> Vec<&'t str> {
    let index = table.column(name);
    let text = |row: &'t Vec<Cell>| match index.map(|index| &row[index]) {
        Some(Cell::Text(text)) => text.as_str(),
        _ => "",
    };
    table.rows.iter().map(text).collect()
}

impl Books {
    /// A metric; NaN where nothing was measured.
    pub fn metric(&self, name: &str) -> f64 {
        let index = METRICS.iter().position(|metric| metric.name == name);
        self.tables.metrics[index.unwrap_or_else(|| panic!("no metric {name}"))]
    }

    /// The same; 0 where nothing was measured.
    pub fn count(&self, name: &str) -> f64 {
        let value = self.metric(name);
        if value.is_nan() { 0.0 } else { value }
    }

    /// Whether requests begin workflows, or jobs that were recorded.
    pub fn has_workflows(&self) -> bool {
        self.experiment.orchestration.is_some() || self.experiment.workload.has_jobs()
    }

    /// Whether all of the run counts.
    pub fn all_measured(&self) -> bool {
        matches!(self.experiment.warmup, Warmup::None | Warmup::Auto)
    }
}

/// What does not hold of a run.
pub fn broken(books: &Books) -> Vec<Failure> {
    let mut found = Found::default();
    requests(books, &mut found);
    parts(books, &mut found);
    shares(books, &mut found);
    times(books, &mut found);
    crate::sums::money(books, &mut found);
    crate::sums::tables(books, &mut found);
    crate::sums::over_time(books, &mut found);
    crate::sums::workflows(books, &mut found);
    crate::recompute::broken(books, &mut found);
    found.0
}

/// Every request that came in has left, once, as the metrics say.
fn requests(books: &Books, found: &mut Found) {
    let ended = ["completed", "errors", "rejected", "called_off"];
    let ended: f64 = ended.iter().map(|name| books.count(name)).sum();
    found.same("requests in = out", books.count("requests"), ended);
    let ids: HashSet<u64> = books.rows.iter().map(|row| row.id).collect();
    found.same("each request ends once", ids.len() as f64, books.rows.len() as f64);
    let rows = |outcomes: &[&str]| {
        let counts = |row: &&crate::run::Row| row.measured && outcomes.contains(&row.outcome);
        books.rows.iter().filter(counts).count() as f64
    };
    let measured = books.rows.iter().filter(|row| row.measured).count();
    found.same("rows are requests", measured as f64, books.count("requests"));
    let answered = rows(&["hit", "answered", "coalesced"]);
    found.same("answered rows are completed", answered, books.count("completed"));
    found.same("rows of hits are cache_hits", rows(&["hit"]), books.count("cache_hits"));
    found.same("rows that waited are coalesced", rows(&["coalesced"]), books.count("coalesced"));
    found.same("rows of errors are errors", rows(&["error"]), books.count("errors"));
    let failed = books.count("rejected") + books.count("called_off");
    found.same("rejected rows are rejected or called off", rows(&["rejected"]), failed);
    found.at_most("events are bounded", books.metric("events"), MOST_EVENTS);
}

/// Counts that are parts of others are not above them.
fn parts(books: &Books, found: &mut Found) {
    for (part, whole) in [
        ("semantic_hits", "cache_hits"),
        ("semantic_false_hits", "semantic_hits"),
        ("stale_hits", "cache_hits"),
        ("cross_tenant_hits", "completed"),
        ("cache_hits", "completed"),
        ("coalesced", "cache_misses"),
        ("coalesced", "completed"),
        ("negative_hits", "rejected"),
        ("budget_rejections", "rejected"),
        ("shed", "rejected"),
        ("sessions_abandoned", "sessions"),
        ("goodput_rps", "throughput_rps"),
        ("cached_input_tokens", "input_tokens"),
        ("prompt_cache_read_tokens", "cached_input_tokens"),
        ("keep_alive_usd", "token_cost_usd"),
        ("wasted_cost_usd", "token_cost_usd"),
        ("hedges_won", "hedges"),
        ("crashed", "attempts"),
        ("rate_limited", "rejected"),
        ("output_tokens_per_s", "total_tokens_per_s"),
        ("workflows_completed", "workflows"),
        ("false_alarms", "alerts_fired"),
    ] {
        let kind = format!("{part} <= {whole}");
        found.at_most(&kind, books.count(part), books.count(whole));
    }
    let made = books.count("attempts") + books.count("unsent") + books.count("throttled");
    for part in ["retries", "hedges", "timeouts"] {
        found.at_most(&format!("{part} are attempts, sent or not"), books.count(part), made);
    }
    let asked = books.count("cache_hits") + books.count("cache_misses");
    found.at_most("cache look-ups <= requests", asked, books.count("requests"));
    for (metric, value) in METRICS.iter().zip(&books.tables.metrics) {
        let signed = ["routing_saved_usd", "prefix_saved_usd", "drift"].contains(&metric.name)
            || metric.name.ends_with("_saved_usd")
            || metric.name == "sticky_quality_lost"
            || metric.name.starts_with("prompt_cache_") && metric.name.ends_with("_usd");
        let kind = format!("{} is not below 0", metric.name);
        found.holds(&kind, signed || *value >= 0.0 || value.is_nan(), || value.to_string());
        let kind = format!("{} is finite", metric.name);
        found.holds(&kind, !value.is_infinite(), || value.to_string());
    }
}

/// Shares are from 0 to 1, wherever they stand.
fn shares(books: &Books, found: &mut Found) {
    let named = |name: &str| {
        let endings = ["_rate", "_share", "utilization", "availability", "_attainment"];
        let whole = ["class_fairness", "user_fairness", "allocation_jain", "quality_mean"];
        endings.iter().any(|ending| name.ends_with(ending))
            || whole.contains(&name)
            || ["saturation", "seats_use_mean"].contains(&name)
            || ["semantic_precision", "semantic_recall", "kv_use_mean", "kv_use_max", "overloaded"]
                .contains(&name)
    };
    for (metric, value) in METRICS.iter().zip(&books.tables.metrics) {
        if named(metric.name) {
            found.share(&format!("{} is a share", metric.name), *value);
        }
    }
    for (table_name, table) in tables(books) {
        for name in table.columns.iter().filter(|name| named(name)) {
            let kind = format!("{name} of {table_name} is a share");
            for value in column(table, name) {
                found.share(&kind, value);
            }
        }
    }
}

/// The tables with a name.
fn tables(books: &Books) -> [(&'static str, &Table); 11] {
    let tables = &books.tables;
    [
        ("models", &tables.models),
        ("users", &tables.users),
        ("levels", &tables.levels),
        ("prefix", &tables.prefix),
        ("prompt_caches", &tables.prompts),
        ("replicas", &tables.replicas),
        ("classes", &tables.classes),
        ("timeline", &tables.timeline),
        ("workflows", &tables.workflows),
        ("showback", &tables.showback),
        ("allocation", &tables.allocation),
    ]
}

/// Percentiles are in order, and times are those of the rows.
fn times(books: &Books, found: &mut Found) {
    let orders: [&[&str]; 8] = [
        &["e2e_p50_s", "e2e_p90_s", "e2e_p95_s", "e2e_p99_s", "e2e_max_s"],
        &["ttft_p50_s", "ttft_p90_s", "ttft_p95_s", "ttft_p99_s"],
        &["tpot_p50_s", "tpot_p90_s", "tpot_p95_s", "tpot_p99_s"],
        &["itl_p50_s", "itl_p90_s", "itl_p95_s", "itl_p99_s"],
        &["makespan_p50_s", "makespan_p99_s"],
        &["e2e_mean_s", "e2e_max_s"],
        &["ttft_mean_s", "e2e_mean_s"],
        &["ttft_p50_s", "e2e_p50_s"],
    ];
    for pair in orders.iter().flat_map(|order| order.windows(2)) {
        // Histograms are good to 0.1 %.
        let most = books.metric(pair[1]) * 1.001 + 1e-9;
        found.at_most(&format!("{} <= {}", pair[0], pair[1]), books.metric(pair[0]), most);
    }
    for name in ["ttft_s", "e2e_s", "queue_s"] {
        let values = column(&books.tables.latency, name);
        let rises = values.windows(2).all(|pair| pair[0] <= pair[1] || pair[0].is_nan());
        found.holds(&format!("quantiles of {name} rise"), rises, || format!("{values:?}"));
    }
    let answered = books.rows.iter().filter(|row| row.measured && !row.ttft_s.is_nan());
    let (mut longest, mut total) = (0.0_f64, 0.0);
    for row in answered {
        found.at_most("the first token is within the answer's time", row.ttft_s, row.e2e_s);
        longest = longest.max(row.e2e_s);
        total += row.e2e_s;
    }
    if books.count("completed") > 0.0 {
        found.same("e2e_max_s is the longest row's", books.metric("e2e_max_s"), longest);
        let mean = total / books.count("completed");
        found.same("e2e_mean_s is the rows'", books.metric("e2e_mean_s"), mean);
    }
}
