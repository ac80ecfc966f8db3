//! From the list of what steps do to the types that have them.

/// Makes [`Does`] and [`StepOf`] of what steps do, and of what they have besides.
///
/// `calls` are done by the step itself: each has `check` and `body`. `flows` are steps
/// again, which the plan is made of elsewhere. In a file what a step does stands beside
/// its other settings, as a field that is called so; hence `Written`, the form in which
/// it is read and written.
macro_rules! steps {
    (
        calls { $(
            $(#[doc = $call_doc:literal])* $call:ident: $Call:ident($CallSpec:ty);
        )+ }
        flows { $(
            $(#[doc = $flow_doc:literal])* $(#[serde($($serde:tt)*)])? $(#[schemars($($schema:tt)*)])?
            $flow:ident: $Flow:ident($FlowSpec:ty);
        )+ }
        $(#[doc = $doc:literal])*
        rules { $(
            $(#[doc = $rule_doc:literal])* $(#[serde($($rule_serde:tt)*)])?
            pub $rule:ident: $Rule:ty = $default:expr;
        )+ }
    ) => {
        /// What a step does. `A` is what agents there are.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Does<A> {
            /// Nothing: it only joins and chooses.
            Nothing,
            $( $(#[doc = $call_doc])* $Call($CallSpec), )+
            $( $(#[doc = $flow_doc])* $Flow($FlowSpec), )+
            /// More than one thing, which no step may.
            Several(Vec<Does<A>>),
        }

        impl<A> Does<A> {
            /// All of these, of which there should be one at most.
            pub fn all_of(does: impl IntoIterator<Item = Self>) -> Self {
                let mut all: Vec<Self> = does.into_iter().collect();
                match all.len() {
                    0 => Does::Nothing,
                    1 => all.remove(0),
                    _ => Does::Several(all),
                }
            }

            /// Each of what it does, for what holds of any.
            pub fn each(&self) -> &[Self] {
                match self {
                    Does::Nothing => &[],
                    Does::Several(all) => all,
                    one => std::slice::from_ref(one),
                }
            }

            /// What files call it.
            pub fn name(&self) -> &'static str {
                match self {
                    Does::Nothing => "nothing",
                    $( Does::$Call(_) => stringify!($call), )+
                    $( Does::$Flow(_) => stringify!($flow), )+
                    Does::Several(_) => "several",
                }
            }

            /// Reports what is wrong with a call.
            pub(super) fn check_call(&self, known: &Known<'_>, problems: &mut Problems) {
                match self {
                    $( Does::$Call(spec) => {
                        problems.at(stringify!($call), |p| spec.check(known, p));
                    } )+
                    _ => {}
                }
            }

            /// Makes a call ready.
            pub(super) fn call(&self, site: &Site<'_>, calls: &mut Calls<'_>) -> Body {
                match self {
                    $( Does::$Call(spec) => spec.body(site, calls), )+
                    _ => Body::Nothing,
                }
            }
        }

        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(
            from = "Written<A>",
            into = "Written<A>",
            bound(serialize = "A: Clone + Serialize", deserialize = "A: Deserialize<'de>")
        )]
        pub struct StepOf<A> {
            /// What it does.
            pub does: Does<A>,
            $( $(#[doc = $rule_doc])* pub $rule: $Rule, )+
        }

        impl<A> Default for StepOf<A> {
            fn default() -> Self {
                StepOf { does: Does::Nothing, $( $rule: $default, )+ }
            }
        }

        $(#[doc = $doc])*
        #[derive(Serialize, Deserialize, JsonSchema)]
        #[serde(
            deny_unknown_fields,
            default,
            bound(serialize = "A: Clone + Serialize", deserialize = "A: Deserialize<'de>")
        )]
        struct Written<A> {
            $(
                $(#[doc = $call_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                $call: Option<$CallSpec>,
            )+
            $(
                $(#[doc = $flow_doc])*
                #[serde(skip_serializing_if = "Option::is_none")]
                $(#[serde($($serde)*)])?
                $(#[schemars($($schema)*)])?
                $flow: Option<$FlowSpec>,
            )+
            $( $(#[doc = $rule_doc])* $(#[serde($($rule_serde)*)])? $rule: $Rule, )+
        }

        impl<A> Default for Written<A> {
            fn default() -> Self {
                Written { $( $call: None, )+ $( $flow: None, )+ $( $rule: $default, )+ }
            }
        }

        impl<A> From<Written<A>> for StepOf<A> {
            fn from(written: Written<A>) -> Self {
                let does = [
                    $( written.$call.map(Does::$Call), )+
                    $( written.$flow.map(Does::$Flow), )+
                ];
                StepOf {
                    does: Does::all_of(does.into_iter().flatten()),
                    $( $rule: written.$rule, )+
                }
            }
        }

        impl<A> From<StepOf<A>> for Written<A> {
            fn from(step: StepOf<A>) -> Self {
                let mut written = Written { $( $rule: step.$rule, )+ ..Written::default() };
                let all = match step.does {
                    Does::Several(all) => all,
                    one => vec![one],
                };
                for does in all {
                    match does {
                        Does::Nothing | Does::Several(_) => {}
                        $( Does::$Call(spec) => written.$call = Some(spec), )+
                        $( Does::$Flow(spec) => written.$flow = Some(spec), )+
                    }
                }
                written
            }
        }

        impl<A: JsonSchema> JsonSchema for StepOf<A> {
            fn schema_name() -> Cow<'static, str> {
                "StepSpec".into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                Written::<A>::json_schema(generator)
            }
        }
    };
}
