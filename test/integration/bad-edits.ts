/** What is wrong with the config, or with the stack that it is of: the preview finds it. */
import type { Phase } from "../../migration/phases";
import { check as checkShards } from "../../migration/entrypoints/shard-set";
import { check } from "../../migration/entrypoints/ring-gate";
import { TO_COPY, TO_DUAL_WRITE, type BadInput, type Place } from "./bad-input";
import { PaperStack } from "./paper-stack";
import { FOUR, THREE, type RingLab } from "./ring-lab";

type Asked = ReturnType<PaperStack["asked"]>;

/** A preview of a phase with other config. @throws Error with why it is refused */
const preview =
  (phase: Phase, change: (asked: Asked) => object = () => ({})) =>
  async ({ stack }: Place): Promise<void> => {
    const asked = stack.asked(phase);
    const { failures = [] } = await check(stack.state ?? {}, { ...asked, ...change(asked) });
    if (failures[0]) throw new Error(failures[0].reason);
  };
/** A preview in which shard-3 joins. @throws Error with why it is refused */
const previewOfJoining = async ({ stack }: Place): Promise<void> => {
  const { ring, connection } = stack.asked("plan");
  const before = Object.fromEntries(THREE.map((name) => [name, connection.shards[name] ?? ""]));
  const olds = { ring, connection: { ...connection, shards: before } };
  const { failures } = await checkShards(olds, { ring, connection }, {});
  if (failures[0]) throw new Error(failures[0].reason);
};
const withRing = (change: object) => (asked: Asked) => ({ ring: { ...asked.ring, ...change } });
const TURNED = ["shard-1", "shard-0", "shard-2"];
const urls = (lab: RingLab, names: readonly string[]) => names.map((name) => lab.server(name).url).join(",");
const edited = (what: string, from: string, to: string) =>
  `${what}: changed from "${from}" to "${to}" in the middle of a migration (phase "copy"). Take it back, or go back to ` +
  'migrationPhase "stable" first and plan anew.';
const withoutMigration = (names: readonly string[]) =>
  `shards: changing the ring in force from [${THREE.join(", ")}] to [${names.join(", ")}] without a migration would lose ` +
  "every key that changes its owner. Put the new list into targetShards, leave shards as it was, and set migrationPhase to " +
  '"plan".';

