"""The teacher works once: logits kept by content, shared by processes, mended when damaged."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tiny_models import save_tiny_classifier, some_texts
from tiny_world import LABELS, RunCommand

import kdzoo.teacher.cache as cache_module
import kdzoo.teacher.teacher as teacher_module
from kdzoo.data import Example, digests_of
from kdzoo.errors import FileError, ModelError
from kdzoo.model import Logits, predict_logits
from kdzoo.progress import Silent
from kdzoo.teacher import Teacher, cache_contents, cache_root, clear_cache, open_member
from kdzoo.teacher.cache import RowCache
from kdzoo.text import Encoded

CPU = torch.device("cpu")
TEXTS = some_texts(50)


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    return save_tiny_classifier("bert", tmp_path_factory.mktemp("teacher"), tiny_encoder)


def open_teacher(
    folder: Path, labels: Sequence[str] = LABELS, max_length: int = 32, batch_size: int = 16
) -> Teacher:
    member = open_member(folder, max_length, labels)
    return Teacher((member,), encoder_folder=folder, max_length=max_length, batch_size=batch_size)


def shards() -> list[Path]:
    return sorted(cache_root().rglob("*.npy"))


class Saying(Silent):
    """Remembers what was said, and the length of each bar and how far it came."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.bars: list[list[int]] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    @contextmanager
    def task(self, description: str, total: int, *_: object, **__: object) -> Iterator[Any]:
        self.bars.append([total, 0])
        yield self

    def advance(self, steps: int = 1, note: str = "") -> None:
        self.bars[-1][1] += steps


class Counter:
    """Stands before ``predict_logits`` and counts the texts that the model really reads."""

    def __init__(self, fails_after: int | None = None) -> None:
        self.texts: list[int] = []
        self.fails_after = fails_after

    def __call__(self, model: Any, encoded: Encoded, *rest: Any) -> Logits:
        if self.fails_after is not None and len(self.texts) == self.fails_after:
            raise KeyboardInterrupt
        self.texts.append(len(encoded))
        return predict_logits(model, encoded, *rest)


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    counter = Counter()
    monkeypatch.setattr(teacher_module, "predict_logits", counter)
    return counter


