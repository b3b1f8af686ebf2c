"""The rules of `check`, one file each, and the list of them."""

from __future__ import annotations

from dataselect.operations.check.rules import (
    boundaries,
    in_test,
    near_copies,
    offset_unit,
    rare,
    same_text,
    span_contexts,
    unlikely_intent,
    unlikely_slots,
    usual_slot,
)

RULES = (
    same_text.INTENTS,
    same_text.SLOTS,
    near_copies.RULE,
    unlikely_intent.RULE,
    unlikely_slots.RULE,
    span_contexts.MISSING,
    span_contexts.UNUSUAL,
    boundaries.RULE,
    usual_slot.RULE,
    offset_unit.RULE,
    in_test.RULE,
    rare.INTENTS,
    rare.SLOTS,
)
"""All rules, in the order of the summary."""
