"""Models through mlx-lm, and folders that pass between it and PIE. What needs mlx-lm says so when it is not there."""

from __future__ import annotations

import importlib.util
import json
import threading
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from proxy_inference_engine import models
from proxy_inference_engine.errors import ModelLoadError, NotSupportedError, UnsupportedModelError, WeightsError
from proxy_inference_engine.models import mlx_lm
from proxy_inference_engine.models.convert import convert
from proxy_inference_engine.models.layers.linear import Quantization
from proxy_inference_engine.models.loader import load_model
from proxy_inference_engine.models.mlx_lm_cache import MlxLmLayerCache
from proxy_inference_engine.models.quantization import make_quantization
from proxy_inference_engine.models.random_weights import write_random
from proxy_inference_engine.models.tree import named_arrays
from tests.fakes import write_tiny_model

from .folders import TINY, llama_arrays, write_config, write_model

INSTALLED = importlib.util.find_spec("mlx_lm") is not None


def needs_mlx_lm(function: Any) -> Any:
    skip = pytest.mark.skipif(not INSTALLED, reason="mlx-lm is not installed: its side of the exchange is not checked")
    return pytest.mark.mlx_lm(skip(function))


IDS = mx.array([[1, 5, 9, 100, 3, 17, 60, 2]])
FOREIGN: dict[str, dict[str, Any]] = {
    "olmo2": {**TINY, "model_type": "olmo2"},
    "cohere2": {
        **TINY,
        "model_type": "cohere2",
        "num_hidden_layers": 4,
        "sliding_window": 4,
        "sliding_window_pattern": 4,
        "layer_norm_eps": 1e-5,
    },
    "mamba": {
        "model_type": "mamba",
        "vocab_size": 128,
        "hidden_size": 32,
        "intermediate_size": 64,
        "state_size": 8,
        "num_hidden_layers": 2,
        "conv_kernel": 4,
        "use_bias": False,
        "use_conv_bias": True,
        "time_step_rank": 4,
    },
}


def write_foreign(name: str, folder: Path, dtype: mx.Dtype = mx.float32) -> Path:
    """A model of a family that only mlx-lm has, with random weights."""
    from mlx_lm.utils import _get_classes

    config = FOREIGN[name]
    model_class, arguments = _get_classes(config)
    model = model_class(arguments.from_dict(config))
    arrays = {
        key: (mx.random.normal(array.shape, key=mx.random.key(index)) * 0.2).astype(dtype)
        for index, (key, array) in enumerate(named_arrays(model).items())
    }
    write_model(folder, config, arrays)
    return folder


def steps(model: Any, ids: mx.array, sizes: list[int], cache: list[Any] | None = None) -> mx.array:
    """Logits of the ids, computed in pieces of the given sizes with a cache."""
    cache = model.make_cache() if cache is None else cache
    parts, start = [], 0
    for size in sizes:
        parts.append(model(ids[:, start : start + size], cache))
        mx.eval(parts[-1])
        start += size
    return mx.concatenate(parts, axis=1)


def close(found: mx.array, expected: mx.array, tolerance: float = 1e-4) -> bool:
    return bool((mx.abs(found - expected).max() < tolerance * mx.abs(expected).max()).item())


def test_without_mlx_lm_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlx_lm, "_package_folder", lambda: None)
    write_config(tmp_path, FOREIGN["mamba"])
    with pytest.raises(UnsupportedModelError, match=r"'mamba' .*gemma2, .*llama.*qwen3_moe.*`pip install mlx-lm`"):
        load_model(tmp_path)


def test_a_type_that_mlx_lm_lacks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "package" / "models").mkdir(parents=True)
    monkeypatch.setattr(mlx_lm, "_package_folder", lambda: tmp_path / "package")
    write_config(tmp_path, {**TINY, "model_type": "zamba9"})
    with pytest.raises(UnsupportedModelError, match=r"'zamba9' .*installed mlx-lm has none"):
        load_model(tmp_path)


