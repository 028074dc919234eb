import { describe, expect, test } from 'vitest'
import { formatDataType } from '../format.ts'
import { parseDataType } from '../parse.ts'
import { expectSpans, withoutSpans } from '../testing/round-trip.ts'

describe('data types', () => {
  test.each([
    ['char(10)', 'CHAR(10)'],
    ['character varying(3)', 'VARCHAR(3)'],
    ['varchar', 'VARCHAR'],
    ['string not null', 'STRING NOT NULL'],
    ['boolean null', 'BOOLEAN'],
    ['binary varying(4)', 'VARBINARY(4)'],
    ['binary(4)', 'BINARY(4)'],
    ['bytes', 'BYTES'],
    ['numeric(10, 2)', 'DECIMAL(10, 2)'],
    ['dec', 'DECIMAL'],
    ['tinyint', 'TINYINT'],
    ['smallint', 'SMALLINT'],
    ['integer', 'INT'],
    ['bigint', 'BIGINT'],
    ['real', 'FLOAT'],
    ['double precision', 'DOUBLE'],
    ['date', 'DATE'],
    ['time(3) without time zone', 'TIME(3)'],
    ['timestamp', 'TIMESTAMP'],
    ['timestamp(3) without time zone', 'TIMESTAMP(3)'],
    ['timestamp(3) with local time zone', 'TIMESTAMP_LTZ(3)'],
    ['timestamp_ltz(3)', 'TIMESTAMP_LTZ(3)'],
    ['timestamp(3) with time zone not null', 'TIMESTAMP(3) WITH TIME ZONE NOT NULL'],
    ['interval day to second(3)', 'INTERVAL DAY TO SECOND(3)'],
    ['interval year(4) to month', 'INTERVAL YEAR(4) TO MONTH'],
    ['variant', 'VARIANT'],
    ['bitmap', 'BITMAP'],
    ['null', 'NULL'],
    ['array<array<int not null>> not null', 'ARRAY<ARRAY<INT NOT NULL>> NOT NULL'],
    ['int array', 'ARRAY<INT>'],
    ['varchar(3) not null array multiset', 'MULTISET<ARRAY<VARCHAR(3) NOT NULL>>'],
    ['map<string, row<a int, b multiset<string>>>', 'MAP<STRING, ROW<a INT, b MULTISET<STRING>>>'],
    ["row(a int comment 'x', `b c` string)", "ROW<a INT COMMENT 'x', `b c` STRING>"],
    ['row<>', 'ROW<>'],
    ['array<row<>>', 'ARRAY<ROW<>>'],
    ["raw('c', 's')", "RAW('c', 's')"],
    ["structured<'c', a int, b string>", "STRUCTURED<'c', a INT, b STRING>"],
    ["structured<'c'>", "STRUCTURED<'c'>"],
  ])('%s is %s', (sql, expected) => {
    const type = parseDataType(sql)
    expectSpans(sql, type)
    const text = formatDataType(type)
    expect(text).toBe(expected)
    expect(withoutSpans(parseDataType(text))).toEqual(withoutSpans(type))
  })
})
