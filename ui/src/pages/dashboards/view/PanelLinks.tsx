import { Icon } from '../../../components/Icon'
import { resolve } from '../../../url/base'
import type { Link } from '../model/document'
import { safeAddress } from '../model/read'
import { interpolate, type Scope } from '../variables/interpolate'

// Addresses of other sites open as they are; paths are those of this UI.
export function PanelLinks({ links, scope }: { links: readonly Link[]; scope: Scope }) {
  return (
    <>
      {links.map(({ title, url, tab }, at) => {
        const address = interpolate(url, scope, 'url')
        if (!safeAddress(address)) return null
        const outside = /^(https?:|mailto:)/i.test(address)
        return (
          <a key={at} class="button small plain" href={outside ? address : resolve(address)} title={title} {...(tab ? { target: '_blank', rel: 'noreferrer' } : { rel: 'noreferrer' })}>
            <Icon name="link" size={13} /> <span class="cut">{interpolate(title, scope, 'text')}</span>
          </a>
        )
      })}
    </>
  )
}
