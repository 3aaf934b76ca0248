import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import { remarksOn } from "../../../migration/contract/other-writers-text";
import { diagnose, SECTIONS, type Finding } from "../../../migration/operations/diagnose";
import type { AnsweringShard, Facts, ServiceFacts } from "../../../migration/operations/facts";

const NOW = 10_000_000_000;
const MINUTE = 60_000;
const THREE = ["shard-0", "shard-1", "shard-2"];
const FOUR = [...THREE, "shard-3"];
const RING = { shards: THREE, targetShards: FOUR, vnodes: 150, keyPrefix: "pcs:" };
const TROUBLESHOOTING = readFileSync(path.join(__dirname, "../../../docs/troubleshooting.md"), "utf8");

const shard = (change: Partial<AnsweringShard> = {}): AnsweringShard => ({
  waitMs: { median: 0.4, max: 2.25 },
  role: "master",
  replicas: [],
  usedBytes: 20,
  maxMemoryBytes: 100,
  maxMemoryPolicy: "noeviction",
  keys: 1_000,
  sample: { keys: 800, strays: 0 },
  migrationId: undefined,
  isLocked: false,
  checkpoints: [],
  ...change,
});

const BACKEND = { epoch: 4, stackEpoch: 4, pods: 2, behind: [], otherWriters: [] };

const HELM = { manager: "helm", fields: ["DEDUP_SHARDS"] };

const SERVICE: ServiceFacts = {
  measurement: {
    requestsPerSecond: { value: 100 },
    errorRatio: { value: 0 },
    p95Ms: { value: 20 },
    hitRatio: { value: 0.4 },
  },
  limits: { maxErrorRatio: 0.01, maxP95Ms: 200, minHitRatio: 0.35, minRequestsPerSecond: 1 },
  dualWriteErrors: { value: 0 },
};

/** A ring that is well, with one shard changed. */
const facts = (
  change: Partial<Facts> = {},
  first: Partial<AnsweringShard> = {},
  others: Partial<AnsweringShard> = {},
): Facts => ({
  ring: { phase: "stable", ...RING },
  nowMs: NOW,
  shards: THREE.map((name, i) => ({ name, ...shard(i === 0 ? { ...others, ...first } : others) })),
  backend: BACKEND,
  service: SERVICE,
  ...change,
});

const OPEN = { ring: { phase: "dualWrite", ...RING } } as const;
const COPY = { ring: { phase: "copy", ...RING } } as const;
const KNOWN = { migrationId: "m-1" };
const waiting = (minutes: number, isLocked: boolean) => ({
  ...{ ...KNOWN, isLocked },
  checkpoints: [{ job: "pre-copy", work: "m-1", done: false, atMs: NOW - minutes * MINUTE }],
});

