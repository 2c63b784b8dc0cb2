"""Guessing ahead: what is guessed, how many tokens are worth it, and that no guess changes a token."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from proxy_inference_engine import InferenceEngine, Interaction, Role, models
from proxy_inference_engine.engine import drafts
from proxy_inference_engine.engine.batch import Batch
from proxy_inference_engine.engine.budget import StepBudget
from proxy_inference_engine.engine.choices import best_choices
from proxy_inference_engine.engine.draft_model import DraftModel
from proxy_inference_engine.engine.drafts import DraftLength, PromptLookup, num_held
from proxy_inference_engine.engine.handle import RequestHandle
from proxy_inference_engine.engine.paged_memory import PagedMemory
from proxy_inference_engine.engine.reply import ReplyStream
from proxy_inference_engine.engine.sequence import Sequence
from proxy_inference_engine.errors import RequestError
from proxy_inference_engine.interaction import ReplyParser
from proxy_inference_engine.logits_processors import PenaltyParams
from proxy_inference_engine.models.base import Model
from proxy_inference_engine.types import End, TextDelta, Timing, TokenLogprob, Usage
from tests.engine import traffic
from tests.engine.traffic import ask, numbers, watch
from tests.fakes import write_tiny_model

STEADY = {"ignore_stop_tokens": True}


def sequence_of(ids: list[int], arrival: int = 0) -> Sequence:
    """A sequence whose prompt is computed and whose next token is to be drawn."""
    return Sequence(ask(ids, 1000), print, None, arrival=arrival)


class TestDrafts:
    def test_lookup_finds_what_followed(self) -> None:
        sequence = Sequence(ask([1, 2, 3, 4, 5, 9, 1, 2, 3]), print, None)
        lookup = PromptLookup()
        assert lookup.propose([(sequence, 3)]) == [(4, 5, 9)]
        sequence.token_ids.append(7)
        assert lookup.propose([(sequence, 3)]) == [()]

    def test_drafts_hold_up_to_the_first_difference(self) -> None:
        assert num_held((1, 2, 3), (1, 2, 3, 4)) == 3
        assert num_held((1, 2, 3), (1, 5, 3, 4)) == 1
        assert num_held((), (8,)) == 0

    def test_drafting_stops_when_it_does_not_pay_and_tries_again(self) -> None:
        length = DraftLength()
        assert length.num_drafts(0.2) > 2
        asked = []
        for _ in range(400):
            count = length.num_drafts(0.2)
            asked.append(count)
            if count:
                length.note(count, 0, 0.2)
        assert 0 < sum(1 for count in asked[-200:] if count) < 20
        while not (count := length.num_drafts(0.2)):
            pass
        for _ in range(40):
            length.note(8, 8, 0.2)
        assert length.num_drafts(0.2) > count

    def test_a_repeated_text_takes_fewer_steps_and_the_same_tokens(self, model: Model) -> None:
        request = ask([5, 6, 7] * 20, 200, penalties=PenaltyParams(logit_bias={5: 100.0}))
        steps = {}
        for speculates in (False, True):
            core = traffic.paged(model, num_blocks=100, speculates=speculates)
            batches = watch(core)
            run = traffic.add(core, request)
            traffic.drain(core)
            assert [run.end.token_ids] == traffic.alone(model, [request])
            steps[speculates] = len(batches)
        assert steps[True] < 0.7 * steps[False]

    @pytest.mark.parametrize("draft_seed", [0, 5])
    def test_a_draft_model_changes_no_token(self, model: Model, tmp_path: Path, draft_seed: int) -> None:
        """With its own weights as the draft every guess holds; with others hardly any does."""
        draft = models.load_model(write_tiny_model(tmp_path / "d", seed=draft_seed))
        memory = traffic.memory_of(traffic.paged(draft, num_blocks=300))
        drafter = DraftModel(memory, draft.config.vocab_size, chunk=64, context_length=512)
        requests = traffic.make_requests(random.Random(5), model.config.vocab_size, 20)
        expected = traffic.alone(model, requests)
        core = traffic.paged(model, num_blocks=60, drafter=drafter)
        batches = watch(core)
        counts = traffic.random_traffic(core, requests, expected, random.Random(2), num_steps=150)
        assert counts["ended"] > 20
        drafted = sum(len(row.drafts) for batch in batches for row in batch.rows)
        assert drafted > 0
        memory.check()
        assert memory.cache.num_free_blocks == 300

    def test_a_drafter_that_fails_is_switched_off(self, model: Model, caplog: pytest.LogCaptureFixture) -> None:
        class Broken(PromptLookup):
            def propose(self, asked):
                raise RuntimeError("no idea")

        core = traffic.paged(model, num_blocks=100, drafter=Broken())
        run = traffic.add(core, ask([1, 2, 3], 10))
        traffic.drain(core)
        assert [run.end.token_ids] == traffic.alone(model, [run.request])
        assert caplog.text.count("guessing ahead failed and is switched off") == 1

    async def test_a_draft_model_by_name(self, tiny_folder: Path, tmp_path: Path) -> None:
        other = write_tiny_model(tmp_path / "d", seed=9)
        options = {"temperature": 0.7, "seed": 2, "max_new_tokens": 30, **STEADY}
        with InferenceEngine(tiny_folder) as plain, InferenceEngine(tiny_folder, draft_model=other) as drafted:
            expected, _ = await plain.generate([1, 2, 3], **options)
            got, _ = await drafted.generate([1, 2, 3], **options)
        assert got.tolist() == expected.tolist()
        with pytest.raises(RequestError, match="a draft model needs the same tokenizer"):
            InferenceEngine(tiny_folder, draft_model="demo")


class TestCost:
    """What a draft costs is measured, and no single measurement decides for long."""

    def test_the_first_drafted_step_is_not_counted(self) -> None:
        budget = StepBudget(512)
        budget.note(0, 0, 0.010)
        budget.note(0, 2, 5.0)
        assert budget.draft_cost == pytest.approx(0.2)
        assert DraftLength().num_drafts(budget.draft_cost) > 0

    def test_slow_steps_do_not_switch_drafting_off_for_good(self) -> None:
        budget = StepBudget(512)
        budget.note(0, 0, 0.010)
        for _ in range(200):
            budget.note(0, 1, 0.080)
        assert 0.9 < budget.draft_cost <= 1
        assert DraftLength().num_drafts(budget.draft_cost) == 0
        for _ in range(500):
            budget.note(0, 0, 0.010)
        assert DraftLength().num_drafts(budget.draft_cost) > 0
        for _ in range(40):
            budget.note(0, 4, 0.014)
        assert budget.draft_cost == pytest.approx(0.1, rel=0.1)

    def test_one_slow_step_hardly_counts(self) -> None:
        budget = StepBudget(512)
        for _ in range(30):
            budget.note(0, 0, 0.010)
            budget.note(0, 2, 0.011)
        assert budget.draft_cost == pytest.approx(0.05, rel=0.3)
        budget.note(0, 2, 9.0)
        assert budget.draft_cost < 0.3
        budget.note(0, 0, 9.0)
        budget.note(0, 2, 0.011)
        assert DraftLength().num_drafts(budget.draft_cost) > 2

    def test_each_number_of_rows_has_its_own_base(self) -> None:
        budget = StepBudget(512, target_s=0.1)
        for _ in range(20):
            budget.note(0, 0, 0.010, 1)
            budget.note(0, 2, 0.012, 1)
        assert budget.draft_cost == pytest.approx(0.1, rel=0.2)
        for _ in range(20):
            budget.note(0, 16, 0.050, 16)  # nobody knows yet what it takes without drafts
        assert budget.draft_cost == pytest.approx(0.2)
        for _ in range(40):
            budget.note(0, 0, 0.040, 16)
            budget.note(0, 16, 0.048, 16)
        assert budget.draft_cost == pytest.approx(0.0125, rel=0.2)
        budget.note(0, 0, 0.010, 1)
        assert budget.draft_cost == pytest.approx(0.1, rel=0.2)
        budget.note(100, 0, 0.140, 16)  # 1 ms a token
        assert budget.num_tokens(16) == 48
        assert budget.num_tokens(2) == 80

    def test_a_base_that_is_too_long_is_corrected_by_drafted_steps(self) -> None:
        budget = StepBudget(512)
        budget.note(0, 0, 1.0)
        for _ in range(60):
            budget.note(0, 5, 0.020)
        budget.note(0, 5, 0.040)
        assert budget.draft_cost > 0.03

    def test_drafting_that_costs_too_much_lets_steps_overlap(self) -> None:
        length = DraftLength()
        assert length.num_drafts(1.0) == 0
        assert length.is_paused
        tries = 0
        for _ in range(1000):
            tries += not length.is_paused
            assert length.num_drafts(0.9) == 0
        assert 3 <= tries <= 12
        while length.is_paused:
            length.skip()
        assert length.num_drafts(0.2) > 0


class TestLookup:
    def test_it_finds_what_a_plain_search_finds(self) -> None:
        """The longest match of 2 to 4 tokens, the newest of these, while few places share a pair."""
        rng = random.Random(3)
        for most in (12, 60, 2000):
            ids = [rng.randrange(most) for _ in range(1500 if most > 12 else 200)]
            sequence, lookup = sequence_of(ids), PromptLookup()
            lookup.propose([(sequence, 3)])
            for _ in range(150):
                sequence.token_ids.append(rng.randrange(most))
                assert lookup.propose([(sequence, 3)]) == [_search(sequence.token_ids, 3)]

    def test_a_sequence_grows_over_many_parts(self) -> None:
        rng = random.Random(4)
        sequence, lookup = sequence_of([1]), PromptLookup()
        while len(sequence.token_ids) < 5000:
            sequence.token_ids += [rng.randrange(400) for _ in range(rng.choice((1, 9, 60)))]
            assert lookup.propose([(sequence, 2)]) == [_search(sequence.token_ids, 2)]
        assert len(lookup._indexes[sequence]._parts) == 5

    def test_a_step_indexes_a_bounded_number_of_tokens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        added: list[int] = []
        add = drafts._Part.add
        monkeypatch.setattr(drafts._Part, "add", lambda part, ids: (added.append(len(ids) - 1), add(part, ids))[1])
        sequences = [sequence_of(numbers(i, 9000, 30000), i) for i in range(3)]
        lookup = PromptLookup()
        total, num_steps = 0, 0
        while total < 3 * (9000 - 2):
            added.clear()
            lookup.propose([(sequence, 4) for sequence in sequences])
            assert 0 < sum(added) <= 2048
            total += sum(added)
            num_steps += 1
        assert num_steps <= 30
        added.clear()
        lookup.propose([(sequence, 4) for sequence in sequences])
        assert not added

    def test_the_newest_part_comes_first_and_the_oldest_are_left_out(self) -> None:
        ids = numbers(1, 70_000, 30_000)
        old, new = ids[40:44], ids[69_500:69_504]
        sequence, lookup = sequence_of([*ids, *new[:3]]), PromptLookup()
        assert lookup.propose([(sequence, 1)]) == [(new[3],)]
        for _ in range(60):
            lookup.propose([(sequence, 1)])
        assert len(lookup._indexes[sequence]._parts) == 32
        middle = ids[50_000:50_004]
        sequence.token_ids += middle[:3]
        assert lookup.propose([(sequence, 1)]) == [(middle[3],)]
        sequence.token_ids += old[:3]
        assert lookup.propose([(sequence, 1)]) == [()]

    def test_one_prefix_is_indexed_once(self) -> None:
        prefix = numbers(2, 5000, 30_000)
        sequences = [sequence_of([*prefix, *numbers(10 + i, 30)], i) for i in range(8)]
        lookup = PromptLookup()
        for _ in range(20):
            lookup.propose([(sequence, 4) for sequence in sequences])
        parts = [list(lookup._indexes[sequence]._parts.values()) for sequence in sequences]
        assert all(len(own) == 5 for own in parts)
        assert len({id(part) for own in parts for part in own}) == 4 + 8
        for sequence in sequences:
            sequence.token_ids += prefix[100:103]
            assert lookup.propose([(sequence, 2)]) == [tuple(prefix[103:105])]
        for sequence in sequences:
            lookup.drop(sequence)
        del parts
        assert not lookup._shared

    def test_a_long_prompt_delays_no_step(self) -> None:
        lookup = PromptLookup()
        asked = [(sequence_of(numbers(i, 30_000, 30_000), i), 4) for i in range(2)]
        longest = 0.0
        for _ in range(40):
            start = time.thread_time()
            lookup.propose(asked)
            longest = max(longest, time.thread_time() - start)
        assert longest < 0.03

    @pytest.mark.parametrize("ids", [[], [1], [1, 1], [1, 2, 1], [7] * 3000])
    def test_edges(self, ids: list[int]) -> None:
        sequence, lookup = sequence_of([0]), PromptLookup()
        sequence.token_ids = list(ids)
        for _ in range(4):
            (guess,) = lookup.propose([(sequence, 3)])
        assert guess == _search(ids, 3)


def _search(ids: list[int], count: int) -> tuple[int, ...]:
    for size in range(min(4, len(ids)), 1, -1):
        for end in range(len(ids) - 1, size - 1, -1):
            if ids[end - size : end] == ids[-size:]:
                return tuple(ids[end : end + count])
    return ()


class TestShadows:
    """The draft model's own state of the sequences."""

    def test_after_a_pause_a_guess_that_is_right_by_chance_hides_no_wrong_one(self, model: Model) -> None:
        drafter, memory = _drafter(model, num_blocks=100)
        sequence = sequence_of(numbers(1, 30))
        (guess,) = drafter.propose([(sequence, 6)])
        assert len(guess) == 6
        # The first guess was wrong; meanwhile the sequence went on, and says at one place what was guessed for it.
        sequence.token_ids += [(guess[0] + 1) % 250, *guess[1:5], 9, 8, 7]
        sequence.num_drawn = 8
        (again,) = drafter.propose([(sequence, 6)])
        memory.check()
        fresh, _ = _drafter(model, num_blocks=100)
        assert [again] == fresh.propose([(sequence, 6)])
        drafter.drop(sequence)
        other = sequence_of(list(sequence.token_ids))
        other.num_drawn = 8
        assert drafter.propose([(other, 6)]) == [again]  # what is found under these tokens is theirs

    def test_guesses_that_held_are_kept(self, model: Model) -> None:
        drafter, memory = _drafter(model, num_blocks=100)
        sequence = sequence_of(numbers(1, 30))
        (guess,) = drafter.propose([(sequence, 6)])
        sequence.token_ids += guess[:4]
        sequence.num_drawn = 4
        batches = _batches(drafter)
        drafter.propose([(sequence, 1)])
        assert [batch.rows[0].num_new for batch in batches] == [1]
        memory.check()

    def test_the_youngest_make_room(self, model: Model) -> None:
        """Room for two and a half prompts: four never all get ready, the oldest two do."""
        drafter, memory = _drafter(model, num_blocks=25, chunk=16)
        sequences = [sequence_of(numbers(i, 75), i) for i in range(4)]
        asked = [(sequence, 2) for sequence in reversed(sequences)]
        for _ in range(20):
            guesses = drafter.propose(asked)
            memory.check()
        assert [len(guess) for guess in guesses] == [0, 0, 2, 2]
        drafter.drop(sequences[0])
        for _ in range(10):
            guesses = drafter.propose(asked[:3])
        assert [len(guess) for guess in guesses] == [0, 2, 2]

    def test_an_older_one_that_comes_later_takes_the_room(self, model: Model) -> None:
        drafter, memory = _drafter(model, num_blocks=25)
        young = [sequence_of(numbers(i, 90), 10 + i) for i in range(2)]
        assert [len(guess) for guess in drafter.propose([(sequence, 2) for sequence in young])] == [2, 2]
        old = sequence_of(numbers(5, 90), 1)
        guesses = [drafter.propose([(sequence, 2) for sequence in (*young, old)]) for _ in range(3)][-1]
        assert [len(guess) for guess in guesses] == [2, 0, 2]
        memory.check()

    def test_what_can_never_fit_takes_nobodys_room(self, model: Model) -> None:
        drafter, memory = _drafter(model, num_blocks=12)
        young = sequence_of(numbers(1, 60), 7)
        old = sequence_of(numbers(2, 200), 1)
        for _ in range(3):
            guesses = drafter.propose([(old, 2), (young, 2)])
        assert [len(guess) for guess in guesses] == [0, 2]
        drafter.drop(young)
        assert memory.cache.num_free_blocks == 12

    def test_the_draft_models_context_ends_drafting(self, model: Model) -> None:
        drafter, memory = _drafter(model, num_blocks=50, context_length=40)
        sequence = sequence_of(numbers(1, 37))
        assert [len(guess) for guess in drafter.propose([(sequence, 8)])] == [3]
        sequence.token_ids += [1, 2, 3]
        assert drafter.propose([(sequence, 8)]) == [()]
        assert memory.cache.num_free_blocks == 50

    def test_a_long_prompt_keeps_nobody_from_drafting(self, model: Model) -> None:
        drafter, _ = _drafter(model, num_blocks=100, chunk=32)
        long, short = sequence_of(numbers(1, 200), 1), sequence_of(numbers(2, 10), 2)
        assert [len(guess) for guess in drafter.propose([(long, 2), (short, 2)])] == [0, 2]


