import { request, type IncomingMessage } from "node:http";
import type { PodAnswer } from "../engines/barrier";
import { ringReportIn } from "./epoch-metric";

/** Where a page of metrics is. */
export interface MetricsPage {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly withinMs: number;
}

const MAX_BYTES = 16 * 1024 * 1024;
const OK = 200;
const NOT_FOUND = 404;

/**
 * Asks a pod for the ring epoch that it runs. Never throws: what goes wrong is the answer.
 *
 * A page without the metric, or none at that path, reports no epoch; any other status is no answer: who is not let in does
 * not know what the page says.
 */
export async function askPod({ withinMs, ...page }: MetricsPage): Promise<PodAnswer> {
  const signal = AbortSignal.timeout(withinMs);
  try {
    const { status, text } = await fetchText(page, signal);
    if (status !== OK && status !== NOT_FOUND) return { silence: `HTTP status ${status}`, idle: false };
    return status === OK ? ringReportIn(text) : { epochs: [] };
  } catch (error) {
    const late = signal.aborted ? `nothing within ${withinMs / 1_000}s` : undefined;
    return { silence: late ?? (error instanceof Error ? error.message : String(error)), idle: false };
  }
}

async function fetchText(
  page: Omit<MetricsPage, "withinMs">,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    // A connection of its own, so that nothing keeps the way to the pod open.
    const asked = request({ ...page, agent: false, signal, headers: { accept: "text/plain" } }, resolve);
    asked.on("error", reject).end();
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes of metrics`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
}
