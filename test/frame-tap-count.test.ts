import t from "tap";
import { countTests } from "../scripts/tap-count.js";

const FILES = `TAP version 14
1..4
# Subtest: test/a.test.ts
    # Subtest: one
        ok 1 - deeper
        not ok 2 - deeper, too # TODO
        1..2
    ok 1 - one # time=3ms
    ok 2 - two # SKIP not here
    ok 3 - about \\# SKIP and all
    1..3
ok 1 - test/a.test.ts # time=9ms
# Subtest: test/b.test.ts
    # Subtest: bad
        not ok 1 - no
          ---
          diff: |
    ok 1 - not a test point
          ...
        1..1
    not ok 1 - bad # time=3ms
      ---
      stack: |
    not ok 9 - nor is this
      ...
    1..1
not ok 2 - test/b.test.ts # time=9ms
# Subtest: test/c.test.ts
    ok 1 - before it crashed
not ok 3 - test/c.test.ts # time=9ms
# Subtest: test/d.test.ts
    1..0 # no tests found
not ok 4 - test/d.test.ts # time=9ms
`;

t.test("tests are counted, assertions are not, and a file that crashes has failed", async (t) => {
  t.strictSame(countTests(FILES), { passed: 3, failed: 3, skipped: 1 });
});

t.test("nothing is counted in an empty stream", async (t) => {
  t.strictSame(countTests(""), { passed: 0, failed: 0, skipped: 0 });
});
