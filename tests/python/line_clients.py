"""Sends metrics with a client that writes lines. Arguments: which client; where the server listens."""

import sys

ORDERS = {"host": "node-1", "region": "eu,west=1"}
NOTE = 'said "hi" \\ bye\nnext'
# 2026-01-02T03:04:05.125Z
NANOS = 1_767_323_045_125_000_000


def host_and_port(address: str) -> tuple[str, int]:
    host, port = address.rsplit(":", 1)
    return host, int(port)


def statsd(address: str, kind: str) -> None:
    from statsd import StatsClient, TCPStatsClient

    host, port = host_and_port(address)
    client = (TCPStatsClient if kind == "tcp" else StatsClient)(host, port, prefix="py")
    client.incr("orders", 4)
    client.incr("orders")
    client.gauge("carts", 12)
    client.gauge("carts", -3, delta=True)
    client.timing("checkout", 320)
    client.timing("checkout", 80)
    client.set("customers", "ada")
    client.set("customers", "grace")
    client.set("customers", "ada")
    if kind == "tcp":
        client.close()


def dogstatsd(**place) -> None:
    from datadog.dogstatsd.base import DogStatsd

    tags = ["service:checkout", "env:prod", "version:1.2.3", "host:node-1"]
    client = DogStatsd(constant_tags=tags, disable_buffering=True, disable_telemetry=True, origin_detection_enabled=False, **place)
    client.increment("orders", 2, tags=["route:/cart", "flag"])
    client.decrement("stock", 1)
    client.distribution("price", 9.99, tags=["size:größer"])
    client.event("deployed", "one\ntwo", alert_type="warning", tags=["by:ada"])
    client.service_check("db.up", 2, message="gone")


def graphite(address: str, protocol: str) -> None:
    import graphyte

    host, port = host_and_port(address)
    sender = graphyte.Sender(host, port=port, protocol=protocol, prefix="py")
    sender.send("load", 0.25, timestamp=NANOS / 1e9, tags={"dc": "eu"})
    sender.send("orders", 42, timestamp=NANOS / 1e9)
    sender.stop()


def influx_1(address: str) -> None:
    from influxdb import InfluxDBClient

    host, port = host_and_port(address)
    client = InfluxDBClient(host, port, database="shop")
    assert client.ping() == "2.7.0"
    client.create_database("shop")
    fields = {"usage": 0.5, "cores": 8, "up": True, "note": NOTE}
    client.write_points([{"measurement": "cpu load", "tags": ORDERS, "fields": fields, "time": NANOS // 1_000_000}], time_precision="ms")


def fill(point):
    for key, value in ORDERS.items():
        point = point.tag(key, value)
    return point.field("usage", 0.5).field("cores", 8).field("up", True).field("note", NOTE).time(NANOS)


def influx_2(address: str) -> None:
    from influxdb_client import InfluxDBClient, Point
    from influxdb_client.client.write_api import SYNCHRONOUS

    with InfluxDBClient(f"http://{address}", token="t", org="o", enable_gzip=True) as client:
        assert client.ping()
        client.write_api(write_options=SYNCHRONOUS).write("shop", record=fill(Point("cpu load")))


def influx_3(address: str, own_path: bool) -> None:
    from influxdb_client_3 import InfluxDBClient3, Point

    with InfluxDBClient3(host=f"http://{address}", token="t", database="shop", write_use_v2_api=not own_path) as client:
        client.write(fill(Point("cpu load")))


which, where = sys.argv[1:]
{
    "statsd-udp": lambda: statsd(where, "udp"),
    "statsd-tcp": lambda: statsd(where, "tcp"),
    "dogstatsd-udp": lambda: dogstatsd(host=host_and_port(where)[0], port=host_and_port(where)[1]),
    "dogstatsd-unix": lambda: dogstatsd(socket_path=where),
    "graphite-tcp": lambda: graphite(where, "tcp"),
    "graphite-udp": lambda: graphite(where, "udp"),
    "influx-1": lambda: influx_1(where),
    "influx-2": lambda: influx_2(where),
    "influx-3": lambda: influx_3(where, own_path=True),
    "influx-3-compatible": lambda: influx_3(where, own_path=False),
}[which]()
