"""What LiteLLM's own router does in small cases: which deployment each attempt went to, and when.

    pip install litellm==1.110.2
    python benches/litellm_peer.py            # all cases, each in a process of its own
    python benches/litellm_peer.py shuffle    # those whose name contains it

Every deployment is a provider of our own that answers, or fails as it is told. What is printed
is held against windtunnel's in `tests/fleet/groups.rs` (groups, retries, fallbacks),
`src/serving/resilience/cooldown.rs`, `src/serving/resilience/fallbacks.rs`,
`src/cost/budget/reset.rs` (budgets) and `src/cost/price/litellm.rs` (prices). A router's
callbacks outlive it, hence the processes.
"""

import asyncio
import os
import subprocess
import sys
import time

TWO = ("a", "b")


def router_case(deployments, plan, calls=1, gap=0.0, parallel=False, **settings):
    """Calls the group `g` so often; `plan` says how each deployment fails or how long it takes."""
    return dict(deployments=deployments, plan=plan, calls=calls, gap=gap, parallel=parallel, settings=settings)


def group(names=TWO, name="g", **params):
    return [(name, deployment, params) for deployment in names]


FALLBACK = group(["x"], "f")
SLOW = ("", 0.3)
CASES = {
    "shuffle_rpm_is_no_limit": router_case(group(rpm=2), {}, 8),
    "shuffle_weights": router_case([("g", "a", {"weight": 3}), ("g", "b", {"weight": 1})], {}, 400),
    "shuffle_weight_beside_rpm": router_case([("g", "a", {"weight": 1}), ("g", "b", {"rpm": 99})], {}, 40),
    "least_busy_parallel": router_case(group(), {"a": SLOW, "b": SLOW}, 6, parallel=True, routing_strategy="least-busy"),
    "least_busy_one_by_one": router_case(group(), {}, 6, 0.05, routing_strategy="least-busy"),
    "usage_rpm_4": router_case(group(rpm=4), {}, 10, 0.15, routing_strategy="usage-based-routing-v2", num_retries=0),
    "usage_rpm_1": router_case(group(["a"], rpm=1), {}, 3, 0.15, routing_strategy="usage-based-routing-v2", num_retries=0),
    "usage_tpm_50": router_case(group(tpm=50), {}, 8, 0.15, routing_strategy="usage-based-routing-v2", num_retries=0),
    "cost_rpm_2": router_case(group(rpm=2), {}, 8, 0.15, routing_strategy="cost-based-routing", num_retries=0),
    "latency_rpm_2": router_case(group(rpm=2), {}, 8, 0.15, routing_strategy="latency-based-routing", num_retries=0),
    "latency_of_a_timeout": router_case(group(), {"a": 408}, 12, 0.1, routing_strategy="latency-based-routing", num_retries=0, disable_cooldowns=True),
    "parallel_one_each": router_case(group(max_parallel_requests=1), {"a": SLOW, "b": SLOW}, 3, parallel=True, num_retries=1),
    "parallel_of_rpm": router_case(group(["a"], rpm=1), {"a": SLOW}, 3, parallel=True, num_retries=0),
    "order": router_case([("g", "a", {"order": 1}), ("g", "b", {"order": 2})], {"a": 500}, 4, num_retries=2),
    "backoff_alone": router_case(group(["a"]), {"a": 500}, num_retries=3),
    "backoff_of_two": router_case(group(), {"a": 500, "b": 500}, num_retries=3),
    "backoff_before_fallback": router_case(group(["a"]) + FALLBACK, {"a": 500}, num_retries=3, fallbacks=[{"g": ["f"]}]),
    "all_out_with_fallback": router_case(group() + FALLBACK, {"a": 429, "b": 429}, 4, num_retries=3, fallbacks=[{"g": ["f"]}]),
    "all_out_without": router_case(group(), {"a": 429, "b": 429}, num_retries=3),
    "retry_policy": router_case(group(["a"]), {"a": 500}, num_retries=3, retry_policy={"InternalServerErrorRetries": 1}),
    "too_long": router_case(group(["a"]) + FALLBACK, {"a": "too_long"}, num_retries=2, fallbacks=[{"g": ["f"]}]),
    "too_long_own_chain": router_case(group(["a"]) + FALLBACK + group(["y"], "h"), {"a": "too_long"}, num_retries=2, fallbacks=[{"g": ["f"]}], context_window_fallbacks=[{"g": ["h"]}]),
    "nested_fallbacks": router_case(group(["a"]) + FALLBACK + group(["y"], "h") + group(["w"], "z"), {"a": 500, "x": 500, "y": 500}, num_retries=0, fallbacks=[{"g": ["f", "z"]}, {"f": ["h"]}]),
    "default_fallbacks": router_case(group(["a"]) + FALLBACK, {"a": 500}, num_retries=0, default_fallbacks=["f"]),
    "default_after_own": router_case(group(["a"]) + FALLBACK + group(["y"], "h"), {"a": 500, "x": 500}, num_retries=0, default_fallbacks=["h"], fallbacks=[{"g": ["f"]}]),
    "allowed_fails_spaced": router_case(group(), {"a": 500, "b": 500}, 14, 0.4, num_retries=0, allowed_fails=2, cooldown_time=1),
    "cooldown_all_at_once": router_case(group(), {"a": 500, "b": 500}, 14, 0.2, num_retries=0, allowed_fails=0, cooldown_time=0.5),
    "cooldown_by_share": router_case(group(), {"a": 500}, 30, num_retries=0, cooldown_time=60),
    "cooldown_alone": router_case(group(["a"]), {"a": 500}, 8, num_retries=0, allowed_fails=1),
    "cooldown_alone_with_fallback": router_case(group(["a"]) + FALLBACK, {"a": 500}, 8, num_retries=0, allowed_fails=1, fallbacks=[{"g": ["f"]}]),
}


