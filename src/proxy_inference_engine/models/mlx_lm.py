"""Models without a native file, through mlx-lm where it is installed, in the form the engine asks of every model.

mlx-lm builds the model and reads its weights; this file checks the folder first, converts dtypes, and puts
`models.base.Model` and `cache.base.LayerCache` around what mlx-lm gives. Only model types that mlx-lm has are served:
no file of the model folder is ever run. Written against mlx-lm 0.32.2.
"""

from __future__ import annotations

import ast
import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import mlx.core as mx

from proxy_inference_engine.cache.base import KVLayout, LayerCache
from proxy_inference_engine.errors import ConfigError, ModelLoadError, WeightsError
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.models.checkpoint import Checkpoint
from proxy_inference_engine.models.layers.kept import Kept, keep_states
from proxy_inference_engine.models.mlx_lm_cache import MlxLmLayerCache
from proxy_inference_engine.models.registry import model_type_of, unsupported
from proxy_inference_engine.models.tree import constants, named_arrays, set_arrays
from proxy_inference_engine.models.weights import as_dtype, evaluated
from proxy_inference_engine.types import JSONObject

logger = logging.getLogger(__name__)

UNDECLARED_CONTEXT_LENGTH = 1 << 20
"""The context length of a model whose config names none, such as a purely recurrent one."""

_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "seq_length", "n_ctx")


@dataclass(frozen=True, slots=True)
class MlxLmConfig:
    """What the engine reads of the config."""

    model_type: str
    vocab_size: int
    num_layers: int
    context_length: int


class MlxLmModel:
    """An mlx-lm model as a `models.base.Model`. Its layer caches are `MlxLmLayerCache`s, and it takes no others."""

    def __init__(self, inner: Any, config: MlxLmConfig) -> None:
        self.inner = inner
        self.config = config

    def __call__(
        self,
        input_ids: mx.array,
        cache: Sequence[LayerCache] | None = None,
        *,
        logits_to_keep: Kept = None,
    ) -> mx.array:
        """See `models.base.Model`."""
        length = input_ids.shape[1]
        if cache is None:
            return keep_states(cast(mx.array, self.inner(input_ids)), logits_to_keep)
        caches = [layer for layer in cache if isinstance(layer, MlxLmLayerCache)]
        if len(caches) != len(cache):
            raise TypeError("a model that mlx-lm serves takes only the layer caches of its own make_cache()")
        inner_caches = [layer.inner for layer in caches]
        if isinstance(logits_to_keep, int) and 0 < logits_to_keep < length:
            # These logits are never evaluated, so the output head costs nothing for positions nobody asked about.
            self.inner(input_ids[:, :-logits_to_keep], cache=inner_caches)
            input_ids = input_ids[:, -logits_to_keep:]
        logits = cast(mx.array, self.inner(input_ids, cache=inner_caches))
        for layer in caches:
            layer.advance(length)
        return keep_states(logits, logits_to_keep)

    def make_cache(self) -> list[LayerCache]:
        """Fresh layer caches, one per layer."""
        from mlx_lm.models.cache import make_prompt_cache

        return [MlxLmLayerCache(inner) for inner in make_prompt_cache(self.inner)]

    @property
    def dtype(self) -> mx.Dtype:
        """What it computes in: the type of its first weights that are not packed."""
        arrays = named_arrays(self.inner).values()
        return next((a.dtype for a in arrays if mx.issubdtype(a.dtype, mx.floating)), mx.float32)

    def kv_layout(self) -> list[KVLayout] | None:
        """None: mlx-lm's layers write to caches of its own."""
        return None


def is_installed() -> bool:
    """Whether mlx-lm can be imported. Does not import it."""
    return _package_folder() is not None


def serves(model_type: str) -> bool:
    """Whether the installed mlx-lm has a file for the model type. Does not import it."""
    folder = _package_folder()
    if folder is None:
        return False
    return (folder / "models" / f"{_renamings(folder).get(model_type, model_type)}.py").is_file()


def load_through_mlx_lm(folder: Path, config: JSONObject, dtype: mx.Dtype | None) -> Model:
    """The model of `folder` as mlx-lm builds it, its weights evaluated, floating-point ones as `dtype`.

    Raises UnsupportedModelError when mlx-lm is missing or does not know the model type, WeightsError or ModelLoadError
    when it cannot load the folder.
    """
    model_type = model_type_of(config)
    if not is_installed():
        raise unsupported(model_type)
    if not serves(model_type):
        raise unsupported(model_type, "and the installed mlx-lm has none for it either: try `pip install -U mlx-lm`")
    Checkpoint.open(folder)
    load_model = _import_loader()
    try:
        inner, loaded_config = load_model(folder, lazy=True)
    except FileNotFoundError as error:
        raise WeightsError(f"{folder}: mlx-lm: {error}") from error
    except Exception as error:
        # Whatever escapes mlx-lm (ValueError, KeyError, AttributeError ...) means the same: it cannot load this.
        raise ModelLoadError(f"{folder}: mlx-lm cannot load it: {type(error).__name__}: {error}") from error
    _evaluate(inner, dtype)
    logger.info("loaded %s (%s) through mlx-lm", folder, model_type)
    return MlxLmModel(inner, _config(model_type, loaded_config, inner))


def _evaluate(inner: Any, dtype: mx.Dtype | None) -> None:
    # Some models keep a few tensors at full precision whatever the rest is; mlx-lm marks them so.
    may_cast = getattr(inner, "cast_predicate", None) or (lambda name: True)
    arrays = named_arrays(inner)
    total = sum(array.nbytes for array in arrays.values())
    names = list(arrays)
    for name, array in evaluated(
        ((name, as_dtype(arrays.pop(name), dtype) if may_cast(name) else arrays.pop(name)) for name in names), total
    ):
        set_arrays(inner, {name: array})
    mx.eval(constants(inner))


def _config(model_type: str, config: JSONObject, inner: Any) -> MlxLmConfig:
    text_config = config.get("text_config")
    sources = [config, *([text_config] if isinstance(text_config, dict) else [])]

    def first(*keys: str) -> int | None:
        found = (source.get(key) for source in sources for key in keys)
        return next((value for value in found if isinstance(value, int) and value > 0), None)

    vocab_size = first("vocab_size", "padded_vocab_size")
    if vocab_size is None:
        raise ConfigError("config.json: `vocab_size` is missing")
    return MlxLmConfig(
        model_type=model_type,
        vocab_size=vocab_size,
        num_layers=len(inner.layers),
        context_length=first(*_CONTEXT_KEYS) or UNDECLARED_CONTEXT_LENGTH,
    )


def _import_loader() -> Any:
    """mlx-lm's loader. Importing it lowers the process's limit of open files, which is put back."""
    try:
        import resource
    except ImportError:  # no such limit on this platform
        from mlx_lm.utils import load_model

        return load_model
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    from mlx_lm.utils import load_model

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    except (ValueError, OSError):
        # Only root may raise the hard limit again; go as high as is allowed.
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], hard), hard))
    return load_model


def _package_folder() -> Path | None:
    spec = importlib.util.find_spec("mlx_lm")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def _renamings(folder: Path) -> dict[str, str]:
    """mlx-lm's own table of model types that another type's file serves, read without importing mlx-lm (seconds)."""
    try:
        tree = ast.parse((folder / "utils.py").read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "MODEL_REMAPPING" for target in node.targets
        ):
            table = ast.literal_eval(node.value)
            return table if isinstance(table, dict) else {}
    return {}
