"""Stop strings end a reply where they first end, and nothing of them is ever shown."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.tokenizer.stop_strings import StopStringMatcher

text_of_ab = st.text(alphabet="ab", max_size=24)


def naive(text: str, stops: list[str]) -> tuple[str, str | None]:
    """The text before the stop string that ends first, the longest of those; and that stop string."""
    for end in range(len(text) + 1):
        found = [stop for stop in stops if text[:end].endswith(stop)]
        if found:
            stop = max(found, key=len)
            return text[: end - len(stop)], stop
    return text, None


@settings(max_examples=200, deadline=None)
@given(
    text=text_of_ab,
    stops=st.lists(st.text(alphabet="ab", min_size=1, max_size=5), max_size=4),
    cuts=st.lists(st.integers(0, 24)),
)
def test_equals_naive_search_however_the_text_is_cut(text: str, stops: list[str], cuts: list[int]) -> None:
    matcher = StopStringMatcher(stops)
    edges = sorted({0, len(text), *(cut for cut in cuts if cut <= len(text))})
    shown = ""
    expected, stop = naive(text, stops)
    for start, end in itertools.pairwise(edges):
        shown += matcher.push(text[start:end])
        assert expected.startswith(shown)
        if matcher.matched is None:  # all that cannot become a stop string is shown at once
            held = text[len(shown) : end]
            assert not held or any(s.startswith(held) and s != held for s in stops)
    shown += matcher.finish()
    assert (shown, matcher.matched) == (expected, stop)


def test_nothing_is_shown_after_a_match() -> None:
    matcher = StopStringMatcher(["\n\n", "END"])
    assert matcher.push("a\n") == "a"
    assert matcher.push("b E") == "\nb "
    assert matcher.push("ND more") == ""
    assert matcher.matched == "END"
    assert matcher.push("x") == matcher.finish() == ""


def test_one_string_and_none() -> None:
    assert StopStringMatcher([]).push("abc") == "abc"
    matcher = StopStringMatcher("ab")
    assert matcher.push("xab") == "x"
    assert matcher.matched == "ab"


@pytest.mark.parametrize("bad", [[""], ["a", 1], [None]])
def test_bad_stop_strings(bad: list[object]) -> None:
    with pytest.raises(RequestError, match="non-empty string") as caught:
        StopStringMatcher(bad)  # type: ignore[arg-type]
    assert caught.value.param == "stop"


def test_too_much_to_watch_for() -> None:
    with pytest.raises(RequestError, match="70000 characters"):
        StopStringMatcher(["a" * 35_000, "b" * 35_000])


def test_linear_time_in_the_worst_case() -> None:
    def seconds(num_chars: int) -> float:
        matcher = StopStringMatcher(["a" * 3000 + "b", "a" * 2000 + "c"])
        start = time.perf_counter()
        for _ in range(num_chars):
            matcher.push("a")
        return time.perf_counter() - start

    assert seconds(40_000) < 40 * max(seconds(4_000), 1e-3)
