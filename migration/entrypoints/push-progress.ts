import { systemClock } from "../adapters/session";
import { ProgressGauges, type GaugeValue } from "../engines/progress-gauges";
import type { Run } from "../engines/runtime";
import { log, type StepInputs } from "./inputs";

const EVERY_MS = 5_000;

/** Whose progress is shown, and where. */
export type ShownInputs = Pick<StepInputs, "connection"> & Partial<Pick<StepInputs, "settings">>;

/**
 * Does work, and shows meanwhile and at its end how far it is: on the Pushgateway, where there is one. No work fails for
 * that, and its end waits for some seconds at most; what could not be shown is said once.
 */
export async function pushingProgress<T>(
  { connection, settings }: ShownInputs,
  run: Run,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const url = settings?.pushgatewayUrl;
  if (url === undefined) return work(run);
  // Loaded only where it is needed: the client is slow to start.
  const { Pushgateway } = await import("../adapters/pushgateway");
  const gateway = new Pushgateway(url, connection.namespace);
  const gauges = new ProgressGauges(systemClock);
  let said = false;
  const pushStep = (values: readonly GaugeValue[], step: string) =>
    gateway.push(values, step).catch((error: Error) => {
      if (!said) log(`warning: progress is not on the dashboards: ${error.message}`);
      said = true;
    });
  const push = () => Promise.all([...gauges.changed()].map(([step, values]) => pushStep(values, step)));
  let pushing: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    pushing ??= push().finally(() => (pushing = undefined));
  }, EVERY_MS);
  try {
    return await work({ ...run, onProgress: (event) => gauges.note(event) });
  } finally {
    clearInterval(timer);
    await pushing;
    await push();
  }
}
