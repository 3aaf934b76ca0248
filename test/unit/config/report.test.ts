import { expect } from "chai";
import { ConfigError, type RawStackConfig } from "../../../migration/config";
import { parse } from "./parse";

const DIRECTORY = "the path of a directory; empty for no files";
const KEPT_SECRET = "a value that is kept secret";

/** [what is set, the one line of the error] */
const BAD: readonly (readonly [RawStackConfig, string])[] = [
  [{ report: { directory: " " } }, `report.directory is " "; allowed: ${DIRECTORY}`],
  [{ report: { directory: "a\nb" } }, `report.directory is "a\\nb"; allowed: ${DIRECTORY}`],
  [{ report: { directory: 5 } }, `report.directory is 5; allowed: ${DIRECTORY}`],
  [{ report: { dir: "x" } }, "report.dir is an unknown field; allowed: directory"],
  ...["hooks.example/geheim", "ftp://h/geheim", "http://h/ge heim", "http://", 5].map(
    (webhookUrl) =>
      [
        { notify: { webhookUrl } },
        `notify.webhookUrl is ${KEPT_SECRET}; allowed: http://… or https://…, without spaces`,
      ] as const,
  ),
  [{ notify: { url: "geheim" } }, `notify is ${KEPT_SECRET}; allowed: webhookUrl`],
  [{ notify: "https://h/geheim" }, `notify is ${KEPT_SECRET}; allowed: an object with any of the fields webhookUrl`],
  [
    { "notify.webhookUrl": "https://h/geheim" },
    "notify.webhookUrl is an unknown key; allowed: fields of dedup-shards:notify, set by pulumi config set --path",
  ],
];

describe("parseStackConfig: report and notify", () => {
  for (const [raw, line] of BAD) {
    it(line.slice(0, 100), () => {
      expect(() => parse({ shards: ["a"], ...raw }))
        .to.throw(ConfigError)
        .with.property("message", `The stack configuration is not valid. Nothing was changed.\n  dedup-shards:${line}`);
    });
  }

  it("takes no directory for no files, and has no webhook in what it gives back", () => {
    const notify = { webhookUrl: "https://hooks.example/geheim" };
    const config = parse({ shards: ["a"], report: { directory: "" }, notify });
    expect(config.report).to.deep.equal({ directory: "" });
    expect(JSON.stringify(config)).to.not.contain("geheim");
  });
});
