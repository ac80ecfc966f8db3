"""windtunnel's batching engine beside vLLM's own scheduler, on random cases.

    pip install vllm==0.33.0
    cargo build --release --example engine_cases
    python benches/vllm_peer.py --cases 150

No GPU is needed, and no model is downloaded. vLLM's `EngineCore.step` (without
asynchronous scheduling) and `step_with_batch_queue` (with it), `Scheduler` or
`AsyncScheduler`, `KVCacheManager` and `BlockPool` are the package's own. In the place of
what is around them:

- the model executor: a step's result is there when the virtual clock has gone on by
  per_step + per_prefill_token x prompt tokens + per_decode_seq x decoding sequences;
  sampled tokens are numbers that no other request has, and the end is by `max_tokens`;
- the process's input queue: who has arrived by the clock is added before a step is
  scheduled, who is aborted by the end of a step is in the aborts queue then;
- the wall clock: the arrival time of a request is its number, as no two are equal;
- the tokenizer, the frontend and the output processor: there are none.

A case is exact if of each request the times of its first token and its end, the tokens
that were found in the prefix cache when it began and began again, and its preemptions are
equal, and so are the numbers of steps and preemptions: times to the nanosecond. The kinds
are listed in `KINDS`; `--kind NAME` runs one, `--seed N` one case of it, with both sides
printed.
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import deque
from concurrent.futures import Future
from queue import Queue

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")

KINDS = {
    # name: what is drawn differently from a plain case of enough memory
    "fcfs": {},
    "priority": {"policy": "priority", "memory": "tight"},
    "caching": {"caching": True, "memory": "any"},
    "tight": {"memory": "tight"},
    "not chunked": {"chunked": False, "memory": "any"},
    "long prefill": {"long_prefill": True, "memory": "any"},
    "first part": {"whole": False, "memory": "tight"},
    "sessions": {"sessions": True, "caching": True, "memory": "any"},
    "aborts": {"aborts": True, "caching": None, "memory": "any"},
    "all together": {
        "policy": None,
        "caching": None,
        "chunked": None,
        "long_prefill": None,
        "whole": None,
        "sessions": None,
        "aborts": None,
        "memory": "any",
    },
}


def draw(kind, seed, asynchronous):
    """A case: settings of the engine, and jobs with their tokens."""
    it = random.Random(f"{kind} {seed}")
    traits = KINDS[kind]

    def flag(name, usual):
        value = traits.get(name, usual)
        return it.random() < 0.5 if value is None else value

    policy = traits.get("policy", "fcfs") or it.choice(["fcfs", "priority"])
    caching, chunked = flag("caching", False), flag("chunked", True)
    sessions, aborts = flag("sessions", False), flag("aborts", False)
    longest = it.choice([20, 100, 400, 2000])
    seqs = it.choice([1, 2, 4, 8, 32, 256])
    tokens = max(seqs, it.choice([16, 64, 256, 2048]))
    if not chunked:
        tokens = max(tokens, 2 * longest + 200)
    size = it.choice([8, 16, 16, 32])
    step = it.choice([1_000, 100_000, 5_000_000])
    times = (step, it.choice([0, 7, 100, 17_251]), it.choice([0, 3, 5_999]))
    rate = it.choice([0.05, 0.3, 1.0, 3.0]) / step / 20
    jobs, at, first_of = [], 0.0, {}
    for nth in range(it.choice([5, 20, 60])):
        at += it.choice([0, 1, 1, 1]) * it.expovariate(rate)
        if it.random() < 0.1:
            at = at // step * step  # perhaps as a step ends
        common, group = it.choice([0, size, 3 * size, 50, longest]), it.randrange(3)
        length = it.randint(1, longest)
        prompt = [10**6 * (group + 1) + n for n in range(min(common, length))]
        prompt += [10**9 + 10**5 * nth + n for n in range(length - len(prompt))]
        output = it.choice([1, it.randint(1, 20), it.randint(1, 100)])
        job = {"at": int(at), "prompt": prompt, "output": output, "after": None, "cancel": None}
        job["priority"] = it.randrange(4) if policy == "priority" else 0
        job["says"] = [2 * 10**9 + 10**5 * nth + n for n in range(output)]
        if sessions and jobs and it.random() < 0.5:
            last = it.randrange(len(jobs))
            if last not in first_of:
                first_of[last] = nth
                before = jobs[last]
                job["after"] = last
                job["at"] = int(it.choice([0.3, 3, 30]) * step)
                job["prompt"] = before["prompt"] + before["says"] + prompt[: 1 + len(prompt) // 2]
                if not chunked and len(job["prompt"]) > tokens:
                    job["prompt"] = job["prompt"][-tokens // 2 :]
        if aborts and job["after"] is None and it.random() < 0.2:
            job["cancel"] = job["at"] + int(it.choice([1, 10, 40]) * step * it.random())
        jobs.append(job)
    most = max(-(-(len(job["prompt"]) + job["output"]) // size) for job in jobs)
    memory = traits.get("memory", "enough")
    if memory == "any":
        memory = it.choice(["enough", "tight", "short"])
    blocks = {"enough": most * len(jobs), "tight": int(most * it.uniform(1, 1.6)) + 1}
    blocks = blocks.get(memory, most * it.randint(1, 4))
    return {
        "seqs": seqs,
        "tokens": tokens,
        "size": size,
        "blocks": max(blocks, most + 1),
        "caching": caching,
        "chunked": chunked,
        "policy": policy,
        "whole": flag("whole", True),
        "long_prefill": it.choice([1, size, 40, 100]) if flag("long_prefill", False) else 0,
        "async": asynchronous,
        "times": times,
        "jobs": jobs,
    }


def chain(tokens, size):
    """An id for each full block, of it and of all before it."""
    ids, last = [], b""
    for end in range(size, len(tokens) + 1, size):
        block = ",".join(map(str, tokens[end - size : end]))
        last = hashlib.sha256(last + block.encode()).digest()
        ids.append(int.from_bytes(last[:8], "little"))
    return ids


def for_windtunnel(case):
    """The case as `examples/engine_cases.rs` reads it."""
    step, prefill, decode = case["times"]
    linear = {
        "per_step": f"{step}ns",
        "per_prefill_token": f"{prefill}ns",
        "per_decode_seq": f"{decode}ns",
    }
    linear |= {name: "0s" for name in ("per_request", "per_input_token", "per_output_token")}
    goes_on = {job["after"] for job in case["jobs"]}
    jobs = []
    for nth, job in enumerate(case["jobs"]):
        tokens = job["prompt"] + (job["says"] if nth in goes_on else [])
        jobs.append({
            "at": job["at"],
            "after": job["after"],
            "input": len(job["prompt"]),
            "output": job["output"],
            "priority": job["priority"],
            "blocks": chain(tokens, case["size"]) if case["caching"] else [],
            "names_answer": nth in goes_on,
            "cancel": job["cancel"],
        })
    engine = {
        "step": {"linear": linear},
        "max_num_seqs": case["seqs"],
        "max_num_batched_tokens": case["tokens"],
        "long_prefill_token_threshold": case["long_prefill"],
        "enable_chunked_prefill": case["chunked"],
        "async_scheduling": case["async"],
        "scheduler_reserve_full_isl": case["whole"],
        "block_size": case["size"],
        "num_gpu_blocks": case["blocks"],
        "enable_prefix_caching": case["caching"],
        "policy": case["policy"],
    }
    return {"engine": engine, "jobs": jobs}


class Result(Future):
    """A step's result, which is there at a time of the virtual clock."""

    def __init__(self, peer, at, output):
        super().__init__()
        self.peer, self.at, self.output = peer, at, output

    def result(self, timeout=None):
        self.peer.step_ended(self.at)
        return self.output


