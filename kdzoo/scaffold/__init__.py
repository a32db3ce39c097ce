"""Recipes of the zoo for a user's own data: what ``kdzoo init`` looks at, proposes and writes."""

from kdzoo.scaffold.data import OwnData
from kdzoo.scaffold.recipes import write_recipes
from kdzoo.scaffold.teacher import NamedTeacher

__all__ = ["NamedTeacher", "OwnData", "write_recipes"]