/** [what is so, the finding]. */
const FOUND: readonly (readonly [string, Facts, Omit<Finding, "next">])[] = [
  [
    "a shard that does not answer",
    facts({ shards: [{ name: "shard-0", silent: "ECONNREFUSED" }] }),
    { level: "problem", text: "shard-0 does not answer: ECONNREFUSED", section: "silent-shard" },
  ],
  [
    "another owner of the ring's keys",
    facts({ backend: { ...BACKEND, otherWriters: remarksOn("ConfigMap n/c", [HELM]) } }),
    {
      level: "warning",
      text: "helm owns DEDUP_SHARDS of ConfigMap n/c as well, and writes what its manifest has when it is applied again",
      section: "foreign-ring",
    },
  ],
  [
    "a slow shard",
    facts({}, { waitMs: { median: 80, max: 200 } }),
    { level: "warning", text: "shard-0 takes 80.0 ms, at most 200.0 ms to answer", section: "slow-shard" },
  ],
  [
    "a replica",
    facts({}, { role: "slave" }),
    { level: "problem", text: "shard-0 is a slave", section: "not-a-primary" },
  ],
  [
    "replicas that are not in step",
    facts(
      {},
      {
        replicas: [
          { state: "online", lagSeconds: 0 },
          { state: "online", lagSeconds: 11 },
          { state: "wait_bgsave", lagSeconds: 0 },
        ],
      },
    ),
    {
      level: "warning",
      text: "shard-0: 2 of 3 replicas not in step (online, 11 s behind; wait_bgsave, 0 s behind)",
      section: "replicas",
    },
  ],
  [
    "a shard that evicts",
    facts({}, { maxMemoryPolicy: "allkeys-lru" }),
    { level: "problem", text: "shard-0 throws keys away when it is full (allkeys-lru)", section: "evictions" },
  ],
  [
    "a full shard",
    facts({}, { usedBytes: 81 }),
    { level: "warning", text: "shard-0 is at 81.00 % of its maxmemory", section: "shard-memory" },
  ],
  [
    "a shard without a limit",
    facts({}, { maxMemoryBytes: 0 }),
    { level: "warning", text: "shard-0 has no maxmemory", section: "shard-memory" },
  ],
  [
    "stray keys",
    facts({}, { sample: { keys: 800, strays: 3 } }),
    { level: "warning", text: "3 of 800 keys that were looked at on shard-0 belong elsewhere", section: "stray-keys" },
  ],
  [
    "shares that are not the ring's",
    facts({}, { keys: 2_000 }),
    {
      ...{ level: "warning", section: "stray-keys" },
      text: "shard-0 has 50.00 % of the keys and 34.61 % of the ring; shard-2 has 25.00 % of the keys and 36.00 % of the ring",
    },
  ],
  [
    "a shard that forgot the migration",
    facts(OPEN, { migrationId: undefined }, KNOWN),
    {
      ...{ level: "problem", section: "lost-data" },
      text: "shard-0 knows of no migration: a shard was emptied, or restarted without its data",
    },
  ],
  [
    "shards in two migrations",
    facts(OPEN, { migrationId: "m-2" }, KNOWN),
    {
      ...{ level: "problem", section: "lost-data" },
      text: "the shards know 2 migrations: a shard was emptied, or restarted without its data",
    },
  ],
  [
    "a copy that nobody goes on with",
    facts(COPY, waiting(3, false), KNOWN),
    {
      ...{ level: "warning", section: "migration-stalled" },
      text: "pre-copy is not done on shard-0, for 3 min, and no run is at work",
    },
  ],
  [
    "a copy that stands still",
    facts(COPY, waiting(31, true), KNOWN),
    { level: "problem", text: "pre-copy is not done on shard-0, for 31 min", section: "migration-stalled" },
  ],
  [
    "pods that lag behind",
    facts({ backend: { ...BACKEND, behind: ["backend-a (epoch 3)", "backend-b (epoch unknown)"] } }),
    {
      level: "problem",
      text: "not every backend pod runs ring epoch 4: backend-a (epoch 3), backend-b (epoch unknown)",
      section: "epoch-skew",
    },
  ],
  [
    "a backend without pods",
    facts({ backend: { ...BACKEND, pods: 0 } }),
    { level: "problem", text: "there is no backend pod", section: "kubernetes" },
  ],
  [
    "a ring that somebody else has moved",
    facts({ backend: { ...BACKEND, epoch: 5 } }),
    {
      ...{ level: "problem", section: "epoch-skew" },
      text: "the live ring is in epoch 5, and the stack's last `up` left it in 4",
    },
  ],
  [
    "shards of which none knows the migration",
    facts(COPY),
    {
      ...{ level: "problem", section: "lost-data" },
      text: 'no shard knows a migration, and the stack is in "copy": a shard was emptied, or restarted without its data',
    },
  ],
  [
    "a record that a migration left",
    facts({}, {}, KNOWN),
    { level: "warning", text: "migration m-1 is over, and still recorded", section: "migration-stalled" },
  ],
  [
    "dual-write errors of which nobody can tell",
    facts({ service: { ...SERVICE, dualWriteErrors: { inconclusive: "no series" } } }),
    {
      ...{ level: "warning", section: "unknown-metrics" },
      text: "nobody can tell of errors under dual-write: no series",
    },
  ],
  [
    "a backend that nobody can see",
    facts({ backend: { unknown: "no rights" } }),
    { level: "problem", text: "the backend cannot be seen: no rights", section: "kubernetes" },
  ],
  ...(
    [
      ["errorRatio", 0.05, "errorRatio is 5.00 %, above 1.00 % (metrics.limits.maxErrorRatio)", "backend-errors"],
      ["p95Ms", 300, "p95Ms is 300, above 200 (metrics.limits.maxP95Ms)", "backend-latency"],
      ["hitRatio", 0.1, "hitRatio is 10.00 %, below 35.00 % (metrics.limits.minHitRatio)", "hit-ratio"],
    ] as const
  ).map(
    ([figure, value, text, section]) =>
      [
        `a service whose ${figure} is off`,
        facts({ service: { ...SERVICE, measurement: { ...SERVICE.measurement, [figure]: { value } } } }),
        { level: "problem", text, section },
      ] as const,
  ),
  [
    "a service of which nobody can tell",
    facts({ service: { ...SERVICE, measurement: { requestsPerSecond: { inconclusive: "no series" } } } }),
    {
      ...{ level: "warning", section: "unknown-metrics" },
      text: "nobody can tell how the service is: requestsPerSecond is not known: no series",
    },
  ],
  [
    "dual-write errors",
    facts({ service: { ...SERVICE, dualWriteErrors: { value: 12.4 } } }),
    {
      ...{ level: "problem", section: "dual-write-errors" },
      text: "about 12 claims could not be finished on one of the two rings in five minutes",
    },
  ],
];

