"""A trained model on disk: weights, configuration, tokenizer; read by kdzoo and transformers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from kdzoo.bounds import read_json
from kdzoo.errors import ModelError
from kdzoo.files import check_readable, has_file, writing
from kdzoo.model.attention import attend_to_all
from kdzoo.model.auto import auto_class, auto_tokenizer, task_of
from kdzoo.model.forward import KEPT_BACK, TYPES, takes_token_types
from kdzoo.model.shape import OWN, SENTENCE, Shape, maximum_length, shape_of
from kdzoo.model.soundness import (
    padding_id,
    refuse_maskless,
    refuse_other_problems,
    refuse_setfit,
    refuse_tokenizer,
)
from kdzoo.model.weights import load_finished
from kdzoo.model_folders import (
    instead_of,
    no_folder,
    one_file,
    refuse_adapter,
    tokenizer_beside,
    why_no_tokenizer,
)
from kdzoo.task import SINGLE_LABEL, Task, task_of_problem
from kdzoo.text import Vocabulary, reader_of

DEPLOYED_FILES = ("model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json")
OLD_TOKENIZERS = (  # from before there was tokenizer.json; transformers reads them
    ("vocab.txt",),
    ("vocab.json", "merges.txt"),
    ("sentencepiece.bpe.model",),
    ("spiece.model",),
    ("spm.model",),
    ("tokenizer.model",),
)
READS_PAIRS = "reads_pairs"  # in the configuration of a classifier that was trained on pairs


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to answer, with its tokenizer and the names of its classes."""

    model: Any
    tokenizer: Tokenizer  # cuts at the model's maximum length
    pad_id: int
    labels: tuple[str, ...]
    reads_pairs: bool | None = None  # rather than single texts; None where nobody says
    task: Task = SINGLE_LABEL  # what its configuration says

    @property
    def max_length(self) -> int:
        """The most tokens that are read of a text; the rest is cut."""
        cut: dict[str, int] = self.tokenizer.truncation or {}
        return cut["max_length"]


def save_model(folder: Path, model: Any, vocabulary: Vocabulary) -> None:
    """Writes weights, configuration and tokenizer, as ``from_pretrained`` reads them.

    Args:
        folder: the place; made where it is not there, in a folder that is.
        model: a Hugging Face model.
        vocabulary: what it reads with.
    """
    from transformers import PreTrainedTokenizerFast

    special = vocabulary.special
    inputs = ["input_ids", "attention_mask"]
    if getattr(model.config, READS_PAIRS, False) and takes_token_types(model):
        inputs.append(TYPES)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=vocabulary.tokenizer,
        pad_token=special.pad,
        unk_token=special.unknown,
        mask_token=special.mask,
        cls_token=special.start,
        sep_token=special.end,
        model_max_length=vocabulary.max_length,
        model_input_names=inputs,
        **_said_of_reading(vocabulary.tokenizer),
    )
    folder.mkdir(exist_ok=True)
    with writing(folder):
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _said_of_reading(reader: Tokenizer) -> dict[str, Any]:
    """Returns what tokenizer.json cannot say, where it is not what everybody expects."""
    return {"split_special_tokens": True} if reader.encode_special_tokens else {}


def load_model(folder: str | Path) -> LoadedModel:
    """Returns the classifier in the folder, on the CPU, in evaluation mode.

    Raises:
        ModelError: the folder is missing or is not a whole model.
        OSError: a file of it may not be read.
    """
    path = Path(folder)
    refuse_adapter(path, str(folder))
    refuse_setfit(path, str(folder))
    _refuse_lacking(path, str(folder))
    check_readable(*deployed_files(path))
    model = load_finished(auto_class(_task_in(path)), path, str(folder))
    shape = None if model.config.model_type == OWN else Shape.of(model)
    if shape is not None:
        refuse_other_problems(model.config, str(folder))
        refuse_maskless(model.config, shape, str(folder))
    labels = tuple(model.config.id2label[i] for i in range(model.config.num_labels))
    hf = _hf_tokenizer(path)
    # one that says nothing gives all that the model reads, as in training
    setattr(model, KEPT_BACK, {TYPES} - set(hf.init_kwargs.get("model_input_names", [TYPES])))
    tokenizer, pad_id = _reader(hf, model.config, path, shape=shape)
    attend_to_all(model)
    model.config.pad_token_id = pad_id  # a decoder looks for the text's end before this id
    task = task_of(model.config)
    return LoadedModel(model.eval(), tokenizer, pad_id, labels, reads_pairs(path), task)


