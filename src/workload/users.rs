//! Who asks: a population of users, drawn up by a law or listed by name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alias::{Alias, zipf_weights};
use super::incoming::UserId;
use super::prompts::check_count;
use crate::kernel::Stream;
use crate::spec::{Fraction, NonNegative, Positive, Problems};

/// The class of users for whom none is given; its budget is the default one.
pub const DEFAULT_CLASS: &str = "default";

/// The user of requests that name none.
pub const ANONYMOUS: &str = "anonymous";

/// Each user has a row in the results; more would be of use to nobody.
const MAX_COUNT: u32 = 1_000_000;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UsersSpec {
    /// Users `user-1`, `user-2`, ... of whom the first asks most.
    Zipf(ZipfUsersSpec),
    /// Users by name.
    List(Vec<UserSpec>),
}

/// A population of users in which user k asks in proportion to k^-exponent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZipfUsersSpec {
    /// How many users there are. Default: 100.
    pub count: u32,
    /// How unequal they are: 0 makes all equally active. Default: 1.
    pub exponent: NonNegative,
    /// Share of the users in each class, such as `vip: 0.1`; spread evenly over
    /// busy and quiet users. The rest are of class `default`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, Fraction>,
}

impl Default for ZipfUsersSpec {
    fn default() -> Self {
        let exponent = NonNegative::try_from(1.0).expect("1 is not negative");
        ZipfUsersSpec { count: 100, exponent, classes: BTreeMap::new() }
    }
}

/// A user by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserSpec {
    /// The user's name, as it appears in the results.
    pub name: String,
    /// How often the user asks, relative to the others. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Positive>,
    /// The user's class, which chooses the budget. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// The class of users, which chooses the budget.
    pub class: Arc<str>,
}

impl User {
    /// A user of class `default`.
    pub(super) fn plain(name: &str) -> Self {
        User { name: name.to_owned(), class: DEFAULT_CLASS.into() }
    }
}

/// Who asks, and how often each of them.
#[derive(Clone, Debug)]
pub(super) struct Askers(Arc<(Alias, Vec<UserId>)>);

impl Askers {
    /// One for all requests.
    pub fn only(user: UserId) -> Self {
        Askers(Arc::new((Alias::new(&[1.0]), vec![user])))
    }

    /// Who asks next.
    #[inline]
    pub fn pick(&self, stream: &mut Stream) -> UserId {
        let (shares, ids) = &*self.0;
        ids[shares.pick(stream.bits()) as usize]
    }
}

/// All users of a workload, each once.
#[derive(Debug, Default)]
pub(super) struct UserTable {
    users: Vec<User>,
    ids: HashMap<String, UserId>,
}

impl UserTable {
    /// Adds a user, unless one of this name is known.
    pub fn add(&mut self, user: User) -> UserId {
        *self.ids.entry(user.name.clone()).or_insert_with(|| {
            self.users.push(user);
            UserId(self.users.len() as u32 - 1)
        })
    }

    /// Adds those of a spec, if there is one.
    pub fn add_all(&mut self, spec: Option<&UsersSpec>) {
        for user in spec.map(UsersSpec::users).unwrap_or_default() {
            self.add(user);
        }
    }

    /// The user of this name.
    pub fn named(&mut self, name: &str) -> UserId {
        match self.ids.get(name) {
            Some(id) => *id,
            None => self.add(User::plain(name)),
        }
    }

    /// Those of a checked spec, the anonymous one where there is none. Names made
    /// up by a law get `prefix`.
    pub fn askers(&mut self, spec: Option<&UsersSpec>, prefix: Option<&str>) -> Askers {
        let Some(spec) = spec else { return Askers::only(self.named(ANONYMOUS)) };
        let name = |user: User| match (prefix, spec) {
            (Some(client), UsersSpec::Zipf(_)) => {
                User { name: format!("{client}/{}", user.name), ..user }
            }
            _ => user,
        };
        let ids = spec.users().into_iter().map(|user| self.add(name(user))).collect();
        Askers(Arc::new((Alias::new(&spec.weights()), ids)))
    }

    /// The users, whom [`UserId`] indexes.
    pub fn into_users(self) -> Vec<User> {
        self.users
    }
}

impl UsersSpec {
    /// Reports what is wrong with it.
    pub fn check(&self, problems: &mut Problems) {
        match self {
            UsersSpec::Zipf(spec) => problems.at("zipf", |p| spec.check(p)),
            UsersSpec::List(list) => problems.at("list", |p| check_list(list, p)),
        }
    }

    /// The users in order.
    pub(super) fn users(&self) -> Vec<User> {
        match self {
            UsersSpec::Zipf(spec) => spec.users(),
            UsersSpec::List(list) => list
                .iter()
                .map(|user| User {
                    name: user.name.clone(),
                    class: user.class.as_deref().unwrap_or(DEFAULT_CLASS).into(),
                })
                .collect(),
        }
    }

