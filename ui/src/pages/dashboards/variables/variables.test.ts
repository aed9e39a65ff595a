import { describe, expect, it } from 'vitest'
import type { Range } from '../../../time/range'
import { allValues, type Variable } from '../model/document'
import { interpolate, mentioned, type Chosen, type Target } from './interpolate'
import { niceInterval, readInterval, stepsOf, writeInterval } from './interval'
import { boundsTime, builtIns, timeMacros } from './macros'
import { customOptions, shapeOptions } from './options'
import { readQuestion, type Question } from './question'
import { resolveVariables, scopeOf, waves } from './resolve'

const range: Range = { from: 1_700_000_000_000_000_000n, to: 1_700_003_600_000_000_000n }

describe('variables in text', () => {
  const scope: Record<string, Chosen> = {
    one: { values: ['a.b'] },
    many: { values: ['a.b', 'c|d'], many: true },
    single: { values: ['x/y-z'], many: true },
    quoted: { values: [`it's "x"`] },
    all: { values: ['a', 'b'], all: true, many: true, raw: '.*', texts: ['All'] },
    job: { values: ['j'] },
  }
  const cases: [string, Target, string][] = [
    ['up{job="$job"}', 'promql', 'up{job="j"}'],
    ['x{a=~"$many"}', 'promql', 'x{a=~"(a\\\\.b|c\\\\|d)"}'],
    ['x{a=~"$single"}', 'promql', 'x{a=~"x/y-z"}'],
    ['x{a="$one"}', 'promql', 'x{a="a.b"}'],
    ['x{a="$quoted"}', 'promql', `x{a="it's \\"x\\""}`],
    ['x{a=~"$all"}', 'promql', 'x{a=~".*"}'],
    ['${many:csv}', 'promql', 'a.b,c|d'],
    ['${many:pipe}', 'promql', 'a.b|c|d'],
    ['${many:regex}', 'promql', '(a\\.b|c\\|d)'],
    ['${one:regex}', 'promql', 'a\\.b'],
    ['${many:raw}', 'promql', 'a.b,c|d'],
    ['${many:json}', 'text', '["a.b","c|d"]'],
    ['${many:glob}', 'text', '{a.b,c|d}'],
    ['${many:singlequote}', 'sql', "'a.b','c|d'"],
    ['${many:doublequote}', 'sql', '"a.b","c|d"'],
    ['${quoted:sqlstring}', 'sql', `'it''s "x"'`],
    ['${one:queryparam}', 'url', 'var-one=a.b'],
    ['${many:percentencode}', 'url', '%7Ba.b%2Cc%7Cd%7D'],
    ['${all:text}', 'text', 'All'],
    ['[[job]] [[many:csv]]', 'text', 'j a.b,c|d'],
    ['s IN ($many)', 'sql', "s IN ('a.b', 'c|d')"],
    ["s = '$quoted'", 'sql', `s = 'it''s "x"'`],
    ['?a=$all', 'url', '?a=$__all'],
    ['of $all', 'text', 'of All'],
    ['$unknown ${unknown:csv} $1', 'promql', '$unknown ${unknown:csv} $1'],
    ['{ name = "$one" }', 'traceql', '{ name = "a.b" }'],
  ]
  for (const [written, target, expected] of cases) it(`${target}: ${written}`, () => expect(interpolate(written, scope, target)).toBe(expected))
  it('finds what a text speaks of', () => expect(mentioned('a $b ${c} ${d:csv} [[e]] [[f:raw]] $b')).toEqual(['b', 'c', 'd', 'e', 'f']))
})

