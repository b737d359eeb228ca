"""What a copied or diluted test says, in Chinese and English."""

from collections.abc import Mapping
from typing import Any

SECOND = {
    "again": (
        "同车牌短时间内重复检测，或换线后由不合格变为合格",
        "the plate was tested again at once, or passed at another line",
    ),
    "rpm": ("发动机转速不变而 CO2 变化", "engine speed stood still while CO2 moved"),
}


def words_of(
    test: Mapping[str, Any], likeness: float, run: tuple[int, int] | None, second: Mapping[str, bool]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sentences on likeness, dilution and what goes with them."""
    zh: list[str] = []
    en: list[str] = []
    if likeness:
        zh.append(
            f"检测 {test['test_id']}（{test['plate'] or ''}）的 CO2、CO、NOx 曲线与检测 {test['base_twin']} "
            f"相似度 {likeness:.4f}，两车 VIN 不同，疑似复制"
        )
        en.append(
            f"the CO2, CO and NOx curves of test {test['test_id']} ({test['plate'] or ''}) and of test "
            f"{test['base_twin']} of another VIN have a similarity of {likeness:.4f}"
        )
        if test["base_twins"] > 1:
            zh.append(f"同线同月共有 {test['base_twins']} 次其他车辆的检测与之雷同")
            en.append(f"{test['base_twins']} tests of other cars on the line in that month are like it")
    if run:
        zh.append(f"第 {run[0]}–{run[1]} 秒 CO 与 CO2 之和连续 {run[1] - run[0] + 1} 秒偏低而结果合格，疑似稀释采样")
        en.append(
            f"CO + CO2 was too low for {run[1] - run[0] + 1} seconds ({run[0]} to {run[1]} s) of a passed test: "
            "the sample seems diluted"
        )
    for name, (word_zh, word_en) in SECOND.items():
        if second.get(name):
            zh.append(word_zh)
            en.append(word_en)
    if second.get("lam"):
        zh.append(f"λ 为 {test['lam']:.3f}")
        en.append(f"λ was {test['lam']:.3f}")
    return tuple(zh), tuple(en)
