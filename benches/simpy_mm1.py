"""M/M/1 at load 0.8 in SimPy, for comparison with `cargo bench --bench kernel`.

    pip install simpy
    python benches/simpy_mm1.py

Counts an arrival and a departure of each customer, as the Rust benchmark does.
"""

import random
import time

import simpy

ARRIVALS = 0.8
SERVICES = 1.0
SECONDS = 200_000


def customer(env, clerk, counts):
    with clerk.request() as turn:
        yield turn
        yield env.timeout(random.expovariate(SERVICES))
    counts["departures"] += 1


def source(env, clerk, counts):
    while True:
        yield env.timeout(random.expovariate(ARRIVALS))
        counts["arrivals"] += 1
        env.process(customer(env, clerk, counts))


def main():
    random.seed(42)
    env = simpy.Environment()
    clerk = simpy.Resource(env, capacity=1)
    counts = {"arrivals": 0, "departures": 0}
    env.process(source(env, clerk, counts))
    start = time.perf_counter()
    env.run(until=SECONDS)
    elapsed = time.perf_counter() - start
    events = counts["arrivals"] + counts["departures"]
    print(f"SimPy {simpy.__version__}: {events} events in {elapsed:.2f} s, {events / elapsed:,.0f} events/s")


if __name__ == "__main__":
    main()
