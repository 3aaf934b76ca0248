/** `npm run docs`: writes the generated part of docs/reference/configuration.md. A unit test fails when it is out of date. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";
import { withConfigurationReference } from "./configuration-reference";

const ROOT = path.join(__dirname, "../..");
const PAGE = path.join(ROOT, "docs/reference/configuration.md");

async function main(): Promise<void> {
  const page = withConfigurationReference(
    readFileSync(PAGE, "utf8"),
    readFileSync(path.join(ROOT, "Pulumi.yaml"), "utf8"),
  );
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(PAGE)), parser: "markdown" }));
  console.log(`wrote ${path.relative(process.cwd(), PAGE)}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