@needs_mlx_lm
@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_family_gives_the_logits_of_mlx_lm(name: str, tmp_path: Path) -> None:
    from mlx_lm.utils import load_model as load_theirs

    folder = write_foreign(name, tmp_path)
    model = load_model(folder)
    theirs, _ = load_theirs(folder)
    expected = theirs(IDS)
    assert close(model(IDS), expected)
    assert close(steps(model, IDS, [5, 1, 2]), expected)
    assert model.config.model_type == name
    assert model.config.vocab_size == 128
    assert model.config.num_layers == FOREIGN[name]["num_hidden_layers"]
    assert model.config.context_length == (1 << 20 if name == "mamba" else 256)


@needs_mlx_lm
@pytest.mark.parametrize("name", FOREIGN)
def test_logits_to_keep(name: str, tmp_path: Path) -> None:
    model = load_model(write_foreign(name, tmp_path))
    whole = model(IDS)
    for keep in (1, 3, 8, 20):
        assert close(model(IDS, logits_to_keep=keep), whole[:, -keep:])
        cache = model.make_cache()
        assert close(model(IDS, cache, logits_to_keep=keep), whole[:, -keep:])
        assert {layer.num_tokens for layer in cache} == {8}


@needs_mlx_lm
@pytest.mark.parametrize("name", FOREIGN)
def test_a_fork_goes_its_own_way(name: str, tmp_path: Path) -> None:
    model = load_model(write_foreign(name, tmp_path))
    whole, other = model(IDS), mx.concatenate([IDS[:, :5], mx.array([[90, 91, 92]])], axis=1)
    cache = model.make_cache()
    steps(model, IDS[:, :5], [5], cache)
    twin = [layer.fork() for layer in cache]
    assert close(steps(model, other[:, 5:], [1, 1, 1], twin), model(other)[:, 5:])
    assert close(steps(model, IDS[:, 5:], [1, 1, 1], cache), whole[:, 5:])
    assert [layer.num_tokens for layer in twin] == [8] * len(twin)


@needs_mlx_lm
@pytest.mark.parametrize("name", FOREIGN)
def test_a_saved_state_goes_on_where_it_was(name: str, tmp_path: Path) -> None:
    model = load_model(write_foreign(name, tmp_path))
    whole, cache = model(IDS), model.make_cache()
    assert all(layer.state() == {} and layer.buffers() == [] for layer in cache)
    steps(model, IDS[:, :6], [4, 1, 1], cache)
    states = [layer.state() for layer in cache]
    for number, state in enumerate(states):
        mx.save_safetensors(str(tmp_path / f"{number}.safetensors"), state)
    steps(model, IDS[:, 6:], [1, 1], cache)  # writes into the arrays that the states were taken from
    for source in ("memory", "disk"):
        fresh = model.make_cache()
        for number, layer in enumerate(fresh):
            saved = mx.load(str(tmp_path / f"{number}.safetensors"))
            layer.restore(states[number] if source == "memory" else dict(saved), 6)  # type: ignore[arg-type]
            assert layer.num_tokens == 6
        assert close(steps(model, IDS[:, 6:], [1, 1], fresh), whole[:, 6:])


@needs_mlx_lm
def test_a_state_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    model = load_model(write_foreign("olmo2", tmp_path))
    cache = model.make_cache()
    steps(model, IDS, [8], cache)
    state = cache[0].state()
    for wrong in ({}, {**state, "9": mx.zeros((1,))}, {key: state[key] for key in list(state)[:2]}):
        with pytest.raises(ValueError):
            model.make_cache()[0].restore(wrong, 8)
    cache[0].restore({}, 0)
    assert cache[0].num_tokens == 0
    assert cache[0].nbytes == 0


@needs_mlx_lm
def test_trimming_is_exact_or_refused(tmp_path: Path) -> None:
    for name in FOREIGN:
        model = load_model(write_foreign(name, tmp_path / name))
        whole, cache = model(IDS), model.make_cache()
        model(IDS[:, :3], cache)
        assert all(layer.can_trim(0) for layer in cache)
        assert not any(layer.can_trim(4) for layer in cache)
        if name == "mamba":
            assert not any(layer.can_trim(1) for layer in cache)
            with pytest.raises(ValueError, match="ArraysCache"):
                cache[0].trim(1)
            continue
        for layer in cache:
            layer.trim(2)
        assert close(steps(model, IDS[:, 1:], [7], cache), whole[:, 1:])
        assert all(layer.nbytes > 0 for layer in cache)
        if name == "cohere2":
            assert [layer.can_trim(1) for layer in cache] == [False, False, False, True]


