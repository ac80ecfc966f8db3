//! The command that gives the same results again.

use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};

use crate::report::quoted;

/// What results do not depend on: where they go, in which formats, how fast.
const ASIDE: [&str; 5] = ["format", "jobs", "out", "quiet", "results"];
/// Options that name files.
const FILES: [&str; 2] = ["measured", "values"];

/// The command as it was given, with its words in the order of the help, files by their
/// names alone and without what results do not depend on.
pub(super) fn command(program: &clap::Command, matches: &ArgMatches) -> String {
    let mut words = vec![program.get_name().to_owned()];
    let (mut asked, mut matches) = (program, matches);
    while let Some((verb, given)) = matches.subcommand()
        && let Some(found) = asked.find_subcommand(verb)
    {
        words.push(verb.to_owned());
        (asked, matches) = (found, given);
    }
    let given = |argument: &&Arg| {
        let id = argument.get_id();
        !ASIDE.contains(&id.as_str())
            && matches.ids().any(|it| it == id)
            && matches.value_source(id.as_str()) == Some(ValueSource::CommandLine)
    };
    for argument in asked.get_arguments().filter(given) {
        let values = matches.get_raw(argument.get_id().as_str()).into_iter().flatten();
        let values: Vec<String> =
            values.map(|value| value.to_string_lossy().into_owned()).collect();
        let Some(long) = argument.get_long() else {
            words.extend(values.iter().map(|file| quoted(&name(file))));
            continue;
        };
        let option = format!("--{long}");
        if !argument.get_action().takes_values() {
            words.push(option);
        } else if FILES.contains(&long) {
            words.extend([option, quoted(&name(&values.concat()))]);
        } else if argument.get_value_delimiter().is_some() {
            words.extend([option, quoted(&values.join(","))]);
        } else {
            let each = values.iter().map(|value| [option.clone(), quoted(value)]);
            words.extend(each.flatten());
        }
    }
    words.join(" ")
}

/// A file's name without its folder.
fn name(file: &str) -> String {
    Path::new(file).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn again(line: &str) -> String {
        let matches = Cli::command().try_get_matches_from(line.split(' ')).unwrap();
        command(&Cli::command(), &matches)
    }

    #[test]
    fn what_results_depend_on_is_kept_and_the_rest_is_not() {
        assert_eq!(
            again(
                "windtunnel cache --jobs 2 -q --ignore-sizes --capacities 1%,10 /a/keys.csv \
                 --format csv --out here --seed=7"
            ),
            "windtunnel cache keys.csv --capacities 1%,10 --ignore-sizes --seed 7"
        );
        assert_eq!(again("windtunnel cache a.csv"), "windtunnel cache a.csv");
    }

    #[test]
    fn an_option_that_may_be_repeated_is_and_files_are_named_alone() {
        assert_eq!(
            again(
                "windtunnel calibrate x/a.yaml --measured /b/m.csv --fit p,q --fit r --set s=1 \
                 --set t=2 --holdout 30%"
            ),
            "windtunnel calibrate a.yaml --measured m.csv --fit p,q,r --holdout 30% --set s=1 \
             --set t=2"
        );
    }

    #[test]
    fn every_file_of_a_verb_within_a_verb_is_named() {
        assert_eq!(
            again("windtunnel trace info b.csv x/a.csv --columns time=t,user=u --from 1h"),
            "windtunnel trace info b.csv a.csv --columns time=t,user=u --from 1h"
        );
    }
}
