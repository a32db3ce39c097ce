"""A repository of models on the Hugging Face hub: what it may be called, and a commit to it.

The token goes to the hub alone: no message, warning or error of this module holds it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, HFValidationError
from huggingface_hub.utils import validate_repo_id

from kdzoo.errors import HubError
from kdzoo.offline import hub_answers
from kdzoo.plain import one_line
from kdzoo.progress import Progress

_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750: no other token can stand in a header
_LONGEST_NAME = 96  # characters of an owner, or of a repository
_LONGEST_REASON = 300


def check_name(repository: str) -> None:
    """Looks whether a repository can be called that.

    Raises:
        HubError: the hub allows no such name, or it has no owner; the message proposes one.
    """
    try:
        validate_repo_id(repository)
    except HFValidationError:
        raise HubError(
            f"'{one_line(repository)}' cannot be the name of a repository: write user/name, of "
            f"letters, digits and single - _ . between them, as in {_nearest(repository)}"
        ) from None
    if "/" not in repository:
        raise HubError(f"'{repository}' has no owner; write user/name, as in USER/{repository}")


def _nearest(repository: str) -> str:
    """Returns a name that a repository can have and that is like this one, or like its address."""
    without_host = re.sub(r"^\w+://[^/]*", "", repository.strip())
    parts = [part for part in map(_allowed, without_host.split("/")) if part]
    owner, name = parts[:2] if len(parts) > 1 else ["USER", *parts, "NAME"][:2]
    return f"{owner}/{name}"


def _allowed(part: str) -> str:
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", part)
    text = re.sub(r"[-.]{2,}", "-", text).lstrip("-._")[:_LONGEST_NAME]
    return re.sub(r"([-._]|\.git)+$", "", text)


def upload(
    repository: str,
    files: Mapping[str, Path | bytes],
    *,
    own_folders: Sequence[str],
    private: bool,
    progress: Progress,
) -> str:
    """Puts files into a repository, which is made where it is not there, in one commit.

    Args:
        repository: owner and name.
        files: what to put there, by name.
        own_folders: the folders of the repository that hold nothing else than these files
            afterwards; all other files there stay as they are.
        private: whether nobody else may see it.
        progress: told what the hub remarks.

    Returns:
        Where it lies.

    Raises:
        HubError: there is no token, no hub in reach, or the hub refuses.
    """
    token = _token()
    api = HfApi(token=token)
    if not hub_answers():
        raise HubError(
            f"no hub at {api.endpoint} is in reach: nothing was uploaded; try again where it "
            "answers, with HF_HUB_OFFLINE unset"
        )
    try:
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            _make(api, repository, private=private)
            _commit(api, repository, files, own_folders)
    except HubError:
        raise
    except Exception as error:  # those of its HTTP library and of hf_xet have no common base
        raise HubError(_failure(error, repository, api.endpoint, token)) from None
    for remark in remarks:
        if issubclass(remark.category, UserWarning):
            progress.say(f"note: {_harmless(str(remark.message), token)}")
    return f"{api.endpoint}/{repository}"


def _token() -> str:
    """Returns the user's token."""
    cure = "log in with `hf auth login`, or set HF_TOKEN to a token that may write"
    try:
        token = get_token()
    except Exception as error:  # one that has to be exchanged or refreshed first
        raise HubError(f"the hub gives no token ({type(error).__name__}): {cure}") from None
    if not token:
        raise HubError(f"there is no token for the Hugging Face hub: {cure}")
    if not _BEARER.fullmatch(token):
        raise HubError(f"the token for the Hugging Face hub is not one: {cure}")
    return str(token)


def _make(api: HfApi, repository: str, *, private: bool) -> None:
    """Makes the repository where it is not there; one that is there stays as visible as it was."""
    api.create_repo(repository, private=private or None, exist_ok=True)
    if private and not api.model_info(repository).private:
        raise HubError(
            f"{repository} is there already, and everybody can see it: nothing was uploaded; make "
            f"it private in {api.endpoint}/{repository}/settings, or give another name"
        )


def _commit(
    api: HfApi, repository: str, files: Mapping[str, Path | bytes], own_folders: Sequence[str]
) -> None:
    """Adds files, and deletes others in their folders, all at once or not at all."""
    left_over = [
        name
        for name in api.list_repo_files(repository)
        if name not in files and name.partition("/")[0] in own_folders and "/" in name
    ]
    operations = [
        *(CommitOperationDelete(path_in_repo=name) for name in left_over),
        *(
            CommitOperationAdd(
                path_in_repo=name,
                path_or_fileobj=content if isinstance(content, bytes) else str(content),
            )
            for name, content in files.items()
        ),
    ]
    api.create_commit(repository, operations, commit_message="Upload a student with kdzoo")


def _failure(error: BaseException, repository: str, endpoint: str, token: str) -> str:
    """Returns what went wrong at the bottom of it, and what to do about it."""
    while not isinstance(error, HfHubHTTPError) and error.__cause__ is not None:
        error = error.__cause__
    if not isinstance(error, HfHubHTTPError):
        reason = _harmless(f"{type(error).__name__}: {error}", token)
        return f"uploading to {repository} failed: {reason}"
    status = error.response.status_code
    if status == 401:
        return (
            f"{endpoint} does not accept the token (401): log in again with `hf auth login`, or "
            "set HF_TOKEN to a token that may write"
        )
    if status == 403:
        return (
            f"the token may not write to {repository} (403): use one that may, or a repository "
            f"whose owner you are; {endpoint}/settings/tokens shows what yours may do"
        )
    reason = _harmless(error.server_message or str(error), token)
    return f"{endpoint} refuses {repository} ({status}): {reason}"


def _harmless(text: str, token: str) -> str:
    """Returns what the hub or a library says, on one line and without the token."""
    return one_line(text.replace(token, "[token]"))[:_LONGEST_REASON]
