/**
 * What may be missing after a shard has lost writes: claims that were on that shard alone. Everything else has to be
 * there, and must not be accepted again. Pure.
 */
import type { PodRings } from "./pod";

/** A pod, by the rings that it served, and when. */
export interface Service extends PodRings {
  readonly fromMs: number;
  toMs: number;
}

/** A shard that has lost writes. Times are Unix ms. */
export interface Loss {
  readonly shard: string;
  /** What was answered before this is still there. */
  readonly keptUntilMs: number;
  /** When the writes behind that were gone. */
  readonly atMs: number;
  /** When the `up` ended that was at work then; the same as `atMs` where none was. What that had looked at already it need not notice. */
  untilMs: number;
  /** When the last run began that left both rings in step; undefined: none has. */
  readonly inStepSinceMs: number | undefined;
  /** The same, as it was when what is still there was kept. */
  readonly keptInStepMs: number | undefined;
}

/** A claim that somebody was told of. */
export interface Acknowledged {
  /** When it was sent. */
  readonly sentMs: number;
  /** When somebody was told of it first. */
  readonly toldMs: number;
  /** Whether its own client was told that it is first: then every owner that the pod knew holds it. */
  readonly isFirst: boolean;
}

/**
 * @returns whether a claim may be gone with what a shard has lost: while somebody relied on it, some pod knew that shard
 *   as its only owner.
 */
export function mayBeGone(pcsId: string, claim: Acknowledged, loss: Loss, services: readonly Service[]): boolean {
  const { shard, keptUntilMs, atMs, untilMs } = loss;
  const inStepMs = inStepAt(loss, services);
  const isOnBoth = inStepMs !== undefined && (claim.isFirst || claim.toldMs < inStepMs);
  const since = isOnBoth ? atMs : Math.min(claim.sentMs, atMs);
  const then = services.filter(({ fromMs, toMs }) => fromMs <= untilMs && toMs >= since);
  const owners = then.map((service) => ownersOf(pcsId, service));
  // One whose own client was not told may be on one owner only, and which one nobody knows.
  if (!claim.isFirst && !isOnBoth) return owners.some((each) => each.includes(shard));
  if (claim.toldMs < keptUntilMs && wasThere(pcsId, claim, loss, services)) return false;
  return owners.some((each) => each.length === 1 && each[0] === shard);
}

/** Whether a claim of before was on the shard at once, or had been copied there by then, and stayed. */
function wasThere(pcsId: string, { sentMs, toldMs }: Acknowledged, loss: Loss, services: readonly Service[]): boolean {
  const { shard, keptUntilMs, keptInStepMs } = loss;
  const isOwner = (fromMs: number, toMs: number) =>
    services
      .filter((service) => service.fromMs <= toMs && service.toMs >= fromMs)
      .every((service) => ownersOf(pcsId, service).includes(shard));
  if (isOwner(sentMs, toldMs)) return true;
  return keptInStepMs !== undefined && toldMs < keptInStepMs && isOwner(keptInStepMs, keptUntilMs);
}

/** Since when both rings have held the same, if they did when the writes were lost. */
function inStepAt({ inStepSinceMs, atMs }: Loss, services: readonly Service[]): number | undefined {
  if (inStepSinceMs === undefined) return undefined;
  const isUndone = services.some(
    ({ secondary, fromMs, toMs }) => secondary === undefined && fromMs <= atMs && toMs >= inStepSinceMs,
  );
  return isUndone ? undefined : inStepSinceMs;
}

const ownersOf = (pcsId: string, { primary, secondary }: Service): readonly string[] => [
  ...new Set([primary, ...(secondary ? [secondary] : [])].map((ring) => ring.ownerOf(pcsId))),
];
