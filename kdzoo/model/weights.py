"""Models from the weights in a folder: all that they need is there, or one message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from kdzoo.bounds import read_json
from kdzoo.errors import ModelError
from kdzoo.model.ends import answer_at_last_end
from kdzoo.model_files import Stored, labels_to_write, stored_in
from kdzoo.model_folders import why_not_loaded
from kdzoo.plain import first_few

Shape = Sequence[int]

_SHOWN = 3  # names of weights in a message
_INTEGERS = ("I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64")
# what older models keep in their files and newer builds do not, and what a classifier need not have
_NO_WEIGHT = re.compile(
    r"(^|\.)(position_ids|token_type_ids|inv_freq|masked_bias|causal_mask|version)$|(^|\.)pooler\."
)
_NUMBER = re.compile(r"\.(\d+)\.")  # of a layer, in a name


def load_finished(auto: Any, folder: Path, name: str) -> Any:
    """Returns a classifier as it was trained, on the CPU.

    Args:
        auto: the Auto class of transformers.
        folder: the model's.
        name: what the user calls it.

    Raises:
        ModelError: it cannot be loaded, its weights are not all there, or there are others that it
            was trained with.
    """
    model, info = _loaded(auto, folder, name)
    _refuse_sizes(model, info["mismatched_keys"], folder, name)
    missing = sorted(info["missing_keys"])
    _refuse_half(model, missing, info["unexpected_keys"], folder, name)
    if missing:
        raise ModelError(
            f"{name} is not a finished classifier: its weights lack {first_few(missing, _SHOWN)}; "
            "as a teacher it has to be fitted to the data: teacher: {fine_tune: {}} in the recipe, "
            "kdzoo init --fine-tune"
        )
    _refuse_spare(model, info["unexpected_keys"], folder, name)
    return model


def load_begun(auto: Any, folder: Path, name: str, **options: Any) -> Any:
    """Returns a model whose encoder was trained, on the CPU; its head may be new.

    Args:
        auto: the Auto class of transformers.
        folder: the model's.
        name: what the user calls it.
        options: for ``from_pretrained``.

    Raises:
        ModelError: it cannot be loaded, or weights of the encoder are not there.
    """
    model, info = _loaded(auto, folder, name, **options)
    encoder = [each for each in info["mismatched_keys"] if _is_of_encoder(model, each[0])]
    _refuse_sizes(model, encoder, folder, name)
    _refuse_half(model, sorted(info["missing_keys"]), info["unexpected_keys"], folder, name)
    return model


def _loaded(auto: Any, folder: Path, name: str, **options: Any) -> tuple[Any, dict[str, Any]]:
    try:
        model, info = auto.from_pretrained(
            folder,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # which are told of here, by name
            **options,
        )
    except ModelError:
        raise
    except Exception as error:  # safetensors, JSON and configuration errors have no common base
        raise ModelError(f"{name} cannot be loaded: {why_not_loaded(folder, error)}") from error
    _refuse_integers(model, folder, name)
    return answer_at_last_end(model), info


def _stored(folder: Path) -> dict[str, Stored]:
    file = folder / "model.safetensors"
    return stored_in(file) if file.is_file() else {}


def _refuse_integers(model: Any, folder: Path, name: str) -> None:
    """Refuses a quantised model whose configuration does not say so: it would be read as it is."""
    if getattr(model, "hf_quantizer", None) is not None:
        return
    base = f"{model.base_model_prefix}."
    own = {each.removeprefix(base) for each, _ in model.named_parameters()}
    whole = [
        each
        for each, stored in sorted(_stored(folder).items())
        if stored.kind in _INTEGERS and each.removeprefix(base) in own
    ]
    if whole:
        raise ModelError(
            f"{name}: its weights {first_few(whole, _SHOWN)} are whole numbers, as a quantised "
            "model's are, and config.json has no quantization_config that says what they stand "
            "for; take the model that it was made of"
        )


def _refuse_sizes(
    model: Any, others: Iterable[tuple[str, Shape, Shape]], folder: Path, name: str
) -> None:
    """Refuses weights of other sizes, found and wanted, than the configuration builds."""
    told = [(each, tuple(found), tuple(wanted)) for each, found, wanted in others]
    told.sort(key=lambda one: (-len(one[1]), one))  # a matrix says more than a bias
    if told:
        each, found, wanted = told[0]
        more = f" (and {len(told) - 1} more)" * (len(told) > 1)
        raise ModelError(
            f"{name}: {each} is {_sides(found)} in its weights, and {_sides(wanted)} by its "
            f"configuration{more}; {_cure_of_size(model, each, found, wanted, folder)}"
        )


def _sides(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _cure_of_size(model: Any, weight: str, found: Shape, wanted: Shape, folder: Path) -> str:
    """Returns which entry of the configuration is wrong, where one alone can be."""
    config = read_json(folder / "config.json")
    apart = [(have, want) for have, want in zip(found, wanted, strict=False) if have != want]
    if apart and not _is_of_encoder(model, weight) and apart[0][1] == model.config.num_labels:
        without = ", without num_labels" * ("num_labels" in config)
        return (
            f"write {labels_to_write(config, apart[0][0])} in config.json{without}, with the "
            "true name of each output"
        )
    if len(apart) == 1 and len(found) == len(wanted):
        keys = [key for key, value in config.items() if type(value) is int and value == apart[0][1]]
        if len(keys) == 1:
            return f"write {keys[0]}: {apart[0][0]} in config.json"
    return "take the config.json that was saved with these weights"


def _refuse_half(
    model: Any, missing: Sequence[str], spare: Sequence[str], folder: Path, name: str
) -> None:
    """Refuses an encoder some of whose weights are random; a pooler is a part of the head."""
    encoder = [each for each in missing if _is_of_encoder(model, each) and "pooler" not in each]
    if not encoder:
        return
    wrapper = _wrapper(model, encoder, spare)
    cure = (
        "the model is not whole, or its files are of several; download or save all of it again"
        if wrapper is None
        else _unwrapped(wrapper, folder / "model.safetensors")
    )
    raise ModelError(f"{name}: its weights lack {first_few(encoder, _SHOWN)}; {cure}")


def _refuse_spare(model: Any, unexpected: Iterable[str], folder: Path, name: str) -> None:
    """Refuses a classifier that is built smaller than it was trained: it would answer otherwise."""
    stored = _stored(folder)
    own = list(model.state_dict())
    heads = {each.partition(".")[0] for each in own if not _is_of_encoder(model, each)}
    spare = [
        each
        for each in sorted(unexpected)
        if (_is_of_encoder(model, each) or each.partition(".")[0] in heads)
        and not _NO_WEIGHT.search(each)
        and not _is_mask(stored.get(each))
    ]
    if spare:
        raise ModelError(
            f"{name}: its configuration builds a model without {first_few(spare, _SHOWN)}, which "
            f"its weights hold, so that it would not answer as it was trained to; "
            f"{_cure_of_spare(model, spare, own)}"
        )


def _is_mask(stored: Stored | None) -> bool:
    """Whether a tensor is none that was trained: whole numbers, or which tokens see each other."""
    if stored is None:
        return False
    return not stored.shape or not stored.kind.startswith(("F", "BF")) or stored.shape[:2] == (1, 1)


def _cure_of_spare(model: Any, spare: Sequence[str], own: Iterable[str]) -> str:
    """Returns how to write down the layers that the weights have, where it is layers alone."""
    built = {_NUMBER.sub(".N.", each) for each in own}
    numbers = {int(found[1]) for each in spare if (found := _NUMBER.search(each))}
    count = getattr(model.config, "num_hidden_layers", None)
    are_layers = all(_NUMBER.sub(".N.", each) in built for each in spare) and numbers == {
        *range(count if isinstance(count, int) else 0, max(numbers, default=0) + 1)
    }
    if not are_layers:
        return "take the config.json that was saved with these weights"
    key = model.config.attribute_map.get("num_hidden_layers", "num_hidden_layers")
    return (
        f"write {key}: {max(numbers) + 1} in config.json; or, if fewer layers are meant, load the "
        "model in transformers once and save_pretrained(FOLDER) it"
    )


def _is_of_encoder(model: Any, weight: str) -> bool:
    base = model.base_model_prefix
    return not hasattr(model, base) or weight.startswith(f"{base}.")


def _wrapper(model: Any, missing: Sequence[str], spare: Sequence[str]) -> str | None:
    """Returns what stands before the name of every weight in the file; None where nothing does."""
    base = f"{model.base_model_prefix}."
    bare = [name.removeprefix(base) for name in missing]
    names = {*spare}
    there = {
        name.removesuffix(bare[0]).removesuffix(base)
        for name in names
        if name.endswith(f".{bare[0]}")
    }
    for prefix in sorted(there):
        if all(names & {f"{prefix}{name}", f"{prefix}{base}{name}"} for name in bare):
            return prefix
    return None


def _unwrapped(prefix: str, file: Path) -> str:
    """Returns how a wrapper's name is taken from the names of weights."""
    return (
        f"their names in the file begin with {prefix}, which a wrapper of the model put there "
        f"(torch.compile, DistributedDataParallel): save model.{prefix.rstrip('.')} in place of "
        "model, or take it off in Python: from safetensors.torch import load_file, save_file; "
        f"save_file({{name.removeprefix({prefix!r}): weight for name, weight in "
        f"load_file({str(file)!r}).items()}}, {str(file)!r}, metadata={{'format': 'pt'}})"
    )
