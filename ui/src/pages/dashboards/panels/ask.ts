// Puts the questions of a panel to the server. One that fails leaves the others' answers.
import { ApiError, runSql } from '../../../api/client'
import { searchTraces, spanSeries } from '../../../api/tempo'
import type { Fault } from '../../../api/types'
import { query, queryRange } from '../../../promql/client'
import type { MatrixSeries } from '../../../promql/answer'
import type { PanelType } from '../model/document'
import {
  linesOfInstant, linesOfMatrix, linesOfSql, linesOfTraceql, rowsMost, tableOfInstant, tableOfLines, tableOfSql, together,
  type Lines, type PanelData, type Table,
} from './data'
import type { Prepared, Question } from './prepare'

interface Part {
  lines?: Lines
  table?: Table
  matrix?: readonly MatrixSeries[]
  traces?: PanelData['traces']
  warnings?: string[]
  cut?: boolean
}

export async function askPanel(type: PanelType, prepared: Prepared, signal?: AbortSignal): Promise<PanelData> {
  const settled = await Promise.allSettled(prepared.questions.map((question) => askOne(type, question, prepared, signal)))
  const parts = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const faults = settled.flatMap((one, at) => (one.status === 'rejected' ? [{ ref: prepared.questions[at]?.ref ?? '', fault: faultOf(one.reason) }] : []))
  const [first] = faults
  if (parts.length === 0 && first) throw new ApiError(first.fault, 0)
  return {
    ...together(parts.flatMap(({ lines }) => lines ?? [])),
    tables: parts.flatMap(({ table }) => table ?? []),
    matrix: parts.flatMap(({ matrix }) => matrix ?? []),
    traces: parts.flatMap(({ traces }) => traces ?? []),
    warnings: [...new Set(parts.flatMap(({ warnings }) => warnings ?? []))],
    faults,
    cut: parts.some(({ cut }) => cut),
  }
}

const faultOf = (cause: unknown): Fault => (cause instanceof ApiError ? cause.fault : { kind: 'execution', message: cause instanceof Error ? cause.message : String(cause) })

async function askOne(type: PanelType, question: Question, prepared: Prepared, signal?: AbortSignal): Promise<Part> {
  switch (question.language) {
    case 'promql':
      return question.instant ? askInstant(question, prepared, signal) : askRange(type, question, prepared, signal)
    case 'sql':
      return askSql(type, question, signal)
    case 'traceql':
      return askTraceql(type, question, prepared, signal)
  }
}

const options = (signal?: AbortSignal): { signal?: AbortSignal } => (signal ? { signal } : {})

async function askInstant({ ref, text, legend }: Question, { steps, questions, range }: Prepared, signal?: AbortSignal): Promise<Part> {
  const time = Number(range.to / 1_000_000n) / 1000
  const answer = await query(text, time, options(signal))
  const rows = answer.data.resultType === 'vector' || answer.data.resultType === 'matrix' ? answer.data.result.length : 1
  const lines = linesOfInstant(answer.data, steps.end, { ref, legend })
  return { lines, table: tableOfInstant(answer.data, time, ref, questions.length === 1), warnings: answer.warnings, cut: rows > rowsMost }
}

async function askRange(type: PanelType, { ref, text, legend }: Question, { steps, questions }: Prepared, signal?: AbortSignal): Promise<Part> {
  const answer = await queryRange(text, steps, options(signal))
  const lines = linesOfMatrix(answer.data.result, steps, { ref, legend })
  return {
    lines, warnings: answer.warnings,
    ...(type === 'table' ? { table: tableOfLines(lines, ref, questions.length === 1) } : {}),
    ...(type === 'heatmap' ? { matrix: answer.data.result } : {}),
  }
}

async function askSql(type: PanelType, { ref, text, legend }: Question, signal?: AbortSignal): Promise<Part> {
  const answer = await runSql(text, { limit: rowsMost, ...options(signal) })
  const part: Part = { cut: answer.truncated, warnings: answer.warnings ?? [] }
  if (type === 'table' || type === 'logs') return { ...part, table: tableOfSql(answer, ref) }
  return { ...part, lines: linesOfSql(answer, { ref, legend }) }
}

const tracesMost = 50

async function askTraceql(type: PanelType, { ref, text, legend }: Question, { range, steps }: Prepared, signal?: AbortSignal): Promise<Part> {
  if (type === 'traces') return { traces: (await searchTraces(text, range, { limit: tracesMost, spans: 1 }, signal)).traces }
  const lines = linesOfTraceql(await spanSeries(text, range, Math.round(steps.step * 1e9), signal), { ref, legend })
  return { lines, ...(type === 'table' ? { table: tableOfLines(lines, ref, true) } : {}) }
}
