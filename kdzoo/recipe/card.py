"""What the card of a student says that no measurement can: its licence and its language."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from kdzoo.errors import RecipeError
from kdzoo.recipe.document import Document
from kdzoo.recipe.problems import problems_of
from kdzoo.recipe.section import Section

_LICENSE = r"^[a-z0-9][a-z0-9.+-]{0,63}$"
_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$|^multilingual$"


def _as_license(value: object) -> object:
    """Returns an identifier as the hub spells it, in small letters: ``Apache-2.0`` is one."""
    return value.lower() if isinstance(value, str) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


License = Annotated[str, BeforeValidator(_as_license), Field(pattern=_LICENSE)]
Language = Annotated[str, Field(pattern=_LANGUAGE)]


class Card(Section):
    """What stands in the front matter of a student's card; changing it trains nothing anew."""

    license: License | None = Field(
        None, description="the hub's identifier of the licence, as in apache-2.0 or cc-by-4.0"
    )
    language: Annotated[list[Language], BeforeValidator(_as_list)] = Field(
        [],
        max_length=100,
        description="ISO 639 code of the texts' language, as in en; a list of several",
    )

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is left to look up."""
        return self.license is not None and bool(self.language)


def with_said(card: Card | None, said: Card | None) -> Card | None:
    """Returns a recipe's card with what options say in its place."""
    if card is None or said is None:
        return said or card
    return card.model_copy(update={name: getattr(said, name) for name in said.model_fields_set})


def read_card(license_id: str | None, languages: list[str] | None) -> Card | None:
    """Returns what options say of a card; None where they say nothing.

    Args:
        license_id: the hub's identifier.
        languages: ISO 639 codes.

    Raises:
        RecipeError: there is no such licence, or no such language.
    """
    said = {"license": license_id, "language": languages}
    said = {name: value for name, value in said.items() if value is not None}
    if not said:
        return None
    try:
        return Card.model_validate(said)
    except ValidationError as error:
        found = problems_of(error, Document("the card", said), Card)
        raise RecipeError("the card (--license, --language)", *found) from None
