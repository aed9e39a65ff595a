import logging
import os
import sys

from django.conf import settings
from django.http import HttpResponse
from django.urls import path

if not settings.configured:
    settings.configure(DEBUG=True, SECRET_KEY="test", ROOT_URLCONF="manage", ALLOWED_HOSTS=["*"])


def index(request):
    logging.getLogger("djangoapp").warning("index")
    return HttpResponse("index")


urlpatterns = [path("", index)]

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    execute_from_command_line(sys.argv)
