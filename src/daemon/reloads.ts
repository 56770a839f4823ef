/** One reload at a time, and never two for what one would do. */
export class Reloads {
  readonly #work: () => Promise<void>;
  /** The one that has not begun yet: whoever asks until then asks for the same. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  /** @param work one reload; never throws */
  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Done with a reload that began after this was called. */
  again(): Promise<void> {
    this.#next ??= this.#last.then(() => {
      this.#next = undefined;
      return this.#work();
    });
    this.#last = this.#next;
    return this.#next;
  }

  /** Done with what is under way or asked for. */
  get idle(): Promise<void> {
    return this.#last;
  }
}
