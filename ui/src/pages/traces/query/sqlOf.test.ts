import { describe, expect, it } from 'vitest'
import { conditionOfQuery } from './sqlOf'

describe('comparisons as SQL', () => {
  const cases: [text: string, sql: string | null][] = [
    ['{ }', 'TRUE'],
    ['{ name = "it\'s" && kind != server }', `("name" = 'it''s' AND CAST("kind" AS VARCHAR) <> 'SERVER')`],
    ['{ duration >= 1.5ms }', '"duration_ns" >= 1500000'],
    ['{ resource.service.name =~ "a.*" }', `CAST("service_name" AS VARCHAR) ~ '^(?:a.*)$'`],
    ['{ span.n > 5 && span.n < 7ms }', `(TRY_CAST(attributes['n'] AS DOUBLE) > 5 AND TRY_CAST(attributes['n'] AS DOUBLE) < 7000000)`],
    ['{ span.user != "a" }', `attributes['user'] <> 'a'`],
    ['{ (span.user = nil || span.user !~ "a") }', `(attributes['user'] IS NULL OR CAST(attributes['user'] AS VARCHAR) !~ '^(?:a)$')`],
    ['{ .host = "a" }', `coalesce(CAST(attributes['host'] AS VARCHAR), CAST(resource_attributes['host'] AS VARCHAR)) = 'a'`],
    ['{ span.new = true || status = error && kind = client }', `((CAST(attributes['new'] AS VARCHAR) = 'true' OR CAST("status_code" AS VARCHAR) = 'ERROR') AND CAST("kind" AS VARCHAR) = 'CLIENT')`],
    ['{ !(span.a = 1 || span.b = 2) }', `NOT coalesce((TRY_CAST(attributes['a'] AS DOUBLE) = 1 OR TRY_CAST(attributes['b'] AS DOUBLE) = 2), FALSE)`],
    ['{ !span.b = 2 }', null],
    ['{ instrumentation.x = nil && span.y != nil }', `(scope_attributes['x'] IS NULL AND attributes['y'] IS NOT NULL)`],
    ['{ nestedSetParent = -1 }', 'parent_span_id IS NULL'],
    ['{ rootName = "a" }', null],
    ['{ parent.x = 1 }', null],
    ['{ event.x = 1 }', null],
    ['{ name = "a" && traceDuration > 1s }', null],
    ['{ name = "a" } | count() > 1', null],
    ['{ } >> { }', null],
    ['{ span.a + 1 = 2 }', null],
  ]
  for (const [text, sql] of cases) it(text, () => expect(conditionOfQuery(text)?.text ?? null).toBe(sql))
})
