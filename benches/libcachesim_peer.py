"""Requests/s and miss ratios of libCacheSim on the trace of `cargo bench --bench cache`.

    pip install libcachesim
    WINDTUNNEL_TRACE=/tmp/zipf.bin cargo bench --bench cache -- lru
    python benches/libcachesim_peer.py /tmp/zipf.bin --capacity 100000
    python benches/libcachesim_peer.py conversation_trace.jsonl.gz --capacity 1000 10000

A trace is in oracleGeneral format, or Mooncake's (its blocks are the objects).
Every object has size 1. The whole trace is handed to C at once (`process_trace`),
so that no time of Python's is counted; reading the memory-mapped file is. Its hash
table has 2^24 buckets unless told otherwise; for caches of some 100,000 entries it is
faster with 2^18.
"""

import argparse
import gzip
import json
import os
import struct
import tempfile
import time

import libcachesim as lcs

POLICIES = {
    "lru": lcs.LRU,
    "fifo": lcs.FIFO,
    "random": lcs.Random,
    "lfu": lcs.LFU,
    "clock": lcs.Clock,
    "sieve": lcs.Sieve,
    "s3_fifo": lcs.S3FIFO,
    "w_tinylfu": lcs.WTinyLFU,
    "arc": lcs.ARC,
    "two_q": lcs.TwoQ,
    "slru": lcs.SLRU,
    "lirs": lcs.LIRS,
    "lru_k": lcs.LRUK,
    "gdsf": lcs.GDSF,
    "belady": lcs.Belady,
}
RECORD = struct.Struct("<IQIq")


def oracle_general(jsonl_gz):
    """The blocks of a Mooncake trace as an oracleGeneral file."""
    with gzip.open(jsonl_gz, "rt") as lines:
        blocks = [block for line in lines for block in json.loads(line)["hash_ids"]]
    following, last = [-1] * len(blocks), {}
    for at, block in enumerate(blocks):
        if block in last:
            following[last[block]] = at
        last[block] = at
    path = os.path.join(tempfile.mkdtemp(), "trace.bin")
    with open(path, "wb") as out:
        for at, (block, next_use) in enumerate(zip(blocks, following)):
            out.write(RECORD.pack(at, block, 1, next_use))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace")
    parser.add_argument("--capacity", type=int, nargs="+", default=[100_000])
    parser.add_argument("--policy", nargs="+", default=list(POLICIES), choices=list(POLICIES))
    parser.add_argument("--requests", type=int, default=-1, help="only the first so many")
    parser.add_argument("--hashpower", type=int, default=24, help="log2 of libCacheSim's buckets")
    parser.add_argument("--repeat", type=int, default=1, help="the best time of so many is told")
    options = parser.parse_args()

    trace = options.trace
    path = oracle_general(trace) if trace.endswith(".jsonl.gz") else trace
    requests = os.path.getsize(path) // RECORD.size
    if options.requests > 0:
        requests = min(requests, options.requests)
    print("policy,capacity,miss_ratio,requests_per_s")
    for policy in options.policy:
        for capacity in options.capacity:
            seconds = []
            for _ in range(options.repeat):
                reader = lcs.TraceReader(trace=path, trace_type=lcs.TraceType.ORACLE_GENERAL_TRACE)
                cache = POLICIES[policy](cache_size=capacity, hashpower=options.hashpower)
                start = time.process_time()
                miss_ratio, _ = cache.process_trace(reader, max_req=options.requests)
                seconds.append(time.process_time() - start)
            print(f"{policy},{capacity},{miss_ratio:.4f},{requests / min(seconds):.0f}", flush=True)


if __name__ == "__main__":
    main()
