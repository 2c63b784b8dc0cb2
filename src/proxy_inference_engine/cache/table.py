"""Where one sequence's keys and values lie in the pool. Knows no pool: `PagedCache` fills it and empties it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Table:
    """The blocks of one sequence: the token at position p is in `blocks[p // block_size]`, at `p % block_size` there.

    0              num_known      num_tokens       len(blocks) * block_size
    | ids are known | submitted    | room           |
    """

    root: bytes
    """The parent key of the first block."""
    blocks: list[int] = field(default_factory=list)
    num_tokens: int = 0
    """Tokens whose keys and values are in the pool, or submitted to the device."""
    num_known: int = 0
    """Of these, how many were committed with their ids."""
    keys: list[bytes] = field(default_factory=list)
    """The chain key of each full block of known tokens."""
    twins: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """Index and tokens of full blocks that are not findable: another block with the same content was there first."""
