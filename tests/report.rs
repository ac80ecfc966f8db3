//! From a results folder's CSV files to charts and the terminal's table.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use resvg::tiny_skia::Pixmap;
use resvg::usvg::roxmltree::Document;
use support::folder::{Folder, counts, names, wobble};
use support::{charts, golden};
use windtunnel::experiment::charts::ChartSpec;
use windtunnel::report::csv::{read_table, write_table};
use windtunnel::report::{Format, Terminal, default_charts, draw_all, summary};
use windtunnel::stats::{Cell, Table};

const CAPACITY: &str = "cache.levels.l1.capacity";
const POLICY: &str = "cache.levels.l1.policy";

fn sweep() -> Folder {
    let sweep =
        vec![(CAPACITY, counts(&[10, 100, 1000, 10_000])), (POLICY, names(&["lru", "sieve"]))];
    Folder { sweep, replications: 3, noise: 0.05 }
}

/// The charts of a made-up folder, by name.
fn drawn(folder: &Folder, yaml: &str, formats: &[Format]) -> Vec<(String, Vec<u8>)> {
    let dir = tempfile::tempdir().unwrap();
    folder.write(dir.path());
    let files = draw_all(dir.path(), &charts(yaml), &folder.swept(), formats, "made up").unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

#[test]
fn each_chart_kind_draws_the_same_bytes_as_ever() {
    let kinds = format!(
        "[{{line: {{x: {CAPACITY}, y: e2e_p99_s, series: {POLICY}}}}},
          {{bar: {{x: {POLICY}, y: cost_per_request_usd, series: {CAPACITY}}}}},
          {{cdf: {{series: {POLICY}}}}},
          {{timeline: {{metrics: [completions_rps, queue], points: [0, 7]}}}}]"
    );
    let files = drawn(&sweep(), &kinds, &[Format::Svg]);
    assert_eq!(files.len(), 4);
    for (name, svg) in files {
        golden(&name, &String::from_utf8(svg).unwrap());
    }
}

/// The savings of two replications at the first point.
fn write_savings(dir: &Path) {
    let mut savings = Table::new(["point", "replication", "step", "usd"]);
    for (replication, more) in [0.0, 2.0].into_iter().enumerate() {
        for (step, usd) in [
            ("list price", 20.0 + more),
            ("cache l1", 6.0),
            ("choice of models", -1.5),
            ("batch", 4.0 + more),
            ("paid", 11.5),
        ] {
            savings.push(vec![0_u64.into(), (replication as u64).into(), step.into(), usd.into()]);
        }
    }
    write_table(&dir.join("savings.csv"), &savings).unwrap();
}

#[test]
fn charts_of_money_draw_the_same_bytes_as_ever() {
    let kinds = format!(
        "[{{budget: {{budget: $4000, every: 30m, points: [0, 7]}}}}, {{waterfall: {{}}}},
          {{frontier: {{y: cache_hit_rate, series: {CAPACITY}, labels: [tiny, small], file: frontier}}}}]"
    );
    let (folder, dir) = (sweep(), tempfile::tempdir().unwrap());
    folder.write(dir.path());
    write_savings(dir.path());
    let files =
        draw_all(dir.path(), &charts(&kinds), &folder.swept(), &[Format::Svg], "made up").unwrap();
    assert_eq!(files.len(), 3);
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        golden(&name, &fs::read_to_string(file).unwrap());
    }
}

#[test]
fn drawing_twice_gives_equal_bytes_in_both_formats() {
    let charts = format!("[{{line: {{x: {CAPACITY}, series: {POLICY}}}}}, {{cdf: {{}}}}]");
    let draw = || drawn(&sweep(), &charts, &[Format::Svg, Format::Png]);
    assert_eq!(draw(), draw());
}

