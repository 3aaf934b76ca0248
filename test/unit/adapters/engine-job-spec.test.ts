import { expect } from "chai";
import { engineJob } from "../../../migration/adapters/engine-job-spec";

const OPTIONS = {
  ...{ namespace: "n", image: "registry.example.com/engine:1", imagePullPolicy: "IfNotPresent" },
  ...{ parallelism: 4, cpuRequest: "500m", memoryLimit: "256Mi" },
};
const TASK = { completions: 3, secretName: "s", files: ["work.json", "password"], inOneGo: false };

const specOf = (task: Partial<typeof TASK> = {}) => engineJob(OPTIONS, { ...TASK, ...task }).spec ?? fail();
const podOf = (task: Partial<typeof TASK> = {}) => specOf(task).template.spec ?? fail();

describe("the engine's Job", () => {
  it("has an index for each source, and no more pods at once than there are sources", () => {
    expect(specOf()).to.include({ completions: 3, completionMode: "Indexed", parallelism: 3 });
    expect(specOf({ completions: 9 })).to.include({ completions: 9, parallelism: 4 });
  });

  it("gives up at once for what no other try can mend, and goes on when a node gives a pod up", () => {
    const [noUse, disrupted] = specOf().podFailurePolicy?.rules ?? [];
    expect(noUse).to.deep.equal({
      action: "FailJob",
      onExitCodes: { containerName: "engine", operator: "In", values: [42] },
    });
    expect(disrupted).to.deep.equal({
      action: "Ignore",
      onPodConditions: [{ type: "DisruptionTarget", status: "True" }],
    });
    expect(specOf().backoffLimit).to.equal(9);
  });

  it("goes on with no part that must be done in one go", () => {
    const { backoffLimit, podFailurePolicy } = specOf({ inOneGo: true });
    expect(backoffLimit).to.equal(0);
    expect(podFailurePolicy?.rules.map(({ action }) => action)).to.deep.equal(["FailJob"]);
  });

  it("runs pods that may do nothing in Kubernetes and nothing that `restricted` forbids", () => {
    const { automountServiceAccountToken, securityContext, containers } = podOf();
    expect(automountServiceAccountToken).to.equal(false);
    expect(securityContext).to.deep.include({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(containers[0]?.securityContext).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("has its secrets in files, and trusts a further authority where it is given one", () => {
    expect(podOf().volumes).to.deep.equal([{ name: "work", secret: { secretName: "s", defaultMode: 0o444 } }]);
    expect(podOf().containers[0]?.env).to.deep.equal([]);
    expect(podOf({ files: [...TASK.files, "ca.pem"] }).containers[0]?.env).to.deep.equal([
      { name: "NODE_EXTRA_CA_CERTS", value: "/etc/dedup-shards/ca.pem" },
    ]);
  });

  it("goes by itself some time after its end", () => {
    expect(specOf().ttlSecondsAfterFinished).to.equal(600);
  });
});

function fail(): never {
  throw new Error("there is no spec");
}
