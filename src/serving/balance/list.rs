//! From the list of balancers to the two enums that choose among them.

/// Settings, or `()` where there are none.
macro_rules! settings {
    () => {
        &()
    };
    ($spec:ident) => {
        $spec
    };
}

/// Makes [`BalanceSpec`] and [`Balancer`] of the list of balancers: what each is called in
/// experiments, its type, and its settings if it has any.
macro_rules! balancers {
    ($( $(#[$meta:meta])* $label:literal: $name:ident $(($spec:ident: $type:ty))?; )+) => {
        /// How load is balanced over the replicas of a model.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum BalanceSpec {
            $( $(#[$meta])* #[serde(rename = $label)] $name $(($type))?, )+
        }

        impl BalanceSpec {
            /// Every balancer, with its default settings.
            pub fn all() -> Vec<BalanceSpec> {
                vec![$( BalanceSpec::$name $((<$type>::default()))?, )+]
            }

            /// What an experiment calls the balancer.
            pub fn name(&self) -> &'static str {
                match self {
                    $( BalanceSpec::$name { .. } => $label, )+
                }
            }

            /// Reports settings that balance nothing.
            pub fn check(&self, problems: &mut Problems) {
                match self {
                    $( BalanceSpec::$name $(($spec))? => problems.at($label, |problems| {
                        $name::check(settings!($($spec)?), problems);
                    }), )+
                }
            }

            /// What the balancer looks at.
            pub fn needs(&self) -> Needs {
                match self {
                    $( BalanceSpec::$name $(($spec))? => $name::needs(settings!($($spec)?)), )+
                }
            }
        }

        /// A balancer at work; one `match` per request, none within.
        #[derive(Clone, Debug)]
        pub enum Balancer {
            $(
                #[doc = concat!("[`", stringify!($name), "`].")]
                $name($name),
            )+
        }

        impl Balancer {
            /// The balancer of `spec` over at most `replicas` replicas; `stream` is for
            /// those that draw lots.
            pub fn new(spec: &BalanceSpec, replicas: u32, stream: Stream) -> Self {
                match spec {
                    $( BalanceSpec::$name $(($spec))? => {
                        Balancer::$name($name::new(settings!($($spec)?), replicas, stream))
                    } )+
                }
            }

            /// The replica for a request.
            #[inline]
            pub fn pick(&mut self, ask: &Ask<'_>) -> u32 {
                match self {
                    $( Balancer::$name(balancer) => balancer.pick(ask), )+
                }
            }
        }
    };
}
