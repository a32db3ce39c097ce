"""Licence and language of a card: what a recipe or an option says, in no key, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tiny_cards import a_study, card_of

from kdzoo.errors import RecipeError
from kdzoo.recipe import load_study
from kdzoo.recipe.card import Card, read_card, with_said
from kdzoo.results import Store, merge


def study_with(root: Path, card: Card | None) -> Store:
    """Returns a finished study whose student's row has that card."""
    study = a_study(root)
    study.rows[:] = [
        row.model_copy(update={"card": card}) if row.role == "student" else row
        for row in study.rows
    ]
    return study.finish()


def recipe_with(folder: Path, recipe: dict[str, Any], **card: Any) -> str:
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**recipe, "card": card}), encoding="utf-8")
    return str(path)


@pytest.fixture
def recipe(tiny_data: Path, tiny_encoder: Path) -> dict[str, Any]:
    from tiny_world import tiny_recipe_data

    return tiny_recipe_data(tiny_data, tiny_encoder)


@pytest.mark.parametrize(
    ("said", "license_id", "language"),
    [
        ({"license": "Apache-2.0", "language": "en"}, "apache-2.0", ["en"]),
        ({"license": "cc-by-nc-sa-4.0"}, "cc-by-nc-sa-4.0", None),
        ({"language": ["no", "pt-BR", "yue"]}, None, ["no", "pt-BR", "yue"]),
        ({"language": "multilingual"}, None, ["multilingual"]),
    ],
)
def test_what_a_recipe_says_stands_in_the_front_matter(
    tmp_path: Path, recipe: dict[str, Any], said: Any, license_id: Any, language: Any
) -> None:
    """``no`` is Norwegian, as YAML 1.2 has it."""
    (variant,) = load_study(recipe_with(tmp_path, recipe, **said)).variants
    shown = card_of(study_with(tmp_path / "runs" / "study", variant.recipe.card))

    assert shown.card.data.license == license_id
    assert shown.card.data.language == language
    assert ("does not know" in shown.words) == (license_id is None or language is None)


@pytest.mark.parametrize(
    ("said", "place"),
    [
        ({"license": "my licence: none"}, "card.license"),
        ({"license": "x\n---\nevil: true"}, "card.license"),
        ({"license": 7}, "card.license"),
        ({"language": "English"}, "card.language"),
        ({"language": ["en", "<b>"]}, "card.language"),
        ({"language": ["en"] * 101}, "card.language"),
        ({"licence": "mit"}, "card.licence"),
    ],
)
def test_what_the_hub_would_not_take_is_refused(
    tmp_path: Path, recipe: dict[str, Any], said: Any, place: str
) -> None:
    with pytest.raises(RecipeError, match=place):
        load_study(recipe_with(tmp_path, recipe, **said))


@pytest.mark.parametrize("said", [("my own", None), (None, ["english"]), ("", None)])
def test_options_are_held_to_the_same(said: Any) -> None:
    with pytest.raises(RecipeError, match="--license, --language"):
        read_card(*said)


@pytest.mark.parametrize(
    ("license_id", "languages", "wanted"),
    [
        ("mit", None, Card(license="mit", language=["en"])),
        (None, ["de"], Card(license="gpl-3.0", language=["de"])),
        (None, None, Card(license="gpl-3.0", language=["en"])),
    ],
)
def test_an_option_takes_the_place_of_what_the_recipe_says(
    license_id: Any, languages: Any, wanted: Card
) -> None:
    own = Card(license="gpl-3.0", language=["en"])

    assert with_said(own, read_card(license_id, languages)) == wanted
    assert with_said(None, own) == own


def test_a_record_without_a_card_is_written_as_before(
    tmp_path: Path, recipe: dict[str, Any]
) -> None:
    """So neither recipes in records nor manifests change where nobody says anything."""
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    (variant,) = load_study(str(path)).variants

    assert "card" not in variant.recipe.model_dump(mode="json")
    store = study_with(tmp_path / "runs" / "study", None)
    assert '"card"' not in (store.root / "study.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("turned", [False, True])
def test_a_card_is_kept_in_merged_results_whichever_folder_comes_first(
    tmp_path: Path, turned: bool
) -> None:
    said = Card(license="mit", language=["en"])
    stores = [
        study_with(tmp_path / "a" / "runs" / "study", said),
        study_with(tmp_path / "b" / "runs" / "study", None),
    ]
    merged = merge(stores[::-1] if turned else stores, tmp_path / "merged")

    assert [row.card for row in merged.manifest().rows if row.role == "student"] == [said]
