import tseslint from "typescript-eslint";

/**
 * The layer laws of the house: who may import whom. Each law lists, for the files of one room,
 * the rooms whose imports are refused.
 */
function law(files, rooms, why, { typesToo = true } = {}) {
  return {
    files,
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        { patterns: [{ regex: rooms, message: why, allowTypeImports: !typesToo }] },
      ],
    },
  };
}

const EMULATORS = "(^|/)test/";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/", ".tap/"] },
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
  law(["src/**"], EMULATORS, "nothing in src/ knows the emulators"),
  law(
    ["src/entra/**"],
    `${EMULATORS}|/(pve|pass|commands|cluster|journal|health)/`,
    "entra/ speaks to Microsoft only",
  ),
  law(
    ["src/pve/**"],
    `${EMULATORS}|/(entra|pass|commands|cluster|journal|health)/`,
    "pve/ speaks to Proxmox VE only",
  ),
  law(
    ["src/commands/**", "src/health/**", "src/journal/**", "src/cluster/**"],
    `${EMULATORS}|/entra/(?!.*index)`,
    "pass/ alone knows both sides",
    { typesToo: false },
  ),
  {
    files: ["src/decide/**"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: "^(?!\\./)",
              allowTypeImports: true,
              message: "decide/ imports types and itself only",
            },
          ],
        },
      ],
      "no-restricted-globals": [
        "error",
        ...["process", "fetch", "setTimeout", "setInterval", "performance", "console"].map(
          (name) => ({ name, message: "decide/ is pure" }),
        ),
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
        { selector: "ImportExpression", message: "decide/ imports types and itself only" },
      ],
    },
  },
);
