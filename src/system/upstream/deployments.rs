//! Groups of models, and which model is a deployment of which.

use crate::kernel::Streams;
use crate::pipeline::RequestError;
use crate::serving::groups::Group;
use crate::serving::resilience::{Chains, Failure, ResilienceSpec};
use crate::system::setup::Setup;

/// All groups. A model that is chosen is a target, and so is a group: groups have the
/// numbers after those of models.
#[derive(Default)]
pub struct Groups {
    models: u32,
    pub(super) all: Vec<Group>,
    /// By model, its group and place there; empty where there are no groups.
    places: Vec<Option<(u32, u32)>>,
}

impl Groups {
    /// The groups of a setup.
    pub fn new(
        setup: &Setup,
        resilience: &ResilienceSpec,
        chains: &Chains,
        streams: &Streams,
    ) -> Self {
        let models = setup.models.len() as u32;
        let mut groups = Groups { models, ..Groups::default() };
        for (number, ((name, spec), members)) in
            (0..).zip(setup.groups.iter().zip(setup.group_models()))
        {
            groups.places.resize(models as usize, None);
            for (place, model) in (0..).zip(&members) {
                groups.places[*model as usize] = Some((number, place));
            }
            let has_fallback = !chains.of(models + number).is_empty();
            let stream = streams.stream(&format!("groups.{name}"));
            let into_minute = setup.into_minute();
            let group = Group::new(spec, &members, resilience, has_fallback, into_minute, stream);
            groups.all.push(group);
        }
        groups
    }

    /// The group that a target is, if it is one.
    pub(super) fn of_target(&self, target: u32) -> Option<usize> {
        target.checked_sub(self.models).map(|at| at as usize)
    }

    /// The group and place of a model that is a deployment.
    pub(super) fn of_model(&self, model: u32) -> Option<(usize, usize)> {
        let (group, place) = (*self.places.get(model as usize)?)?;
        Some((group as usize, place as usize))
    }

    /// Whether a model is a deployment of a group.
    pub fn has(&self, model: u32) -> bool {
        self.of_model(model).is_some()
    }

    /// The model by which a target goes until one is asked.
    pub fn first_of(&self, target: u32) -> u32 {
        match self.of_target(target) {
            Some(group) => self.all[group].model(0),
            None => target,
        }
    }

    /// What is chosen where this model answers: itself, or its group.
    pub fn target_of(&self, model: u32) -> u32 {
        self.of_model(model).map_or(model, |(group, _)| self.models + group as u32)
    }

    /// How often a model that is a deployment was left out, if it may be.
    pub fn opened(&self, model: u32) -> Option<u64> {
        let (group, place) = self.of_model(model)?;
        self.all[group].opened(place)
    }

    /// Counts from zero again.
    pub fn reset_stats(&mut self) {
        self.all.iter_mut().for_each(Group::reset_stats);
    }

    /// Whether nothing is under way at any deployment.
    pub fn is_idle(&self) -> bool {
        self.all.iter().all(Group::is_idle)
    }
}

/// What a gateway takes an error for.
pub fn failure_of(error: RequestError) -> Failure {
    match error {
        RequestError::Throttled => Failure::RateLimit,
        RequestError::Timeout => Failure::Timeout,
        RequestError::DoesNotFit => Failure::ContextWindow,
        RequestError::Crashed => Failure::Connection,
        RequestError::ServerError => Failure::InternalServerError,
        _ => Failure::ServiceUnavailable,
    }
}
