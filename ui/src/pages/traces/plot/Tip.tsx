import { ServiceDot } from '../../../components/Service'
import { t } from '../../../i18n/translate'
import { duration, fullTime, stamp } from '../../../time/format'
import type { Range } from '../../../time/range'
import type { Cell, Dot } from './cells'
import { cellRectangle, xOf, yOf, type Frame, type Point } from './frame'
import '../../../components/timeChart.css'

const startOf = (of: Cell | Dot, range: Range): bigint => range.from + BigInt(Math.round(of.at))

const cellTime = (cell: Cell, range: Range): string =>
  cell.width >= 1e9 ? fullTime(Number(startOf(cell, range) / 1_000_000n)) : stamp(startOf(cell, range))

export function describeCell(cell: Cell, range: Range): string {
  const parts = [cellTime(cell, range), `${duration(cell.low)} – ${duration(cell.high)}`, t('traces.plot.spans', { n: cell.count })]
  if (cell.errors > 0) parts.push(t('traces.plot.failed', { n: cell.errors }))
  return parts.join(', ')
}

export function describeDot(dot: Dot, range: Range): string {
  const parts = [stamp(startOf(dot, range)), `${dot.service} ${dot.name}`.trim(), duration(dot.duration)]
  if (dot.failed) parts.push(t('trace.error'))
  return parts.join(', ')
}

interface TipProps {
  of: Cell | Dot
  range: Range
  at: Point | null // the pointer; otherwise the tip stands beside what it describes
  width: number
  height: number
  frame?: Frame
}

const tipWidth = 210

export function Tip({ of, range, at, width, height, frame }: TipProps) {
  const { x, y } = at ?? (frame ? anchorOf(of, frame) : { x: 0, y: 0 })
  const place = x > width - tipWidth - 20 ? Math.max(0, x - tipWidth - 10) : x + 14
  return (
    <div class="plot-tip span-tip num" style={{ transform: `translate(${place}px, ${Math.max(0, Math.min(y, height - 84))}px)` }}>
      {'trace' in of ? <DotFacts dot={of} range={range} /> : <CellFacts cell={of} range={range} />}
    </div>
  )
}

function anchorOf(of: Cell | Dot, frame: Frame): Point {
  if ('trace' in of) return { x: xOf(frame, of.at), y: yOf(frame, of.duration) }
  const box = cellRectangle(frame, of)
  return { x: box.x + box.width, y: box.y }
}

function CellFacts({ cell, range }: { cell: Cell; range: Range }) {
  return (
    <>
      <b>{cellTime(cell, range)}</b>
      <div>
        {duration(cell.low)} – {duration(cell.high)}
      </div>
      <div>{t('traces.plot.spans', { n: cell.count })}</div>
      {cell.errors > 0 && <div class="error-text">{t('traces.plot.failed', { n: cell.errors })}</div>}
      <div class="quiet">{t('traces.plot.opens')}</div>
    </>
  )
}

function DotFacts({ dot, range }: { dot: Dot; range: Range }) {
  return (
    <>
      <b>{stamp(startOf(dot, range))}</b>
      <div class="service">
        <ServiceDot name={dot.service} /> <span class="cut">{dot.name}</span>
      </div>
      <div>{duration(dot.duration)}</div>
      {dot.failed && <div class="error-text">{t('trace.error')}</div>}
    </>
  )
}
