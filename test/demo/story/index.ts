/** The scenes, in their order. */
import { health, history, killed } from "./closing.js";
import { leaving, massRemoval } from "./leaving.js";
import { apply, organisation, plan } from "./opening.js";
import { rotation } from "./rotation.js";
import type { Scene } from "./scene.js";
import { signIn } from "./sign-in.js";

export const SCENES: readonly Scene[] = [
  organisation,
  plan,
  apply,
  signIn,
  rotation,
  leaving,
  massRemoval,
  health,
  history,
  killed,
];
