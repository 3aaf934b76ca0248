/** Providers as Pulumi stores them: small, without an engine in them, and able to run from that text alone. */
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shellFor } from "../../migration/providers/shell";

const ROOT = join(__dirname, "../..");
const MAX_BYTES = 1_400;
const RESOURCES = readFileSync(join(ROOT, "migration/providers/resources.ts"), "utf8");
const ENTRYPOINTS = [...RESOURCES.matchAll(/super\("([a-z-]+)", "\w+", name,/g)].map(([, name = ""]) => name);

const serialize = async (name: string): Promise<string> => {
  const provider = shellFor(name);
  return (await pulumi.runtime.serializeFunction(() => provider)).text;
};

describe("serialized providers", function () {
  this.timeout(60_000); // a fresh process, and Pulumi's serializer, take their time to load

  it("are those of all resources", () => {
    expect(ENTRYPOINTS).to.have.lengthOf((RESOURCES.match(/extends Resource /g) ?? []).length);
  });

  for (const name of ENTRYPOINTS) {
    it(`${name} is a small shell that knows its entrypoint by path only`, async () => {
      const text = await serialize(name);
      expect(Buffer.byteLength(text)).to.be.below(MAX_BYTES);
      expect(text).to.contain("./migration/entrypoints/").and.to.contain(name);
      expect(text).to.not.match(/ioredis|EVALSHA|engines\/|adapters\//);
      expect(readdirSync(join(ROOT, "migration/entrypoints"))).to.include(`${name}.ts`);
    });
  }

  it("run in a fresh process from their text", async () => {
    const program = `${await serialize("pre-copy")}
      const provider = exports.handler();
      provider.configure({ config: { get: () => undefined } });
      // Without a wait: Pulumi's own configure is not over yet when another resource of that text is at work.
      provider.update("id", {}, { work: "none" }).then((r) => console.log(JSON.stringify(r)));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { cwd: ROOT, encoding: "utf8" });
    expect(stdout, stderr).to.equal('{"outs":{"work":"none","stateVersion":1,"counts":null,"samples":null}}\n');
  });

  it("refuse everything where the program cannot be loaded: no shard goes without a look", async () => {
    const program = `${await serialize("shard-guard")}
      const provider = exports.handler();
      const say = (error) => console.log(error.message.split("\\n")[0]);
      provider.configure({ config: { get: () => undefined } });
      for (const method of ["check", "create", "update", "delete"]) provider[method]().catch(say);`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { cwd: tmpdir(), encoding: "utf8" });
    const refusal = "Error: Cannot find module 'ts-node/register/transpile-only'\n";
    expect(stdout, stderr).to.equal(refusal.repeat(4));
  });

  it("of an earlier version run as well, by what is in the state", () => {
    const program = `const { dispatch } = require("./migration/entrypoints/dispatch");
      dispatch("pre-copy", "update", ["id", {}, { work: "none" }], { get: () => undefined }).then((r) => console.log(JSON.stringify(r)));`;
    const args = ["-r", "ts-node/register/transpile-only", "-e", program];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
    expect(stdout, stderr).to.equal('{"outs":{"work":"none","stateVersion":1,"counts":null,"samples":null}}\n');
  });
});