class Executor:
    """In the place of workers and GPU: tells how long a step takes and what is sampled."""

    def __init__(self, peer):
        self.peer, self.free_at = peer, 0
        self.prefilling, self.made = set(), {}

    def execute_model(self, scheduled, non_block=False):
        from vllm.v1.outputs import ModelRunnerOutput

        requests = self.peer.core.scheduler.requests
        counts = scheduled.num_scheduled_tokens
        if not counts:
            output = ModelRunnerOutput(req_ids=[], req_id_to_index={})
            self.pending = Result(self.peer, self.peer.now, output)
            return self.pending
        self.prefilling |= {new.req_id for new in scheduled.scheduled_new_reqs}
        self.prefilling |= set(scheduled.scheduled_cached_reqs.resumed_req_ids)
        prompts = sum(count for it, count in counts.items() if it in self.prefilling)
        decodes = sum(1 for it in counts if it not in self.prefilling)
        step, prefill, decode = self.peer.case["times"]
        begins = max(self.peer.now, self.free_at)
        self.free_at = begins + step + prefill * prompts + decode * decodes
        self.peer.steps += 1
        sampled = []
        for it in counts:
            if requests[it].is_prefill_chunk:
                sampled.append([])
                continue
            self.prefilling.discard(it)
            nth = self.made[it] = self.made.get(it, 0) + 1
            sampled.append([self.peer.case["jobs"][int(it)]["says"][nth - 1]])
        output = ModelRunnerOutput(
            req_ids=list(counts),
            req_id_to_index={it: nth for nth, it in enumerate(counts)},
            sampled_token_ids=sampled,
        )
        self.pending = Result(self.peer, self.free_at, output)
        return self.pending

    def sample_tokens(self, grammar_output, non_block=False):
        return self.pending


