"""A process that works for another one: what it has to know, and how it readies itself."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kdzoo.engines.relay import FileProgress
from kdzoo.measure.workers import thread_variables

if TYPE_CHECKING:
    from kdzoo.steps import StudyContext

_until_the_end = ExitStack()  # what holds as long as the process lives
PARENT_S = 1.0  # between two looks whether the first process is still there
ENVIRONMENT = {  # of a process that makes steps; a step that gets more threads takes them itself
    **thread_variables(1),
    "PYTHONSAFEPATH": "1",  # no file of the working folder stands in for a library
    "LOKY_MAX_MEMORY_LEAK_SIZE": "1e15",  # bytes: a model and its texts are no leak to restart for
}


@dataclass(frozen=True)
class Workplace:
    """Where processes work.

    Attributes:
        out: the folder of the store.
        cache: the folder of logits and vectors.
        extensions: the users' files that are to be loaded, by path; with their content where other
            machines have no such path.
        told: the folder in which processes tell how far they are, a file each.
    """

    out: str
    cache: str
    extensions: tuple[tuple[str, str | None], ...]
    told: str


def workplace_of(out: Path, told: str = "") -> Workplace:
    """Returns where processes of this machine work for this one.

    Args:
        out: the folder of the store.
        told: the folder in which they tell how far they are, where it is known.
    """
    from kdzoo.extensions import loaded_files
    from kdzoo.teacher import cache_root

    extensions = tuple((str(file), None) for file in loaded_files())
    return Workplace(str(out.absolute()), str(cache_root().absolute()), extensions, told)


@dataclass(frozen=True)
class Worker:
    """This process, as one that works for another.

    Attributes:
        context: what it works with.
        progress: what it tells the other.
    """

    context: StudyContext
    progress: FileProgress

    def take_up(self, name: str) -> None:
        """Tells what it works at, in the place of what a killed process told of that."""
        self.progress.step = name
        self.progress.tell(now=name)


def begin(first: int) -> None:
    """Readies a worker: Ctrl-C is for the first process, and without it there is nothing to do.

    Args:
        first: the number of that process, which may have ended by now.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == first:
            time.sleep(PARENT_S)
        os._exit(1)  # its claims are free with it; the next run goes on from its checkpoint

    threading.Thread(target=watch, daemon=True).start()


@lru_cache(maxsize=1)
def open_worker(workplace: Workplace, *, waits: bool) -> Worker:
    """Returns this process as a worker; data and teachers are read once for all that it makes.

    Args:
        workplace: where it works.
        waits: whether it waits for what another process makes; else it comes again.

    Raises:
        KdzooError: a user's file cannot be loaded.
    """
    from kdzoo.claims import Claims
    from kdzoo.extensions import load_extensions
    from kdzoo.progress import quiet
    from kdzoo.results import Store
    from kdzoo.steps import StudyContext, StudyData
    from kdzoo.teacher import claims_folder
    from kdzoo.training import make_accelerator

    os.environ["KDZOO_CACHE"] = workplace.cache
    _until_the_end.enter_context(quiet())
    for path, content in workplace.extensions:
        load_extensions(path if content is None else _laid_down(path, content, workplace.told))
    progress, out = FileProgress.below(Path(workplace.told)), Path(workplace.out)
    claims = Claims((claims_folder(), out), waits=waits, say=progress.say)
    accelerator = make_accelerator()
    data = StudyData(progress, accelerator.device)
    return Worker(StudyContext(Store(out), accelerator, data, claims=claims), progress)


def _laid_down(path: str, content: str, told: str) -> Path:
    """Returns a file of that name and content, which goes with the folder of what is told.

    Ray ends its processes by a kill: one that lay elsewhere would stay.
    """
    file = Path(tempfile.mkdtemp(dir=told)) / Path(path).name
    file.write_text(content, encoding="utf-8")
    return file
