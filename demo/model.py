"""The demo model in torch, for training only: a Llama with stacked weights. It knows checkpoint names, not the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Shape:
    """Sizes of the model. `num_heads * head_dim` is the width here, and every head has its own keys and values."""

    vocab_size: int = 4096
    width: int = 320
    hidden: int = 832
    num_layers: int = 8
    num_heads: int = 5
    head_dim: int = 64
    rope_theta: float = 100_000.0
    norm_eps: float = 1e-5
    context: int = 4096

    def config(self) -> dict[str, Any]:
        """The config.json of this shape, without quantisation."""
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "vocab_size": self.vocab_size,
            "hidden_size": self.width,
            "intermediate_size": self.hidden,
            "num_hidden_layers": self.num_layers,
            "num_attention_heads": self.num_heads,
            "num_key_value_heads": self.num_heads,
            "head_dim": self.head_dim,
            "rope_theta": self.rope_theta,
            "rope_scaling": None,
            "rms_norm_eps": self.norm_eps,
            "max_position_embeddings": self.context,
            "hidden_act": "silu",
            "tie_word_embeddings": True,
            "attention_bias": False,
            "mlp_bias": False,
            "attention_dropout": 0.0,
            "bos_token_id": None,
            "eos_token_id": 2,
            "pad_token_id": 0,
            "torch_dtype": "float32",
            "use_cache": True,
        }


class Layer(nn.Module):
    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.s = s
        d, f = s.width, s.hidden
        std = 0.5 * d**-0.5
        self.qkv = nn.Parameter(torch.randn(3, d, d) * std)
        self.out = nn.Parameter(torch.zeros(1, d, d))
        self.gate_up = nn.Parameter(torch.randn(2, f, d) * std)
        self.down = nn.Parameter(torch.zeros(1, d, f))
        self.norm1 = nn.Parameter(torch.ones(d))
        self.norm2 = nn.Parameter(torch.ones(d))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, attend: Attend) -> Tensor:
        q, k, v = before(x, self.norm1, self.qkv, cos, sin, self.s)
        return after(x, attend(q, k, v), self.out, self.norm2, self.gate_up, self.down, self.s)


# The two halves of a layer around attention, on flat tokens x [T, D]; training compiles each of them once.
def before(x: Tensor, norm: Tensor, qkv: Tensor, cos: Tensor, sin: Tensor, s: Shape) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys, values, each [T, H, head_dim]."""
    h = F.rms_norm(x, (s.width,), norm.to(x.dtype), s.norm_eps)
    q, k, v = F.linear(h, qkv.to(x.dtype).view(3 * s.width, s.width)).view(-1, 3, s.num_heads, s.head_dim).unbind(1)
    return rotate(q, cos, sin), rotate(k, cos, sin), v.contiguous()


def after(x: Tensor, y: Tensor, out: Tensor, norm: Tensor, gate_up: Tensor, down: Tensor, s: Shape) -> Tensor:
    """The rest of the layer, from the attention's output [T, H, head_dim]."""
    x = x + F.linear(y.reshape(-1, s.width), out[0].to(x.dtype))
    h = F.rms_norm(x, (s.width,), norm.to(x.dtype), s.norm_eps)
    gate, up = F.linear(h, gate_up.to(x.dtype).view(2 * s.hidden, s.width)).chunk(2, -1)
    return x + F.linear(F.silu(gate) * up, down[0].to(x.dtype))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions, halves convention."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1).to(x.dtype)


