import os

from celery import Celery
from celery.utils.log import get_task_logger

folder = os.environ.get("TASKS_FOLDER", "queue")
os.makedirs(folder, exist_ok=True)
app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": folder, "data_folder_out": folder, "control_folder": folder + "-control",
}  # fmt: skip
log = get_task_logger(__name__)


@app.task
def add(one, other):
    log.info("adding %d and %d", one, other)
    return one + other


if __name__ == "__main__":
    from tasks import add as task

    for number in range(4):
        task.delay(number, 1)
