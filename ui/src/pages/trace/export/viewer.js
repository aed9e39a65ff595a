// Runs inside the exported file. Everything from the trace is set as text, never as markup.
const data = JSON.parse(document.getElementById('data').textContent)
const { labels, spans } = data
const colours = new Map(data.services)
const colourOf = (service) => `c${colours.get(service) ?? 0}`
const closed = new Set()
let [selected, wanted] = [-1, '']

function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class') node.className = value
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value)
    else if (value !== null) node.setAttribute(name, value)
  }
  node.append(...children)
  return node
}

function time(nanoseconds) {
  const size = Math.abs(nanoseconds)
  const [unit, name] = [[3600e9, 'h'], [60e9, 'min'], [1e9, 's'], [1e6, 'ms'], [1e3, 'µs']].find(([one]) => size >= one) ?? [1, 'ns']
  return `${number(nanoseconds / unit)} ${name}`
}

function number(value) {
  const size = Math.abs(value)
  return new Intl.NumberFormat(data.language, { maximumFractionDigits: size >= 100 ? 0 : size >= 1 ? 2 : 4, notation: size >= 1e6 ? 'compact' : 'standard' }).format(value)
}

const show = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))

function pairs(map) {
  const entries = Object.entries(map).sort(([left], [right]) => left.localeCompare(right))
  if (entries.length === 0) return make('p', { class: 'quiet' }, labels.none)
  return make('dl', {}, ...entries.flatMap(([key, value]) => [make('dt', {}, key), make('dd', {}, show(value))]))
}

// Waterfall: only the rows in sight are in the page.
const height = 26
const space = make('div')
const scroller = make('div', { class: 'scroll', role: 'treegrid', tabindex: '0', 'aria-label': labels.waterfall, onscroll: draw, onkeydown: onKey }, space)
const drawer = make('aside', { class: 'card', 'aria-label': labels.attributes })
const split = make('div', { class: 'split' }, make('div', { class: 'card' }, scroller))
let rows = []

function layOut() {
  rows = []
  for (let row = 0; row < spans.length; row += 1) {
    rows.push(row)
    if (closed.has(row)) row = spans[row].end - 1
  }
  space.style.height = `${rows.length * height}px`
  draw()
}

function draw() {
  const first = Math.max(0, Math.floor(scroller.scrollTop / height) - 4)
  const last = Math.min(rows.length, first + Math.ceil(scroller.clientHeight / height) + 8)
  space.replaceChildren(...rows.slice(first, last).map((row, index) => rowNode(row, first + index)))
}

function rowNode(row, index) {
  const span = spans[row]
  const opens = span.end > row + 1
  const found = wanted === '' || `${span.service} ${span.name} ${span.id}`.toLowerCase().includes(wanted)
  const node = make('div', {
    class: `row ${found ? '' : 'faded'}`, role: 'row', 'aria-level': span.depth + 1, 'aria-selected': row === selected,
    'aria-expanded': opens ? !closed.has(row) : null, onclick: () => select(row),
  }, nameCell(span, row, opens), laneCell(span))
  node.style.top = `${index * height}px`
  return node
}

function nameCell(span, row, opens) {
  const toggle = (event) => {
    event.stopPropagation()
    fold(row, !closed.has(row))
  }
  const cell = make('div', { class: 'name', role: 'gridcell' },
    opens ? make('button', { tabindex: '-1', 'aria-label': labels.toggle, onclick: toggle }, closed.has(row) ? '▸' : '▾') : make('span'),
    make('span', { class: `dot ${colourOf(span.service)}` }),
    ...(span.error ? [make('span', { class: 'failed', title: labels.error }, '⚠')] : []),
    make('b', {}, span.service), span.id === '' ? labels.missing : span.name)
  cell.style.paddingLeft = `${6 + Math.min(span.depth * 12, 160)}px`
  return cell
}

function laneCell(span) {
  const bar = make('div', { class: `bar ${colourOf(span.service)} ${span.error ? 'error' : ''} ${span.critical ? 'critical' : ''}` }, make('span', {}, time(span.duration)))
  const whole = data.extent || 1
  bar.style.left = `${(span.start / whole) * 100}%`
  bar.style.width = `${(span.duration / whole) * 100}%`
  return make('div', { class: 'lane', role: 'gridcell' }, bar)
}

function fold(row, close) {
  if (close) closed.add(row)
  else closed.delete(row)
  layOut()
}

function select(row) {
  selected = row
  split.classList.toggle('open', row >= 0)
  if (row < 0) drawer.remove()
  else split.append(drawer)
  if (row >= 0) drawer.replaceChildren(...details(spans[row]))
  draw()
}

