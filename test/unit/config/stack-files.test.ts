import { expect } from "chai";
import { loadYaml } from "@kubernetes/client-node";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { RawStackConfig } from "../../../migration/config";
import { PHASES } from "../../../migration/phases";
import { planDigest } from "../../../migration/plan/digest";
import { parse } from "./parse";

interface Declaration {
  readonly type: string;
  readonly default?: unknown;
  readonly description?: string;
}

const read = <T>(file: string): T => loadYaml<T>(readFileSync(path.join(__dirname, "../../..", file), "utf8"));
const declarations = Object.entries(read<{ config: Record<string, Declaration> }>("Pulumi.yaml").config);
const programKeys = Object.keys(parse({ shards: ["a"] }));

/** A stack's values over the defaults of Pulumi.yaml, as the CLI hands them to the program. */
function stackValues(file: string): RawStackConfig {
  const set = Object.entries(read<{ config: Record<string, unknown> }>(file).config);
  const defaults = declarations.map(([key, declaration]) => [key, declaration.default]);
  const own = set.map(([key, value]) => [key.replace(/^dedup-shards:/, ""), value]);
  return Object.fromEntries([...defaults, ...own]) as RawStackConfig;
}

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
/** Durations are set with a unit, and have milliseconds in the program. */
const DURATIONS: Readonly<Record<string, string>> = Object.fromEntries(
  ["ttlWindow", "window", "interval", "bake", "stability"].map((field) => [`${field}Ms`, field]),
);

describe("Pulumi.yaml", () => {
  it("declares every key of the program, and the secrets", () => {
    expect(declarations.map(([key]) => key)).to.have.members([
      ...programKeys,
      "redisPassword",
      "redisUserPassword",
      "redisClientKey",
      "metricsToken",
      "metricsPassword",
      "grafanaToken",
      "notify",
    ]);
  });

  for (const [key, declaration] of declarations) {
    it(`${key} has a type, a default and a description`, () => {
      expect(declaration).to.have.property("type").that.is.a("string");
      expect(declaration.default, "without a default the key would be required").not.to.equal(undefined);
      expect(declaration).to.have.property("description").that.matches(/\S/);
    });
  }

  it("has the program's own defaults", () => {
    const declared = Object.fromEntries(declarations.map(([key, declaration]) => [key, declaration.default]));
    expect(parse({ ...declared, shards: ["a"] })).to.deep.equal(parse({ shards: ["a"] }));
  });

  it("names every field of its objects in the description", () => {
    const metrics = { url: "http://p", username: "u", caCertificate: CERTIFICATE };
    const optional = { shard: { storageClass: "fast" }, backend: { metricsPort: 8080 }, metrics };
    const notify = { webhookUrl: "http://h" };
    const config = { ...parse({ shards: ["a"], ...optional, metricsPassword: "p", notify }), notify };
    for (const [key, { type, description }] of declarations) {
      const fields = type === "object" ? Object.keys(config[key as keyof typeof config]) : [];
      for (const field of fields) expect(description, key).to.include(DURATIONS[field] ?? field);
    }
  });
});

for (const file of ["Pulumi.staging.yaml", "Pulumi.prod.yaml"]) {
  describe(file, () => {
    const values = stackValues(file);
    const { shards: current, targetShards: target, vnodes, keyPrefix } = parse(values);
    const reviewed = planDigest({ current, target, vnodes, keyPrefix }).replace("uncounted", "e7");

    for (const migrationPhase of PHASES) {
      it(`is valid in ${migrationPhase}, with the digest of its plan`, () => {
        expect(parse({ ...values, migrationPhase, planDigest: reviewed }).migrationPhase).to.equal(migrationPhase);
      });
    }

    it("is valid when the migration is over and the target ring is the current one", () => {
      expect(() => parse({ ...values, shards: values.targetShards })).not.to.throw();
    });
  });
}

describe("the example stacks", () => {
  const [staging, prod] = ["Pulumi.staging.yaml", "Pulumi.prod.yaml"].map((file) => parse(stackValues(file)));

  it("are what they say: staging quick and sampled, prod careful and full", () => {
    expect([staging?.verify.mode, prod?.verify.mode]).to.deep.equal(["sample", "full"]);
    expect(staging?.copy.keysPerSecond).to.be.greaterThan((prod?.copy.keysPerSecond ?? Infinity) * 10);
    expect([staging?.requirePlanDigest, prod?.requirePlanDigest]).to.deep.equal([false, true]);
    expect([staging?.backup.enabled, prod?.backup.enabled]).to.deep.equal([false, true]);
    expect([staging?.cleanup.ttlWindowMs, prod?.cleanup.ttlWindowMs]).to.deep.equal([30 * 60_000, 14 * 86_400_000]);
  });

  it("names images by digest in prod", () => {
    for (const image of [prod?.shard.image, prod?.monitoring.exporter.image]) {
      expect(image).to.match(/^[a-z0-9/_]+:v?\d+\.\d+\.\d+(-alpine)?@sha256:[0-9a-f]{64}$/);
    }
  });
});
