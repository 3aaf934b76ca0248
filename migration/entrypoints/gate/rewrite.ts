import { CHECKSUM_KEY } from "../../contract/ring-config-map";
import { describe, type BackendPod } from "../../engines/barrier";
import { assertSameRing, UnsurePodsError } from "../../engines/gate/ring-put-back-error";
import type { CheckedGateInputs } from "../gate-inputs";
import { openBackend } from "../open-run";
import { openRing } from "../ring-in-force";

/**
 * Looks once more where a ring that is in force is written without another number: nothing restarts behind that write.
 *
 * The checksum is added to a ring that an earlier version wrote at the next `up`, and not only with the next change of the
 * ring: pods that run have read the ring by then, and those that start check it from now on. Written over a ring that
 * somebody has changed, it would hide that. And keys are put back only where every pod reports a checksum, so that none has
 * served by another ring.
 *
 * @throws RingPutBackError when the live ring is another one; GateClosedError when a pod reports no checksum.
 */
export async function assertMayRewrite(olds: CheckedGateInputs, news: CheckedGateInputs): Promise<void> {
  if (olds.epoch !== news.epoch) return;
  const { connection, metrics, data } = news;
  if (news.putBack && news.putBack !== olds.putBack) {
    const unsure = (await (await openBackend(connection, metrics)).pods()).filter((pod) => !reportsOrIsIdle(pod));
    if (unsure.length === 0) return;
    throw new UnsurePodsError(`${connection.namespace}/${connection.configMap}`, unsure.map(describe));
  }
  if (olds.data[CHECKSUM_KEY] === data[CHECKSUM_KEY]) return;
  const source = await openRing(connection);
  assertSameRing(source.name, await source.now(), olds.data);
}

const reportsOrIsIdle = ({ answer }: BackendPod): boolean =>
  answer !== undefined && ("epochs" in answer ? answer.checksums !== undefined : answer.idle);
