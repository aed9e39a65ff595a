// One HTML file that opens anywhere: no address in it leads out, and no text of a span can become markup.
import viewerScript from './viewer.js?raw'
import viewerStyle from './viewer.css?raw'
import type { Attributes } from '../formats/record'
import type { Chart } from './metrics'

export interface ExportedSpan {
  id: string
  row: number // of the parent, -1 at the top
  depth: number
  end: number // first row after the subtree
  service: string
  name: string
  kind: string
  start: number
  duration: number
  self: number
  error: boolean
  critical: boolean
  details: { attributes: Attributes; resource: number; message: string; events: { at: number; name: string; attributes: Attributes }[]; links: { traceId: string; spanId: string }[] } | null
}

export interface ExportedLog {
  at: number
  severity: string
  service: string
  body: string
  row: number
}

export interface Exported {
  title: string
  language: string
  traceId: string
  started: string
  extent: number
  facts: [string, string][]
  notes: string[]
  services: [name: string, colour: number][]
  resources: Attributes[]
  spans: ExportedSpan[]
  logs: ExportedLog[]
  charts: Chart[]
  labels: Record<string, string>
}

const markup: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
export const escapeMarkup = (text: string): string => text.replace(/[&<>"']/g, (char) => markup[char] as string)

// Inside a script element only "<" can end it, and the line separators would break older parsers.
export const escapeData = (data: unknown): string =>
  JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

export function buildDocument(data: Exported, nonce: string): string {
  return `<!doctype html>
<html lang="${escapeMarkup(data.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(data.title)}</title>
<style nonce="${nonce}">${viewerStyle}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="data">${escapeData(data)}</script>
<script nonce="${nonce}">${viewerScript}</script>
</body>
</html>
`
}

export const newNonce = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