export const BAD_EDITS: readonly BadInput[] = [
  {
    name: "a phase is jumped over",
    after: ["stable", "plan"],
    run: preview("cutover"),
    found: "the preview",
    says: () =>
      'migrationPhase: "plan" → "cutover" is not a legal move. From "plan" the legal next phases are: "copy", "stable".',
  },
  {
    name: "targetShards is edited in the middle of a migration",
    after: TO_COPY,
    run: preview("dualWrite", withRing({ targetShards: [...FOUR, "shard-4"] })),
    found: "the preview",
    says: () => edited("targetShards", FOUR.join(", "), [...FOUR, "shard-4"].join(", ")),
  },
  {
    name: "vnodes is edited in the middle of a migration",
    after: TO_COPY,
    run: preview("copy", withRing({ vnodes: 100 })),
    found: "the preview",
    says: () => edited("vnodes", "150", "100"),
  },
  {
    name: "keyPrefix is edited in the middle of a migration",
    after: TO_COPY,
    run: preview("copy", withRing({ keyPrefix: "other:" })),
    found: "the preview",
    says: () => edited("keyPrefix", "pcs:", "other:"),
  },
  {
    name: "a shard is renamed in the middle of a migration",
    after: TO_COPY,
    run: preview("copy", withRing({ shards: ["shard-0", "shard-1", "renamed"] })),
    found: "the preview",
    says: () => withoutMigration(["shard-0", "shard-1", "renamed"]),
  },
  {
    name: "a shard that joins is a replica",
    after: ["stable"],
    make: ({ lab }) => lab.server("shard-3").client.replicaof("127.0.0.1", lab.server("shard-0").port),
    run: previewOfJoining,
    found: "the preview",
    says: () => "shard-3 is a slave, not a primary. Point its URL at its primary.",
  },
  {
    name: "a shard that joins is a node of a Redis Cluster",
    after: ["stable"],
    servers: { "shard-3": { settings: ["--cluster-enabled", "yes"] } },
    run: previewOfJoining,
    found: "the preview",
    says: () => "shard-3 is a Redis Cluster node: dedup-shards moves keys between standalone servers only.",
  },
  {
    name: "a shard that joins evicts keys",
    after: ["stable"],
    make: ({ lab }) => lab.server("shard-3").client.config("SET", "maxmemory-policy", "allkeys-lru"),
    run: previewOfJoining,
    found: "the preview",
    says: () =>
      'shard-3: its maxmemory-policy is "allkeys-lru"; only "noeviction" is allowed, since an evicting shard drops copies ' +
      "without an error. Next: CONFIG SET maxmemory-policy noeviction, also in its configuration, and plan again.",
  },
  {
    name: "shards is edited without a migration",
    after: ["stable"],
    run: preview("stable", withRing({ shards: FOUR })),
    found: "the preview",
    says: () => withoutMigration(FOUR),
  },
  {
    name: "a shard's URL leads to another server",
    after: ["stable"],
    run: preview("stable", ({ connection }) => ({
      connection: { ...connection, shards: { ...connection.shards, "shard-0": "redis://elsewhere:6379" } },
    })),
    found: "the preview",
    says: ({ lab }) =>
      `shardUrls: shard-0 is at ${lab.server("shard-0").url} and its keys are there, but it would be at redis://elsewhere:6379 ` +
      "from now on, where they would not be found. Take the change of shardUrls (or namespace) back. To move the shard to " +
      "another server, name that one in targetShards under a name of its own, leave shard-0 out there, and migrate.",
  },
  {
    name: "the backend is another one in the middle of a migration",
    after: TO_DUAL_WRITE,
    run: preview("cutover", ({ connection }) => ({ connection: { ...connection, deployment: "other" } })),
    found: "the preview",
    says: () =>
      'backend.deployment: changed from "backend" to "other" in the middle of a migration (phase "dualWrite"): the backend ' +
      "that takes part in it would be left with the ring that it has. Take it back, and finish or leave the migration first.",
  },
  {
    name: "a second stack begins on a ring under dual-write",
    after: TO_DUAL_WRITE,
    run: ({ lab, cluster, ...place }) =>
      preview("stable")({ ...place, lab, cluster, stack: new PaperStack(lab, cluster) }),
    found: "the preview",
    says: ({ lab }) =>
      `ConfigMap paper/backend-config is in the middle of a migration: dual-write is on, from ${urls(lab, THREE)} to the ring ` +
      `${FOUR.join(",")}. This stack has no state of it, and switching dual-write off without a barrier would lose claims. ` +
      "Restore the state of the stack that began it (`pulumi stack import` of its last export, or of its backend's " +
      "backup), then go on from there. If there is none: the ring in DEDUP_SHARDS has every acknowledged claim, so switch " +
      'dual-write off by hand (DEDUP_DUAL_WRITE="false", DEDUP_NEW_RING="", DEDUP_RING_EPOCH raised by one), restart the ' +
      "Deployment, wait until no older pod is left, and set shards to that ring.",
  },
  {
    name: "a second stack has another ring than the one in force",
    after: ["stable"],
    run: ({ lab, cluster, ...place }) =>
      preview(
        "stable",
        withRing({ shards: TURNED }),
      )({
        ...{ ...place, lab, cluster },
        stack: new PaperStack(lab, cluster),
      }),
    found: "the preview",
    says: ({ lab }) =>
      `ConfigMap paper/backend-config already has the ring ${urls(lab, THREE)}, but shards would make it ` +
      `${urls(lab, TURNED)}. Changing it without a migration would lose keys: set shards (and shardUrls) to the ring in force.`,
  },
];
