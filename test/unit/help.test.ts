import { expect } from "chai";
import { readFileSync } from "node:fs";
import path from "node:path";
import {
  FencedError,
  LockedError,
  OtherShardError,
  SharedServerError,
  ShardRefusedError,
  ShardUnreachableError,
  UnexpectedReplyError,
} from "../../migration/engines/errors";
import {
  adoptCommand,
  ForeignShardError,
  LostCardError,
  OtherStackError,
  UnreadableCardError,
} from "../../migration/engines/run/ownership-errors";
import { usedEpoch } from "../../migration/entrypoints/gate/use-epoch";
import { LostRecordError, NoRecordError, UnreadableRecordError } from "../../migration/engines/run/lost-record";
import { RetiringShardError } from "../../migration/engines/gate/retiring-shards";
import { NoPodsError } from "../../migration/engines/gate/no-pods";
import { RingMovedError } from "../../migration/engines/gate/ring-moved-error";
import { RingPutBackError, UnsurePodsError } from "../../migration/engines/gate/ring-put-back-error";
import { dispatch } from "../../migration/entrypoints/dispatch";
import { sectionFor, withHelp } from "../../migration/help";
import { serverProblems } from "../../migration/plan/server-problems";

const PAGE = readFileSync(path.join(__dirname, "../../docs/troubleshooting.md"), "utf8");
const SECTIONS = [...PAGE.matchAll(/^## (.+)$/gm)].map(([, title = ""]) => title.toLowerCase().replaceAll(" ", "-"));

const LOSS = { shards: ["a"], migrationId: "m-1", current: ["a"], target: ["a", "b"] };
const BACKEND = { namespace: "n", namespaceUid: "1", configMap: "c" };
const url = "redis://h";
const refused = (reply: string) => new ShardRefusedError("a", url, reply).message;
const shard = { name: "a", url };
const SERVER = { shard: "a", version: "7.0.15", mode: "standalone", role: "master", maxMemoryPolicy: "noeviction" };

/** [the section, messages as the product words them] */
const MESSAGES: Readonly<Record<string, readonly string[]>> = {
  "bad-configuration": [
    "The stack configuration is not valid. Nothing was changed.\n  dedup-shards:vnodes is 0; allowed: …",
  ],
  "failed-backup": ["the backup of shard-0 failed: its command ended with exit code 3."],
  "shard-memory": [refused("OOM command not allowed when used memory > 'maxmemory'.")],
  "not-a-primary": [
    refused("READONLY You can't write against a read only replica."),
    "a is a slave, not a primary. Point its URL at its primary.",
    refused("MOVED 1 h:1"),
    ...serverProblems({ ...SERVER, mode: "cluster" }),
    ...serverProblems({ ...SERVER, role: "slave" }),
  ],
  "silent-shard": [
    new ShardUnreachableError("a", url, new Error("connect ECONNREFUSED")).message,
    refused("WRONGPASS invalid username-password pair"),
    refused("NOAUTH Authentication required."),
    refused("NOPERM this user has no permissions"),
    refused("LOADING Redis is loading the dataset in memory"),
    refused("BUSY Redis is busy running a script."),
    refused("ERR DB index is out of range"),
    refused("ERR the connection is in database 0, not in 3"),
    refused("ERR unknown command 'EVALSHA', with args beginning with: "),
    refused("NOREPLICAS Not enough good replicas to write."),
    refused("NOPERM ACL failure in script: User engine has no permissions to run the 'dump' command"),
    refused("MISCONF Redis is configured to save RDB snapshots"),
    "StatefulSet n/redis-dedup-shard-0 is not ready 600s after its change",
    new UnexpectedReplyError("a", url, '"HTTP/1.1"', "a list").message,
    "a, b cannot be reached or has lost its data. Look at its pod, then run `pulumi up` again.",
  ],
  "unknown-clients": [
    "backend.servesNothing says that nothing serves, but clients that are no pod of the backend's Deployment are connected to a",
  ],
  "no-pods": [new NoPodsError('the gate to "cutover" stays shut').message],
  "shards-that-go": [
    'a cannot be removed: it holds keys that no other shard holds, such as "x". Run the migration through its cleanup first',
    `${new ShardUnreachableError("a", url, new Error("x")).message} If it is dead, … name it in forceRemoveShards.`,
    new RetiringShardError(["a"], true).message,
    new RetiringShardError(["a"], false).message,
    "a cannot be removed, not even by forceRemoveShards: the backend runs a ring with it.",
  ],
  "one-server-twice": [new SharedServerError(shard, { ...shard, name: "b" }).message],
  "swapped-addresses": [
    "the address of a leads to b. Nothing is done on a shard that is not the one it is taken for: wait",
  ],
  "shard-cards": [
    new ForeignShardError("a", BACKEND, { ...BACKEND, namespaceUid: "2" }, "staging").message,
    new OtherStackError("a", "m-1", "staging", "copied").message,
    new UnreadableCardError("a", "staging").message,
    new LostCardError(["a", "b"], "staging").message,
    new OtherShardError("a", "b", adoptCommand("staging", "a")).message,
    usedEpoch(3, 4).message,
    "a is no shard of this stack. Its shards are b.",
    "a has lost its data in migration m-1, and what the other shards hold cannot take its place in this phase.",
  ],
  "joining-shards-elsewhere": [
    "4 of the 5 newest claims are missing on a: the backend and this stack do not agree on the addresses of the shards",
    "a holds 3 keys that other shards of the target ring own, …: the backend and this stack do not agree on the addresses",
  ],
  "shard-clocks": [
    "the clock of a is 7s ahead of that of b: claims that live on the one are over on the other. Nothing has",
  ],
  "lost-data": [
    new LostRecordError({ ...LOSS, config: "A", inStep: false }).message,
    new LostRecordError({ ...LOSS, config: "DB", inStep: true }).message,
    new UnreadableRecordError("a").message,
    new NoRecordError(false).message,
  ],
  "another-run": [
    new LockedError("a", "copy on host").message,
    new FencedError("a", "copy on host").message,
    "another run has put its own Job in the place of this one's. Wait for that run to end, then run `pulumi up` again.",
  ],
  "engine-job": [
    "the pod for shard-0 of Job n/dedup-engine failed; its last lines:\nmaxmemory",
    "no pod of Job n/dedup-engine runs for 5 minutes: nobody says why.",
    "cannot work with the Job dedup-engine by the Kubernetes API: HTTP-Code: 403.",
  ],
  "epoch-skew": [
    "barrier: after 600s not every backend pod is known to run ring epoch 2: backend-1 (annotated epoch 1).",
    "backend pods do not say which ring epoch they run: backend-1. Find out what holds them",
    "backend pods run a ring epoch that this migration does not know: backend-1.",
    "backend pods run another ring than that of their epoch: backend-1 (annotated epoch 2, reports epoch 2 of ring ab).",
  ],
  "refused-plan": [
    "the plan is refused, nothing has moved:\na → b: b cannot read what a serializes, because its server is older or of another",
    "the plan is refused, nothing has moved:\na: copying pcs:x (a hash, 1,000,000 members, 40.0 MiB) holds its shards up for",
    ...serverProblems({ ...SERVER, version: "6.2.1" }),
    ...serverProblems({ ...SERVER, maxMemoryPolicy: "allkeys-lru" }),
    "the plan is refused, nothing has moved:\na: evicts",
    "the shards have changed since the plan:\na: evicts",
    "the plan that is recorded on the shards is d1, and not d2 (planDigest), which was reviewed: the rings differ.",
  ],
  "open-migration": [
    "the shards are in another migration (m-1: a → b), and not in a → c. Set the config to that",
    "the plan is refused, nothing has moved: the shards are still in migration m-1 (a → b). Set migrationPhase to",
    "the shards are still in migration m-1 (a → b), and the ring in the config is neither of its two.",
    "ConfigMap n/c is in the middle of a migration: dual-write is on, from a to the ring b.",
    "the migration has been closed: its records are gone from the shards.",
  ],
  "refused-changes": [
    'migrationPhase: "stable" → "cutover" is not a legal move',
    'namespace: changed from "a" to "b" in the middle of a migration (phase "copy"): the backend that takes part',
    'migrationPhase: this stack has no ring yet, so it cannot start in "copy".',
    "shards: the backend runs the target ring [a] since the cleanup, but shards is [b].",
    "shards: changing the ring in force from a to b without a migration would lose keys",
    "shardUrls: a is at redis://h and its keys are there, but it would be at redis://i from now on",
  ],
  "service-gates": [
    "metrics.autoRollback has moved the ring back: since ring epoch 5 traffic is on the current ring (a).",
    "the service is over its limits: errorRatio is 5 %",
    "nobody can tell whether the service is well: Prometheus did not answer",
    "whether the service is stable can be told at 2026-11-27T00:00:00.000Z: metrics.stability after the cutover.",
  ],
  "ttl-window": ["cleanup opens at 2026-12-11T00:00:00.000Z: until then the old copies are the way back."],
  "one-sided-writers": [
    "verify: 10 passes found differences each time (missing 1, different 0, extra 0; repaired 10).",
    "cleanup: keys keep appearing on owners that no longer decide (a). A writer still uses the old ring",
  ],
  "foreign-ring": [
    "warning: the live ring is not the one of the stack's state: ConfigMap n/c does not exist.",
    'The live ring ConfigMap is at epoch 1 with the ring of migrationPhase "copy", and the stack\'s state is in "cutover" at epoch',
    "the live ring ConfigMap is at epoch 5, but the stack's state knows only of 4: somebody else has changed the ring.",
    'the live ring ConfigMap has a ring that this migration does not know (DEDUP_SHARDS="x").',
    "the live ring ConfigMap has no DEDUP_RING_EPOCH. Run `pulumi up` to write it.",
    "ConfigMap n/c already has the ring a, but shards would make it b. Changing it without a migration would lose keys",
    new RingPutBackError("n/c", ["DEDUP_SHARDS"], ["helm"], "run `pulumi up` again: it writes them once more.").message,
    new UnsurePodsError("n/c", ["backend-0 (annotated epoch 2, reports none)"]).message,
    new RingMovedError("ConfigMap n/c", { DEDUP_RING_EPOCH: "3" }).message,
    "ConfigMap n/c is not what it was when this run began, or could not be read then. Run `pulumi up` again.",
  ],
  "unfinished-phase": [
    'the pre-copy of a has not been completed. Set migrationPhase to "copy" and run `pulumi up`: it goes on where it stopped.',
    'the rings have not been brought into step since dual-write was switched on. Set migrationPhase to "dualWrite"',
    'the cleanup has not been completed: old owners may still hold movers. Set migrationPhase to "cleanup"',
    new NoRecordError(true).message,
    '"cutover" moves the reads, and that is too far from what there is: backend-1. Set migrationPhase to "copy"',
    'no cutover is recorded. Run `pulumi up` with migrationPhase "cutover" first.',
    'there is nothing to repair in migrationPhase "plan": backends write one ring only',
    "not all pods run ring epoch 3: p0 (epoch 2). Run `pulumi up` first, which waits for them.",
  ],
  kubernetes: ["cannot read the ConfigMap's pods from the Kubernetes API: 403"],
  "any-other-error": ["something that nobody has thought of"],
};

describe("help with errors", () => {
  for (const [section, messages] of Object.entries(MESSAGES)) {
    it(`${section}: the page has the section, and messages lead to it`, () => {
      expect(SECTIONS).to.include(section);
      for (const message of messages) expect(sectionFor(message), message).to.equal(section);
    });
  }

  it("stands at the end of a message", () => {
    expect(withHelp("cleanup opens at noon.")).to.equal(
      "cleanup opens at noon.\nMore: docs/troubleshooting.md#ttl-window",
    );
  });

  it("stands at the end of what a provider throws, and of what its check refuses", async () => {
    const inputs = { phase: "cutover", ring: { shards: ["a"], targetShards: ["a"] }, connection: { shards: {} } };
    const olds = { ...inputs, phase: "stable", data: {} };
    const checked = (await dispatch("ring-gate", "check", [olds, inputs], undefined)) as {
      readonly failures: readonly { readonly reason: string }[];
    };
    expect(checked.failures.map(({ reason }) => reason.split("\n").at(-1))).to.deep.equal([
      "More: docs/troubleshooting.md#refused-changes",
    ]);
    const failure: Error = await dispatch("migration-plan", "update", [{}, { work: "plan" }], undefined).then(
      () => new Error("it did not fail"),
      (error: unknown) => error as Error,
    );
    expect(failure.message).to.match(/\nMore: docs\/troubleshooting\.md#any-other-error$/);
  });
});