def _drafter(
    model: Model, *, num_blocks: int, chunk: int = 256, context_length: int = 512
) -> tuple[DraftModel, PagedMemory]:
    memory = traffic.memory_of(traffic.paged(model, num_blocks=num_blocks))
    return DraftModel(memory, model.config.vocab_size, chunk=chunk, context_length=context_length), memory


def _batches(drafter: DraftModel) -> list[Batch]:
    batches: list[Batch] = []
    forward = drafter._runner.forward
    drafter._runner.forward = lambda batch: (batches.append(batch), forward(batch))[1]  # type: ignore[method-assign]
    return batches


class TestBest:
    async def test_a_reply_that_stops_at_once_comes_last(self) -> None:
        replies = await best_choices([_reply(""), _reply("a", -3.0), _reply("b", -1.0, -0.5), _reply("")], 3)
        assert [_text(reply) for reply in replies] == ["b", "a", ""]


def _reply(text: str, *logprobs: float) -> ReplyStream:
    """A stream of one piece of text, or of none, whose tokens had these log probabilities."""

    async def start() -> tuple[RequestHandle, ReplyParser]:
        handle = RequestHandle("made up")
        entries = tuple(TokenLogprob(5, value, value) for value in logprobs)
        if text:
            handle.push(TextDelta(text))
        handle.push(
            End("stop", (5,) * len(entries), Usage(1, 0, len(entries)), Timing(0, 0, 0, 0, 0), logprobs=entries)
        )
        return handle, ReplyParser(None, None)

    return ReplyStream(start)


def _text(reply: Interaction) -> str:
    assert reply.role is Role.AGENT
    return reply.text