class Peer:
    """vLLM's engine core on a virtual clock."""

    def __init__(self, case, folder):
        from vllm.config import CacheConfig, DeviceConfig, ModelConfig, SchedulerConfig, VllmConfig
        from vllm.utils.hashing import sha256
        from vllm.v1.core.kv_cache_utils import get_request_block_hasher, init_none_hash
        from vllm.v1.engine.core import EngineCore
        from vllm.v1.kv_cache_interface import FullAttentionSpec, KVCacheConfig, KVCacheGroupSpec
        from vllm.v1.structured_output import StructuredOutputManager
        import torch

        self.case, self.now, self.steps, self.preemptions = case, 0, 0, 0
        longest = 1_000_000 if case["chunked"] else case["tokens"]
        model = self.model(ModelConfig, folder)
        model.max_model_len = longest
        scheduler = SchedulerConfig(
            max_model_len=longest,
            is_encoder_decoder=False,
            max_num_seqs=case["seqs"],
            max_num_batched_tokens=case["tokens"],
            enable_chunked_prefill=case["chunked"],
            long_prefill_token_threshold=case["long_prefill"],
            scheduler_reserve_full_isl=case["whole"],
            policy=case["policy"],
            async_scheduling=case["async"],
        )
        cache = CacheConfig(
            block_size=case["size"], enable_prefix_caching=case["caching"]
        )
        config = VllmConfig(
            model_config=model,
            scheduler_config=scheduler,
            cache_config=cache,
            device_config=DeviceConfig(device="cpu"),
        )
        # One block is vLLM's own, for what is skipped.
        cache.num_gpu_blocks = case["blocks"] + 1
        attention = FullAttentionSpec(
            block_size=case["size"], num_kv_heads=1, head_size=1, dtype=torch.float32
        )
        blocks = KVCacheConfig(
            num_blocks=case["blocks"] + 1,
            kv_cache_tensors=[],
            kv_cache_groups=[KVCacheGroupSpec(["layer"], attention)],
        )
        core = self.core = object.__new__(EngineCore)
        core.vllm_config, core.log_stats, core._weight_version = config, True, None
        core.scheduler = scheduler.get_scheduler_cls()(
            vllm_config=config,
            kv_cache_config=blocks,
            structured_output_manager=StructuredOutputManager(config),
            block_size=case["size"],
            log_stats=True,
        )
        core.model_executor = Executor(self)
        core.aborts_queue = Queue()
        core.is_mm_encoder_only = core.is_pooling_model = core.check_for_draft_tokens = False
        core.batch_queue_size = config.max_concurrent_batches
        core.batch_queue = deque() if core.batch_queue_size > 1 else None
        assert core.batch_queue_size == (2 if case["async"] else 1)
        self.step = core.step_with_batch_queue if case["async"] else core.step
        init_none_hash(sha256)
        self.hasher = get_request_block_hasher(case["size"], sha256) if case["caching"] else None
        lookup = core.scheduler.kv_cache_manager.record_prefix_cache_stats
        self.found = {}

        def record(request, tokens):
            self.found.setdefault(int(request.request_id), []).append(tokens)
            lookup(request, tokens)

        core.scheduler.kv_cache_manager.record_prefix_cache_stats = record

    _model = None

    @classmethod
    def model(cls, kind, folder):
        if cls._model is None:
            cls._model = kind(
                model=folder, tokenizer=folder, skip_tokenizer_init=True, dtype="float16",
                max_model_len=1000, enforce_eager=True,
            )
        return cls._model

    def step_ended(self, at):
        """The clock goes on to the end of a step; who was aborted until then is."""
        self.now = max(self.now, at)
        gone = [nth for when, nth in self.cancels if when <= self.now]
        self.cancels = [(when, nth) for when, nth in self.cancels if when > self.now]
        known = self.core.scheduler.requests
        gone = [nth for nth in gone if str(nth) in known or self.never_comes(nth)]
        if gone:
            self.core.aborts_queue.put([str(nth) for nth in gone])

    def never_comes(self, nth):
        """Aborted before it was even looked at."""
        self.arrivals = [(at, other) for at, other in self.arrivals if other != nth]
        return False

    def arrive(self):
        from vllm.sampling_params import SamplingParams
        from vllm.v1.request import Request

        due = sorted(it for it in self.arrivals if it[0] <= self.now)
        self.arrivals = [it for it in self.arrivals if it[0] > self.now]
        for at, nth in due:
            job = self.case["jobs"][nth]
            self.serial += 1
            params = SamplingParams(max_tokens=job["output"], ignore_eos=True, temperature=0)
            request = Request(
                str(nth), list(job["prompt"]), params, None, arrival_time=float(self.serial),
                priority=job["priority"], block_hasher=self.hasher,
            )
            self.core.scheduler.add_request(request)
            self.all[nth] = request

    def run(self):
        jobs = self.case["jobs"]
        self.serial, self.all = 0, {}
        self.arrivals = [(it["at"], n) for n, it in enumerate(jobs) if it["after"] is None]
        self.cancels = [(it["cancel"], n) for n, it in enumerate(jobs) if it["cancel"] is not None]
        followers = {it["after"]: n for n, it in enumerate(jobs) if it["after"] is not None}
        first, finished = {}, {}
        scheduler = self.core.scheduler
        while True:
            if not scheduler.has_requests() and not self.core.batch_queue:
                if not self.arrivals:
                    break
                self.now = max(self.now, min(self.arrivals)[0])
            self.step_ended(self.now)
            self.core._process_aborts_queue()
            self.arrive()
            outputs, _ = self.step()
            for output in (outputs or {}).get(0, EMPTY).outputs:
                nth = int(output.request_id)
                if output.new_token_ids and nth not in first:
                    first[nth] = self.now
                if output.finish_reason is not None:
                    finished[nth] = self.now
                    if nth in followers:
                        other = followers[nth]
                        self.arrivals.append((self.now + jobs[other]["at"], other))
        outcomes = []
        for nth in range(len(jobs)):
            found = self.found.get(nth, [])
            request = self.all.get(nth)
            outcomes.append({
                "first": first.get(nth),
                "finished": finished.get(nth),
                "cached": found[0] if found else 0,
                "resumed_cached": found[1:],
                "preempted": request.num_preemptions if request else 0,
                "refused": False,
            })
        preemptions = sum(outcome["preempted"] for outcome in outcomes)
        return {"jobs": outcomes, "steps": self.steps, "preemptions": preemptions}


