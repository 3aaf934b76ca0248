import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { declaredBy, isSecretInput, named } from "./recorded-program";
import { ShardBackups, type ShardToBackUp } from "../../../components/shard-backups";

const declare = (shards: readonly ShardToBackUp[]) =>
  declaredBy(() => {
    return new ShardBackups("backup", {
      shards,
      create: "take-snapshot",
      directory: "backups",
      triggers: ["digest-1"],
    });
  });

describe("ShardBackups", () => {
  it("declares one command per shard, with the shard and its file in the environment", async () => {
    const resources = await declare([
      { name: "shard-0", environment: { REDIS_URL: "redis://h" } },
      { name: "shard-1", environment: {} },
    ]);
    expect(resources.map(({ type, name, parent }) => [type, name, parent])).to.deep.equal([
      ["dedup-shards:redis:ShardBackups", "backup", ""],
      ["command:local:Command", "backup-shard-0", "backup"],
      ["command:local:Command", "backup-shard-1", "backup"],
    ]);
    expect(named(resources, "backup-shard-0").inputs).to.deep.equal({
      create: "take-snapshot",
      update: ":",
      environment: { REDIS_URL: "redis://h", SHARD_NAME: "shard-0", BACKUP_FILE: "backups/shard-0.rdb" },
      triggers: ["digest-1"],
      logging: "none",
      addPreviousOutputInEnv: false,
    });
    expect(named(resources, "backup-shard-0").options).to.deep.equal({ additionalSecretOutputs: ["stdout", "stderr"] });
  });

  it("keeps a secret of the environment secret", async () => {
    const [, backup] = await declare([{ name: "a", environment: { TOKEN: pulumi.secret("geheim") } }]);
    expect(backup && isSecretInput(backup, "TOKEN")).to.equal(true);
  });

  it("makes no path of a shard's name", async () => {
    const resources = await declare([{ name: "../x y", environment: {} }]);
    expect(named(resources, "backup-../x y").inputs["environment"]).to.deep.equal({
      SHARD_NAME: "../x y",
      BACKUP_FILE: "backups/..%2Fx%20y.rdb",
    });
  });

  it("says where the snapshots lie", async () => {
    const files = new Promise((resolve) => {
      void declaredBy(() => {
        const shards = [{ name: "a", environment: {} }];
        new ShardBackups("b", { shards, create: "x", directory: "d", triggers: [] }).files.apply(resolve);
      });
    });
    expect(await files).to.deep.equal({ a: "d/a.rdb" });
  });
});
