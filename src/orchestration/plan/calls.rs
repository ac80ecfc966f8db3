//! Calls of models and of tools, as they are made ready.

use std::collections::{BTreeMap, HashMap};

use super::parts::{Llm, Station, Tool};
use crate::workload::{Profile, ProfileKey};

/// The calls that were made ready so far, and what is known while they are.
pub(in crate::orchestration) struct Calls<'b> {
    /// The models' names.
    pub models: &'b [&'b str],
    /// What the workload's requests ask with.
    pub base: &'b [Profile],
    /// Tools that have names, by index.
    pub named: BTreeMap<String, u32>,
    pub llms: Vec<Llm>,
    pub tools: Vec<Tool>,
    pub stations: Vec<Station>,
    /// Profiles beside those of the workload.
    pub profiles: Vec<Profile>,
    /// Their places among those.
    places: HashMap<ProfileKey, u32>,
}

/// Where a step stands, as far as its calls depend on it.
pub(in crate::orchestration) struct Site<'s> {
    pub workflow: &'s str,
    /// Its name, with those of the steps that it is within.
    pub name: &'s str,
    /// Whether its prompts have what the workflow was given, and nothing of other steps
    /// or items.
    pub alone: bool,
}

impl<'b> Calls<'b> {
    /// None yet.
    pub fn new(models: &'b [&'b str], base: &'b [Profile]) -> Self {
        Calls {
            models,
            base,
            named: BTreeMap::new(),
            llms: Vec::new(),
            tools: Vec::new(),
            stations: Vec::new(),
            profiles: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// One more tool; gives its index.
    pub fn tool(&mut self, tool: Tool) -> u32 {
        self.tools.push(tool);
        self.tools.len() as u32 - 1
    }

    /// What a call asks with; gives its index, those of the workload's requests first.
    pub fn profile(&mut self, profile: Profile) -> u32 {
        let made = &mut self.profiles;
        let place = *self.places.entry(profile.key()).or_insert_with(|| {
            made.push(profile);
            made.len() as u32 - 1
        });
        self.base.len() as u32 + place
    }

    /// Places that calls wait for, if they are limited; gives their index.
    pub fn station(&mut self, places: Option<u32>) -> Option<u32> {
        self.stations.push(Station { places: places? });
        Some(self.stations.len() as u32 - 1)
    }
}
