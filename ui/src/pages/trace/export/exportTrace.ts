import { runSql, toObjects } from '../../../api/client'
import { t, type MessageKey } from '../../../i18n/translate'
import { language } from '../../../settings/settings'
import { bandOf } from '../../../sql/severity'
import { count, duration, fullTime, percent } from '../../../time/format'
import { parseTime, toMilliseconds, writeTime } from '../../../time/nanoseconds'
import { onPath } from '../critical'
import { download } from '../download'
import { readRow, type SpanRecord } from '../formats/record'
import { logsQuery, recordsQuery, type Source } from '../source'
import { rowsById } from '../timeline/moments'
import type { Trace } from '../trace'
import { rootName } from '../TraceFacts'
import { isError, kindOf, nameOf, serviceOf } from '../tree'
import { buildDocument, newNonce, type Exported, type ExportedLog, type ExportedSpan } from './document'
import { charts, metricsQuery, type Chart } from './metrics'

const mostDetails = 5000
const mostLogs = 5000
const mostRows = 50_000

export async function exportTrace(source: Source, trace: Trace): Promise<void> {
  const [records, logs, metrics] = await Promise.all([recordsOf(source), logsOf(source, trace), chartsOf(source, trace)])
  const document = buildDocument(gather(source, trace, records, logs, metrics), newNonce())
  download(document, `trace-${source.traceId.slice(0, 16)}.html`, 'text/html')
}

async function recordsOf({ traceId, records }: Source): Promise<readonly SpanRecord[]> {
  return records?.slice(0, mostDetails) ?? toObjects(await runSql(recordsQuery(traceId, mostDetails).text, { limit: mostDetails })).map(readRow)
}

async function logsOf({ traceId, records }: Source, trace: Trace): Promise<ExportedLog[]> {
  if (records) return []
  const rows = rowsById(trace)
  return toObjects(await runSql(logsQuery(traceId, null, mostLogs).text, { limit: mostLogs })).map((log) => ({
    at: Number(parseTime(String(log['time'])) - trace.origin), severity: bandOf(Number(log['severity_number'])).name,
    service: String(log['service_name'] ?? ''), body: String(log['body'] ?? ''), row: rows.get(String(log['span_id'] ?? '')) ?? -1,
  }))
}

async function chartsOf({ records }: Source, { tree, origin }: Trace): Promise<Chart[]> {
  if (records) return []
  return charts(toObjects(await runSql(metricsQuery(tree.serviceNames, origin, tree.extent).text, { limit: 100_000 })))
}

const labels: Readonly<Record<string, MessageKey>> = {
  waterfall: 'trace.view.waterfall', logs: 'trace.logs', metrics: 'trace.export.metrics', attributes: 'trace.attributes', resource: 'trace.resource', events: 'trace.events',
  links: 'trace.links', none: 'trace.none', missing: 'trace.placeholder', find: 'trace.find', expandAll: 'trace.expandAll', collapseAll: 'trace.collapseAll', close: 'shell.close',
  error: 'trace.error', self: 'trace.list.self', start: 'trace.start', duration: 'trace.duration', noDetails: 'trace.export.noDetails', noLogs: 'trace.logs.noneTrace',
  noMetrics: 'trace.export.noMetrics', mean: 'trace.export.mean', total: 'trace.export.total', rate: 'trace.export.rate', theme: 'settings.theme', toggle: 'trace.expand', critical: 'trace.critical',
}

function gather(source: Source, trace: Trace, records: readonly SpanRecord[], logs: ExportedLog[], metrics: Chart[]): Exported {
  const { tree, origin, path } = trace
  const resources: Exported['resources'] = []
  return {
    title: `${rootName(tree)} · ${source.traceId}`, language: language.value, traceId: source.traceId, started: writeTime(origin), extent: tree.extent,
    facts: [
      [t('trace.duration'), duration(tree.extent)], [t('trace.services'), count(tree.serviceNames.length)], [t('trace.depth'), count(tree.depthMost)],
      [t('trace.totalSpans'), count(tree.spanCount)], [t('trace.errorCount'), count(tree.errorCount)],
      [t('trace.critical'), percent(Math.min(1, path.time / (tree.extent || 1)))], [t('trace.start'), fullTime(toMilliseconds(origin))],
    ],
    notes: [
      ...(tree.total > mostRows ? [t('trace.export.cutRows', { n: mostRows })] : []),
      ...(tree.spanCount > mostDetails ? [t('trace.export.cutDetails', { n: mostDetails })] : []),
      ...(logs.length >= mostLogs ? [t('trace.export.cutLogs', { n: mostLogs })] : []),
    ],
    services: tree.serviceNames.map((name, index) => [name, index % 10]),
    spans: spansOf(trace, records, resources), resources, logs, charts: metrics,
    labels: Object.fromEntries(Object.entries(labels).map(([name, key]) => [name, t(key)])),
  }
}

function spansOf({ tree, origin, path, self }: Trace, records: readonly SpanRecord[], resources: Exported['resources']): ExportedSpan[] {
  const keyOf = (id: string, kind: string, service: string) => `${id}\n${kind}\n${service}`
  const known = new Map(records.map((record) => [keyOf(record.spanId, record.kind, record.service), record]))
  const numbers = new Map<string, number>()
  const resourceOf = (record: SpanRecord): number => {
    const text = JSON.stringify(record.resource)
    const number = numbers.get(text) ?? resources.push(record.resource) - 1
    numbers.set(text, number)
    return number
  }
  return Array.from({ length: Math.min(tree.total, mostRows) }, (_, row) => {
    const id = tree.spans.ids[tree.spanOf[row] as number] ?? ''
    const record = known.get(keyOf(id, kindOf(tree, row), serviceOf(tree, row)))
    return {
      id, row: tree.parentRow[row] as number, depth: tree.depth[row] as number, end: Math.min(tree.endRow[row] as number, mostRows),
      service: serviceOf(tree, row), name: nameOf(tree, row), kind: kindOf(tree, row), start: tree.start[row] as number,
      duration: tree.duration[row] as number, self: self[row] as number, error: isError(tree, row), critical: onPath(path, row),
      details: record ? {
        attributes: record.attributes, resource: resourceOf(record), message: record.statusMessage, links: record.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
        events: record.events.map(({ time, name, attributes }) => ({ at: Number(time - origin), name, attributes })),
      } : null,
    }
  })
}
