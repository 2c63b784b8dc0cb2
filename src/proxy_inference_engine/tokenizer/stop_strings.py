"""Watches streamed text for stop strings, and never shows text that may still become one.

An Aho-Corasick automaton: one step a character, whatever the number of stop strings, and its depth is at any time
exactly how much must be held back. Knows nothing of tokens. Source: Aho and Corasick, CACM 18(6), 1975.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from proxy_inference_engine.errors import RequestError

_MAX_CHARS = 65_536


class StopStringMatcher:
    """Passes text through until the first stop string is complete; that string and what follows are not shown.

    First is what ends first in the text; of several that end at one place, the longest. The outcome does not depend
    on how the text is cut. Raises RequestError (param "stop") for an empty string, another type, or more than 65,536
    characters in all.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        stops = (stops,) if isinstance(stops, str) else tuple(stops)
        for stop in stops:
            if not isinstance(stop, str) or not stop:
                raise RequestError(f"A stop string is {stop!r}; it must be a non-empty string.", param="stop")
        if (num_chars := sum(map(len, stops))) > _MAX_CHARS:
            raise RequestError(
                f"The stop strings have {num_chars} characters; at most {_MAX_CHARS} are watched for.", param="stop"
            )
        self._next: list[dict[str, int]] = [{}]
        self._depth: list[int] = [0]
        self._stop: list[str | None] = [None]
        for stop in stops:
            self._add(stop)
        self._fall = self._link()
        self._state = 0
        self._held: deque[str] = deque()
        self._num_held = 0
        self.matched: str | None = None

    def push(self, text: str) -> str:
        """The text that is now safe to show: none of it can be part of a stop string. "" once `matched` is set."""
        if self.matched is not None or not text:
            return ""
        if not self._next[0]:
            return text
        for num_read, char in enumerate(text, 1):
            self._state = self._step(self._state, char)
            if (stop := self._stop[self._state]) is not None:
                self.matched = stop
                self._hold(text[:num_read])
                shown = self._release(self._num_held - len(stop))
                self._held.clear()
                self._num_held = 0
                return shown
        self._hold(text)
        return self._release(self._num_held - self._depth[self._state])

    def finish(self) -> str:
        """The rest that was held back, when the reply ended without a stop string; "" after a match."""
        self._state = 0
        return self._release(self._num_held)

    def _step(self, state: int, char: str) -> int:
        while state and char not in self._next[state]:
            state = self._fall[state]
        return self._next[state].get(char, 0)

    def _hold(self, text: str) -> None:
        self._held.append(text)
        self._num_held += len(text)

    def _release(self, num_chars: int) -> str:
        """The oldest `num_chars` of the held-back text."""
        shown = []
        while num_chars > 0:
            piece = self._held.popleft()
            if len(piece) > num_chars:
                self._held.appendleft(piece[num_chars:])
                piece = piece[:num_chars]
            shown.append(piece)
            num_chars -= len(piece)
            self._num_held -= len(piece)
        return "".join(shown)

    def _add(self, stop: str) -> None:
        state = 0
        for char in stop:
            if char not in self._next[state]:
                self._next[state][char] = len(self._next)
                self._next.append({})
                self._depth.append(self._depth[state] + 1)
                self._stop.append(None)
            state = self._next[state][char]
        self._stop[state] = stop

    def _link(self) -> list[int]:
        """For each state the longest other state that ends its text; stops found on the way are taken over."""
        fall = [0] * len(self._next)
        self._fall = fall
        queue = deque(self._next[0].values())
        while queue:
            state = queue.popleft()
            for char, child in self._next[state].items():
                fall[child] = self._step(fall[state], char)
                if self._stop[child] is None:  # its own is longer
                    self._stop[child] = self._stop[fall[child]]
                queue.append(child)
        return fall
