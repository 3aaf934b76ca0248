import { expect } from "chai";
import { declaredBy, named } from "./recorded-program";
import { BackendRing, type BackendRingArgs } from "../../../components/backend-ring";

const DATA = {
  DEDUP_SHARDS: "redis://a:6379,redis://b:6379",
  DEDUP_DUAL_WRITE: "false",
  DEDUP_NEW_RING: "",
  DEDUP_RING_EPOCH: "7",
};
const FORCED = { "pulumi.com/patchForce": "true", "pulumi.com/patchFieldManager": "dedup-shards" };

const declare = (manage: BackendRingArgs["manage"], rolloutTimeoutMs = 600_000) =>
  declaredBy(() => {
    const backend = { namespace: "fractal-lba", configMap: "backend-config", deployment: "backend" };
    return new BackendRing("backend", { ...backend, manage, data: DATA, epoch: 7, rolloutTimeoutMs });
  });

describe("BackendRing", () => {
  it("patches the ring into a ConfigMap that somebody else owns, and then restarts the backend", async () => {
    const resources = await declare("patch");
    expect(resources.map(({ type, name, parent }) => [type, name, parent])).to.deep.equal([
      ["dedup-shards:redis:BackendRing", "backend", ""],
      ["kubernetes:core/v1:ConfigMapPatch", "backend-ring", "backend"],
      ["kubernetes:apps/v1:DeploymentPatch", "backend-rollout", "backend"],
    ]);
    expect(named(resources, "backend-ring").inputs).to.deep.equal({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "backend-config", namespace: "fractal-lba", annotations: FORCED },
      data: DATA,
    });
    expect(named(resources, "backend-rollout").inputs).to.deep.equal({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "backend", namespace: "fractal-lba", annotations: FORCED },
      spec: { template: { metadata: { annotations: { "dedup-shards/ring-epoch": "7" } } } },
    });
    expect(named(resources, "backend-rollout").after).to.deep.equal(["backend-ring"]);
  });

  it("declares the ConfigMap first when it owns it, without data that would replace it", async () => {
    const resources = await declare("own");
    expect(resources.map(({ type, name }) => [type, name])).to.deep.equal([
      ["dedup-shards:redis:BackendRing", "backend"],
      ["kubernetes:core/v1:ConfigMap", "backend-configmap"],
      ["kubernetes:core/v1:ConfigMapPatch", "backend-ring"],
      ["kubernetes:apps/v1:DeploymentPatch", "backend-rollout"],
    ]);
    expect(named(resources, "backend-configmap").inputs).to.deep.equal({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "backend-config", namespace: "fractal-lba" },
    });
    expect(named(resources, "backend-ring").after).to.deep.equal(["backend-configmap"]);
    expect(named(resources, "backend-configmap").options).to.deep.equal({ retainOnDelete: true });
  });

  it("leaves everything in place when it is removed, and waits as long as a rollout may take", async () => {
    const resources = await declare("patch", 1_800_500);
    for (const name of ["backend-ring", "backend-rollout"]) {
      expect(named(resources, name).options).to.deep.equal({ retainOnDelete: true, timeouts: ["1801s", "1801s"] });
    }
  });
});
