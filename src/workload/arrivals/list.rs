//! From the list of arrival processes to the two enums that choose among them.

/// Makes [`ArrivalsSpec`] and [`Arrivals`] of the list of processes. The names in front
/// are what makers call the spec, and when the run starts on the virtual calendar.
macro_rules! arrivals {
    ($spec:ident, $start:ident; $(
        $(#[doc = $doc:literal])* $label:literal: $Name:ident($Spec:ty) -> $Process:ty => $make:expr;
    )+) => {
        /// When requests arrive.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum ArrivalsSpec {
            $( $(#[doc = $doc])* #[serde(rename = $label)] $Name($Spec), )+
        }

        impl ArrivalsSpec {
            /// Reports what is wrong with it.
            pub fn check(&self, problems: &mut Problems) {
                match self {
                    $( ArrivalsSpec::$Name(spec) => problems.at($label, |p| spec.check(p)), )+
                }
            }

            /// Whether its requests wait for the answers of others.
            fn waits_for_answers(&self) -> bool {
                match self {
                    $( ArrivalsSpec::$Name(_) => <$Spec as ProcessSpec>::WAITS_FOR_ANSWERS, )+
                }
            }

            /// How its rate is meant to change.
            pub fn rhythm(&self) -> Rhythm {
                match self {
                    $( ArrivalsSpec::$Name(spec) => spec.rhythm(), )+
                }
            }

            /// The same process at another mean rate; `None` where the rate is not one
            /// number.
            pub(super) fn at_rate(&self, rate: Rate) -> Option<Self> {
                match self {
                    $( ArrivalsSpec::$Name(spec) => spec.at_rate(rate).map(ArrivalsSpec::$Name), )+
                }
            }

            /// The process, from its beginning, in a run that starts at `start` on the
            /// virtual calendar. The spec must have passed its check.
            pub fn process(&self, $start: CalendarStart) -> Arrivals {
                match self {
                    $( ArrivalsSpec::$Name($spec) => Arrivals::$Name($make), )+
                }
            }
        }

        /// A process of arrivals on its way.
        #[derive(Clone, Debug)]
        pub enum Arrivals {
            $(
                #[doc = concat!("See [`", stringify!($Spec), "`].")]
                $Name($Process),
            )+
        }

        impl Arrivals {
            /// The next arrival, never before the last; `None` when there is none any
            /// more, and [`Time::MAX`] when virtual time (584 years) is at its end.
            #[inline]
            pub fn next_at(&mut self, stream: &mut Stream) -> Option<Time> {
                match self {
                    $( Arrivals::$Name(process) => process.next_at(stream), )+
                }
            }
        }
    };
}
