import tseslint from "typescript-eslint";

/**
 * The layer laws of the house: which imports the files of one room may not have. The last law that
 * names a file holds for it alone, so each says everything.
 */
function law(files, refused, message, { types = "too" } = {}) {
  const pattern = { regex: refused, message, allowTypeImports: types === "allowed" };
  const rule = ["error", { patterns: [pattern] }];
  return { files, rules: { "@typescript-eslint/no-restricted-imports": rule } };
}

const TESTS = "(^|/)test/";
/** What stands above the two rooms that speak to the outside. */
const UPPER = "/(pass|commands|daemon|control|cluster|journal|health)/|/(agent|main|grace)\\.js$";

export default tseslint.config(
  { ignores: ["dist/", ".compiled/", "node_modules/", ".tap/"] },
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
  // tap's callbacks return promises that tap itself awaits; the emulators and the demo print.
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/no-floating-promises": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "no-console": "off",
    },
  },
  law(
    ["src/**"],
    `${TESTS}|/(entra|pve)/`,
    "src/ does not know the tests, and pass/ meets both sides by ports.ts alone",
  ),
  law(["src/agent.ts", "src/grace.ts"], TESTS, "src/ does not know the tests"),
  law(["src/entra/**"], `${TESTS}|/pve/|${UPPER}`, "entra/ speaks to Microsoft only"),
  law(["src/pve/**"], `${TESTS}|/entra/|${UPPER}`, "pve/ speaks to Proxmox VE only"),
  law(["src/decide/**"], "^(?!\\./)", "decide/ imports types and itself only", {
    types: "allowed",
  }),
  {
    files: ["src/decide/**"],
    rules: {
      "no-restricted-globals": [
        "error",
        ...[
          "process",
          "fetch",
          "crypto",
          "performance",
          "console",
          "setTimeout",
          "setInterval",
          "setImmediate",
        ].map((name) => ({ name, message: "decide/ is pure" })),
      ],
      "no-restricted-syntax": [
        "error",
        {
          selector: "MemberExpression[object.name='Math'][property.name='random']",
          message: "decide/ is pure",
        },
        {
          selector: "MemberExpression[object.name='Date'][property.name='now']",
          message: "decide/ is pure",
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: "decide/ is pure",
        },
        { selector: "CallExpression[callee.name='Date']", message: "decide/ is pure" },
        { selector: "ImportExpression", message: "decide/ imports types and itself only" },
      ],
    },
  },
);
