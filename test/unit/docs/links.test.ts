/** Links and paths in the documentation, and paths of pages in the code, lead to what exists. */
import { expect } from "chai";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { anchorsOf, linksOf } from "../../docs/markdown";

const ROOT = path.join(__dirname, "../../..");
const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");
const TOP = readdirSync(ROOT, { withFileTypes: true }).filter(({ name }) => !/^(\.git|node_modules)$/.test(name));
const FILES = TOP.flatMap((entry) => (entry.isDirectory() ? filesBelow(entry.name) : [entry.name]));
const PAGES = [
  ...FILES.filter((file) => /^(docs\/.*|[^/]*)\.md$/.test(file)),
  // Comments on pull requests are read on the pull request.
].filter((page) => !page.startsWith("docs/examples/"));

function filesBelow(folder: string): string[] {
  const entries = readdirSync(path.join(ROOT, folder), { recursive: true, withFileTypes: true, encoding: "utf8" });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.relative(ROOT, path.join(parentPath, name)));
}

/** @returns why a link of a page leads nowhere; undefined when it leads somewhere. */
function problemOf(page: string, link: string): string | undefined {
  const [target = "", anchor] = link.split("#");
  const file = target === "" ? page : path.join(path.dirname(page), target);
  if (!existsSync(path.join(ROOT, file))) return `${page}: ${link}: there is no ${file}`;
  if (anchor === undefined || anchorsOf(read(file)).includes(anchor)) return undefined;
  return `${page}: ${link}: ${file} has no heading #${anchor}`;
}

describe("the documentation", () => {
  it("has links that lead to files and headings", () => {
    const links = PAGES.flatMap((page) => linksOf(read(page)).map((link) => ({ page, link })));
    expect(links.length).to.be.greaterThan(100);
    expect(links.map(({ page, link }) => problemOf(page, link)).filter(Boolean)).to.deep.equal([]);
  });

  it("is named in code, tests and workflows by pages that exist", () => {
    const texts = FILES.filter((file) => /\.(ts|go|ya?ml|json|mjs|cjs|md)$/.test(file)).map(read);
    const pages = new Set(texts.flatMap((text) => text.match(/(?<![\w-])(?<!\w\/)docs\/[a-z0-9/-]+\.md\b/g) ?? []));
    expect(pages).to.include("docs/troubleshooting.md");
    expect([...pages].filter((page) => !existsSync(path.join(ROOT, page)))).to.deep.equal([]);
  });

  it("is reached from the README, page by page", () => {
    const reached = new Set(["README.md"]);
    for (const page of reached) {
      const links = page.endsWith(".md") ? linksOf(read(page)) : [];
      for (const link of links) reached.add(path.join(path.dirname(page), link.split("#")[0] || path.basename(page)));
    }
    expect(PAGES.filter((page) => !reached.has(page))).to.deep.equal([]);
  });

  it("has a README of at most 200 lines", () => {
    expect(read("README.md").trimEnd().split("\n").length).to.be.at.most(200);
  });
});

describe("links in Markdown", () => {
  it("are those in texts, relative ones only, and none in code", () => {
    const page = "[a](x.md) [b](y/z.md#h-1), ![c](p.png)\n[d](https://e.test)\n```\n[f](no.md)\n```\n`[g](no.md)`";
    expect(linksOf(page)).to.deep.equal(["x.md", "y/z.md#h-1", "p.png"]);
  });

  it("have anchors as GitHub makes them of headings", () => {
    const page = "# A, b: `c`\n\n```\n# no\n```\n## What's [this](x.md)?\n### Same\n### Same\n";
    expect(anchorsOf(page)).to.deep.equal(["a-b-c", "whats-this", "same", "same-1"]);
  });
});
