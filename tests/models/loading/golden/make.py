"""Makes the folder that README.md tells of. Needs mlx-lm."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import mlx.core as mx

from proxy_inference_engine.models.random_weights import write_random
from tests.fakes import write_byte_tokenizer
from tests.models.loading.folders import TINY

HERE = Path(__file__).parent
IDS = [[1, 5, 9, 100, 3, 17, 60, 2]]


def main() -> None:
    from mlx_lm.convert import convert
    from mlx_lm.utils import load_model

    with tempfile.TemporaryDirectory() as scratch:
        tokenizer, source = Path(scratch) / "tokenizer", Path(scratch) / "source"
        write_byte_tokenizer(tokenizer)
        write_random({**TINY, "num_hidden_layers": 4}, source, tokenizer_folder=tokenizer, dtype="float32")
        shutil.rmtree(HERE / "model", ignore_errors=True)
        convert(str(source), str(HERE / "model"), quantize=True, q_group_size=32, quant_predicate="mixed_3_6")
    model, _ = load_model(HERE / "model")
    logits = model(mx.array(IDS))[0, -1].tolist()
    (HERE / "logits.json").write_text(json.dumps([round(value, 6) for value in logits]) + "\n")


if __name__ == "__main__":
    main()
