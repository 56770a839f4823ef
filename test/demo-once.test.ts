/** The demo as a stranger starts it: every step comes true, and nothing is left behind. */
import t from "tap";
import { SCENES } from "./demo/story/index.js";
import { start } from "./demo-process.js";

t.setTimeout(600_000);

t.test("demo --once: every step comes true", async (t) => {
  const demo = start(t, "test/demo/main.ts", "--once");
  const exit = await demo.ended;
  const text = demo.text();
  t.equal(exit, 0, exit === 0 ? "it ends well" : text);
  const ends = text.split("\n").filter((line) => /^ {2}[✓✗] {1,2}\d+ {2}/.test(line));
  t.equal(ends.length, SCENES.length, "one line a step");
  for (const [index, { title }] of SCENES.entries()) {
    const line = ends[index] ?? "";
    t.ok(line.startsWith("  ✓ ") && line.includes(`${index + 1}  ${title} (`), `${title}: ${line}`);
  }
  t.notMatch(text, /✗/, "no check failed");
  t.notMatch(text, /\u001b/, "no colours in a pipe");
  t.same(demo.left(), [], "nothing is left behind");
});

t.test("interrupted in the middle, the demo fails and leaves nothing behind", async (t) => {
  const demo = start(t, "test/demo/main.ts", "--once");
  await demo.says(/\n3 of 10/);
  demo.child.kill("SIGINT");
  t.equal(await demo.ended, 1);
  t.notMatch(demo.text(), /What came true|Error/);
  t.same(demo.left(), []);
});
