// Pure: which fields of logs may be offered, by their names as filters.
import type { AttributeKey } from '../../../api/types'

// What identifies one thing has as many values as there are things.
const telling = /(^|\.)(id|uid|guid|trace_id|span_id|timestamp|stacktrace|message|line([._]?no|[._]number)?|pid)$/i
const withText = /^(exception\.(message|stacktrace)|db\.(query\.text|statement)|telemetry\.sdk\.)/
const first = ['deployment.environment.name', 'deployment.environment', 'k8s.namespace.name', 'k8s.pod.name', 'host.name', 'service.version', 'exception.type', 'http.route', 'http.response.status_code']

export function fieldsOfLogs(keys: readonly AttributeKey[]): { field: string; count: number }[] {
  return keys
    .filter(({ table }) => table === 'logs')
    .flatMap(({ scope, key, count }) => (scope === 'attributes' ? [{ field: key, count }] : scope === 'resource_attributes' ? [{ field: `resource:${key}`, count }] : []))
}

export function offered(keys: readonly AttributeKey[]): string[] {
  const bare = (field: string): string => field.replace(/^resource:/, '')
  const rank = (field: string): number => {
    const place = first.indexOf(bare(field))
    return place < 0 ? first.length : place
  }
  return fieldsOfLogs(keys)
    .filter(({ field }) => !telling.test(bare(field)) && !withText.test(bare(field)) && bare(field) !== 'service.name')
    .sort((left, right) => rank(left.field) - rank(right.field) || right.count - left.count || left.field.localeCompare(right.field))
    .map(({ field }) => field)
}