#[test]
fn a_png_is_twice_the_size_of_its_svg_and_not_blank() {
    let charts = format!("[{{line: {{x: {CAPACITY}, series: {POLICY}}}}}]");
    let files = drawn(&sweep(), &charts, &[Format::Svg, Format::Png]);
    let svg = String::from_utf8(files[0].1.clone()).unwrap();
    let document = Document::parse(&svg).unwrap();
    let side = |name| document.root_element().attribute(name).unwrap().parse::<u32>().unwrap();
    let png = Pixmap::decode_png(&files[1].1).unwrap();
    assert_eq!((png.width(), png.height()), (2 * side("width"), 2 * side("height")));
    let pixels = png.pixels();
    let dark = pixels.iter().filter(|p| p.red() < 60 && p.green() < 60 && p.blue() < 60).count();
    let white = pixels.iter().filter(|p| p.red() == 255 && p.blue() == 255).count();
    assert!(dark > 1500, "no text was drawn: {dark} dark pixels");
    assert!(white > pixels.len() / 2, "only {white} of {} pixels are white", pixels.len());
}

#[test]
fn file_names_say_what_is_shown_and_do_not_clash() {
    let charts = format!(
        "[{{line: {{x: {CAPACITY}, series: {POLICY}, y: [e2e_p99_s, cache_hit_rate]}}}},
          {{line: {{x: {CAPACITY}}}}}, {{cdf: {{metric: ttft_s}}}}, {{bar: {{x: level, y: hits}}}},
          {{line: {{file: mine}}}}, timeline: {{}}]"
    )
    .replace("timeline: {}", "{timeline: {}}");
    let files: Vec<String> =
        drawn(&sweep(), &charts, &[Format::Svg]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        files,
        [
            "e2e_p99_s-by-cache.levels.l1.capacity.svg",
            "cache_hit_rate-by-cache.levels.l1.capacity.svg",
            "e2e_p99_s-by-cache.levels.l1.capacity-2.svg",
            "ttft_s-cdf.svg",
            "hits-by-level.svg",
            "mine.svg",
            "timeline.svg",
        ]
    );
}

#[test]
fn a_dimension_that_is_not_named_gets_panels_or_is_held_and_said() {
    let panels = drawn(&sweep(), &format!("[{{line: {{x: {CAPACITY}}}}}]"), &[Format::Svg]);
    let text = String::from_utf8(panels[0].1.clone()).unwrap();
    assert!(text.contains("L1 policy lru") && text.contains("L1 policy sieve"));
    let mut many = sweep();
    many.sweep.push(("seed", counts(&[1, 2, 3, 4, 5, 6, 7])));
    let charts = format!("[{{line: {{x: {CAPACITY}, series: {POLICY}}}}}]");
    let held = drawn(&many, &charts, &[Format::Svg]);
    let text = String::from_utf8(held[0].1.clone()).unwrap();
    assert!(text.contains("only seed 1 (1 of 7 combinations)"));
}

#[test]
fn no_two_panels_have_the_same_title() {
    let select = ["best", r#"{"utility":{"quality_threshold":0.8}}"#];
    let folder = Folder {
        sweep: vec![
            ("cost.select", names(&select)),
            (CAPACITY, counts(&[10, 30, 70])),
            ("cache.ttl", names(&["1m", "10m"])),
        ],
        replications: 3,
        noise: 0.05,
    };
    let charts = "[{bar: {x: level, y: hits, series: cache.ttl}},
                   {box: {x: cache.ttl, y: e2e_p99_s}}]";
    for (name, svg) in drawn(&folder, charts, &[Format::Svg]) {
        let text = String::from_utf8(svg).unwrap();
        assert!(!text.contains('…'), "{name} has a title that is cut");
        for capacity in ["10", "30", "70"] {
            let titles = text.lines().filter(|line| line.split(' ').next_back() == Some(capacity));
            assert!(titles.count() >= 2, "{name}: {capacity}");
        }
    }
}

#[test]
fn default_charts_suit_what_was_swept() {
    let kinds = |folder: &Folder| {
        let dir = tempfile::tempdir().unwrap();
        folder.write(dir.path());
        let charts = default_charts(dir.path(), &folder.swept()).unwrap();
        let files = draw_all(dir.path(), &charts, &folder.swept(), &[Format::Svg], "").unwrap();
        let name = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        files.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(&sweep()),
        [
            "cost_per_request_usd-by-cache.levels.l1.capacity",
            "e2e_p99_s-by-cache.levels.l1.capacity",
            "cache_hit_rate-by-cache.levels.l1.capacity",
            "e2e_s-cdf",
            "timeline",
        ]
    );
    assert_eq!(
        kinds(&Folder { sweep: vec![], ..sweep() }),
        ["hits-by-level", "requests-by-model", "e2e_s-cdf", "timeline"]
    );
}