class Llama(nn.Module):
    def __init__(self, s: Shape) -> None:
        super().__init__()
        self.s = s
        self.embed = nn.Parameter(torch.randn(s.vocab_size, s.width) * 0.02)
        self.layers = nn.ModuleList(Layer(s) for _ in range(s.num_layers))
        self.norm = nn.Parameter(torch.ones(s.width))
        inverse = s.rope_theta ** (-torch.arange(0, s.head_dim, 2).float() / s.head_dim)
        angle = torch.outer(torch.arange(s.context).float(), inverse)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Final hidden states [B, L, D] of token ids [B, L], in the weights' own precision."""
        b, n = tokens.shape
        cos, sin = (t[:n].repeat(b, 1)[:, None] for t in (self.cos, self.sin))
        attend = rows_of(((n, b),))
        x = F.embedding(tokens.flatten(), self.embed)
        for layer in self.layers:
            x = layer(x, cos, sin, attend)
        return F.rms_norm(x, (self.s.width,), self.norm, self.s.norm_eps).view(b, n, -1)

    def to_checkpoint(self) -> dict[str, Tensor]:
        """The weights under their usual names."""
        out = {"model.embed_tokens.weight": self.embed, "model.norm.weight": self.norm}
        for i, layer in enumerate(self.layers):
            p = f"model.layers.{i}."
            q, k, v = layer.qkv
            out |= {
                p + "self_attn.q_proj.weight": q,
                p + "self_attn.k_proj.weight": k,
                p + "self_attn.v_proj.weight": v,
                p + "self_attn.o_proj.weight": layer.out[0],
                p + "mlp.gate_proj.weight": layer.gate_up[0],
                p + "mlp.up_proj.weight": layer.gate_up[1],
                p + "mlp.down_proj.weight": layer.down[0],
                p + "input_layernorm.weight": layer.norm1,
                p + "post_attention_layernorm.weight": layer.norm2,
            }
        return {k: v.detach().clone() for k, v in out.items()}

    @torch.no_grad()
    def from_checkpoint(self, weights: dict[str, Tensor]) -> None:
        """Set the weights from their usual names."""
        self.embed.copy_(weights["model.embed_tokens.weight"])
        self.norm.copy_(weights["model.norm.weight"])
        for i, layer in enumerate(self.layers):
            p = f"model.layers.{i}."
            for j, name in enumerate(("q_proj", "k_proj", "v_proj")):
                layer.qkv[j].copy_(weights[f"{p}self_attn.{name}.weight"])
            layer.out[0].copy_(weights[p + "self_attn.o_proj.weight"])
            layer.gate_up[0].copy_(weights[p + "mlp.gate_proj.weight"])
            layer.gate_up[1].copy_(weights[p + "mlp.up_proj.weight"])
            layer.down[0].copy_(weights[p + "mlp.down_proj.weight"])
            layer.norm1.copy_(weights[p + "input_layernorm.weight"])
            layer.norm2.copy_(weights[p + "post_attention_layernorm.weight"])


def rows_of(layout: tuple[tuple[int, int], ...]) -> Attend:
    """Causal attention inside each row of a flat batch: (length, rows) pairs in order, all [T, H, head_dim]."""

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        sizes = [length * rows for length, rows in layout]
        out = []
        for (length, rows), *qkv in zip(layout, q.split(sizes), k.split(sizes), v.split(sizes), strict=True):
            qkv = [t.view(rows, length, *t.shape[1:]).transpose(1, 2) for t in qkv]
            y = F.scaled_dot_product_attention(*qkv, is_causal=True)
            out.append(y.transpose(1, 2).reshape(length * rows, *q.shape[1:]))
        return torch.cat(out)

    return attend


def quantised(weights: dict[str, Tensor], group: int = 64, bits: int = 8) -> dict[str, Tensor]:
    """The weights after a round trip through affine quantisation of matrices (as MLX does it, up to rounding)."""
    out = {}
    for name, w in weights.items():
        if w.ndim < 2:
            out[name] = w
            continue
        g = w.float().reshape(-1, group)
        low, high = g.amin(1, keepdim=True), g.amax(1, keepdim=True)
        scale = ((high - low) / (2**bits - 1)).clamp_min(1e-7)
        out[name] = ((g - low).div(scale).round() * scale + low).reshape(w.shape)
    return out
