"""The recipes that come with kdzoo: YAML, read through importlib.resources."""

if __name__ != "kdzoo.recipes":
    raise ModuleNotFoundError(
        "this folder is installed as kdzoo.recipes: run `pip install -e .` and read that package"
    )
