"""The six measurements of `serving.py`: what each asks of the contenders, and what it makes of their answers.

A ratio says how many times better PIE is: above 1 it is ahead, whether the figure is a rate or a time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import is_gpu, median, note, spread
from serving_work import (
    MAX_BATCH,
    Contender,
    Prompts,
    TraceSize,
    decode_tokens_per_s,
    first_token_ms,
    gaps_ms,
    num_tokens,
    percentile,
    same_rows,
    step_ms,
    total_s,
)
from serving_worker import Request

Row = tuple[str, str, str, str, str, str]
"""Measurement, PIE, mlx-lm, ratio, target, whether it is met."""

TARGETS = {"equal": 1.2, "ragged": 2.0, "trace": 1.0, "host_ms": 2.0, "host_share": 0.1, "memory": 1.15, "mixed": 1.1}

MIXED: tuple[dict[str, float], ...] = (
    {},
    {"temperature": 0.7},
    {"temperature": 1.0, "top_p": 0.9},
    {"temperature": 0.8, "top_k": 40},
    {"temperature": 1.0, "min_p": 0.05},
    {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
    {"temperature": 1.2, "top_p": 0.8, "min_p": 0.02},
    {"temperature": 0.9, "top_k": 100, "top_p": 0.97, "min_p": 0.01},
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each measurement computes."""

    num_prompt: int
    num_new: int
    num_long: int
    num_ragged_new: int
    trace: TraceSize
    num_host_steps: int
    memory_rows: int
    memory_prompt: int


SIZES = {
    "gpu": Sizes(64, 64, 4096, 64, TraceSize(64, 4, 1024, (32, 128), (32, 64)), 128, 32, 1024),
    # mlx-lm computes 60 prompt tokens a second of the bundled model on two cores.
    "cpu": Sizes(16, 16, 512, 16, TraceSize(10, 2, 48, (8, 24), (8, 16)), 64, 8, 160),
    "tiny": Sizes(4, 6, 32, 6, TraceSize(4, 2, 16, (2, 6), (3, 5)), 8, 2, 32),
}


@dataclass(slots=True)
class Bench:
    """What a measurement works with and where it leaves its figures."""

    pie: Contender
    peer: Contender
    prompts: Prompts
    sizes: Sizes
    rounds: int
    load: float
    """Arrivals of the trace, as a share of the requests a second that the peer serves when all come at once, none of
    their prompts known: with its prompt cache it manages more.
    """

    is_exact: bool
    """Whether both compute in float32, so that tokens must agree."""

    fresh: Callable[..., AbstractContextManager[tuple[Contender, Contender, Path, dict[str, Any]]]]
    """Opens new processes; see `serving.Opener.fresh`."""

    rows: list[Row] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)

    def turns(
        self, make: Callable[[int], Sequence[Request]], settings: Mapping[str, Any], *, warm_up: bool = True
    ) -> list[tuple[Sequence[Request], dict[str, Any], dict[str, Any]]]:
        """Both serve `make(round)`, in an order that alternates; round -1 only warms up."""
        answers = []
        for index in range(-1 if warm_up else 0, self.rounds):
            requests = make(index)
            replies: dict[str, Any] = {}
            for contender in (self.pie, self.peer) if index % 2 else (self.peer, self.pie):
                replies[contender.name] = contender.run(requests, settings if contender is self.peer else None)
            if index >= 0:
                answers.append((requests, replies[self.pie.name], replies[self.peer.name]))
        return answers

    def best_settings(
        self, name: str, requests: Sequence[Request], tried: Sequence[dict[str, Any]]
    ) -> tuple[float, dict[str, Any]]:
        """Those settings of `BatchGenerator` with which the peer is done soonest, and in how many seconds."""
        note(f"{name}: {len(tried)} settings of the peer")
        times = [(total_s(self.peer.run(requests, settings)["replies"]), settings) for settings in tried]
        best = min(times, key=lambda pair: pair[0])
        self.results[f"{name}_peer_settings"] = best[1]
        return best

    def compare(
        self, name: str, mine: Sequence[float], theirs: Sequence[float], *, target: float | None, is_time: bool = False
    ) -> float:
        """Add a row of figures taken in the same rounds; return the median of their ratios."""
        pairs = list(zip(mine, theirs, strict=True))
        ratios = [b / a if is_time else a / b for a, b in pairs]
        ratio = median(ratios)
        is_met = None if target is None else ratio >= target
        goal = "" if target is None else f">= {target:g}"
        self.rows.append((name, spread(mine), spread(theirs), spread(ratios), goal, verdict(is_met)))
        figures = {"pie": median(mine), "mlx_lm": median(theirs), "ratio": ratio, "target": target, "meets": is_met}
        self.results[name] = {**figures, "ratio_range": [float(f"{v:.4g}") for v in (min(ratios), max(ratios))]}
        return ratio

    def limit(self, name: str, mine: float | None, theirs: float | None, limit: float | None) -> None:
        """Add a row in which each stands for itself, against a limit for PIE's figure."""
        is_met = None if limit is None or mine is None else mine <= limit
        goal = "" if limit is None else f"<= {limit:.3g}"
        self.rows.append((name, shown(mine), shown(theirs), "", goal, verdict(is_met)))
        self.results[name] = {"pie": mine, "mlx_lm": theirs, "limit": limit, "meets": is_met}


