#!/bin/sh
# Fills the corpora with the captured requests, each with the byte that picks its signal, version or form.
set -eu
cd "$(dirname "$0")"
fixtures=../crates/receive/src/otlp/fixtures
for format in protobuf json; do
    mkdir -p "corpus/otlp_$format"
    for file in "$fixtures"/*."$format"; do
        case "$file" in
            *.traces.*) first='\000' ;;
            *.logs.*) first='\001' ;;
            *) first='\002' ;;
        esac
        { printf "$first"; cat "$file"; } > "corpus/otlp_$format/$(basename "$file")"
    done
done
mkdir -p corpus/jaeger
for file in ../crates/receive/src/jaeger/fixtures/*.traces.*; do
    case "$file" in
        *.thrift) first='\000' ;;
        *.thrift_binary) first='\001' ;;
        *.thrift_compact) first='\002' ;;
        *) first='\003' ;;
    esac
    { printf "$first"; cat "$file"; } > "corpus/jaeger/$(basename "$file")"
done
fixtures=../crates/receive/src/zipkin/fixtures
mkdir -p corpus/zipkin_json
for file in "$fixtures"/*_json; do
    case "$file" in
        *.v2_json) first='\000' ;;
        *) first='\001' ;;
    esac
    { printf "$first"; cat "$file"; } > "corpus/zipkin_json/$(basename "$file")"
done
mkdir -p corpus/zipkin_binary
for file in "$fixtures"/*_protobuf; do
    { printf '\000'; cat "$file"; } > "corpus/zipkin_binary/$(basename "$file")"
done
mkdir -p corpus/statsd
for file in ../crates/receive/src/statsd/fixtures/*.statsd; do
    case "$file" in
        *.metrics.*) first='\000' ;;
        *) first='\001' ;;
    esac
    { printf "$first"; cat "$file"; } > "corpus/statsd/$(basename "$file")"
done
mkdir -p corpus/graphite
cp ../crates/receive/src/graphite/fixtures/*.graphite corpus/graphite
mkdir -p corpus/line_protocol
for file in ../crates/receive/src/influx/fixtures/*.lp; do
    { printf '\000'; cat "$file"; } > "corpus/line_protocol/$(basename "$file")"
done
mkdir -p corpus/remote_write
for file in ../crates/receive/src/prometheus/fixtures/*.remote_write_v1; do
    { printf '\002'; cat "$file"; } > "corpus/remote_write/$(basename "$file")"
done
mkdir -p corpus/loki corpus/elasticsearch corpus/fluent corpus/gelf corpus/syslog corpus/splunk
for file in ../crates/receive/src/loki/fixtures/*.logs.*; do
    case "$file" in
        *_json) first='\000' ;;
        *) first='\001' ;;
    esac
    { printf "$first"; cat "$file"; } > "corpus/loki/$(basename "$file")"
done
cp ../crates/receive/src/elasticsearch/fixtures/*.bulk corpus/elasticsearch
cp ../crates/receive/src/fluent/fixtures/*.forward corpus/fluent
cp ../crates/receive/src/gelf/fixtures/*.gelf ../crates/receive/src/gelf/fixtures/*.gelf_chunk corpus/gelf
cp ../crates/receive/src/syslog/fixtures/*.syslog corpus/syslog
for file in ../crates/receive/src/splunk/fixtures/*.hec; do
    { printf '\001'; cat "$file"; } > "corpus/splunk/$(basename "$file")"
done
mkdir -p corpus/lines
n=0
cat ../crates/receive/src/text/fixtures/*.txt | while IFS= read -r line; do
    n=$((n + 1))
    printf '%s\n' "$line" > "corpus/lines/$n"
done
mkdir -p corpus/traceql
n=0
sed -n -e 's/^eval //p' -e 's/^fail //p' -e 's/^series [^ ]* //p' ../tests/traceql/*.test | while IFS= read -r query; do
    n=$((n + 1))
    printf '%s' "$query" > "corpus/traceql/$n"
done
mkdir -p corpus/promql
n=0
sed -n -e 's/^eval[a-z_]* instant at [^ ]* //p' -e 's/^eval[a-z_]* range from [^ ]* to [^ ]* step [^ ]* //p' \
    ../crates/promql/tests/data/*.test | while IFS= read -r query; do
    n=$((n + 1))
    printf '%s' "$query" > "corpus/promql/$n"
done
