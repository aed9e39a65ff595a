import logging
import multiprocessing
import signal
import sqlite3
import sys
import time

log = logging.getLogger("script")


def child():
    log.info("in the child")


if __name__ == "__main__":
    # As one text: what else is printed meanwhile stands before or behind it.
    print(f"handlers {logging.getLogger().handlers} {log.isEnabledFor(logging.INFO)}")
    log.info("not shown")
    log.warning("shown")
    sqlite3.connect(":memory:").execute("SELECT 1")
    process = multiprocessing.Process(target=child)
    process.start()
    process.join()
    logging.warning("by the root")
    if "wait" in sys.argv:
        print("waiting", signal.Signals.SIGTERM.name, flush=True)
        time.sleep(30)
    sys.exit(3)
