//! The list of models: deployments by group.

use indexmap::IndexMap;
use serde_yaml::{Mapping, Value};

use super::fields;
use super::reader::{Reader, Unknown, map, seconds};
use super::settings::Settings;
use crate::spec::{Path, Problem};

/// Deployments, and the groups that they are in.
#[derive(Default)]
pub struct ModelList {
    models: Mapping,
    /// By the name under which they are asked.
    pub groups: IndexMap<String, Mapping>,
    /// Whether a price is one of the map.
    needs_map: bool,
    /// All names under which something is asked.
    asked: Vec<String>,
}

const ENTRY: [&str; 3] = ["model_name", "litellm_params", "model_info"];
const PARAMS: [&str; 10] = [
    "model",
    "weight",
    "rpm",
    "tpm",
    "max_parallel_requests",
    "timeout",
    "order",
    "cooldown_time",
    "input_cost_per_token",
    "output_cost_per_token",
];
const INFO: [&str; 3] = ["id", "base_model", "cooldown_time"];

impl ModelList {
    pub fn read(reader: &mut Reader, list: Option<&Value>, settings: &Settings) -> Self {
        let mut models = ModelList::default();
        let entries = list.and_then(Value::as_sequence).filter(|list| !list.is_empty());
        let Some(entries) = entries else {
            let path = if list.is_some() { "model_list" } else { "" };
            reader.problems.within(path, |p| {
                p.error_help(
                    "a config of LiteLLM has a `model_list` of one model or more",
                    "give it `- model_name: gpt-4o` with `litellm_params: { model: openai/gpt-4o }`",
                );
            });
            return models;
        };
        let name = |entry: &Value| Some(entry.get("model_name")?.as_str()?.to_owned());
        models.asked = entries.iter().filter_map(name).collect();
        for (at, entry) in entries.iter().enumerate() {
            let place = format!("model_list.{at}");
            if let Some(entry) = entry.as_mapping() {
                models.add(reader, &place, entry, settings);
            } else {
                reader.problems.within(&place, |p| p.error("expected a map with `model_name`"));
            }
        }
        models
    }

