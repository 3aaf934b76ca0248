import { systemClock } from "../adapters/session";
import { numbered } from "../contract/ring-config-map";
import { barrier } from "../engines/barrier";
import { RingHold } from "../engines/gate/ring-hold";
import { peekEpochs } from "./gate/known-epochs";
import { ringData, type CheckedGateInputs } from "./gate-inputs";
import { log, type BakeInputs, type Secrets } from "./inputs";
import { openBackend, ringEpoch, writeRing } from "./open-run";
import { openRing } from "./ring-in-force";
import { askGate } from "./ring-gate";

/**
 * Moves the reads back to the current ring as an `up` from `cutover` to `dualWrite` would: gate, ring ConfigMap, rolling
 * restart, barrier. The stack's state knows nothing of it; the gate of the next `up` does, from the note of this one.
 *
 * @returns the ring epoch that every pod runs now.
 * @throws GateClosedError when the gate does not open, or a pod does not come to run that epoch in time.
 */
export async function moveBack(inputs: BakeInputs, secrets: Secrets): Promise<number> {
  const { connection, metrics, settings } = inputs;
  const here = at(inputs, "cutover", inputs.epoch);
  const known = await peekEpochs(inputs, secrets);
  const there = at(inputs, "dualWrite", Math.max(inputs.epoch, ...known) + 1);
  const { epoch, data } = there;
  const source = await openRing(connection);
  await askGate(here, there, secrets);
  // The gate's verify may have taken its time.
  const { resourceVersion } = await source.now();
  await ringEpoch(inputs);
  await writeRing(connection, here.data, data);
  const { commandTimeoutMs, rolloutTimeoutMs: deadlineMs, servesNothing = false } = settings;
  const waiting = { epoch, commandTimeoutMs, deadlineMs, servesNothing };
  const held = new RingHold(source, data, resourceVersion, log);
  await barrier(await openBackend(connection, metrics), waiting, systemClock, log, held);
  return epoch;
}

function at(inputs: BakeInputs, phase: "cutover" | "dualWrite", epoch: number): CheckedGateInputs {
  const { ring, connection, settings, metrics, migration, stack } = inputs;
  const asked = { ...(metrics ? { metrics } : {}), ...(stack === undefined ? {} : { stack }) };
  const gate = { phase, ring, connection, settings, ...asked };
  return { ...gate, data: numbered(ringData(gate), epoch), epoch, migration };
}
