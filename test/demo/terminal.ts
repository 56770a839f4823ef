/** How the story is told on the terminal: scenes, checks, and what commands printed. */

const RESET = "\u001b[0m";
const BOLD = 1;
const DIM = 2;
const RED = 31;
const GREEN = 32;
const CYAN = 36;
const WIDTH = 150;

export interface Terminal {
  readonly write: (text: string) => void;
  /** A terminal: colours. */
  readonly colours: boolean;
}

interface Told {
  readonly title: string;
  good: number;
  bad: number;
}

export class Teller {
  readonly #terminal: Terminal;
  readonly #scenes: Told[] = [];
  readonly #count: number;
  #mute = false;
  /** Everything that was shown, for the search for secrets. */
  shown = "";

  constructor(terminal: Terminal, scenes: number) {
    this.#terminal = terminal;
    this.#count = scenes;
  }

  get colours(): boolean {
    return this.#terminal.colours;
  }

  /** Nothing more is shown: somebody has interrupted the story. */
  mute(): void {
    this.#mute = true;
  }

  /** Begins the next scene. */
  scene(title: string, when: number): void {
    this.#scenes.push({ title, good: 0, bad: 0 });
    const date = new Date(when).toUTCString().slice(0, 22);
    const line = `${this.#scenes.length} of ${this.#count}  ${title}`;
    this.#line(`\n${this.#paint(BOLD, line)}   ${this.#paint(DIM, `(${date} UTC)`)}`);
  }

  say(text: string): void {
    this.#line(`  ${text}`);
  }

  /** Says whether something came true; `why` is shown where it did not. Gives the answer back. */
  check(ok: boolean, what: string, why?: string): boolean {
    const scene = this.#scenes.at(-1);
    if (scene !== undefined) scene[ok ? "good" : "bad"] += 1;
    const mark = ok ? this.#paint(GREEN, "✓") : this.#paint(RED, "✗");
    const behind = ok || why === undefined ? "" : `: ${why}`;
    this.#line(`  ${mark} ${what}${behind}`);
    return ok;
  }

  /** A command line and what it printed: `most` lines of it, from the beginning and the end. */
  command(line: string, printed: string, exit: number, most: number): void {
    this.#line(`  ${this.#paint(CYAN, `$ ${line}`)}`);
    const lines = printed.replace(/\n$/, "").split("\n");
    const tail = Math.min(6, Math.floor(most / 3));
    const left = lines.length - most;
    const cut =
      left > 0
        ? [
            ...lines.slice(0, most - tail),
            this.#paint(DIM, `… ${left} more lines …`),
            ...lines.slice(lines.length - tail),
          ]
        : lines;
    for (const text of cut) this.#line(`  ${this.#paint(DIM, "│")} ${shortened(text)}`);
    if (exit !== 0) this.#line(`  ${this.#paint(DIM, `└ exit ${exit}`)}`);
  }

  /** One line a scene; true when every scene was told and nothing in them failed. */
  summary(): boolean {
    this.#line(`\n${this.#paint(BOLD, "What came true")}`);
    for (const [index, { title, good, bad }] of this.#scenes.entries()) {
      const ok = bad === 0 && good > 0;
      const mark = ok ? this.#paint(GREEN, "✓") : this.#paint(RED, "✗");
      const counts = bad === 0 ? `${good} checks` : `${bad} of ${good + bad} checks failed`;
      this.#line(`  ${mark} ${String(index + 1).padStart(2)}  ${title} (${counts})`);
    }
    const untold = this.#count - this.#scenes.length;
    if (untold > 0) this.#line(`  ${this.#paint(RED, "✗")} ${untold} more were not reached`);
    return untold === 0 && this.#scenes.every(({ good, bad }) => bad === 0 && good > 0);
  }

  #line(text: string): void {
    this.shown += `${text}\n`;
    if (!this.#mute) this.#terminal.write(`${text}\n`);
  }

  #paint(code: number, text: string): string {
    return this.#terminal.colours ? `\u001b[${code}m${text}${RESET}` : text;
  }
}

/** Longer lines are cut: fifty privileges tell the story no better than ten. */
function shortened(line: string): string {
  const characters = [...line];
  return characters.length <= WIDTH ? line : `${characters.slice(0, WIDTH - 1).join("")}…`;
}
