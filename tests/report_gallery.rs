//! Charts of made-up results, to be looked at: `cargo test --test
//! report_gallery -- --ignored` draws them into the target folder's
//! `tmp/gallery`.

mod support;

use std::fs;
use std::path::PathBuf;

use support::folder::{Folder, counts, names, write_breakdown, write_gantt};
use windtunnel::experiment::charts::ThemeSpec;
use windtunnel::report::{Format, default_charts, draw_in};
use windtunnel::stats::Cell;

fn draw(name: &str, folder: &Folder, charts: &str) {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gallery").join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    folder.write(&dir);
    write_breakdown(&dir, folder.points_table().rows.len() as i64);
    write_gantt(&dir);
    let swept = folder.swept();
    let specs = if charts.is_empty() {
        default_charts(&dir, &swept).unwrap()
    } else {
        support::charts(charts)
    };
    let theme = match name.rsplit('-').next() {
        Some("dark") => ThemeSpec::Dark,
        Some("print") => ThemeSpec::Print,
        _ => ThemeSpec::Light,
    };
    let formats = [Format::Svg, Format::Png];
    let files = draw_in(&dir, &specs, &swept, &formats, name, theme).unwrap();
    for file in files {
        println!("{}", file.display());
    }
}

const CAPACITY: &str = "cache.levels.l1.capacity";
const POLICY: &str = "cache.levels.l1.policy";

#[test]
#[ignore = "draws charts to be looked at"]
fn gallery() {
    let capacities = || counts(&[10, 100, 1000, 10_000]);
    let sweep = |sweep| Folder { sweep, replications: 10, noise: 0.05 };
    draw("single-run", &Folder { sweep: vec![], replications: 5, noise: 0.1 }, "");
    draw("one-path", &sweep(vec![(CAPACITY, capacities())]), "");
    draw(
        "two-paths",
        &sweep(vec![(CAPACITY, capacities()), (POLICY, names(&["lru", "sieve"]))]),
        "",
    );
    let policies =
        ["lru", "fifo", "sieve", "s3-fifo", "tinylfu", "arc", "lirs", "a-policy-with-a-long-name"];
    draw("eight-series", &sweep(vec![(CAPACITY, capacities()), (POLICY, names(&policies))]), "");
    draw(
        "categories",
        &sweep(vec![(POLICY, names(&policies)), ("cost.select", names(&["utility", "cheapest"]))]),
        "",
    );
    draw(
        "long-names",
        &sweep(vec![(
            "cost.select",
            names(&[
                "{\"utility\":{\"quality_threshold\":0.8,\"fallback\":\"cheapest\"}}",
                "{\"cascade\":{\"models\":[\"local-llama\",\"gpt-3.5\",\"gpt-4\"]}}",
                "cheapest",
                "random",
                "round_robin",
                "best_quality_within_budget",
                "a",
                "b",
                "c",
                "d",
            ]),
        )]),
        "[{bar: {x: cost.select, y: cost_per_request_usd}}]",
    );
    draw(
        "big-intervals",
        &Folder {
            noise: 0.8,
            ..sweep(vec![(CAPACITY, capacities()), (POLICY, names(&["lru", "sieve", "arc"]))])
        },
        "",
    );
    draw(
        "three-paths",
        &sweep(vec![
            (CAPACITY, capacities()),
            (POLICY, names(&["lru", "sieve"])),
            ("cache.semantic.threshold", vec![0.8.into(), 0.9.into(), 0.95.into()]),
        ]),
        "",
    );
    let many: Vec<Cell> = (0..12).map(|i| Cell::from(format!("policy-{i}"))).collect();
    draw(
        "twelve-series",
        &sweep(vec![
            ("workload.arrivals.poisson.rate", names(&["5/s", "10/s", "15/s", "20/s", "25/s"])),
            (POLICY, many),
        ]),
        "[{line: {x: workload.arrivals.poisson.rate, y: [e2e_p99_s, cache_hit_rate], series: cache.levels.l1.policy, y_scale: log}}]",
    );
    draw(
        "bytes",
        &sweep(vec![(CAPACITY, names(&["16MiB", "64MiB", "256MiB", "1GiB"]))]),
        "[{line: {x: cache.levels.l1.capacity}}]",
    );
    draw(
        "unbounded",
        &sweep(vec![
            (CAPACITY, names(&["100", "1000", "unbounded"])),
            ("cache.ttl", names(&["10m", "1h", "1d"])),
        ]),
        "[{line: {x: cache.levels.l1.capacity, series: cache.ttl}}, {line: {x: cache.ttl, series: cache.levels.l1.capacity}}, {cdf: {x_scale: linear}}]",
    );
    draw(
        "one-value",
        &sweep(vec![(CAPACITY, counts(&[1000])), (POLICY, names(&["lru", "sieve"]))]),
        "[{line: {x: cache.levels.l1.capacity, series: cache.levels.l1.policy}}, {bar: {x: cache.levels.l1.policy, y: cache_hit_rate}}]",
    );
    draw(
        "levels",
        &sweep(vec![(CAPACITY, capacities())]),
        "[{bar: {x: level, y: hits, series: cache.levels.l1.capacity}}, {line: {x: cache.levels.l1.capacity, y: hits, series: level}}, {timeline: {metrics: [queue]}}]",
    );
}

/// Every kind beyond lines and bars, in every theme.
#[test]
#[ignore = "draws charts to be looked at"]
fn kinds() {
    let capacities = counts(&[10, 30, 100, 300, 1000, 3000, 10_000]);
    let sweep = vec![(CAPACITY, capacities), (POLICY, names(&["lru", "fifo", "sieve", "s3-fifo"]))];
    let folder = Folder { sweep, replications: 12, noise: 0.08 };
    let charts = format!(
        "[{{heatmap: {{}}}}, {{heatmap: {{metric: cost_per_request_usd, x: {POLICY}, y: {CAPACITY}, scale: log}}}},
          {{scatter: {{series: {POLICY}}}}}, {{scatter: {{x: cache_hit_rate, y: e2e_p99_s, facet: {POLICY}, series: {CAPACITY}}}}},
          {{box: {{series: {POLICY}}}}}, {{box: {{y: e2e_s, x: {POLICY}, facet: {CAPACITY}}}}},
          {{violin: {{x: {CAPACITY}, series: {POLICY}}}}}, {{violin: {{y: e2e_s, x: {POLICY}, facet: {CAPACITY}, y_scale: log}}}},
          {{line: {{x: {CAPACITY}, facet: {POLICY}, y: cache_hit_rate}}}}, {{bar: {{x: {POLICY}, facet: {CAPACITY}}}}},
          {{line: {{x: {CAPACITY}, series: {POLICY}}}}}, {{timeline: {{series: {POLICY}}}}},
          {{area: {{points: [0, 9]}}}}, {{area: {{by: user, points: [0], share: true, file: users}}}},
          {{area: {{columns: [completions_rps, errors_rps], points: [3], file: columns}}}}, {{gantt: {{}}}}]"
    );
    for name in ["kinds", "kinds-dark", "kinds-print"] {
        draw(name, &folder, &charts);
    }
}
