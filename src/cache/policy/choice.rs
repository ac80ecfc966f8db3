//! From the list of policies to the two enums that choose among them.

/// Makes [`PolicySpec`] and [`AnyPolicy`] of the list of policies.
macro_rules! policies {
    ($(
        $(#[$meta:meta])*
        $name:ident $({ $( $(#[$field_meta:meta])* $field:ident: $type:ty ),+ $(,)? })? => $policy:ty;
    )+) => {
        /// Which entry goes when a cache level is full.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum PolicySpec {
            $( $(#[$meta])* $name $({ $( $(#[$field_meta])* $field: $type ),+ })?, )+
        }

        impl PolicySpec {
            /// An empty cache under this policy.
            pub fn build(&self, capacity: Capacity) -> AnyPolicy {
                match self {
                    $( PolicySpec::$name $({ $($field),+ })? => {
                        AnyPolicy::$name(<$policy>::new(capacity $( $(, $field.clone())+ )?))
                    } )+
                }
            }
        }

        /// Any of the policies; one `match` per call, none within.
        #[derive(Clone, Debug)]
        pub enum AnyPolicy {
            $(
                #[doc = concat!("[`", stringify!($policy), "`].")]
                $name($policy),
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
