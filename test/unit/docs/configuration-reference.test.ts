import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";
import { withConfigurationReference } from "../../docs/configuration-reference";

const ROOT = path.join(__dirname, "../../..");
const PAGE = path.join(ROOT, "docs/reference/configuration.md");
const read = (file: string): string => readFileSync(file, "utf8");

describe("docs/reference/configuration.md", () => {
  it("is what npm run docs makes of Pulumi.yaml", async () => {
    const page = withConfigurationReference(read(PAGE), read(path.join(ROOT, "Pulumi.yaml")));
    expect(await format(page, { ...(await resolveConfig(PAGE)), parser: "markdown" })).to.equal(read(PAGE));
  });

  it("has a row for each key, and for each field of an object with its default", () => {
    const yaml = [
      "config:",
      "  rate:",
      "    type: integer",
      "    default: 5",
      "    description: Keys | s.",
      "  copy:",
      "    type: object",
      "    default: { limits: { most: 2 } }",
      "    description: |",
      "      How it",
      "      copies.",
      "      - limits.most: the most.",
      "      - url: an address",
      "        of two lines.",
    ].join("\n");
    const page =
      "Head.\n<!-- generated from Pulumi.yaml by npm run docs -->\nold\n<!-- end of the generated part -->\nTail.";
    expect(withConfigurationReference(page, yaml)).to.equal(
      [
        "Head.",
        "<!-- generated from Pulumi.yaml by npm run docs -->",
        "",
        "## Keys with one value",
        "",
        "| key | type | default | meaning |",
        "| --- | --- | --- | --- |",
        "| `rate` | integer | `5` | Keys \\| s. |",
        "",
        "## `copy`",
        "",
        "How it copies.",
        "",
        "| field | default | meaning |",
        "| --- | --- | --- |",
        "| `limits.most` | `2` | the most. |",
        "| `url` | none | an address of two lines. |",
        "",
        "<!-- end of the generated part -->",
        "Tail.",
      ].join("\n"),
    );
  });

  it("cannot be generated into a page without the lines that mark its place", () => {
    expect(() => withConfigurationReference("Head.", "config: {}")).to.throw("the page has no lines");
  });
});
