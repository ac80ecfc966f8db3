//! What is in the page.

use std::fs;

use crate::browser::Browser;
use crate::experiments::sweep;
use crate::support::{Bench, assert_same, stderr};

/// A folder's page.
fn page(bench: &Bench, name: &str) -> String {
    let path = bench.path().join("results").join(name).join("report.html");
    fs::read_to_string(path).expect("a page")
}

#[test]
fn a_browser_finds_nothing_to_complain_of() {
    let Some(mut browser) = Browser::start() else { return };
    let (_bench, page) = sweep();
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        for (width, height) in [(1280, 900), (400, 800)] {
            browser.resize(width, height);
            browser.open(&page);
            assert_eq!(browser.troubles(), "", "{scheme}, {width} px");
        }
    }
}

#[test]
fn this_test_s_browser_tells_what_a_bad_page_does() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("bad.html");
    for (bad, event) in [
        ("<img src=other.png>", "Network.requestWillBeSent"),
        ("<script>console.log(1)</script>", "Runtime.consoleAPICalled"),
        ("<script>x.y()</script>", "Runtime.exceptionThrown"),
        (
            "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\"><script>1</script>",
            "Log.entryAdded",
        ),
    ] {
        fs::write(&page, format!("<!doctype html><title>bad</title>{bad}")).expect("a file");
        browser.open(&page);
        let troubles = browser.troubles();
        assert!(troubles.contains(event), "{bad}: {troubles}");
    }
}

