"""Where running sequences keep their keys and values, as the scheduler and the runner see it.

Two kinds: `PagedMemory`, one pool of blocks that all share, with one forward pass for all rows; and `PrivateMemory`,
caches of their own, row by row, for models that cannot be paged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import mlx.core as mx

from proxy_inference_engine.engine.batch import Batch, Row
from proxy_inference_engine.engine.sequence import Sequence


class KVMemory(Protocol):
    """Keys and values of all sequences of one engine. Lives in the engine thread."""

    @property
    def capacity_tokens(self) -> int | None:
        """The most tokens that one sequence may have, alone; None when nothing bounds them."""
        ...

    @property
    def is_eager(self) -> bool:
        """Whether a forward pass computes at once, so that nothing is gained by submitting the next one early."""
        ...

    def open(self, sequence: Sequence) -> int:
        """Begin with what is known of its tokens already; return how many, at most all but one."""
        ...

    def extend(self, sequence: Sequence) -> int:
        """Look again, for tokens that others computed meanwhile; return how many more are there."""
        ...

    @property
    def num_free_tokens(self) -> int:
        """Tokens that there is room for beside the open sequences."""
        ...

    def num_held(self, sequence: Sequence) -> int:
        """Tokens that a sequence has room for."""
        ...

    def has_room(self, wanted: Iterable[tuple[int, int]]) -> bool:
        """Whether sequences of so many tokens, of which so many have their room, fit beside all that is open."""
        ...

    def reserve(self, sequence: Sequence, num_tokens: int) -> bool:
        """Make room for `num_tokens` in all; False, and nothing changed, when there is none."""
        ...

    def forward(self, batch: Batch) -> mx.array:
        """Logits `[len(batch.draws), V]` of the batch's rows, not evaluated or evaluated, as the back end likes.

        Keys and values are written for every new token.
        """
        ...

    def pending(self, rows: Iterable[Row]) -> list[mx.array]:
        """What to evaluate so that the computation of these rows begins, when their logits are not looked at."""
        ...

    def submitted(self, sequence: Sequence, num_new: int) -> None:
        """So many more tokens of a sequence were computed by `forward`."""
        ...

    def record(self, sequence: Sequence) -> None:
        """Others may find what is computed of the sequence's known tokens."""
        ...

    def truncate(self, sequence: Sequence, num_tokens: int) -> None:
        """Forget all but the first `num_tokens`."""
        ...

    def close(self, sequence: Sequence, *, keep: bool) -> None:
        """Give back what a sequence holds; `keep` leaves it to be found again. Twice does no harm."""
        ...

    def rest(self) -> bool:
        """Use idle time: check the books, write to files. A short while only; True when nothing is left to do."""
        ...

    def shut(self) -> None:
        """The engine closes: write what should be found after a restart, and free the rest."""
        ...

    def check(self) -> None:
        """Raise AssertionError when the books do not agree with what is open."""
        ...
