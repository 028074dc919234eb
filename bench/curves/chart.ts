/** Line charts as SVG text, one below the other: a logarithmic axis to the right, one from zero upwards. */
export interface LineChart {
  readonly title: string
  readonly lines: readonly Line[]
}

export interface Line {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const [WIDTH, HEIGHT, LEFT, TOP, LEGEND] = [520, 260, 70, 40, 220]
const PANEL = TOP + HEIGHT + 50
const COLORS = ['#2a6f97', '#c1121f', '#588157', '#8a5a9e', '#d98324', '#3d405b', '#0f9d8a', '#9c6644']
const STEPS = 4

export function drawLines(charts: readonly LineChart[]): string {
  const [width, height] = [LEFT + WIDTH + LEGEND, charts.length * PANEL]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<style>text { fill: #222 } polyline { fill: none; stroke-width: 2 }</style>
<rect width="${width}" height="${height}" fill="#fff"/>
${charts.map((chart, index) => `<g transform="translate(0 ${index * PANEL})">\n${drawChart(chart)}\n</g>`).join('\n')}
</svg>
`
}

function drawChart({ title, lines }: LineChart): string {
  const points = lines.flatMap((line) => line.points)
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b)
  const [least, most] = [Math.log10(xs[0] ?? 1), Math.log10(xs.at(-1) ?? 10)]
  const top = Math.max(1e-9, ...points.map(({ y }) => y))
  const place = (x: number): number =>
    Math.round(LEFT + ((Math.log10(x) - least) / Math.max(1e-9, most - least)) * WIDTH)
  const level = (y: number): number => Math.round(TOP + HEIGHT - (y / top) * HEIGHT)
  const grid = Array.from({ length: STEPS + 1 }, (_, step) => {
    const y = (top * step) / STEPS
    return `<line x1="${LEFT}" x2="${LEFT + WIDTH}" y1="${level(y)}" y2="${level(y)}" stroke="#ddd"/>
<text x="${LEFT - 8}" y="${level(y) + 4}" text-anchor="end">${y >= 100 ? Math.round(y).toLocaleString('en') : y.toFixed(1)}</text>`
  })
  const ticks = xs.map(
    (x) => `<text x="${place(x)}" y="${TOP + HEIGHT + 20}" text-anchor="middle">${x.toLocaleString('en')}</text>`,
  )
  const drawn = lines.map(({ name, points: own }, index) => {
    const color = COLORS[index % COLORS.length]
    const dots = own.map(({ x, y }) => `<circle cx="${place(x)}" cy="${level(y)}" r="3" fill="${color}"/>`)
    return `<polyline stroke="${color}" points="${own.map(({ x, y }) => `${place(x)},${level(y)}`).join(' ')}"/>${dots.join('')}
<text x="${LEFT + WIDTH + 16}" y="${TOP + 16 * index + 4}" style="fill: ${color}">${name}</text>`
  })
  return [`<text x="${LEFT}" y="20" font-weight="bold">${title}</text>`, ...grid, ...ticks, ...drawn].join('\n')
}
