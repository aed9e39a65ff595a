// Pure: the notebook as data, kept in the browser and carried whole in a share link.
export interface Cell {
  id: string
  kind: 'sql' | 'text'
  source: string
}

export interface Notebook {
  cells: Cell[]
}

let counter = 0

export function newCell(kind: Cell['kind'], source = ''): Cell {
  counter += 1
  return { id: `${Date.now().toString(36)}-${counter}`, kind, source }
}

export function readNotebook(written: string | null): Notebook | null {
  if (!written) return null
  try {
    const parsed: unknown = JSON.parse(written)
    if (!Array.isArray(parsed)) return null
    const cells = parsed.flatMap((pair: unknown) => {
      if (!Array.isArray(pair) || typeof pair[1] !== 'string') return []
      return [newCell(pair[0] === 't' ? 'text' : 'sql', pair[1])]
    })
    return cells.length > 0 ? { cells } : null
  } catch {
    return null
  }
}

export function writeNotebook({ cells }: Notebook): string {
  return JSON.stringify(cells.map(({ kind, source }) => [kind === 'text' ? 't' : 's', source]))
}

// Base64url of UTF-8, for the `nb` parameter of a share link.
export function encodeShare(notebook: Notebook): string {
  const bytes = new TextEncoder().encode(writeNotebook(notebook))
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

export function decodeShare(shared: string): Notebook | null {
  try {
    const binary = atob(shared.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0))
    return readNotebook(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
}

export type Block =
  | { kind: 'heading'; level: number; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'code'; text: string }

// The small part of Markdown that notes need: headings, paragraphs, lists, fenced code.
export function parseText(source: string): Block[] {
  const blocks: Block[] = []
  const lines = source.split('\n')
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string
    const heading = /^(#{1,3})\s+(.*)$/.exec(line)
    if (line.startsWith('```')) {
      const end = lines.findIndex((other, index) => index > at && other.startsWith('```'))
      const stop = end < 0 ? lines.length : end
      blocks.push({ kind: 'code', text: lines.slice(at + 1, stop).join('\n') })
      at = stop
    } else if (heading) blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, text: heading[2] ?? '' })
    else if (/^[-*]\s+/.test(line)) {
      const last = blocks.at(-1)
      const item = line.replace(/^[-*]\s+/, '')
      if (last?.kind === 'list' && /^[-*]\s+/.test(lines[at - 1] ?? '')) last.items.push(item)
      else blocks.push({ kind: 'list', items: [item] })
    } else if (line.trim() !== '') {
      const last = blocks.at(-1)
      if (last?.kind === 'paragraph' && (lines[at - 1] ?? '').trim() !== '') last.text += ` ${line.trim()}`
      else blocks.push({ kind: 'paragraph', text: line.trim() })
    }
  }
  return blocks
}

export type Inline = { kind: 'text' | 'bold' | 'code'; text: string } | { kind: 'link'; text: string; href: string }

export function parseInline(text: string): Inline[] {
  const parts: Inline[] = []
  let from = 0
  for (const match of text.matchAll(/\*\*([^*]+)\*\*|`([^`]+)`|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)/g)) {
    if (match.index > from) parts.push({ kind: 'text', text: text.slice(from, match.index) })
    if (match[1] !== undefined) parts.push({ kind: 'bold', text: match[1] })
    else if (match[2] !== undefined) parts.push({ kind: 'code', text: match[2] })
    else parts.push({ kind: 'link', text: match[3] ?? '', href: match[4] ?? '' })
    from = match.index + match[0].length
  }
  if (from < text.length) parts.push({ kind: 'text', text: text.slice(from) })
  return parts
}
