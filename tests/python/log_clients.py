"""Sends logs with a client of another server. Arguments: which client; where the server listens."""

import logging
import sys
from logging.handlers import SysLogHandler

TEXT = 'größer "quoted"\nnext'
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
# 2026-01-02T03:04:05.125Z
SECONDS = 1_767_323_045.125


def host_and_port(address: str) -> tuple[str, int]:
    host, port = address.rsplit(":", 1)
    return host, int(port)


def logger(handler: logging.Handler) -> logging.Logger:
    found = logging.getLogger("shop.cart")
    found.setLevel(logging.DEBUG)
    found.addHandler(handler)
    return found


def loki(address: str, path: str, version: str) -> None:
    import logging_loki

    class Loud(logging_loki.LokiHandler):
        def handleError(self, record):
            raise

    handler = Loud(url=f"http://{address}{path}", tags={"application": "shop", "env": "prod"}, version=version)
    logger(handler).error(TEXT, extra={"tags": {"route": "/cart"}})


def elasticsearch(address: str) -> None:
    from elasticsearch import Elasticsearch, helpers

    client = Elasticsearch(f"http://{address}")
    info = client.info()
    assert info["tagline"] == "You Know, for Search", info
    assert client.cluster.health()["status"] == "green"
    assert client.indices.exists(index="logs-shop-default")
    document = {
        "@timestamp": "2026-01-02T03:04:05.125Z",
        "message": TEXT,
        "log": {"level": "error"},
        "service": {"name": "shop"},
        "trace": {"id": TRACE_ID},
    }
    actions = [{"_op_type": "create", "_index": "logs-shop-default", **document}, {"_index": "logs-shop-default", **document}]
    assert helpers.bulk(client, actions) == (2, [])
    if hasattr(client, "options"):
        assert client.index(index="logs-shop-default", document=document)["result"] == "created"
    else:
        assert client.index(index="logs-shop-default", body=document)["result"] == "created"


def fluent(address: str) -> None:
    from fluent import sender

    host, port = host_and_port(address)
    client = sender.FluentSender("shop", host=host, port=port, nanosecond_precision=True)
    assert client.emit_with_time("web", sender.EventTime(SECONDS), {"message": TEXT, "level": "error", "status": 500})
    assert client.emit_with_time("web", int(SECONDS), {"route": "/cart"})
    client.close()


def gelf(address: str, kind: str) -> None:
    import pygelf

    host, port = host_and_port(address)
    settings = {"host": host, "port": port, "_app": "shop", "include_extra_fields": True}
    handlers = {
        "udp": lambda: pygelf.GelfUdpHandler(compress=True, **settings),
        "chunks": lambda: pygelf.GelfUdpHandler(compress=False, chunk_size=100, **settings),
        "tcp": lambda: pygelf.GelfTcpHandler(**settings),
    }
    handler = handlers[kind]()
    logger(handler).error(TEXT, extra={"route": "/cart", "trace_id": TRACE_ID})
    handler.close()


def syslog(address: str, kind: str) -> None:
    import socket

    socktype = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
    handler = SysLogHandler(host_and_port(address), facility="local0", socktype=socktype)
    handler.ident = "shop: "
    logger(handler).error('größer "quoted"')
    handler.close()


def splunk(address: str, client: str) -> None:
    host, port = host_and_port(address)
    metadata = {"hostname": "node-1", "source": "shop", "sourcetype": "text", "index": "main"}
    if client == "splunk-handler":
        from splunk_handler import SplunkHandler

        handler = SplunkHandler(host=host, port=port, protocol="http", token="secret", verify=False, flush_interval=0.2, **metadata)
        logger(handler).error(TEXT)
        handler.force_flush()
    else:
        from splunk_hec_handler import SplunkHecHandler

        handler = SplunkHecHandler(host, "secret", port=port, proto="http", ssl_verify=False, **metadata)
        logger(handler).error({"message": TEXT, "fields": {"route": "/cart"}})


CLIENTS = {
    "loki": lambda address: loki(address, "/loki/api/v1/push", "1"),
    "loki-old": lambda address: loki(address, "/api/prom/push", "0"),
    "elasticsearch": elasticsearch,
    "fluent": fluent,
    "gelf-udp": lambda address: gelf(address, "udp"),
    "gelf-chunks": lambda address: gelf(address, "chunks"),
    "gelf-tcp": lambda address: gelf(address, "tcp"),
    "syslog-udp": lambda address: syslog(address, "udp"),
    "syslog-tcp": lambda address: syslog(address, "tcp"),
    "splunk-handler": lambda address: splunk(address, "splunk-handler"),
    "splunk-hec-handler": lambda address: splunk(address, "splunk-hec-handler"),
}

CLIENTS[sys.argv[1]](sys.argv[2])
