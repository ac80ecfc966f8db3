//! A semantic cache made ready: files read, texts embedded.

use std::path::PathBuf;
use std::sync::Arc;

use super::entries::SemanticCache;
use super::index::Index;
use super::intents::Intents;
use super::learned::Learner;
use super::ngrams::NgramsSpec;
use super::npy;
use super::similar::{Measure, Similar};
use super::spec::{ModeSpec, SemanticSpec, SimilaritySpec};
use super::vectors::Vectors;
use crate::cache::{CacheSpec, KeyScopes};
use crate::kernel::{Duration, Streams};
use crate::spec::{Path, Problem};
use crate::workload::{DataPaths, Plan, PromptId};

/// The folder in which collections keep vectors of paraphrases.
const USUAL: &str = "paraphrases";

/// The most memory that the vectors of texts may take.
const MOST_BYTES: u64 = 4_000_000_000;

/// A semantic cache made ready for any number of runs, which share its vectors.
#[derive(Clone, Debug)]
pub struct SemanticPlan {
    spec: SemanticSpec,
    ttl: Duration,
    vectors: Option<Arc<Vectors>>,
    workload: Plan,
}

impl SemanticPlan {
    /// Makes the semantic part of a checked spec ready for a workload, if there is
    /// one. `known` are plans made before, whose vectors are used again; this one
    /// is added to them.
    ///
    /// # Errors
    /// Vectors that cannot be found or read, or do not fit the workload's prompts;
    /// texts that the workload does not have. The problem's path is that within
    /// the spec.
    pub fn of(
        cache: &CacheSpec,
        workload: &Plan,
        paths: &DataPaths,
        known: &mut Vec<SemanticPlan>,
    ) -> Result<Option<Self>, Problem> {
        let Some(spec) = &cache.semantic else { return Ok(None) };
        let same = known.iter().find(|plan| {
            plan.spec.similarity == spec.similarity && plan.workload.shares_tables(workload)
        });
        let vectors = match same {
            Some(plan) => plan.vectors.clone(),
            None => vectors(&spec.similarity, workload, paths)
                .map_err(|problem| problem.within(&Path::parse("semantic")))?,
        };
        let ttl = spec.ttl.or(cache.ttl).unwrap_or(Duration::MAX);
        let plan = SemanticPlan { spec: spec.clone(), ttl, vectors, workload: workload.clone() };
        if same.is_none() && plan.vectors.is_some() {
            known.push(plan.clone());
        }
        Ok(Some(plan))
    }

    /// The spec that it was made of.
    pub fn spec(&self) -> &SemanticSpec {
        &self.spec
    }

    /// An empty cache for one run, which everybody shares.
    pub fn cache<V: Copy>(&self, streams: &Streams) -> SemanticCache<V> {
        self.scoped_cache(1, streams)
    }

    /// An empty cache for one run, whose entries serve their own of so many scopes.
    pub fn scoped_cache<V: Copy>(&self, scopes: usize, streams: &Streams) -> SemanticCache<V> {
        let spec = &self.spec;
        let measure = match (&self.vectors, &spec.similarity) {
            (Some(all), _) => Measure::Vectors {
                all: all.clone(),
                index: Index::new(&spec.index, all.dimensions(), streams),
            },
            (None, SimilaritySpec::Intents(model)) => {
                Measure::Model(Box::new(Intents::new(model, streams)))
            }
            (None, _) => unreachable!("all others have vectors"),
        };
        let learner = match &spec.mode {
            ModeSpec::Threshold => None,
            ModeSpec::Learned(learned) => {
                Some(Learner::new(learned, streams.stream("cache.semantic.explore")))
            }
        };
        SemanticCache::new(
            (
                spec.capacity,
                spec.policy.build(spec.capacity, streams.stream("cache.semantic.policy")),
            ),
            (spec.latency, self.ttl),
            spec.threshold.get(),
            (Similar::new(measure, scopes > 1), KeyScopes::new(scopes)),
            learner,
        )
    }
}

fn vectors(
    similarity: &SimilaritySpec,
    workload: &Plan,
    paths: &DataPaths,
) -> Result<Option<Arc<Vectors>>, Problem> {
    let vectors = match similarity {
        SimilaritySpec::Intents(_) => return Ok(None),
        SimilaritySpec::Vectors(spec) => {
            let vectors = load(&spec.files, paths)?;
            check_rows(vectors.len(), workload)?;
            vectors
        }
        SimilaritySpec::Ngrams(spec) => embed(spec, workload)?,
    };
    Ok(Some(Arc::new(vectors)))
}

fn problem(place: &str, message: String, help: String) -> Problem {
    Problem::error(Path::parse("similarity").join(place), message).help(help)
}

fn load(files: &[PathBuf], paths: &DataPaths) -> Result<Vectors, Problem> {
    let found: Result<Vec<PathBuf>, Problem> = files
        .iter()
        .enumerate()
        .map(|(place, name)| {
            paths.find(name, USUAL).map_err(|missing| {
                let error = problem("vectors", missing.to_string(), missing.help());
                Problem { path: error.path.join("files").join(place), ..error }
            })
        })
        .collect();
    npy::read(&found?).map_err(|why| {
        problem("vectors", why, "save it with numpy.save, one row a prompt".to_owned())
    })
}

fn check_rows(rows: usize, workload: &Plan) -> Result<(), Problem> {
    let Some(prompts) = workload.prompts() else {
        return Err(problem(
            "vectors",
            "the workload's prompts have no end, and so no vectors".to_owned(),
            "set workload.prompts, or use `similarity: intents`".to_owned(),
        ));
    };
    if rows < prompts {
        return Err(problem(
            "vectors",
            format!("there are {rows} vectors for {prompts} prompts"),
            "row i is the vector of prompt i; of `paraphrases` all origins come first".to_owned(),
        ));
    }
    Ok(())
}

fn embed(spec: &NgramsSpec, workload: &Plan) -> Result<Vectors, Problem> {
    let no_texts = || {
        problem(
            "ngrams",
            "the workload's prompts have no texts".to_owned(),
            "use listed `requests`, `prompts: paraphrases` or `templates`, or `similarity: intents`"
                .to_owned(),
        )
    };
    let prompts = workload.prompts().ok_or_else(no_texts)?;
    let bytes = (prompts as u64).saturating_mul(u64::from(spec.dimensions) * 4);
    if bytes > MOST_BYTES {
        return Err(problem(
            "ngrams",
            format!("the vectors of {prompts} prompts would take {} GB", bytes / 1_000_000_000),
            "have fewer values in the templates' slots, or use `similarity: intents`".to_owned(),
        ));
    }
    let mut vectors = Vectors::new(spec.dimensions as usize);
    for prompt in 0..prompts {
        let text = workload.text(PromptId(prompt as u64)).ok_or_else(no_texts)?;
        spec.embed(&text, &mut vectors);
    }
    Ok(vectors)
}
