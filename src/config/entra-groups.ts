import type { Kind } from "./kind.js";
import { refuse, tell } from "./kind.js";
import { guid } from "./names.js";
import type { TomlValue } from "./tree.js";

const INSTEAD = "write the object id of a group, or remove the mapping";

/** One Entra group or a list of several, as lower-case GUIDs. */
export const entraGroups: Kind<readonly string[]> = {
  says: "the object id of an Entra group, or a list of them",
  example: guid.example,
  read: (value, reading) => {
    const items: readonly TomlValue[] = value.kind === "list" ? value.items : [value];
    if (items.length === 0) return tell(reading, value.place, "is an empty list", INSTEAD);
    if (value.kind !== "list" && value.kind !== "text") return refuse(entraGroups, value, reading);
    const ids = new Set<string>();
    for (const item of items) {
      const id = guid.read(item, reading);
      if (id === undefined) continue;
      if (ids.has(id)) tell(reading, item.place, "names one group twice", "remove one of the two");
      ids.add(id);
    }
    return [...ids];
  },
};