describe('intervals', () => {
  const read: [string, number | null][] = [['15s', 15_000], ['1h30m', 5_400_000], ['>10s', 10_000], ['250ms', 250], ['2', 2000], ['1M', 2_592_000_000], ['1x', null], ['', null], ['s', null]]
  for (const [written, expected] of read) it(`reads ${written}`, () => expect(readInterval(written)).toBe(expected))
  const write: [number, string][] = [[60_000, '1m'], [90_000, '90s'], [1500, '1500ms'], [604_800_000, '1w'], [7_200_000, '2h']]
  for (const [ms, expected] of write) it(`writes ${ms}`, () => expect(writeInterval(ms)).toBe(expected))
  const nice: [number, number, number][] = [[900, 1, 1000], [14_000, 1, 15_000], [1000, 60_000, 60_000], [61_000, 1, 120_000]]
  for (const [wanted, least, expected] of nice) it(`${wanted} from ${least}`, () => expect(niceInterval(wanted, least)).toBe(expected))
  const steps: [string, { points: number; least?: string; samples?: string }, [number, number]][] = [
    ['samples bound the step, and a rate sees four', { points: 600 }, [60_000, 240_000]],
    ['samples of 15 seconds', { points: 600, samples: '15s' }, [15_000, 60_000]],
    ['few points make the step long', { points: 10, samples: '15s' }, [600_000, 615_000]],
    ['the panel may ask for a smaller step', { points: 3600, least: '1s' }, [1000, 240_000]],
  ]
  for (const [name, options, [step, rate]] of steps) it(name, () => expect(stepsOf({ range, ...options })).toEqual({ step, rate, range: 3_600_000 }))
})

describe('macros', () => {
  const around = stepsOf({ range, points: 60, samples: '15s' })
  const scope = builtIns(range, around, 'Board')
  const cases: [string, string][] = [
    ['rate(x[$__rate_interval])', 'rate(x[75s])'],
    ['x[$__interval] $__interval_ms', 'x[1m] 60000'],
    ['[$__range] ${__range_s} $__range_ms', '[3600s] 3600 3600000'],
    ['${__from} $__to', '1700000000000 1700003600000'],
    ['${__dashboard}', 'Board'],
  ]
  for (const [written, expected] of cases) it(written, () => expect(interpolate(written, scope, 'promql')).toBe(expected))
  const sql: [string, string][] = [
    ['WHERE $__timeFilter(start_time)', `WHERE ("start_time" >= TIMESTAMP '2023-11-14T22:13:20.000000000Z' AND "start_time" < TIMESTAMP '2023-11-14T23:13:20.000000000Z')`],
    ['t > $__timeFrom()', `t > TIMESTAMP '2023-11-14T22:13:20.000000000Z'`],
    ['$__timeGroup(time, $__interval)', `date_bin(INTERVAL '60000 milliseconds', "time", TIMESTAMP '1970-01-01T00:00:00Z')`],
    ["$__timeGroup(time, '5m')", `date_bin(INTERVAL '300000 milliseconds', "time", TIMESTAMP '1970-01-01T00:00:00Z')`],
  ]
  for (const [written, expected] of sql) it(written, () => expect(timeMacros(written, range, around)).toBe(expected))
  it('knows a query that says its time', () => expect([boundsTime('WHERE $__timeFilter(time)'), boundsTime('SELECT 1')]).toEqual([true, false]))
})

describe('what a variable asks', () => {
  const cases: [string, Question][] = [
    ['label_values(up, job)', { kind: 'labelValues', label: 'job', match: 'up' }],
    ['label_values(job)', { kind: 'labelValues', label: 'job' }],
    ['label_values(up{a="x,y", b=~"z"}, instance)', { kind: 'labelValues', label: 'instance', match: 'up{a="x,y", b=~"z"}' }],
    ['label_names()', { kind: 'labelNames' }],
    ['label_names(up)', { kind: 'labelNames', match: 'up' }],
    ['metrics(node_.*)', { kind: 'metrics', pattern: 'node_.*' }],
    ['query_result(topk(3, up))', { kind: 'series', query: 'topk(3, up)' }],
    ['topk(3, up)', { kind: 'promql', query: 'topk(3, up)' }],
    [' ', { kind: 'nothing' }],
  ]
  for (const [written, expected] of cases) it(written, () => expect(readQuestion(written)).toEqual(expected))
})

describe('options', () => {
  const cases: [string, string[], Pick<Variable, 'regex' | 'sort'>, string[]][] = [
    ['once each', ['a', 'b', 'a'], {}, ['a', 'b']],
    ['the group of the expression', ['x-1', 'y-2', 'none'], { regex: '/\\w-(\\d)/' }, ['1', '2']],
    ['named groups', ['{a="1"} 2'], { regex: '/a="(?<value>[^"]+)"} (?<text>\\d)/' }, ['2=1']],
    ['a bare expression is whole', ['ab', 'b'], { regex: 'b' }, ['b']],
    ['backwards', ['a', 'c', 'b'], { sort: '-name' }, ['c', 'b', 'a']],
    ['by number', ['v10', 'v9', 'v1'], { sort: 'number' }, ['v1', 'v9', 'v10']],
    ['a broken expression picks nothing', ['a'], { regex: '/(/' }, []],
  ]
  for (const [name, found, shape, expected] of cases) it(name, () => expect(shapeOptions(found, shape).map(({ value, text }) => (value === text ? value : `${text}=${value}`))).toEqual(expected))
  it('reads lists', () => expect(customOptions('a, One : 1, b\\,c')).toEqual([{ value: 'a', text: 'a' }, { value: '1', text: 'One' }, { value: 'b,c', text: 'b,c' }]))
})

