//! Several classes of clients: each as if it were alone, and all of them together.

use std::collections::BTreeMap;

use windtunnel::workload::Incoming;

use super::{Z, gaps_s, mean_and_sd, plan, requests, source};

const TWO: &str = "
aggregate_rate: 30/s
prompts: {zipf: {count: 500}}
tokens: {input: {constant: 100}, output: {constant: 10}}
users: {zipf: {count: 20}}
clients:
  - {id: chat, rate_fraction: 2, slo_class: interactive, max_tokens: 64}
  - id: batch
    rate_fraction: 1
    arrivals: {gamma: {rate: 1/s, cv: 3}}
    prompts: {zipf: {count: 300}}
    tokens: {input: {constant: 2000}}
    users: {zipf: {count: 3}}
    slo_class: batch
";

fn of_class(all: &[Incoming], class: u16) -> Vec<Incoming> {
    all.iter().copied().filter(|request| request.slo_class.0 == class).collect()
}

#[test]
fn clients_have_their_parts_of_the_rate_and_their_own_burstiness() {
    let n = 300_000;
    let all = requests(TWO, n);
    assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let span = all[n - 1].at.as_secs_f64();
    for (class, rate, cv) in [(0, 20.0, 1.0), (1, 10.0, 3.0)] {
        let own = of_class(&all, class);
        let error = Z * cv / (own.len() as f64).sqrt();
        assert!((own.len() as f64 / span / rate - 1.0).abs() < error, "rate of {class}");
        let (mean, sd) = mean_and_sd(&gaps_s(&own));
        assert!((sd / mean / cv - 1.0).abs() < 0.02, "cv {} of {class}", sd / mean);
    }
}

#[test]
fn clients_differ_in_what_they_say_and_share_what_they_leave_open() {
    let source = source(TWO, 7);
    assert_eq!(source.slo_classes(), ["interactive", "batch"]);
    let names: Vec<&str> = source.users().iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names.len(), 23);
    assert_eq!((names[0], names[20]), ("user-1", "batch/user-1"));
    let profiles = source.profiles().to_vec();
    let all: Vec<Incoming> = source.take(50_000).map(Result::unwrap).collect();
    for request in &all {
        let batch = request.slo_class.0 == 1;
        assert_eq!(request.input_decitokens, if batch { 20_000 } else { 1000 });
        // Its own tokens leave answers to the model.
        assert_eq!(request.output_tokens, if batch { None } else { Some(10) });
        assert_eq!(request.prompt.0 >= 500, batch, "their prompts are not the same");
        assert!(request.prompt.0 < 800);
        assert_eq!(request.user.0 >= 20, batch);
        let asked = profiles[request.profile.0 as usize].max_tokens;
        assert_eq!(asked, if batch { None } else { Some(64) });
    }
    assert_eq!(plan(TWO).prompts(), Some(800));
}

#[test]
fn a_client_asks_the_same_whoever_else_is_there() {
    let alone = "clients: [{id: batch, arrivals: {gamma: {rate: 5/s, cv: 2}}, \
                 prompts: {zipf: {count: 300}}}]";
    let beside = "clients: [{id: chat, arrivals: {poisson: {rate: 50/s}}, prompts: unique}, \
                  {id: batch, arrivals: {gamma: {rate: 5/s, cv: 2}}, prompts: {zipf: {count: 300}}}, \
                  {id: more, prompts: {churn: {}}}]";
    let alone = requests(alone, 500);
    let together = requests(beside, 20_000);
    // Prompts that have an end come first in the numbering.
    let own: Vec<Incoming> = together.into_iter().filter(|it| it.prompt.0 < 300).collect();
    assert!(own.len() >= 500);
    assert_eq!(own[..500], alone);
}

#[test]
fn shared_prompts_are_the_same_and_as_long_whoever_asks_them() {
    let shared = "prompts: {zipf: {count: 50}}\nclients: [{id: a}, {id: b, slo_class: b}]";
    let mut lengths = BTreeMap::new();
    let mut asked = [[false; 50]; 2];
    for request in requests(shared, 20_000) {
        let length = lengths.entry(request.prompt).or_insert(request.input_decitokens);
        assert_eq!(*length, request.input_decitokens);
        asked[usize::from(request.slo_class.0)][request.prompt.0 as usize] = true;
    }
    assert_eq!(asked, [[true; 50]; 2]);
    let own = "tokens: {input: {constant: 5}}\nprompts: {zipf: {count: 50}}\n\
               clients: [{id: a}, {id: b, tokens: {input: {constant: 7}}}]";
    assert_eq!(plan(own).prompts(), Some(100), "prompts of other lengths are other prompts");
}

#[test]
fn endless_prompts_of_several_clients_never_meet() {
    let yaml = "clients: [{id: a, prompts: unique, slo_class: a}, {id: b, prompts: unique}, \
                {id: c, prompts: {zipf: {count: 10}}}]";
    let plan = plan(yaml);
    assert_eq!(plan.prompts(), None);
    let mut seen = BTreeMap::new();
    for request in requests(yaml, 10_000) {
        *seen.entry(request.prompt).or_insert(0) += 1;
    }
    let again = seen.iter().filter(|(prompt, times)| prompt.0 >= 10 && **times > 1);
    assert_eq!(again.count(), 0);
}