/// A folder of points drawn at random: each differs from the next in everything.
fn write_random(dir: &Path) {
    let mut points =
        Table::new(["point", "a.rate", "b.size", "e2e_p99_s", "e2e_p99_s_lo95", "e2e_p99_s_hi95"]);
    for i in 0..40_usize {
        let [a, b] = [i as f64 / 4.0, (i * 17 % 40) as f64];
        let (y, half) = (1.0 + a + 0.3 * wobble(i), 0.1);
        let ends = [y, y - half, y + half].map(Cell::from);
        points.push([vec![Cell::Int(i as i64), a.into(), b.into()], ends.to_vec()].concat());
    }
    write_table(&dir.join("points.csv"), &points).unwrap();
    let mut latency = Table::new(["point", "replication", "quantile", "e2e_s"]);
    latency.push(vec![Cell::Int(0), Cell::Int(0), 0.5.into(), 1.0.into()]);
    write_table(&dir.join("latency.csv"), &latency).unwrap();
}

#[test]
fn points_at_random_are_scattered_with_a_trend_and_never_joined() {
    let dir = tempfile::tempdir().unwrap();
    write_random(dir.path());
    let swept = ["a.rate", "b.size"].map(str::to_owned);
    let chosen = default_charts(dir.path(), &swept).unwrap();
    let [ChartSpec::Scatter(scatter)] = chosen.as_slice() else { panic!("{chosen:?}") };
    assert_eq!((&scatter.x.0[..], &scatter.y.0[..]), (&swept[..], &["e2e_p99_s".to_owned()][..]));
    let svg = |specs: &[ChartSpec]| {
        let files = draw_all(dir.path(), specs, &swept, &[Format::Svg], "random").unwrap();
        fs::read_to_string(&files[0]).unwrap()
    };
    for specs in [chosen, charts("[{line: {x: a.rate}}]")] {
        let svg = svg(&specs);
        assert!(svg.contains("trend (LOWESS)"), "{svg}");
        // A line through all marks would be one path of forty places.
        let longest = svg.matches("<polyline").count();
        let joined = svg
            .lines()
            .filter(|line| line.contains("<polyline") && line.matches(',').count() >= 40);
        assert_eq!(joined.count(), 0, "{longest} lines");
    }
    // Points that differ along the path alone are joined as ever.
    let line = "[{line: {x: cache.levels.l1.capacity, series: cache.levels.l1.policy}}]";
    let grid = drawn(&sweep(), line, &[Format::Svg]);
    assert!(!String::from_utf8(grid[0].1.clone()).unwrap().contains("LOWESS"));
}

/// A folder of named points, of which the second could not keep up.
fn write_named(dir: &Path, overloaded: f64) {
    let mut points = Table::new([
        "point",
        "variant",
        "a.b",
        "c.d",
        "throughput_rps",
        "quality_mean",
        "overloaded",
    ]);
    for (i, (name, a, x, y)) in
        [("eager", "1", 5.0, 0.5), ("lazy", "", 9.0, 0.9), ("steady", "3", 7.0, 0.3)]
            .into_iter()
            .enumerate()
    {
        let a = if a.is_empty() { Cell::Empty } else { a.into() };
        let overloaded = if name == "lazy" { overloaded } else { 0.0 };
        points.push(vec![
            Cell::Int(i as i64),
            name.into(),
            a,
            Cell::Empty,
            x.into(),
            y.into(),
            overloaded.into(),
        ]);
    }
    write_table(&dir.join("points.csv"), &points).unwrap();
}

