//! The semantic cache: real paraphrases, the model of intents, learned
//! thresholds, and the way through the simulator.

#[allow(dead_code, reason = "each test uses a part of it")]
#[path = "support/data.rs"]
mod data;

use std::sync::atomic::AtomicBool;

use windtunnel::cache::semantic::{Exact, Vectors, dot, read_npy};
use windtunnel::cache::{CacheSpec, Question, SemanticCache, SemanticPlan, Size};
use windtunnel::experiment::load::Document;
use windtunnel::experiment::{Overrides, prepare};
use windtunnel::kernel::{Streams, Time};
use windtunnel::pipeline::Outcome;
use windtunnel::stats::{Cell, Table};
use windtunnel::system::{self, METRICS, Recorder, RunTables};
use windtunnel::workload::{DataPaths, IntentId, Plan, PromptId, WorkloadSpec};

const PAIRS: usize = 999;

fn read<T: serde::de::DeserializeOwned>(yaml: &str) -> T {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
    serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
}

/// The real data's folder, if it is there.
fn paraphrases() -> Option<DataPaths> {
    let folder = data::folder();
    if folder.join("paraphrases/pairs.json").is_file() {
        return Some(DataPaths { folders: vec![folder] });
    }
    println!("SKIPPED: there is no paraphrases/ in {} (set WINDTUNNEL_DATA)", folder.display());
    None
}

fn vectors(name: &str) -> Vectors {
    read_npy(&[data::folder().join("paraphrases").join(name)]).unwrap()
}

fn moments(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.into_iter().collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / values.len() as f64).sqrt())
}

/// A semantic cache of the real paraphrases that holds all origins.
fn origins_stored(semantic: &str, prompts: &str, paths: &DataPaths) -> (SemanticCache<()>, Plan) {
    let workload: WorkloadSpec = read(&format!("prompts: {{paraphrases: {{{prompts}}}}}"));
    let workload = Plan::new(&workload, paths).unwrap();
    let spec: CacheSpec = read(&format!("semantic: {semantic}"));
    let plan = SemanticPlan::of(&spec, &workload, paths, &mut Vec::new()).unwrap().unwrap();
    let streams = Streams::new(42, 0);
    let mut cache = plan.cache(&streams);
    for (prompt, intent) in asked_in_order(&workload, &streams).take(PAIRS) {
        cache.store(Question::new(prompt, intent), None, (Size::default(), ()), Time::ZERO);
    }
    (cache, workload)
}

/// All origins, then all similar texts.
fn asked_in_order(plan: &Plan, streams: &Streams) -> impl Iterator<Item = (PromptId, IntentId)> {
    let mut source = plan.source(streams).unwrap();
    std::iter::from_fn(move || {
        let prompt = source.next()?.unwrap().prompt;
        Some((prompt, source.intent(prompt)))
    })
}

/// Hit ratio and the share of right answers.
fn ask_all_similar(cache: &mut SemanticCache<()>, workload: &Plan) -> (f64, f64) {
    let streams = Streams::new(42, 0);
    let asked = asked_in_order(workload, &streams).skip(PAIRS).take(PAIRS);
    let answers: Vec<bool> = asked
        .filter_map(|(prompt, intent)| {
            cache.lookup(Question::new(prompt, intent), Time::ZERO).answer
        })
        .map(|((), right)| right)
        .collect();
    let right = answers.iter().filter(|right| **right).count();
    (answers.len() as f64 / PAIRS as f64, right as f64 / answers.len() as f64)
}

const VECTORS: &str = "similarity: {vectors: {files: [origin.npy, similar.npy]}}";

#[test]
fn the_paraphrases_have_their_published_statistics() {
    let Some(_) = paraphrases() else { return };
    let (origins, similar) = (vectors("origin.npy"), vectors("similar.npy"));
    assert_eq!((origins.len(), origins.dimensions()), (PAIRS, 384));
    let cosine = |i: usize, j: usize| f64::from(dot(similar.row(i), origins.row(j)));
    let others = |i: usize| (0..PAIRS).filter(move |j| *j != i).map(move |j| cosine(i, j));
    let rounded = |(mean, sd): (f64, f64)| (format!("{mean:.3}"), format!("{sd:.3}"));
    let is = |mean: &str, sd: &str| (mean.to_owned(), sd.to_owned());
    let mut pairs: Vec<f64> = (0..PAIRS).map(|i| cosine(i, i)).collect();
    assert_eq!(rounded(moments(pairs.iter().copied())), is("0.923", "0.060"));
    pairs.sort_by(f64::total_cmp);
    let p5 = pairs[49] + 0.9 * (pairs[50] - pairs[49]);
    assert_eq!(format!("{p5:.3}"), "0.807");
    let best = (0..PAIRS).map(|i| others(i).fold(-1.0, f64::max));
    assert_eq!(rounded(moments(best)), is("0.781", "0.125"));
    assert_eq!(rounded(moments((0..PAIRS).flat_map(others))), is("0.202", "0.157"));
}

