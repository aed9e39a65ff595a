import { useState } from 'preact/hooks'
import { t } from '../i18n/translate'
import { bytes } from '../time/format'

const limit = 8192
const preview = 600

// Long values stay collapsed, so that one of them cannot freeze the page.
export function BigText({ text, pre = false }: { text: string; pre?: boolean }) {
  const [whole, setWhole] = useState(false)
  const long = text.length > limit
  const shown = long && !whole ? `${text.slice(0, preview)}…` : text
  const toggle = long && (
    <button class="button small" onClick={() => setWhole(!whole)}>
      {whole ? t('bigText.less') : t('bigText.more', { size: bytes(text.length) })}
    </button>
  )
  if (pre) {
    return (
      <>
        <pre class="pre-block" tabIndex={0}>{shown}</pre>
        {toggle}
      </>
    )
  }
  return (
    <>
      {shown} {toggle}
    </>
  )
}
