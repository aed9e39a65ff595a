// What imports can say; each has a sentence in the catalogues.
export const noteKeys: ReadonlySet<string> = new Set([
  'affix', 'annotations', 'autoGrid', 'barChart', 'bothKinds', 'calculatedHeatmap', 'colourScheme', 'columnColours', 'conditional', 'dataLink', 'displayMode',
  'displayName', 'element', 'emptyQuery', 'expression', 'grafanaSource', 'heatmapOfSeries', 'html', 'intervalFactor', 'join', 'language', 'layout', 'legendFigures',
  'libraryPanel', 'link', 'logql', 'logqlAsSql', 'override', 'overrideProperty', 'panelType', 'pie', 'reduceFields', 'reducer', 'secondAxis', 'sharedQuery',
  'states', 'symlog', 'tableTransform', 'tabs', 'thresholdsBelow', 'time', 'timeFrom', 'timeShift', 'traceSearch', 'transform', 'variableName', 'variableQuery', 'variableType',
])