#[test]
fn the_published_table_of_thresholds_is_reproduced_to_its_last_digit() {
    let Some(paths) = paraphrases() else { return };
    for (threshold, hit_ratio, right) in [
        ("0.70", "0.9930", "0.9183"),
        ("0.80", "0.9610", "0.9250"),
        ("0.85", "0.9129", "0.9309"),
        ("0.90", "0.7588", "0.9433"),
        ("0.95", "0.3964", "0.9672"),
    ] {
        let spec = format!("{{threshold: {threshold}, {VECTORS}}}");
        // It counts a text that stands in two pairs as two questions.
        let prompts = "order: file, join_equal_texts: false";
        let (mut cache, workload) = origins_stored(&spec, prompts, &paths);
        let (hits, rightly) = ask_all_similar(&mut cache, &workload);
        let got = (format!("{hits:.4}"), format!("{rightly:.4}"));
        assert_eq!(got, (hit_ratio.to_owned(), right.to_owned()), "at {threshold}");
    }
}

#[test]
fn equal_texts_joined_more_answers_are_right_and_none_fewer_are_given() {
    let Some(paths) = paraphrases() else { return };
    let spec = format!("{{threshold: 0.85, {VECTORS}}}");
    let (mut cache, workload) = origins_stored(&spec, "order: file", &paths);
    let (hits, right) = ask_all_similar(&mut cache, &workload);
    println!("threshold 0.85: hit ratio {hits:.4}, right {right:.4}");
    assert_eq!(format!("{hits:.4}"), "0.9129");
    assert!((0.9529..0.97).contains(&right), "{right}");
}

#[test]
fn ngrams_of_the_paraphrases_find_most_of_them() {
    let Some(paths) = paraphrases() else { return };
    let spec = "{threshold: 0.4, similarity: {ngrams: {}}}";
    let (mut cache, workload) = origins_stored(spec, "order: file", &paths);
    let (hits, right) = ask_all_similar(&mut cache, &workload);
    println!("n-grams at 0.4: hit ratio {hits:.4}, right {right:.4}");
    assert!(hits > 0.85 && right > 0.85, "{hits} {right}");
}

#[test]
fn hnsw_finds_the_nearest_paraphrase_nearly_always() {
    let Some(paths) = paraphrases() else { return };
    let (origins, similar) = (vectors("origin.npy"), vectors("similar.npy"));
    let mut exact = Exact::new(384);
    (0..PAIRS).for_each(|row| exact.insert(row, origins.row(row)));
    let index = windtunnel::cache::semantic::HnswSpec::default();
    let levels = Streams::new(42, 0).stream("cache.semantic.hnsw");
    let mut hnsw = windtunnel::cache::semantic::Hnsw::new(&index, 384, levels);
    (0..PAIRS).for_each(|row| hnsw.insert(row, origins.row(row)));
    let found = (0..PAIRS).filter(|row| {
        let nearest = |found: Option<(usize, f32)>| found.map(|(_, similarity)| similarity);
        nearest(hnsw.nearest(similar.row(*row))) == nearest(exact.nearest(similar.row(*row)))
    });
    let recall = found.count() as f64 / PAIRS as f64;
    println!("recall@1 on the paraphrases: {recall:.4}");
    assert!(recall >= 0.99, "{recall}");
    let spec = format!("{{threshold: 0.9, index: {{hnsw: {{}}}}, {VECTORS}}}");
    let (mut cache, workload) = origins_stored(&spec, "order: file", &paths);
    let hits = ask_all_similar(&mut cache, &workload).0;
    assert!((hits - 0.7588).abs() < 0.005, "{hits}");
}

