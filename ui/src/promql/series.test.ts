import { describe, expect, it } from 'vitest'
import { frameOf, legends, writeLabels } from './series'
import { stacked } from './stack'
import { stepsOf } from './steps'

const steps = { start: 100, end: 130, step: 10 }

describe('answers as series', () => {
  it('puts values at common times, and nothing where there is none', () => {
    const frame = frameOf([{ metric: { a: '1' }, values: [[110, '2'], [130, '+Inf'], [120, 'NaN']] }, { metric: { a: '2' }, values: [[100, '1'], [110, '1']] }], steps)
    expect(frame.times).toEqual([100, 110, 120, 130])
    expect(frame.series.map(({ label, values }) => [label, values])).toEqual([['1', [null, 2, null, null]], ['2', [1, 1, null, null]]])
  })
  it('keeps the largest of many, in their order', () => {
    const result = [3, 9, 1, 7].map((value) => ({ metric: { v: String(value) }, values: [[100, String(value)]] as [number, string][] }))
    const frame = frameOf(result, steps, { most: 2 })
    expect([frame.total, ...frame.series.map(({ label }) => label)]).toEqual([4, '9', '7'])
    expect(frameOf(result, steps, { most: 2, keep: 'min' }).series.map(({ label }) => label)).toEqual(['3', '1'])
  })
  it('knows steps that are no whole seconds', () => expect(frameOf([{ metric: {}, values: [[0.3, '1']] }], { start: 0, end: 0.5, step: 0.1 }).series[0]?.values).toEqual([null, null, null, 1, null, null]))
})

describe('legends', () => {
  const cases: [what: string, labels: Record<string, string>[], options: Parameters<typeof legends>[1], names: string[]][] = [
    ['what tells apart', [{ job: 'x', a: '1' }, { job: 'x', a: '2' }], {}, ['1', '2']],
    ['a template', [{ a: '1', b: '2' }], { legend: '{{a}} of {{ b }}{{c}}' }, ['1 of 2']],
    ['one series', [{ __name__: 'up', a: '1' }], {}, ['up{a="1"}']],
    ['no labels', [{}], { name: 'sum(x)' }, ['sum(x)']],
    ['the same told twice', [{ job: 'x', service_name: 'x', instance: '7' }, { job: 'y', service_name: 'y', instance: '8' }], {}, ['x', 'y']],
    ['what only an instance tells', [{ job: 'x', instance: '7' }, { job: 'x', instance: '8' }], {}, ['7', '8']],
    ['one that lacks what others have', [{ a: '' }, { a: '1' }], { name: 'rest' }, ['rest', '1']],
  ]
  for (const [what, labels, options, names] of cases) it(what, () => expect(legends(labels, options)).toEqual(names))
  it('writes labels', () => expect(writeLabels({ __name__: 'up', 'a.b': 'c"' })).toBe('up{"a.b"="c\\""}'))
})

it('stacks', () => expect(stacked([[1, null, null], [2, 2, null]])).toEqual([[1, 0, null], [3, 2, null]]))

describe('steps', () => {
  const hour = { from: 1_000_000_007_000_000_000n, to: 1_000_003_607_000_000_000n }
  const cases: [options: Parameters<typeof stepsOf>[1], step: number][] = [[{}, 15], [{ step: '1m' }, 60], [{ most: 60 }, 60], [{ least: 60 }, 60], [{ step: '0.1' }, 1]]
  for (const [options, step] of cases) {
    it(JSON.stringify(options), () => {
      const steps = stepsOf(hour, options)
      expect([steps.step, steps.start % step, steps.end % step]).toEqual([step, 0, 0])
    })
  }
})
