import type { DecidingShards, Standing } from "../run/suspect-shards";
import type { KeyState, ShardStore } from "../shard-store";

/** A key that two owners hold differently, as both were seen. */
export interface Differing {
  readonly key: Buffer;
  /** On the owner that decides. */
  readonly mine: KeyState;
  /** On the other owner. */
  readonly expected: KeyState;
}

/** Whose copies stand. Keys in neither list are left to the next pass. */
export interface Verdict<T> {
  /** The deciding owner's. */
  readonly deciders: readonly T[];
  /** The other owner's. */
  readonly others: readonly T[];
  /** How far the deciding shard was trusted; `same` where nothing of the other owner's would be written over. */
  readonly standing: Standing;
}

interface Owners {
  readonly primary: ShardStore;
  readonly secondary: ShardStore;
  readonly deciding: DecidingShards;
  /** Looks at keys again, when no claim that was under way at the first look is under way any more. */
  readonly lookLater: (keys: readonly Buffer[]) => Promise<readonly Differing[]>;
}

/**
 * Says whose copies stand where two owners differ: those of the owner that decides, unless its shard may have lost writes. Then
 * the other owner's copies stand, and where both may have lost some the deciding owner's again.
 *
 * A second look makes sure that what the other owner holds is not half of a claim that is about to give way to another.
 */
export async function whoseCopyStands<T extends Differing>(found: readonly T[], owners: Owners): Promise<Verdict<T>> {
  const { primary, secondary, deciding, lookLater } = owners;
  if (!found.some(areBothThere)) return { deciders: found, others: [], standing: "same" };
  const standing = await deciding.standing(primary);
  const unlike = found.filter(haveOtherValues);
  if (standing !== "suspect" || unlike.length === 0) return { deciders: found, others: [], standing };
  if ((await deciding.standing(secondary)) === "suspect") {
    deciding.say(
      `${primary.name} and ${secondary.name} may both have lost writes: where they differ the copies of ${primary.name} stand`,
    );
    return { deciders: found, others: [], standing };
  }
  deciding.say(
    `${primary.name} may have lost writes: where it differs from ${secondary.name} the copies of ${secondary.name} stand`,
  );
  const later = await lookLater(unlike.map(({ key }) => key));
  const others = unlike.filter((pair) => later.some((again) => isSamePair(pair, again)));
  return { deciders: found.filter((pair) => !haveOtherValues(pair)), others, standing };
}

/** Expiries that differ are no reason to distrust the deciding owner: both copies are of one claim. */
const haveOtherValues = (pair: Differing): boolean =>
  areBothThere(pair) && pair.mine.fingerprint !== pair.expected.fingerprint;

const areBothThere = ({ mine, expected }: Differing): boolean => mine.fingerprint !== "" && expected.fingerprint !== "";

const isSamePair = (a: Differing, b: Differing): boolean =>
  a.key.equals(b.key) && a.mine.fingerprint === b.mine.fingerprint && a.expected.fingerprint === b.expected.fingerprint;
