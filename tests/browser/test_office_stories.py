"""Four desks of the clue room in a browser: a complaint, a mobile run, a rule and a drill, as an officer does it."""

import io
import json
import re
import zipfile
from datetime import datetime, timedelta

import polars as pl
from playwright.sync_api import expect

from shared.clock import ZONE
from tests.service.clue.test_van_runs import points

NAME, CONTACT = "慕容雪晴", "13800138000"


def start(days: int = 1) -> datetime:
    """Ten in the morning some days ago, which no clock of this story can call the future."""
    return (datetime.now(ZONE) - timedelta(days=days)).replace(hour=10, minute=0, second=0, microsecond=0)


def faults(watched) -> list[str]:
    """What the browser complained of, but for the refusals a story asks for."""
    return [one for one in watched.complaints if "status of 422" not in one]


def readings(began: datetime) -> list[dict[str, object]]:
    """A drive past one plume."""
    return points(start=began.replace(tzinfo=None))


def drill_set(began: datetime) -> bytes:
    """A small labelled set: the same drive, and the act behind it."""
    rows = [one | {"run_id": "RUN-D", "flag": "N"} for one in readings(began)]
    local = began.replace(tzinfo=None)
    label = {"rule_id": ["R23"], "entity_id": ["RUN-D"], "from": [local], "to": [local + timedelta(hours=1)]}
    labels, content = io.BytesIO(), io.BytesIO()
    pl.DataFrame(label | {"strength": ["strong"]}).write_parquet(labels)
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("van_points.csv", pl.DataFrame(rows).write_csv())
        archive.writestr("labels.parquet", labels.getvalue())
    return content.getvalue()


def test_a_complaint_is_taken_looked_into_and_answered(watched, desk):
    page = watched.page
    watched.sign_in("zhang", desk.passwords["zhang"])
    page.get_by_role("navigation").get_by_role("link", name="投诉举报").click()
    watched.ready("**/console/complaints")
    page.get_by_role("link", name="登记投诉举报").click()
    watched.ready("**/complaints/new")
    page.get_by_label("投诉类别").select_option(label="异味")
    page.get_by_label("来件渠道").select_option(label="12345 热线")
    page.get_by_label("行政区划代码").fill("320500")
    page.get_by_label("情况简述").fill(f"{NAME}反映夜间异味")
    page.get_by_label("投诉举报人姓名").fill(NAME)
    page.get_by_label("联系方式").fill(CONTACT)
    page.get_by_role("button", name="登记投诉举报").click()
    expect(page.get_by_role("alert")).to_contain_text("请删去")
    expect(page.get_by_label("投诉举报人姓名")).to_have_value(NAME)
    page.get_by_label("情况简述").fill("夜间异味，持续两小时")
    page.get_by_role("button", name="登记投诉举报").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("已登记投诉举报")
    number, code = page.locator("dd.answer").all_text_contents()
    assert re.fullmatch(r"苏12345-\d{4}-\d{6}-[0-9A-Z]", number)

    page.get_by_role("link", name="打开投诉举报").click()
    watched.ready("**/complaints/*-*")
    complaint = page.url.removeprefix(watched.url)
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    expect(page.locator("body")).not_to_contain_text(code)
    page.get_by_role("link", name="来源线索").click()
    watched.ready("**/console/clues/*")
    expect(page.locator("body")).not_to_contain_text(NAME)
    decline = page.locator("#step-decline")
    decline.locator("summary").click()
    decline.get_by_label("理由").fill("现场复核无异味")
    decline.get_by_role("button").click()
    expect(page.locator("p.done")).to_be_visible()

    watched.open(complaint)
    expect(page.get_by_role("heading", level=1)).to_contain_text("待答复")
    identity = page.locator("#step-open_identity")
    identity.locator("summary").click()
    identity.get_by_label("理由").fill("回访核实")
    identity.get_by_role("button").click()
    expect(page.locator("section.once")).to_contain_text(CONTACT)
    page.get_by_role("link", name="返回投诉举报").click()
    expect(page.locator("table.entries")).to_contain_text("启封投诉举报人身份")
    expect(page.locator("body")).not_to_contain_text(NAME)
    reply = page.locator("#step-reply")
    reply.locator("summary").click()
    reply.get_by_label("答复内容").fill("经核查，未发现异常")
    reply.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("已答复")

    watched.open("/console/complaints/answer")
    page.get_by_label("编号").fill(number)
    page.get_by_label("查询码").fill(code)
    page.get_by_role("button", name="查询办理情况").click()
    expect(page.locator("blockquote")).to_have_text("经核查，未发现异常")
    assert faults(watched) == []


