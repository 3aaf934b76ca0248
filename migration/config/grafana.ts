/** The config section `grafana`: where the dashboards are pushed to. */
import { z } from "zod";
import { section } from "./values";

export const grafana = section({ url: z.exactOptional(z.string("a URL")) });

/** The section as the program uses it. */
export interface GrafanaConfig {
  /** Absent: dashboards are not pushed. The secret `grafanaToken` goes with it. */
  readonly url?: string;
}
