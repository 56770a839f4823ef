/** At most so many requests a second, whoever asks: health must not be a way to slow us down. */
export class Rate {
  readonly #most: number;
  readonly #monotonic: () => number;
  #second = 0;
  #count = 0;

  /** `monotonic`: milliseconds that only grow. */
  constructor(mostPerSecond: number, monotonic: () => number) {
    this.#most = mostPerSecond;
    this.#monotonic = monotonic;
  }

  allows(): boolean {
    const second = Math.floor(this.#monotonic() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#most;
  }
}
