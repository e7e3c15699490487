export type Cell = string | number;

/**
 * A table for stdout: columns two blanks apart, numbers to the right, a rule under the header. The caller rounds.
 * @param rows each as long as `header`
 */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const width = header.map((name, c) => Math.max(...[name, ...rows.map((row) => row[c] ?? '')].map(length)));
  const right = header.map((_, c) => rows.length > 0 && rows.every((row) => isNumeric(row[c] ?? '')));
  const line = (cells: readonly Cell[]) =>
    header
      .map((_, c) => {
        const text = String(cells[c] ?? '');
        const pad = ' '.repeat(Math.max(0, (width[c] ?? 0) - length(text)));
        return right[c] ? pad + text : text + pad;
      })
      .join('  ')
      .trimEnd();
  const rule = width
    .map((w) => '─'.repeat(w))
    .join('  ')
    .trimEnd();
  return `${[line(header), rule, ...rows.map(line)].join('\n')}\n`;
}

/** Numbers, also with a unit or a sign for none: `12.5 %`, `$3`, `–`. */
function isNumeric(cell: Cell): boolean {
  return typeof cell === 'number' || /^([$+−-]?[\d.,]+( ?(%|h|s|\$))?|–|)$/.test(cell);
}

function length(cell: Cell): number {
  return [...String(cell)].length;
}
