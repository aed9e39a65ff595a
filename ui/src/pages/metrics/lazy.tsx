// A component whose chunk is fetched when it is first drawn.
import type { ComponentChildren, ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Failed } from '../../components/Notice'

type Frame<Props> = (props: Props, content: ComponentChildren) => ComponentChildren

export function lazy<Props extends object>(load: () => Promise<{ default: ComponentType<Props> }>, waiting: ComponentChildren, frame: Frame<Props> = (_, content) => content): ComponentType<Props> {
  let Loaded: ComponentType<Props> | null = null
  return function Lazy(props: Props) {
    const [, redraw] = useState(0)
    const [failure, setFailure] = useState('')
    useEffect(() => {
      if (Loaded) return
      load().then(
        (module) => {
          Loaded = module.default
          redraw((tick) => tick + 1)
        },
        (cause: unknown) => setFailure(String(cause)),
      )
    }, [])
    if (Loaded) return <Loaded {...props} />
    return <>{frame(props, failure ? <Failed fault={{ kind: 'network', message: failure }} retry={() => location.reload()} /> : waiting)}</>
  }
}