    /// How often each of them asks, relative to the others.
    fn weights(&self) -> Vec<f64> {
        match self {
            UsersSpec::Zipf(spec) => zipf_weights(spec.count, spec.exponent.get()),
            UsersSpec::List(list) => {
                list.iter().map(|user| user.weight.map_or(1.0, Positive::get)).collect()
            }
        }
    }
}

impl ZipfUsersSpec {
    fn check(&self, problems: &mut Problems) {
        problems.at("count", |p| check_count(self.count, MAX_COUNT, "user", p));
        let sum: f64 = self.classes.values().map(|share| share.get()).sum();
        if sum > 1.0 + 1e-9 {
            problems.at("classes", |p| {
                p.error_help(
                    format!("the classes' shares add up to {sum}"),
                    "expected at most 1; what is left is class `default`",
                );
            });
        }
    }

    /// Gives each user in turn the class that is furthest behind its share, so
    /// that among the first n users every class has its share of n, within one.
    fn users(&self) -> Vec<User> {
        let sum: f64 = self.classes.values().map(|share| share.get()).sum();
        let mut classes: Vec<(Arc<str>, f64, f64)> = vec![(DEFAULT_CLASS.into(), 1.0 - sum, 0.0)];
        classes.extend(self.classes.iter().map(|(name, s)| (name.as_str().into(), s.get(), 0.0)));
        (1..=self.count)
            .map(|rank| {
                for (_, share, behind) in &mut classes {
                    *behind += *share;
                }
                let mut furthest = 0;
                for i in 1..classes.len() {
                    if classes[i].2 > classes[furthest].2 + 1e-9 {
                        furthest = i;
                    }
                }
                classes[furthest].2 -= 1.0;
                User { name: format!("user-{rank}"), class: classes[furthest].0.clone() }
            })
            .collect()
    }
}

fn check_list(list: &[UserSpec], problems: &mut Problems) {
    if list.is_empty() {
        problems.error_help("there must be at least one user", "such as `- { name: ann }`");
    }
    if list.len() > MAX_COUNT as usize {
        problems.error(format!("{} users are more than {MAX_COUNT}", list.len()));
    }
    let mut seen = HashSet::new();
    for (i, user) in list.iter().enumerate() {
        problems.at(i, |p| {
            p.at("name", |p| {
                if user.name.trim().is_empty() {
                    p.error("a user needs a name");
                } else if !seen.insert(user.name.as_str()) {
                    p.error_help(
                        format!("there are two users `{}`", user.name),
                        "give each a name of its own",
                    );
                }
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(yaml: &str) -> UsersSpec {
        // As the experiment loader reads choices: one-key maps and bare words.
        let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
        serde_yaml::with::singleton_map_recursive::deserialize(value).unwrap()
    }

    fn messages(yaml: &str) -> Vec<String> {
        let mut problems = Problems::default();
        spec(yaml).check(&mut problems);
        problems.list().iter().map(|p| format!("{}: {}", p.path, p.message)).collect()
    }

    #[test]
    fn every_class_has_its_share_among_any_first_users() {
        let users = spec("zipf: {count: 1000, classes: {vip: 0.1, team: 0.25}}").users();
        for n in [100, 500, 1000] {
            let of = |class| users[..n].iter().filter(|user| &*user.class == class).count() as f64;
            assert!((of("vip") - 0.1 * n as f64).abs() <= 1.0);
            assert!((of("team") - 0.25 * n as f64).abs() <= 1.0);
            assert!((of("default") - 0.65 * n as f64).abs() <= 1.0);
        }
        assert_eq!(users[0].name, "user-1");
        assert!(spec("zipf: {count: 5}").users().iter().all(|user| &*user.class == "default"));
        assert!(
            spec("zipf: {count: 5, classes: {vip: 1}}").users().iter().all(|u| &*u.class == "vip")
        );
    }

    #[test]
    fn listed_users_keep_their_order_classes_and_weights() {
        let spec = spec("list: [{name: ann, weight: 3, class: vip}, {name: bob}]");
        let mut table = UserTable::default();
        let askers = table.askers(Some(&spec), Some("chat"));
        let users = table.into_users();
        assert_eq!(users[1], User::plain("bob"));
        assert_eq!(&*users[0].class, "vip");
        let mut stream = crate::kernel::Streams::new(1, 0).stream("workload.users");
        let ann = (0..10_000).filter(|_| askers.pick(&mut stream) == UserId(0)).count();
        // 7500 within 3.29 standard deviations.
        assert!((7_357..=7_643).contains(&ann), "{ann}");
    }

    #[test]
    fn bad_users_are_named() {
        assert_eq!(messages("list: []")[0], "list: there must be at least one user");
        assert_eq!(
            messages("list: [{name: a}, {name: a}, {name: ' '}]"),
            ["list.1.name: there are two users `a`", "list.2.name: a user needs a name"]
        );
        assert!(messages("zipf: {count: 0}")[0].starts_with("zipf.count: "));
        assert!(messages("zipf: {count: 2000000}")[0].contains("population of 2000000 users"));
        assert!(messages("zipf: {classes: {a: 0.7, b: 0.6}}")[0].starts_with("zipf.classes: "));
    }
}
