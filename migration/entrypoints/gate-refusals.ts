import { serverOf } from "../config/server";
import { isOpen, refuseMove, ringsInForce } from "../phases";
import type { RingData } from "../contract/ring-config-map";
import { stateOf, type CheckedGateInputs, type GateInputs } from "./gate-inputs";

/** What a preview shows of a refusal. */
export interface Failure {
  readonly property: string;
  readonly reason: string;
}

/** Why a stack may not go from one state to another, as far as the config alone can tell. */
export function refuseChange(olds: CheckedGateInputs, news: GateInputs): Failure | undefined {
  const illegal = refuseMove(stateOf(olds), stateOf(news), olds.cameFrom);
  if (illegal !== undefined) return { property: "migrationPhase", reason: illegal };
  const server = otherServer(olds, news);
  if (server !== undefined) return { property: "shardUrls", reason: server };
  return otherBackend(olds, news);
}

/** Why a stack without a state may not take the ring that it finds over. */
export function refuseStart(news: GateInputs, live: RingData | undefined, data: RingData): Failure | undefined {
  const illegal = refuseMove(undefined, stateOf(news));
  if (illegal !== undefined) return { property: "migrationPhase", reason: illegal };
  if (live?.["DEDUP_DUAL_WRITE"] === "true") return { property: "migrationPhase", reason: openMigration(news, live) };
  if (live?.["DEDUP_SHARDS"] && live["DEDUP_SHARDS"] !== data["DEDUP_SHARDS"]) {
    return { property: "shards", reason: foreignRing(news, live, data) };
  }
  return undefined;
}

/** The backend in the middle of a migration is the one whose pods the gates and barriers have looked at. */
function otherBackend(olds: CheckedGateInputs, news: GateInputs): Failure | undefined {
  if (!isOpen(olds.phase)) return undefined;
  const edits = [
    ["namespace", olds.connection.namespace, news.connection.namespace],
    ["backend.configMap", olds.connection.configMap, news.connection.configMap],
    ["backend.deployment", olds.connection.deployment, news.connection.deployment],
  ] as const;
  const edit = edits.find(([, before, after]) => before !== after);
  if (edit === undefined) return undefined;
  const [property, before, after] = edit;
  return {
    property,
    reason:
      `${property}: changed from "${before}" to "${after}" in the middle of a migration (phase "${olds.phase}"): the ` +
      `backend that takes part in it would be left with the ring that it has. Take it back, and finish or leave the ` +
      `migration first.`,
  };
}

/** Why a shard of the ring in force may not be another server from now on: its keys would be where nobody looks. */
function otherServer(olds: CheckedGateInputs, news: GateInputs): string | undefined {
  for (const [name, known] of serversInForce(olds)) {
    const now = news.connection.shards[name];
    // A state that forgot where a shard is, because its `up` had removed it, is no reason to refuse any address.
    if (now === undefined || known.length === 0 || known.some((url) => serverOf(url) === serverOf(now))) continue;
    return (
      `shardUrls: ${name} is at ${known.join(" or ")} and its keys are there, but it would be at ${now} from now on, ` +
      `where they would not be found. Take the change of shardUrls (or namespace) back. To move the shard to another ` +
      `server, name that one in targetShards under a name of its own, leave ${name} out there, and migrate.`
    );
  }
  return undefined;
}

/**
 * The servers of the shards that a state relies on: both rings in force, and the current ring, to which a migration may
 * go back. A ConfigMap that was changed by hand, and then refreshed, may say that one of them is elsewhere: whether that
 * is taken over or taken back is for the operator to say.
 */
function serversInForce(olds: CheckedGateInputs): readonly (readonly [shard: string, urls: readonly string[]])[] {
  const { primary, secondary = [] } = ringsInForce(stateOf(olds));
  const live = (olds.data["DEDUP_SHARDS"] ?? "").split(",");
  const isRing = live.length === primary.length && live.every((url) => URL.canParse(url));
  return [...new Set([...olds.ring.shards, ...primary, ...secondary])].map((name) => {
    const declared = olds.connection.shards[name];
    const found = isRing ? live[primary.indexOf(name)] : undefined;
    return [name, [...new Set([declared, found])].filter((url) => url !== undefined)];
  });
}

const foreignRing = ({ connection }: GateInputs, before: RingData, data: RingData): string =>
  `ConfigMap ${connection.namespace}/${connection.configMap} already has the ring ${before["DEDUP_SHARDS"]}, but shards ` +
  `would make it ${data["DEDUP_SHARDS"]}. Changing it without a migration would lose keys: set shards (and shardUrls) ` +
  `to the ring in force.`;

const openMigration = ({ connection }: GateInputs, live: RingData): string =>
  `ConfigMap ${connection.namespace}/${connection.configMap} is in the middle of a migration: dual-write is on, from ` +
  `${live["DEDUP_SHARDS"]} to the ring ${live["DEDUP_NEW_RING"]}. This stack has no state of it, and switching dual-write ` +
  `off without a barrier would lose claims. Restore the state of the stack that began it (\`pulumi stack import\` of its ` +
  `last export, or of its backend's backup), then go on from there. If there is none: the ring in DEDUP_SHARDS has every ` +
  `acknowledged claim, so switch dual-write off by hand (DEDUP_DUAL_WRITE="false", DEDUP_NEW_RING="", DEDUP_RING_EPOCH ` +
  `raised by one), restart the Deployment, wait until no older pod is left, and set shards to that ring.`;