#[test]
fn drawing_the_page_again_gives_the_same_bytes() {
    let (bench, path) = sweep();
    let before = fs::read(&path).expect("a page");
    fs::remove_file(&path).expect("removed");
    let output = bench.windtunnel(&["plot", "results/sizes", "--format", "html"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(before == fs::read(&path).expect("a page"), "the page is the same");
    assert!(before.len() < 300_000, "{} bytes", before.len());
}

/// The text of the first `pre` under a heading, as a browser would copy it.
fn copied(html: &str, heading: &str) -> String {
    let after = html.split_once(&format!("id=\"{heading}\"")).expect("the heading").1;
    let code = after.split_once("<code>").expect("text");
    let pre = after.split_once("<pre").expect("a text").1;
    let text = pre.split_once("<code>").unwrap_or(code).1.split_once("</code>").expect("its end").0;
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

#[test]
fn what_the_page_says_of_reproducing_holds() {
    let (bench, _) = sweep();
    let html = page(&bench, "sizes");
    fs::write(bench.path().join("sizes.yaml"), copied(&html, "experiment")).expect("a file");
    let commands = copied(&html, "reproduce");
    let run = commands.lines().next().expect("a command");
    let mut words = run.split(' ');
    assert_eq!(words.next(), Some("windtunnel"));
    let words: Vec<&str> = words.chain(["--format", "html"]).collect();
    let output = bench.windtunnel(&words);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same(&bench.path().join("results/sizes"), &bench.path().join("again/sizes"));
}

#[test]
fn commands_can_be_pasted_whatever_a_file_is_called() {
    let bench = Bench::new("");
    let text = "duration: 5s\nreplications: 1\n";
    fs::write(bench.path().join("it's; touch x.yaml"), text).expect("a file");
    let output = bench.windtunnel(&["run", "it's; touch x.yaml", "--format", "html", "-q"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let html = page(&bench, "it's; touch x").replace("&#39;", "'");
    let command = copied(&html, "reproduce");
    assert!(command.starts_with(r"windtunnel run 'it'\''s; touch x.yaml' --out"), "{command}");
}

#[test]
fn users_beyond_the_first_are_counted() {
    let bench = Bench::new(
        "name: many\nduration: 10m\nreplications: 1\nworkload: { arrivals: { poisson: { rate: 20/s } }, users: { zipf: { count: 700, exponent: 0.1 } } }\n",
    );
    bench.run(&["--quiet", "--format", "html"]);
    let html = page(&bench, "many");
    let users = html.split_once("id=\"table-users\"").expect("users").1;
    let users = users.split_once("</table>").expect("its end");
    let rows = users.0.matches("<tr>").count() - 1;
    let note = users.1.split_once("</p>").expect("a note").0;
    let left: usize =
        note.split(&['>', ' '][..]).find_map(|word| word.parse().ok()).expect("a number");
    let all = fs::read_to_string(bench.path().join("results/many/users.csv")).expect("users");
    assert_eq!(rows + left, all.lines().count() - 1, "{note}");
    assert!(rows <= 200 && note.contains("in users.csv"), "{note}");
}

#[test]
fn what_the_terminal_warns_of_is_in_the_page() {
    let bench = Bench::new(
        "name: full\nduration: 10m\nreplications: 3\nworkload: { arrivals: { poisson: { rate: 20/s } } }\n\
         models: { m: { server: { tokens: { ttft: 1s, tpot: 1ms }, concurrency: 1 } } }\n",
    );
    let output = bench.windtunnel(&["run", "experiment.yaml", "--quiet", "--format", "html"]);
    let told = stderr(&output);
    let warning = told.lines().find_map(|line| line.strip_prefix("warning: ")).expect("a warning");
    assert!(page(&bench, "full").contains(warning), "{warning}");
}

#[test]
fn a_comparison_s_page_says_how_to_compare_again() {
    let (bench, _) = sweep();
    let compare = ["compare", "results/sizes:0", "results/sizes:7", "--name", "two"];
    let output = bench.windtunnel(&compare);
    assert!(output.status.success(), "{}", stderr(&output));
    let html = page(&bench, "two");
    assert!(html.contains("id=\"table-comparison\"") && html.contains("<svg"));
    let command = copied(&html, "reproduce").replace("--name two", "--name again");
    let output = bench.windtunnel(&command.split(' ').skip(1).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", stderr(&output));
    let table =
        |name: &str| fs::read(bench.path().join("results").join(name).join("comparison.csv"));
    assert_eq!(table("two").expect("a table"), table("again").expect("a table"));
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&bench.path().join("results/two/report.html"));
    assert_eq!(browser.troubles(), "");
}

#[test]
fn pages_of_traces_say_how_to_make_them_again() {
    let bench = Bench::new("");
    let folder = bench.path();
    let keys: Vec<String> = (1..400).map(|i| format!("k{}", i * i % 37)).collect();
    fs::write(folder.join("keys.csv"), format!("key\n{}\n", keys.join("\n"))).expect("a file");
    let rows: Vec<String> = (10..60).map(|i| format!("2023-11-16 18:00:{i},{},7", i * i)).collect();
    let log = format!("TIMESTAMP,ContextTokens,GeneratedTokens\n{}\n", rows.join("\n"));
    fs::write(folder.join("log.csv"), log).expect("a file");
    let mut browser = Browser::start();
    for (arguments, name, table) in [
        ("cache keys.csv --policies lru,sieve --capacities 10%,9 -q", "keys-cache", "curves.csv"),
        ("trace info log.csv --until 40s", "log-info", "info.csv"),
        ("trace fit log.csv --out fitted.yaml", "log-fit", "fit.csv"),
    ] {
        let output = bench.windtunnel(&arguments.split(' ').collect::<Vec<_>>());
        assert!(output.status.success(), "{}", stderr(&output));
        let html = page(&bench, name);
        assert!(html.contains(table) && html.contains("<svg"), "{name}");
        let again = copied(&html, "reproduce").replace("trace fit", "trace fit --results again");
        let again = again.replace("cache ", "cache --out again ");
        let again = again.replace("trace info", "trace info --out again");
        let output = bench.windtunnel(&again.split(' ').skip(1).collect::<Vec<_>>());
        assert!(output.status.success(), "{again}: {}", stderr(&output));
        assert_same(&folder.join("results").join(name), &folder.join("again").join(name));
        let Some(browser) = &mut browser else { continue };
        browser.resize(400, 800);
        browser.open(&folder.join("results").join(name).join("report.html"));
        assert_eq!(browser.troubles(), "", "{name}");
        let wide = browser.value("document.documentElement.scrollWidth");
        assert!(wide.as_u64().is_some_and(|wide| wide <= 400), "{name} is {wide} px wide");
    }
}

#[test]
fn a_search_s_page_has_the_answer_and_its_evidence() {
    let bench = Bench::new(
        "name: queue\nduration: 10m\nreplications: 2
workload: { arrivals: { poisson: { rate: 1/s } } }
models: { m: { server: { tokens: { ttft: 500ms, tpot: 1ms }, concurrency: 1 } } }
search:
  max_replications: 4
  maximize_load:
    path: workload.arrivals.poisson.rate
    from: 0.1/s
    to: 3/s
    tolerance: 0.2
    slo: { e2e_mean_s: { below: 2s } }
",
    );
    let output = bench.windtunnel(&["search", "experiment.yaml", "--format", "html"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let html = page(&bench, "queue-search");
    let trials = fs::read_to_string(bench.path().join("results/queue-search/search.csv"));
    let trials = trials.expect("trials").lines().count() - 1;
    let table = html.split_once("id=\"table-search\"").expect("the trials").1;
    let table = table.split_once("</table>").expect("its end").0;
    assert_eq!(table.matches("<tr>").count() - 1, trials);
    assert!(html.contains("e2e_mean_s at most 2") && html.contains("The answer is trial"));
    fs::write(bench.path().join("queue.yaml"), copied(&html, "experiment")).expect("a file");
    let again = copied(&html, "reproduce");
    let again = again.lines().next().expect("a command").split(' ').skip(1);
    let output = bench.windtunnel(&again.chain(["--format", "html"]).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", stderr(&output));
    let folder = |out: &str| bench.path().join(out).join("queue-search");
    assert_same(&folder("results"), &folder("again"));
}
