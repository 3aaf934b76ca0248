import { assertRemembers, type MigrationRecord } from "../migration-record";
import type { Run } from "../runtime";
import type { KeyState, ShardStore } from "../shard-store";
import type { Throttle } from "../throttle";

/** What a copy came to. */
export interface Copied {
  readonly written: number;
  /** Keys that are no longer what was seen, or that must not be written over any more. */
  readonly changed: readonly Buffer[];
  readonly expired: readonly Buffer[];
}

interface CopyJob {
  readonly run: Run;
  readonly record: MigrationRecord;
  readonly throttle: Throttle;
  /** Asked after copies were read that are to take the place of others. */
  readonly mayOverwrite?: () => Promise<boolean>;
}

/**
 * Copies keys as they are now, unless the shard written to no longer holds what is expected of it. Big values go in
 * several requests: as many as were read at once are written at once. The caller has taken the keys' share of the rate.
 * `expired`: their time has passed by the clock of the shard that was written to.
 */
export async function copy(
  from: ShardStore,
  to: ShardStore,
  keys: readonly { readonly key: Buffer; readonly expected: KeyState }[],
  { run, record, throttle, mayOverwrite = () => Promise.resolve(true) }: CopyJob,
): Promise<Copied> {
  const changed: Buffer[] = [];
  const expired: Buffer[] = [];
  let written = 0;
  for (let done = 0; done < keys.length;) {
    const rest = keys.slice(done);
    const copies = await throttle.observe(() =>
      from.read(
        rest.map(({ key }) => key),
        throttle.pace.bigValueBytes,
      ),
    );
    done += copies.length;
    const writes = copies.flatMap((found, i) => (found ? [{ ...(rest[i] as (typeof rest)[0]), ...found }] : []));
    if (writes.length === 0) continue;
    // Asked after they were read: what clients left on a shard that came back empty must not take the place of what was lost.
    if (writes.some(({ expected }) => expected.fingerprint !== "")) {
      await assertRemembers(from, record);
      if (!(await mayOverwrite())) {
        changed.push(...writes.map(({ key }) => key));
        continue;
      }
    }
    const outcomes = await throttle.observe(() => to.write(run.token(), writes));
    written += outcomes.filter((outcome) => outcome === "written").length;
    changed.push(...writes.flatMap(({ key }, i) => (outcomes[i] === "changed" ? [key] : [])));
    expired.push(...writes.flatMap(({ key }, i) => (outcomes[i] === "expired" ? [key] : [])));
  }
  return { written, changed, expired };
}
