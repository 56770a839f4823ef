/** Before every suite of tests. */
import { buildTapPlugins } from "./tap-plugins.js";
import { compileTests } from "./compile-tests.js";

buildTapPlugins();
await compileTests();
