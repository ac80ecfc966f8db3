//! The cases of a comparison: points of results folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::experiment::Manifest;
use crate::experiment::sweep::VARIANT;
use crate::report::compare::manifest::{ComparedCase, ComparisonManifest};
use crate::report::compare::selection::{self, Selection};
use crate::report::csv::read_table;
use crate::report::display_names;
use crate::report::error::ReportError;
use crate::report::results::Results;
use crate::report::results::columns::number;
use crate::report::results::point_label::point_in_words;
use crate::spec::suggestion;
use crate::stats::{Cell, Table};

/// A results folder with its runs.
struct Folder {
    path: PathBuf,
    manifest: Manifest,
    antithetic: bool,
    points: Table,
    runs: Table,
}

/// A point of a folder.
#[derive(Clone, Debug)]
struct Case {
    folder: usize,
    /// Its row in `points.csv`.
    row: usize,
    point: u64,
    label: String,
}

/// The cases of a comparison, and which of them are compared.
pub struct Cases {
    folders: Vec<Folder>,
    all: Vec<Case>,
    /// The place of the sweep at which a pair is compared, and its two cases.
    pairs: Vec<(String, usize, usize)>,
    /// Points of sweeps that have no counterpart.
    alone: usize,
}

/// What one case measured of a metric, by replication, or by antithetic pair.
pub(super) type Values = BTreeMap<u64, f64>;

impl Cases {
    /// Finds the cases. The first is what all others are compared with. Several folders
    /// of whole sweeps are compared point by point, where these have the same swept
    /// values.
    ///
    /// # Errors
    /// If a folder holds no results, a point is not there, or there is nothing to
    /// compare.
    pub fn find(selections: &[Selection]) -> Result<Self, String> {
        let mut folders: Vec<Folder> = Vec::new();
        let mut groups: Vec<(usize, Vec<usize>)> = Vec::new();
        for selection in selections {
            let known = folders.iter().position(|folder| folder.path == selection.folder);
            let folder = known.map_or_else(
                || {
                    folders.push(Folder::open(&selection.folder)?);
                    Ok::<_, String>(folders.len() - 1)
                },
                Ok,
            )?;
            let rows = match &selection.point {
                Some(point) => vec![folders[folder].find(point)?],
                None => (0..folders[folder].points.rows.len()).collect(),
            };
            groups.push((folder, rows));
        }
        let sweeps = groups.len() > 1 && groups.iter().all(|(_, rows)| rows.len() > 1);
        let mut all = Cases { folders, all: Vec::new(), pairs: Vec::new(), alone: 0 };
        if sweeps {
            all.match_points(&groups);
        } else {
            all.against_first(&groups);
        }
        if all.alone > 0 && all.pairs.is_empty() {
            return Err(
                "no point of the one sweep has the swept values of a point of another".to_owned()
            );
        }
        if all.pairs.is_empty() {
            return Err("there is nothing to compare: name two results folders or points, as in \
                        `windtunnel compare results/a results/b` or `results/sweep:0 results/sweep:3`"
                .to_owned());
        }
        all.label();
        Ok(all)
    }

    fn case(&mut self, folder: usize, row: usize) -> usize {
        let known = self.all.iter().position(|case| (case.folder, case.row) == (folder, row));
        known.unwrap_or_else(|| {
            let point = self.folders[folder].number(row);
            self.all.push(Case { folder, row, point, label: String::new() });
            self.all.len() - 1
        })
    }

    fn against_first(&mut self, groups: &[(usize, Vec<usize>)]) {
        for (folder, rows) in groups {
            for row in rows {
                let case = self.case(*folder, *row);
                if case > 0 {
                    self.pairs.push((String::new(), 0, case));
                }
            }
        }
    }

    fn match_points(&mut self, groups: &[(usize, Vec<usize>)]) {
        let Some(((first, rows), others)) = groups.split_first() else { return };
        for row in rows {
            let place = self.folders[*first].place(*row);
            for (other, candidates) in others {
                let same = |row: &&usize| self.folders[*other].place(**row) == place;
                let Some(found) = candidates.iter().find(same).copied() else {
                    self.alone += 1;
                    continue;
                };
                let at = self.folders[*first].describe(*row);
                let (a, b) = (self.case(*first, *row), self.case(*other, found));
                self.pairs.push((at, a, b));
            }
        }
        for (other, candidates) in others {
            let paired = |row: &&usize| {
                self.all.iter().any(|case| (case.folder, case.row) == (*other, **row))
            };
            self.alone += candidates.iter().filter(|row| !paired(row)).count();
        }
    }

