export { openJournal, readJournal } from "./journal.js";
export type { JournalOptions } from "./journal.js";
export type * from "./types.js";
