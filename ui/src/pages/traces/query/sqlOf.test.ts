import { describe, expect, it } from 'vitest'
import { readConjunction } from './conjunction'
import { conditionsOf } from './sqlOf'

describe('comparisons as SQL', () => {
  const cases: [text: string, sql: string[] | null][] = [
    ['{ }', []],
    ['{ name = "it\'s" && kind != server }', [`"name" = 'it''s'`, `CAST("kind" AS VARCHAR) <> 'SERVER'`]],
    ['{ duration >= 1.5ms }', ['"duration_ns" >= 1500000']],
    ['{ resource.service.name =~ "a.*" }', [`CAST("service_name" AS VARCHAR) ~ '^(?:a.*)$'`]],
    ['{ span.n > 5 && span.n < 7ms }', [`TRY_CAST(attributes['n'] AS DOUBLE) > 5`, `TRY_CAST(attributes['n'] AS DOUBLE) < 7000000`]],
    ['{ span.user != "a" }', [`attributes['user'] <> 'a'`]],
    ['{ (span.user = nil || span.user !~ "a") }', [`(attributes['user'] IS NULL OR CAST(attributes['user'] AS VARCHAR) !~ '^(?:a)$')`]],
    ['{ .host = "a" && .new = true }', [`coalesce(CAST(attributes['host'] AS VARCHAR), CAST(resource_attributes['host'] AS VARCHAR)) = 'a'`, `CAST(coalesce(CAST(attributes['new'] AS VARCHAR), CAST(resource_attributes['new'] AS VARCHAR)) AS VARCHAR) = 'true'`]],
    ['{ instrumentation.x = nil && span.y != nil }', [`scope_attributes['x'] IS NULL`, `attributes['y'] IS NOT NULL`]],
    ['{ nestedSetParent = -1 }', ['parent_span_id IS NULL']],
    ['{ rootName = "a" }', null],
    ['{ parent.x = 1 }', null],
    ['{ event.x = 1 }', null],
    ['{ name = "a" && traceDuration > 1s }', null],
  ]
  for (const [text, sql] of cases) it(text, () => expect(conditionsOf(readConjunction(text) ?? [])?.map((condition) => condition.text) ?? null).toEqual(sql))
})
