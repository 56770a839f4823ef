/** Lets requests go until what sends them is done. */
import type { Bed } from "./two-writers-bed.js";
import type { Parked } from "./two-writers-traffic.js";

/** Far more than any pass needs; a loop that sends for ever must not hang a test. */
const MOST_REQUESTS = 100_000;

/** One request after the other, first come first served; `before` is told of each beforehand. */
export async function drive<T>(
  { traffic }: Bed,
  work: Promise<T>,
  before: (request: Parked) => void = () => undefined,
): Promise<T> {
  let over = false;
  const end = (): void => void (over = true);
  work.then(end, end);
  await traffic.settled();
  for (let sent = 0; !over; sent += 1) {
    if (sent > MOST_REQUESTS) throw new Error("it sends for ever");
    const [next] = traffic.parked;
    if (next !== undefined) {
      before(next);
      await next.release();
    } else if (traffic.asleep) await traffic.wake();
    else throw new Error("it neither asks nor sleeps nor ends");
  }
  return work;
}

export function toTheEnd<T>(bed: Bed, work: Promise<T>): Promise<T> {
  return drive(bed, work);
}
