/** The pages of docs/reference/ that are written by hand have a row for each thing that there is. */
import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { MIGRATION_METRICS } from "../../../migration/metrics";

const ROOT = path.join(__dirname, "../../..");
const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");
/** The first cells of a page's tables, as far as they are code. */
const rowsOf = (page: string): string[] => [...read(page).matchAll(/^\| `([^`]+)`/gm)].map(([, name = ""]) => name);
const named = (file: string, pattern: RegExp): string[] =>
  [...read(file).matchAll(pattern)].map(([, name = ""]) => name);

describe("docs/reference", () => {
  it("lists every metric of the migration and every alert", () => {
    const alerts = readdirSync(path.join(ROOT, "components/alerts"))
      .filter((file) => file.endsWith("-alerts.ts"))
      .flatMap((file) => named(`components/alerts/${file}`, /name: "(Dedup\w+)"/g));
    expect(alerts).to.have.length.above(5);
    const metrics = Object.values(MIGRATION_METRICS).map(({ name }) => name);
    expect(rowsOf("docs/reference/metrics.md")).to.have.members([...metrics, ...alerts]);
  });

  it("gives each metric of the migration its labels", () => {
    const page = read("docs/reference/metrics.md");
    for (const { name, labels } of Object.values(MIGRATION_METRICS)) {
      const [, cell = ""] = new RegExp(`^\\| \`${name}\` +\\| ([^|]*)\\|`, "m").exec(page) ?? [];
      expect(
        [...cell.matchAll(/`(\w+)`/g)].map(([, label]) => label),
        name,
      ).to.deep.equal(labels);
    }
  });

  it("lists every output of the stack", () => {
    expect(rowsOf("docs/reference/outputs.md")).to.have.members(named("index.ts", /^export const (\w+)/gm));
  });

  it("lists every policy", () => {
    const policies = readdirSync(path.join(ROOT, "policy"))
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => named(`policy/${file}`, /^ {2}name: "([\w-]+)",$/gm));
    expect(policies).to.have.length.above(3);
    expect(rowsOf("docs/reference/policies.md")).to.have.members(policies);
  });

  it("lists npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Readonly<Record<string, string>> };
    const commands = [...read("docs/reference/commands.md").matchAll(/`npm run (?:--silent )?([\w:]+)/g)];
    expect(commands.map(([, name]) => name)).to.have.length.above(10);
    for (const [, name = ""] of commands) expect(scripts).to.have.property(name);
  });
});
