"""YAML as people read it (the core schema of YAML 1.2), on PyYAML's safe loader.

PyYAML follows YAML 1.1, where the key ``on`` is true, ``1e-3`` is a text, ``010`` is eight and a key that is written
twice silently wins.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

_BOOL, _INT, _FLOAT, _TIME = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "timestamp"))


class CoreLoader(yaml.SafeLoader):
    """Plain values only; a repeated key is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuses a key that occurs twice."""
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} occurs twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


CoreLoader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] not in (_BOOL, _INT, _FLOAT, _TIME)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
CoreLoader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
CoreLoader.add_implicit_resolver(_INT, re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
_DECIMALS = r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
CoreLoader.add_implicit_resolver(_FLOAT, re.compile(f"^(?:{_DECIMALS})$"), list("-+.0123456789"))


def load(text: str) -> Any:
    """The one document in ``text``. Raises ``yaml.YAMLError``."""
    return yaml.load(text, Loader=CoreLoader)  # noqa: S506 (a safe loader, stricter than the usual one)