class EMPTY:
    outputs = ()


def config_folder():
    folder = tempfile.mkdtemp()
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64,
        "intermediate_size": 128, "num_hidden_layers": 1, "num_attention_heads": 1,
        "num_key_value_heads": 1, "vocab_size": 1000, "max_position_embeddings": 1_000_000,
    }
    with open(os.path.join(folder, "config.json"), "w") as out:
        json.dump(config, out)
    return folder


def windtunnel(program, cases):
    text = "\n".join(json.dumps(for_windtunnel(case)) for case in cases)
    done = subprocess.run([program], input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return [json.loads(line) for line in done.stdout.splitlines()]


def differences(ours, theirs):
    """What is not equal, in words."""
    for what in ("steps", "preemptions"):
        if ours[what] != theirs[what]:
            yield f"{what}: {ours[what]} here, {theirs[what]} in vLLM"
    for nth, (one, other) in enumerate(zip(ours["jobs"], theirs["jobs"])):
        for what in one:
            if one[what] != other[what]:
                yield f"job {nth}: {what}: {one[what]} here, {other[what]} in vLLM"


def main():
    about = __doc__.splitlines()[0]
    options = argparse.ArgumentParser(description=about)
    options.add_argument("--program", default="target/release/examples/engine_cases")
    options.add_argument("--cases", type=int, default=150, help="of each kind")
    options.add_argument("--kind", choices=KINDS)
    options.add_argument("--seed", type=int, help="this case alone, in full")
    options.add_argument("--scheduling", choices=["sync", "async"])
    chosen = options.parse_args()
    folder = config_folder()
    kinds = [chosen.kind] if chosen.kind else list(KINDS)
    modes = [chosen.scheduling] if chosen.scheduling else ["sync", "async"]
    seeds = range(chosen.cases) if chosen.seed is None else [chosen.seed]
    wrong = 0
    print(f"{'kind':14} {'mode':6} {'exact':>9} {'requests':>9} {'steps':>8} {'preempted':>9} {'cached':>8}")
    for kind in kinds:
        for mode in modes:
            cases = [draw(kind, seed, mode == "async") for seed in seeds]
            exact, sums = 0, [0, 0, 0, 0]
            for seed, case, ours in zip(seeds, cases, windtunnel(chosen.program, cases)):
                theirs = Peer(case, folder).run()
                found = list(differences(ours, theirs))
                exact += not found
                sums[0] += len(case["jobs"])
                sums[1] += theirs["steps"]
                sums[2] += theirs["preemptions"]
                sums[3] += sum(job["cached"] + sum(job["resumed_cached"]) for job in theirs["jobs"])
                if chosen.seed is not None:
                    print({name: it for name, it in case.items() if name != "jobs"})
                    for nth, job in enumerate(case["jobs"]):
                        sizes = {"input": len(job["prompt"])} | {
                            name: job[name] for name in ("at", "after", "output", "priority", "cancel")
                        }
                        print(nth, sizes, ours["jobs"][nth], theirs["jobs"][nth], sep="\n   ")
                if found:
                    wrong += 1
                    print(f"  --kind '{kind}' --scheduling {mode} --seed {seed}: {found[0]}"
                          f" ({len(found)} in all)")
            row = f"{exact}/{len(cases)}"
            print(f"{kind:14} {mode:6} {row:>9} {sums[0]:9} {sums[1]:8} {sums[2]:9} {sums[3]:8}", flush=True)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
