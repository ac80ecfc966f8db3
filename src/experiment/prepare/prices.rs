//! The prices of models that are in `LiteLLM`'s map.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cost::{PriceMap, PriceMapError, PriceSpec};
use crate::experiment::spec::experiment::Experiment;
use crate::serving::ModelSpec;
use crate::spec::{Path, Problem, Problems, Severity};
use crate::workload::DataPaths;

/// The folder of the map in a collection of data.
const USUAL: &str = "litellm-prices";

/// Maps already read, by their names in the file.
#[derive(Default)]
pub(super) struct PriceMaps(Vec<(PathBuf, Arc<PriceMap>)>);

impl PriceMaps {
    /// Gives every model its price of the map: those that name one, and those
    /// without a price whose own name is there.
    pub fn fill(
        &mut self,
        experiment: &Experiment,
        paths: &DataPaths,
        models: &mut [(String, ModelSpec)],
    ) -> Result<(), Problem> {
        let named = experiment.cost.as_ref().and_then(|cost| cost.prices.as_ref());
        let map = named.map(|prices| self.map(&prices.litellm, paths)).transpose()?;
        for (name, model) in models {
            let wanted = match &model.price.litellm {
                Some(wanted) => wanted.clone(),
                None if model.price == PriceSpec::FREE => name.clone(),
                None => continue,
            };
            let asked = model.price.litellm.is_some();
            let Some(map) = &map else {
                if asked {
                    let path =
                        Path::parse("models").join(name.as_str()).join("price").join("litellm");
                    return Err(Problem::error(path, "there is no price map")
                        .help("name the file: `cost: { prices: { litellm: FILE } }`"));
                }
                continue;
            };
            if asked || map.has(&wanted) {
                model.price = map.price(&wanted).map_err(|error| refused(name, asked, &error))?;
                check_lifetimes(name, model)?;
            }
        }
        Ok(())
    }

    fn map(&mut self, name: &PathBuf, paths: &DataPaths) -> Result<Arc<PriceMap>, Problem> {
        if let Some((_, map)) = self.0.iter().find(|(known, _)| known == name) {
            return Ok(Arc::clone(map));
        }
        let path = Path::parse("cost.prices.litellm");
        let file = paths.find(name, USUAL).map_err(|missing| missing.at(path.clone()))?;
        let map = PriceMap::read(&file).map_err(|error| Problem::error(path, error.to_string()))?;
        let map = Arc::new(map);
        self.0.push((name.clone(), Arc::clone(&map)));
        Ok(map)
    }
}

/// Lifetimes of a prompt cache have prices of the map, too.
fn check_lifetimes(name: &str, model: &ModelSpec) -> Result<(), Problem> {
    let Some(prompts) = &model.prompt_cache else { return Ok(()) };
    let mut problems = Problems::default();
    model.check_prompt_prices(prompts, &mut problems);
    let error = problems.into_list().into_iter().find(|it| it.severity == Severity::Error);
    let place = Path::parse("models").join(name).join("prompt_cache");
    error.map_or(Ok(()), |error| {
        Err(Problem { help: Some("the price map has none for it".to_owned()), ..error }
            .within(&place))
    })
}

fn refused(model: &str, asked: bool, error: &PriceMapError) -> Problem {
    let path = Path::parse("models").join(model);
    let path = if asked { path.join("price").join("litellm") } else { path };
    let help = match error {
        PriceMapError::Unknown { near, .. } => {
            near.as_ref().map(|near| format!("did you mean `{near}`?"))
        }
        _ => Some("give the model a price of its own".to_owned()),
    };
    Problem::error(path, error.to_string()).help(help)
}
