import { expect } from "chai";
import { ConfigError, readStackConfig } from "../../../migration/config";
import { rawConfig } from "../../../migration/config/raw-config";

describe("rawConfig", () => {
  it("takes this project's keys, as text or as what their JSON says", () => {
    const all = {
      "dedup-shards:keyPrefix": "5",
      "dedup-shards:vnodes": "150",
      "dedup-shards:shards": '["a","b"]',
      "dedup-shards:copy": '{"keysPerSecond":7}',
      "dedup-shards:unheard-of": "x",
      "kubernetes:context": "lab",
    };
    expect(rawConfig(all)).to.deep.equal({
      keyPrefix: "5",
      vnodes: 150,
      shards: ["a", "b"],
      copy: { keysPerSecond: 7 },
      "unheard-of": "x",
    });
  });

  it("leaves what is no JSON as it was given, for the error to show", () => {
    expect(rawConfig({ "dedup-shards:shards": "a,b", "dedup-shards:vnodes": "many" })).to.deep.equal({
      shards: "a,b",
      vnodes: "many",
    });
  });
});

describe("readStackConfig", () => {
  const read = (more: Readonly<Record<string, string>>) =>
    readStackConfig({ "dedup-shards:shards": '["a"]', ...more }, (name) => `redis://${name}`);

  it("follows the context of the Kubernetes provider", () => {
    expect(read({ "kubernetes:context": "lab", "kubernetes:namespace": "x" }).shards).to.deep.equal(["a"]);
  });

  for (const key of ["kubernetes:kubeconfig", "kubernetes:cluster"]) {
    it(`refuses ${key}, which the engines would not follow, without showing it`, () => {
      expect(() => read({ [key]: "geheim" }))
        .to.throw(ConfigError)
        .with.property("message")
        .that.equals(
          `The stack configuration is not valid. Nothing was changed.\n  ${key} is set; allowed: KUBECONFIG in the ` +
            "environment and kubernetes:context instead, which the migration follows as well",
        );
    });
  }

  for (const [key, why] of [
    ["kubernetes:clusterIdentifier", "because a change of it replaces every object of the stack"],
    ["kubernetes:renderYamlToDirectory", "because the shards would be files, and those in the cluster deleted"],
  ] as const) {
    it(`refuses ${key}, for which Pulumi would replace every shard`, () => {
      expect(() => read({ [key]: "x" })).to.throw(ConfigError, `${key} is set; allowed: not set, ${why}`);
    });
  }
});