function details(span) {
  const title = make('h2', {}, `${span.service} ${span.name}`, ' ', make('button', { 'aria-label': labels.close, onclick: () => select(-1) }, '×'))
  const times = make('p', { class: 'quiet' }, `${time(span.duration)} · +${time(span.start)} · ${labels.self} ${time(span.self)} · ${span.kind} · ${span.id}`)
  if (!span.details) return [title, times, make('p', { class: 'quiet' }, labels.noDetails)]
  const { attributes, resource, message, events, links } = span.details
  return [
    title, times, ...(message ? [make('p', { class: 'failed' }, message)] : []),
    make('h3', {}, labels.attributes), pairs(attributes),
    ...(events.length > 0 ? [make('h3', {}, labels.events)] : []),
    ...events.flatMap((event) => [make('p', {}, `${event.name} +${time(event.at)}`), pairs(event.attributes)]),
    ...(links.length > 0 ? [make('h3', {}, labels.links)] : []),
    ...links.map((link) => make('p', {}, `${link.traceId} / ${link.spanId}`)),
    make('h3', {}, labels.resource), pairs(data.resources[resource] ?? {}),
  ]
}

function onKey(event) {
  const at = rows.indexOf(selected)
  const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key]
  if (step !== undefined) {
    const next = Math.max(0, Math.min(rows.length - 1, at + step))
    select(rows[next])
    if (next * height < scroller.scrollTop) scroller.scrollTop = next * height
    if ((next + 2) * height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = (next + 2) * height - scroller.clientHeight
  } else if (['ArrowLeft', 'h'].includes(event.key) && selected >= 0) fold(selected, true)
  else if (['ArrowRight', 'l'].includes(event.key) && selected >= 0) fold(selected, false)
  else if (event.key === 'Escape') select(-1)
  else return
  event.preventDefault()
}

function logTable() {
  if (data.logs.length === 0) return make('p', { class: 'quiet' }, labels.noLogs)
  const lines = data.logs.map((log) => make('tr', { onclick: () => log.row >= 0 && select(log.row) },
    make('td', {}, `+${time(log.at)}`), make('td', { class: log.severity }, log.severity), make('td', {}, log.service), make('td', {}, log.body)))
  return make('div', { class: 'card logs', tabindex: '0' }, make('table', {}, make('tbody', {}, ...lines)))
}

function svg(tag, properties, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, value)
  node.append(...children)
  return node
}

function chart({ service, metric, unit, what, points }) {
  const [first, last] = [points[0][0], points[points.length - 1][0]]
  const values = points.map(([, value]) => value)
  const [low, high] = [Math.min(0, ...values), Math.max(...values)]
  const x = (second) => ((second - first) / (last - first || 1)) * 100
  const y = (value) => 60 - ((value - low) / (high - low || 1)) * 56
  const moment = Math.max(0, Math.min(100, x(Date.parse(data.started) / 1000)))
  const text = `${metric}, ${labels[what]}${unit ? `, ${unit}` : ''}: ${number(Math.min(...values))} – ${number(high)}`
  return make('figure', { class: `card ${colourOf(service)}` },
    make('figcaption', {}, make('span', { class: 'dot' }), `${service} · ${text}`),
    svg('svg', { viewBox: '0 0 100 64', preserveAspectRatio: 'none', role: 'img', 'aria-label': text },
      svg('line', { x1: moment, x2: moment, y1: 0, y2: 64 }),
      svg('polyline', { points: points.map(([second, value]) => `${x(second)},${y(value)}`).join(' ') })))
}

function collapseAll() {
  spans.forEach((span, row) => span.end > row + 1 && span.depth === 0 && closed.add(row))
  layOut()
}

function expandAll() {
  closed.clear()
  layOut()
}

const find = make('input', { type: 'search', placeholder: labels.find, 'aria-label': labels.find, oninput: (event) => { wanted = event.target.value.trim().toLowerCase(); draw() } })
document.getElementById('app').append(
  make('header', {},
    make('h1', {}, data.title),
    make('div', { class: 'facts' }, ...data.facts.map(([name, value]) => make('div', {}, make('span', {}, name), make('b', {}, value)))),
    ...data.notes.map((note) => make('p', { class: 'note' }, note))),
  make('section', {},
    make('div', { class: 'tools' }, find, make('button', { onclick: expandAll }, labels.expandAll), make('button', { onclick: collapseAll }, labels.collapseAll)),
    make('div', { class: 'legend' }, ...data.services.map(([name]) => make('span', {}, make('span', { class: `dot ${colourOf(name)}` }), name))),
    split),
  make('section', {}, make('h2', {}, labels.logs), logTable()),
  make('section', {}, make('h2', {}, labels.metrics), data.charts.length > 0 ? make('div', { class: 'charts' }, ...data.charts.map(chart)) : make('p', { class: 'quiet' }, labels.noMetrics)))
new ResizeObserver(draw).observe(scroller)
layOut()