@needs_mlx_lm
def test_nested_caches_keep_together() -> None:
    from mlx_lm.models.cache import CacheList, KVCache

    layer = MlxLmLayerCache(CacheList(KVCache(), KVCache()))
    keys = mx.random.normal((1, 2, 5, 8))
    for part in layer.inner.caches:
        part.update_and_fetch(keys, keys)
    layer.advance(5)
    state = layer.state()
    twin = MlxLmLayerCache(CacheList(KVCache(), KVCache()))
    twin.restore(state, 5)
    assert twin.can_trim(5)
    twin.trim(2)
    assert [part.offset for part in twin.inner.caches] == [3, 3]
    assert [part.offset for part in layer.inner.caches] == [5, 5]
    assert mx.array_equal(twin.inner.caches[1].keys[..., :3, :], keys[..., :3, :])


@needs_mlx_lm
def test_the_layers_of_mlx_lm_write_their_caches_themselves(tmp_path: Path) -> None:
    model = load_model(write_foreign("cohere2", tmp_path))
    cache = model.make_cache()
    model(IDS, cache)
    assert [layer.offset for layer in cache] == [IDS.shape[1]] * 4
    one = mx.zeros((1, 1, 1, 1))
    with pytest.raises(NotSupportedError):
        cache[0].attend(one, one, one, scale=1.0)
    with pytest.raises(TypeError, match="make_cache"):
        model(IDS, [object()] * 4)  # type: ignore[list-item]


@needs_mlx_lm
@pytest.mark.parametrize("wanted", [None, "float16", "bfloat16"])
def test_dtypes_and_threads(wanted: str | None, tmp_path: Path) -> None:
    folder = write_foreign("olmo2", tmp_path, mx.bfloat16)
    models: list[Any] = []
    loader = threading.Thread(target=lambda: models.append(load_model(folder, dtype=wanted)))
    loader.start()
    loader.join()
    on_cpu = mx.default_device().type == mx.DeviceType.cpu
    held = {"float16": mx.float16, "bfloat16": mx.bfloat16}.get(str(wanted), mx.float32 if on_cpu else mx.bfloat16)
    assert {array.dtype for array in named_arrays(models[0].inner).values()} == {held}
    assert mx.all(mx.isfinite(models[0](IDS)))


