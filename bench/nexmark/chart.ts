/** A bar chart as SVG text. */
export interface ChartRow {
  readonly label: string
  /** Events per CPU second. */
  readonly value: number
}

const [ROW, LABEL, WIDTH, VALUE] = [22, 48, 640, 120]

export function drawChart(rows: readonly ChartRow[]): string {
  const most = Math.max(1, ...rows.map(({ value }) => value))
  const bars = rows.map(({ label, value }, index) => {
    const y = 30 + index * ROW
    const length = Math.round((value / most) * WIDTH)
    return `<text x="${LABEL - 8}" y="${y + 14}" text-anchor="end">${label}</text>
<rect x="${LABEL}" y="${y + 3}" width="${length}" height="${ROW - 8}" rx="2"/>
<text x="${LABEL + length + 6}" y="${y + 14}">${(value / 1e6).toFixed(2)} M</text>`
  })
  const [width, height] = [LABEL + WIDTH + VALUE, 40 + rows.length * ROW]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<style>rect { fill: #2a6f97 } text { fill: #222 }</style>
<rect width="${width}" height="${height}" style="fill: #fff"/>
<text x="${LABEL}" y="18" font-weight="bold">Nexmark, events per CPU second</text>
${bars.join('\n')}
</svg>
`
}