class TestSecondCall:
    def test_computes_nothing_and_gives_the_same_bits(self, folder: Path, counter: Counter) -> None:
        first = open_teacher(folder).label(TEXTS, Silent(), CPU)[:]
        again = open_teacher(folder).label(TEXTS, Silent(), CPU)[:]

        assert counter.texts == [50]
        assert np.array_equal(first, again)

    def test_does_not_even_load_the_model(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        open_teacher(folder).label(TEXTS, Silent(), CPU)
        monkeypatch.setattr(teacher_module, "load_model", lambda _: pytest.fail("it was loaded"))

        table = open_teacher(folder).label(TEXTS[10:20], Silent(), CPU)

        assert len(table) == 10

    def test_labels_only_what_is_missing(self, folder: Path, counter: Counter) -> None:
        """Another recipe, seed or augmentation pays for its new texts alone."""
        open_teacher(folder).label(TEXTS[:30], Silent(), CPU)
        before = open_teacher(folder).label(TEXTS[:30], Silent(), CPU)[:]
        after = open_teacher(folder).label([*TEXTS[20:], *TEXTS[:20]], Silent(), CPU)[:]

        assert counter.texts == [30, 20]
        assert np.array_equal(after[-20:], before[:20])
        assert np.array_equal(after[:10], before[20:])

    def test_shows_how_far_it_is_in_the_texts_that_are_missing(self, folder: Path) -> None:
        progress = Saying()

        open_teacher(folder).label(TEXTS[:30], progress, CPU)
        open_teacher(folder).label(TEXTS, progress, CPU)

        assert progress.bars == [[30, 30], [20, 20]]


class TestTexts:
    def test_that_are_equal_are_read_once(self, folder: Path, counter: Counter) -> None:
        """Labels do not matter: a text has one row, however often and whichever way it comes."""
        relabelled = [Example(each.text, label=2) for each in TEXTS[:5]]

        table = open_teacher(folder).label([*TEXTS[:5], *TEXTS[:5], *relabelled], Silent(), CPU)

        assert counter.texts == [5]
        assert np.array_equal(table[0:5], table[5:10])
        assert np.array_equal(table[0:5], table[10:15])

    def test_keep_their_order_whatever_it_is(self, folder: Path) -> None:
        """Rows follow the examples, although shards lie in an order of their own."""
        whole = dict(zip(TEXTS, open_teacher(folder).label(TEXTS, Silent(), CPU)[:], strict=True))
        shuffled = random.Random(3).sample(TEXTS, len(TEXTS))

        table = open_teacher(folder).label(shuffled, Silent(), CPU)

        assert np.array_equal(table[:], np.stack([whole[each] for each in shuffled]))
        rows = np.array([7, 0, 7, 49])
        assert np.array_equal(table[rows], np.stack([whole[shuffled[i]] for i in rows]))

    def test_are_labelled_alike_whatever_order_they_came_in(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Batches depend on the texts alone: two machines fill two caches with the same bits."""
        found = []
        for name, seed in (("one", 1), ("two", 2)):
            monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / name))
            shuffled = random.Random(seed).sample(TEXTS, len(TEXTS))
            open_teacher(folder).label(shuffled, Silent(), CPU)
            found.append([shard.name for shard in shards()])

        assert found[0] == found[1]

    def test_and_pairs_of_them_do_not_share_a_row(self, folder: Path, counter: Counter) -> None:
        examples = [Example("play rain"), Example("play", "rain"), Example("play", "")]

        table = open_teacher(folder).label(examples, Silent(), CPU)[:]

        assert sum(counter.texts) == 3
        assert len({row.tobytes() for row in table}) == 3


class TestDamage:
    @pytest.mark.parametrize("damage", ["one bit", "cut short", "emptied"])
    def test_is_said_and_mended(self, folder: Path, counter: Counter, damage: str) -> None:
        """A shard that is not what its name says is not read: its texts are labelled anew."""
        whole = open_teacher(folder).label(TEXTS, Silent(), CPU)[:]
        (shard,) = shards()
        content = bytearray(shard.read_bytes())
        content[-9] ^= 1
        shard.write_bytes(
            {"one bit": bytes(content), "cut short": bytes(content[:-100]), "emptied": b""}[damage]
        )

        progress = Saying()
        again = open_teacher(folder).label(TEXTS, progress, CPU)[:]

        assert np.array_equal(again, whole)
        assert counter.texts == [50, 50]
        assert (
            len([line for line in progress.said if "damaged" in line and shard.name in line]) == 1
        )
        assert [each.name for each in shards()] == [shard.name]

    def test_of_one_shard_leaves_the_others(self, folder: Path, counter: Counter) -> None:
        open_teacher(folder).label(TEXTS[:30], Silent(), CPU)
        (first,) = shards()
        open_teacher(folder).label(TEXTS, Silent(), CPU)
        first.write_bytes(b"nothing")

        open_teacher(folder).label(TEXTS, Silent(), CPU)

        assert counter.texts == [30, 20, 30]

    def test_holds_no_pickle_even_where_one_was_put(self, folder: Path, tmp_path: Path) -> None:
        """A shard with objects in it, correctly named, is refused and never run."""
        evil = np.array([{"a": 1}], dtype=object)
        cache = cache_root() / "logits" / open_member(folder, 32, LABELS).key
        cache.mkdir(parents=True)
        np.save(tmp_path / "evil.npy", evil, allow_pickle=True)
        from kdzoo.digest import file_sha256

        name = file_sha256(tmp_path / "evil.npy")
        shutil.copyfile(tmp_path / "evil.npy", cache / f"{name}.npy")

        with pytest.raises(ValueError, match="Python objects"):
            open_teacher(folder).label(TEXTS, Silent(), CPU)

    def test_of_unfinished_writing_is_not_seen(self, folder: Path, counter: Counter) -> None:
        """What a killed process left half written is no shard."""
        open_teacher(folder).label(TEXTS, Silent(), CPU)
        shards()[0].with_name("tmp123.partial").write_bytes(b"half")

        open_teacher(folder).label(TEXTS, Silent(), CPU)

        assert counter.texts == [50]


class TestInterruption:
    def test_keeps_the_shards_that_are_done_and_ends_with_the_same_bits(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Killed after one shard of five, it labels the other four, just as it would have."""
        monkeypatch.setattr(cache_module, "SHARD_ROWS", 10)
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "whole"))
        whole = open_teacher(folder).label(TEXTS, Silent(), CPU)[:]
        names = [shard.name for shard in shards()]
        monkeypatch.setenv("KDZOO_CACHE", str(tmp_path / "interrupted"))

        monkeypatch.setattr(teacher_module, "predict_logits", Counter(fails_after=1))
        with pytest.raises(KeyboardInterrupt):
            open_teacher(folder).label(TEXTS, Silent(), CPU)
        left = [shard.name for shard in shards()]
        counter = Counter()
        monkeypatch.setattr(teacher_module, "predict_logits", counter)
        resumed = open_teacher(folder).label(TEXTS, Silent(), CPU)[:]

        assert len(left) == 1
        assert counter.texts == [10, 10, 10, 10]
        assert np.array_equal(resumed, whole)
        assert [shard.name for shard in shards()] == names


