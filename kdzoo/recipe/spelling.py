"""Names of the data's in a recipe, kept as they are spelt: ``01``, ``1.0``, ``true``, ``null``.

YAML reads these as numbers, truth and nothing, which have several spellings; a file of data holds
one of them, and that one is the label.
"""

from __future__ import annotations

import yaml

KeyPath = tuple[str | int, ...]

NAMES: frozenset[KeyPath] = frozenset(
    {
        *(("data", key) for key in ("text", "text_pair", "label", "oos_label", "positive_label")),
        ("data", "label_columns"),
        *(("transfer", "unlabelled", key) for key in ("text", "text_pair")),
        *(
            (*section, "csv", "columns")
            for section in (("data",), ("transfer", "unlabelled"), ("teacher",))
        ),
        ("teacher", "labels"),
        ("objective", "gold_for"),
    }
)
_TEXT, _NOTHING = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"


def keep_spelling(node: yaml.Node, path: KeyPath = ()) -> None:
    """Makes texts of the names below a node; in a recipe's variants and grid too.

    Args:
        node: of a recipe, or of what stands at a key of it.
        path: of that key.
    """
    if path in NAMES:
        _as_texts(node)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if path == ("variants",):  # each lies over the recipe itself
                keep_spelling(value)
            elif path == ("grid",) and isinstance(value, yaml.SequenceNode):
                for point in value.value:
                    keep_spelling(point, tuple(str(key.value).split(".")))
            else:
                keep_spelling(value, (*path, str(key.value)))


def _as_texts(node: yaml.Node) -> None:
    """Retags a name, or those in a list; alone, null is no name: it takes one back."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if isinstance(item, yaml.ScalarNode) and item.value:
                item.tag = _TEXT
    elif isinstance(node, yaml.ScalarNode) and node.tag != _NOTHING:
        node.tag = _TEXT
