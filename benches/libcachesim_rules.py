"""Why ARC and LIRS differ from libCacheSim's where entries have sizes: its rules written down
anew give its miss ratios, and with the one rule that is ours instead they give ours.

    pip install libcachesim
    python benches/libcachesim_rules.py ../shared/data/mooncake/conversation_trace.jsonl.gz
    windtunnel cache blocks.csv --policies arc,lirs --capacities ...    (as it prints)

The objects are the blocks of a Mooncake trace. A block weighs as many bytes as it has tokens: 512,
but for the last of a prompt, which has what is left (with --sizes made: 512 to 8192 by its id).
"""

import argparse
import gzip
import json
import os
import struct
import tempfile
from collections import OrderedDict

RECORD = struct.Struct("<IQIq")


def accesses(path, sizes, block=512):
    """Ids and sizes of the blocks, in order; a block keeps the size of its first access."""
    known, found = {}, []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            row = json.loads(line)
            left = row["input_length"]
            for key in row["hash_ids"]:
                size = min(block, left) if sizes == "tokens" else 512 * (1 + key % 16)
                found.append((key, known.setdefault(key, size)))
                left -= block
    return found


class Arc:
    """Megiddo and Modha (FAST 2003). Two rules of libCacheSim are not ours: at a hit on a key that
    went the balance moves by the ratio of the two lists of such keys, in bytes, where the paper
    moves it by so many pages; and of such keys one goes for each entry that goes, where the
    paper keeps no more of them than there is room for in its directory."""

    def __init__(self, capacity, step_is_size, trims):
        self.capacity, self.step_is_size, self.trims = capacity, step_is_size, trims
        self.target = 0
        self.lists = [OrderedDict() for _ in range(4)]  # T1, T2, B1, B2: oldest first
        self.bytes = [0, 0, 0, 0]

    def put(self, at, key, size):
        self.lists[at][key] = size
        self.bytes[at] += size

    def take(self, at, key=None):
        if key is None:
            key, size = self.lists[at].popitem(last=False)
        else:
            size = self.lists[at].pop(key)
        self.bytes[at] -= size
        return key, size

    def replace(self, in_b2):
        t1, t2 = self.bytes[0], self.bytes[1]
        from_t1 = t1 > 0 and (t1 > self.target or t1 == self.target and in_b2) or t2 == 0
        at = 0 if from_t1 else 1
        self.put(at + 2, *self.take(at))

    def make_room(self, size, ghost):
        """libCacheSim's: with each entry that goes, the oldest of the keys that went."""
        if ghost is not None:
            self.replace(ghost == 3)
        elif self.bytes[0] + self.bytes[2] + size > self.capacity:
            if self.bytes[2] > 0:
                self.take(2)
                self.replace(False)
            else:
                self.take(0)
        else:
            if sum(self.bytes) >= 2 * self.capacity and self.bytes[3] > 0:
                self.take(3)
            self.replace(False)

    def trim(self):
        """Ours: what does not fit the paper's directory."""
        while self.bytes[2] > 0 and self.bytes[0] + self.bytes[2] > self.capacity:
            self.take(2)
        while self.bytes[3] > 0 and sum(self.bytes) > 2 * self.capacity:
            self.take(3)

    def access(self, key, size):
        for at in (0, 1):
            if key in self.lists[at]:
                self.take(at, key)
                self.put(1, key, size)
                return True
        if size > self.capacity:
            return False
        ghost = next((at for at in (2, 3) if key in self.lists[at]), None)
        if ghost is not None:
            other, own = self.bytes[5 - ghost], self.bytes[ghost]
            step = max(other / own, 1.0) * size if self.step_is_size else max(other // own, 1)
            step = step if ghost == 2 else -step
            self.target = min(max(self.target + step, 0), self.capacity)
            self.take(ghost, key)
        while self.bytes[0] + self.bytes[1] + size > self.capacity:
            if self.trims:
                self.replace(ghost == 3)
            else:
                self.make_room(size, ghost)
        self.put(0 if ghost is None else 1, key, size)
        if self.trims:
            self.trim()
        return False


class Lirs:
    """Jiang and Zhang (SIGMETRICS 2002) with libCacheSim's three rules for sizes: LIR and HIR
    entries keep within shares of their own, what is larger than that of the HIR is refused,
    and the stack holds at most twice the cache's bytes."""

    def __init__(self, capacity, stack=2):
        self.capacity = capacity
        self.hir_most = max(1, int(0.01 * capacity))
        self.lir_most = capacity - self.hir_most
        self.stack_most = stack * capacity
        self.stack = OrderedDict()  # oldest first: [size, is LIR, is there]
        self.queue = OrderedDict()
        self.gone = OrderedDict()
        self.lir = self.hir = self.stacked = 0

    def push(self, key, size, is_lir):
        self.stack[key] = [size, is_lir, True]
        self.stacked += size

    def drop(self, key):
        self.stacked -= self.stack.pop(key)[0]

    def prune(self):
        while len(self.stack) > 1:
            key, (_, is_lir, is_there) = next(iter(self.stack.items()))
            if is_lir:
                break
            if not is_there:
                self.gone.pop(key, None)
            self.drop(key)

    def evict_hir(self):
        key, size = self.queue.popitem(last=False)
        self.hir -= size
        if key in self.stack:
            self.stack[key][2] = False
            self.gone[key] = size

    def evict_lir(self):
        key, (size, *_) = next(iter(self.stack.items()))
        self.lir -= size
        self.drop(key)
        if size <= self.hir_most:
            while self.hir + size > self.hir_most:
                self.evict_hir()
            self.queue[key] = size
            self.hir += size
        self.prune()

    def access(self, key, size):
        hit = self.look_up(key, size)
        while self.stacked > self.stack_most and self.gone:
            gone, _ = self.gone.popitem(last=False)
            self.drop(gone)
        return hit

    def look_up(self, key, size):
        entry = self.stack.get(key)
        if entry is not None:
            self.stack.move_to_end(key)
        if key in self.queue:
            self.queue.move_to_end(key)
        if entry is not None and entry[1]:
            self.prune()
            return True
        if entry is not None and entry[2]:
            if key in self.queue:
                self.hir -= self.queue.pop(key)
            self.rise(entry)
            return True
        if entry is None and key in self.queue:
            while self.lir + size > self.lir_most:
                self.evict_lir()
            self.push(key, size, False)
            return True
        if size > self.capacity:
            return False
        if entry is not None:
            while self.lir + entry[0] > self.lir_most:
                self.evict_lir()
            self.gone.pop(key, None)
            while self.lir + self.hir + size > self.capacity:
                while self.hir >= self.hir_most:
                    self.evict_hir()
                self.evict_lir()
            entry[1] = entry[2] = True
            self.lir += entry[0]
            return False
        if size > self.lir_most or size > self.hir_most:
            return False
        if self.lir + size > self.lir_most:
            while self.hir + size > self.hir_most:
                self.evict_hir()
            self.push(key, size, False)
            self.queue[key] = size
            self.hir += size
        else:
            self.push(key, size, True)
            self.lir += size
        return False

    def rise(self, entry):
        while self.lir + entry[0] > self.lir_most:
            self.evict_lir()
        entry[1] = True
        self.lir += entry[0]


def miss_ratio(cache, found):
    return sum(not cache.access(key, size) for key, size in found) / len(found)


def libcachesim(policy, found, capacity):
    import libcachesim as lcs

    path = os.path.join(tempfile.mkdtemp(), "trace.bin")
    with open(path, "wb") as out:
        for at, (key, size) in enumerate(found):
            out.write(RECORD.pack(at, key, size, -1))
    reader = lcs.TraceReader(trace=path, trace_type=lcs.TraceType.ORACLE_GENERAL_TRACE)
    return getattr(lcs, policy)(cache_size=capacity).process_trace(reader)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace")
    parser.add_argument("--sizes", choices=["tokens", "made"], default="tokens")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.003, 0.01, 0.05, 0.2])
    parser.add_argument("--csv", help="write the accesses here, for `windtunnel cache`")
    options = parser.parse_args()
    found = accesses(options.trace, options.sizes)
    if options.csv:
        with open(options.csv, "w") as out:
            out.write("time,key,size\n")
            out.writelines(f"{at},{key},{size}\n" for at, (key, size) in enumerate(found))
    footprint = sum(dict(found).values())
    print("policy,capacity,libcachesim,its_rule,our_rule")
    for share in options.shares:
        capacity = round(share * footprint)
        ours = miss_ratio(Arc(capacity, True, True), found)
        theirs = miss_ratio(Arc(capacity, False, False), found)
        print(f"arc,{capacity},{libcachesim('ARC', found, capacity):.6f},{theirs:.6f},{ours:.6f}")
        theirs = miss_ratio(Lirs(capacity), found)
        print(f"lirs,{capacity},{libcachesim('LIRS', found, capacity):.6f},{theirs:.6f},", flush=True)


if __name__ == "__main__":
    main()
