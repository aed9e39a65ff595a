#!/bin/sh
# Fills the corpora with the captured requests, each with the byte that picks its signal or form.
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
