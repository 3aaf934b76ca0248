import type { PrometheusOptions } from "../adapters/prometheus";
import { systemClock } from "../adapters/session";
import type { ServiceMetrics } from "../engines/metric-gate";
import type { Run } from "../engines/runtime";
import { ServiceBrake } from "../engines/service-brake";
import { log, type Secrets, type ServiceInputs, type SettingsInputs } from "./inputs";

/** The service's metrics; undefined where the gates on them are off. */
export async function openService(
  { service }: Pick<SettingsInputs, "service">,
  secrets: Secrets,
): Promise<ServiceMetrics | undefined> {
  if (service === undefined) return undefined;
  // Loaded only where it is needed: the client is slow to start.
  const { Prometheus } = await import("../adapters/prometheus");
  const source = new Prometheus(prometheusOptions(service, secrets));
  return { source, settings: service, clock: systemClock, log };
}

/** A run whose work is held back while the service is over its limits; the run as it is where nobody is asked. */
export async function braked(run: Run, settings: Pick<SettingsInputs, "service">, secrets: Secrets): Promise<Run> {
  const service = await openService(settings, secrets);
  return service ? { ...run, brake: new ServiceBrake(service) } : run;
}

/** Exported for tests. */
export function prometheusOptions(
  service: ServiceInputs,
  { metricsToken, metricsPassword }: Secrets,
): PrometheusOptions {
  const { url, username, caCertificate } = service;
  return {
    url,
    ...(caCertificate === undefined ? {} : { caCertificate }),
    ...(metricsToken ? { credentials: { token: metricsToken } } : {}),
    ...(username && metricsPassword ? { credentials: { username, password: metricsPassword } } : {}),
  };
}