#[test]
fn a_frontier_names_its_points_by_their_variants_and_marks_what_is_overloaded() {
    let draw = |overloaded: f64| {
        let dir = tempfile::tempdir().unwrap();
        write_named(dir.path(), overloaded);
        let swept = ["variant", "a.b", "c.d"].map(str::to_owned);
        let charts = charts("[{frontier: {x: throughput_rps, y: quality_mean}}]");
        let files = draw_all(dir.path(), &charts, &swept, &[Format::Svg], "").unwrap();
        fs::read_to_string(&files[0]).unwrap()
    };
    let (calm, loaded) = (draw(0.4), draw(0.6));
    let lines = |svg: &str| svg.lines().map(str::trim).map(str::to_owned).collect::<Vec<_>>();
    for name in ["eager", "lazy", "steady"] {
        assert!(lines(&calm).iter().any(|line| line == name), "{name} alone:\n{calm}");
    }
    assert!(!calm.contains("(default)"), "{calm}");
    assert!(calm.contains("higher is better") && calm.contains("beaten by another"), "{calm}");
    assert!(!calm.contains("overloaded"), "{calm}");
    assert!(loaded.contains("overloaded beats nothing"), "{loaded}");
    assert!(lines(&loaded).iter().any(|line| line == "overloaded"), "a legend:\n{loaded}");
}

#[test]
fn whiskers_stay_within_their_panel() {
    let dir = tempfile::tempdir().unwrap();
    let columns =
        ["point", "a.rate", "e2e_p99_s", "e2e_p99_s_lo95", "e2e_p99_s_hi95", "throughput_rps"];
    let mut points = Table::new(columns);
    // Intervals that reach zero, where the axis need not.
    for row in [[0.0, 1.0, 80.0, 0.0, 95.0, 5.0], [1.0, 2.0, 90.0, 0.0, 99.0, 6.0]] {
        points.push(row.map(Cell::from).to_vec());
    }
    write_table(&dir.path().join("points.csv"), &points).unwrap();
    let charts = charts(
        "[{frontier: {x: throughput_rps, y: e2e_p99_s}}, {scatter: {x: a.rate, y: e2e_p99_s}}]",
    );
    let swept = ["a.rate".to_owned()];
    for file in draw_all(dir.path(), &charts, &swept, &[Format::Svg], "").unwrap() {
        let svg = fs::read_to_string(&file).unwrap();
        let document = Document::parse(&svg).unwrap();
        let lines = document.descendants().filter_map(|node| node.attribute("points"));
        let heights = lines.flat_map(str::split_whitespace).filter_map(|at| at.split(',').nth(1));
        let lowest = heights.map(|y| y.parse::<f64>().unwrap()).fold(0.0, f64::max);
        let height: f64 = document.root_element().attribute("height").unwrap().parse().unwrap();
        assert!(lowest < 10.0 * (height - 40.0), "{}: {lowest}", file.display());
    }
}

#[test]
fn overloaded_points_of_a_line_are_hollow_and_the_legend_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let draw = |share: f64| {
        let mut points = Table::new(["point", "a.rate", "e2e_p99_s", "overloaded"]);
        for i in 0..4_u64 {
            let overloaded = if i == 3 { share } else { 0.0 };
            points.push(vec![i.into(), i.into(), (i as f64 + 1.0).into(), overloaded.into()]);
        }
        write_table(&dir.path().join("points.csv"), &points).unwrap();
        let (charts, swept) = (charts("[{line: {x: a.rate}}]"), ["a.rate".to_owned()]);
        let files = draw_all(dir.path(), &charts, &swept, &[Format::Svg], "").unwrap();
        fs::read_to_string(&files[0]).unwrap()
    };
    let (calm, loaded) = (draw(0.5), draw(0.8));
    assert!(!calm.contains("overloaded") && loaded.contains("overloaded"), "{loaded}");
    // A ring over its mark, and one in the legend, of two discs each.
    assert_eq!(loaded.matches("<circle").count(), calm.matches("<circle").count() + 4);
    let charts = charts("[{bar: {x: a.rate}}]");
    let swept = ["a.rate".to_owned()];
    let files = draw_all(dir.path(), &charts, &swept, &[Format::Svg], "").unwrap();
    assert!(fs::read_to_string(&files[0]).unwrap().contains("overloaded"), "bars too");
}

