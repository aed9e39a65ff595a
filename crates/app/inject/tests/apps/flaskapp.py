import logging

import requests
from flask import Flask, request

app = Flask(__name__)


@app.get("/item/<number>")
def item(number):
    logging.getLogger("flaskapp").warning("item %s", number)
    return number


@app.get("/")
def index():
    return requests.get(f"{request.host_url}item/1", timeout=5).text