/// Runs the first replication of an experiment's only point.
fn run(yaml: &str) -> RunTables {
    let document = Document::from_text("test.yaml", yaml).unwrap();
    let prepared = prepare(&document, &Overrides::default()).unwrap();
    let streams = Streams::new(prepared.resolved.experiment.seed, 0);
    system::run(&prepared.setups[0], &streams, &AtomicBool::new(false), None).unwrap()
}

fn metric(tables: &RunTables, name: &str) -> f64 {
    tables.metrics[METRICS.iter().position(|metric| metric.name == name).unwrap()]
}

/// A count in the row of `levels.csv` that begins with `level`.
fn count(levels: &Table, level: &str, column: &str) -> i64 {
    let row = levels.rows.iter().find(|row| row[0] == Cell::from(level)).unwrap();
    let place = levels.column(column).unwrap();
    match row[place] {
        Cell::Int(count) => count,
        ref other => panic!("{column} is {other}"),
    }
}

const SYSTEM: &str = "
requests: 20000
duration: 2h
workload:
  arrivals: { poisson: { rate: 20/s } }
  prompts: { intents: { count: 2000, exponent: 0.9, phrasings: 5 } }
models: { m: { price: { per_token: 0.00001 }, quality: 0.9, server: { seed: {} } } }
";

#[test]
fn every_hit_is_counted_judged_and_paid_for_with_quality() {
    let yaml = format!(
        "{SYSTEM}\ncache: {{ levels: [{{name: l1, capacity: 200}}], \
         semantic: {{ threshold: 0.85, capacity: 1000, wrong_answer_quality: 0.1 }} }}"
    );
    let tables = run(&yaml);
    let of = |name| metric(&tables, name);
    let levels = &tables.levels;
    assert_eq!(count(levels, "l1", "misses"), count(levels, "semantic", "lookups"));
    assert_eq!(count(levels, "semantic", "hits") as f64, of("semantic_hits"));
    let exact = count(levels, "l1", "hits") as f64;
    assert_eq!(of("cache_hits"), exact + of("semantic_hits"));
    assert_eq!(of("cache_hits") + of("cache_misses"), of("requests"));
    assert!(of("semantic_hits") > 4000.0 && of("semantic_false_hits") > 100.0);
    // Only false hits are worth less than the model's quality: what wrong answers
    // cost is exactly theirs.
    let wrong = of("semantic_false_hits") / of("completed");
    let expected = 0.9 - wrong * (0.9 - 0.1);
    assert!((of("quality_mean") - expected).abs() < 1e-9, "{} {expected}", of("quality_mean"));
    let precision = 1.0 - of("semantic_false_hits") / of("semantic_hits");
    assert_eq!(of("semantic_precision"), precision);
    assert!((0.5..1.0).contains(&of("semantic_recall")), "{}", of("semantic_recall"));
    // The stage is there, and takes its time.
    let stage = tables.stages.rows.iter().find(|row| row[0] == Cell::from("semantic")).unwrap();
    assert_eq!(stage[3], Cell::Num(0.005));
    let without = run(&format!("{SYSTEM}\ncache: {{}}"));
    assert!(without.stages.rows.iter().all(|row| row[0] != Cell::from("semantic")));
    assert_eq!(metric(&without, "semantic_hits"), 0.0);
}

#[test]
fn a_lower_threshold_trades_wrong_answers_for_money() {
    let at = |threshold: f64| {
        let tables = run(&format!(
            "{SYSTEM}\ncache: {{ levels: [], semantic: {{ threshold: {threshold} }} }}"
        ));
        let of = |name| metric(&tables, name);
        (of("cost_usd"), of("semantic_false_hits"), of("cache_hit_rate"))
    };
    let sweep = [0.8, 0.85, 0.9, 0.95, 0.99].map(at);
    for pair in sweep.windows(2) {
        let ((cheap, wrong, hits), (dear, right, fewer)) = (pair[0], pair[1]);
        assert!(cheap < dear && wrong > right && hits > fewer, "{sweep:?}");
    }
}

/// Hits and false hits of the first 20,000 requests and of all 80,000, under
/// learned thresholds with this bound.
fn learned(bound: f64, similarity: &str) -> [(f64, f64); 2] {
    [20_000, 80_000].map(|requests| {
        let yaml = format!(
            "{SYSTEM}\ncache: {{ levels: [], semantic: {{ similarity: {similarity}, \
             mode: {{ learned: {{ max_error_rate: {bound} }} }} }} }}"
        )
        .replace("requests: 20000", &format!("requests: {requests}"));
        let tables = run(&yaml);
        (metric(&tables, "semantic_hits"), metric(&tables, "semantic_false_hits"))
    })
}