    fn add(&mut self, reader: &mut Reader, place: &str, entry: &Mapping, settings: &Settings) {
        let empty = Mapping::new();
        let block = |key: &str| entry.get(key).and_then(Value::as_mapping).unwrap_or(&empty);
        let (params, info) = (block("litellm_params"), block("model_info"));
        reader.rest(place, entry, &ENTRY, &[], Unknown::Refused(&ENTRY));
        let params_place = format!("{place}.litellm_params");
        reader.rest(&params_place, params, &PARAMS, fields::PARAMS, Unknown::Passed);
        reader.rest(&format!("{place}.model_info"), info, &INFO, fields::INFO, Unknown::Passed);
        let text =
            |block: &Mapping, key: &str| block.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(group), Some(model)) = (text(entry, "model_name"), text(params, "model")) else {
            let missing = if entry.contains_key("model_name") {
                "litellm_params.model"
            } else {
                "model_name"
            };
            reader.problems.within(place, |p| p.error(format!("it has no `{missing}`")));
            return;
        };
        if group.contains('*') || model.contains('*') {
            reader.problems.within(place, |p| {
                p.error_help(
                    format!("`{group}` stands for models that are not named"),
                    "name the models that are asked, an entry for each",
                );
            });
            return;
        }
        let name = self.free_name(&text(info, "id").unwrap_or_else(|| model.clone()));
        let price =
            self.price(reader, &params_place, params, text(info, "base_model").unwrap_or(model));
        let server = map([("tokens", Mapping::new().into())]);
        let spec = map([("price", price), ("server", server.into())]);
        self.models.insert(name.as_str().into(), spec.into());
        let deployment = deployment(reader, place, params, info, settings);
        self.groups.entry(group).or_default().insert(name.into(), deployment.into());
    }

    /// A name that no other model has, and no group.
    fn free_name(&self, wanted: &str) -> String {
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let wanted: String = wanted.chars().map(plain).collect();
        let is_free = |name: &str| {
            !self.models.contains_key(name) && !self.asked.iter().any(|asked| asked == name)
        };
        let numbered = (1_u32..).map(|number| format!("{wanted}-{number}"));
        let mut all = std::iter::once(wanted.clone()).chain(numbered);
        all.find(|name| is_free(name)).unwrap_or(wanted)
    }

    fn price(
        &mut self,
        reader: &mut Reader,
        place: &str,
        params: &Mapping,
        model: String,
    ) -> Value {
        let mut money = |key: &str| {
            let value = params.get(key).filter(|value| !value.is_null())?;
            // As it stands there, to the last digit.
            let text = serde_yaml::to_string(value).unwrap_or_default();
            let amount = text.trim().trim_matches(['\'', '"']).parse::<crate::cost::Money>().ok();
            if amount.is_none() {
                let path = Path::parse(place).join(key);
                reader.problems.add(Problem::error(path, "expected dollars for a token"));
            }
            amount.map(|amount| Value::from(amount.to_string()))
        };
        match (money("input_cost_per_token"), money("output_cost_per_token")) {
            (None, None) => {
                self.needs_map = true;
                map([("litellm", model.into())]).into()
            }
            (input, output) => {
                let free = || Value::from("$0");
                map([
                    ("input", input.unwrap_or_else(free)),
                    ("output", output.unwrap_or_else(free)),
                ])
                .into()
            }
        }
    }

    /// The experiment.
    pub fn experiment(self, settings: &Settings, name: &str) -> Value {
        let workload = map([
            ("arrivals", map([("poisson", map([("rate", "5/s".into())]).into())]).into()),
            ("prompts", map([("unique", Mapping::new().into())]).into()),
        ]);
        let asked = |group: &&String| !settings.fallbacks.contains(group);
        let mut first: Vec<&String> = self.groups.keys().filter(asked).collect();
        if first.is_empty() {
            first = self.groups.keys().collect();
        }
        let select = if let [only] = first[..] {
            map([("fixed", only.as_str().into())])
        } else {
            let weights: Mapping =
                first.iter().map(|group| (group.as_str().into(), Value::from(1))).collect();
            map([("random", map([("weights", weights.into())]).into())])
        };
        let mut cost = map([("select", select.into())]);
        if self.needs_map {
            let file = "model_prices_and_context_window.json.gz";
            cost.insert("prices".into(), map([("litellm", file.into())]).into());
        }
        if !settings.budget.is_empty() {
            cost.insert("global".into(), settings.budget.clone().into());
        }
        let group = |(name, deployments): (String, Mapping)| {
            let mut group = map([("deployments", deployments.into())]);
            group.insert("strategy".into(), settings.strategy.clone());
            group.insert("exclude_failed".into(), settings.exclude_failed.into());
            (Value::from(name), Value::from(group))
        };
        map([
            ("name", name.into()),
            ("workload", workload.into()),
            ("models", self.models.into()),
            ("groups", Value::Mapping(self.groups.into_iter().map(group).collect())),
            ("resilience", settings.resilience.clone().into()),
            ("cost", cost.into()),
        ])
        .into()
    }
}

/// What the gateway knows of a deployment.
fn deployment(
    reader: &mut Reader,
    place: &str,
    params: &Mapping,
    info: &Mapping,
    settings: &Settings,
) -> Mapping {
    let params_place = format!("{place}.litellm_params");
    let mut deployment = Mapping::new();
    let mut set = |key: &str, value: Value| deployment.insert(key.into(), value);
    if let Some(weight) = reader.number(&params_place, params, "weight") {
        set("weight", weight.into());
    }
    let [rpm, tpm, parallel, order] = ["rpm", "tpm", "max_parallel_requests", "order"]
        .map(|key| reader.whole(&params_place, params, key).filter(|number| *number > 0));
    // As `litellm.utils.calculate_max_parallel_requests` has it.
    let of_tpm = || tpm.map(|tpm| (tpm.saturating_mul(6) / 1000).max(1));
    let parallel = parallel.or(rpm).or_else(of_tpm).or(settings.default_parallel);
    let numbers =
        [("rpm", rpm), ("tpm", tpm), ("max_parallel_requests", parallel), ("order", order)];
    for (key, number) in numbers {
        if let Some(number) = number {
            set(key, number.into());
        }
    }
    if let Some(timeout) = reader.number(&params_place, params, "timeout") {
        set("timeout", seconds(timeout));
    }
    let cooldown = reader.number(&format!("{place}.model_info"), info, "cooldown_time");
    let cooldown = cooldown.or_else(|| reader.number(&params_place, params, "cooldown_time"));
    if let Some(cooldown) = cooldown {
        set("cooldown_time", seconds(cooldown));
    }
    deployment
}
