"""May this term still be extended, by how much, and by whose approval."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.rules.term_entries import UNITS_EN, UNITS_ZH, Because, Extension, ExtensionRule, Term


@dataclass(frozen=True, slots=True)
class ExtensionVerdict:
    """Whether the extension asked for is allowed, under which rule of the term, and the reasons if it is not."""

    allowed: bool
    rule: ExtensionRule | None
    reasons: tuple[Because, ...]


def check_extension(term: Term, existing: Sequence[Extension], requested: Extension) -> ExtensionVerdict:
    """Whether `requested` may follow the `existing` extensions; each rule of the term is used in turn, as often as
    it allows. A shorter extension than the law permits is allowed; a longer one, or one nobody approved, is not."""
    if not term.extensions:
        return _refused(None, "no_extension", "该期限没有可以延长的规定", "the law knows no extension of this term")
    rule = _next_rule(term.extensions, existing, requested)
    if rule is None:
        return _refused(None, "used_up", "法定的延长次数已用完", "every extension the law allows has been used")
    reasons = tuple(_objections(rule, requested))
    return ExtensionVerdict(not reasons, rule, reasons)


def _next_rule(
    rules: Sequence[ExtensionRule], existing: Sequence[Extension], requested: Extension
) -> ExtensionRule | None:
    totals = [rule for rule in rules if rule.mode == "to_total"]
    if totals:
        return _total_rule(totals, existing, requested)
    places = [rule for rule in rules for _ in range(rule.times_max)]
    if len(existing) < len(places):
        return places[len(existing)]
    return None


def _total_rule(
    totals: Sequence[ExtensionRule], existing: Sequence[Extension], requested: Extension
) -> ExtensionRule | None:
    reached = max((extension.amount for extension in existing), default=0)
    longer = [rule for rule in totals if rule.amount is not None and rule.amount > reached]
    fitting = [rule for rule in longer if rule.amount is not None and rule.amount >= requested.amount]
    return min(fitting, key=lambda rule: rule.amount or 0) if fitting else (longer[-1] if longer else None)


def _objections(rule: ExtensionRule, requested: Extension) -> list[Because]:
    reasons: list[Because] = []
    if requested.amount <= 0:
        reasons.append(Because("not_positive", "延长期限应大于零", "an extension must be longer than nothing"))
    if requested.to_total != (rule.mode == "to_total"):
        zh, en = ("应写明延长后的总期限", "this term is extended to a total length, not by an amount")
        if rule.mode != "to_total":
            zh, en = ("应写明延长的期限,而不是总期限", "this term is extended by an amount, not to a total length")
        reasons.append(Because("wrong_form", zh, en))
    if requested.unit != rule.unit:
        zh = f"应以{UNITS_ZH[rule.unit]}计算"
        reasons.append(Because("wrong_unit", zh, f"the extension is counted in {UNITS_EN[rule.unit]}"))
    elif rule.amount is not None and requested.amount > rule.amount:
        zh = f"最多延长{'至共' if rule.mode == 'to_total' else ''} {rule.amount} {UNITS_ZH[rule.unit]}"
        en = f"at most {rule.amount} {UNITS_EN[rule.unit]}{' in total' if rule.mode == 'to_total' else ''}"
        reasons.append(Because("too_long", zh, en))
    if rule.approved_by and not requested.approved_by:
        zh = f"须经{rule.approved_by}批准"
        reasons.append(Because("approval_missing", zh, f"approval is needed: {rule.approved_by}"))
    return reasons


def _refused(rule: ExtensionRule | None, code: str, zh: str, en: str) -> ExtensionVerdict:
    return ExtensionVerdict(False, rule, (Because(code, zh, en),))
