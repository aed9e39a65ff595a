"""Dice: a small Flask application."""

import logging
from random import Random

from flask import Flask, jsonify, request
from opentelemetry import metrics, trace

log = logging.getLogger("dice")
tracer = trace.get_tracer("dice")
rolls = metrics.get_meter("dice").create_counter("dice.rolls", unit="{roll}", description="Rolls by value")
random = Random(7)
app = Flask(__name__)


@app.get("/health")
def health():
    return jsonify(status="up")


@app.get("/rolldice")
def roll_dice():
    player = request.args.get("player", "anonymous")
    trace.get_current_span().set_attribute("user.id", player)
    with tracer.start_as_current_span("roll") as span:
        value = random.randint(1, 6)
        span.set_attribute("roll.value", value)
    rolls.add(1, {"roll.value": value})
    log.info("%s is rolling the dice: %d", player, value)
    return jsonify(value=value)
