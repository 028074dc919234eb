/** Connectors whose sources are wrapped, for tests that decide what a job reads when. */
import type { Source, SourceContext } from '../connectors/api/source.ts'
import type { CONNECTORS, Connector } from '../connectors/index.ts'

export function wrapSources(
  connectors: typeof CONNECTORS,
  wrap: (source: Source, context: SourceContext) => Source,
): typeof CONNECTORS {
  return Object.fromEntries(
    Object.entries(connectors).map(([name, load]) => [
      name,
      async (): Promise<Connector> => {
        const connector = await load()
        const { createSource } = connector
        if (createSource === undefined) return connector
        return { ...connector, createSource: (context) => wrap(createSource(context), context) }
      },
    ]),
  )
}
