import { expect } from "chai";
import { declaredBy, named } from "./recorded-program";
import { RingLock } from "../../../components/ring-lock";

const NAME = "dedup-shards.ring.fractal-lba.backend-config";
const ARGS = {
  namespace: "fractal-lba",
  configMap: "backend-config",
  keys: ["RING", "EPOCH"],
  epochKey: "EPOCH",
  checksumKey: "SUM",
};

describe("RingLock", () => {
  it("is for one ConfigMap of one namespace, on every update and delete, and holds when it cannot be asked", async () => {
    const resources = await declaredBy(() => new RingLock("lock", ARGS));
    const { metadata, spec } = named(resources, "lock-policy").inputs as {
      metadata: object;
      spec: Record<string, unknown>;
    };
    expect(metadata).to.deep.equal({ name: NAME });
    expect(spec["failurePolicy"]).to.equal("Fail");
    expect(spec["matchConstraints"]).to.deep.equal({
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "fractal-lba" } },
      resourceRules: [
        {
          apiGroups: [""],
          apiVersions: ["v1"],
          resources: ["configmaps"],
          resourceNames: ["backend-config"],
          operations: ["UPDATE", "DELETE"],
        },
      ],
    });
    expect(named(resources, "lock-binding").inputs).to.deep.include({
      metadata: { name: NAME },
      spec: { policyName: NAME, validationActions: ["Deny"] },
    });
  });

  it("lets the ring stay, the checksum be added, or all keys change under a higher epoch; and no delete", async () => {
    const { spec } = named(await declaredBy(() => new RingLock("lock", ARGS)), "lock-policy").inputs as {
      spec: {
        variables: { name: string; expression: string }[];
        validations: { expression: string; reason: string }[];
      };
    };
    const whole = (data: string) =>
      `(variables.${data}[?'EPOCH'].orValue('').matches('^[0-9]{1,18}$') ? int(variables.${data}['EPOCH']) : -1)`;
    expect(Object.fromEntries(spec.variables.map(({ name, expression }) => [name, expression]))).to.deep.equal({
      keys: '["RING","EPOCH"]',
      before: "oldObject.?data.orValue({})",
      after: "object.?data.orValue({})",
      sameRing: "variables.keys.all(k, variables.before[?k] == variables.after[?k])",
      sameChecksum: "!('SUM' in variables.before) || ['SUM'].all(k, variables.before[?k] == variables.after[?k])",
      whole: "variables.keys.all(k, k in variables.after)",
      rises: `${whole("after")} > ${whole("before")}`,
    });
    expect(spec.validations.map(({ expression, reason }) => [expression, reason])).to.deep.equal([
      [
        "request.operation == 'DELETE' || (variables.sameRing && variables.sameChecksum) || (variables.whole && variables.rises)",
        "Forbidden",
      ],
      ["request.operation != 'DELETE' || has(namespaceObject.metadata.deletionTimestamp)", "Forbidden"],
    ]);
  });
});
