import { describe, expect, it } from 'vitest'
import { glanceOf, panelsOf, type Asked, type Kind } from './automatic'

const plain: Asked = { matchers: [], group: [], window: 300, view: '' }
const written = (kind: Kind, unit: string, asked: Partial<Asked>) => panelsOf({ name: 'm', kind, unit }, { ...plain, ...asked }).flatMap(({ questions }) => questions.map(({ expression, unit: shown }) => [expression, shown]))

describe('automatic queries', () => {
  const cases: [what: string, kind: Kind, unit: string, asked: Partial<Asked>, expressions: [string, string][]][] = [
    ['how often a counter counts', 'counter', '{request}', {}, [['sum (rate(m[5m]))', 'reqps']]],
    ['by labels, of what is filtered', 'counter', 'By', { group: ['a', 'b.c'], matchers: [{ label: 'x', op: '=', value: 'y' }] }, [['sum by (a, "b.c") (rate(m{x="y"}[5m]))', 'By/s']]],
    ['the growth of a counter', 'counter', '1', { view: 'increase', window: 3600 }, [['sum (increase(m[1h]))', '1']]],
    ['the range of a gauge', 'gauge', 'By', {}, [['avg (m)', 'By'], ['min (m)', 'By'], ['max (m)', 'By']]],
    ['a gauge by label', 'gauge', 'By', { group: ['a'] }, [['avg by (a) (m)', 'By']]],
    ['a histogram', 'histogram', 's', {}, [['sum by (le) (rate(m_bucket[5m]))', 's'], ['histogram_quantile(0.5, sum by (le) (rate(m_bucket[5m])))', 's'], ['histogram_quantile(0.95, sum by (le) (rate(m_bucket[5m])))', 's'], ['histogram_quantile(0.99, sum by (le) (rate(m_bucket[5m])))', 's']]],
    ['a histogram by label', 'histogram', 's', { group: ['a'] }, [['histogram_quantile(0.95, sum by (le, a) (rate(m_bucket[5m])))', 's'], ['sum by (le) (rate(m_bucket[5m]))', 's']]],
    ['a native histogram', 'native', 's', { view: 'p99' }, [['sum (rate(m[5m]))', 's'], ['histogram_quantile(0.99, sum (rate(m[5m])))', 's']]],
    ['the mean of a histogram', 'histogram', 's', { view: 'mean' }, [['sum by (le) (rate(m_bucket[5m]))', 's'], ['sum (rate(m_sum[5m])) / sum (rate(m_count[5m]))', 's']]],
    ['a summary', 'summary', 's', {}, [['avg by (quantile) (m{quantile!=""})', 's']]],
    ['a view of another kind is none', 'counter', '1', { view: 'p99' }, [['sum (rate(m[5m]))', '1/s']]],
  ]
  for (const [what, kind, unit, asked, expressions] of cases) it(what, () => expect(written(kind, unit, asked)).toEqual(expressions))
  it('at a glance', () => expect((['counter', 'gauge', 'native', 'summary', 'info'] as const).map((kind) => glanceOf({ name: 'm', kind, unit: '' }, [], 300).expression)).toEqual([
    'sum (rate(m[5m]))', 'avg (m)', 'histogram_quantile(0.95, sum (rate(m[5m])))', 'sum (rate(m_count[5m]))', 'count (m)',
  ]))
})
