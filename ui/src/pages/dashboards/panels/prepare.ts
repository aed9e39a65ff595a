// From a panel to the questions it asks: variables put in, steps chosen. Pure, and equal for equal questions.
import type { Steps as PromSteps } from '../../../promql/answer'
import type { Range } from '../../../time/range'
import type { Panel, QueryLanguage } from '../model/document'
import { interpolate, type Scope } from '../variables/interpolate'
import { readInterval, stepsOf } from '../variables/interval'
import { builtIns, timeMacros } from '../variables/macros'

export interface Question {
  ref: string
  language: QueryLanguage
  text: string
  legend?: string | undefined
  instant: boolean
}

export interface Prepared {
  questions: Question[]
  steps: PromSteps // seconds
  range: Range
  scope: Scope
}

interface Around {
  range: Range
  scope: Scope
  points: number
  samples?: string | undefined
  title?: string | undefined
}

export function prepare(panel: Pick<Panel, 'queries' | 'minInterval'>, { range, scope, points, samples, title }: Around): Prepared {
  // One step for the whole panel, so that its lines share their times.
  const least = [panel.minInterval, ...panel.queries.map(({ step }) => step)]
    .map((written) => (written ? interpolate(written, scope, 'text') : undefined))
    .reduce<string | undefined>((most, one) => ((readInterval(one) ?? 0) > (readInterval(most) ?? 0) ? one : most), undefined)
  const steps = stepsOf({ range, points, least, samples })
  const all = { ...builtIns(range, steps, title), ...scope }
  const questions = panel.queries
    .filter(({ hidden, query }) => !hidden && query.trim() !== '')
    .map(({ ref, language, query, legend, instant }): Question => {
      const text = interpolate(language === 'sql' ? timeMacros(query, range, steps) : query, all, language)
      return { ref, language, text, instant: instant === true, ...(legend ? { legend: interpolate(legend, all, 'text') } : {}) }
    })
  return { questions, range, scope: all, steps: grid(range, steps.step / 1000) }
}

// Steps at multiples of their length: what is asked a moment later is the same, but for the newest.
export function grid(range: Range, step: number): PromSteps {
  const seconds = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n) / 1000
  const start = Math.floor(seconds(range.from) / step + 1e-9) * step
  const end = Math.max(start, Math.floor(seconds(range.to) / step + 1e-9) * step)
  return { start: round(start), end: round(end), step }
}

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000
