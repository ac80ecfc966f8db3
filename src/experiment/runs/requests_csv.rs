//! `requests.csv`: a row per request, written as they finish.

use std::io::{self, Write};

use crate::cache::{SEMANTIC, cache_key_md5};
use crate::cost::Money;
use crate::pipeline::Outcome;
use crate::stats::Cell;
use crate::system::{Finished, Recorder, Setup};

/// The columns of `requests.csv`.
pub const REQUEST_COLUMNS: [&str; 38] = [
    "point",
    "replication",
    "request_id",
    "workflow",
    "step",
    "in_workflow",
    "session",
    "turn",
    "user",
    "slo_class",
    "measured",
    "arrival_s",
    "finish_s",
    "prompt_chars",
    "input_tokens",
    "output_tokens",
    "payload_bytes",
    "cache_key",
    "cache",
    "cache_level",
    "model",
    "queue_s",
    "ttft_s",
    "tpot_s",
    "inference_s",
    "e2e_s",
    "estimated_cost_usd",
    "cost_usd",
    "saved_usd",
    "token_cost_usd",
    "judge_cost_usd",
    "wrong_answer_cost_usd",
    "list_cost_usd",
    "quality",
    "wrong",
    "outcome",
    "error",
    "negative_hit",
];

/// Writes the rows of one run.
pub struct RequestWriter<'s, W: Write> {
    rows: csv::Writer<W>,
    setup: &'s Setup,
    point: usize,
    replication: u64,
    /// The first error; nothing is written after it.
    failure: Option<csv::Error>,
}

impl<'s, W: Write> RequestWriter<'s, W> {
    /// Rows of replication `replication` of point `point` go to `out`, without
    /// a header.
    pub fn new(out: W, setup: &'s Setup, point: usize, replication: u64) -> Self {
        let rows = csv::WriterBuilder::new().has_headers(false).from_writer(out);
        RequestWriter { rows, setup, point, replication, failure: None }
    }

    /// What the system calls for each finished request.
    pub fn recorder(&mut self) -> Recorder<'_> {
        Box::new(|finished| {
            if self.failure.is_none() {
                let row = self.row(finished).map(|cell| cell.to_string());
                self.failure = self.rows.write_record(row).err();
            }
        })
    }

    /// Flushes the rows.
    ///
    /// # Errors
    /// If any row could not be written.
    pub fn finish(mut self) -> io::Result<()> {
        match self.failure.take() {
            Some(error) => Err(error.into()),
            None => self.rows.flush(),
        }
    }

    fn row(&self, finished: &Finished<'_>) -> [Cell; REQUEST_COLUMNS.len()] {
        let Finished { source, params, request, inference, list, is_plain, .. } = finished;
        let Finished { call, outcome, at, .. } = finished;
        let incoming = &request.incoming;
        let answer = request.answer;
        let served = inference.filter(|_| answer.is_some() && !request.cached);
        let failed = outcome.error().is_some();
        let model = answer.map(|answer| self.setup.models[answer.model as usize].0.as_str());
        let level = match outcome {
            Outcome::Hit(level) => {
                let levels = self.setup.cache.as_ref().map(|cache| &cache.levels);
                levels
                    .and_then(|levels| levels.get(usize::from(*level)))
                    .map(|spec| spec.name_at(usize::from(*level)))
            }
            Outcome::SimilarHit => Some(SEMANTIC.to_owned()),
            _ => None,
        };
        let times = finished.times();
        let tpot = served.map(|_| times.tpot).filter(|tpot| !tpot.is_zero());
        let key = (!params.missing_prompt && !failed).then(|| {
            let text = source.prompt_text(incoming.prompt);
            cache_key_md5(&text, params.temperature, u64::from(params.max_tokens), params.top_p)
        });
        let made = answer.filter(|_| !request.cached).map(|answer| answer.cost);
        let judged = inference.map_or(Money::ZERO, |it| it.spend.judged);
        let is_wrong = answer.filter(|_| !failed).map(|answer| answer.wrong);
        // A workflow's calls are judged by what it comes to.
        let price = self.setup.cost.wrong_answer.filter(|_| *is_plain);
        let wrong = price.filter(|_| is_wrong == Some(true));
        let cost = if made.is_some() { made } else { wrong.map(|_| Money::ZERO) };
        let cost = cost.map(|cost| cost + wrong.unwrap_or_default());
        [
            (self.point as u64).into(),
            self.replication.into(),
            request.id.into(),
            call.map_or(request.id, |(workflow, _)| workflow).into(),
            call.map_or(Cell::Int(0), |(_, step)| step.into()),
            u64::from(!*is_plain).into(),
            source.session_of(incoming).into(),
            source.session_of(incoming).map(|_| u64::from(incoming.turn)).into(),
            source.users()[incoming.user.0 as usize].name.as_str().into(),
            source.slo_classes()[usize::from(incoming.slo_class.0)].as_str().into(),
            u64::from(request.measured).into(),
            incoming.at.into(),
            (*at).into(),
            u64::from(incoming.sent_chars()).into(),
            Cell::Num(incoming.input_decitokens as f64 / 10.0),
            answer.map(|answer| u64::from(answer.output_tokens)).into(),
            incoming.payload_bytes.into(),
            key.into(),
            request.looked.name().into(),
            level.into(),
            model.into(),
            served.map(|it| it.waited).into(),
            answer.filter(|_| !failed).map(|_| times.ttft).into(),
            tpot.into(),
            served.map(|it| it.worked).into(),
            (*at - incoming.at).into(),
            served.map(|it| it.estimate.usd()).into(),
            cost.map(Money::usd).into(),
            answer.filter(|_| request.cached).map(|answer| answer.cost.usd()).into(),
            made.map(|cost| (cost - judged).usd()).into(),
            made.map(|_| judged.usd()).into(),
            wrong.map(Money::usd).into(),
            list.map(Money::usd).into(),
            answer.map(|answer| answer.quality).into(),
            is_wrong.map(u64::from).into(),
            outcome.name().into(),
            outcome.error().map(|error| error.to_string()).into(),
            u64::from(request.negative).into(),
        ]
    }
}
