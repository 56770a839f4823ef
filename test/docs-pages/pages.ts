/** The pages that people read, taken apart into what a machine can look at. */
import { readdirSync, readFileSync } from "node:fs";

const ROOT = new URL("../../", import.meta.url);

export interface DocsPage {
  /** From the repository's root, such as `docs/install.md`. */
  readonly name: string;
  readonly text: string;
}

export function readPage(name: string): DocsPage {
  return { name, text: readFileSync(new URL(name, ROOT), "utf8") };
}

/** README and every page in docs/, the decisions left out: those speak of what once was. */
export function allPages(): readonly DocsPage[] {
  const names = readdirSync(new URL("docs/", ROOT)).filter((name) => name.endsWith(".md"));
  return [readPage("README.md"), ...names.sort().map((name) => readPage(`docs/${name}`))];
}

/** What stands in fences of one language, each block whole and without its indentation. */
export function blocks({ text }: DocsPage, language: string): readonly string[] {
  const fence = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\`$`, "gm");
  return [...text.matchAll(fence)].map(([, indent = "", body = ""]) =>
    body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
}

/** What stands between single backquotes outside of fences, with a line's end as a space. */
export function codes({ text }: DocsPage): readonly string[] {
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code.replaceAll(/\s+/g, " "));
}

/** Lines of shell, those that a backslash or a pipe continues put together. */
export function shellLines(page: DocsPage): readonly string[] {
  return blocks(page, "sh").flatMap((block) =>
    block
      .replaceAll(/\\\n\s*/g, "")
      .split("\n")
      .map((line) => line.replace(/\s+#.*$/, "").trim())
      .filter((line) => line !== "" && !line.startsWith("#")),
  );
}

/** A link to another file, or to a section of this one or of another. */
export interface Link {
  /** As it is written, from the page's folder; empty: the page itself. */
  readonly file: string;
  /** Empty: the page as a whole. */
  readonly section: string;
}

/** Every link outside of fences but those to the web. */
export function links({ text }: DocsPage): readonly Link[] {
  const prose = text.replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");
  return [...prose.matchAll(/\]\(([^)\s#]*)(?:#([^)\s]*))?[^)]*\)/g)]
    .map(([, file = "", section = ""]) => ({ file, section }))
    .filter(({ file }) => !/^[a-z]+:/.test(file));
}

/** The anchors of a page, as GitHub makes them of its headings. */
export function anchors({ text }: DocsPage): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
