//! Clients that wait for answers: sessions, closed loops, bounds on concurrency.

use std::collections::BinaryHeap;

use windtunnel::experiment::{Overrides, load::Document, prepare};
use windtunnel::kernel::{Duration, Stream, Streams, Time};
use windtunnel::system::{self, METRICS, RunError};
use windtunnel::workload::{Incoming, SessionEnd, Source};

use super::{Z, mean_and_sd, source};

/// Answers every request after a time drawn by `latency`, until `until`.
/// What was asked, with its answer's time, and how the sessions ended.
fn play(
    mut source: Source,
    until: Time,
    answer: u32,
    mut latency: impl FnMut(&Incoming) -> Duration,
) -> (Vec<(Incoming, Time)>, Vec<SessionEnd>) {
    let (mut asked, mut ended) = (Vec::new(), Vec::new());
    // By time, then by sequence: what comes (in) and what is answered (out).
    let mut coming: BinaryHeap<std::cmp::Reverse<(Time, usize, bool)>> = BinaryHeap::new();
    let mut table: Vec<(Incoming, Time)> = Vec::new();
    let mut next = source.next().map(Result::unwrap);
    loop {
        let at = next.map_or(Time::MAX, |it| it.at);
        let first = coming.peek().map_or(Time::MAX, |it| it.0.0);
        if at.min(first) > until {
            return (asked, ended);
        }
        if at <= first {
            let request = next.unwrap();
            coming.push(std::cmp::Reverse((at, table.len(), true)));
            table.push((request, at));
            next = source.next().map(Result::unwrap);
            continue;
        }
        let std::cmp::Reverse((now, slot, arrives)) = coming.pop().unwrap();
        let request = table[slot].0;
        if arrives {
            let done = now + latency(&request);
            asked.push((request, done));
            coming.push(std::cmp::Reverse((done, slot, false)));
        } else {
            let follow_up = source.follow_up(&request, Some(answer), now);
            ended.extend(follow_up.ended);
            if let Some(request) = follow_up.next {
                assert!(request.at >= now);
                coming.push(std::cmp::Reverse((request.at, table.len(), true)));
                table.push((request, now));
            }
        }
    }
}

const CHAT: &str = "
arrivals: {poisson: {rate: 1/s}}
prompts: {zipf: {count: 100}}
tokens: {input: {constant: 200}, output: {exponential: {mean: 100}}}
session: {turns: {exponential: {mean: 4}}, message: {constant: 50},
          think_time: {exponential: {mean: 10s}}}
";

fn sessions(asked: &[(Incoming, Time)]) -> Vec<Vec<(Incoming, Time)>> {
    // A first turn opens a session; its later turns have ids of their own.
    let mut by_id = std::collections::BTreeMap::<u64, Vec<(Incoming, Time)>>::new();
    let mut opened = 0;
    for (request, done) in asked {
        let ordinal = if request.turn == 0 {
            opened += 1;
            opened - 1
        } else {
            (request.prompt.0 - (1 << 47)) >> 12
        };
        by_id.entry(ordinal).or_default().push((*request, *done));
    }
    by_id.into_values().collect()
}

#[test]
fn a_turn_sends_along_all_that_was_said() {
    let (asked, ended) =
        play(source(CHAT, 1), Time::from_secs(20_000), 30, |_| Duration::from_secs(2));
    let mut thinks = Vec::new();
    for session in sessions(&asked) {
        for (k, pair) in session.windows(2).enumerate() {
            let ((before, done), (after, _)) = (pair[0], pair[1]);
            assert_eq!(after.turn as usize, k + 1);
            assert_eq!(after.input_decitokens, before.input_decitokens + 300 + 500);
            assert_eq!((after.user, after.thread), (before.user, before.thread));
            thinks.push((after.at - done).as_secs_f64());
        }
    }
    let (mean, sd) = mean_and_sd(&thinks);
    let error = Z / (thinks.len() as f64).sqrt();
    assert!((mean / 10.0 - 1.0).abs() < error && (sd / mean - 1.0).abs() < 2.0 * error, "{mean}");
    let turns: Vec<f64> = ended.iter().map(|end| f64::from(end.turns)).collect();
    let (mean, sd) = mean_and_sd(&turns);
    // Geometric of mean 4: variance 12. Long sessions are cut off at the end.
    assert!((mean - 4.0).abs() < Z * sd / (turns.len() as f64).sqrt() + 0.02, "{mean}");
    assert!((sd - 12.0f64.sqrt()).abs() < 0.15, "{sd}");
    assert!(ended.iter().all(|end| !end.abandoned));
}

