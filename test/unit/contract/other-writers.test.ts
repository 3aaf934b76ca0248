import { expect } from "chai";
import { writersOfAnnotation, writersOfRing } from "../../../migration/contract/other-writers";
import { remarksOn } from "../../../migration/contract/other-writers-text";
import { warningOf } from "../../../migration/entrypoints/gate/other-writers";

const data = (...keys: readonly string[]) => ({
  "f:data": { ".": {}, ...Object.fromEntries(keys.map((key) => [`f:${key}`, {}])) },
});
const OURS = { manager: "dedup-shards", operation: "Apply", fieldsV1: data("DEDUP_SHARDS", "DEDUP_RING_EPOCH") };

describe("other owners of the ring's keys", () => {
  it("are those managers that own at least one of them, with their keys, each once", () => {
    const managed = [
      OURS,
      { ...OURS, operation: "Update" },
      { manager: "helm", operation: "Update", fieldsV1: data("DEDUP_NEW_RING", "LOG_LEVEL", "DEDUP_SHARDS") },
      { manager: "helm", operation: "Apply", fieldsV1: data("DEDUP_SHARDS", "DEDUP_RING_CHECKSUM") },
      { manager: "kubectl-edit", operation: "Update", fieldsV1: data("LOG_LEVEL") },
      { operation: "Update", fieldsV1: data("DEDUP_RING_EPOCH") },
    ];
    expect(writersOfRing(managed)).to.deep.equal([
      { manager: "helm", fields: ["DEDUP_SHARDS", "DEDUP_NEW_RING", "DEDUP_RING_CHECKSUM"] },
      { manager: "an unnamed manager", fields: ["DEDUP_RING_EPOCH"] },
    ]);
  });

  it("of the annotation are found in the pod template, not on the Deployment itself", () => {
    const annotations = { "f:annotations": { "f:dedup-shards/ring-epoch": {} } };
    const template = { "f:spec": { "f:template": { "f:metadata": annotations } } };
    expect(writersOfAnnotation([{ manager: "argocd-controller", fieldsV1: template }])).to.deep.equal([
      { manager: "argocd-controller", fields: ["dedup-shards/ring-epoch"] },
    ]);
    expect(writersOfAnnotation([{ manager: "kubectl", fieldsV1: { "f:metadata": annotations } }])).to.deep.equal([]);
  });

  for (const managed of [undefined, [], [{}], [{ manager: "m", fieldsV1: { "f:data": null } }]]) {
    it(`there are none in ${JSON.stringify(managed)}`, () => {
      expect(writersOfRing(managed)).to.deep.equal([]);
    });
  }

  for (const [manager, next] of [
    ["argocd-controller", /ignoreDifferences/],
    ["kustomize-controller", /Flux/],
    ["helm-controller", /HelmRelease/],
    ["helm", /take them out of the chart/],
    ["kubectl-client-side-apply", /applied with kubectl/],
    ["something", /find out what writes under that name/],
  ] as const) {
    it(`${manager} is told what to change on its side`, () => {
      const [remark] = remarksOn("ConfigMap n/c", [{ manager, fields: ["DEDUP_SHARDS"] }]);
      expect(remark?.next).to.match(next);
      expect(remark && warningOf(remark)).to.match(
        /^warning: .* owns DEDUP_SHARDS of ConfigMap n\/c as well, .*\. [TF]/,
      );
    });
  }
});
