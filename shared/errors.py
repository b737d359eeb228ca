"""Every refusal the desk can give, as one tree.

LianqinError
├── NotSignedIn            401  who are you
├── SignatureInvalid       401  the message was not signed by whom it claims
├── NotYourStep            403  not your step
├── NotVisible             404  not visible to you
├── StepRefused            409  refused by the procedure
│   ├── EvidenceMissing    409  a required document or fact is missing
│   └── AlreadyDecided     409  the matter was decided already
├── Stale                  409  somebody else was faster (retried at the edge)
├── PreconditionFailed     412  If-Match names an older version
├── KeyReused              409  the idempotency key came with another body
├── MessageReplayed        409  this message was taken before
├── DuplicateSubject       409  an open subject of the same kind exists
├── DuplicateEvidence      409  the same bytes are held already
├── EvidenceMismatch       409  bytes and hash disagree
├── Gone                   410  withdrawn
├── BodyTooLarge           413  over the limit
├── MediaTypeRefused       415  not a type we take
├── BodyInvalid            422  the payload's shape
├── TooManyRequests        429  slow down
└── RoomUnavailable        503  a room is down
"""

from typing import Any, NamedTuple


class Text(NamedTuple):
    """One user-facing text in Chinese and English."""

    zh: str
    en: str

    def say(self, language: str) -> str:
        """Return the text in `language` ("en" or anything else for Chinese)."""
        return self.en if language == "en" else self.zh


class LianqinError(Exception):
    """The desk refused. Children carry a status, a stable code, a title, and what to do next."""

    status = 500
    title = Text("内部错误", "Internal error")
    next_step = Text("请联系系统管理员。", "Ask the system administrator.")

    def __init__(self, detail: Text | None = None, **extra: Any) -> None:
        self.detail = detail or self.title
        self.extra = extra
        super().__init__(self.detail.en)

    @classmethod
    def code(cls) -> str:
        """Return the stable code: the class name in kebab case."""
        return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in cls.__name__).lstrip("-")


class NotSignedIn(LianqinError):
    """No identity came with the request, or it has expired."""

    status = 401
    title = Text("未登录或登录已失效", "Not signed in, or the sign-in has expired")
    next_step = Text("请登录，或重新获取访问令牌后重试。", "Sign in, or fetch a new access token, and try again.")


class SignatureInvalid(LianqinError):
    """The message's signature, time or identity does not hold."""

    status = 401
    title = Text("消息签名无效", "The message signature does not hold")
    next_step = Text(
        "请用与本平台约定的密钥对原文签名，时间戳误差不超过五分钟，且消息编号不得重复。",
        "Sign the exact bytes with the agreed key; keep the timestamp within five minutes; never reuse a message id.",
    )


class NotYourStep(LianqinError):
    """You see the subject, but this step is another's."""

    status = 403
    title = Text("您无权办理此步骤", "This step is not yours to take")
    next_step = Text("请由有权办理的单位和岗位办理。", "Ask the agency and the role named in the reasons.")


class NotVisible(LianqinError):
    """It does not exist, or it is not visible to your agency."""

    status = 404
    title = Text("未找到", "Not found")
    next_step = Text(
        "请核对编号；只能查看本单位经办、接收或监督的事项。",
        "Check the id; you see what you own, were sent or supervise.",
    )


class MethodNotAllowed(LianqinError):
    """The address exists, the method does not."""

    status = 405
    title = Text("不支持该请求方法", "Method not allowed")
    next_step = Text("请查阅接口文档。", "See the published API document.")


class StepRefused(LianqinError):
    """The procedure does not allow this step now."""

    status = 409
    title = Text("程序不允许此步骤", "The procedure does not allow this step now")
    next_step = Text("请按所列理由补足条件后重试。", "Mend what the reasons name, then try again.")


class EvidenceMissing(StepRefused):
    """A document, an item of evidence or a fact that the step must have is missing."""

    title = Text("缺少必备材料或事实", "A required document or fact is missing")
    next_step = Text("请补充所列材料后重试。", "Add what is listed, then try again.")


class AlreadyDecided(StepRefused):
    """The matter was decided already; a second decision never replaces the first."""

    title = Text("该事项已作出决定", "This was decided already")
    next_step = Text(
        "如决定有误，请按复议、撤销案件等法定程序办理。",
        "If the decision was wrong, take the statutory way: reconsideration, or withdrawal of the case.",
    )