#[test]
fn a_title_over_several_metrics_is_that_of_the_group() {
    let title = |yaml: &str| {
        let files = drawn(&sweep(), yaml, &[Format::Svg]);
        files
            .into_iter()
            .map(|(_, svg)| {
                let svg = String::from_utf8(svg).unwrap();
                let title = svg.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
                title.to_owned()
            })
            .collect::<Vec<_>>()
    };
    for kind in ["line", "bar", "box"] {
        let both = format!("[{{{kind}: {{x: {CAPACITY}, y: [e2e_p99_s, errors], title: Sizes}}}}]");
        let both = if kind == "box" { both.replace("errors", "requests") } else { both };
        let found = title(&both);
        assert_eq!(found[0], "Sizes: p99 latency", "{kind}");
        assert!(found[1].starts_with("Sizes: ") && found[1] != found[0], "{kind}: {found:?}");
        let one = title(&format!("[{{{kind}: {{x: {CAPACITY}, y: e2e_p99_s, title: Sizes}}}}]"));
        assert_eq!(one, ["Sizes"], "{kind}");
    }
}

#[test]
fn a_legend_has_short_names_and_a_logarithm_says_what_becomes_of_zero() {
    let dir = tempfile::tempdir().unwrap();
    let mut points = Table::new(["point", "a.rate", "resilience", "wait_mean_s"]);
    let retries = [
        r#"{"num_retries":0,"backoff":{"base":"1s"}}"#,
        r#"{"num_retries":3,"backoff":{"base":"1s"}}"#,
    ];
    for (i, (retries, rate)) in
        retries.iter().flat_map(|r| [1_u64, 2, 3].map(|rate| (r, rate))).enumerate()
    {
        let wait = if rate == 1 { 0.0 } else { i as f64 };
        points.push(vec![(i as u64).into(), rate.into(), (*retries).into(), wait.into()]);
    }
    write_table(&dir.path().join("points.csv"), &points).unwrap();
    let charts = charts("[{line: {x: a.rate, y: wait_mean_s, series: resilience, y_scale: log}}]");
    let swept = ["a.rate", "resilience"].map(str::to_owned);
    let files = draw_all(dir.path(), &charts, &swept, &[Format::Svg], "").unwrap();
    let svg = fs::read_to_string(&files[0]).unwrap();
    let lines: Vec<&str> = svg.lines().map(str::trim).collect();
    assert!(lines.contains(&"retries 0") && lines.contains(&"retries 3"), "{svg}");
    assert!(!svg.contains("backoff"), "{svg}");
    assert!(svg.contains("linear below 1 s"), "{svg}");
}

#[test]
fn what_is_missing_is_named_with_what_is_near() {
    let dir = tempfile::tempdir().unwrap();
    let folder = sweep();
    folder.write(dir.path());
    let error = |yaml: &str| {
        let charts = charts(yaml);
        draw_all(dir.path(), &charts, &folder.swept(), &[Format::Svg], "").unwrap_err().to_string()
    };
    assert_eq!(
        error("[{line: {y: e2e_p98_s}}]"),
        "points.csv has no column `e2e_p98_s`: did you mean `e2e_p99_s`?"
    );
    assert_eq!(
        error("[{line: {x: cache.levels.l1.capacty}}]"),
        "`cache.levels.l1.capacty` was not swept: did you mean `cache.levels.l1.capacity`?"
    );
    assert!(error("[{bar: {x: stage, y: mean_s}}]").contains("stages.csv"));
}

#[test]
fn the_summary_has_a_row_for_each_point() {
    let folder = Folder { replications: 3, noise: 0.04, ..sweep() };
    golden(
        "summary.txt",
        &summary(&folder.points_table(), &folder.swept(), &[], Terminal::default()),
    );
}

#[test]
fn the_summary_keeps_to_the_terminal_and_counts_what_it_leaves_out() {
    let mut folder = sweep();
    folder.sweep.push(("seed", counts(&[1, 2, 3, 4, 5])));
    let terminal = Terminal { width: Some(80), color: true };
    let text = summary(&folder.points_table(), &folder.swept(), &[], terminal);
    let plain = text.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
    assert_ne!(text, plain);
    assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
    // Two rules, the header, its rule, 20 rows, the last line: none is broken.
    assert_eq!(plain.lines().count(), 25, "{plain}");
    assert!(plain.ends_with("... and 20 more points in points.csv\n"), "{plain}");
    assert_eq!(summary(&Table::new(["point"]), &[], &[], terminal), "");
}

