"""The rules of `check`, one file each, and the list of them."""

from __future__ import annotations

from dataselect.operations.check.rules import in_test, rare, same_text, unlikely_intent

RULES = (
    same_text.INTENTS,
    same_text.SLOTS,
    unlikely_intent.RULE,
    in_test.RULE,
    rare.INTENTS,
    rare.SLOTS,
)
"""All rules, in the order of the summary."""
