"""The zoo: one architecture a file; every file beside this one is imported and so registered."""

from importlib import import_module
from pkgutil import iter_modules

if __name__ != "kdzoo.students":
    raise ModuleNotFoundError(
        "this folder is installed as kdzoo.students: run `pip install -e .` and import that name"
    )

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