/// Numbers that give charts trouble.
fn odd_numbers() -> impl Strategy<Value = Cell> {
    prop_oneof![
        Just(Cell::Empty),
        Just(Cell::Int(0)),
        Just(Cell::Num(1.0)),
        any::<f64>().prop_map(Cell::from),
        (-1.0..1.0).prop_map(Cell::Num),
        (0.0..1e-9).prop_map(Cell::Num),
        (1e9..1e15).prop_map(Cell::Num),
        "[a-z<&\"\\x00-\\x1f語]{0,40}".prop_map(Cell::Text),
    ]
}

/// A folder whose tables hold whatever comes.
fn write_odd(dir: &Path, rows: &[[Cell; 4]], title: &str) {
    let cells = |row: usize, key: &[&Cell]| {
        [vec![Cell::Int(row as i64)], key.iter().map(|c| (*c).clone()).collect()].concat()
    };
    let mut points = Table::new([
        "point",
        "a.rate",
        "b",
        "e2e_p99_s",
        "e2e_p99_s_lo95",
        "e2e_p99_s_hi95",
        "hit_rate",
    ]);
    let mut levels = Table::new(["point", "level", "hits"]);
    let mut latency = Table::new(["point", "quantile", "e2e_s"]);
    let mut timeline = Table::new(["point", "time_s", "queue", "charged_usd"]);
    for (i, [a, b, c, d]) in rows.iter().enumerate() {
        let quantile = Cell::Num(i as f64 / rows.len() as f64);
        points.push(cells(i, &[a, b, c, d, b, a]));
        levels.push(cells(i % 3, &[b, c]));
        latency.push(cells(i % 2, &[&quantile, c]));
        timeline.push(cells(i % 2, &[a, c, d]));
    }
    let mut runs = Table::new(["point", "replication", title]);
    runs.push(vec![Cell::Int(0), Cell::Int(0), Cell::Empty]);
    for (name, table) in [
        ("points", points),
        ("levels", levels),
        ("latency", latency),
        ("timeline", timeline),
        ("runs", runs),
    ] {
        write_table(&dir.join(format!("{name}.csv")), &table).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_was_measured_makes_valid_charts(
        rows in prop::collection::vec([odd_numbers(), odd_numbers(), odd_numbers(), odd_numbers()], 0..24),
        title in "[ -~\\x00-\\x1fé語]{0,200}",
    ) {
        let dir = tempfile::tempdir().unwrap();
        write_odd(dir.path(), &rows, "x");
        let swept = ["a.rate".to_owned(), "b".to_owned()];
        let yaml = "[{line: {x: a.rate, y: [e2e_p99_s, hit_rate], series: b}}, {line: {x: b, x_scale: log, y_scale: log}},
            {line: {x: point}}, {bar: {x: b, series: a.rate}}, {bar: {x: level, y: hits}},
            {scatter: {x: [a.rate, b, hit_rate], y: e2e_p99_s, x_scale: log, y_scale: log}},
            {frontier: {x: hit_rate, y: e2e_p99_s}}, {frontier: {x: e2e_p99_s, y: hit_rate, series: b, y_scale: log}},
            {heatmap: {metric: e2e_p99_s, scale: log}},
            {cdf: {}}, {cdf: {series: b, x_scale: log}}, {timeline: {}}, {timeline: {series: a.rate}}]";
        let mut specs = charts(yaml);
        specs.extend(default_charts(dir.path(), &swept).unwrap());
        for path in draw_all(dir.path(), &specs, &swept, &[Format::Svg], &title).unwrap() {
            let svg = fs::read_to_string(&path).unwrap();
            let document = Document::parse(&svg);
            prop_assert!(document.is_ok(), "{}: {:?}", path.display(), document.err());
            prop_assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{}", path.display());
        }
        let points = read_table(&dir.path().join("points.csv")).unwrap();
        summary(&points, &swept, &[], Terminal { width: Some(60), color: true });
    }
}

#[test]
fn single_points_and_equal_values_are_drawn() {
    for values in [counts(&[5]), counts(&[0]), names(&["only"])] {
        let folder = Folder { sweep: vec![("a.b", values)], replications: 1, noise: 0.0 };
        let files =
            drawn(&folder, "[{line: {x: a.b}}, {bar: {x: a.b}}, {cdf: {}}]", &[Format::Png]);
        assert!(files.iter().all(|(_, png)| Pixmap::decode_png(png).is_ok()));
    }
}
