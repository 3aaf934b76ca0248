/** Which section of docs/troubleshooting.md says more of an error. Pure. */

const PAGE = "docs/troubleshooting.md";

/** What an error says, and its section: the first that fits. */
const SECTIONS: readonly (readonly [says: RegExp, section: string])[] = [
  [/stack configuration is not valid/, "bad-configuration"],
  [/does not know migration|record on .* cannot be read|plan is recorded on the shards, though/, "lost-data"],
  [/It retires, /, "shards-that-go"],
  [/npm run adopt|no epoch may come twice|is no shard of this stack|has lost its data in migration/, "shard-cards"],
  [/do not agree on the addresses/, "joining-shards-elsewhere"],
  [/the live ring ConfigMap is at epoch \d+ with/i, "foreign-ring"],
  [/the backup of /, "failed-backup"],
  [/refused: OOM/, "shard-memory"],
  [/refused: READONLY|not a primary|is a Redis (Cluster node|sentinel)/, "not-a-primary"],
  [/forceRemoveShards|cannot be removed/, "shards-that-go"],
  [/clients that are no pod/, "unknown-clients"],
  [/the live ring is not the one of/, "foreign-ring"],
  [/has no pod, so nothing shows/, "no-pods"],
  [/same database of the same server/, "one-server-twice"],
  [/the address of .* leads to/, "swapped-addresses"],
  [/the clock of /, "shard-clocks"],
  [/another migration run works on|lost its lock|put its own Job in the place/, "another-run"],
  [/\bJob\b/, "engine-job"],
  [/StatefulSet .* is not ready/, "silent-shard"],
  [/Kubernetes API|kubeconfig/, "kubernetes"],
  [/backend pods? |epoch .* known to run|ring epoch that this migration does not know/, "epoch-skew"],
  [/cannot be reached|refused: /, "silent-shard"],
  [/still in migration|in another migration/, "open-migration"],
  [/no ring yet|backend runs the target ring|written by a newer version/, "refused-changes"],
  [/makes no sense/, "silent-shard"],
  [/the plan is refused|, and plan again\.|changed since the plan|planDigest/, "refused-plan"],
  [/dual-write is on|has been closed/, "open-migration"],
  [/legal move|in the middle of a migration|changing the ring in force|its keys are there, but/, "refused-changes"],
  [/autoRollback|over its limits|whether the service/, "service-gates"],
  [/cleanup opens at/, "ttl-window"],
  [/passes found differences|keep appearing/, "one-sided-writers"],
  [/ConfigMap/, "foreign-ring"],
  [/too far from what there is|Set migrationPhase|migrationPhase "|Run `pulumi up` (first|with)/, "unfinished-phase"],
  [/Prometheus|metrics/, "unknown-metrics"],
];

const ANY_OTHER = "any-other-error";

/** The sections that errors lead to. */
export const HELP_SECTIONS: readonly string[] = [...new Set([...SECTIONS.map(([, section]) => section), ANY_OTHER])];

/** @returns the anchor of the section for an error's message. */
export const sectionFor = (message: string): string => SECTIONS.find(([says]) => says.test(message))?.[1] ?? ANY_OTHER;

/** @returns the message with the way to what it means and what to do. */
export const withHelp = (message: string): string => `${message}\nMore: ${PAGE}#${sectionFor(message)}`;
