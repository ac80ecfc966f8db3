use std::collections::HashSet;

use super::*;
use crate::kernel::Streams;
use crate::workload::incoming::{PromptId, PromptSize};
use crate::workload::prompts::{Prompts, PromptsSpec};
use crate::workload::{DataPaths, text};

fn spec(yaml: &str) -> PromptsSpec {
    let value = serde_yaml::from_str::<serde_yaml::Value>(yaml).unwrap();
    let value =
        serde_yaml::to_value([("templates", value)].into_iter().collect::<BTreeMap<_, _>>());
    serde_yaml::with::singleton_map_recursive::deserialize(value.unwrap()).unwrap()
}

fn problems(yaml: &str) -> Vec<String> {
    let mut problems = Problems::default();
    spec(yaml).check(&mut problems);
    let told = |p: &crate::spec::Problem| {
        format!("{}: {} [{}]", p.path, p.message, p.help.as_deref().unwrap_or_default())
    };
    problems.list().iter().map(told).collect()
}

fn templates(yaml: &str) -> Prompts {
    assert_eq!(problems(yaml), [""; 0], "{yaml}");
    spec(yaml).population(&DataPaths::default()).unwrap()
}

const SUMMARIES: &str = r#"
    texts:
      - { text: "Summarise {doc} in {n} words", weight: 3, means: summary }
      - { text: "In {n} words, what does {doc} say?", means: summary }
      - " Translate {doc}\n{doc} "
      - "A {{brace}}"
    slots:
      doc: { zipf: { count: 3, exponent: 1 } }
      n: { list: [50, { text: "a hundred", weight: 3, means: 100 }, { text: 100, means: 100 }] }
"#;

#[test]
fn every_prompt_is_a_text_of_its_own_and_as_long_as_is_said() {
    let prompts = templates(SUMMARIES);
    assert_eq!(prompts.count(), Some(9 + 9 + 3 + 1));
    let texts: Vec<String> =
        (0..22).map(|id| prompts.text(PromptId(id)).unwrap().into_owned()).collect();
    assert_eq!(texts[0], "Summarise doc-1 in 50 words");
    assert_eq!(texts[5], "Summarise doc-3 in a hundred words");
    assert_eq!(texts[9 + 7], "In 100 words, what does doc-2 say?");
    assert_eq!(
        texts[18..],
        ["Translate doc-1\ndoc-1", "Translate doc-2\ndoc-2", "Translate doc-3\ndoc-3", "A {brace}"]
    );
    assert_eq!(texts.iter().collect::<HashSet<_>>().len(), 22);
    assert_eq!(prompts.text(PromptId(22)), None);
    assert_eq!(prompts.named(" Translate doc-2\ndoc-2"), Some(PromptId(19)));
    assert_eq!(prompts.named("Translate doc-2"), None);
    for (id, made) in (0..).zip(&texts) {
        let blank = if (18..21).contains(&id) { "  " } else { "" };
        assert_eq!(prompts.size(PromptId(id)), Some(PromptSize::of(&format!("{made}{blank}"))));
    }
}

#[test]
fn templates_and_values_are_drawn_by_their_weights() {
    let mut prompts = templates(SUMMARIES);
    let mut stream = Streams::new(1, 0).stream("test");
    let draws = 300_000;
    let mut counts = [0u32; 22];
    for _ in 0..draws {
        counts[prompts.draw(&mut stream).0 as usize] += 1;
    }
    let docs = [6.0 / 11.0, 3.0 / 11.0, 2.0 / 11.0];
    let chi2: f64 = counts
        .iter()
        .enumerate()
        .map(|(id, count)| {
            let share = match id {
                0..18 => {
                    let template = if id < 9 { 3.0 } else { 1.0 };
                    template / 6.0 * docs[id % 3] * [0.2, 0.6, 0.2][id / 3 % 3]
                }
                18..21 => docs[id - 18] / 6.0,
                _ => 1.0 / 6.0,
            };
            let expected = share * f64::from(draws);
            (f64::from(*count) - expected).powi(2) / expected
        })
        .sum();
    assert!(chi2 < 46.8, "99.9 % of chi-square(21): {chi2}");
}

#[test]
fn what_means_the_same_has_the_same_intent() {
    let prompts = templates(SUMMARIES);
    let intent = |id| prompts.intent(PromptId(id)).0;
    // doc-2 in "a hundred" and in "100" words, put in two ways.
    assert_eq!([4, 7, 13, 16].map(intent), [4; 4]);
    assert_eq!((intent(1), intent(10), intent(19), intent(21)), (1, 1, 19, 21));
    assert_eq!((0..22).map(intent).collect::<HashSet<_>>().len(), 6 + 3 + 1);
}