def run(name, case):
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.suppress_debug_info = True
    errors = {
        429: litellm.RateLimitError,
        500: litellm.InternalServerError,
        408: litellm.Timeout,
        "too_long": litellm.ContextWindowExceededError,
    }
    sent, began = [], time.time()

    class Provider(litellm.CustomLLM):
        async def acompletion(self, *_, **call):
            model = call["model"]
            sent.append((round(time.time() - began, 2), model))
            what = case["plan"].get(model)
            if isinstance(what, tuple):
                what, seconds = what
                await asyncio.sleep(seconds)
            if what in errors:
                raise errors[what]("as told", llm_provider="ours", model=model)
            response = litellm.ModelResponse()
            response.choices[0].message.content = "ok"
            response.usage = litellm.Usage(prompt_tokens=10, completion_tokens=10, total_tokens=20)
            return response

    litellm.custom_provider_map = [{"provider": "ours", "custom_handler": Provider()}]
    models = [
        {"model_name": name, "litellm_params": {"model": f"ours/{one}", "api_key": "none", **params}, "model_info": {"id": one}}
        for name, one, params in case["deployments"]
    ]

    async def main():
        router = litellm.Router(model_list=models, **case["settings"])

        async def call():
            try:
                await router.acompletion(model="g", messages=[{"role": "user", "content": "hi there"}])
                return "ok"
            except Exception as error:  # whatever it is, it is what the client gets
                return type(error).__name__

        if case["parallel"]:
            return await asyncio.gather(*(call() for _ in range(case["calls"])))
        answers = []
        for _ in range(case["calls"]):
            answers.append(await call())
            await asyncio.sleep(case["gap"])
        return answers

    answers = asyncio.run(main())
    took = round(time.time() - began, 2)
    counts = {kind: answers.count(kind) for kind in dict.fromkeys(answers)}
    by_deployment = {one: [model for _, model in sent].count(one) for _, one, _ in case["deployments"]}
    print(f"{name}: {counts} after {took} s, sent {by_deployment}")
    print("   ", " ".join(f"{at}:{model}" for at, model in sent[:40]), flush=True)


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    if wanted in CASES:
        run(wanted, CASES[wanted])
    else:
        for name in CASES:
            if wanted in name:
                subprocess.run([sys.executable, __file__, name], check=True, stderr=subprocess.DEVNULL)
