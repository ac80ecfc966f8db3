//! The tables of `docs/validation.md`: miss ratios beside libCacheSim's.

use windtunnel::cache::policy::{Belady, LruKSpec};
use windtunnel::cache::{Item, Key, PolicySpec};
use windtunnel::spec::{Capacity, NonNegative};

use super::{lots, mooncake, mooncake_in_tokens, policy, zipf};

#[test]
fn lru_hit_ratios_of_the_mooncake_traces_are_the_published_ones() {
    let capacities = [1000, 10_000, 30_000, 50_000, 100_000].map(Capacity::Entries);
    let capacities = [&capacities[..], &[Capacity::Unbounded]].concat();
    for (file, accesses, published) in [
        ("conversation", 288_500, [0.0445, 0.2112, 0.3257, 0.3546, 0.3637, 0.3664]),
        ("synthetic", 0, [0.0825, 0.4235, 0.6242, 0.6396, 0.6396, 0.6396]),
    ] {
        let Some(trace) = mooncake(file) else { return };
        assert!(accesses == 0 || trace.len() == accesses);
        for (capacity, published) in capacities.iter().zip(published) {
            let hits = policy("lru", *capacity).replay(trace.iter().copied());
            let ratio = hits as f64 / trace.len() as f64;
            assert_eq!(format!("{ratio:.4}"), format!("{published:.4}"), "{file}, {capacity}");
        }
    }
}

const ZIPF: [u64; 2] = [10_000, 100_000];
const CONVERSATION: [u64; 4] = [1000, 10_000, 30_000, 100_000];

/// Miss ratios at the capacities of [`ZIPF`] and [`CONVERSATION`].
#[rustfmt::skip]
const FIGURES: [(&str, [&str; 2], [&str; 4]); 15] = [
    ("lru", ["0.4168", "0.2447"], ["0.9555", "0.7888", "0.6743", "0.6363"]),
    ("fifo", ["0.4510", "0.2664"], ["0.9565", "0.8135", "0.6979", "0.6407"]),
    ("random", ["0.4506", "0.2613"], ["0.9540", "0.8285", "0.7234", "0.6509"]),
    ("lfu", ["0.3590", "0.2393"], ["0.9519", "0.8682", "0.7241", "0.6369"]),
    ("clock", ["0.4072", "0.2413"], ["0.9553", "0.7857", "0.6709", "0.6369"]),
    ("sieve", ["0.3590", "0.2393"], ["0.9519", "0.8682", "0.7241", "0.6369"]),
    ("s3_fifo", ["0.3504", "0.2404"], ["0.9457", "0.8075", "0.7451", "0.6599"]),
    ("w_tinylfu", ["0.3600", "0.2426"], ["0.9321", "0.8436", "0.7932", "0.7069"]),
    ("arc", ["0.3507", "0.2389"], ["0.9471", "0.7775", "0.6892", "0.6369"]),
    ("two_q", ["0.3663", "0.2591"], ["0.9459", "0.8151", "0.6938", "0.6407"]),
    ("slru", ["0.3595", "0.2393"], ["0.9519", "0.8543", "0.6943", "0.6369"]),
    ("lirs", ["0.3503", "0.2390"], ["0.9425", "0.8027", "0.7546", "0.6925"]),
    ("lru_k", ["0.3555", "0.2393"], ["0.9501", "0.8201", "0.7199", "0.6369"]),
    ("gdsf", ["0.3851", "0.2406"], ["0.9553", "0.7829", "0.6716", "0.6369"]),
    ("belady", ["0.2905", "0.2174"], ["0.8093", "0.6336", "0.6336", "0.6336"]),
];

fn zipf_requests() -> Vec<Item> {
    zipf::benchmark_trace(1_000_000).into_iter().map(|id| Item::unit(Key(id))).collect()
}

fn miss_ratio(hits: u64, trace: &[Item]) -> String {
    format!("{:.4}", 1.0 - hits as f64 / trace.len() as f64)
}