describe("the doctor", () => {
  it("names what is wrong with the card of a shard", () => {
    const [first] = diagnose(facts({}, { cardProblem: "shard-0 belongs to the backend of ConfigMap n/c" }));
    expect(first).to.deep.equal({
      level: "problem",
      text: "shard-0: shard-0 belongs to the backend of ConfigMap n/c",
      next: "see what is said there",
      section: "shard-cards",
    });
  });

  it("finds nothing wrong with a ring that is well, and says what it looked at", () => {
    const findings = diagnose(facts());
    expect(findings.map(({ level }) => level)).to.deep.equal(findings.map(() => "ok"));
    expect(findings.map(({ text }) => text)).to.deep.equal([
      ...THREE.map(
        (name) =>
          `${name} answers in 0.4 ms, at most 2.3 ms; 1,000 keys (800 looked at), 20.00 % of its maxmemory, no replica`,
      ),
      "each shard has its share of the keys, within 5 points",
      "no migration is open",
      "every backend pod (2) runs ring epoch 4",
      "the service is within its limits: 100 requests/s, 0.00 % errors, p95 20 ms, 40.00 % duplicates",
    ]);
  });

  for (const [what, given, finding] of FOUND) {
    it(`finds ${what}, and says what to do`, () => {
      const others = diagnose(given).filter(({ level }) => level !== "ok");
      expect(others).to.have.length(1);
      const [{ next, ...found } = { next: "" }] = others;
      expect(found).to.deep.equal(finding);
      expect(next).to.not.equal("");
    });
  }

  it("lets checkpoints of another migration, or another ring epoch, be", () => {
    const checkpoints = ["m-0", "m-1/3"].map((work) => ({ job: "catch-up", work, done: false, atMs: 0 }));
    const texts = diagnose(facts(COPY, { ...KNOWN, checkpoints }, KNOWN)).map(({ text }) => text);
    expect(texts).to.include("migration m-1 is known to every shard");
  });

  it("counts the copies of an open migration as keys that a shard is to have", () => {
    const keys = { "shard-0": 33, "shard-1": 33, "shard-2": 34, "shard-3": 27 };
    const shards = Object.entries(keys).map(([name, hundreds]) => ({
      name,
      ...shard({ ...KNOWN, keys: 100 * hundreds }),
    }));
    const findings = diagnose(facts({ ...OPEN, shards }));
    expect(findings.map(({ text }) => text)).to.include("each shard has its share of the keys, within 5 points");
    const emptied = shards.map((it) => (it.name === "shard-3" ? { ...it, keys: 0 } : it));
    const texts = diagnose(facts({ ...OPEN, shards: emptied })).map(({ text }) => text);
    expect(texts.join()).to.match(/shard-3 has 0.00 % of the keys and 2\d.\d\d % of the ring/);
  });

  it("says that nobody was asked where the service's metrics are off", () => {
    const { ring, nowMs, shards, backend } = facts();
    expect(diagnose({ ring, nowMs, shards, backend }).at(-1)?.text).to.equal(
      "nobody was asked how the service is: metrics.url is not set",
    );
  });

  it("names sections that docs/troubleshooting.md has", () => {
    const headings = [...TROUBLESHOOTING.matchAll(/^## (.+)$/gm)].map(([, title = ""]) => anchorOf(title));
    expect(headings).to.include.members([...SECTIONS]);
    expect([...SECTIONS]).to.include.members(FOUND.map(([, , { section = "" }]) => section));
  });
});

const anchorOf = (title: string): string => title.toLowerCase().replaceAll(" ", "-");
