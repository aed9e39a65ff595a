// Stat, gauge and bar gauge: one value of each series.
import type { Panel, PanelType } from '../model/document'
import { filled, list, object, present, text, yes, type Json } from '../model/json'
import { reducer } from './fields'
import type { Findings } from './notes'

export function reduced(type: PanelType, options: Json, findings: Findings): Partial<Panel> {
  const how = object(options['reduceOptions'])
  const fields = filled(how['fields'])
  if (fields && fields !== '/.*/') findings.differs('reduceFields', fields)
  const colourMode = text(options['colorMode'])
  const showName = text(options['textMode'])
  if (type === 'bargauge' && filled(options['displayMode']) && !['basic', 'gradient', 'lcd'].includes(String(options['displayMode']))) findings.differs('displayMode', String(options['displayMode']))
  return present<Panel>({
    reduce: reducer(list(how['calcs'])[0], findings),
    rows: yes(how['values']) || undefined,
    colour: colourMode === 'background' || colourMode === 'background_solid' ? 'background' : colourMode === 'none' ? 'none' : undefined,
    sparkline: type === 'stat' ? options['graphMode'] === 'area' || undefined : undefined,
    show: showName === 'value' ? 'value' : showName === 'name' ? 'name' : showName === 'value_and_name' ? 'both' : undefined,
  })
}
