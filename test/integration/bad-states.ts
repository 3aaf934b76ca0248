/** What is wrong with shards, records, pods or the cluster: what comes first of an `up` finds it. */
import type { Phase } from "../../migration/phases";
import { digestOf, TO_COPY, type BadInput, type Place } from "./bad-input";
import { PaperStack } from "./paper-stack";
import { THREE, type RingLab } from "./ring-lab";

const tenfold = (digest: string): string => digest.replace(/e2$/, "e3");

/** The key that shards keep the migration's record in. */
const RECORD = "dedup-shards:migration";

const up =
  (phase: Phase) =>
  ({ stack }: Place) =>
    stack.up(phase);

const isReplica = (lab: RingLab, name: string) =>
  `${name} at ${lab.server(name).url} refused: READONLY You can't write against a read only replica. It is a replica: point ` +
  "the shard's URL at its primary.";

const LOST =
  /^shard-1 does not know migration \d{8}-\d{6} that the other shards are in: it was emptied, replaced or restarted without its data\. Restore it from its backup, or go back to migrationPhase "stable": the shard gets the copies of its keys that other shards hold, and the next plan names the command to go on without the others\.$/;

export const BAD_STATES: readonly BadInput[] = [
  {
    name: "a target that is a replica, and that no preview could reach",
    after: ["stable"],
    make: ({ lab }) => lab.server("shard-3").client.replicaof("127.0.0.1", lab.server("shard-0").port),
    run: up("plan"),
    found: "the plan",
    says: ({ lab }) => isReplica(lab, "shard-3"),
  },
  {
    name: "a source that is a replica",
    after: ["stable", "plan"],
    make: ({ lab }) => lab.server("shard-0").client.replicaof("127.0.0.1", 1),
    run: up("copy"),
    found: "the gate",
    says: ({ lab }) => isReplica(lab, "shard-0"),
  },
  {
    name: "a target that evicts keys, and that no preview could reach",
    after: ["stable"],
    make: ({ lab }) => lab.server("shard-3").client.config("SET", "maxmemory-policy", "allkeys-lru"),
    run: up("plan"),
    found: "the plan",
    says: () =>
      'the plan is refused, nothing has moved:\nshard-3: its maxmemory-policy is "allkeys-lru"; only "noeviction" is allowed, ' +
      "since an evicting shard drops copies without an error. Next: CONFIG SET maxmemory-policy noeviction, also in its " +
      "configuration, and plan again.",
  },
  {
    name: "a target without room",
    after: ["stable"],
    make: ({ lab }) => lab.server("shard-3").client.config("SET", "maxmemory", "1mb"),
    run: up("plan"),
    found: "the plan",
    says: () =>
      /^the plan is refused, nothing has moved:\nshard-3: movers of \S+ KiB \(44 keys\) do not fit: with the \S+ [KM]iB in use they make \S+ MiB, and only half of its maxmemory of 1\.0 MiB \(512\.0 KiB\) may be filled\. Next: raise its maxmemory to \S+ MiB or add shards to the target ring, and plan again\.$/,
  },
  {
    name: "a target that loses its room after the plan",
    after: ["stable", "plan"],
    make: ({ lab }) => lab.server("shard-3").client.config("SET", "maxmemory", "1mb"),
    run: up("copy"),
    found: "the gate",
    says: () =>
      /^the shards have changed since the plan:\nshard-3: movers of \S+ KiB \(44 keys\) do not fit: with the \S+ [KM]iB in use they make \S+ MiB, and only half of its maxmemory of 1\.0 MiB \(512\.0 KiB\) may be filled\. Next: raise its maxmemory to \S+ MiB or add shards to the target ring, and plan again\.$/,
  },
  {
    name: "the plan that is recorded is not the one that was reviewed",
    after: ["stable", "plan"],
    make: ({ lab, stack }) => (stack.settings = { ...stack.settings, planDigest: digestOf(lab, 100) }),
    run: up("copy"),
    found: "the gate",
    says: ({ lab }) =>
      `the plan that is recorded on the shards is ${digestOf(lab, 150)}, and not ${digestOf(lab, 100)} (planDigest), which was ` +
      "reviewed: vnodes (150, not 100) differs. Review the plan (`pulumi stack output migrationPlan`) and set planDigest to " +
      'its digest, or set migrationPhase to "plan" and run `pulumi up`.',
  },
  {
    name: "the plan that was reviewed had ten times as many keys",
    after: ["stable", "plan"],
    make: ({ lab, stack }) => (stack.settings = { ...stack.settings, planDigest: tenfold(digestOf(lab, 150)) }),
    run: up("copy"),
    found: "the gate",
    says: ({ lab }) =>
      `the plan that is recorded on the shards is ${digestOf(lab, 150)}, and not ${tenfold(digestOf(lab, 150))} (planDigest), ` +
      "which was reviewed: how many keys there are (about 10^2, not about 10^3) differs. Review the plan " +
      '(`pulumi stack output migrationPlan`) and set planDigest to its digest, or set migrationPhase to "plan" and run ' +
      "`pulumi up`.",
  },
  {
    name: "the plan's record cannot be read",
    after: ["stable", "plan"],
    make: ({ lab }) => lab.server("shard-1").client.set("dedup-shards:migration", "{"),
    run: up("copy"),
    found: "the gate",
    says: () =>
      "the migration record on shard-1 cannot be read (key dedup-shards:migration), so nothing was changed. If a newer version " +
      "of this program wrote it, run that version. Otherwise write it again, as the other shards have it, with `npm run adopt " +
      "-- --stack STACK --shard shard-1`, then run `pulumi up` again.",
  },
  {
    name: "the plan's record is of other rings",
    after: ["stable", "plan"],
    make: async ({ lab }) => {
      for (const { client } of lab.servers.values()) {
        const record = JSON.parse((await client.get(RECORD)) ?? "") as object;
        await client.set(RECORD, JSON.stringify({ ...record, id: "m-1", targetShards: [...THREE, "shard-9"] }));
      }
    },
    run: up("copy"),
    found: "the gate",
    says: () =>
      "the shards are in another migration (m-1: shard-0, shard-1, shard-2 → shard-0, shard-1, shard-2, shard-9 with 150 " +
      'vnodes and keyPrefix "pcs:"), and not in shard-0, shard-1, shard-2 → shard-0, shard-1, shard-2, shard-3 with 150 ' +
      'vnodes and keyPrefix "pcs:". Set the config to that, or go back to migrationPhase "stable" and plan anew.',
  },
  {
    name: "a shard lost its data",
    after: TO_COPY,
    make: ({ lab }) => lab.server("shard-1").client.flushall(),
    run: up("dualWrite"),
    found: "the gate",
    says: () => LOST,
  },
  {
    name: "a shard lost its data, and the migration is planned anew",
    after: TO_COPY,
    make: ({ lab }) => lab.server("shard-1").client.flushall(),
    run: up("plan"),
    found: "the plan",
    says: () => LOST,
  },
  {
    name: "the live ring was changed by somebody else",
    after: TO_COPY,
    make: ({ cluster }) => (cluster.ring = { ...cluster.ring, DEDUP_RING_EPOCH: "9" }),
    run: up("dualWrite"),
    found: "the gate",
    says: () =>
      "the live ring ConfigMap is at epoch 9, but the stack's state knows only of 1: somebody else has changed the ring. Run " +
      "`pulumi refresh`, then look at the preview again.",
  },
  {
    name: "pods run a ring that nobody knows",
    after: TO_COPY,
    make: ({ cluster }) => (cluster.pods = [{ epoch: 7 }]),
    run: up("dualWrite"),
    found: "the gate",
    says: () =>
      "backend pods run a ring epoch that this migration does not know: backend-0 (annotated epoch 7, reports none). Set " +
      'migrationPhase to "copy" and run `pulumi up --refresh` first.',
  },
  {
    name: "the Kubernetes API is away",
    after: TO_COPY,
    make: ({ cluster }) => (cluster.broken = true),
    run: up("dualWrite"),
    found: "the gate",
    says: () =>
      "cannot read ConfigMap paper/backend-config from the Kubernetes API: HTTP-Code: 503. Check the kubeconfig, its context " +
      "and its rights.",
  },
  {
    name: "there is no ring ConfigMap any more",
    after: TO_COPY,
    make: ({ cluster }) => (cluster.ring = undefined),
    run: up("dualWrite"),
    found: "the gate",
    says: () =>
      "the backend's ring ConfigMap does not exist any more: somebody has deleted it. Set migrationPhase to " +
      '"copy" and run `pulumi up --refresh` first.',
  },
  {
    name: "a target that is a node of a Redis Cluster, and that no preview could reach",
    after: ["stable"],
    servers: { "shard-3": { settings: ["--cluster-enabled", "yes"] } },
    run: up("plan"),
    found: "the plan",
    says: ({ lab }) =>
      `shard-3 at ${lab.server("shard-3").url} refused: CLUSTERDOWN Hash slot not served. It is a Redis Cluster node: ` +
      "dedup-shards moves keys between standalone servers only.",
  },
  {
    name: "a target whose database its server does not have, and that no preview could reach",
    after: ["stable"],
    run: ({ lab, cluster, stack }) => {
      const url = `${lab.server("shard-3").url}/20`;
      const servers = new Map(
        [...lab.servers, ["shard-3", { url }] as const].map(([name, of]) => [name, { url: of.url }]),
      );
      const elsewhere = new PaperStack({ rings: lab.rings, servers }, cluster);
      elsewhere.state = stack.state;
      return elsewhere.up("plan");
    },
    found: "the plan",
    says: ({ lab }) =>
      `shard-3 at ${lab.server("shard-3").url}/20 refused: ERR DB index is out of range. It has no such database: correct the ` +
      "number at the end of its URL in shardUrls, or raise `databases` in its configuration, then run `pulumi up` again.",
  },
  {
    name: "two shards are one server",
    after: ["stable"],
    run: ({ lab, cluster, stack }) => {
      const servers = new Map([...lab.servers, ["shard-3", lab.server("shard-0")]]);
      const twice = new PaperStack({ rings: lab.rings, servers }, cluster);
      twice.state = stack.state;
      return twice.up("plan");
    },
    found: "the plan",
    says: ({ lab }) => {
      const { url } = lab.server("shard-0");
      return (
        `shard-0 (${url}) and shard-3 (${url}) are the same database of the same server, by two names. A cleanup would delete ` +
        "the only copies there. Nothing has been changed: give each a server of its own in shardUrls, or take one of them out " +
        "of the rings."
      );
    },
  },
  {
    name: "keys of another prefix than the backend's",
    after: ["stable"],
    run: async ({ lab, cluster }) => {
      const other = new PaperStack({ rings: { ...lab.rings, keyPrefix: "other:" }, servers: lab.servers }, cluster);
      await other.up("stable");
      await other.up("plan");
    },
    found: "the plan",
    says: () =>
      'the plan is refused, nothing has moved:\nnone of the 200 keys on the current shards begins with "other:". Likely causes: ' +
      "another vnodes or keyPrefix than the backend uses, other shard names, or another order. Next: make vnodes, keyPrefix " +
      "and shards what the backend uses, and plan again.",
  },
];
