//! Money: prices, budgets, the ledger and the choice of a model.
//!
//! A request that no cache could answer becomes a [`Demand`]. The [`Optimizer`]
//! estimates what each model would ask for it, looks up what the user may still
//! spend and lets the selector ([`select`]) choose. When the answer is there it
//! is charged: the user's spend of the day and the month grows
//! ([`budget`]), and the [`Ledger`] notes who paid how much for which model.
//!
//! ```
//! use windtunnel::cost::{Candidate, CostSpec, Demand, Money, Optimizer, Price, UserId};
//! use windtunnel::kernel::{Streams, Time};
//!
//! let usd = |text: &str| Price::per_token(text.parse::<Money>().unwrap());
//! let models = [
//!     ("gpt-4".to_owned(), Candidate { price: usd("$0.00003"), quality: 0.95 }),
//!     ("gpt-3.5".to_owned(), Candidate { price: usd("$0.000002"), quality: 0.85 }),
//! ];
//! let users = [("ann".to_owned(), None)];
//! let start = "2026-01-01T00:00:00Z".parse().unwrap();
//! let streams = Streams::new(42, 0);
//! let mut optimizer = Optimizer::new(&CostSpec::default(), &models, &users, start, &streams);
//!
//! // Ten words are 13 tokens; at most 500 come back.
//! let demand = Demand { quality_threshold: Some(0.9), ..Demand::new(UserId(0), 130, 500) };
//! let choice = optimizer.choose(&demand, Time::ZERO).unwrap();
//! assert_eq!(choice.model.0, 0);
//! assert_eq!(choice.estimate.to_string(), "$0.01539");
//! ```

pub mod allocate;
pub mod budget;
pub mod calendar;
mod demand;
pub mod forecast;
mod ledger;
pub mod levers;
pub mod money;
mod optimizer;
pub mod price;
pub mod quality;
pub mod select;
mod spec;
mod sticky;
mod tenants;

pub use crate::workload::UserId;
pub use allocate::AllocateSpec;
pub use budget::{BudgetSpec, BudgetsSpec, ChargeSpec, SharedBudgetSpec, members};
pub use calendar::Calendar;
pub use demand::{Cached, Candidate, Choice, Demand, Lesson, ModelId, Refusal, Usage};
pub use ledger::{Ledger, ModelAccount, UserAccount};
pub use levers::{Levers, LeversSpec};
pub use money::Money;
pub use optimizer::Optimizer;
pub use price::{Price, PriceMap, PriceMapError, PriceSpec, Rates};
pub use quality::QualitySpec;
pub use select::{SelectSpec, Verdict};
pub use spec::{CostSpec, PricesSpec};
pub use sticky::{Known, Stayed, StickySessionSpec, StickySpec, SwitchPenaltySpec};
pub use tenants::{TenantKind, Tenants};
