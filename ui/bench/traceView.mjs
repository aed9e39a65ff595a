// How long large traces take to open, and how evenly they scroll: `LUNETA_URL=http://… node bench/traceView.mjs`.
// Sends traces of three sizes to the server, opens each from the page Traces several times in a headless browser, and
// prints medians. Frames are timed while 240 of them scroll by 15 rows each.
import { chromium } from 'playwright-core'

const address = (process.env.LUNETA_URL ?? '').replace(/\/$/, '')
const sizes = [1_000, 10_000, 100_000]
const runs = Number(process.env.RUNS ?? 9)
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
const hex = (number, digits) => number.toString(16).padStart(digits, '0')

// Eight services, fifteen levels, siblings that repeat, four errors in a thousand.
function spansOf(size, traceId) {
  const start = BigInt(Date.now() - 60_000) * 1_000_000n
  const groups = Array.from({ length: 8 }, () => [])
  for (let n = 0; n < size; n += 1) {
    const parent = n === 0 ? '' : hex((n % 40 < 25 ? Math.floor((n - 1) / 7) : Math.max(0, n - 1 - (n % 15))) + 1, 16)
    const from = start + BigInt(n) * 1000n
    groups[Math.floor(n / 3) % 8].push({
      traceId, spanId: hex(n + 1, 16), parentSpanId: parent, name: n % 5 === 0 ? 'SELECT items' : `work ${n % 60}`, kind: 1 + (n % 3),
      startTimeUnixNano: String(from), endTimeUnixNano: String(from + BigInt(50_000 + (n % 97) * 1000)), status: { code: n % 250 === 3 ? 2 : 0 },
      attributes: [{ key: 'http.route', value: { stringValue: `/items/${n % 12}` } }, { key: 'n', value: { intValue: n } }],
    })
  }
  return groups.map((spans, at) => ({ resource: { attributes: [{ key: 'service.name', value: { stringValue: `service-${at}` } }] }, scopeSpans: [{ spans }] }))
}

async function send(size) {
  const traceId = hex(Date.now(), 12) + hex(size, 20)
  for (const group of spansOf(size, traceId)) {
    const body = JSON.stringify({ resourceSpans: [group] })
    const answer = await fetch(`${address}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  }
  return traceId
}

async function open(browser, traceId, size) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(`${address}/traces`)
  await page.waitForLoadState('networkidle')
  const opened = await page.evaluate(async ([path, total]) => {
    const shown = () => document.querySelector('.waterfall-row') && document.body.textContent.replace(/[.,\s]/g, '').includes(`${total}`)
    const begin = performance.now()
    history.pushState({}, '', path)
    dispatchEvent(new PopStateEvent('popstate'))
    let first
    for (;;) {
      await new Promise(requestAnimationFrame)
      if (!first && document.querySelector('.waterfall-row')) first = performance.now() - begin
      if (shown()) return { all: performance.now() - begin, first }
      if (performance.now() - begin > 30_000) throw new Error('not shown in 30 s')
    }
  }, [`/trace/${traceId}`, size])
  const frames = await page.evaluate(async () => {
    const row = document.querySelector('.waterfall-row')
    let scroller = row.parentElement
    while (scroller && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement
    scroller ??= document.scrollingElement
    const times = []
    let last = await new Promise(requestAnimationFrame)
    for (let n = 0; n < 240; n += 1) {
      scroller.scrollTop += 15 * row.getBoundingClientRect().height
      const now = await new Promise(requestAnimationFrame)
      times.push(now - last)
      last = now
    }
    if (scroller.scrollTop < 239 * 15 * 10 && scroller.scrollTop + scroller.clientHeight < scroller.scrollHeight - 1) throw new Error(`scrolled to ${scroller.scrollTop} only`)
    return times
  })
  await context.close()
  return { ...opened, frames }
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] })
console.log('spans | all rows, median (range) | first rows | frame: median, 95th percentile, late (over 20 ms)')
for (const size of sizes) {
  const traceId = await send(size)
  const all = []
  for (let run = 0; run < runs; run += 1) all.push(await open(browser, traceId, size))
  const times = all.map((one) => one.all)
  const frames = all.flatMap((one) => one.frames).sort((a, b) => a - b)
  const at = (part) => frames[Math.floor(frames.length * part)].toFixed(1)
  const late = (frames.filter((frame) => frame > 20).length / frames.length * 100).toFixed(1)
  console.log(`${size} | ${median(times).toFixed(0)} ms (${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}) | ${median(all.map((one) => one.first)).toFixed(0)} ms | ${at(0.5)}, ${at(0.95)}, ${late} %`)
}
await browser.close()
