"""The words of each step of a computation, in Chinese and English."""

from datetime import date, datetime

from shared.rules.calendar import Calendar
from shared.rules.term_entries import UNITS_EN, UNITS_ZH, Because, Extension, Pause, Term


def start_excluded(start_on: date) -> Because:
    return Because("start_excluded", f"开始之日 {start_on} 不算", f"the start day {start_on} is not counted", start_on)


def counted(term: Term, end: date, calendar: Calendar) -> Because:
    zh = f"自次日起算 {_length_zh(term.amount, term.unit)},末日 {_day_zh(end, calendar)}"
    en = f"{_length_en(term.amount, term.unit)} from the next day end on {_day_en(end, calendar)}"
    return Because("counted", zh, en, end)


def counted_back(term: Term, end: date, calendar: Calendar) -> Because:
    length_zh, length_en = _length_zh(term.amount, term.unit), _length_en(term.amount, term.unit)
    zh = f"该日之前留足 {length_zh},最迟 {_day_zh(end, calendar)}"
    en = f"{length_en} in full are left before that day: {_day_en(end, calendar)} at the latest"
    return Because("counted_back", zh, en, end)


def hours_counted(amount: int, at: datetime) -> Because:
    zh = f"自该时刻起算 {amount} 小时至 {at:%Y-%m-%d %H:%M},夜间与节假日照算"
    en = f"{amount} hours from that moment run to {at:%Y-%m-%d %H:%M}; nights and holidays count"
    return Because("hours_counted", zh, en, at.date())


def day_count(start_on: date, end_on: date, count: int) -> Because:
    zh = f"自 {start_on} 次日起至 {end_on} 止(含当日)共 {count} 日"
    en = f"from the day after {start_on} through {end_on}: {count} days"
    return Because("day_counted", zh, en, end_on)


def extended(extension: Extension, end: date, calendar: Calendar) -> Because:
    zh, en = _extension(extension)
    return Because("extended", f"{zh} → {_day_zh(end, calendar)}", f"{en}: {_day_en(end, calendar)}", end)


def extended_at(extension: Extension, at: datetime) -> Because:
    zh, en = _extension(extension)
    return Because("extended", f"{zh} → {at:%Y-%m-%d %H:%M}", f"{en}: {at:%Y-%m-%d %H:%M}", at.date())


def paused(pause: Pause, lost: int, unit: str, end: date) -> Because:
    counted_in = "working_days" if unit == "working_days" else "natural_days"
    zh = f"{pause.from_on} 至 {pause.to_on} 共 {_length_zh(lost, counted_in)}不计入{_ground_zh(pause)} → {end}"
    en = f"{pause.from_on} to {pause.to_on}, {_length_en(lost, counted_in)}, do not count{_ground_en(pause)}: {end}"
    return Because("paused", zh, en, end)


def paused_at(pause: Pause, at: datetime) -> Because:
    zh = f"{pause.from_on} 至 {pause.to_on} 不计入{_ground_zh(pause)},顺移整日 → {at:%Y-%m-%d %H:%M}"
    en = f"{pause.from_on} to {pause.to_on} do not count{_ground_en(pause)}: {at:%Y-%m-%d %H:%M}"
    return Because("paused", zh, en, at.date())


def pause_too_late(pause: Pause) -> Because:
    zh = f"{pause.from_on} 开始的中止晚于期限届满,不影响期限"
    en = f"the pause from {pause.from_on} began after the term had lapsed and changes nothing"
    return Because("pause_too_late", zh, en, pause.from_on)


def pause_open() -> Because:
    return Because("pause_open", "中止尚未结束,日期为推算", "a pause is still open; the date is a projection", None)


def rolled(end: date, on: date, calendar: Calendar) -> Because:
    if end == on:
        return Because("not_on_rest_day", f"末日 {end} 非休息日,不顺延", f"{end} is not a rest day and stays", on)
    reason = calendar.holiday_zh(end)
    zh = f"末日 {_day_zh(end, calendar)} 为休息日({reason}),顺延至 {_day_zh(on, calendar)}"
    en = f"the last day {_day_en(end, calendar)} is a rest day, moved to {_day_en(on, calendar)}"
    return Because("rolled_over", zh, en, on)


def not_rolled(end: date, calendar: Calendar) -> Because:
    zh = f"末日 {_day_zh(end, calendar)} 为休息日,该期限不顺延"
    en = f"the last day {_day_en(end, calendar)} is a rest day, but this limit is not moved"
    return Because("not_rolled", zh, en, end)


def provisional(on: date | None) -> Because:
    zh = "涉及尚未公布放假安排的年份,结果为暂定"
    en = "a year without a published holiday notice is involved; the result is provisional"
    return Because("provisional", zh, en, on)


def _extension(extension: Extension) -> tuple[str, str]:
    verb_zh, verb_en = ("延长至共", "extended to a total of") if extension.to_total else ("延长", "extended by")
    notes_zh = ",".join(part for part in (extension.approved_by, extension.ground) if part)
    zh = f"{verb_zh} {_length_zh(extension.amount, extension.unit)}" + (f"({notes_zh})" if notes_zh else "")
    en = f"{verb_en} {_length_en(extension.amount, extension.unit)}" + (f" ({notes_zh})" if notes_zh else "")
    return zh, en


def _ground_zh(pause: Pause) -> str:
    return f"({pause.ground})" if pause.ground else ""


def _ground_en(pause: Pause) -> str:
    return f" ({pause.ground})" if pause.ground else ""


def _length_zh(amount: int, unit: str) -> str:
    return f"{amount} {UNITS_ZH.get(unit, unit)}"


def _length_en(amount: int, unit: str) -> str:
    name = UNITS_EN.get(unit, unit)
    return f"{amount} {name[:-1] if amount == 1 else name}"


def _day_zh(day: date, calendar: Calendar) -> str:
    return f"{day} {calendar.label_zh(day)}"


def _day_en(day: date, calendar: Calendar) -> str:
    return f"{day} ({calendar.label_en(day)})"
