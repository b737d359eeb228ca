"""What a process writes down about itself: a line for each event, a traceback without the values of variables."""

import structlog


def configure() -> None:
    """Let exceptions be written as Python writes them.

    The library's own choice prints every variable of every frame: secrets among them, and seconds of work for each.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.StackInfoRenderer(),
            structlog.dev.set_exc_info,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )
