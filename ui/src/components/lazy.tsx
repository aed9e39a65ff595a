// A component whose chunk is fetched when it is first drawn.
import type { ComponentChildren, ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Failed, Skeleton } from './Notice'

type Frame<Props> = (props: Props, content: ComponentChildren) => ComponentChildren

export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>, waiting: ComponentChildren = <Skeleton height={60} />, frame: Frame<Props> = (_, content) => content): ComponentType<Props> {
  let Loaded: ComponentType<Props> | null = null
  return function Lazy(props: Props) {
    const [, redraw] = useState(Loaded !== null)
    const [failure, setFailure] = useState('')
    useEffect(() => {
      // It may have come for another place between this one's drawing and now.
      const fetched = Loaded ? Promise.resolve(Loaded) : load()
      fetched.then(
        (component) => {
          Loaded = component
          redraw(true)
        },
        (cause: unknown) => setFailure(String(cause)),
      )
    }, [])
    if (Loaded) return <Loaded {...props} />
    return <>{frame(props, failure ? <Failed fault={{ kind: 'network', message: failure }} retry={() => location.reload()} /> : waiting)}</>
  }
}
