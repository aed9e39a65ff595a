import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { failedTrace, launch, settle, visit } from './browser'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Finding {
  id: string
  nodes: { html: string; failureSummary: string }[]
}

async function findings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const violations = (await page.evaluate(`axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then((result) => result.violations)`)) as Finding[]
  return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`)
}

let browser: Browser
let traceId = ''
beforeAll(async () => {
  browser = await launch()
  traceId = await failedTrace()
}, 300_000)
afterAll(() => browser.close())

const paths = [
  '/', '/services?range=6h', '/services/spam?range=6h', '/services/spam?range=6h&tab=errors', '/services/spam?range=6h&tab=database',
  '/map?range=6h', '/map?range=6h&as=table', '/traces?range=6h', '/traces?range=6h&as=text', '/traces?range=6h&plot=scatter&table=on', '/traces?range=6h&sel=errors&view=compare', '/trace', '/trace?view=flame', '/trace?view=list', '/trace?view=timeline',
  '/trace?view=graph', '/trace?view=json', '/trace/file', '/logs?range=6h', '/logs?range=6h&q=egg%20-nosuch&col=http.route&by=service&facet=http.route', '/logs?range=6h&q=nosuchword', '/logs?live=1', '/dashboards', '/dashboards?import=1', '/dashboards/ready/python-service?range=6h', '/dashboards/ready/luneta', '/sql', '/connect', '/status',
  '/metrics-explorer', '/metrics-explorer?metric=http_server_request_duration_seconds&range=6h', '/metrics-explorer?metric=http_server_request_duration_seconds&range=6h&tab=breakdown', '/metrics-explorer?metric=http_server_request_duration_seconds&range=6h&tab=labels',
  '/metrics-explorer?view=query&q=up&q=target_info&mode=table', '/metrics-explorer?view=query&q=sum(target_info)', '/metrics-explorer?view=cardinality&blame=target_info',
]

for (const theme of ['dark', 'light'] as const) {
  describe(`${theme} theme meets WCAG 2.2 AA`, () => {
    for (const path of paths) {
      it(path, async () => {
        const { page } = await visit(browser, path.replace(/^\/trace(?=$|\?)/, `/trace/${traceId}`), { theme })
        if (path === '/trace') await page.locator('.waterfall-row').first().click()
        // Cards load in view: all of them, for once.
        if (path === '/') {
          await page.setViewportSize({ width: 1440, height: 3600 })
          await page.waitForFunction(() => !document.querySelector('.awaiting'))
        }
        await settle(page)
        expect(await findings(page)).toEqual([])
        await page.context().close()
      })
    }
  })
}
