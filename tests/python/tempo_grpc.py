"""Asks `tempopb.StreamingQuerier` over gRPC, as Grafana does.

Arguments: the host and port; a list of questions in JSON, each the name of a method and the fields of its
request. Prints a list with, for each, the messages of the stream, or code and details of the fault.

The messages are put together here from the numbers in Tempo's `tempo.proto`, so that nothing of the server's own
definitions is used.
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from opentelemetry.proto.common.v1 import common_pb2

COMMON = common_pb2.DESCRIPTOR
PAIR = "." + common_pb2.KeyValue.DESCRIPTOR.full_name
TYPES = {
    "double": descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
    "uint32": descriptor_pb2.FieldDescriptorProto.TYPE_UINT32,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
}
# Fields by number: type and name; `*` stands before what is repeated, `%` before the values of a map.
MESSAGES = {
    "SearchRequest": {
        1: "%string tags", 2: "uint32 minDurationMs", 3: "uint32 maxDurationMs", 4: "uint32 limit", 5: "uint32 start",
        6: "uint32 end", 8: "string query", 9: "uint32 spansPerSpanSet",
    },
    "SearchResponse": {1: "*TraceSearchMetadata traces", 2: "SearchMetrics metrics"},
    "TraceSearchMetadata": {
        1: "string traceID", 2: "string rootServiceName", 3: "string rootTraceName", 4: "uint64 startTimeUnixNano",
        5: "uint32 durationMs", 6: "SpanSet spanSet", 7: "*SpanSet spanSets", 8: "%ServiceStats serviceStats",
    },
    "ServiceStats": {1: "uint32 spanCount", 2: "uint32 errorCount"},
    "SpanSet": {1: "*Span spans", 2: "uint32 matched", 3: "*KeyValue attributes"},
    "Span": {
        1: "string spanID", 2: "string name", 3: "uint64 startTimeUnixNano", 4: "uint64 durationNanos",
        5: "*KeyValue attributes",
    },
    "SearchMetrics": {
        1: "uint32 inspectedTraces", 2: "uint64 inspectedBytes", 3: "uint32 totalBlocks", 4: "uint32 completedJobs",
        5: "uint32 totalJobs", 6: "uint64 totalBlockBytes", 7: "uint64 inspectedSpans",
    },
    "SearchTagsRequest": {
        1: "string scope", 2: "string query", 3: "uint32 start", 4: "uint32 end", 5: "uint32 maxTagsPerScope",
        6: "uint32 staleValuesThreshold",
    },
    "SearchTagsResponse": {1: "*string tagNames", 2: "MetadataMetrics metrics"},
    "SearchTagsV2Response": {1: "*SearchTagsV2Scope scopes", 2: "MetadataMetrics metrics"},
    "SearchTagsV2Scope": {1: "string name", 2: "*string tags"},
    "SearchTagValuesRequest": {
        1: "string tagName", 2: "string query", 4: "uint32 start", 5: "uint32 end", 6: "uint32 maxTagValues",
        7: "uint32 staleValueThreshold",
    },
    "SearchTagValuesResponse": {1: "*string tagValues", 2: "MetadataMetrics metrics"},
    "SearchTagValuesV2Response": {1: "*TagValue tagValues", 2: "MetadataMetrics metrics"},
    "TagValue": {1: "string type", 2: "string value"},
    "MetadataMetrics": {1: "uint64 inspectedBytes", 2: "uint32 totalJobs", 3: "uint32 completedJobs"},
    "QueryRangeRequest": {
        1: "string query", 2: "uint64 start", 3: "uint64 end", 4: "uint64 step", 16: "uint32 exemplars",
        17: "uint32 maxSeries",
    },
    "QueryRangeResponse": {1: "*TimeSeries series", 2: "SearchMetrics metrics", 3: "int32 status", 4: "string message"},
    "TimeSeries": {1: "*KeyValue labels", 2: "*Sample samples", 3: "string promLabels", 4: "*Exemplar exemplars"},
    "Sample": {1: "double value", 2: "int64 timestampMs"},
    "Exemplar": {1: "*KeyValue labels", 2: "double value", 3: "int64 timestampMs"},
    "QueryInstantRequest": {1: "string query", 2: "uint64 start", 3: "uint64 end"},
    "QueryInstantResponse": {
        1: "*InstantSeries series", 2: "SearchMetrics metrics", 3: "int32 status", 4: "string message",
    },
    "InstantSeries": {1: "*KeyValue labels", 2: "double value", 3: "string promLabels"},
}
METHODS = {
    "Search": ("SearchRequest", "SearchResponse"),
    "SearchTags": ("SearchTagsRequest", "SearchTagsResponse"),
    "SearchTagsV2": ("SearchTagsRequest", "SearchTagsV2Response"),
    "SearchTagValues": ("SearchTagValuesRequest", "SearchTagValuesResponse"),
    "SearchTagValuesV2": ("SearchTagValuesRequest", "SearchTagValuesV2Response"),
    "MetricsQueryRange": ("QueryRangeRequest", "QueryRangeResponse"),
    "MetricsQueryInstant": ("QueryInstantRequest", "QueryInstantResponse"),
}


def set_type(field, name):
    if name in TYPES:
        field.type = TYPES[name]
    else:
        field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = PAIR if name == "KeyValue" else ".tempopb." + name


def add_field(message, number, text):
    kind, name = text.split()
    field = message.field.add(name=name, json_name=name, number=number)
    repeated = kind[0] in "*%"
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    if kind[0] != "%":
        set_type(field, kind.lstrip("*"))
        return
    entry = message.nested_type.add(name=name[0].upper() + name[1:] + "Entry")
    entry.options.map_entry = True
    for at, part, of in [(1, "key", "string"), (2, "value", kind[1:])]:
        inner = entry.field.add(name=part, json_name=part, number=at, label=field.LABEL_OPTIONAL)
        set_type(inner, of)
    field.type = field.TYPE_MESSAGE
    field.type_name = ".tempopb.{}.{}".format(message.name, entry.name)


def classes():
    file = descriptor_pb2.FileDescriptorProto(name="tempo.proto", package="tempopb", syntax="proto3")
    file.dependency.append(COMMON.name)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, text in fields.items():
            add_field(message, number, text)
    pool = descriptor_pool.Default()
    pool.Add(file)
    of = lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName("tempopb." + name))
    return {name: of(name) for name in MESSAGES}


def ask(channel, known, method, fields):
    request, response = METHODS.get(method, METHODS["Search"])
    call = channel.unary_stream(
        "/tempopb.StreamingQuerier/" + method,
        request_serializer=known[request].SerializeToString,
        response_deserializer=known[response].FromString,
    )
    question = json_format.ParseDict(fields, known[request]())
    try:
        return [json_format.MessageToDict(message) for message in call(question, timeout=30)]
    except grpc.RpcError as fault:
        return {"code": fault.code().name, "details": fault.details()}


def main():
    address, questions = sys.argv[1], json.loads(sys.argv[2])
    known = classes()
    with grpc.insecure_channel(address) as channel:
        print(json.dumps([ask(channel, known, method, fields) for method, fields in questions]))


main()
