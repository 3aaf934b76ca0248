import axios, { type AxiosInstance } from "axios";
import { z } from "zod";
import { httpCause } from "./http-cause";

/** Where Grafana is, and how it lets us in. */
export interface GrafanaOptions {
  /** Of the server, without `/api`. */
  readonly url: string;
  /** Of a service account that may write folders, dashboards and annotations. */
  readonly token?: string | undefined;
  /** @default 10 s */
  readonly timeoutMs?: number;
}

/** A mark on every graph at a point in time. */
export interface Annotation {
  readonly timeMs: number;
  readonly text: string;
  readonly tags: readonly string[];
}

/** Grafana did not take what it was given. The message never has the token. */
export class GrafanaError extends Error {
  override readonly name = "GrafanaError";
}

const FOLDERS = z.array(z.object({ uid: z.string(), title: z.string() }));
const FOLDER = z.object({ uid: z.string() });
const REASON = z.object({ message: z.string() });
/** The most that Grafana lists on one page. */
const PAGE = 1_000;

/** What is asked of Grafana's HTTP API: https://grafana.com/docs/grafana/latest/developers/http_api/ */
export class Grafana {
  private readonly client: AxiosInstance;

  constructor(private readonly options: GrafanaOptions) {
    const { url, token } = options;
    this.client = axios.create({
      baseURL: url.replace(/\/+$/, ""),
      headers: { accept: "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) },
      // A redirect leads to a login page, and the token is for nobody else.
      maxRedirects: 0,
      validateStatus: () => true,
    });
  }

  /** @returns the uid of the folder with this title, which is made if there is none. @throws GrafanaError */
  async folder(title: string): Promise<string> {
    const known = FOLDERS.safeParse(await this.ask("get", `/api/folders?limit=${PAGE}`)).data;
    if (known === undefined) throw new GrafanaError(`${this.options.url} does not list folders as Grafana does`);
    const found = known.find((folder) => folder.title === title);
    if (found) return found.uid;
    const made = FOLDER.safeParse(await this.ask("post", "/api/folders", { title })).data;
    if (made === undefined) throw new GrafanaError(`${this.options.url} does not make folders as Grafana does`);
    return made.uid;
  }

  /** Puts a dashboard into a folder, in the place of the one with the same uid. @throws GrafanaError */
  async putDashboard(model: object, folderUid: string): Promise<void> {
    // The number is Grafana's own; the uid tells which dashboard it is.
    await this.ask("post", "/api/dashboards/db", { dashboard: { ...model, id: null }, folderUid, overwrite: true });
  }

  /** @throws GrafanaError */
  async annotate({ timeMs: time, text, tags }: Annotation): Promise<void> {
    await this.ask("post", "/api/annotations", { time, text, tags });
  }

  private async ask(method: "get" | "post", path: string, data?: object): Promise<unknown> {
    const where = `${method.toUpperCase()} ${this.options.url.replace(/\/+$/, "")}${path}`;
    const { timeoutMs = 10_000 } = this.options;
    // Axios' own timeout begins anew with every byte.
    const signal = AbortSignal.timeout(timeoutMs);
    const answer = await this.client.request<unknown>({ method, url: path, data, signal }).catch((error: unknown) => {
      const cause = signal.aborted ? `none within ${timeoutMs / 1_000}s` : httpCause(error);
      throw new GrafanaError(`${where}: no answer: ${cause}`);
    });
    const { status } = answer;
    if (status >= 200 && status < 300) return answer.data;
    const reason = REASON.safeParse(answer.data).data?.message;
    const advice = status === 401 || status === 403 ? "; check grafanaToken and what its account may do" : "";
    throw new GrafanaError(`${where}: HTTP ${status}${reason ? `, ${reason}` : ""}${advice}`);
  }
}