#[test]
fn made_up_values_have_their_words_and_differ() {
    let prompts = templates(
        "{texts: [\"{doc}? {n}\"], slots: {n: {range: {min: -10, max: 10, step: 5}}, doc: \
         {zipf: {count: 50, words: {lognormal: {mean: 40, sigma: 1}}}}}}",
    );
    let mut words = HashSet::new();
    let mut texts = HashSet::new();
    for id in 0..250 {
        let made = prompts.text(PromptId(id)).unwrap().into_owned();
        let length = text::words(&made);
        assert_eq!(prompts.size(PromptId(id)), Some(PromptSize::of(&made)), "{made}");
        words.insert(length);
        texts.insert(made);
    }
    assert_eq!(texts.len(), 250);
    assert!(words.len() > 20, "{words:?}");
    let last = prompts.text(PromptId(249)).unwrap();
    assert!(last.starts_with("doc-50") && last.ends_with("? 10"), "{last}");
}

#[test]
fn what_cannot_be_filled_is_told_at_its_place() {
    let slots = "slots: {city: {list: [Paris, Rome]}}";
    for (yaml, place, what) in [
        ("texts: []".to_owned(), "texts: ", "no templates"),
        (format!("texts: [\"{{cty}} {{x}}\"]\n{slots}"), "texts.0: ", "did you mean `city`?"),
        ("texts: [\"a {b}\"]".to_owned(), "texts.0: ", "unknown slot `b`"),
        (format!("texts: [\"{{city}} {{\"]\n{slots}"), "texts.0: ", "is not closed"),
        (format!("texts: [a, b]\n{slots}"), "slots.city: ", "no template has the slot `city`"),
        ("texts: [\"{a}\"]\nslots: {a: {list: []}}".to_owned(), "slots.a.list: ", "something"),
        ("texts: [\"{a}\"]\nslots: {a: {list: [1, 1]}}".to_owned(), "slots.a.list.1: ", "already"),
        (
            "texts: [\"{a}\"]\nslots: {a: {range: {min: 2, max: 1}}}".to_owned(),
            "slots.a.range: ",
            "greater",
        ),
        (
            "texts: [\"{a}\"]\nslots: {a: {zipf: {count: 0}}}".to_owned(),
            "slots.a.zipf.count: ",
            "at least one",
        ),
        (
            format!("texts: [{{text: \"{{city}}\", means: x}}, {{text: b, means: x}}]\n{slots}"),
            "texts.1: ",
            "other slots",
        ),
        (
            "texts: [\"{a} {b} {c}\"]\nslots: {a: {zipf: {count: 100000000}}, \
             b: {zipf: {count: 100000000}}, c: {zipf: {count: 100000000}}}"
                .to_owned(),
            "texts.0: ",
            "too many",
        ),
    ] {
        let found = problems(&yaml);
        assert!(found.iter().any(|it| it.starts_with(&format!("templates.{place}"))), "{found:?}");
        assert!(found.iter().any(|it| it.contains(what)), "{yaml}: {found:?}");
    }
}

#[test]
fn two_ways_to_the_same_text_are_refused() {
    for yaml in [
        "{texts: [\"{a}{b}\"], slots: {a: {list: [x, xy]}, b: {list: [yz, z]}}}",
        "{texts: [\"{a}\", \" x\"], slots: {a: {list: [x, y]}}}",
        "{texts: [\"{a}{b}\"], slots: {a: {range: {min: 0, max: 100000}}, \
          b: {range: {min: 0, max: 100000}}}}",
    ] {
        assert_eq!(problems(yaml), [""; 0], "{yaml}");
        let refused = spec(yaml).population(&DataPaths::default()).unwrap_err();
        assert!(refused.message.contains("two ways to make the text"), "{}", refused.message);
        assert_eq!(refused.path.to_string(), "templates.texts");
    }
}

#[test]
fn what_is_written_reads_back() {
    let summaries = spec(SUMMARIES);
    let value = serde_yaml::with::singleton_map_recursive::serialize(
        &summaries,
        serde_yaml::value::Serializer,
    );
    let read = serde_yaml::with::singleton_map_recursive::deserialize(value.unwrap());
    assert_eq!(summaries, read.unwrap());
}
