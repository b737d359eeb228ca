"""The answer an HJ 212 sender waits for before it forgets what it sent."""

from datetime import datetime

from services.clue_service.intake.hj212 import Frame, encode
from shared.clock import ZONE

ANSWER_TO_REQUEST, ACKNOWLEDGE_NOTICE, ACKNOWLEDGE_DATA = "9011", "9013", "9014"
# QnRtn of HJ 212-2017: how a request was taken.
READY, REFUSED, WRONG_MN, WRONG_CHECKSUM, UNKNOWN = "1", "2", "4", "9", "100"


def acknowledge(frame: Frame, *, at: datetime, refused: str | None = None) -> bytes:
    """The answer as a correct frame; empty when the sender waits for none. Call it after the data is stored.

    Uploads (CN 2xxx and 3xxx) get a data acknowledgement 9014, a device's notice (1013) gets 9013, everything else the
    request answer 9011. A frame whose checksum is wrong is answered by 9011 with QnRtn=9, so that the sender repeats
    it and does not forget it. `at` (aware) numbers the answer when the frame carries no QN; `refused` is the QnRtn of
    a refusal, which is answered by 9011 whatever the command was.
    """
    flag = frame.flag
    if frame.problem is not None or flag is None or not flag.needs_ack:
        return b""
    local = at.astimezone(ZONE)
    number = frame.qn or local.strftime("%Y%m%d%H%M%S") + f"{local.microsecond // 1000:03d}"
    command, area = _answer(frame) if refused is None else (ANSWER_TO_REQUEST, f"QnRtn={refused}")
    head = f"QN={number};ST=91;CN={command};PW={frame.pw or ''};MN={frame.mn or ''};Flag={flag.version_bits << 2}"
    return encode(f"{head};CP=&&{area}&&")


def _answer(frame: Frame) -> tuple[str, str]:
    command = frame.cn or ""
    if not frame.crc_valid:
        return ANSWER_TO_REQUEST, f"QnRtn={WRONG_CHECKSUM}"
    if not frame.mn:
        return ANSWER_TO_REQUEST, f"QnRtn={WRONG_MN}"
    if command[:1] in ("2", "3") and len(command) == 4:
        return ACKNOWLEDGE_DATA, ""
    if command == "1013":
        return ACKNOWLEDGE_NOTICE, ""
    return ANSWER_TO_REQUEST, f"QnRtn={READY if command[:1] == '1' else UNKNOWN}"
