/** The config section `networkPolicy`: who may reach the shards that this program runs. */
import { z } from "zod";
import { dnsLabel, labels, section } from "./values";

export const networkPolicy = section({
  enabled: z.boolean("true or false").default(false),
  backend: labels.default({}),
  scrapedFrom: dnsLabel.default("monitoring"),
});

/** The section as the program uses it. */
export interface NetworkPolicyConfig {
  readonly enabled: boolean;
  /** Labels of the backend's pods. */
  readonly backend: Readonly<Record<string, string>>;
  /** The namespace of the Prometheus that scrapes the exporters. */
  readonly scrapedFrom: string;
}
