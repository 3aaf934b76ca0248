import { judge } from "../engines/service-metrics";
import { hasWork, isOpen, ringsInForce } from "../phases";
import { formatCount, formatPercent } from "../plan/format";
import { HashRing } from "../ring/ring";
import { edgeShares, shardShares } from "../ring/share";
import type { AnsweringShard, Facts, ServiceFacts, ShardFacts } from "./facts";

/** Redis itself takes microseconds. */
const SLOW_MS = 50;
const FULL = 0.8;
/** Points by which a shard's share of the keys may differ from its share of the ring. */
const SHARE_TOLERANCE = 0.05;
/** Fewer keys than this are spread by chance. */
const FEW_KEYS = 1_000;
const STALLED_MS = 30 * 60_000;
/** Replicas say every second how far they are. */
const REPLICA_LAG_SECONDS = 10;

/** Sections of docs/troubleshooting.md. */
export const SECTIONS = [
  ...[
    "silent-shard",
    "slow-shard",
    "not-a-primary",
    "replicas",
    "evictions",
    "shard-memory",
    "stray-keys",
    "unknown-clients",
    "lost-data",
    "lost-writes",
    "shard-cards",
  ],
  ...["migration-stalled", "kubernetes", "epoch-skew", "dual-write-errors", "backend-errors", "backend-latency"],
  ...["hit-ratio", "unknown-metrics", "foreign-ring"],
] as const;

/** Something that was looked at. */
export interface Finding {
  readonly level: "ok" | "warning" | "problem";
  readonly text: string;
  /** What to do, and the section of docs/troubleshooting.md that says more. */
  readonly next?: string;
  readonly section?: string;
}

/** @returns what the facts come to, the shards first. Pure. */
export function diagnose(facts: Facts): readonly Finding[] {
  return [
    ...facts.shards.flatMap((shard) => ofShard(shard)),
    ...ofShares(facts),
    ...ofMigration(facts),
    ...ofBackend(facts),
    ...ofService(facts.service),
  ];
}

const ok = (text: string): Finding => ({ level: "ok", text });
const warning = (text: string, next: string, section: string): Finding => ({ level: "warning", text, next, section });
const problem = (text: string, next: string, section: string): Finding => ({ level: "problem", text, next, section });
const answers = (shard: ShardFacts): shard is { readonly name: string } & AnsweringShard => !("silent" in shard);

function ofShard(shard: ShardFacts): Finding[] {
  const { name } = shard;
  if (!answers(shard)) {
    return [
      problem(`${name} does not answer: ${shard.silent}`, "look at its pod, its volume and its node", "silent-shard"),
    ];
  }
  const { waitMs, role, replicas, usedBytes, maxMemoryBytes, maxMemoryPolicy, sample } = shard;
  const waits = `${waitMs.median.toFixed(1)} ms, at most ${waitMs.max.toFixed(1)} ms`;
  const memory = maxMemoryBytes > 0 ? `${formatPercent(usedBytes / maxMemoryBytes)} of its maxmemory` : "no maxmemory";
  const found: Finding[] = [];
  if (waitMs.median > SLOW_MS)
    found.push(warning(`${name} takes ${waits} to answer`, "see what holds it up", "slow-shard"));
  if (role !== "master") {
    found.push(problem(`${name} is a ${role}`, "make its address lead to the primary", "not-a-primary"));
  }
  const behind = replicas.filter(({ state, lagSeconds }) => state !== "online" || lagSeconds > REPLICA_LAG_SECONDS);
  if (behind.length > 0) {
    const says = behind.map(({ state, lagSeconds }) => `${state}, ${lagSeconds} s behind`).join("; ");
    const next = "do not fail over to it: it lacks claims that were answered";
    found.push(
      warning(`${name}: ${behind.length} of ${replicas.length} replicas not in step (${says})`, next, "replicas"),
    );
  }
  if (maxMemoryPolicy !== "noeviction") {
    const next = `redis-cli config set maxmemory-policy noeviction, and in its configuration`;
    found.push(problem(`${name} throws keys away when it is full (${maxMemoryPolicy})`, next, "evictions"));
  }
  if (maxMemoryBytes === 0) {
    found.push(warning(`${name} has no maxmemory`, "set one below what its container may use", "shard-memory"));
  } else if (usedBytes > FULL * maxMemoryBytes) {
    found.push(warning(`${name} is at ${memory}`, "add a shard, or give it memory", "shard-memory"));
  }
  if (shard.cardProblem !== undefined) {
    found.push(problem(`${name}: ${shard.cardProblem}`, "see what is said there", "shard-cards"));
  }
  if (shard.lossProblem !== undefined) {
    const next = "in an open migration `pulumi up` in its phase, which gives back what the other owners hold";
    found.push(problem(`${name} ${shard.lossProblem}`, next, "lost-writes"));
  }
  found.push(...ofUnknownClients(shard));
  if (sample.strays > 0) {
    const text = `${formatCount(sample.strays)} of ${formatCount(sample.keys)} keys that were looked at on ${name} belong elsewhere`;
    found.push(warning(text, "in an open migration `pulumi up` in its phase; else see who wrote them", "stray-keys"));
  }
  return found.length > 0
    ? found
    : [
        ok(
          `${name} answers in ${waits}; ${formatCount(shard.keys)} keys (${formatCount(sample.keys)} looked at), ${memory}, ${replicasOf(shard)}`,
        ),
      ];
}

