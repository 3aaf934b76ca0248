import type { ResourceTransformationArgs } from "@pulumi/pulumi";
import { expect } from "chai";
import { oneFieldManager } from "../../../components/field-manager";

const transform = (type: string, props: object) =>
  oneFieldManager("project-prod")({ type, props, opts: {}, name: "n", resource: {} } as ResourceTransformationArgs);

describe("the field manager of a stack", () => {
  it("is in the annotations of each Kubernetes object, beside those that it has", () => {
    const metadata = { name: "s", annotations: { other: "1" } };
    expect(transform("kubernetes:core/v1:Service", { metadata, spec: { clusterIP: "None" } })?.props).to.deep.equal({
      metadata: { name: "s", annotations: { "pulumi.com/patchFieldManager": "project-prod", other: "1" } },
      spec: { clusterIP: "None" },
    });
  });

  it("is given to an object without metadata", () => {
    expect(transform("kubernetes:core/v1:ConfigMap", { data: {} })?.props).to.deep.equal({
      metadata: { annotations: { "pulumi.com/patchFieldManager": "project-prod" } },
      data: {},
    });
  });

  it("leaves one that a resource chose for itself", () => {
    const metadata = { annotations: { "pulumi.com/patchFieldManager": "dedup-shards" } };
    expect(transform("kubernetes:apps/v1:DeploymentPatch", { metadata })?.props).to.deep.equal({ metadata });
  });

  it("is no business of other resources", () => {
    expect(transform("pulumi-nodejs:dynamic/dedup:RingGate", {})).to.equal(undefined);
  });
});