def verdict(is_met: bool | None) -> str:
    return "" if is_met is None else "yes" if is_met else "NO"


def shown(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4g}"


def equal(bench: Bench) -> None:
    """Rows of one length, together from start to end."""
    sizes = bench.sizes
    for batch_size in (8, MAX_BATCH):
        note(f"equal lengths, batch {batch_size}")

        def make(index: int, batch_size: int = batch_size) -> list[Request]:
            num_new = sizes.num_new if index >= 0 or is_gpu() else 2
            return bench.prompts.batch([sizes.num_prompt] * batch_size, num_new, ("equal", batch_size, index))

        answers = bench.turns(make, {"prefill_batch_size": batch_size, "completion_batch_size": MAX_BATCH})
        pairs = [(mine["replies"], theirs["replies"]) for _, mine, theirs in answers]
        for kind, figure in (
            ("decode", decode_tokens_per_s),
            ("all", lambda replies: num_tokens(replies) / total_s(replies)),
        ):
            bench.compare(
                f"batch {batch_size}: {'decode' if kind == 'decode' else 'output'} tokens/s"
                + ("" if kind == "decode" else ", prefill included"),
                [figure(mine) for mine, _ in pairs],
                [figure(theirs) for _, theirs in pairs],
                target=TARGETS["equal"] if kind == "decode" else None,
            )
        agreement(bench, f"batch {batch_size}: rows with the same tokens", pairs, is_exact=bench.is_exact)
    if not bench.is_exact:
        note("the same tokens in float32, on a small model")
        with bench.fresh("30m", dtype="float32", environment={"MLX_ENABLE_TF32": "0"}) as (pie, peer, _, about):
            prompts = Prompts(about["vocab_size"])
            requests = prompts.batch([64, 7, 33, 64, 20, 50, 64, 3], 24, "agreement")
            pair = (pie.run(requests)["replies"], peer.run(requests)["replies"])
        agreement(bench, "30m, float32: rows with the same tokens", [pair], is_exact=True)


def agreement(bench: Bench, name: str, pairs: Sequence[tuple[Any, Any]], *, is_exact: bool) -> None:
    """Add a row that counts equal rows; judged only where rounding cannot excuse a difference."""
    same, total = (sum(counts) for counts in zip(*(same_rows(*pair) for pair in pairs), strict=True))
    is_met = same == total if is_exact else None
    bench.rows.append((name, f"{same} of {total}", "", "", "all" if is_exact else "", verdict(is_met)))
    bench.results[name] = {"same": same, "rows": total, "meets": is_met}