describe('resolving', () => {
  const asked: Question[] = []
  const ask = async (question: Question): Promise<string[]> => {
    asked.push(question)
    if (question.kind === 'labelValues' && question.label === 'job') return ['api', 'web']
    if (question.kind === 'labelValues' && question.label === 'instance') return question.match?.includes('web') ? ['web-1', 'web-2'] : ['api-1']
    throw new Error('no such label')
  }
  const job: Variable = { name: 'job', type: 'query', query: 'label_values(job)' }
  const instance: Variable = { name: 'instance', type: 'query', query: 'label_values(up{job=~"$job"}, instance)', multi: true, all: true }
  const chosen = async (variables: Variable[], picked: Record<string, string[]> = {}): Promise<Record<string, string>> => {
    const resolved = await resolveVariables(variables, { range, picked, ask })
    return Object.fromEntries(resolved.map(({ variable, chosen: { values, raw }, picked: own, fault }) => [variable.name, fault ? `fault ${fault.message}` : `${own.join()}=${raw ?? values.join()}`]))
  }
  const cases: [string, Variable[], Record<string, string[]>, Record<string, string>][] = [
    ['the first option, and those that hang on it', [instance, job], {}, { instance: `${allValues}=api-1`, job: 'api=api' }],
    ['what the address says', [job, instance], { job: ['web'], instance: ['web-2'] }, { job: 'web=web', instance: 'web-2=web-2' }],
    ['several', [job, instance], { job: ['web'], instance: ['web-1', 'web-2'] }, { job: 'web=web', instance: 'web-1,web-2=web-1,web-2' }],
    ['all has its own value', [{ ...instance, allValue: '.+' }], { instance: [allValues] }, { instance: `${allValues}=.+` }],
    ['what the file chose', [{ ...job, value: ['web'] }], {}, { job: 'web=web' }],
    ['a value that is no longer offered', [job], { job: ['gone'] }, { job: 'gone=gone' }],
    ['a fault of one leaves the others', [{ name: 'x', type: 'query', query: 'label_values(nothing)' }, job], {}, { x: 'fault no such label', job: 'api=api' }],
    ['constants and words', [{ name: 'c', type: 'constant', query: 'k' }, { name: 't', type: 'text', query: 'd' }], { t: ['typed'], c: ['no'] }, { c: 'k=k', t: 'typed=typed' }],
    ['automatic intervals', [{ name: 'i', type: 'interval', query: '1m,1h', auto: true, autoSteps: 60, autoLeast: '10s' }], {}, { i: '$__auto=1m' }],
    ['a chosen interval', [{ name: 'i', type: 'interval', query: '1m,1h', auto: true }], { i: ['1h'] }, { i: '1h=1h' }],
  ]
  for (const [name, variables, picked, expected] of cases) it(name, async () => expect(await chosen(variables, picked)).toEqual(expected))
  it('orders by need, and begins a ring somewhere', () => {
    const names = (variables: Variable[]): string[][] => waves(variables).map((wave) => wave.map(({ name }) => name))
    expect(names([instance, job, { name: 'x', type: 'text', query: '' }])).toEqual([['job', 'x'], ['instance']])
    expect(names([{ name: 'a', type: 'custom', query: '$b' }, { name: 'b', type: 'custom', query: '$a' }])).toEqual([['a'], ['b']])
  })
  it('hands on the value in the question of the next', async () => {
    asked.length = 0
    const scope = scopeOf(await resolveVariables([job, instance], { range, picked: { job: ['web'] }, ask }))
    expect(asked.at(-1)).toEqual({ kind: 'labelValues', label: 'instance', match: 'up{job=~"web"}' })
    expect(scope['instance']?.values).toEqual(['web-1', 'web-2'])
  })
})