function ofUnknownClients({ name, unknownClients = [] }: { readonly name: string } & AnsweringShard): Finding[] {
  if (unknownClients.length === 0) return [];
  const text = `${name} has clients that are no backend pod: ${unknownClients.join(", ")}`;
  const next = "find out what they are: nobody knows which ring a writer among them has";
  return [warning(text, next, "unknown-clients")];
}

const replicasOf = ({ replicas }: AnsweringShard): string =>
  replicas.length === 0 ? "no replica" : `${replicas.length} replicas in step`;

/** Each shard's share of all keys beside its share of the ring; in a migration it also has copies of what moves to it. */
function ofShares({ ring, shards }: Facts): Finding[] {
  const { primary, secondary } = ringsInForce(ring);
  const [deciding, other] = [primary, secondary ?? primary].map((names) => new HashRing(names, ring.vnodes)) as [
    HashRing,
    HashRing,
  ];
  const expected = new Map(shardShares(deciding).map(({ shard, fraction }) => [shard, fraction]));
  for (const { to, fraction } of edgeShares(deciding, other)) expected.set(to, (expected.get(to) ?? 0) + fraction);
  const counted = shards.filter(answers).filter(({ name }) => expected.has(name));
  const all = counted.reduce((sum, { keys }) => sum + keys, 0);
  const whole = [...expected.values()].reduce((sum, share) => sum + share, 0);
  // With copies on their way, or a shard that nobody could count, shares say nothing.
  const isUnderWay = isOpen(ring.phase) && secondary === undefined;
  if (all < FEW_KEYS || counted.length < expected.size || isUnderWay) return [];
  const off = counted.flatMap(({ name, keys }) => {
    const [has, due] = [keys / all, (expected.get(name) ?? 0) / whole];
    return Math.abs(has - due) > SHARE_TOLERANCE
      ? [`${name} has ${formatPercent(has)} of the keys and ${formatPercent(due)} of the ring`]
      : [];
  });
  if (off.length === 0) return [ok("each shard has its share of the keys, within 5 points")];
  return [
    warning(
      off.join("; "),
      "look for keys on shards that do not own them: `migrationPhase: plan` lists them",
      "stray-keys",
    ),
  ];
}

