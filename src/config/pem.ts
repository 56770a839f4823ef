/** The PEM blocks of one label in a text, each on its own and ended by a line feed. */
export function pemBlocks(text: string, label: string): string[] {
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const found: string[] = [];
  for (let from = text.indexOf(begin); from !== -1; from = text.indexOf(begin, from + 1)) {
    const to = text.indexOf(end, from);
    if (to !== -1) found.push(`${text.slice(from, to)}${end}\n`.replaceAll("\r\n", "\n"));
  }
  return found;
}
