// How a million log records are browsed: `LUNETA_URL=http://… node bench/logsPage.mjs`.
// Sends them to the server, unless it has them, opens the page Logs several times in a headless browser, and scrolls.
// Frames are timed while 600 of them scroll by a step; records behind those that are loaded come as one scrolls.
import { chromium } from 'playwright-core'

const address = (process.env.LUNETA_URL ?? '').replace(/\/$/, '')
const amount = Number(process.env.RECORDS ?? 1_000_000)
const runs = Number(process.env.RUNS ?? 5)
const service = `millions-${amount}`
const perBody = 5000
const severities = [9, 9, 9, 9, 9, 9, 5, 13, 9, 17]
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

async function count() {
  const query = `SELECT count(*) FROM logs WHERE service_name = '${service}' AND time > now() - INTERVAL '50 minutes'`
  const answer = await fetch(`${address}/api/sql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) })
  return Number((await answer.json()).rows[0][0])
}

async function send() {
  const start = BigInt(Date.now() - 45 * 60_000) * 1_000_000n
  const step = BigInt(Math.floor((44 * 60_000_000_000) / amount))
  for (let first = 0; first < amount; first += perBody) {
    const logRecords = Array.from({ length: Math.min(perBody, amount - first) }, (_, index) => {
      const n = first + index
      return {
        timeUnixNano: String(start + BigInt(n) * step), severityNumber: severities[n % 10],
        body: { stringValue: `GET /items/${n % 977} answered in ${n % 89} ms for user u${(n * 7919) % 100_003}, record ${n}` },
        attributes: [{ key: 'http.route', value: { stringValue: '/items/{id}' } }, { key: 'n', value: { intValue: n } }],
      }
    })
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] }
    const body = JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] })
    const answer = await fetch(`${address}/v1/logs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  }
}

async function open(browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const path = `/logs?range=1h&f=${encodeURIComponent(`service=${service}`)}`
  const begin = Date.now()
  await page.goto(address + path)
  await page.waitForSelector('.log-panel .log')
  const first = Date.now() - begin
  await page.waitForLoadState('networkidle')
  const scrolled = await page.evaluate(async () => {
    const host = document.querySelector('.log-scroll')
    const step = 15 * document.querySelector('.log-panel .log').getBoundingClientRect().height
    const times = []
    let [moved, most, waited] = [0, 0, 0]
    let last = await new Promise(requestAnimationFrame)
    for (let n = 0; n < 600; n += 1) {
      const before = host.scrollTop
      host.scrollTop += step
      moved += Math.max(0, host.scrollTop - before)
      if (host.scrollTop === before) waited += 1
      const now = await new Promise(requestAnimationFrame)
      times.push(now - last)
      last = now
      most = Math.max(most, document.querySelectorAll('.log-panel .log').length)
    }
    return { times, moved, most, waited, rows: Math.round(moved / step) * 15 }
  })
  const oldest = await page.evaluate(async () => {
    const begin = performance.now()
    document.querySelector('.log-scroll').focus()
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }))
    for (;;) {
      await new Promise(requestAnimationFrame)
      if ([...document.querySelectorAll('.log-panel .log')].some((row) => row.textContent?.endsWith('record 0'))) return performance.now() - begin
      if (performance.now() - begin > 20_000) return Number.NaN
    }
  })
  await context.close()
  return { first, oldest, ...scrolled }
}

const known = await count()
if (known < amount) await send()
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] })
const all = []
for (let run = 0; run < runs; run += 1) all.push(await open(browser))
await browser.close()
const frames = all.flatMap((one) => one.times).sort((a, b) => a - b)
const at = (part) => frames[Math.floor(frames.length * part)].toFixed(1)
const late = ((frames.filter((frame) => frame > 20).length / frames.length) * 100).toFixed(1)
console.log('records | first rows | oldest row by End | rows scrolled | frame: median, 95th percentile, late (over 20 ms) | frames that waited | row nodes')
console.log(
  `${amount} | ${median(all.map((one) => one.first))} ms | ${median(all.map((one) => one.oldest)).toFixed(0)} ms | ${median(all.map((one) => one.rows))} | ` +
    `${at(0.5)}, ${at(0.95)}, ${late} % | ${median(all.map((one) => one.waited))} of 600 | ${Math.max(...all.map((one) => one.most))}`,
)
