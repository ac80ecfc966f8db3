//! From the list of policies to the two enums that choose among them.

/// Makes [`PolicySpec`] and [`AnyPolicy`] of the list of policies. The two names
/// in front are what each policy's maker calls its capacity and random stream.
macro_rules! policies {
    ($capacity:ident, $stream:ident; $(
        $(#[$meta:meta])*
        $label:literal: $name:ident $(($spec:ident: $type:ty))? => $make:expr;
    )+) => {
        /// Which entry goes when a cache level is full.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum PolicySpec {
            $( $(#[$meta])* #[serde(rename = $label)] $name $(($type))?, )+
        }

        impl PolicySpec {
            /// Every policy, with its default parameters.
            pub fn all() -> Vec<PolicySpec> {
                vec![$( PolicySpec::$name $((<$type>::default()))?, )+]
            }

            /// What an experiment calls the policy.
            pub fn name(&self) -> &'static str {
                match self {
                    $( PolicySpec::$name { .. } => $label, )+
                }
            }

            /// Reports what cannot be simulated.
            #[allow(unused_variables, reason = "most policies take any parameters")]
            pub fn check(&self, problems: &mut Problems) {
                match self {
                    $( PolicySpec::$name $(($spec))? => {
                        $( problems.at($label, |problems| $spec.check(problems)); )?
                    } )+
                }
            }

            /// An empty cache under this policy. `stream` is for policies that
            /// draw lots.
            #[allow(unused_variables, reason = "few policies draw lots")]
            pub fn build(&self, $capacity: Capacity, $stream: Stream) -> AnyPolicy {
                match self {
                    $( PolicySpec::$name $(($spec))? => AnyPolicy::$name($make), )+
                }
            }
        }

        /// Any of the policies; one `match` per call, none within.
        #[derive(Clone, Debug)]
        pub enum AnyPolicy {
            $(
                #[doc = concat!("[`", stringify!($name), "`].")]
                $name($name),
            )+
        }

        /// Calls with the policy, whichever it is.
        macro_rules! dispatch {
            ($any:expr, $p:ident => $call:expr) => {
                match $any { $( AnyPolicy::$name($p) => $call, )+ }
            };
        }
    };
}
