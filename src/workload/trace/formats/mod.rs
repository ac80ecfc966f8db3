//! The formats of traces: one a file, and this list. [`formats!`] hands it on: a format's
//! field in [`TraceSpec`](super::TraceSpec), what is said of a file there, and its [`Format`]. A
//! file whose format is not said is of the first that knows its beginning.

pub(super) mod applied_compute;
pub(super) mod azure;
pub(super) mod beginning;
pub(super) mod blis;
pub(super) mod conversations;
pub(super) mod dialect;
pub(super) mod format;
pub(super) mod growing_text;
pub(super) mod guidellm;
pub(super) mod job_reader;
pub(super) mod jobs;
pub(super) mod listed;
pub(super) mod litellm;
pub(super) mod log;
pub(super) mod mooncake;
pub(super) mod mooncake_blocks;
pub(super) mod objects;
pub(super) mod otel;
mod otel_file;
pub(super) mod requests_csv;
pub(super) mod sums;
pub(super) mod users;
pub(super) mod vllm;

macro_rules! formats {
    ($then:ident) => {
        $then! {
            /// A CSV file of the Azure LLM inference traces of 2023 or 2024
            /// (`TIMESTAMP,ContextTokens,GeneratedTokens`).
            azure: PathBuf => azure::Azure,
            /// A file of JSON lines of the Mooncake traces (`timestamp`, `input_length`,
            /// `output_length`, `hash_ids`), or `{ file, block_tokens }` where blocks have
            /// other than 512 tokens. It knows which prompts begin alike, and which are the same.
            mooncake: MooncakeSpec => mooncake::MooncakeSpec,
            /// A CSV file of the `BurstGPT` traces (`Timestamp,...,Request tokens,Response
            /// tokens,...`). Requests that failed have answers of no tokens.
            burstgpt: PathBuf => log::BurstGpt,
            /// A request log of one's own: rows under a header.
            csv: LogSpec => log::Csv,
            /// A request log of one's own: JSON objects, one a line.
            jsonl: LogSpec => log::Jsonl,
            /// A cache trace as libCacheSim reads them: a CSV of times, objects and sizes,
            /// or `oracleGeneral`. Each object is a prompt, its size that of the answer.
            libcachesim: ObjectsSpec => objects::ObjectsSpec,
            /// Conversations as `ShareGPT` has them: objects with `conversations: [{from,
            /// value}]`, in a JSON list or one a line. Each user's turn is a request that
            /// sends all that came before. They have no times: see `arrivals` and `think_time`.
            sharegpt: PathBuf => conversations::ShareGpt,
            /// Conversations as `OpenAI`'s API has them: objects with `messages: [{role,
            /// content}]`, or batch lines with these in `body`. As `sharegpt` otherwise.
            openai: PathBuf => conversations::OpenAi,
            /// Spend logs of a `LiteLLM` proxy: its table `LiteLLM_SpendLogs` as JSON or CSV.
            litellm: PathBuf => litellm::LiteLlm,
            /// The result of `vllm bench serve` (`benchmark_serving`), saved with
            /// `--save-result --save-detailed`.
            vllm_bench: PathBuf => vllm::VllmBench,
            /// A report of `GuideLLM` (JSON), with its requests.
            guidellm: PathBuf => guidellm::GuideLlm,
            /// Spans of calls of models by OpenTelemetry's conventions for generative AI: OTLP as
            /// JSON, or a JSON object with `spans`.
            otel: PathBuf => otel::Otel,
            /// The rows of a BLIS trace of version 2 or 3 (CSV).
            blis: PathBuf => blis::Blis,
            /// Agents' sessions as Applied Compute publishes them: a session a line, with lengths
            /// of answers and tools' outputs and how long tools took. Each is a job whose calls
            /// follow the answers. They have no times: see `arrivals`.
            applied_compute: PathBuf => applied_compute::AppliedCompute,
            /// The `requests.csv` of a run of this program, of one point and one replication: its
            /// sessions and workflows, each as a job.
            requests_csv: PathBuf => requests_csv::RequestsCsv,
        }
    };
}

pub(super) use formats;