function ofMigration({ ring, shards, nowMs, backend }: Facts): Finding[] {
  const known = shards.filter(answers);
  const ids = [...new Set(known.flatMap(({ migrationId }) => migrationId ?? []))];
  const isAtWork = known.some(({ isLocked }) => isLocked);
  if (ids.length === 0) return [unrecorded(ring.phase)];
  if (!isOpen(ring.phase)) {
    const text = `migration ${ids.join(", ")} is over, and still recorded`;
    return [warning(text, "`pulumi up` clears it away", "migration-stalled")];
  }
  const forgetful = known.filter(({ migrationId }) => migrationId === undefined).map(({ name }) => name);
  const found: Finding[] = [];
  if (ids.length > 1 || forgetful.length > 0) {
    const who =
      ids.length > 1 ? `the shards know ${ids.length} migrations` : `${forgetful.join(", ")} knows of no migration`;
    found.push(problem(`${who}: ${EMPTIED}`, RESTORE, "lost-data"));
  }
  const works = ids.flatMap((id) => ("epoch" in backend ? [id, `${id}/${backend.epoch}`] : [id]));
  for (const { name, checkpoints } of known) {
    for (const { job, atMs } of checkpoints.filter(({ done, work }) => !done && works.includes(work))) {
      const waitsMs = atMs === undefined ? 0 : nowMs - atMs;
      const text = `${job} is not done on ${name}${atMs === undefined ? "" : `, for ${formatCount(Math.round(waitsMs / 60_000))} min`}`;
      const next = "`pulumi up` goes on from its checkpoint";
      if (!isAtWork) found.push(warning(`${text}, and no run is at work`, next, "migration-stalled"));
      else if (waitsMs > STALLED_MS) found.push(problem(text, `end that run; ${next}`, "migration-stalled"));
    }
  }
  return found.length > 0
    ? found
    : [ok(`migration ${ids.join()} is known to every shard${isAtWork ? "; a run is at work" : ""}`)];
}

const EMPTIED = "a shard was emptied, or restarted without its data";
const RESTORE = "restore it from its backup; docs/guides/damaged-shards.md says what is possible without its data";
const RECORD_AGAIN = "restore it from its backup; if only the records were deleted, `npm run adopt` makes them again";

function unrecorded(phase: Facts["ring"]["phase"]): Finding {
  if (!isOpen(phase)) return ok("no migration is open");
  if (hasWork(phase, "plan")) return ok("no migration is recorded yet");
  return problem(`no shard knows a migration, and the stack is in "${phase}": ${EMPTIED}`, RECORD_AGAIN, "lost-data");
}

function ofBackend({ backend }: Facts): Finding[] {
  if ("unknown" in backend) {
    return [problem(`the backend cannot be seen: ${backend.unknown}`, "see what is said there", "kubernetes")];
  }
  const { epoch, stackEpoch, pods, behind, otherWriters } = backend;
  const found: Finding[] = [];
  if (epoch !== stackEpoch) {
    const text = `the live ring is in epoch ${epoch}, and the stack's last \`up\` left it in ${stackEpoch}`;
    found.push(problem(text, "`pulumi refresh`, then look at the preview", "epoch-skew"));
  }
  if (pods === 0) found.push(problem("there is no backend pod", "look at the Deployment", "kubernetes"));
  if (behind.length > 0) {
    const text = `not every backend pod runs ring epoch ${epoch}: ${behind.join(", ")}`;
    found.push(problem(text, "find out what holds them", "epoch-skew"));
  }
  if (found.length === 0) found.push(ok(`every backend pod (${pods}) runs ring epoch ${epoch}`));
  return [...found, ...otherWriters.map(({ text, next }) => warning(text, next, "foreign-ring"))];
}

function ofService(service: ServiceFacts | undefined): Finding[] {
  if (service === undefined) return [ok("nobody was asked how the service is: metrics.url is not set")];
  const { measurement, limits, baseline, dualWriteErrors } = service;
  const { outcome, says } = judge(measurement, limits, baseline);
  const sections = { errorRatio: "backend-errors", p95Ms: "backend-latency", hitRatio: "hit-ratio" };
  const section = Object.entries(sections).find(([figure]) => says.startsWith(figure))?.[1] ?? "backend-errors";
  const found: Finding[] = [];
  if (outcome === "pass") found.push(ok(`the service is within its limits: ${says}`));
  if (outcome === "fail") found.push(problem(says, "after a cutover: `pulumi stack output rollback`", section));
  if (outcome === "inconclusive")
    found.push(warning(`nobody can tell how the service is: ${says}`, "look at what was asked", "unknown-metrics"));
  if ("value" in dualWriteErrors && dualWriteErrors.value > 0) {
    const text = `about ${formatCount(Math.round(dualWriteErrors.value))} claims could not be finished on one of the two rings in five minutes`;
    found.push(problem(text, "look for a shard that does not answer", "dual-write-errors"));
  }
  if ("inconclusive" in dualWriteErrors) {
    const text = `nobody can tell of errors under dual-write: ${dualWriteErrors.inconclusive}`;
    found.push(warning(text, "look at what was asked", "unknown-metrics"));
  }
  return found;
}
