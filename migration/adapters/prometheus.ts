import axios, { type AxiosInstance } from "axios";
import { Agent } from "node:https";
import { rootCertificates } from "node:tls";
import { z } from "zod";
import type { MetricsSource, Reading } from "../engines/service-metrics";
import { httpCause } from "./http-cause";

/** Where Prometheus is, and how it lets us in. */
export interface PrometheusOptions {
  /** Of the server, without `/api/v1` and without credentials. */
  readonly url: string;
  readonly credentials?: Credentials;
  /** PEM of further certificate authorities, beside those that Node.js knows. */
  readonly caCertificate?: string;
  /** @default DEFAULT_TIMEOUT_MS */
  readonly timeoutMs?: number;
}

export type Credentials = { readonly token: string } | { readonly username: string; readonly password: string };

/** An instant query takes milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;

const MAX_BYTES = 1024 * 1024;
/** Of what came back, in a message. */
const QUOTED_CHARACTERS = 160;
const REFUSED = [401, 403];

/** What Prometheus answers: https://prometheus.io/docs/prometheus/latest/querying/api/ */
const SAMPLE = z.tuple([z.number(), z.string()]);
const ANSWER = z.object({
  status: z.string(),
  error: z.string().optional(),
  warnings: z.array(z.string()).default([]),
  data: z.object({ resultType: z.string(), result: z.unknown() }).optional(),
});
const SERIES = z.array(z.object({ metric: z.record(z.string(), z.string()), value: SAMPLE }));

/** Asks Prometheus, or whoever speaks its HTTP API, for single numbers. Credentials never get into what it says. */
export class Prometheus implements MetricsSource {
  private readonly client: AxiosInstance;
  private readonly endpoint: string;

  constructor(private readonly options: PrometheusOptions) {
    const { url, credentials, caCertificate } = options;
    this.endpoint = `${url.replace(/\/+$/, "")}/api/v1/query`;
    this.client = axios.create({
      headers: { accept: "application/json", ...authorization(credentials) },
      maxContentLength: MAX_BYTES,
      // A redirect leads to a login page, and the credentials are for nobody else.
      maxRedirects: 0,
      responseType: "text",
      transformResponse: (text: unknown) => text,
      validateStatus: () => true,
      ...(caCertificate === undefined ? {} : { httpsAgent: new Agent({ ca: [...rootCertificates, caCertificate] }) }),
    });
  }

  async ask(query: string, atMs?: number): Promise<Reading> {
    const reading = await this.read(query, atMs);
    if ("value" in reading) return reading;
    return { inconclusive: this.redact(`asked ${this.endpoint} for ${query} and got ${reading.inconclusive}`) };
  }

  private async read(query: string, atMs: number | undefined): Promise<Reading> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.options;
    const params = { query, ...(atMs === undefined ? {} : { time: atMs / 1_000 }) };
    // Axios' own timeout begins anew with every byte.
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const { status, data } = await this.client.get<unknown>(this.endpoint, { params, signal });
      return readAnswer(status, typeof data === "string" ? data : "");
    } catch (error) {
      return {
        inconclusive: signal.aborted ? `no answer within ${timeoutMs / 1_000}s` : `no answer: ${httpCause(error)}`,
      };
    }
  }

  private redact(text: string): string {
    const { credentials } = this.options;
    if (credentials === undefined) return text;
    const sent = Object.values(authorization(credentials)).map((header) => header.replace(/^\w+ /, ""));
    const secrets = "token" in credentials ? [credentials.token] : [credentials.password, ...sent];
    return secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
  }
}

function authorization(credentials: Credentials | undefined): Record<string, string> {
  if (credentials === undefined) return {};
  if ("token" in credentials) return { authorization: `Bearer ${credentials.token}` };
  const { username, password } = credentials;
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

function readAnswer(status: number, text: string): Reading {
  const answer = ANSWER.safeParse(parse(text)).data;
  const said = answer?.error ?? quote(text);
  if (REFUSED.includes(status)) {
    return { inconclusive: `HTTP ${status}, ${said}: check metricsToken, or metrics.username and metricsPassword` };
  }
  if (status !== 200) return { inconclusive: `HTTP ${status}, ${said}` };
  if (answer?.data === undefined) return { inconclusive: `${said}, which is no answer of Prometheus' HTTP API` };
  const incomplete = answer.warnings.find((warning) => !isAnnotation(warning));
  if (incomplete !== undefined) return { inconclusive: `an answer that may not be complete: ${incomplete}` };
  return readData(answer.data);
}

/** Remarks on the query, which Prometheus before 3.0 puts among the warnings; others say that data is missing. */
const isAnnotation = (warning: string): boolean => warning.startsWith("PromQL ");

function readData({ resultType, result }: { readonly resultType: string; readonly result?: unknown }): Reading {
  if (resultType === "scalar") {
    const scalar = SAMPLE.safeParse(result).data;
    return scalar ? readNumber(scalar[1]) : { inconclusive: "a scalar without a number" };
  }
  const series = resultType === "vector" ? SERIES.safeParse(result).data : undefined;
  if (series === undefined) return { inconclusive: `a ${resultType} instead of one number` };
  const [first, second] = series;
  if (first === undefined) return { inconclusive: "no series: is the service scraped, and has it been called?" };
  if (second === undefined) return readNumber(first.value[1]);
  const [one, another] = [first, second].map(({ metric }) => JSON.stringify(metric));
  return { inconclusive: `${series.length} series instead of one, ${one} and ${another} among them: sum over them` };
}

function readNumber(text: string): Reading {
  const value = /^[-+.\d]/.test(text) ? Number(text) : NaN;
  return Number.isFinite(value) ? { value } : { inconclusive: `${text || "nothing"} instead of a number` };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function quote(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line === "") return "an empty body";
  return `"${line.slice(0, QUOTED_CHARACTERS)}${line.length > QUOTED_CHARACTERS ? "…" : ""}"`;
}
