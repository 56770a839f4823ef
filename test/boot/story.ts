/** What the chapters of the test share: one node, one world outside it, one package. */
import type { Lab } from "./lab.js";
import type { Node } from "./node.js";
import type { Outside } from "./outside.js";
import type { Package } from "./deb.js";

export interface Story {
  readonly lab: Lab;
  readonly node: Node;
  readonly outside: Outside;
  readonly built: Package;
}

export const HOSTNAME = "pve1";
export const PVE_NAME = "pve1.contoso.example";
/** The name that the GUI has for people, once an ACME client was there. */
export const GUI_NAME = "gui.contoso.example";
/** The figures of memory are for so many. */
export const PEOPLE = 100;

export function upnOf(person: number): string {
  return `person${String(person).padStart(3, "0")}@contoso.example`;
}

export function useridOf(person: number): string {
  return `${upnOf(person)}@entra`;
}