#[test]
fn learned_thresholds_keep_the_error_bound_and_answer_more_and_more() {
    // The fitted similarities, and a world so crowded that most neighbours of
    // other intents are more similar than most phrasings.
    let crowded = "{ intents: { different: { location: 0.5, shape: 0, crowding: 0 } } }";
    for (similarity, name) in [("intents", "fitted"), (crowded, "crowded")] {
        for bound in [0.005, 0.02, 0.05] {
            let [early, (hits, wrong)] = learned(bound, similarity);
            let (first, later) = (early.0 / 20_000.0, (hits - early.0) / 60_000.0);
            let (wrong_first, wrong_all) = (early.1 / 20_000.0, wrong / 80_000.0);
            println!(
                "{name}, bound {bound}: wrong {wrong_first:.4} at first, {wrong_all:.4} in all; \
                 hit rate {first:.3} at first, {later:.3} later"
            );
            assert!(wrong_first <= bound && wrong_all <= bound, "{wrong_first} {wrong_all}");
            assert!(later > first + 0.02, "{bound}: {first} then {later}");
        }
    }
}

#[test]
fn learned_thresholds_answer_nothing_where_every_neighbour_is_wrong() {
    let yaml = format!(
        "{SYSTEM}\ncache: {{ levels: [], semantic: {{ mode: {{ learned: {{ max_error_rate: 0.02 }} }} }} }}"
    )
    .replace("intents: { count: 2000, exponent: 0.9, phrasings: 5 }", "zipf: { count: 100000000, exponent: 0 }");
    let tables = run(&yaml);
    assert!(metric(&tables, "semantic_false_hits") / 20_000.0 <= 0.02);
    assert_eq!(metric(&tables, "semantic_precision").max(0.0), 0.0, "there is nothing right");
}

#[test]
fn hits_are_promoted_to_the_levels_only_if_asked_to() {
    let exact_hits = |promote: bool| {
        let tables = run(&format!(
            "{SYSTEM}\ncache: {{ levels: [{{name: l1, capacity: unbounded}}], \
             semantic: {{ promote: {promote} }} }}"
        ));
        (count(&tables.levels, "l1", "hits"), metric(&tables, "semantic_hits"))
    };
    let (without, with) = (exact_hits(false), exact_hits(true));
    assert!(with.0 > without.0 && with.1 < without.1, "{without:?} {with:?}");
}

#[test]
fn entries_expire_on_time_and_make_room_by_policy() {
    let ttl = |ttl: &str| {
        let tables = run(&format!(
            "{SYSTEM}\ncache: {{ ttl: {ttl}, levels: [], semantic: {{ capacity: 500 }} }}"
        ));
        let of = |column| count(&tables.levels, "semantic", column);
        assert_eq!(of("insertions"), of("evictions") + of("expirations") + of("entries"));
        assert!(of("entries") <= 500);
        (of("evictions"), of("expirations"), of("hits"))
    };
    let (short, long) = (ttl("5s"), ttl("10h"));
    assert!(short.0 == 0 && short.1 > 1000 && long.0 > 1000 && long.1 == 0, "{short:?} {long:?}");
    assert!(short.2 < long.2);
}

#[test]
fn real_texts_run_through_the_simulator() {
    if paraphrases().is_none() {
        return;
    }
    let folder = data::folder().join("paraphrases");
    let folder = folder.display();
    for similarity in [
        format!("{{ vectors: {{ files: ['{folder}/origin.npy', '{folder}/similar.npy'] }} }}"),
        "ngrams".to_owned(),
    ] {
        let yaml = format!(
            "requests: 4000
workload: {{ prompts: {{ paraphrases: {{ texts: '{folder}/pairs.json' }} }} }}
cache: {{ levels: [{{capacity: 100}}], semantic: {{ threshold: 0.85, similarity: {similarity} }} }}"
        );
        let document = Document::from_text("test.yaml", &yaml).unwrap();
        let prepared = prepare(&document, &Overrides::default()).unwrap();
        let setup = &prepared.setups[0];
        let (mut semantic, mut texts) = (0, 0);
        let recorder: Recorder<'_> = Box::new(|finished| {
            semantic += u32::from(finished.outcome == Outcome::SimilarHit);
            let incoming = &finished.request.incoming;
            let text = finished.source.prompt_text(incoming.prompt);
            texts += u32::from(text.chars().count() == incoming.chars as usize);
        });
        let streams = Streams::new(42, 0);
        let tables = system::run(setup, &streams, &AtomicBool::new(false), Some(recorder)).unwrap();
        assert_eq!(texts, 4000, "every text is real");
        assert_eq!(f64::from(semantic), metric(&tables, "semantic_hits"));
        assert!(semantic > 500, "{similarity}: {semantic}");
        assert!(metric(&tables, "semantic_precision") > 0.8);
    }
}

