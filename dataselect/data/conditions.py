"""Conditions as users write them: a name, a sign, and what is on its right."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

COMPARISONS: dict[str, Callable[[Any, float], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
"""What signs compare: numbers, or arrays."""

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,2})?"
"""How numbers are written."""

CONDITION = re.compile(r"\s*(\w+)\s*(<=|>=|==|!=|<|>)\s*(.*?)\s*", re.DOTALL)
"""Matched whole: the name, the sign, and the rest without white space around it."""
