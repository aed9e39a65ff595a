import { describe, expect, it } from 'vitest'
import { blame, labelStats } from './labels'

const series = ['1', '2', '3'].flatMap((pod) => ['/a', '/b'].map((route) => ({ __name__: 'm', job: 'x', pod, route, twin: route })))

describe('labels of series', () => {
  it('are counted', () => expect(labelStats([...series, { __name__: 'm', job: 'y', le: '1' }]).map(({ label, values, series: having }) => [label, having, values.length, values[0]?.value])).toEqual([['pod', 6, 3, '1'], ['job', 7, 2, 'x'], ['route', 6, 2, '/a'], ['twin', 6, 2, '/a']]))
  it('are to blame for what would go with them', () => expect(blame(series)).toEqual([{ label: 'pod', values: 3, without: 2 }, { label: 'route', values: 2, without: 6 }, { label: 'twin', values: 2, without: 6 }]))
})
