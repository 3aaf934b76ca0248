import { expect } from "chai";
import { containerLimits, type ConnectionInputs, type SettingsInputs } from "../../../migration/entrypoints/inputs";

describe("containerLimits", () => {
  it("are those of the shards that this program runs, not of others in the cluster", () => {
    const connection = {
      shards: {
        a: "redis://redis-dedup-a-0.redis-dedup.n.svc:6379",
        b: "redis://legacy-0.legacy.n.svc:6379",
        c: "redis://c.example",
      },
      managed: ["a"],
    } as unknown as ConnectionInputs;
    const settings = { containerLimitBytes: 7 } as SettingsInputs;
    expect(containerLimits({ connection, settings })).to.deep.equal({ a: 7 });
  });
});
