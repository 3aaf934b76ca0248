/** Providers as Pulumi stores them: small, without an engine in them, and able to run from that text alone. */
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dispatch } from "../../migration/entrypoints/dispatch";
import { STATE_VERSION } from "../../migration/entrypoints/inputs";
import { shellFor } from "../../migration/providers/shell";

const ROOT = join(__dirname, "../..");
const MAX_BYTES = 1_500;
const RESOURCES = readFileSync(join(ROOT, "migration/providers/resources.ts"), "utf8");
const ENTRYPOINTS = [...RESOURCES.matchAll(/super\("([a-z-]+)", "\w+", name,/g)].map(([, name = ""]) => name);

/** What comes of a pre-copy that has nothing to do. */
const IDLE = '{"outs":{"work":"none","stateVersion":1,"counts":null,"samples":null}}\n';

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
    expect(stdout, stderr).to.equal(IDLE);
  });

  it("refuse everything where the program cannot be loaded: no shard goes without a look", async () => {
    const program = `${await serialize("shard-guard")}
      const provider = exports.handler();
      const say = (error) => console.log(error.message.split("\\n")[0]);
      provider.configure({ config: { get: () => undefined } });
      for (const method of ["check", "create", "update", "delete"]) provider[method]().catch(say);`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { cwd: tmpdir(), encoding: "utf8" });
    const refusal =
      "the program cannot be loaded: run npm ci in its folder, and try again " +
      "(Error: Cannot find module 'ts-node/register/transpile-only'\n";
    expect(stdout, stderr).to.equal(refusal.repeat(4));
  });

  it("refuse a state that a newer version has written, before anything is done", async () => {
    const newer = { stateVersion: STATE_VERSION + 1 };
    const calls = { diff: ["id", newer, {}], read: ["id", newer], update: ["id", newer, {}], delete: ["id", newer] };
    for (const [method, args] of Object.entries(calls)) {
      const error = await dispatch("drain", method as keyof typeof calls, args, undefined).catch(
        (found: unknown) => found,
      );
      expect(String(error), method).to.equal(
        "Error: the stack's state was written by a newer version of this program (state version 2; this one knows 1). " +
          "Nothing has been changed: run the version that wrote it.\nMore: docs/troubleshooting.md#refused-changes",
      );
    }
  });

  it("that an earlier version has left in the state run as well", () => {
    const text = readFileSync(join(__dirname, "provider-of-before.txt"), "utf8");
    const program = `${text}
      exports.handler().update("id", {}, { work: "none" }).then((r) => console.log(JSON.stringify(r)));`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { cwd: ROOT, encoding: "utf8" });
    expect(stdout, stderr).to.equal(IDLE);
  });
});