def ragged(bench: Bench) -> None:
    """One long prompt with seven short ones."""
    sizes = bench.sizes

    def make(index: int, num_long: int = sizes.num_long) -> list[Request]:
        return bench.prompts.batch([num_long, *[50] * 7], sizes.num_ragged_new, ("ragged", index, num_long))

    # On a CPU every padded token costs as much as a real one, so large chunks of eight rows need no trial.
    tried = [
        {"prefill_batch_size": rows, "prefill_step_size": step}
        for rows, step in ([(8, 2048), (8, 512), (8, 64), (1, 2048)] if is_gpu() else [(8, 64), (1, 2048)])
    ]
    if is_gpu():
        bench.peer.run(make(-2))  # kernels are compiled at their first use
    _, settings = bench.best_settings("ragged", make(-1, sizes.num_long if is_gpu() else sizes.num_long // 4), tried)
    note(f"ragged lengths: {sizes.num_long} and seven of 50")
    answers = bench.turns(make, settings, warm_up=is_gpu())
    name = f"prompts of {sizes.num_long} and 7 x 50: total s"
    pairs = [(asked, mine["replies"], theirs["replies"]) for asked, mine, theirs in answers]
    mine, theirs = [total_s(replies) for _, replies, _ in pairs], [total_s(replies) for _, _, replies in pairs]
    bench.compare(name, mine, theirs, target=TARGETS["ragged"], is_time=True)
    mine = [sum(first_token_ms(asked, replies)[1:]) / 7 for asked, replies, _ in pairs]
    theirs = [sum(first_token_ms(asked, replies)[1:]) / 7 for asked, _, replies in pairs]
    bench.compare("the same: first token of the short ones ms, mean", mine, theirs, target=None, is_time=True)


def trace(bench: Bench) -> None:
    """Poisson arrivals with shared system prompts, at a rate that keeps the peer busy and lets it keep up."""
    size = bench.sizes.trace
    burst = bench.prompts.trace(size, "burst", None)
    tried = [
        {"prefill_batch_size": batch, "prefill_step_size": step, "completion_batch_size": MAX_BATCH}
        for batch, step in ([(8, 2048), (8, 512), (1, 2048)] if is_gpu() else [(8, 2048)])
    ]
    if is_gpu():
        bench.peer.run(burst, tried[0])
        bench.pie.run(burst)
    burst_s, settings = bench.best_settings("trace", burst, tried)
    capacity = size.num_requests / burst_s
    settings = bench.results["trace_peer_settings"] = _with_or_without_cache(bench, settings, capacity)
    rate = bench.load * capacity
    note(f"trace: {size.num_requests} requests, {rate:.3g} a second of the peer's {capacity:.3g}")
    answers = bench.turns(lambda index: bench.prompts.trace(size, index, rate), settings, warm_up=False)
    figures: dict[str, tuple[Callable[[Any, Any], float], bool]] = {
        "first token ms, p50": (lambda asked, replies: percentile(first_token_ms(asked, replies), 50), True),
        "first token ms, p99": (lambda asked, replies: percentile(first_token_ms(asked, replies), 99), True),
        "between tokens ms, p99": (lambda _, replies: percentile(gaps_ms(replies), 99), True),
        "tokens/s": (lambda _, replies: num_tokens(replies) / total_s(replies), False),
    }
    for name, (figure, is_time) in figures.items():
        mine = [figure(asked, answer["replies"]) for asked, answer, _ in answers]
        theirs = [figure(asked, answer["replies"]) for asked, _, answer in answers]
        bench.compare(f"trace: {name}", mine, theirs, target=TARGETS["trace"], is_time=is_time)
    busy = [answer["busy_s"] / total_s(answer["replies"]) for _, _, answer in answers]
    cached = [answer["num_cached"] / sum(len(r["prompt_ids"]) for r in asked) for asked, answer, _ in answers]
    bench.rows.append(("trace: share of the time the peer is busy", "", spread(busy), "", "", ""))
    bench.results["trace_load"] = {
        "requests_per_s": float(f"{rate:.4g}"),
        "peer_burst_requests_per_s": float(f"{capacity:.4g}"),
        "peer_busy_share": median(busy),
        "pie_cached_share": median(cached),
    }


def _with_or_without_cache(bench: Bench, settings: dict[str, Any], capacity: float) -> dict[str, Any]:
    """The peer's settings with its prompt cache, unless copying it costs more than computing again."""
    if not is_gpu():
        return {**settings, "prompt_cache": True}
    requests = bench.prompts.trace(bench.sizes.trace, "cache", 1.5 * capacity)
    sooner = {}
    for is_kept in (True, False):
        replies = bench.peer.run(requests, {**settings, "prompt_cache": is_kept})["replies"]
        sooner[is_kept] = percentile(first_token_ms(requests, replies), 50)
    return {**settings, "prompt_cache": sooner[True] <= sooner[False]}


def host(bench: Bench) -> None:
    """A step of a full batch, less its array work."""
    note(f"host work a step, batch {MAX_BATCH}")
    with bench.fresh("thin", dtype="float32") as (pie, peer, _, about):
        thin = _host_ms(bench, pie, peer, Prompts(about["vocab_size"]))
    bench.limit(
        f"host ms a step, one thin layer, batch {MAX_BATCH}", thin["host_ms"][0], thin["host_ms"][1], TARGETS["host_ms"]
    )
    bench.results["host_thin"] = thin
    if not is_gpu():
        note("the step of the model itself is n/a on a CPU: host and arrays share the cores")
        return
    whole = bench.results["host_whole"] = _host_ms(bench, bench.pie, bench.peer, bench.prompts)
    limit = TARGETS["host_ms"] + TARGETS["host_share"] * whole["step_ms"][0]
    bench.limit(
        f"host ms a step, batch {MAX_BATCH} (step less array work)", whole["host_ms"][0], whole["host_ms"][1], limit
    )


def _host_ms(bench: Bench, pie: Contender, peer: Contender, prompts: Prompts) -> dict[str, list[float]]:
    """PIE's figure and the peer's: milliseconds of a step, of its array work, and the rest."""
    num_steps, num_prompt = bench.sizes.num_host_steps, bench.sizes.num_prompt
    found: dict[str, list[float]] = {"step_ms": [], "array_ms": [], "host_ms": []}
    for contender, settings in ((pie, {}), (peer, {"prefill_batch_size": MAX_BATCH})):
        steps, arrays = [], []
        for index in range(-1, bench.rounds):
            requests = prompts.batch([num_prompt] * MAX_BATCH, num_steps, ("host", index))
            step = step_ms(contender.run(requests, settings, text=False)["replies"])
            array = contender.call("array_ms", batch_size=MAX_BATCH, num_prompt=num_prompt, num_steps=num_steps)
            if index >= 0:
                steps.append(step)
                arrays.append(array)
        found["step_ms"].append(median(steps))
        found["array_ms"].append(median(arrays))
        found["host_ms"].append(median([step - array for step, array in zip(steps, arrays, strict=True)]))
    return found


def memory(bench: Bench) -> None:
    """The peak of a fresh process while a batch is served, over the keys and values that it must hold."""
    sizes = bench.sizes
    rows, num_prompt, num_new = sizes.memory_rows, sizes.memory_prompt, 4 if not is_gpu() else 32
    note(f"peak memory: {rows} x {num_prompt + num_new} tokens")
    with bench.fresh(None, memory_tokens=rows * (num_prompt + num_new)) as (pie, peer, folder, about):
        figures: dict[str, dict[str, Any]] = {}
        for contender in (pie, peer):
            token_bytes = _token_bytes(folder, 4 if bench.is_exact else 2)
            contender.run(bench.prompts.batch([8], 4, "first"), text=False)
            contender.call("reset_peak")
            before = contender.call("memory")
            contender.run(bench.prompts.batch([num_prompt] * rows, num_new, "memory"), text=False)
            after = contender.call("memory")
            if is_gpu():
                grown: int | None = after["mlx_peak_bytes"] - about[contender.name]["weight_bytes"]
            elif after["rss_peak_bytes"] is not None:
                grown = after["rss_peak_bytes"] - before["rss_bytes"]
            else:
                grown = None
            ideal = rows * (num_prompt + num_new) * token_bytes
            figures[contender.name] = {"ideal_bytes": ideal, "grown_bytes": grown, "before": before, "after": after}
    ratios = [
        None if one["grown_bytes"] is None else float(f"{one['grown_bytes'] / one['ideal_bytes']:.4g}")
        for one in figures.values()
    ]
    kind = "GPU memory" if is_gpu() else "process"
    ideal_mb = figures[bench.pie.name]["ideal_bytes"] / 1e6
    bench.limit(
        f"peak over weights ({kind}) / keys and values ({ideal_mb:.0f} MB)", ratios[0], ratios[1], TARGETS["memory"]
    )
    bench.results["memory"] = figures


def _token_bytes(folder: Path, item_bytes: int) -> int:
    """Bytes of one token's keys and values, in all layers, unquantised."""
    config = json.loads((folder / "config.json").read_text())
    heads = config.get("num_key_value_heads", config["num_attention_heads"])
    head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    return int(2 * config["num_hidden_layers"] * heads * head_dim * item_bytes)


def sampling(bench: Bench) -> None:
    """Sixteen rows with parameters of all kinds, over sixteen greedy ones."""
    sizes = bench.sizes
    settings = {"prefill_batch_size": 16, "completion_batch_size": MAX_BATCH}
    slowdowns: list[list[float]] = [[], []]
    for index in range(-1, bench.rounds):
        note(f"mixed sampling, batch 16: round {index + 1} of {bench.rounds}")
        num_new = sizes.num_new if index >= 0 or is_gpu() else 2
        for side, contender in enumerate((bench.pie, bench.peer)):
            rates = [
                decode_tokens_per_s(
                    contender.run(
                        bench.prompts.batch([sizes.num_prompt // 2] * 16, num_new, ("mixed", index, kind), samplings),
                        settings if contender is bench.peer else None,
                    )["replies"]
                )
                for kind, samplings in (("greedy", ({},)), ("mixed", MIXED))[:: 1 if index % 2 else -1]
            ]
            greedy, mixed = rates if index % 2 else rates[::-1]
            if index >= 0:
                slowdowns[side].append(greedy / mixed)
    mine, theirs = map(median, slowdowns)
    bench.limit("batch 16: time of mixed sampling / greedy", mine, theirs, TARGETS["mixed"])


PARTS: dict[str, Callable[[Bench], None]] = {
    "equal": equal,
    "ragged": ragged,
    "trace": trace,
    "host": host,
    "memory": memory,
    "sampling": sampling,
}