def test_a_mobile_run_is_registered_fed_and_drawn(watched, desk, tmp_path):
    page, began = watched.page, start()
    watched.sign_in("zhang", desk.passwords["zhang"])
    page.keyboard.press("g")
    page.keyboard.press("v")
    watched.ready("**/console/van-runs")
    page.get_by_role("link", name="登记走航任务").click()
    watched.ready("**/van-runs/new")
    page.get_by_label("任务名称").fill("园区夜巡")
    page.get_by_label("走航日期").fill(f"{began:%Y-%m-%d}")
    page.get_by_label("车辆").fill("苏E·A0001")
    page.get_by_label("执法人员").fill("张甲 苏环执001")
    page.get_by_label("校准时间").fill(f"{began:%Y-%m-%d}T08:00")
    page.get_by_label("仪器").fill("PTR-MS 01")
    page.get_by_label("标准气体").fill("异丁烯 1 ppm")
    page.get_by_label("校准通过").check()
    page.get_by_label("走航路线").fill("开发区环线")
    page.get_by_role("button", name="登记走航任务").click()
    expect(page.get_by_role("alert")).to_contain_text("不得少于两人")
    page.get_by_label("执法人员").fill("张甲 苏环执001\n李乙 苏环执002")
    page.get_by_role("button", name="登记走航任务").click()
    expect(page.locator("p.done")).to_contain_text("可以上传走航数据")
    file = tmp_path / "points.ndjson"
    file.write_text("\n".join(json.dumps(one) for one in readings(began)), encoding="utf-8")
    page.get_by_label(re.compile("^数据文件")).set_input_files(file)
    page.get_by_role("button", name="上传走航数据").click()
    expect(page.locator("p.done")).to_contain_text("已接收 400 个读数")
    expect(page.get_by_role("img", name=re.compile("^走航轨迹"))).to_be_visible()
    expect(page.locator("svg.track:not(.key) polyline.peak")).to_have_count(1)
    expect(page.locator("svg.track .mark text")).to_have_text(["1"])
    expect(page.locator("svg.profile .band text")).to_have_text(["1"])
    expect(page.locator("#peaks-title + article")).to_contain_text("900")
    assert faults(watched) == []


def test_a_rule_is_tuned_by_one_and_activated_by_another(watched, desk):
    page = watched.page
    watched.sign_in("zhang", desk.passwords["zhang"])
    watched.open("/console/rules")
    expect(page.locator("table.rules a.row")).to_have_count(24)
    page.get_by_role("link", name=re.compile("^R14")).click()
    watched.ready("**/console/rules/R14")
    form = page.locator("#step-propose")
    form.locator("summary").click()
    value = form.locator("input[type=number]").first
    most, named = value.get_attribute("max"), value.get_attribute("name")
    value.fill(str(most))
    form.get_by_label(re.compile("^理由")).fill("减少误报")
    form.get_by_role("button", name="提出参数组").click()
    expect(page.locator("p.done")).to_contain_text("影子运行")
    expect(page.locator(".differs")).to_contain_text(str(most))
    expect(page.get_by_role("button", name="启用")).to_have_count(0)
    page.get_by_role("button", name="退出").click()

    watched.sign_in("province", desk.passwords["province"])
    watched.open("/console/rules/R14")
    page.locator(".trial summary", has_text="启用").click()
    page.locator(".trial details[open]").get_by_label(re.compile("^理由")).fill("影子运行结果合适")
    page.get_by_role("button", name="启用", exact=True).click()
    expect(page.locator("p.done")).to_have_text("已启用")
    expect(page.locator("#step-propose input").and_(page.locator(f"[name='{named}']"))).to_have_value(str(most))
    expect(page.locator(".timeline tbody tr")).to_have_count(2)
    assert faults(watched) == []


def test_a_drill_is_prepared_opened_closed_and_wiped(watched, desk, tmp_path):
    page, began = watched.page, start()
    watched.sign_in("province", desk.passwords["province"])
    watched.open("/console/drills")
    page.get_by_role("link", name="组织演练").click()
    watched.ready("**/drills/new")
    page.get_by_label("演练名称").fill("走航练兵")
    page.get_by_label("参演战队").select_option(label=["苏州市生态环境数据战队", "苏州昆山执法中队"])
    page.get_by_label("开始时间").fill(f"{began:%Y-%m-%dT%H:%M}")
    page.get_by_label("结束时间").fill(f"{began + timedelta(days=3):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="组织演练").click()
    expect(page.locator("p.done")).to_contain_text("请上传数据集")
    drill = page.url.removeprefix(watched.url).partition("?")[0]
    file = tmp_path / "set.zip"
    file.write_bytes(drill_set(began))
    page.get_by_label(re.compile("^数据集文件")).set_input_files(file)
    page.get_by_role("button", name="上传数据集").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("进行中")
    expect(page.locator("p.drill")).to_contain_text("演练/DRILL")
    for kind, name, state in (("close", "结束演练", "已结束"), ("wipe", "清除演练", "已清除")):
        step = page.locator(f"#step-{kind}")
        step.locator("summary").click()
        step.get_by_role("checkbox").check()
        step.get_by_role("button", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(state)
    expect(page.locator("table.scores tbody tr")).to_have_count(2)
    page.get_by_role("button", name="退出").click()

    watched.sign_in("zhang", desk.passwords["zhang"])
    watched.open("/console/drills?wiped=true")
    page.get_by_role("link", name="走航练兵").click()
    watched.ready(f"**{drill}")
    expect(page.locator("table.scores")).to_contain_text("苏州昆山执法中队")
    assert faults(watched) == []


def test_a_partner_is_led_to_none_of_them(watched, desk):
    page = watched.page
    watched.sign_in("market", desk.passwords["market"])
    for name in ("投诉举报", "走航监测", "规则管理", "演练比武"):
        expect(page.get_by_role("navigation").get_by_role("link", name=name)).to_have_count(0)
    for path in ("/console/van-runs", "/console/rules", "/console/rules/R01", "/console/drills"):
        watched.open(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("未找到")
    watched.open("/console/complaints")
    expect(page.locator("main")).to_contain_text("没有符合条件的投诉举报")
