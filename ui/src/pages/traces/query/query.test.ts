import { describe, expect, it } from 'vitest'
import { parseFilter, writeFilter, type Filter } from '../../../sql/filter'
import { comparisonOf, filtersOf, type TypeOf } from './chips'
import { writeComparison } from './comparison'
import { readConjunction, writeConjunction } from './conjunction'
import { combine, narrowed, placeOf, typesOf } from './pageQuery'

const types: Record<string, string> = { 'http.response.status_code': 'Int64', 'user.id': 'Utf8', ratio: 'Float64', new: 'Boolean' }
const typeOf: TypeOf = (key) => types[key]
const filter = (written: string): Filter => parseFilter(written) as Filter

describe('text to chips and back', () => {
  // What is read, how it is written again, and the shared filters it equals, if there are any.
  const cases: [text: string, again: string, filters: string[] | null][] = [
    ['{}', '{ }', []],
    ['{ name = "pay" }', '{ name = "pay" }', ['name=pay']],
    ['{span:name="pay"}', '{ name = "pay" }', ['name=pay']],
    ['{ resource.service.name = `shop` && kind = server }', '{ resource.service.name = "shop" && kind = server }', ['service=shop', 'kind=SERVER']],
    ['{ status = error && duration > 1.5s }', '{ status = error && duration > 1500ms }', ['status=ERROR', 'duration>1500ms']],
    ['{ duration >= 1h30m }', '{ duration >= 90m }', ['duration>=90m']],
    ['{ 5ms < duration }', '{ duration > 5ms }', ['duration>5ms']],
    ['{ duration > 5000 }', '{ duration > 5000 }', null],
    ['{ status != error }', '{ status != error }', ['status!=ERROR']],
    ['{ span.http.response.status_code >= 500 }', '{ span.http.response.status_code >= 500 }', ['http.response.status_code>=500']],
    ['{ span.http.response.status_code = "500" }', '{ span.http.response.status_code = "500" }', null],
    ['{ span.user.id = "42" }', '{ span.user.id = "42" }', ['user.id=42']],
    ['{ span.user.id = 42 }', '{ span.user.id = 42 }', null],
    ['{ span.ratio < -0.5 }', '{ span.ratio < -0.5 }', ['ratio<-0.5']],
    ['{ span.new = true }', '{ span.new = true }', ['new=true']],
    ['{ span.unknown = 5 }', '{ span.unknown = 5 }', ['unknown=5']],
    ['{ span.unknown = "5" }', '{ span.unknown = "5" }', null],
    ['{ .user.id = "ana" }', '{ .user.id = "ana" }', ['.user.id=ana']],
    ['{ resource.host.name = "web-1" }', '{ resource.host.name = "web-1" }', ['resource:host.name=web-1']],
    ['{ instrumentation.library = "flask" && instrumentation:name = "x" }', '{ instrumentation.library = "flask" && instrumentation:name = "x" }', ['scope:library=flask', 'scope=x']],
    ['{ span."odd key" = "a \\"b\\" \\\\ c\\n" }', '{ span."odd key" = "a \\"b\\" \\\\ c\\n" }', ['odd key=a "b" \\ c\n']],
    ['{ span.user.id != nil }', '{ span.user.id != nil }', ['user.id?']],
    ['{ span.user.id = nil }', '{ span.user.id = nil }', null],
    // A filter that excludes keeps spans without the attribute; TraceQL says so with two comparisons.
    ['{ span.user.id != "ana" }', '{ span.user.id != "ana" }', null],
    ['{ (span.user.id = nil || span.user.id != "ana") }', '{ (span.user.id = nil || span.user.id != "ana") }', ['user.id!=ana']],
    ['{ span.user.id =~ "an.|x\\d" }', '{ span.user.id =~ "an.|x\\\\d" }', null],
    ['{ span.user.id !~ "an." }', '{ span.user.id !~ "an." }', null],
    ['{ name =~ "(?is).*50%.*" }', '{ name =~ "(?is).*50%.*" }', ['name~50%']],
    ['{ name =~ "(?is).*a\\\\.b.*" }', '{ name =~ "(?is).*a\\\\.b.*" }', ['name~a.b']],
    ['{ name =~ "(?is).*a.b.*" }', '{ name =~ "(?is).*a.b.*" }', null],
    ['{ parent.name = "x" }', '{ parent.name = "x" }', null],
    ['{ parent.span.x = 1 && parent."span.x" = 1 }', '{ parent.span.x = 1 && parent."span.x" = 1 }', null],
    ['{ event.attempt = 2 && event:name = "retry" }', '{ event.attempt = 2 && event:name = "retry" }', null],
    ['{ traceDuration > 2s && rootName = "GET /" }', '{ traceDuration > 2s && rootName = "GET /" }', null],
    ['{ nestedSetParent = -1 }', '{ nestedSetParent = -1 }', null],
    ['{ (name = "a" && (kind = client)) && span.x > .5e3 }', '{ name = "a" && kind = client && span.x > .5e3 }', null],
    ['{ span.x = 5ms }', '{ span.x = 5ms }', null],
    ['{ trace:id = "00ff" && span:parentID = "1" }', '{ trace:id = "00ff" && span:parentID = "1" }', ['trace_id=00ff', 'parent_span_id=1']],
  ]
  for (const [text, again, filters] of cases) {
    it(text, () => {
      const read = readConjunction(text)
      expect(read).not.toBeNull()
      const written = writeConjunction(read ?? [])
      expect(written).toBe(again)
      expect(readConjunction(written)).toEqual(read)
      expect(filtersOf(read ?? [], typeOf)?.map(writeFilter) ?? null).toEqual(filters?.map((one) => writeFilter(filter(one))) ?? null)
    })
  }
})

