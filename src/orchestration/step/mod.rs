//! A step of a workflow, and what it may do more than once.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::body::{HumanSpec, LlmSpec, RetrievalSpec, ToolSpec, UseToolSpec};
use super::names::Names;
use crate::cost::Money;
use crate::kernel::Duration;
use crate::orchestration::patterns::AgentSpec;
use crate::serving::resilience::BackoffSpec;
use crate::spec::{Fraction, NonNegative};
use crate::workload::lengths::LengthsSpec;

/// A step: what it does (one of `llm`, `tool`, `retrieval`, `human`, `workflow`,
/// `agent`, `steps`, or nothing), when, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepSpec {
    /// Asks a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<LlmSpec>,
    /// Calls a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<UseToolSpec>,
    /// Looks documents up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<RetrievalSpec>,
    /// Waits for a human.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub human: Option<HumanSpec>,
    /// Runs another workflow, by its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// Agents in a known pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Box<AgentSpec>>,
    /// Steps of its own: a workflow within the workflow.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub steps: IndexMap<String, StepSpec>,

    /// The steps before it. Default: none, it begins with the workflow.
    #[serde(skip_serializing_if = "Names::is_empty")]
    pub after: Names,
    /// How many of the steps before it must have succeeded; those that are left out
    /// do not count. Default: `all`.
    pub join: JoinSpec,
    /// It is left out unless these steps ended so: `{ check: accepted }`.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub when: IndexMap<String, OutcomeSpec>,
    /// The chance that it is not left out. Default: 1.
    pub chance: Fraction,
    /// One of these later steps follows, drawn by weight; the others are left out.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub choose: IndexMap<String, NonNegative>,
    /// The steps whose output is in its prompts. Default: those of `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<Names>,
    /// Whether what the workflow was given is in its prompts. Default: true.
    pub input: bool,

    /// It is done for several items at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<MapSpec>,
    /// It is done again and again.
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    pub repeat: Option<LoopSpec>,

    /// What it does fails where it takes longer than this. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
    /// It fails when models and tools have charged so much for what it does: the budget
    /// of an agent. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<Money>,
    /// How often what it does is tried again after a failure. Default: 0.
    pub retries: u32,
    /// The wait before each retry. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<BackoffSpec>,
    /// Whether the workflow fails with it. Default: `fail`.
    pub on_failure: OnFailure,
    /// The tool that undoes it, if the workflow fails afterwards (a saga; H.
    /// Garcia-Molina, K. Salem. SIGMOD 1987). The last step is undone first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compensate: Option<Box<ToolSpec>>,
    /// Keeps what it puts out, for the same input in any workflow. Default: not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memo: Option<MemoSpec>,
    /// Calls of models that it makes at a time, in all workflows together; further
    /// ones wait. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// Calls of models a minute that it makes, in all workflows together; further
    /// ones wait. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens a minute, likewise. Default: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
}

impl Default for StepSpec {
    fn default() -> Self {
        StepSpec {
            llm: None,
            tool: None,
            retrieval: None,
            human: None,
            workflow: None,
            agent: None,
            steps: IndexMap::new(),
            after: Names::default(),
            join: JoinSpec::All,
            when: IndexMap::new(),
            chance: Fraction::percent(100),
            choose: IndexMap::new(),
            reads: None,
            input: true,
            map: None,
            repeat: None,
            deadline: None,
            max_cost: None,
            retries: 0,
            backoff: None,
            on_failure: OnFailure::Fail,
            compensate: None,
            memo: None,
            concurrency: None,
            rpm: None,
            tpm: None,
        }
    }
}

/// How many must succeed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinSpec {
    /// All of them.
    #[default]
    All,
    /// One; it goes on with the first.
    Any,
    /// More than half.
    Quorum,
    /// So many.
    AtLeast(u32),
}

