//! The price map of `LiteLLM`, as its package ships it, and prices in a file.

use windtunnel::cost::{PriceMap, PriceMapError, PriceSpec, Usage};
use windtunnel::experiment::{Overrides, Prepared, load::Document, prepare};

const MAP: &str = "litellm-prices/model_prices_and_context_window.json.gz";

/// The map; `None`, saying so, where the data is not there.
fn map() -> Option<PriceMap> {
    let path = crate::data::folder().join(MAP);
    if !path.is_file() {
        println!("SKIPPED: {} is not there (set WINDTUNNEL_DATA)", path.display());
        return None;
    }
    Some(PriceMap::read(&path).expect("a price map"))
}

#[test]
fn every_entry_of_the_real_map_has_a_price_or_a_reason() {
    let Some(map) = map() else { return };
    assert_eq!(map.names().count(), 4552, "4553 entries, one of which explains the fields");
    let (mut priced, mut by_other, mut malformed) = (0, 0, Vec::new());
    for name in map.names() {
        match map.price(name) {
            Ok(_) => priced += 1,
            Err(PriceMapError::NotByToken { .. }) => by_other += 1,
            Err(error) => malformed.push(error.to_string()),
        }
    }
    // Counted apart with Python: entries with both prices per token, or with
    // `tiered_pricing`.
    assert_eq!((priced, by_other), (3720, 830));
    // The price tiers of two search engines count results, not tokens.
    let named = |engine| {
        format!(
            "the price map's entry `{engine}/search` is malformed: `tiered_pricing` is without a `range`"
        )
    };
    assert_eq!(malformed, [named("exa_ai"), named("firecrawl")]);
}

#[test]
fn known_models_cost_what_their_makers_say() {
    let Some(map) = map() else { return };
    let cost = |name: &str, input: u64, output| {
        let price = map.price(name).expect("a known model").price();
        price.of_usage(&Usage::new(input * 10, output)).to_string()
    };
    assert_eq!(cost("gpt-4o", 1000, 1000), "$0.0125");
    assert_eq!(cost("gpt-4o-mini", 1000, 1000), "$0.00075");
    // $1.25 and $10 a million; $2.50 and $15 above 200k tokens.
    assert_eq!(cost("gemini-2.5-pro", 200_000, 100), "$0.251");
    assert_eq!(cost("gemini-2.5-pro", 300_000, 100), "$0.7515");
}

fn prepared(yaml: &str) -> Result<Prepared, Vec<String>> {
    let document = Document::from_text("prices.yaml", yaml).expect("YAML");
    prepare(&document, &Overrides::default())
        .map_err(|found| found.iter().map(|it| it.message.clone()).collect())
}

/// A small map beside an experiment, of which `yaml` is the rest.
fn beside(yaml: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("map.json");
    let map = r#"{ "gpt-4o": { "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05 },
                   "image": { "mode": "image_generation" } }"#;
    std::fs::write(&file, map).unwrap();
    let yaml = format!("cost: {{ prices: {{ litellm: {} }} }}\n{yaml}", file.display());
    (folder, yaml)
}

#[test]
fn a_model_has_the_map_s_price_by_its_own_name_or_by_another() {
    let (_folder, yaml) = beside(
        "models: { gpt-4o: {}, mine: { price: { litellm: gpt-4o } }, own: {}, gratis: { price: { input: 0, output: 0 } } }",
    );
    let setup = &prepared(&yaml).unwrap().setups[0];
    let inputs: Vec<Option<String>> =
        setup.models.iter().map(|(_, model)| model.price.input.map(|it| it.to_string())).collect();
    let gpt_4o = || Some("$0.0000025".to_owned());
    assert_eq!(inputs, [gpt_4o(), gpt_4o(), None, Some("$0".to_owned())]);
    assert_eq!(setup.models[2].1.price, PriceSpec::FREE, "what is not in the map stays free");
}

#[test]
fn a_price_that_is_not_there_is_an_error_that_names_it() {
    let refused = |yaml: &str| prepared(&beside(yaml).1).unwrap_err();
    assert_eq!(
        refused("models: { a: { price: { litellm: gpt4o } } }"),
        ["the price map has no model `gpt4o`"]
    );
    assert_eq!(
        refused("models: { image: {} }"),
        ["the price map has no price per token for `image` (its mode is image_generation)"]
    );
    let without = prepared("models: { a: { price: { litellm: gpt-4o } } }").unwrap_err();
    assert_eq!(without, ["there is no price map"]);
    let lost = prepared("{ cost: { prices: { litellm: lost.json } }, models: { a: {} } }");
    assert_eq!(lost.unwrap_err(), ["`lost.json` was not found"]);
}
