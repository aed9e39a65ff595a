"""Writes what loggers of Python print into the file that is named: LOGGER FILE."""

import logging
import sys

TRACE = "0af7651916cd43dd8448eb211c80319c"


def fail():
    raise ValueError("none left")


def standard(path, **settings):
    logging.basicConfig(filename=path, level=logging.INFO, **settings)
    log = logging.getLogger("shop.cart")
    log.info("order paid trace_id=%s", TRACE)
    try:
        fail()
    except ValueError:
        log.exception("order failed")


def asctime(path):
    standard(path, format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")


def json(path):
    from pythonjsonlogger.json import JsonFormatter

    handler = logging.FileHandler(path)
    handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    log = logging.getLogger("shop.cart")
    log.info("order paid", extra={"trace_id": TRACE})
    try:
        fail()
    except ValueError:
        log.exception("order failed")


def structured(path):
    import structlog

    with open(path, "a") as out:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.WriteLoggerFactory(out),
        )
        log = structlog.get_logger().bind(logger="shop.cart")
        log.info("order paid", trace_id=TRACE)
        try:
            fail()
        except ValueError:
            log.exception("order failed")


def loguru(path, **settings):
    from loguru import logger

    logger.remove()
    logger.add(path, **settings)
    logger.bind(trace_id=TRACE).info("order paid")
    try:
        fail()
    except ValueError:
        logger.exception("order failed")


def loguru_json(path):
    loguru(path, serialize=True)


if __name__ == "__main__":
    writers = {
        "logging": standard,
        "asctime": asctime,
        "json": json,
        "structlog": structured,
        "loguru": loguru,
        "loguru-json": loguru_json,
    }
    writers[sys.argv[1]](sys.argv[2])