@needs_mlx_lm
def test_the_limit_of_open_files_is_put_back(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    load_model(write_foreign("olmo2", tmp_path))
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(before[0], 4096)


@needs_mlx_lm
def test_damaged_folders_of_foreign_families(tmp_path: Path) -> None:
    folder = write_foreign("olmo2", tmp_path / "short")
    shard = folder / "model.safetensors"
    shard.write_bytes(shard.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="truncated"):
        load_model(folder)
    write_model(tmp_path / "other", FOREIGN["olmo2"], llama_arrays())
    with pytest.raises(ModelLoadError, match="mlx-lm cannot load it"):
        load_model(tmp_path / "other")
    write_model(tmp_path / "code", {**FOREIGN["olmo2"], "model_file": "x.py"}, llama_arrays())
    with pytest.raises(UnsupportedModelError, match="never runs"):
        load_model(tmp_path / "code")


TWO_WAY: dict[str, dict[str, Any]] = {
    "llama": {**TINY, "tie_word_embeddings": True},
    "llama 3.1 in the form of transformers 5": {
        **{key: value for key, value in TINY.items() if key != "rope_theta"},
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 5e5,
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    },
    "qwen2": {**TINY, "model_type": "qwen2"},
    "qwen3": {**TINY, "model_type": "qwen3"},
    "qwen3_moe": {
        **TINY,
        "model_type": "qwen3_moe",
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 64,
        "decoder_sparse_step": 1,
        "mlp_only_layers": [],
        "norm_topk_prob": True,
    },
    "gemma2": {
        **TINY,
        "model_type": "gemma2",
        "attn_logit_softcapping": 50.0,
        "final_logit_softcapping": 30.0,
        "query_pre_attn_scalar": 16,
        "tie_word_embeddings": True,
    },
    "gemma3": {
        "model_type": "gemma3",
        "text_config": {**TINY, "model_type": "gemma3_text", "num_hidden_layers": 6, "query_pre_attn_scalar": 16},
    },
    "phi3": {**TINY, "model_type": "phi3", "original_max_position_embeddings": 256},
}


@needs_mlx_lm
@pytest.mark.parametrize("name", TWO_WAY)
@pytest.mark.parametrize(
    "settings", [{"bits": 4, "group_size": 32}, {"recipe": "mixed_3_6", "group_size": 32}, {}], ids=str
)
def test_mlx_lm_loads_what_convert_wrote(name: str, settings: dict[str, Any], tmp_path: Path) -> None:
    from mlx_lm.utils import load_model as load_theirs

    source = write_random(TWO_WAY[name], tmp_path / "source", dtype="float32")
    out = convert(source, tmp_path / "out", shard_bytes=100_000, **settings)
    theirs, _ = load_theirs(out)
    # mlx-lm rounds gemma's embedding scale to bfloat16.
    assert close(load_model(out)(IDS), theirs(IDS), 3e-3 if name == "gemma3" else 1e-4)


@needs_mlx_lm
@pytest.mark.parametrize("mode", ["affine", "mxfp4", "mxfp8", "nvfp4"])
@pytest.mark.parametrize("name", ["llama", "qwen3_moe"])
def test_what_mlx_lm_wrote_loads_and_is_what_convert_writes(name: str, mode: str, tmp_path: Path) -> None:
    from mlx_lm.utils import load_model as load_theirs
    from mlx_lm.utils import quantize_model, save_config, save_model

    source = write_random(TWO_WAY[name], tmp_path / "source", dtype="float32")
    model, config = load_theirs(source, lazy=True)
    model, config = quantize_model(model, config, None, None, mode=mode)
    theirs = tmp_path / "theirs"
    save_model(theirs, model)
    save_config(config, theirs / "config.json")
    ours = convert(source, tmp_path / "ours", mode=mode)
    left, right = (named_arrays(load_model(folder)) for folder in (ours, theirs))  # type: ignore[arg-type]
    assert set(left) == set(right)
    assert all(mx.array_equal(left[key], right[key]) for key in left)
    assert close(load_model(theirs)(IDS), load_theirs(theirs)[0](IDS))


GOLDEN = Path(__file__).parent / "golden"


def test_a_folder_that_mlx_lm_wrote() -> None:
    """The stored folder was written by mlx-lm 0.32.2 (see golden/README.md), with the logits that it gave."""
    expected = mx.array(json.loads((GOLDEN / "logits.json").read_text()))
    model = load_model(GOLDEN / "model")
    assert close(model(IDS)[0, -1], expected)


@needs_mlx_lm
def test_mlx_lm_loads_a_converted_model_with_its_tokenizer(tmp_path: Path) -> None:
    import mlx_lm as theirs

    out = convert(write_tiny_model(tmp_path / "tiny"), tmp_path / "out", bits=4, group_size=32)
    (our_model, our_tokenizer), (model, tokenizer) = models.load(out), theirs.load(str(out))[:2]
    ids = our_tokenizer.encode("The quick brown fox")
    assert tokenizer.encode("The quick brown fox", add_special_tokens=False) == ids
    assert close(our_model(mx.array([ids])), model(mx.array([ids])))


@needs_mlx_lm
def test_random_models_are_the_same_for_mlx_lm(tmp_path: Path) -> None:
    from mlx_lm.utils import load_model as load_theirs

    for number, packing in enumerate((None, Quantization(64, 4), make_quantization(mode="mxfp4"))):
        folder = write_random(TWO_WAY["qwen3"], tmp_path / str(number), quantization=packing, dtype="float32")
        assert close(load_theirs(folder)[0](IDS), load_model(folder)(IDS))
