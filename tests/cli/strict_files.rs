//! Files beside an experiment, whatever they hold: one rule for the text they are written in, for
//! names that are there twice, for numbers and for places.

use std::fs;

use crate::support::{Bench, stderr};

/// A kind of file: the experiment that reads it as `f`, and the file.
struct Kind {
    yaml: &'static str,
    text: &'static str,
    /// In the file, and what makes its name be there twice in the place of it.
    once: &'static str,
    twice: &'static str,
    /// A number in it, the same number in another writing, and one that is none.
    number: Option<[&'static str; 3]>,
}

const KINDS: [Kind; 5] = [
    Kind {
        yaml: "models: { m: { price: { litellm: m } } }\ncost: { prices: { litellm: f } }\n",
        text: "{\"m\":\n {\"input_cost_per_token\": 1e-06, \"output_cost_per_token\": 2e-06,\n\
               \"mode\": \"chat\"}}\n",
        once: "\"mode\"",
        twice: "\"input_cost_per_token\"",
        number: Some(["1e-06", "0.000001", "\"free\""]),
    },
    Kind {
        yaml: "models: { m: { server: { engine: { step: { table: { file: f } }, num_gpu_blocks: 100 } } } }\n",
        text: "prefill_tokens,decode_seqs,step_us,note\n0,0,5,\n\n1000,0,70.5,x\n",
        once: "note",
        twice: "step_us",
        number: Some(["1000", "1e3", "many"]),
    },
    Kind {
        yaml: "cache: { warm_start: f, levels: [ { name: l1, capacity: 10 } ] }\n\
               workload: { prompts: { zipf: { count: 5 } } }\n",
        text: "prompt,output_tokens,age_s\n#1,50,0\n\nab,60.0,1.5\n",
        once: "age_s",
        twice: "prompt",
        number: Some(["60.0", "6e1", "-6"]),
    },
    Kind {
        yaml: "workload: { prompts: { paraphrases: { texts: f } } }\n",
        text: "[\n {\"origin\": \"a\", \"similar\": \"b\"}]\n",
        once: "\"similar\"",
        twice: "\"origin\"",
        number: None,
    },
    Kind {
        yaml: "orchestration: { workflows: { w: { wfcommons: { file: f } } } }\n",
        text: "{\"workflow\": {\"tasks\": [\n {\"name\": \"a\", \"runtime\": 100.5}]}}\n",
        once: "\"runtime\"",
        twice: "\"name\": \"b\", \"runtime\"",
        number: Some(["100.5", "1005e-1", "\"long\""]),
    },
];

fn check(yaml: &str, bytes: &[u8]) -> (Option<i32>, String) {
    let bench = Bench::new(yaml);
    fs::write(bench.path().join("f"), bytes).expect("a file");
    let output = bench.windtunnel(&["check", "experiment.yaml"]);
    (output.status.code(), stderr(&output))
}

fn refused(yaml: &str, bytes: &[u8], said: &str) {
    let (status, errors) = check(yaml, bytes);
    assert_eq!(status, Some(2), "{yaml}{}: {errors}", String::from_utf8_lossy(bytes));
    assert!(errors.contains(said), "{yaml} lacks {said}:\n{errors}");
}

#[test]
fn text_is_utf_8_with_or_without_a_mark_and_any_line_ends_packed_or_not() {
    for Kind { yaml, text, .. } in KINDS {
        for ends in ["\n", "\r\n", "\r"] {
            let text = text.replace('\n', ends);
            for bytes in [text.clone(), format!("\u{feff}{text}")] {
                let (status, errors) = check(yaml, bytes.as_bytes());
                assert_eq!(status, Some(0), "{yaml}{bytes:?}: {errors}");
            }
        }
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, text.as_bytes()).expect("memory");
        let packed = packed.finish().expect("memory");
        assert_eq!(check(yaml, &packed).0, Some(0), "{yaml}");
        assert_eq!(check(yaml, &packed[..packed.len() - 9]).0, Some(2), "{yaml}");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        refused(yaml, &wide, "iconv -f UTF-16LE");
        // The last letter of the file is no letter.
        let mut latin = text.as_bytes().to_vec();
        let at = latin.iter().rposition(u8::is_ascii_alphanumeric).expect("a letter");
        latin[at] = 0xe9;
        let line = latin[..at].split(|byte| *byte == b'\n').count();
        refused(yaml, &latin, &format!("f:{line}: column "));
        refused(yaml, &latin, "the byte 0xE9 is not UTF-8");
        assert_eq!(check(yaml, b"").0, Some(2), "{yaml}");
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    for Kind { yaml, text, once, twice, .. } in KINDS {
        let said = if text.starts_with(['{', '[']) { "twice" } else { "is there twice" };
        refused(yaml, text.replacen(once, twice, 1).as_bytes(), said);
    }
}

#[test]
fn numbers_are_read_however_they_are_written_and_others_have_their_place() {
    for Kind { yaml, text, number, .. } in KINDS {
        let Some([number, same, none]) = number else { continue };
        let (status, errors) = check(yaml, text.replace(number, same).as_bytes());
        assert_eq!(status, Some(0), "{yaml}{same}: {errors}");
        let bad = text.replace(number, none);
        let (status, errors) = check(yaml, bad.as_bytes());
        assert_eq!(status, Some(2), "{yaml}{bad}: {errors}");
        let quoted = none.trim_matches('"');
        assert!(errors.contains(quoted), "{yaml} lacks {quoted}:\n{errors}");
        if !text.starts_with('{') {
            let line = bad[..bad.find(none).expect("it")].matches('\n').count() + 1;
            assert!(errors.contains(&format!("f:{line}: ")), "{yaml}:\n{errors}");
        }
    }
}
