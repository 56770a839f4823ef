import type { Play } from "../play.js";

/** One scene of the story. What it tells comes true or not by its checks. */
export interface Scene {
  readonly title: string;
  play(play: Play): Promise<void>;
}