describe('what stays text', () => {
  const texts = [
    '', '{', '{ name = "a" } && { name = "b" }', '{} >> { status = error }', '{ name = "a" || name = "b" }', '{ !(name = "a") }',
    '{ status = error } | count() > 2', '{ name = "a" } | select(kind)', '{ duration > 2 * 5ms }', '{ nme = "a" }', '{ name = }',
    '{ name = "open }', '{ .a = .b }', '{ (.a = nil || .b != 1) }', '{ duration > 5parsecs }', '{ } with (x=1)', '{ . = 1 }', '{ name = "a" &&& kind = client }', '{ "x" =~ name }',
  ]
  for (const text of texts) it(text || 'nothing', () => expect(readConjunction(text)).toBeNull())
})

describe('chips to text and back', () => {
  const cases: [written: string, text: string | null][] = [
    ['service=spam', 'resource.service.name = "spam"'],
    ['service!=spam', 'resource.service.name != "spam"'],
    ['service~pa', 'resource.service.name =~ "(?is).*pa.*"'],
    ['status=ERROR', 'status = error'],
    ['status=nonsense', null],
    ['kind!=CLIENT', 'kind != client'],
    ['duration>200ms', 'duration > 200ms'],
    ['duration>0.5us', 'duration > 500ns'],
    ['duration>soon', null],
    ['http.route=/x', 'span.http.route = "/x"'],
    ['http.route!=/x', '(span.http.route = nil || span.http.route != "/x")'],
    ['http.route!~/x', '(span.http.route = nil || span.http.route !~ "(?is).*/x.*")'],
    ['http.route=', '(span.http.route = nil || span.http.route = "")'],
    ['http.route!=', 'span.http.route != ""'],
    ['http.route?', 'span.http.route != nil'],
    ['http.response.status_code=500', 'span.http.response.status_code = 500'],
    ['user.id=42', 'span.user.id = "42"'],
    ['resource:host.name=a', 'resource.host.name = "a"'],
    ['scope:library=flask', 'instrumentation.library = "flask"'],
    ['.user.id=ana', '.user.id = "ana"'],
    ['status_message=x', 'statusMessage = "x"'],
    ['trace_state=x', null],
    ['odd{key}=it\'s "x"', 'span."odd{key}" = "it\'s \\"x\\""'],
  ]
  for (const [written, text] of cases) {
    it(written, () => {
      const comparison = comparisonOf(filter(written), typeOf)
      expect(comparison && writeComparison(comparison)).toBe(text)
      if (!comparison) return
      const read = readConjunction(writeConjunction([comparison]))
      expect(read).toEqual([comparison])
      const again = filtersOf(read ?? [], typeOf)?.[0]
      expect(again && comparisonOf(again, typeOf)).toEqual(comparison)
    })
  }
})

describe('text together with filters', () => {
  const cases: [text: string, filters: string[], whole: string][] = [
    ['', [], '{ }'],
    ['', ['service=a'], '{ resource.service.name = "a" }'],
    ['{ .x != 1 }', ['service=a'], '{ .x != 1 && resource.service.name = "a" }'],
    ['{} >> { status = error }', ['service=a', 'severity=ERROR'], '{} >> { status = error } | { resource.service.name = "a" }'],
    ['{} >> { status = error }', [], '{} >> { status = error }'],
  ]
  for (const [text, filters, whole] of cases) {
    it(`${text} with ${filters.join(' ') || 'none'}`, () => expect(combine(text, filters.map(filter), typeOf).whole).toBe(whole))
  }

  const narrower: [query: string, more: string, expected: string][] = [
    ['{ }', 'status = error', '{ status = error }'],
    ['{ name = "}" }', 'status = error', '{ name = "}" && status = error }'],
    ['{ status = error } | count() > 2', 'duration > 1s', '{ status = error } | count() > 2 | { duration > 1s }'],
    ['{ .a = 1 || .b = "}" }', 'duration > 1s', '{ (.a = 1 || .b = "}") && duration > 1s }'],
    ['{ .a = 1 } && { .b = 2 }', 'duration > 1s', '{ .a = 1 } && { .b = 2 } | { duration > 1s }'],
  ]
  for (const [query, more, expected] of narrower) it(`${query} where ${more}`, () => expect(narrowed(query, more)).toBe(expected))

  const places: [text: string, kept: { filters: string[]; text: string }][] = [
    ['', { filters: [], text: '' }],
    [' {} ', { filters: [], text: '' }],
    ['{ kind = server && span.a = "b" }', { filters: ['kind=SERVER', 'a=b'], text: '' }],
    ['{ kind = server && span.a != "b" }', { filters: [], text: '{ kind = server && span.a != "b" }' }],
    ['{ kind = ', { filters: [], text: '{ kind =' }],
  ]
  for (const [text, { filters, text: kept }] of places) {
    it(`keeps ${text || 'nothing'}`, () => {
      const place = placeOf(text, typeOf)
      expect({ filters: place.filters.map(writeFilter), text: place.text }).toEqual({ filters, text: kept })
    })
  }

  it('knows types by scope', () => {
    const known = typesOf([
      { table: 'spans', scope: 'attributes', key: 'n', type: 'Int64', count: 1 },
      { table: 'spans', scope: 'resource_attributes', key: 'r', type: 'Utf8', count: 1 },
      { table: 'logs', scope: 'attributes', key: 'l', type: 'Utf8', count: 1 },
    ])
    expect(['n', '.n', 'resource:r', '.r', 'r', 'l'].map(known)).toEqual(['Int64', 'Int64', 'Utf8', 'Utf8', undefined, undefined])
  })
})
