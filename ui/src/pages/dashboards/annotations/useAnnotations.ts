// The annotations of a dashboard, asked once for all its panels. The address says which are switched.
import { useMemo } from 'preact/hooks'
import { ApiError, runSql } from '../../../api/client'
import { useLoad } from '../../../api/query'
import type { Fault } from '../../../api/types'
import { queryRange } from '../../../promql/client'
import type { Mark } from '../../../promql/marks'
import { setParams, useParams } from '../../../url/state'
import type { Annotation, Dashboard } from '../model/document'
import { prepare, type Prepared } from '../panels/prepare'
import { cssColour } from '../panels/shown'
import type { Scope } from '../variables/interpolate'
import type { Range } from '../../../time/range'
import { momentsMost, momentsOfMatrix, momentsOfSql, type Moment, type Moments } from './marks'

interface Answered extends Moments {
  fault: Fault | null
}

export interface Shown extends Answered {
  annotation: Annotation
  on: boolean
}

export interface Annotations {
  shown: readonly Shown[]
  marks: readonly Mark[]
}

const parameter = 'marks'
const points = 300
const none: readonly Annotation[] = []
const noMarks: readonly Mark[] = []

// What the address names is the other way round than the dashboard says.
export function switchAnnotation(name: string): void {
  setParams((params) => {
    const names = params.getAll(parameter)
    params.delete(parameter)
    for (const one of names.includes(name) ? names.filter((other) => other !== name) : [...names, name]) params.append(parameter, one)
  })
}

export function useAnnotations({ annotations: own, title, sampleInterval }: Dashboard, { range, scope, ready }: { range: Range; scope: Scope; ready: boolean }): Annotations {
  const annotations = own ?? none
  const switched = useParams().getAll(parameter).join('\n')
  const asked = useMemo(() => {
    const names = switched.split('\n')
    return annotations.map((annotation) => {
      const on = (annotation.off ?? false) === names.includes(annotation.name)
      return { annotation, on, prepared: on ? prepareOne(annotation, { range, scope, title, samples: sampleInterval }) : null }
    })
  }, [annotations, switched, range, scope, title, sampleInterval])
  const key = asked.map(({ annotation, prepared }) => prepared && [annotation, prepared.questions, ...(annotation.language === 'promql' ? [prepared.steps] : [])])
  const loaded = useLoad(['annotations', key], (signal) => Promise.all(asked.map(({ annotation, prepared }) => answer(annotation, prepared, signal))), { enabled: ready && asked.some(({ on }) => on) })
  return useMemo(() => {
    const shown = asked.map(({ annotation, on }, at): Shown => ({ annotation, on, ...(loaded.data?.[at] ?? nothing) }))
    const marks = shown.flatMap(({ annotation, on, moments }) => (on ? marksOf(annotation, moments) : []))
    return { shown, marks: marks.length === 0 ? noMarks : marks }
  }, [asked, loaded.data])
}

const nothing: Answered = { moments: [], cut: false, fault: null }

// One that fails leaves the others' marks.
async function answer(annotation: Annotation, prepared: Prepared | null, signal: AbortSignal): Promise<Answered> {
  const [question] = prepared?.questions ?? []
  if (!prepared || !question) return nothing
  try {
    return { ...(await ask(annotation, question.text, prepared, signal)), fault: null }
  } catch (cause) {
    if (signal.aborted) throw cause
    return { ...nothing, fault: cause instanceof ApiError ? cause.fault : { kind: 'execution', message: cause instanceof Error ? cause.message : String(cause) } }
  }
}

const marksOf = ({ name, colour }: Annotation, moments: readonly Moment[]): Mark[] =>
  moments.map(({ time, end, text }) => ({ time, label: text ? `${name}: ${text}` : name, colour: cssColour(colour ?? 'blue'), ...(end === undefined ? {} : { end }) }))

interface Around {
  range: Range
  scope: Scope
  title: string
  samples: string | undefined
}

const prepareOne = ({ language, query }: Annotation, around: Around): Prepared => prepare({ queries: [{ ref: 'A', language, query }] }, { ...around, points })

async function ask({ language, text }: Annotation, question: string, { steps }: Prepared, signal: AbortSignal): Promise<Moments> {
  if (language === 'sql') return momentsOfSql(await runSql(question, { limit: momentsMost, signal }), text)
  return momentsOfMatrix((await queryRange(question, steps, { signal })).data.result, steps.step, text)
}