#[test]
fn what_a_session_does_does_not_depend_on_how_fast_it_is_answered() {
    let content = |latency: u64| {
        let until = Time::from_secs(5000);
        let (asked, _) = play(source(CHAT, 3), until, 30, |_| Duration::from_millis(latency));
        let sessions = sessions(&asked);
        let of = |(request, _): &(Incoming, Time)| {
            (request.turn, request.input_decitokens, request.output_tokens, request.prompt)
        };
        sessions[..2000].iter().map(|it| it.iter().map(of).collect()).collect::<Vec<Vec<_>>>()
    };
    assert_eq!(content(10), content(4000));
}

#[test]
fn a_session_finds_its_own_beginning_in_a_prefix_cache() {
    let mut source = source(&format!("{CHAT}\nshared_prefix: 32"), 5);
    let first = source.find(|it| it.as_ref().is_ok_and(|it| it.turn == 0)).unwrap().unwrap();
    let mut made = Vec::new();
    let mut blocks = |source: &Source, it: &Incoming| source.prefix(it, 16, &mut made).to_vec();
    let one = blocks(&source, &first);
    let mut turn = first;
    let mut before = one.clone();
    assert_eq!(before.len(), 12, "200 tokens");
    let mut turns = 1;
    while let Some(next) = source.follow_up(&turn, Some(30), turn.at).next {
        let now = blocks(&source, &next);
        assert_eq!(now.len() as u64, next.input_decitokens / 10 / 16);
        assert_eq!(now[..before.len()], before, "turn {turns} begins as the one before");
        (turn, before, turns) = (next, now, turns + 1);
    }
    let other = source.find(|it| it.as_ref().is_ok_and(|it| it.prompt != first.prompt));
    let other = blocks(&source, &other.unwrap().unwrap());
    assert_eq!((&other[..2], other[2] == one[2]), (&one[..2], false), "32 tokens are shared");
}

#[test]
fn a_full_context_loses_its_oldest_part() {
    let yaml = "arrivals: {constant: {rate: 1/s}}\nprompts: unique\ntokens: {input: {constant: 100}}\n\
                session: {turns: {constant: 9}, message: {constant: 40}, max_context: 250}";
    let mut source = source(yaml, 1);
    let mut turn = source.next().unwrap().unwrap();
    let mut made = Vec::new();
    let mut lengths = Vec::new();
    let mut chains = Vec::new();
    loop {
        lengths.push(turn.input_decitokens / 10);
        chains.push(source.prefix(&turn, 50, &mut made).to_vec());
        let Some(next) = source.follow_up(&turn, Some(10), turn.at).next else { break };
        turn = next;
    }
    assert_eq!(lengths, [100, 150, 200, 250, 250, 250, 250, 250, 250]);
    assert_eq!(chains[3][..4], chains[2][..]);
    assert!(chains[4].iter().all(|block| !chains[3].contains(block)), "what is sent has moved");
}

