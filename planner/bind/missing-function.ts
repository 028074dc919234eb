/** Functions of Flink that cannot be called here, and what to write instead of them. */

interface MissingFunction {
  /** What is wrong with the call. */
  readonly text: string
  readonly hint: string
}

const DEDUPLICATION =
  'Number the rows: SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts) AS n FROM t) WHERE n = 1.'
const MODELS = 'Models cannot be run. One that is computed in the process can be called in a function in JavaScript.'

const MISSING: Readonly<Record<string, MissingFunction>> = {
  DEDUPLICATE: notSupported('DEDUPLICATE', DEDUPLICATION),
  DEDUPLICATE_KEEP_FIRST: notSupported('DEDUPLICATE_KEEP_FIRST', DEDUPLICATION),
  SNAPSHOT: notSupported(
    'SNAPSHOT',
    'Join a versioned table FOR SYSTEM_TIME AS OF a time attribute of the left side, or a table without LATERAL, which keeps the result up to date.',
  ),
  ML_PREDICT: notSupported('ML_PREDICT', MODELS),
  ML_EVALUATE: notSupported('ML_EVALUATE', MODELS),
  VECTOR_SEARCH: notSupported(
    'VECTOR_SEARCH',
    'No connector searches by distance. ORDER BY a distance with LIMIT, or a Top-N, gives the nearest rows of a table.',
  ),
  SOURCE_WATERMARK: notSupported(
    'SOURCE_WATERMARK',
    "No connector makes watermarks of its own: write for example WATERMARK FOR ts AS ts - INTERVAL '5' SECOND.",
  ),
  TO_CHANGELOG: onlyInFrom('TO_CHANGELOG'),
  FROM_CHANGELOG: onlyInFrom('FROM_CHANGELOG'),
}

export function missingFunction(name: string): MissingFunction | undefined {
  return Object.hasOwn(MISSING, name) ? MISSING[name] : undefined
}

function notSupported(name: string, hint: string): MissingFunction {
  return { text: `function ${name} is not supported yet`, hint }
}

function onlyInFrom(name: string): MissingFunction {
  return { text: `${name} stands in FROM alone, without LATERAL`, hint: `Write FROM ${name}(input => TABLE t).` }
}
