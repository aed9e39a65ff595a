//! The plain way: generated types, one loop per field. Slow and obvious, so that the walker can be
//! held against it.

use luneta_model::{
    AnyValue, Batch, EventRow, ExemplarRow, Limits, LinkRow, LogRow, LogsBuilder, MetricIdentity, MetricRow, MetricsBuilder,
    Number, OriginsBuilder, PointValue, SpanRow, SpansBuilder, Tenant,
};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{self as common, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, NumberDataPoint, exemplar, metric::Data, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::NOW;

fn any(value: Option<&common::AnyValue>) -> AnyValue {
    match value.and_then(|v| v.value.as_ref()) {
        None | Some(Value::StringValueStrindex(_)) => AnyValue::Null,
        Some(Value::StringValue(s)) => AnyValue::String(s.clone()),
        Some(Value::BoolValue(b)) => AnyValue::Bool(*b),
        Some(Value::IntValue(i)) => AnyValue::Int(*i),
        Some(Value::DoubleValue(d)) => AnyValue::Double(*d),
        Some(Value::BytesValue(b)) => AnyValue::Bytes(b.clone()),
        Some(Value::ArrayValue(a)) => AnyValue::Array(a.values.iter().map(|v| any(Some(v))).collect()),
        Some(Value::KvlistValue(m)) => {
            AnyValue::Map(m.values.iter().map(|kv| (kv.key.clone(), any(kv.value.as_ref()))).collect())
        }
    }
}

fn pairs(attributes: &[KeyValue]) -> impl Iterator<Item = (&str, AnyValue)> {
    attributes.iter().map(|kv| (kv.key.as_str(), any(kv.value.as_ref())))
}

fn origin(
    origins: &mut OriginsBuilder,
    resource: Option<&Resource>,
    resource_url: &str,
    scope: Option<&InstrumentationScope>,
    scope_url: &str,
) -> u32 {
    origins.begin();
    let resource = resource.cloned().unwrap_or_default();
    for (key, value) in pairs(&resource.attributes) {
        origins.resource_attribute(key, &value);
    }
    origins.resource_facts(resource_url, resource.dropped_attributes_count);
    if !resource.entity_refs.is_empty() {
        origins.resource_entity_refs(resource.entity_refs.iter().map(entity).collect());
    }
    let scope = scope.cloned().unwrap_or_default();
    for (key, value) in pairs(&scope.attributes) {
        origins.scope_attribute(key, &value);
    }
    origins.scope_facts(&scope.name, &scope.version, scope_url, scope.dropped_attributes_count);
    origins.end()
}

fn entity(entity: &common::EntityRef) -> AnyValue {
    let keys = |keys: &[String]| AnyValue::Array(keys.iter().cloned().map(AnyValue::String).collect());
    AnyValue::Map(vec![
        ("schema_url".into(), AnyValue::String(entity.schema_url.clone())),
        ("type".into(), AnyValue::String(entity.r#type.clone())),
        ("id_keys".into(), keys(&entity.id_keys)),
        ("description_keys".into(), keys(&entity.description_keys)),
    ])
}

fn id<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

pub fn traces(request: &ExportTraceServiceRequest) -> Batch {
    let mut b = SpansBuilder::new(Limits::default());
    for rs in &request.resource_spans {
        for ss in &rs.scope_spans {
            let mut at = None;
            for s in &ss.spans {
                let ids_fit = s.trace_id.len() == 16 && s.span_id.len() == 8 && matches!(s.parent_span_id.len(), 0 | 8);
                let set = s.trace_id.iter().any(|b| *b != 0) && s.span_id.iter().any(|b| *b != 0);
                let (Ok(start_time), Ok(end_time)) = (s.start_time_unix_nano.try_into(), s.end_time_unix_nano.try_into()) else {
                    continue;
                };
                if !ids_fit || !set {
                    continue;
                }
                let at = *at.get_or_insert_with(|| {
                    origin(&mut b.origins, rs.resource.as_ref(), &rs.schema_url, ss.scope.as_ref(), &ss.schema_url)
                });
                pairs(&s.attributes).for_each(|(k, v)| b.attributes.push(k, &v));
                for e in &s.events {
                    let time = e.time_unix_nano.try_into().unwrap_or(i64::MAX);
                    let row = EventRow { time, name: &e.name, dropped_attributes_count: e.dropped_attributes_count };
                    b.event(&row, pairs(&e.attributes));
                }
                for l in &s.links {
                    let row = LinkRow {
                        trace_id: id(&l.trace_id),
                        span_id: id(&l.span_id),
                        trace_state: &l.trace_state,
                        flags: l.flags,
                        dropped_attributes_count: l.dropped_attributes_count,
                    };
                    b.link(&row, pairs(&l.attributes)).unwrap();
                }
                let status = s.status.clone().unwrap_or_default();
                let row = SpanRow {
                    start_time,
                    end_time,
                    trace_id: id(&s.trace_id),
                    span_id: id(&s.span_id),
                    parent_span_id: id(&s.parent_span_id),
                    trace_state: &s.trace_state,
                    flags: s.flags,
                    name: &s.name,
                    kind: s.kind,
                    status_code: status.code,
                    status_message: &status.message,
                    dropped_attributes_count: s.dropped_attributes_count,
                    dropped_events_count: s.dropped_events_count,
                    dropped_links_count: s.dropped_links_count,
                };
                b.end_span(at, &row).unwrap();
            }
        }
    }
    b.finish(Tenant::default()).unwrap()
}

pub fn logs(request: &ExportLogsServiceRequest) -> Batch {
    let mut b = LogsBuilder::new(Limits::default());
    for rl in &request.resource_logs {
        for sl in &rl.scope_logs {
            let mut at = None;
            for r in &sl.log_records {
                let (Ok(time), Ok(observed_time)) = (i64::try_from(r.time_unix_nano), i64::try_from(r.observed_time_unix_nano))
                else {
                    continue;
                };
                let at = *at.get_or_insert_with(|| {
                    origin(&mut b.origins, rl.resource.as_ref(), &rl.schema_url, sl.scope.as_ref(), &sl.schema_url)
                });
                b.body(&any(r.body.as_ref()));
                pairs(&r.attributes).for_each(|(k, v)| b.attributes.push(k, &v));
                let row = LogRow {
                    time: [time, observed_time, NOW].into_iter().find(|t| *t != 0).unwrap(),
                    observed_time,
                    severity_number: r.severity_number,
                    severity_text: &r.severity_text,
                    event_name: &r.event_name,
                    trace_id: id(&r.trace_id),
                    span_id: id(&r.span_id),
                    flags: r.flags,
                    dropped_attributes_count: r.dropped_attributes_count,
                };
                b.end_record(at, &row).unwrap();
            }
        }
    }
    b.finish(Tenant::default()).unwrap()
}

pub fn metrics(request: &ExportMetricsServiceRequest) -> Batch {
    let mut b = MetricsBuilder::new(Limits::default());
    for rm in &request.resource_metrics {
        for sm in &rm.scope_metrics {
            let mut index = None;
            for m in &sm.metrics {
                let mut at = |b: &mut MetricsBuilder| {
                    *index.get_or_insert_with(|| {
                        origin(&mut b.origins, rm.resource.as_ref(), &rm.schema_url, sm.scope.as_ref(), &sm.schema_url)
                    })
                };
                metric(&mut b, m, &mut at);
            }
        }
    }
    b.finish(Tenant::default()).unwrap()
}

struct Common<'a> {
    times: (u64, u64),
    flags: u32,
    attributes: &'a [KeyValue],
    exemplars: &'a [Exemplar],
}

fn point(
    b: &mut MetricsBuilder,
    at: &mut impl FnMut(&mut MetricsBuilder) -> u32,
    identity: &MetricIdentity<'_>,
    common: &Common<'_>,
    value: PointValue<'_>,
) {
    let (Ok(start_time), Ok(time)) = (i64::try_from(common.times.0), i64::try_from(common.times.1)) else { return };
    let at = at(b);
    pairs(common.attributes).for_each(|(k, v)| b.push(k, &v));
    for e in common.exemplars {
        let row = ExemplarRow {
            time: e.time_unix_nano.try_into().unwrap_or(i64::MAX),
            value: e.value.as_ref().map(|v| match v {
                exemplar::Value::AsDouble(d) => Number::Double(*d),
                exemplar::Value::AsInt(i) => Number::Int(*i),
            }),
            trace_id: id(&e.trace_id),
            span_id: id(&e.span_id),
        };
        b.exemplar(&row, pairs(&e.filtered_attributes)).unwrap();
    }
    let time = if time == 0 { NOW } else { time };
    b.end_point(at, identity, &MetricRow { time, start_time, flags: common.flags, value });
}

fn number(p: &NumberDataPoint) -> Option<Number> {
    if p.flags & 1 != 0 {
        return None;
    }
    p.value.as_ref().map(|v| match v {
        number_data_point::Value::AsDouble(d) => Number::Double(*d),
        number_data_point::Value::AsInt(i) => Number::Int(*i),
    })
}

macro_rules! common {
    ($p:ident, $exemplars:expr) => {
        Common {
            times: ($p.start_time_unix_nano, $p.time_unix_nano),
            flags: $p.flags,
            attributes: &$p.attributes,
            exemplars: $exemplars,
        }
    };
}

fn metric(b: &mut MetricsBuilder, m: &Metric, at: &mut impl FnMut(&mut MetricsBuilder) -> u32) {
    let mut metadata = String::new();
    if !m.metadata.is_empty() {
        let entries = pairs(&m.metadata).map(|(key, value)| (key.to_owned(), value)).collect();
        luneta_model::encode_json(&AnyValue::Map(entries), &mut metadata);
    }
    let mut identity = MetricIdentity {
        name: &m.name,
        unit: &m.unit,
        description: &m.description,
        metadata: &metadata,
        ..MetricIdentity::default()
    };
    match m.data.as_ref() {
        None => {}
        Some(Data::Gauge(g)) => {
            for p in &g.data_points {
                point(b, at, &identity, &common!(p, &p.exemplars), PointValue::Gauge(number(p)));
            }
        }
        Some(Data::Sum(s)) => {
            identity.temporality = s.aggregation_temporality;
            identity.is_monotonic = Some(s.is_monotonic);
            for p in &s.data_points {
                point(b, at, &identity, &common!(p, &p.exemplars), PointValue::Sum(number(p)));
            }
        }
        Some(Data::Histogram(h)) => {
            identity.temporality = h.aggregation_temporality;
            for p in &h.data_points {
                let value = PointValue::Histogram {
                    count: p.count,
                    sum: p.sum,
                    min: p.min,
                    max: p.max,
                    bucket_counts: &p.bucket_counts,
                    explicit_bounds: &p.explicit_bounds,
                };
                point(b, at, &identity, &common!(p, &p.exemplars), value);
            }
        }
        Some(Data::ExponentialHistogram(h)) => {
            identity.temporality = h.aggregation_temporality;
            for p in &h.data_points {
                let buckets = |b: &Option<_>| -> (i32, Vec<u64>) {
                    let b: Option<&opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets> =
                        b.as_ref();
                    b.map_or((0, Vec::new()), |b| (b.offset, b.bucket_counts.clone()))
                };
                let (positive, negative) = (buckets(&p.positive), buckets(&p.negative));
                let value = PointValue::ExponentialHistogram {
                    count: p.count,
                    sum: p.sum,
                    min: p.min,
                    max: p.max,
                    scale: p.scale,
                    zero_count: p.zero_count,
                    zero_threshold: p.zero_threshold,
                    positive: (positive.0, &positive.1),
                    negative: (negative.0, &negative.1),
                };
                point(b, at, &identity, &common!(p, &p.exemplars), value);
            }
        }
        Some(Data::Summary(s)) => {
            for p in &s.data_points {
                let quantiles: Vec<_> = p.quantile_values.iter().map(|q| (q.quantile, q.value)).collect();
                let value = PointValue::Summary { count: p.count, sum: p.sum, quantiles: &quantiles };
                point(b, at, &identity, &common!(p, &[]), value);
            }
        }
    }
}