#[test]
fn users_leave_by_chance_or_when_they_have_waited_too_long() {
    let abandon = CHAT.replace("session: {", "session: {abandon: 0.2, ");
    let (_, ended) =
        play(source(&abandon, 2), Time::from_secs(20_000), 30, |_| Duration::from_secs(1));
    // Each answer is the last with 1/4, else the user leaves with 1/5: 0.25 + 0.75 / 5.
    let turns: Vec<f64> = ended.iter().map(|end| f64::from(end.turns)).collect();
    let (mean, sd) = mean_and_sd(&turns);
    assert!((mean - 1.0 / 0.4).abs() < Z * sd / (turns.len() as f64).sqrt(), "{mean}");
    let left = ended.iter().filter(|end| end.abandoned).count() as f64 / ended.len() as f64;
    let error = Z * (0.375f64 * 0.625 / ended.len() as f64).sqrt();
    assert!((left - 0.15 / 0.4).abs() < error, "{left}");

    let patience = CHAT.replace("session: {", "session: {patience: {exponential: {mean: 3s}}, ");
    let (_, ended) =
        play(source(&patience, 2), Time::from_secs(20_000), 30, |_| Duration::from_secs(2));
    let (stays, goes_on) = ((-2.0f64 / 3.0).exp(), 0.75);
    let expected = goes_on * (1.0 - stays) / (1.0 - goes_on * stays);
    let left = ended.iter().filter(|end| end.abandoned).count() as f64 / ended.len() as f64;
    let error = Z * (expected * (1.0 - expected) / ended.len() as f64).sqrt();
    assert!((left - expected).abs() < error, "{left}, not {expected}");
}

#[test]
fn a_failed_turn_ends_the_session_or_is_asked_again() {
    for (on_failure, again) in [("leave", false), ("retry", true)] {
        let yaml = CHAT.replace("session: {", &format!("session: {{on_failure: {on_failure}, "));
        let mut source = source(&yaml, 2);
        let first = source.next().unwrap().unwrap();
        let follow_up = source.follow_up(&first, None, first.at);
        assert_eq!(follow_up.next.is_some(), again);
        if let Some(next) = follow_up.next {
            assert_eq!(Incoming { at: first.at, ..next }, first);
        } else {
            assert_eq!(follow_up.ended, Some(SessionEnd { turns: 0, abandoned: true }));
        }
    }
}

/// The most requests under way at once, from their times.
fn most_under_way(asked: &[(Incoming, Time)]) -> i32 {
    let mut changes: Vec<(Time, i32)> =
        asked.iter().flat_map(|(request, done)| [(request.at, 1), (*done, -1)]).collect();
    changes.sort();
    let mut under_way = 0;
    changes
        .iter()
        .map(|(_, change)| {
            under_way += change;
            under_way
        })
        .max()
        .unwrap()
}

#[test]
fn no_more_are_under_way_than_the_limit_and_each_is_sent_as_soon_as_it_may() {
    let latencies = || {
        let mut stream = Streams::new(9, 0).stream("latency");
        move |_: &Incoming| exponential(&mut stream, 0.5)
    };
    let yaml =
        "arrivals: {concurrency: {limit: 3, arrivals: {poisson: {rate: 5/s}}}}\nprompts: unique";
    let (asked, _) = play(source(yaml, 4), Time::from_secs(3000), 1, latencies());
    assert_eq!(most_under_way(&asked), 3);
    // The same by a rule of its own: the k-th wants to go at the k-th time of the
    // process, and takes the first place that is free.
    let plain = "arrivals: {poisson: {rate: 5/s}}\nprompts: unique";
    let mut wanted = source(plain, 4).map(|it| it.unwrap().at);
    let mut free = [Time::ZERO; 3];
    for (request, done) in &asked {
        let place = free.iter_mut().min().unwrap();
        assert_eq!(request.at, wanted.next().unwrap().max(*place));
        *place = *done;
    }
    assert!(asked.len() > 14_000);
}

fn exponential(stream: &mut Stream, mean: f64) -> Duration {
    stream.exponential_span(mean)
}