fn hits(name: &str, entries: u64, trace: &[Item]) -> u64 {
    let capacity = Capacity::Entries(entries);
    match name {
        "belady" => Belady::replay(capacity, trace),
        name => policy(name, capacity).replay(trace.iter().copied()),
    }
}

#[test]
fn miss_ratios_on_zipf_requests_are_those_of_the_document() {
    let trace = zipf_requests();
    for (name, figures, _) in FIGURES {
        for (entries, figure) in ZIPF.into_iter().zip(figures) {
            let ratio = miss_ratio(hits(name, entries, &trace), &trace);
            assert_eq!(ratio, figure, "{name} of {entries}");
        }
    }
}

#[test]
fn miss_ratios_on_the_conversation_are_those_of_the_document() {
    let Some(trace) = mooncake("conversation") else { return };
    for (name, _, figures) in FIGURES {
        for (entries, figure) in CONVERSATION.into_iter().zip(figures) {
            let ratio = miss_ratio(hits(name, entries, &trace), &trace);
            assert_eq!(ratio, figure, "{name} of {entries}");
        }
    }
}

#[test]
fn every_policy_and_figure_is_in_the_document() {
    let document = include_str!("../../docs/validation.md");
    let row = |name: &str| document.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
    for (name, zipf, conversation) in FIGURES {
        let cells = row(name).expect("a row for each policy").split('|').skip(2);
        for (cell, figure) in cells.zip(zipf.into_iter().chain(conversation)) {
            assert!(cell.trim().starts_with(figure), "{name}: {cell} is not {figure}");
        }
    }
    assert!(PolicySpec::all().iter().all(|policy| row(policy.name()).is_some()));
}

#[test]
fn lru_k_without_history_has_libcachesims_figures() {
    let history = NonNegative::try_from(0.0).expect("not negative");
    let spec = PolicySpec::LruK(LruKSpec { k: 2, history });
    let check = |trace: &[Item], entries, figure| {
        let hits = spec.build(Capacity::Entries(entries), lots()).replay(trace.iter().copied());
        assert_eq!(miss_ratio(hits, trace), figure, "of {entries}");
    };
    check(&zipf_requests(), 10_000, "0.3590");
    let Some(trace) = mooncake("conversation") else { return };
    for (entries, figure) in CONVERSATION.into_iter().zip(["0.9519", "0.8682", "0.7241", "0.6369"])
    {
        check(&trace, entries, figure);
    }
}

/// Miss ratios of the conversation's blocks, weighed by their tokens, in caches of so many bytes
/// (0.3, 1, 5 and 20 % of all), and libCacheSim's, which `benches/libcachesim_rules.py` gives too.
const WEIGHED: [(&str, [&str; 4], [&str; 4]); 2] = [
    (
        "arc",
        ["0.954447", "0.935688", "0.791248", "0.679782"],
        ["0.954447", "0.935182", "0.812925", "0.701508"],
    ),
    (
        "lirs",
        ["0.953969", "0.924503", "0.807542", "0.749432"],
        ["0.954267", "0.932097", "0.812000", "0.749567"],
    ),
];

#[test]
fn blocks_weighed_by_their_tokens_miss_as_the_document_says() {
    let document = include_str!("../../docs/validation.md");
    for (name, ours, theirs) in WEIGHED {
        let cells = ours.iter().zip(theirs).map(|(ours, theirs)| {
            if *ours == theirs { (*ours).to_owned() } else { format!("{ours} / {theirs}") }
        });
        let row = format!("| {name} in bytes | {} |", cells.collect::<Vec<_>>().join(" | "));
        assert!(document.contains(&row), "the document lacks {row}");
    }
    let Some(trace) = mooncake_in_tokens("conversation") else { return };
    for (name, ours, _) in WEIGHED {
        for (bytes, figure) in [272_086, 906_954, 4_534_771, 18_139_082].into_iter().zip(ours) {
            let hits = policy(name, Capacity::Bytes(bytes)).replay(trace.iter().copied());
            let ratio = format!("{:.6}", 1.0 - hits as f64 / trace.len() as f64);
            assert_eq!(ratio, figure, "{name} of {bytes} bytes");
        }
    }
}
