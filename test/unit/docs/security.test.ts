import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { engineAcl, ENGINE_COMMANDS } from "../../../migration/adapters/engine-acl";

const PAGE = readFileSync(path.join(__dirname, "../../../docs/guides/security.md"), "utf8");

describe("docs/guides/security.md", () => {
  it("makes the ACL user that the shards of this program get", () => {
    const [, rules] = /^ACL SETUSER dedup-engine on >PASSWORD (.+)$/m.exec(PAGE) ?? [];
    expect(rules?.split(" ")).to.deep.equal(engineAcl("pcs:"));
  });

  it("says of each command what it is for, and of no other", () => {
    const [, table = ""] = /^\| commands .*\n\| -.*\n((?:\|.*\n)+)/m.exec(PAGE) ?? [];
    const cells = table.split("\n").map((row) => row.replaceAll("\\|", "§").split("|")[1] ?? "");
    const listed = cells.flatMap((cell) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name.replace("§", "|")),
    );
    expect(listed.sort()).to.deep.equal([...ENGINE_COMMANDS].sort());
  });
});
