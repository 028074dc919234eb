/** A tree as Flink draws it: `:- ` before an input that others follow, `+- ` before the last. */

export interface TextTree {
  readonly text: string
  readonly inputs: readonly TextTree[]
}

export function drawTree(tree: TextTree): string {
  const lines: string[] = []
  draw(tree, '', '', lines)
  return lines.join('\n')
}

function draw(tree: TextTree, first: string, rest: string, lines: string[]): void {
  lines.push(`${first}${tree.text}`)
  for (const [index, input] of tree.inputs.entries()) {
    const last = index === tree.inputs.length - 1
    draw(input, `${rest}${last ? '+- ' : ':- '}`, `${rest}${last ? '   ' : ':  '}`, lines)
  }
}
