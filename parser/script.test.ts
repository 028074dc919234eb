import { describe, expect, test } from 'vitest'
import { parseStatement } from './parse.ts'
import { parseScript, splitScript } from './script.ts'

const texts = (sql: string) => splitScript(sql).map(({ text, complete }) => (complete ? `${text};` : text))

describe('splitScript', () => {
  test.each<[string, readonly string[]]>([
    ['', []],
    [' ;; -- nothing\n', []],
    ['SELECT 1', ['SELECT 1']],
    ['-- first\nSELECT 1; /* second */ SELECT 2 ;', ['SELECT 1;', 'SELECT 2;']],
    ["SELECT ';' AS `;` -- ;\n, /* ; */ 2;", ["SELECT ';' AS `;` -- ;\n, /* ; */ 2;"]],
    ["SELECT 'a;\nb", ["SELECT 'a;\nb"]],
    ['SELECT 1 /* open ;', ['SELECT 1 /* open ;']],
    ['SELECT (1; SELECT 2', ['SELECT (1;', 'SELECT 2']],
    [
      'EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN b THEN 1 END; INSERT INTO c SELECT 2; END; SELECT 3',
      [
        'EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN b THEN 1 END; INSERT INTO c SELECT 2; END;',
        'SELECT 3',
      ],
    ],
    [
      'BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END; QUIT;',
      ['BEGIN STATEMENT SET; INSERT INTO a SELECT 1; END;', 'QUIT;'],
    ],
    [
      'EXPLAIN STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;',
      ['EXPLAIN STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;'],
    ],
    ['EXECUTE INSERT INTO a SELECT 1; SELECT 2;', ['EXECUTE INSERT INTO a SELECT 1;', 'SELECT 2;']],
    ['SET; SHOW JOBS;', ['SET;', 'SHOW JOBS;']],
  ])('%j', (sql, expected) => {
    expect(texts(sql)).toEqual(expected)
  })

  test('is not complete while a statement set, a string or the statement itself is open', () => {
    const complete = (sql: string) => splitScript(sql).at(-1)?.complete
    expect(complete('SELECT 1')).toBe(false)
    expect(complete('SELECT 1;')).toBe(true)
    expect(complete("SELECT 'a;")).toBe(false)
    expect(complete('EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1;')).toBe(false)
    expect(complete('EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END;')).toBe(true)
    expect(complete('BEGIN STATEMENT SET; INSERT INTO a SELECT 1;')).toBe(false)
  })

  test('every part can be parsed in its place, so that all errors of a script are found', () => {
    const sql = 'SELECT 1;\nSELCT 2;\nSELECT 3;\nSELECT 4 FORM t;'
    const lines = splitScript(sql).map(({ span }) => {
      try {
        return parseStatement(sql, span).span.start
      } catch (thrown) {
        return thrown
      }
    })
    expect(lines).toEqual([
      0,
      expect.objectContaining({ position: expect.objectContaining({ line: 2, column: 1 }) }),
      sql.indexOf('SELECT 3'),
      expect.objectContaining({ position: expect.objectContaining({ line: 4, column: 10 }) }),
    ])
  })
})

describe('parseScript', () => {
  test('gives statements with their text and spans in the whole script', () => {
    const sql = "-- demo\nSET 'a' = 'b';\nBEGIN STATEMENT SET;\nINSERT INTO x SELECT 1;\nEND;\n"
    const statements = parseScript(sql)
    expect(statements.map(({ statement }) => statement.kind)).toEqual(['set', 'statement-set'])
    for (const { text, span, statement } of statements) {
      expect(sql.slice(span.start, span.end)).toBe(text)
      expect(statement.span).toEqual(span)
    }
  })
})
