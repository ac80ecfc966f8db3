//! From the list of selectors to the two enums that choose among them.

/// Makes [`SelectSpec`] and [`Selector`] of the list of selectors. The names in front
/// are what makers call the spec, and the models that are chosen among.
macro_rules! selectors {
    ($spec:ident, $among:ident; $(
        $(#[doc = $doc:literal])* $label:literal: $Name:ident($Spec:ty) => $make:expr;
    )+) => {
        /// How a model is chosen for a request.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum SelectSpec {
            $( $(#[doc = $doc])* #[serde(rename = $label)] $Name($Spec), )+
        }

        impl SelectSpec {
            /// Checks the models that are named; `budgets` says whether there are any.
            pub fn check(&self, models: &[&str], budgets: bool, problems: &mut Problems) {
                let known = Known { models, budgets };
                match self {
                    $( SelectSpec::$Name(spec) => {
                        problems.at($label, |p| spec.check(&known, p));
                    } )+
                }
            }

            /// Whether it means nothing unless answers can be right or wrong.
            pub(super) fn needs_quality(&self) -> bool {
                match self {
                    $( SelectSpec::$Name(_) => <$Spec as SelectorSpec>::NEEDS_QUALITY, )+
                }
            }

            /// Checks the difficulties that are named.
            pub(super) fn check_difficulties(&self, names: &[&str], problems: &mut Problems) {
                match self {
                    $( SelectSpec::$Name(spec) => {
                        problems.at($label, |p| spec.check_difficulties(names, p));
                    } )+
                }
            }
        }

        /// A selector at work.
        #[derive(Clone, Debug)]
        pub(super) enum Selector {
            $( $Name($Name), )+
        }

        impl Selector {
            /// The selector of `spec`. Names that are not among the models (which
            /// [`SelectSpec::check`] refuses) are taken as the first.
            #[allow(unused_mut, reason = "few selectors draw while they are made")]
            pub fn new(spec: &SelectSpec, mut $among: Among<'_>) -> Self {
                match spec {
                    $( SelectSpec::$Name($spec) => Selector::$Name($make), )+
                }
            }

            /// The model for a request, or none that is affordable.
            #[inline]
            pub fn choose(&mut self, ask: &Ask) -> Option<Choice> {
                match self {
                    $( Selector::$Name(selector) => selector.choose(ask), )+
                }
            }

            /// Tells it what became of an answer.
            #[inline]
            pub fn learn(&mut self, lesson: &Lesson) {
                match self {
                    $( Selector::$Name(selector) => selector.learn(lesson), )+
                }
            }
        }
    };
}
