//! Experiments whose pages are looked at.

use std::path::PathBuf;

use crate::support::Bench;

/// A page with what pages have: several points, replications, charts, tables.
pub fn sweep() -> (Bench, PathBuf) {
    let bench = Bench::new(
        "
name: sizes
description: How large a cache, and which policy?
duration: 4m
replications: 3
workload:
  arrivals: { poisson: { rate: 10/s } }
  prompts: { zipf: { count: 500, exponent: 0.9 } }
  users: { zipf: { count: 40, exponent: 1.0 } }
cache: { ttl: 1m, levels: [ { name: l1, capacity: 20 }, { name: l2, capacity: 200, latency: 5ms } ] }
models:
  m: { price: { per_token: $0.00003 }, server: { tokens: { ttft: 10ms, tpot: { exponential: { mean: 1ms } } }, concurrency: 4 } }
sweep:
  grid: { cache.levels.l1.capacity: [5, 10, 20, 100], cache.levels.l1.policy: [lru, sieve] }
charts:
  - line: { x: cache.levels.l1.capacity, y: [cache_hit_rate, e2e_p99_s], series: cache.levels.l1.policy }
  - cdf: { series: cache.levels.l1.capacity }
  - timeline: { series: cache.levels.l1.capacity }
",
    );
    let folder = bench.run(&["--quiet", "--format", "html"]);
    (bench, folder.join("report.html"))
}

/// Words that would do harm if they were not escaped.
pub const HARM: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "'</title></svg></style><svg onload=alert(3)>",
    "&lt;b&gt; ]]> {{x}} ${x} -->",
];

/// A page in which every word that a user may choose would do harm.
pub fn harmful() -> (Bench, PathBuf) {
    let [a, b, c, d] = HARM.map(|word| format!("'{}'", word.replace('\'', "''")));
    let bench = Bench::new(&format!(
        "
name: harmful
description: {a}
duration: 2m
replications: 2
workload:
  requests:
    - {{ prompt: {b}, user: {a} }}
    - {{ prompt: {c}, user: {b}, at: 30s }}
    - {{ prompt: {d}, user: {c}, at: 60s }}
cache: {{ ttl: 1m, levels: [ {{ name: {c}, capacity: 20 }} ] }}
models:
  {a}: {{ price: {{ per_token: $0.00003 }}, server: {{ seed: {{ speed: 1.0 }} }} }}
  {b}: {{ price: {{ per_token: $0.00001 }}, server: {{ seed: {{ speed: 2.0 }} }} }}
sweep:
  list:
    - {{ name: {a}, cache.ttl: 1m }}
    - {{ name: {b}, cache.ttl: 2m }}
    - {{ name: {c}, cache.ttl: 3m }}
    - {{ name: {d}, cache.ttl: 4m }}
charts:
  - bar: {{ x: variant, y: e2e_mean_s, title: {a}, subtitle: {b} }}
  - bar: {{ x: model, y: requests, series: variant, title: {c} }}
  - cdf: {{ series: variant, title: {d} }}
  - timeline: {{ series: variant }}
"
    ));
    let folder = bench.run(&["--quiet", "--format", "html"]);
    (bench, folder.join("report.html"))
}
