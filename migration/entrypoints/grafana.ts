import { Grafana, GrafanaError } from "../adapters/grafana";
import type { Phase } from "../phases";
import { log, STATE_VERSION, type Secrets } from "./inputs";
import { watchEngine } from "./watch-engine";

/** Inputs of the dashboards that are pushed. */
export interface GrafanaInputs {
  readonly url: string;
  /** The title of their folder. */
  readonly folder: string;
  /** Their models, as JSON. */
  readonly dashboards: readonly string[];
  readonly namespace: string;
  /** A change of it is marked on the graphs, by this tag and the namespace. */
  readonly phase: Phase;
  readonly tag: string;
}

interface Outputs extends GrafanaInputs {
  /** Whether Grafana has it all. */
  readonly pushed: boolean;
}

/** What Grafana did not take is pushed again. */
export const diff = (olds: Outputs, news: GrafanaInputs) => ({
  changes: !olds.pushed || KEYS.some((key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key])),
});

const KEYS = ["url", "folder", "dashboards", "namespace", "phase", "tag"] as const;

/** A migration does not wait for Grafana: where it does not answer that is said, and done by the next `up`. */
export async function update(
  { phase: before }: Partial<Outputs>,
  inputs: GrafanaInputs,
  { grafanaToken }: Secrets,
): Promise<Outputs> {
  watchEngine();
  const { url, folder, dashboards, namespace, phase, tag } = inputs;
  const kept = { ...inputs, stateVersion: STATE_VERSION };
  const grafana = new Grafana({ url, token: grafanaToken });
  try {
    const folderUid = await grafana.folder(folder);
    for (const model of dashboards) await grafana.putDashboard(JSON.parse(model) as object, folderUid);
    if (before !== undefined && before !== phase) {
      const text = `${namespace}: ${before} → ${phase}`;
      await grafana.annotate({ timeMs: Date.now(), text, tags: [tag, namespace, phase] });
    }
    return { ...kept, pushed: true };
  } catch (error) {
    if (!(error instanceof GrafanaError)) throw error;
    log(
      `warning: Grafana has not got the dashboards of this run, the next \`pulumi up\` tries again: ${error.message}`,
    );
    // The change of the phase is marked by the run that gets through.
    return { ...kept, phase: before ?? phase, pushed: false };
  }
}
