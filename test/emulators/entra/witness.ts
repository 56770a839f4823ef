import type { Asked, Witness } from "./graph/index.js";
import type { GraphSchema } from "./schema.js";
import type { Answer } from "./service.js";

/** An honest answer, or a request that got one, which is not as the description says. */
export interface Violation {
  method: string;
  path: string;
  status: number;
  /** What is wrong, by place in the body. */
  errors: string[];
}

/** Notes what breaks the description: answers, and bodies of requests that were taken all the same. */
export function createWitness(schema: GraphSchema | undefined, violations: Violation[]): Witness {
  if (!schema) return () => undefined;
  return (asked: Asked, answer: Answer) => {
    const { method, path } = asked;
    const { status } = answer;
    const wrong = schema.response(method, path, status, answer.body);
    const taken = status < 300 ? schema.request(method, path, asked.body) : [];
    const errors = [...wrong, ...taken.map((text) => `request: ${text}`)];
    if (errors.length > 0) violations.push({ method, path, status, errors });
  };
}