impl JoinSpec {
    /// How many of `all` must succeed.
    pub fn of(self, all: u32) -> u32 {
        match self {
            JoinSpec::All => all,
            JoinSpec::Any => all.min(1),
            JoinSpec::Quorum => all / 2 + 1,
            JoinSpec::AtLeast(least) => least.min(all),
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeSpec {
    /// It was done.
    Succeeded,
    /// It failed, which the workflow survived (`on_failure: continue`).
    Failed,
    /// It was left out.
    Skipped,
    /// It was done, and is right.
    Right,
    /// It was done, and is wrong.
    Wrong,
    /// It judged, and accepted.
    Accepted,
    /// It judged, and rejected.
    Rejected,
}

/// What a failure of a step does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The workflow fails.
    #[default]
    Fail,
    /// The workflow goes on; the step counts as done, with nothing put out, unless
    /// `join` or `when` of later steps say otherwise.
    Continue,
}

/// The most items of a `map`: each has a place in memory while its step is under way.
pub const MOST_ITEMS: u32 = 10_000;

/// A step that is done for several items at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MapSpec {
    /// How many items there are, at most 10,000; a distribution draws them, and what it
    /// draws beyond is 10,000. Default: `constant: 3`.
    pub items: LengthsSpec,
    /// How many are done at a time. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
    /// How many must succeed; the step ends with them. Default: `all`.
    pub join: JoinSpec,
    /// Whether those that the step did not wait for are called off. Default: true.
    pub cancel: bool,
    /// What of the items' results is the step's. Default: `all`.
    pub pick: PickSpec,
    /// The chance of each item that it is done at all. Default: 1.
    pub chance: Fraction,
    /// How many wrong answers there are to choose from: with one, all who are wrong
    /// agree. Default: 4.
    pub alternatives: u32,
    /// In a loop, how often an item takes over what most said the last time, instead
    /// of answering anew. Default: 0.
    pub conformity: Fraction,
}

impl Default for MapSpec {
    fn default() -> Self {
        MapSpec {
            items: LengthsSpec::Constant(3),
            concurrency: None,
            join: JoinSpec::All,
            cancel: true,
            pick: PickSpec::All,
            chance: Fraction::percent(100),
            alternatives: 4,
            conformity: Fraction::percent(0),
        }
    }
}

/// What of several results is a step's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PickSpec {
    /// All of them: right if all are.
    #[default]
    All,
    /// What most of them say; of those that as many say, the one said by the first
    /// item (self-consistency; X. Wang et al. ICLR 2023).
    Vote,
    /// Any right one: who chooses can tell.
    Best,
    /// That of the item which was done first.
    First,
}

/// A step that is done again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LoopSpec {
    /// How often at most. Default: 10.
    pub max: u32,
    /// The chance that it ends after each time. Default: 0.
    pub stop: Fraction,
    /// It ends when its result is so. Default: nothing but `stop` and `max` end it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<UntilSpec>,
    /// What becomes of what was said before: `grow` has it in the next prompts,
    /// `fresh` forgets it. Default: `grow`.
    pub context: LoopContext,
    /// What a loop is that did not end by itself: its last result, or a failure
    /// (`runaway`). Default: `keep`.
    pub on_max: OnMax,
    /// In each round one of its steps runs, which hands over to the next by weight;
    /// `end` ends the loop. The first of them begins.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub hand_off: IndexMap<String, IndexMap<String, NonNegative>>,
}

impl Default for LoopSpec {
    fn default() -> Self {
        LoopSpec {
            max: 10,
            stop: Fraction::percent(0),
            until: None,
            context: LoopContext::Grow,
            on_max: OnMax::Keep,
            hand_off: IndexMap::new(),
        }
    }
}

/// What ends a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UntilSpec {
    /// A judge accepts the result.
    Accepted,
    /// The result is right.
    Right,
    /// All items of its `map` say the same.
    Agreed,
}

/// What becomes of what was said in a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoopContext {
    /// The next prompts have all of it.
    #[default]
    Grow,
    /// Each time begins anew.
    Fresh,
}

/// What a loop is that ran to its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnMax {
    /// The last result stands.
    #[default]
    Keep,
    /// It fails as a runaway.
    Fail,
}

/// Results that are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MemoSpec {
    /// How long. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
    /// How many; the least recently used goes first. Default: 1000.
    pub capacity: u32,
}

impl Default for MemoSpec {
    fn default() -> Self {
        MemoSpec { ttl: None, capacity: 1000 }
    }
}
