import { expect } from "chai";
import { isForced, type ConnectionInputs } from "../../../migration/entrypoints/inputs";
import { diff } from "../../../migration/entrypoints/shard-guard";
import { removeForced } from "../../../migration/entrypoints/shard-removal";

const address = { name: "shard-3", url: "redis://h3:6379" };
const force = (live: Readonly<Record<string, string>> | undefined) => () => removeForced("shard-3", address, live);
const REFUSAL =
  "shard-3 cannot be removed, not even by forceRemoveShards: the backend runs a ring with it. " +
  "Leave that ring by a migration (or by its rollback) first.";

describe("a shard that is to go without a look at its keys", () => {
  it("goes when the backend does not use it", () => {
    expect(force({ DEDUP_SHARDS: "redis://h0:6379,redis://h1:6379", DEDUP_NEW_RING: "" })).to.not.throw();
    expect(force(undefined)).to.not.throw();
  });

  it("stays while the backend reads it, however its URL is written", () => {
    expect(force({ DEDUP_SHARDS: "redis://h0:6379,redis://H3", DEDUP_NEW_RING: "" })).to.throw(REFUSAL);
  });

  it("stays while the backend writes it", () => {
    expect(force({ DEDUP_SHARDS: "redis://h0:6379", DEDUP_NEW_RING: "shard-0,shard-3" })).to.throw(REFUSAL);
  });

  it("is named, in the JSON that Pulumi hands over", () => {
    expect(isForced("shard-3", { forceRemoveShards: '["shard-3"]' })).to.equal(true);
    expect(isForced("shard-3", { forceRemoveShards: ["shard-3"] })).to.equal(true);
    for (const forceRemoveShards of [undefined, "[]", '["shard-33"]', '"shard-3"']) {
      expect(isForced("shard-3", { forceRemoveShards })).to.equal(false);
    }
  });
});

describe("the guard of a shard", () => {
  const connection = { shards: { "shard-3": "redis://h3" } } as unknown as ConnectionInputs;
  const guard = { shard: "shard-3", connection, keyPrefix: "pcs:", uid: "u1" };

  it("goes first when its StatefulSet is replaced, so that it is asked", () => {
    expect(diff(guard, { ...guard, uid: "u2" })).to.deep.equal({
      changes: true,
      replaces: ["uid"],
      deleteBeforeReplace: true,
    });
  });

  it("stays while its StatefulSet does", () => {
    expect(diff(guard, guard)).to.deep.include({ changes: false, replaces: [] });
    const moved = { ...connection, namespace: "other" };
    expect(diff(guard, { ...guard, connection: moved })).to.deep.include({ changes: true, replaces: [] });
  });
});