WORKER = """
import sys
from pathlib import Path
import numpy as np, torch
sys.path.insert(0, sys.argv[3])
import kdzoo.teacher.cache as cache_module
from tiny_models import some_texts
from tiny_world import LABELS
from kdzoo.progress import Silent
from kdzoo.teacher import Teacher, open_member
cache_module.SHARD_ROWS = 16
folder = Path(sys.argv[1])
member = open_member(folder, 32, LABELS)
teacher = Teacher((member,), encoder_folder=folder, max_length=32, batch_size=8)
print("ready", flush=True)
sys.stdin.read()
table = teacher.label(some_texts(50), Silent(), torch.device("cpu"))
np.save(sys.argv[2], table[:], allow_pickle=False)
"""


MANY_SHARDS = """
import resource, sys
from pathlib import Path
import numpy as np
from kdzoo.data import Example, digests_of
from kdzoo.teacher.cache import RowCache
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
digests = digests_of([Example(str(number)) for number in range(90)])
cache = RowCache(Path(sys.argv[1]), print)
for number in range(90):
    cache.write(digests[number : number + 1], np.full((1, 2), number, dtype=np.float32))
places, _ = cache.lookup(digests)
print((places[:, 0] >= 0).sum(), "of", len(digests))
"""


@pytest.mark.study
class TestTwoProcesses:
    def test_at_once_fill_one_whole_cache(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both end well, both read the same bits, and a third finds nothing left to do."""
        output = tmp_path / "theirs.npy"
        monkeypatch.setattr(cache_module, "SHARD_ROWS", 16)
        with subprocess.Popen(
            [sys.executable, "-c", WORKER, folder, output, Path(__file__).parent],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
            assert worker.stdin is not None
            worker.stdin.close()
            ours = open_teacher(folder, batch_size=8).label(TEXTS, Silent(), CPU)[:]
        assert worker.returncode == 0

        counter = Counter()
        monkeypatch.setattr(teacher_module, "predict_logits", counter)
        after = open_teacher(folder, batch_size=8).label(TEXTS, Silent(), CPU)[:]
        assert counter.texts == []
        assert np.array_equal(after, ours)
        assert np.array_equal(after, np.load(output))
        assert all(RowCache(shard.parent, pytest.fail)._open() for shard in shards())
        assert not list(cache_root().rglob("*.partial"))


class TestKey:
    def test_is_the_content_of_the_folder_not_its_place(self, folder: Path, tmp_path: Path) -> None:
        copy = shutil.copytree(folder, tmp_path / "copy")
        (copy / "README.md").write_text("a note", encoding="utf-8")

        assert open_teacher(copy).key == open_teacher(folder).key

    @pytest.mark.parametrize("what", ["weights", "tokenizer", "configuration", "length"])
    def test_changes_with_all_that_shapes_the_logits(
        self, folder: Path, tmp_path: Path, counter: Counter, what: str
    ) -> None:
        """A changed teacher never finds the old one's logits."""
        copy, length = shutil.copytree(folder, tmp_path / "copy"), 32
        match what:
            case "weights":
                weights = load_file(copy / "model.safetensors")
                weights["classifier.bias"] += 1e-3
                save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
            case "tokenizer":
                content = (copy / "tokenizer.json").read_text(encoding="utf-8")
                (copy / "tokenizer.json").write_text(
                    content.replace('"lowercase": true', '"lowercase": false'), encoding="utf-8"
                )
            case "configuration":
                content = (copy / "config.json").read_text(encoding="utf-8")
                (copy / "config.json").write_text(
                    content.replace('"hidden_act": "gelu"', '"hidden_act": "relu"'),
                    encoding="utf-8",
                )
            case "length":
                length = 16
        before, after = open_teacher(folder), open_teacher(copy, max_length=length)
        before.label(TEXTS, Silent(), CPU)
        after.label(TEXTS, Silent(), CPU)

        assert before.key != after.key
        assert counter.texts == [50, 50]

    def test_of_the_stored_logits_does_not_change_with_the_datas_labels(
        self, folder: Path, counter: Counter
    ) -> None:
        """The order of the data's labels is put on as they are read: the texts are read once."""
        plain = open_teacher(folder).label(TEXTS, Silent(), CPU)[:]
        turned = open_teacher(folder, tuple(reversed(LABELS))).label(TEXTS, Silent(), CPU)[:]

        assert counter.texts == [50]
        assert np.array_equal(turned, plain[:, ::-1])
        assert open_teacher(folder).key != open_teacher(folder, tuple(reversed(LABELS))).key


class TestRowCache:
    @settings(deadline=None, max_examples=50)
    @given(
        kept=st.lists(st.lists(st.integers(0, 60), max_size=20, unique=True), max_size=5),
        asked=st.lists(st.integers(0, 60), max_size=40),
    )
    def test_finds_what_was_written_and_nothing_else(
        self, tmp_path_factory: pytest.TempPathFactory, kept: list[list[int]], asked: list[int]
    ) -> None:
        """Over any number of shards, overlapping or not, each text finds its own logits."""
        texts = [Example(f"text {number}") for number in range(61)]
        cache = RowCache(tmp_path_factory.mktemp("cache"), pytest.fail)
        for numbers in kept:
            if numbers:
                logits = np.array([[number, -number] for number in numbers], dtype=np.float32)
                cache.write(digests_of([texts[number] for number in numbers]), logits)

        places, opened = cache.lookup(digests_of([texts[number] for number in asked]))

        known = {number for numbers in kept for number in numbers}
        for number, (shard, row) in zip(asked, places, strict=True):
            assert (shard >= 0) == (number in known)
            if number in known:
                assert opened[shard]["logits"][row].tolist() == [number, -number]

    @pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
    def test_refuses_logits_that_are_no_float16_numbers(self, tmp_path: Path, value: float) -> None:
        cache = RowCache(tmp_path / "cache", pytest.fail)

        with pytest.raises(ModelError, match=r"no finite numbers|1,000,000, .* ends at 65,504"):
            cache.write(digests_of(TEXTS[:1]), np.array([[value, 0.0]], dtype=np.float32))
        assert not list(tmp_path.rglob("*.npy"))

    @pytest.mark.study
    def test_opens_more_shards_than_a_process_may_have_files(self, tmp_path: Path) -> None:
        """Millions of texts are more shards than the usual limit of open files."""
        done = subprocess.run(
            [sys.executable, "-c", MANY_SHARDS, tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )

        assert (done.stdout, done.returncode) == ("90 of 90\n", 0), done.stderr

    def test_can_be_read_by_others_where_the_user_lets_them(self, tmp_path: Path) -> None:
        before = os.umask(0o022)
        try:
            name = RowCache(tmp_path, pytest.fail).write(
                digests_of(TEXTS[:1]), np.zeros((1, 2), dtype=np.float32)
            )
        finally:
            os.umask(before)

        assert (tmp_path / name).stat().st_mode & 0o777 == 0o644

    def test_says_where_it_cannot_write(self, tmp_path: Path) -> None:
        """A cache that is no folder is one message with its place, not a traceback."""
        (tmp_path / "file").write_text("in the way", encoding="utf-8")
        cache = RowCache(tmp_path / "file" / "key", pytest.fail)

        with pytest.raises(FileError, match="cannot be written"):
            cache.write(digests_of(TEXTS[:1]), np.zeros((1, 2), dtype=np.float32))


class TestContents:
    def test_are_listed_by_teacher_and_cleared(self, folder: Path, kdzoo: RunCommand) -> None:
        teacher = open_teacher(folder)
        teacher.label(TEXTS[:30], Silent(), CPU)
        teacher.label(TEXTS, Silent(), CPU)
        size = sum(shard.stat().st_size for shard in shards())

        assert cache_contents() == [(teacher.members[0].key, 50, size, "logits")]
        assert teacher.members[0].key in kdzoo("cache").out
        assert clear_cache() == size
        assert cache_contents() == []
        assert clear_cache() == 0

    @pytest.mark.parametrize("left", [0, 100, -8], ids=["nothing", "its head", "all but an end"])
    def test_are_cleared_where_a_shard_was_cut_short(
        self, folder: Path, kdzoo: RunCommand, left: int
    ) -> None:
        """As when the power goes: its rows will be made anew, and count for nothing."""
        open_teacher(folder).label(TEXTS, Silent(), CPU)
        (shard,) = shards()
        shard.write_bytes(shard.read_bytes()[:left])

        listed, cleared = kdzoo("cache"), kdzoo("cache", "clear")

        assert (listed.code, cleared.code) == (0, 0), listed.err + cleared.err
        assert cache_contents() == []