    /// How many points of sweeps have no counterpart in another, and are left out.
    pub fn alone(&self) -> usize {
        self.alone
    }

    /// Calls the cases by as little as tells them apart.
    fn label(&mut self) {
        let several = self.folders.len() > 1;
        let mut names: Vec<String> = self.folders.iter().map(Folder::name).collect();
        if (1..names.len()).any(|index| names[..index].contains(&names[index])) {
            names = self.folders.iter().map(|folder| folder.path.display().to_string()).collect();
        }
        for case in &mut self.all {
            let folder = &self.folders[case.folder];
            let point = folder.describe(case.row);
            case.label = match (several, point.is_empty()) {
                (true, true) => names[case.folder].clone(),
                (true, false) => format!("{}: {point}", names[case.folder]),
                (false, true) => format!("point {}", case.point),
                (false, false) => point,
            };
        }
    }

    /// The pairs: where in the sweep, and the two cases.
    pub(super) fn pairs(&self) -> &[(String, usize, usize)] {
        &self.pairs
    }

    pub(super) fn name(&self, case: usize) -> &str {
        &self.all[case].label
    }

    /// Each case with its name, and where its row of points is.
    pub(super) fn points(&self) -> impl Iterator<Item = (&str, &Table, &[Cell])> {
        self.all.iter().map(|case| {
            let points = &self.folders[case.folder].points;
            (case.label.as_str(), points, &points.rows[case.row][..])
        })
    }

    /// Whether both drew the same random numbers, replication by replication.
    pub(super) fn are_paired(&self, a: usize, b: usize) -> bool {
        let folder = |case: usize| &self.folders[self.all[case].folder];
        let (a, b) = (folder(a), folder(b));
        a.manifest.seed == b.manifest.seed && a.antithetic == b.antithetic
    }

    /// Whether `metric` is a column of all cases.
    pub(super) fn has(&self, metric: &str) -> bool {
        self.folders.iter().all(|folder| folder.runs.column(metric).is_some())
    }

    /// What a case measured.
    pub(super) fn values(&self, case: usize, metric: &str) -> Values {
        let case = &self.all[case];
        self.folders[case.folder].values(case.point, metric)
    }

    /// What was compared, and what to beware of.
    pub fn manifest(&self, name: &str, beware: &[String]) -> ComparisonManifest {
        let compared = self.all.iter().map(|case| {
            let Folder { path, manifest, .. } = &self.folders[case.folder];
            let folder = if path.is_absolute() {
                format!("results/{}", manifest.name)
            } else {
                path.display().to_string()
            };
            ComparedCase {
                case: case.label.clone(),
                folder,
                experiment: manifest.name.clone(),
                hash: manifest.hash.clone(),
                point: case.point,
            }
        });
        ComparisonManifest {
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            compared: compared.collect(),
            beware: beware.to_vec(),
        }
    }

    /// The distribution of the response time of each case: the mean of its
    /// replications, and the lowest and highest of them.
    pub(super) fn latency(&self) -> Result<Table, ReportError> {
        let mut table = Table::new(["case", "quantile", "e2e_s", "low_s", "high_s"]);
        let column = ["e2e_s".to_owned()];
        for case in &self.all {
            let folder = &self.folders[case.folder];
            let results = Results::open(&folder.path, &folder.manifest.swept, "")?;
            if !results.has("latency.csv") {
                continue;
            }
            for curve in results.curves("latency.csv", "quantile", &column, &[case.point])? {
                for (quantile, folds) in curve {
                    let mean = folds[0].mean();
                    let ends = [folds[0].low, folds[0].high].map(Cell::from);
                    let mut row =
                        vec![case.label.as_str().into(), Cell::Num(quantile), mean.into()];
                    row.extend(ends);
                    table.push(row);
                }
            }
        }
        Ok(table)
    }
}

/// The experiment of a results folder, and the number of the one point that is meant.
///
/// # Errors
/// If the folder holds no results, or it is not said which of its points is meant.
pub(in crate::report) fn point_of(selection: &Selection) -> Result<(Manifest, u64), String> {
    let folder = Folder::open(&selection.folder)?;
    let row = match &selection.point {
        Some(point) => folder.find(point)?,
        None if folder.points.rows.len() == 1 => 0,
        None => {
            let path = folder.path.display();
            return Err(format!(
                "`{path}` has {} points: name one, as in `{path}:0`",
                folder.points.rows.len()
            ));
        }
    };
    let point = folder.number(row);
    Ok((folder.manifest, point))
}