class Stale(LianqinError):
    """Somebody else changed the subject at the same moment."""

    status = 409
    title = Text("事项刚被他人更新", "Somebody else has just changed this")
    next_step = Text("请刷新后重试。", "Read it again, then repeat the step.")


class PreconditionFailed(LianqinError):
    """If-Match names a version that is no longer the current one."""

    status = 412
    title = Text("版本已过期", "The version in If-Match is out of date")
    next_step = Text(
        "请重新读取，核对变化后用新的 ETag 重试。", "Read again, look at what changed, and use the new ETag."
    )


class KeyReused(LianqinError):
    """The idempotency key was used before with another request."""

    status = 409
    title = Text("幂等键已用于另一请求", "This idempotency key was used with another request")
    next_step = Text("请为新的请求使用新的幂等键。", "Use a new key for a new request.")


class MessageReplayed(LianqinError):
    """A partner's message with this id was taken before; it is answered once."""

    status = 409
    title = Text("该消息此前已接收", "This message was taken before")
    next_step = Text(
        "无需重发；如为另一消息，请使用新的消息编号。",
        "No need to send it again; give another message an id of its own.",
    )


class DuplicateSubject(LianqinError):
    """An open subject about the same thing exists already."""

    status = 409
    title = Text("已存在同一事项", "An open subject about the same thing exists")
    next_step = Text("请在已有事项中继续办理。", "Go on in the existing one.")


class DuplicateEvidence(LianqinError):
    """The same bytes are held by this subject already, as the same document; or a supplement brings nothing new."""

    status = 409
    title = Text("相同内容已在本事项中", "The same bytes are held here already")
    next_step = Text(
        "请使用已有的证据；如另有用途，请以相应的材料名称上传。",
        "Use the item that is there; if it serves as another document too, upload it as that document.",
    )


class EvidenceMismatch(LianqinError):
    """The bytes do not have the hash that was stated."""

    status = 409
    title = Text("证据内容与哈希值不一致", "The evidence bytes do not match the stated hash")
    next_step = Text(
        "请核对原始文件后重新上传；如为已存证据，请立即告知证据保管员。", "Check the original and upload again."
    )


class Gone(LianqinError):
    """It was withdrawn, or the receiver said never again."""

    status = 410
    title = Text("已撤回", "Withdrawn")


class BodyTooLarge(LianqinError):
    """The request body is over the limit."""

    status = 413
    title = Text("请求内容过大", "The request body is over the limit")
    next_step = Text(
        "请缩小内容；大文件请用证据上传接口。", "Send less; upload large files through the evidence address."
    )


class MediaTypeRefused(LianqinError):
    """The content is of a type that is not taken here."""

    status = 415
    title = Text("不接受该类型的内容", "This kind of content is not taken here")
    next_step = Text("请改用所列类型。", "Use one of the listed types.")


class BodyInvalid(LianqinError):
    """The payload's shape is wrong."""

    status = 422
    title = Text("请求内容格式有误", "The request's shape is wrong")
    next_step = Text("请按 errors 逐项更正。", "Mend each item under errors.")


def wrong(field: str, code: str, zh: str, en: str, **more: Any) -> BodyInvalid:
    """Return the refusal of one field."""
    words = Text(zh, en)
    return BodyInvalid(words, errors=[{"field": field, "code": code, "message": words}], **more)


class TooManyRequests(LianqinError):
    """The rate limit was reached."""

    status = 429
    title = Text("请求过于频繁", "Too many requests")
    next_step = Text("请按 Retry-After 所示秒数后重试。", "Wait as many seconds as Retry-After says.")


class RoomUnavailable(LianqinError):
    """A room behind the door does not answer."""

    status = 503
    title = Text("服务暂不可用", "A service is not available at the moment")
    next_step = Text("请稍后重试；已提交的内容不会丢失。", "Try again shortly; nothing accepted is lost.")


def all_errors() -> list[type[LianqinError]]:
    """Return every class of the tree, parents first."""
    found: list[type[LianqinError]] = []
    waiting: list[type[LianqinError]] = [LianqinError]
    while waiting:
        current = waiting.pop(0)
        found.append(current)
        waiting.extend(current.__subclasses__())
    return found