/// The metrics of one replication of an experiment.
fn run(yaml: &str) -> Result<impl Fn(&str) -> f64, RunError> {
    let document = Document::from_text("test.yaml", yaml).unwrap();
    let prepared = prepare(&document, &Overrides::default()).expect("a sound experiment");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let tables = system::run(&prepared.setups[0], &Streams::new(11, 0), &stop, None)?;
    Ok(move |name: &str| {
        tables.metrics[METRICS.iter().position(|metric| metric.name == name).unwrap()]
    })
}

/// Machines that break down and one repairman: the mean throughput of N clients
/// that think for Z at c servers of mean service S, all exponential (Jain, "The Art
/// of Computer Systems Performance Analysis", 1991, section 31.5).
fn repairman(clients: u32, think: f64, servers: u32, service: f64) -> f64 {
    let mut weight = 1.0;
    let (mut sum, mut busy) = (1.0, 0.0);
    for k in 1..=clients {
        let rate = f64::from(clients - k + 1) / think;
        weight *= rate * service / f64::from(k.min(servers));
        sum += weight;
        busy += weight * f64::from(k.min(servers));
    }
    busy / sum / service
}

#[test]
fn a_closed_loop_has_the_throughput_of_the_machine_repairman() {
    for (clients, servers) in [(20, 4), (5, 1), (50, 100)] {
        let yaml = format!(
            "duration: 60h\nwarmup: 10m\nworkload: {{arrivals: {{closed_loop: {{clients: {clients}, \
             think_time: {{exponential: {{mean: 10s}}}}}}}}, prompts: unique, max_tokens: 1000000, \
             tokens: {{input: {{constant: 9}}, output: {{exponential: {{mean: 4000}}}}}}}}\n\
             models: {{m: {{server: {{tokens: {{ttft: 0s, tpot: 1ms}}, concurrency: {servers}}}}}}}"
        );
        let metric = run(&yaml).unwrap();
        let expected = repairman(clients, 10.0, servers, 3.999);
        let got = metric("throughput_rps");
        println!("{clients} clients, {servers} servers: theory {expected:.4}, simulated {got:.4}");
        // Some 10^5 requests: a standard error of at most 0.5 %.
        assert!((got / expected - 1.0).abs() < 0.012, "{clients}: {got}, not {expected}");
        // Little's law for closed systems: N = X (Z + R).
        let law = got * (10.0 + metric("e2e_mean_s")) / f64::from(clients);
        assert!((law - 1.0).abs() < 0.012, "{law}");
    }
}

#[test]
fn sessions_are_counted_and_requests_stay_within_their_number() {
    let yaml = "requests: 5000\nworkload: {arrivals: {poisson: {rate: 5/s}}, \
                session: {turns: {constant: 5}, think_time: 2s, abandon: 0.1}}\n\
                models: {m: {server: {tokens: {ttft: 100ms, tpot: 1ms}}}}";
    let metric = run(yaml).unwrap();
    assert_eq!(metric("requests"), 5000.0);
    assert_eq!(metric("completed"), 5000.0);
    let turns: f64 = (0..5).map(|k| 0.9f64.powi(k)).sum();
    assert!((metric("session_turns_mean") - turns).abs() < 0.2, "{}", metric("session_turns_mean"));
    assert!(metric("sessions") > 1000.0 && metric("sessions_abandoned") > 300.0);
}

#[test]
fn clients_that_are_answered_at_once_for_ever_are_an_error() {
    let yaml = "workload: {arrivals: {concurrency: {limit: 1}}, prompts: {zipf: {count: 1}}}\n\
                cache: {levels: [{name: l1, capacity: 10}]}\n\
                models: {m: {server: {tokens: {ttft: 0s, tpot: 0s}}}}";
    let error = run(yaml).map(|_| ()).unwrap_err();
    assert!(matches!(error, RunError::Standstill { .. }), "{error}");
    assert!(error.to_string().contains("give the clients a think time"), "{error}");
}
