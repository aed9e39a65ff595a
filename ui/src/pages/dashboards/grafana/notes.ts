// What is found while a panel is converted. Anything noted makes it an approximation; a refusal, unsupported.
import type { Note, Verdict } from '../model/document'

export class Findings {
  readonly notes: Note[] = []
  private refused = false

  differs(what: string, detail?: string): void {
    if (this.notes.some((note) => note.what === what && note.detail === detail)) return
    this.notes.push(detail === undefined ? { what } : { what, detail: detail.slice(0, 300) })
  }

  refuse(what: string, detail?: string): void {
    this.refused = true
    this.differs(what, detail)
  }

  verdict(): Verdict {
    if (this.refused) return 'unsupported'
    return this.notes.length > 0 ? 'approximated' : 'converted'
  }
}