#[test]
fn texts_of_templates_are_similar_if_they_say_the_same() {
    let yaml = r#"
requests: 3000
workload:
  prompts:
    templates:
      texts:
        - { text: "Please summarise the report {report} for me", means: summary }
        - { text: "Summarise the report {report} for me, please", means: summary }
        - "Which products did {customer} return last year?"
      slots:
        report: { list: [alpha, omicron, zulu] }
        customer: { zipf: { count: 40, words: { constant: 4 } } }
cache: { levels: [{capacity: 1}], semantic: { threshold: 0.9, similarity: ngrams } }
"#;
    let document = Document::from_text("test.yaml", yaml).unwrap();
    let prepared = prepare(&document, &Overrides::default()).unwrap();
    let mut bad = 0;
    let recorder: Recorder<'_> = Box::new(|finished| {
        let incoming = &finished.request.incoming;
        let text = finished.source.prompt_text(incoming.prompt);
        bad += u32::from(text.chars().count() != incoming.chars as usize);
        bad +=
            u32::from(windtunnel::workload::text::words(&text) * 13 != incoming.input_decitokens);
    });
    let tables = system::run(
        &prepared.setups[0],
        &Streams::new(1, 0),
        &AtomicBool::new(false),
        Some(recorder),
    )
    .unwrap();
    assert_eq!(bad, 0, "every request is as long as its text");
    // 43 intents: each is asked of a model once at most.
    assert!(metric(&tables, "semantic_hits") > 2000.0, "{}", metric(&tables, "semantic_hits"));
    assert_eq!(metric(&tables, "semantic_false_hits"), 0.0);
}

#[test]
fn mistakes_are_told_at_their_places() {
    let mistakes = |yaml: &str| -> Vec<String> {
        let document = Document::from_text("test.yaml", yaml).unwrap();
        let found = prepare(&document, &Overrides::default()).unwrap_err();
        found.iter().map(ToString::to_string).collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("v.npy");
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend([0, 0, 128, 63, 0, 0, 0, 0]);
    std::fs::write(&file, bytes).unwrap();
    let file = file.display();
    for (semantic, place, message) in [
        ("similarity: {vectors: {files: [nowhere.npy]}}".to_owned(), "3:", "was not found"),
        (
            format!("similarity: {{vectors: {{files: ['{file}']}}}}"),
            "3:",
            "1 vectors for 10 prompts",
        ),
        ("similarity: ngrams".to_owned(), "3:", "have no texts"),
        ("index: hnsw".to_owned(), "3:", "no effect on the model of intents"),
        ("capacity: 0".to_owned(), "3:", "must hold something"),
        ("threshold: 1.5".to_owned(), "3:", "expected a number from 0 to 1"),
        ("mode: {learned: {max_error_rate: 0}}".to_owned(), "3:", "nothing could ever be answered"),
        ("similarity: {intents: {same: {median: 1.5}}}".to_owned(), "3:", "between 0 and 1"),
        ("treshold: 0.5".to_owned(), "3:", "treshold"),
    ] {
        let yaml = format!(
            "workload: {{ prompts: {{ zipf: {{ count: 10 }} }} }}\ncache:\n  semantic: {{ {semantic} }}\n"
        );
        let found = mistakes(&yaml).join("\n");
        assert!(found.contains(message) && found.contains(place), "{semantic}:\n{found}");
    }
    let missing = mistakes("workload:\n  prompts: { paraphrases: { texts: nowhere.json } }\n");
    assert!(missing[0].contains("`nowhere.json` was not found"), "{missing:?}");
    let named = mistakes("cache: { levels: [{name: semantic}], semantic: {} }");
    assert!(named[0].contains("give the level another name"), "{named:?}");
    assert!(mistakes("cache: { levels: [] }")[0].contains("a cache must have a level"));
}
