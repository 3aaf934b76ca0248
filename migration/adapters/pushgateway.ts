import { setTimeout as sleep } from "node:timers/promises";
import axios from "axios";
import { Gauge, Pushgateway as Client, Registry } from "prom-client";
import type { GaugeValue } from "../engines/progress-gauges";
import { MIGRATION_METRICS } from "../metrics";

const JOB = "dedup-shards";
const TIMEOUT_MS = 5_000;

/** A Pushgateway did not take what it was sent, or did not answer. */
export class PushgatewayError extends Error {
  override readonly name = "PushgatewayError";
}

/** Labels that a group of pushed metrics has. */
interface Group {
  readonly job?: string;
  readonly namespace?: string;
  readonly step?: string;
}

/**
 * A Prometheus Pushgateway (https://github.com/prometheus/pushgateway): it keeps what short runs push, for as long as
 * nobody takes it away, and shows it to Prometheus. Each job of a migration is a group there, and so is what has none.
 */
export class Pushgateway {
  /** @param url - without credentials. @param namespace - of the shards and the backend: a label of everything. */
  constructor(
    private readonly url: string,
    private readonly namespace: string,
  ) {}

  /**
   * Shows values in the place of those that were pushed under the same names.
   *
   * @param step - the job that they are of, if they are of one.
   * @throws PushgatewayError
   */
  async push(values: readonly LabelledValue[], step?: string): Promise<void> {
    const registry = new Registry();
    const gauges = new Map<string, Gauge>();
    for (const { metric, value, ...labels } of values) {
      const { name, help } = MIGRATION_METRICS[metric];
      const labelNames = Object.keys(labels);
      const gauge = gauges.get(name) ?? new Gauge({ name, help, labelNames, registers: [registry] });
      gauges.set(name, gauge);
      gauge.set(labels, value);
    }
    await this.asked(() => this.client(registry).pushAdd(this.group(step)));
  }

  /** Takes away what jobs have pushed, and keeps what is of none. @throws PushgatewayError */
  async forgetSteps(): Promise<void> {
    for (const { job, namespace, step } of await this.asked(() => this.groups())) {
      if (job === JOB && namespace === this.namespace && step !== undefined) await this.forget(step);
    }
  }

  /** Takes away a group: that of a job, or that of none. @throws PushgatewayError */
  async forget(step?: string): Promise<void> {
    await this.asked(() => this.client(new Registry()).delete(this.group(step)));
  }

  private async groups(): Promise<readonly Group[]> {
    const url = `${this.url.replace(/\/$/, "")}/api/v1/metrics`;
    const { data: answer } = await axios.get<{ data?: readonly { labels: Group }[] }>(url, { timeout: TIMEOUT_MS });
    if (typeof answer.data?.map !== "function") throw new Error("what answers is no Pushgateway");
    return answer.data.map(({ labels }) => labels);
  }

  private client(registry: Registry): Client<Registry["contentType"]> {
    return new Client(this.url, { timeout: TIMEOUT_MS }, registry);
  }

  private group(step: string | undefined) {
    return { jobName: JOB, groupings: { namespace: this.namespace, ...(step === undefined ? {} : { step }) } };
  }

  /** The clients' own timeouts begin anew with every byte, and one of them does not see an answer that is cut off. */
  private async asked<T>(request: () => Promise<T>): Promise<T> {
    const answered = new AbortController();
    const late = sleep(TIMEOUT_MS, undefined, { signal: answered.signal }).then(() => {
      throw new Error(`no answer within ${TIMEOUT_MS / 1_000}s`);
    });
    late.catch(() => undefined); // it is aborted
    try {
      return await Promise.race([request(), late]);
    } catch (error) {
      throw new PushgatewayError(`${this.url}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      answered.abort();
    }
  }
}

/** A value, with what labels it has besides those of its group. */
export type LabelledValue = Pick<GaugeValue, "metric" | "value" | "source"> & { readonly phase?: string };
