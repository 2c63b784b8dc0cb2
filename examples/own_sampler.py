"""Token by token with a sampler of one's own: the second-best token whenever it is nearly as likely as the best.

python examples/own_sampler.py [MODEL]
"""

from __future__ import annotations

import sys

import mlx.core as mx

from proxy_inference_engine import InferenceEngine


def nearly_best(logprobs: mx.array) -> mx.array:
    """Token ids `[B]` for `logprobs [B, V]`."""
    order = mx.argsort(-logprobs, axis=-1)
    best, second = order[:, 0], order[:, 1]
    gap = mx.take_along_axis(logprobs, order[:, :1], axis=-1) - mx.take_along_axis(logprobs, order[:, 1:2], axis=-1)
    return mx.where(gap[:, 0] < 0.1, second, best)


def main(model: str) -> None:
    with InferenceEngine(model) as engine:
        tokenizer = engine.tokenizer
        prompt_ids = tokenizer.encode("Once upon a time", add_special_tokens=True)
        detokenizer = tokenizer.detokenizer()
        print("Once upon a time", end="")
        for count, (token_id, logprobs) in enumerate(engine.generate_step(prompt_ids, sampler=nearly_best)):
            if token_id in tokenizer.stop_tokens or count == 60:
                break  # leaving the loop is all it takes to stop
            assert logprobs.shape == (engine.model.config.vocab_size,)
            print(detokenizer.push(token_id), end="", flush=True)
        print(detokenizer.finish())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "demo")
