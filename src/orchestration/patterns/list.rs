//! From the list of patterns to the enum that chooses among them.

/// Makes [`AgentSpec`] of the list of patterns.
macro_rules! patterns {
    ($( $(#[doc = $doc:literal])* $label:literal: $Name:ident($Spec:ty); )+) => {
        /// Agents in a known pattern.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum AgentSpec {
            $( $(#[doc = $doc])* #[serde(rename = $label)] $Name($Spec), )+
        }

        impl AgentSpec {
            /// What files call each pattern.
            pub const NAMES: &'static [&'static str] = &[$( $label, )+];

            /// The pattern's name.
            pub fn name(&self) -> &'static str {
                match self {
                    $( AgentSpec::$Name(_) => $label, )+
                }
            }

            /// Reports what is wrong with it, apart from what is wrong with its steps.
            pub fn check(&self, problems: &mut Problems) {
                problems.at(self.name(), |p| match self {
                    $( AgentSpec::$Name(spec) => spec.check(p), )+
                });
            }

            /// The steps that it stands for.
            pub fn steps(&self) -> Steps {
                match self {
                    $( AgentSpec::$Name(spec) => spec.steps(), )+
                }
            }
        }
    };
}
