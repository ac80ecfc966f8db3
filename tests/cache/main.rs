//! The bare eviction policies against theory, plain models, libCacheSim's figures
//! and a real trace.

mod agreement;
mod bounds;
mod models;
mod theory;
mod validation;

#[path = "../support/data.rs"]
mod data;
#[path = "../support/zipf.rs"]
mod zipf;

use windtunnel::cache::{AnyPolicy, Item, Key, PolicySpec};
use windtunnel::kernel::{Stream, Streams};
use windtunnel::spec::Capacity;

/// What a policy draws lots from.
fn lots() -> Stream {
    Streams::new(1, 0).stream("policy")
}

/// An empty cache under the policy of that name, with its default parameters.
fn policy(name: &str, capacity: Capacity) -> AnyPolicy {
    let spec = PolicySpec::all().into_iter().find(|policy| policy.name() == name);
    spec.expect("a policy").build(capacity, lots())
}

/// Requests for objects of Zipf popularity.
fn zipf_trace(objects: usize, exponent: f64, requests: usize) -> Vec<Item> {
    let zipf = zipf::Zipf::new(objects, exponent);
    let mut stream = Streams::new(5, 0).stream("zipf");
    (0..requests).map(|_| Item::unit(Key(zipf.rank(&mut stream) as u64))).collect()
}

/// The blocks that a Mooncake trace reads, in its order; none if it is not
/// there.
fn mooncake(name: &str) -> Option<Vec<Item>> {
    #[derive(serde::Deserialize)]
    struct Request {
        hash_ids: Vec<u64>,
    }
    let text = data::gunzip(&format!("mooncake/{name}_trace.jsonl.gz"))?;
    let requests = text.lines().map(|line| serde_json::from_str::<Request>(line).unwrap());
    Some(requests.flat_map(|r| r.hash_ids).map(|id| Item::unit(Key(id))).collect())
}

/// The same blocks, each of so many bytes as it has tokens: 512, or what is left of the prompt
/// where it was first asked for.
fn mooncake_in_tokens(name: &str) -> Option<Vec<Item>> {
    #[derive(serde::Deserialize)]
    struct Request {
        input_length: u32,
        hash_ids: Vec<u64>,
    }
    let text = data::gunzip(&format!("mooncake/{name}_trace.jsonl.gz"))?;
    let mut sizes = std::collections::HashMap::new();
    let mut items = Vec::new();
    for line in text.lines() {
        let Request { input_length, hash_ids } = serde_json::from_str(line).unwrap();
        for (at, id) in hash_ids.into_iter().enumerate() {
            let size = (input_length - 512 * at as u32).min(512);
            let weight = *sizes.entry(id).or_insert(size);
            items.push(Item { weight, ..Item::unit(Key(id)) });
        }
    }
    Some(items)
}