def _refuse_lacking(folder: Path, name: str) -> None:
    """Refuses a folder without all files of a model."""
    if not folder.is_dir():
        raise ModelError(no_folder(folder, name))
    lacking = [file for file in _needed_files(folder) if not has_file(folder / file)]
    if not lacking:
        return
    what = f"{name} is not a model folder: it lacks {', '.join(lacking)}"
    if lacking == ["model.safetensors"]:
        what += f"; kdzoo reads weights in one file of that kind: {one_file(folder, name)}"
    elif lacking == ["tokenizer.json"]:
        what += f"; {tokenizer_beside(folder)}"
    raise ModelError(f"{what}{instead_of(folder)}")


def _task_in(folder: Path) -> Task:
    """Returns what the model in a folder is asked, before anything of it is loaded.

    Raises:
        ModelError: its configuration cannot be read.
    """
    try:
        config = read_json(folder / "config.json")
    except ValueError as error:
        raise ModelError(f"{folder} cannot be loaded: config.json: {error}") from error
    told = config if isinstance(config, dict) else {}
    return task_of_problem(told.get("problem_type"), told.get("architectures"))


def reads_pairs(folder: Path) -> bool | None:
    """Returns whether a classifier was trained on pairs of texts, rather than on single ones.

    Its configuration tells, or that kdzoo's record stands beside it; one that labels words reads a
    sentence. None where it is from elsewhere, and says nothing.
    """
    config = read_json(folder / "config.json")
    if config.get(READS_PAIRS):
        return True
    is_own = config.get("model_type") in (OWN, SENTENCE) or (folder / "record.json").is_file()
    if is_own or _task_in(folder).by_word:
        return False
    return None


def tokenizer_files(folder: Path) -> tuple[str, ...]:
    """Returns the files that hold the folder's tokenizer: tokenizer.json, or what was before it."""
    if not (folder / "tokenizer.json").is_file():
        for names in OLD_TOKENIZERS:
            if all((folder / name).is_file() for name in names):
                return names
    return ("tokenizer.json",)


def _needed_files(folder: Path) -> tuple[str, ...]:
    return ("model.safetensors", "config.json", *tokenizer_files(folder))


def load_tokenizer(path: Path, config: Any, wanted: int | None = None) -> tuple[Tokenizer, int]:
    """Returns the folder's tokenizer, cutting where model or wish end, and the id of padding.

    Args:
        path: the folder.
        config: the model's.
        wanted: tokens at which texts are to be cut, if the model reads as far.

    Raises:
        ModelError: it cannot be loaded, or does not fit the model.
    """
    return _reader(_hf_tokenizer(path), config, path, wanted)


def _hf_tokenizer(path: Path) -> Any:
    try:
        return auto_tokenizer(path)
    except Exception as error:
        raise ModelError(
            f"the tokenizer in {path} cannot be loaded: {why_no_tokenizer(path, error)}"
        ) from error


def _reader(
    tokenizer: Any, config: Any, path: Path, wanted: int | None = None, shape: Shape | None = None
) -> tuple[Tokenizer, int]:
    if config.model_type != OWN:
        shape = shape or shape_of(config)
        refuse_tokenizer(tokenizer, shape, str(path))
    reader = reader_of(tokenizer, maximum_length(tokenizer, config, wanted, shape))
    return reader, padding_id(tokenizer, config)


def deployed_files(folder: Path) -> list[Path]:
    """Returns those files of the folder that would be deployed, by name."""
    names = (*_needed_files(folder), "tokenizer_config.json")
    return sorted(file for file in folder.iterdir() if file.is_file() and file.name in names)


def size_bytes(folder: Path) -> int:
    """Returns the bytes of what would be deployed: weights, configuration, tokenizer."""
    return sum(file.stat().st_size for file in deployed_files(folder))
