from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_inference_engine.cli.markup import MarkupStyler
from proxy_inference_engine.cli.terminal import BOLD, CYAN, DIM, RESET, printable

_STYLES = re.compile(r"\x1b\[\d+m")


def style(*pieces: str) -> str:
    styler = MarkupStyler()
    return "".join([*map(styler.push, pieces), styler.finish()])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a **b** c", f"a {BOLD}**b**{RESET} c"),
        ("a `b` c", f"a {CYAN}`b`{RESET} c"),
        ("``a`b``c", f"{CYAN}``a`b``{RESET}c"),
        ("# title\ntext", f"{BOLD}# title{RESET}\ntext"),
        ("a # b", "a # b"),
        ("2 * 3 ** 4 * 5", "2 * 3 ** 4 * 5"),
        ("*one*", "*one*"),
        ("`a **b**`", f"{CYAN}`a **b**`{RESET}"),
        ("never **closed\nnext", f"never {BOLD}**closed{RESET}\nnext"),
        ("never `closed\nnext", f"never {CYAN}`closed{RESET}\nnext"),
        (
            "```py\na **b**\n```\nafter",
            f"{DIM}```py{RESET}\n{CYAN}a **b**{RESET}\n{DIM}```{RESET}\nafter",
        ),
        ("ends in **", "ends in **"),
    ],
)
def test_styles(text: str, shown: str) -> None:
    assert style(text) == shown


_markdown = st.text(alphabet="*`# \nab\t~é", max_size=60)


@given(_markdown)
def test_no_character_is_lost_or_added(text: str) -> None:
    assert _STYLES.sub("", style(text)) == text


@given(_markdown, st.lists(st.integers(0, 60), max_size=8))
def test_pieces_do_not_matter(text: str, cuts: list[int]) -> None:
    borders = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(borders)]
    assert style(*pieces) == style(text)


@given(_markdown)
def test_every_style_ends(text: str) -> None:
    codes = _STYLES.findall(style(text))
    assert not codes or codes[-1] == RESET


def test_little_is_held_back() -> None:
    styler = MarkupStyler()
    assert styler.push("word") == "word"
    assert styler.push("*") == ""
    assert styler.push(" x") == "* x"


@given(st.text())
def test_printable_commands_no_terminal(text: str) -> None:
    shown = printable(text)
    assert not any(ord(char) < 32 and char not in "\n\t" for char in shown)
    assert not any(127 <= ord(char) < 160 for char in shown)
