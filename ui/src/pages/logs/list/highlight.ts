// Pure: a text in pieces, with what was searched for apart.
export interface Piece {
  text: string
  found: boolean
}

export function highlight(text: string, words: readonly string[]): Piece[] {
  const wanted = words.map((word) => word.toLowerCase()).filter((word) => word !== '')
  if (wanted.length === 0) return [{ text, found: false }]
  const lower = text.toLowerCase()
  // Some letters are longer in lower case; then places would not agree.
  if (lower.length !== text.length) return [{ text, found: false }]
  const pieces: Piece[] = []
  let at = 0
  while (at < text.length) {
    let next = -1
    let length = 0
    for (const word of wanted) {
      const place = lower.indexOf(word, at)
      if (place >= 0 && (next < 0 || place < next || (place === next && word.length > length))) [next, length] = [place, word.length]
    }
    if (next < 0) break
    if (next > at) pieces.push({ text: text.slice(at, next), found: false })
    pieces.push({ text: text.slice(next, next + length), found: true })
    at = next + length
  }
  if (at < text.length || pieces.length === 0) pieces.push({ text: text.slice(at), found: false })
  return pieces
}
