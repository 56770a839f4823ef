/** What a parameter may be. `undefined` and `null` mean: do not send it. */
export type Param = string | number | boolean | readonly string[] | null | undefined;
export type Params = Readonly<Record<string, Param>>;

/**
 * Parameters as PVE reads them: booleans are `1` and `0` (`true` is refused), a list is one value
 * with commas (a repeated key is an error for most), and an empty string or list is *sent*: it is
 * how a comment or all groups are cleared. The caller's object is left as it is.
 */
export function encodeForm(params: Params | undefined): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value === undefined || value === null) continue;
    form.append(name, textOf(value));
  }
  return form.toString();
}

function textOf(value: Exclude<Param, null | undefined>): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "object") return value.join(",");
  return String(value);
}
