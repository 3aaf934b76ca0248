import { expect } from "chai";
import { declaredBy, isSecretInput, named } from "./recorded-program";
import { RedisShards } from "../../../components/redis-shards";

const PASSWORD = 'geheim "und" lang';
const ARGS = {
  shards: ["shard-0"],
  namespace: "fractal-lba",
  image: "redis:7-alpine",
  imagePullPolicy: "IfNotPresent",
  cpuRequest: "500m",
  cpuLimit: "2",
  memoryRequest: "2Gi",
  memoryLimit: "4Gi",
  memoryLimitBytes: 2 ** 32,
  storageSize: "10Gi",
  exporterImage: "exporter:1",
};

const declare = (password?: string) => declaredBy(() => new RedisShards("shards", { ...ARGS, password }));

interface StatefulSet {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly name: string }[] } };
  };
}
const containers = (resources: Awaited<ReturnType<typeof declare>>) =>
  (named(resources, "shards-shard-0-statefulset").inputs as unknown as StatefulSet).spec.template.spec.containers;

const exporter = {
  name: "exporter",
  image: "exporter:1",
  imagePullPolicy: "IfNotPresent",
  ports: [{ name: "metrics", containerPort: 9121 }],
  resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "200m", memory: "64Mi" } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
};

describe("the exporter beside a shard", () => {
  it("runs next to Redis, without a probe that could fail the pod", async () => {
    const [redis, ...others] = containers(await declare());
    expect(redis).to.have.property("name", "redis");
    expect(others).to.deep.equal([{ ...exporter, env: [{ name: "REDIS_ADDR", value: "redis://localhost:6379" }] }]);
  });

  it("reads the password from a file of the shard's Secret", async () => {
    const resources = await declare(PASSWORD);
    expect(containers(resources)[1]).to.deep.equal({
      ...exporter,
      env: [
        { name: "REDIS_ADDR", value: "redis://localhost:6379" },
        { name: "REDIS_PASSWORD_FILE", value: "/etc/redis-auth/exporter.json" },
      ],
      volumeMounts: [{ name: "auth", mountPath: "/etc/redis-auth", readOnly: true }],
    });
    const secret = named(resources, "shards-auth");
    const files = secret.inputs["stringData"] as Record<string, string>;
    expect(JSON.parse(files["exporter.json"] ?? "")).to.deep.equal({ "redis://localhost:6379": PASSWORD });
    expect(Object.keys(files)).to.have.members(["auth.conf", "password", "exporter.json"]);
    expect(isSecretInput(secret, "stringData")).to.equal(true);
  });
});
