"""Officers at the console: one follows a referral to its decision, one may not see it, one is told what is missing."""

import re

from playwright.sync_api import expect

SHA256 = re.compile(r"^[0-9a-f]{64}$")


def test_an_officer_follows_a_referral_to_its_decision(watched, desk):
    page = watched.page
    watched.sign_in("zhang", desk.passwords["zhang"])
    expect(page.get_by_role("link", name="处罚案件办理期限", exact=True).first).to_be_visible()
    expect(page.get_by_role("heading", name="未读通知")).to_be_visible()

    page.get_by_role("navigation").get_by_role("link", name="移送").click()
    watched.ready("**/console/referrals")
    page.get_by_label("状态").select_option(label="涉案物品已移交")
    expect(page.locator("table.board tbody tr")).to_have_count(1)
    page.locator("table.board a.row").click()

    subject = page.locator("main")
    expect(page.get_by_role("heading", level=1)).to_contain_text("涉案物品已移交")
    expect(subject).to_contain_text("公安立案")
    expect(subject).to_contain_text(desk.referral["decision_number"])
    expect(page.locator(".clocks > li")).to_have_count(7)
    expect(page.locator(".clocks svg.bar").first).to_be_visible()
    expect(subject).to_contain_text("《环境保护行政执法与刑事司法衔接工作办法》第六条")
    expect(page.locator("table.items tbody tr")).to_have_count(14)
    expect(page.locator("svg.lanes text.lane")).to_have_text(["线索", "案件", "移送"])
    expect(page.locator("table.entries")).to_contain_text("苏州市公安局")

    page.get_by_role("link", name="案件移送书.txt").click()
    expect(page.locator("dl code")).to_have_text(SHA256)
    with page.expect_navigation():
        page.get_by_role("link", name="打开材料").click()
    expect(page.locator("body")).to_contain_text("案件移送书")
    page.go_back()
    page.reload()
    expect(page.get_by_role("table")).to_contain_text("张甲（办案）")
    expect(page.get_by_role("table").locator("tbody tr")).to_have_count(3)

    assert watched.asked
    assert [url for url in watched.asked if not url.startswith(f"{desk.url}/console")] == []
    assert watched.complaints == []


def test_the_board_is_worked_by_keyboard_alone(watched, desk):
    page = watched.page
    watched.sign_in("zhang", desk.passwords["zhang"])
    page.keyboard.press("g")
    page.keyboard.press("r")
    watched.ready("**/console/referrals")
    for key, row in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(page.locator("table.board tbody tr").nth(row)).to_have_class(re.compile("at"))
        expect(page.locator("table.board a.row").nth(row)).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("状态")).to_be_focused()
    page.locator("table.board a.row").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("涉案物品已移交")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_count(1)
    assert watched.complaints == []


def test_another_agency_is_told_that_there_is_no_such_referral(watched, desk):
    page = watched.page
    watched.sign_in("market", desk.passwords["market"])
    watched.open(f"/console/referrals/{desk.referral['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("未找到")
    expect(page.locator("main")).to_contain_text("只能查看本单位经办、接收或监督的事项")
    watched.open(f"/console/journeys/{desk.referral['journey_id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("未找到")
    watched.open("/console/referrals")
    expect(page.locator("main")).to_contain_text("没有符合条件的移送")


def test_an_officer_who_lacks_a_document_reads_which_and_why_and_gives_it(watched, desk, tmp_path):
    page = watched.page
    watched.sign_in("zhang", desk.passwords["zhang"])
    watched.open(desk.waiting)
    step = page.locator("#step-submit_report")
    step.get_by_label("实施行政执法的主体与程序合法").check()
    step.get_by_label("有合法证据证明涉嫌犯罪事实发生").check()
    step.get_by_role("button", name="办理：提交移送书面报告").click()

    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("缺少必备材料或事实")
    expect(refusal).to_contain_text("移送涉嫌环境犯罪案件的书面报告及负责人审批")
    expect(refusal).to_contain_text("《环境保护行政执法与刑事司法衔接工作办法》第五条")
    expect(refusal).to_contain_text("补充上述材料后再办理")
    expect(refusal).to_be_focused()
    expect(step.get_by_label("实施行政执法的主体与程序合法")).to_be_checked()

    file = tmp_path / "专案组.txt"
    file.write_text("专案组：张甲、李乙", encoding="utf-8")
    watched.open(f"{desk.waiting}/evidence/new")
    page.get_by_label("材料", exact=True).select_option("crim_task_force")
    page.get_by_label(re.compile("^文件")).first.set_input_files(file)
    for box in page.locator("fieldset textarea").all():
        box.fill("张甲\n李乙")
    page.get_by_role("button", name="提交材料").click()
    expect(page.locator("dl code")).to_have_text(SHA256)
    watched.open(desk.waiting)
    expect(page.locator("table.items")).to_contain_text("专案组.txt")
    expect(step.locator(".reasons")).not_to_contain_text("缺少专案组")
    expect(step.locator(".reasons")).to_contain_text("书面报告及负责人审批")


def test_it_prints_without_the_machinery_and_speaks_english(watched, desk):
    page = watched.page
    watched.sign_in("zhang", desk.passwords["zhang"])
    page.get_by_role("link", name="English").click()
    watched.open(f"/console/referrals/{desk.referral['id']}")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Steps", exact=True)).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_role("heading", name="Steps", exact=True)).to_be_hidden()
    expect(page.locator(".paper")).to_contain_text("Printed by")
    assert watched.complaints == []


def test_a_question_to_the_police_is_asked_by_form_and_found_on_their_board(watched, desk):
    page = watched.page
    watched.sign_in("zhang", desk.passwords["zhang"])
    page.get_by_role("navigation").get_by_role("link", name="咨询与介入").click()
    watched.ready("**/console/consultations")
    page.get_by_role("link", name="发起咨询或通报").click()
    page.get_by_role("link", name="双向咨询").click()
    watched.ready("**/new?procedure=consultation")
    page.get_by_label("名称").fill("废液鉴别的取样时机")
    page.get_by_label("情况简述").fill("现场已封存两只储罐。")
    page.get_by_label("行政区划代码").fill("320500")
    page.get_by_label("接收单位").select_option(label="苏州市公安局")
    page.get_by_label("咨询事项").fill("鉴别取样是否需要贵局同步到场？")
    page.get_by_role("button", name="发起咨询或通报").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("拟咨询")
    expect(page.locator("main")).to_contain_text("鉴别取样是否需要贵局同步到场？")

    step = page.locator("#step-ask_in_writing")
    step.locator("summary").click()
    step.get_by_role("button", name="办理：书面咨询").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("已书面咨询")
    expect(page.locator(".parties")).to_contain_text("苏州市公安局")
    expect(page.locator("main")).to_contain_text("《环境保护行政执法与刑事司法衔接工作办法》第二十四条")
    assert watched.complaints == []
