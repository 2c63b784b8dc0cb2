"""Many requests at once say what each says alone: any arrival order, chunk size, block size, prefix hit, preemption,
draft, cancellation and pool size."""

from __future__ import annotations

import random

import pytest

from proxy_inference_engine.models.base import Model
from tests.engine import traffic


@pytest.fixture(scope="module")
def requests(model: Model) -> list:
    return traffic.make_requests(random.Random(1), model.config.vocab_size, 40)


@pytest.fixture(scope="module")
def expected(model: Model, requests: list) -> list:
    return traffic.alone(model, requests)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "options",
    [
        {"num_blocks": 400, "block_size": 8, "chunk": 64},
        {"num_blocks": 400, "block_size": 8, "chunk": 64, "speculates": True},
        {"num_blocks": 26, "block_size": 8, "chunk": 16},
        {"num_blocks": 26, "block_size": 8, "chunk": 16, "speculates": True},
        {"num_blocks": 60, "block_size": 16, "chunk": 33, "speculates": True, "max_num_sequences": 16},
        {"num_blocks": 100, "block_size": 8, "chunk": 50, "max_idle_bytes": 0, "target_s": 0.001},
    ],
    ids=str,
)
def test_random_traffic_equals_one_at_a_time(
    model: Model, requests: list, expected: list, options: dict, seed: int
) -> None:
    core = traffic.paged(model, **options)
    counts = traffic.random_traffic(core, requests, expected, random.Random(seed), num_steps=400)
    assert counts["ended"] > 50
    if options["num_blocks"] == 26:
        assert counts["preempted"] > 0
    if options.get("max_idle_bytes") != 0:
        assert counts["cached"] > 0