impl Folder {
    fn open(path: &Path) -> Result<Self, String> {
        let manifest = Manifest::read(path)?;
        let antithetic = manifest.experiment.get("antithetic").is_some_and(|it| *it == true);
        let table = |file: &str| read_table(&path.join(file)).map_err(|error| error.to_string());
        let (points, runs) = (table("points.csv")?, table("runs.csv")?);
        Ok(Folder { path: path.to_path_buf(), manifest, antithetic, points, runs })
    }

    fn name(&self) -> String {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| self.manifest.name.clone())
    }

    fn cell(&self, row: usize, column: &str) -> Cell {
        let index = self.points.column(column);
        index.map_or(Cell::Empty, |index| self.points.rows[row][index].clone())
    }

    fn number(&self, row: usize) -> u64 {
        number(&self.cell(row, "point")).map_or(row as u64, |point| point as u64)
    }

    /// The swept values of a point; equal quantities are the same, such as 60s and 1m.
    fn place(&self, row: usize) -> BTreeMap<String, String> {
        let swept = self.manifest.swept.iter();
        swept.map(|path| (path.clone(), selection::plain(&self.cell(row, path)))).collect()
    }

    /// A point in words: its name, or its swept values.
    fn describe(&self, row: usize) -> String {
        point_in_words(&self.points, row, &self.manifest.swept)
    }

    /// The row of the point that `text` names: a variant, a number, or swept values.
    fn find(&self, text: &str) -> Result<usize, String> {
        let rows = || 0..self.points.rows.len();
        let is_named = self.manifest.swept.iter().any(|path| path == VARIANT);
        let is_variant = |row: &usize| selection::is(&self.cell(*row, VARIANT), text);
        if is_named && rows().any(|row| is_variant(&row)) {
            return self.only(text, rows().filter(is_variant));
        }
        if let Ok(number) = text.parse::<u64>() {
            let found = rows().find(|row| self.number(*row) == number);
            return found.ok_or_else(|| {
                let last = rows().len().saturating_sub(1);
                format!("`{}` has no point {number}: expected 0 to {last}", self.path.display())
            });
        }
        let mut wanted = Vec::new();
        for part in selection::parts(text) {
            let (path, value) = part.split_once('=').unwrap_or((VARIANT, part));
            wanted.push((self.column(path)?, value));
        }
        let fits = |row: &usize| {
            wanted.iter().all(|(column, value)| selection::is(&self.cell(*row, column), value))
        };
        self.only(text, rows().filter(fits))
    }

    /// The one row that was found for `text`.
    fn only(&self, text: &str, mut found: impl Iterator<Item = usize>) -> Result<usize, String> {
        match (found.next(), found.next()) {
            (Some(row), None) => Ok(row),
            (Some(_), Some(_)) => Err(format!(
                "`{text}` is more than one point of `{}`: name the others of its swept values too, \
                 as in `path=value,path=value`",
                self.path.display()
            )),
            (None, _) => Err(format!("`{}` has no point `{text}`", self.path.display())),
        }
    }

    /// The swept path that `name` stands for: the whole, or the end that tells it apart.
    fn column(&self, name: &str) -> Result<String, String> {
        let swept = &self.manifest.swept;
        let means = |path: &&String| *path == name || display_names::shortest(path, swept) == name;
        swept.iter().find(means).cloned().ok_or_else(|| {
            let help = suggestion(name, swept);
            format!("`{}` was not swept by `{name}`: {help}", self.path.display())
        })
    }

    fn values(&self, point: u64, metric: &str) -> Values {
        let column = |name: &str| self.runs.column(name);
        let (Some(of), Some(replication), Some(value)) =
            (column("point"), column("replication"), column(metric))
        else {
            return Values::new();
        };
        let runs = self.runs.rows.iter().filter(|row| number(&row[of]) == Some(point as f64));
        let measured =
            runs.filter_map(|row| Some((number(&row[replication])? as u64, number(&row[value])?)));
        if !self.antithetic {
            return measured.collect();
        }
        // The two of a pair depend on each other: their mean is one value.
        let mut pairs: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        measured.for_each(|(run, value)| pairs.entry(run / 2).or_default().push(value));
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        pairs.into_iter().map(|(pair, values)| (pair, mean(values))).collect()
    }
}
